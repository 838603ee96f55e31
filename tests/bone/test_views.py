"""Every rule that names a view, what happens when rules disagree, and when a person is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.bone.views import UndecidedViews, ViewParameters, name_views
from napari_tbcad.content import content_key
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scans import find_scans, read_study

ONE, TWO = np.random.default_rng(1).poisson(4, (2, 96, 32))


def named(path: Path, *frames: np.ndarray, parameters: ViewParameters = ViewParameters(), **options: object):
    written = write_nuclear(path / "scan.dcm", frames or (ONE, TWO), **options)
    return name_views(read_study(written), parameters)


def rules(scan) -> dict[str, str]:
    return {name: view.rule for name, view in scan}


@pytest.mark.parametrize("codes", ["snomed", "srt", "private"])
def test_view_codes(tmp_path, codes):
    scan = named(tmp_path, views=["posterior", "anterior"], codes=codes)
    assert rules(scan) == {"anterior": "view_code", "posterior": "view_code"}
    assert np.array_equal(scan.posterior.counts, ONE)
    assert np.array_equal(scan.anterior.counts, TWO)
    assert (scan.posterior.frame, scan.anterior.frame) == (0, 1)


@pytest.mark.parametrize(
    ("rule", "attributes"),
    [
        ("view_position", {"ViewPosition": ["Posterior", "Anterior"]}),
        ("image_id", {"ImageID": ["WB POST", "WB ANT"]}),
        ("image_id", {"ImageID": ["WHOLE BODY_F", "WHOLE BODY_E"]}),
        ("series_description", {"SeriesDescription": ["POST", "ANT"]}),
    ],
)
def test_texts_of_the_header_frame_by_frame(tmp_path, rule, attributes):
    scan = named(tmp_path, views=None, attributes=attributes)
    assert rules(scan) == {"anterior": rule, "posterior": rule}
    assert np.array_equal(scan.posterior.counts, ONE)


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("view_position", {"attributes": {"ViewPosition": "POSTERIOR"}}),
        ("image_id", {"attributes": {"ImageID": "WHOLE BODY_F"}}),
        ("series_description", {"attributes": {"SeriesDescription": "Whole body posterior"}}),
        ("private_name", {"private_names": ["WHOLE BODY_F"]}),
        ("start_angle", {"start_angles": [0]}),
    ],
)
def test_a_single_view_by_each_rule(tmp_path, rule, options):
    scan = named(tmp_path, ONE, views=None, **options)
    assert rules(scan) == {"posterior": rule}
    assert 0.8 <= scan.posterior.confidence < 1


def test_the_detector_of_ge_names_the_view_by_its_angle(tmp_path):
    scan = named(tmp_path, views=None, start_angles=[0, 180])
    assert rules(scan) == {"anterior": "start_angle", "posterior": "start_angle"}
    assert np.array_equal(scan.posterior.counts, ONE)


def test_an_angle_of_another_maker_needs_both_detectors(tmp_path):
    with pytest.raises(UndecidedViews):
        named(tmp_path, ONE, views=None, start_angles=[0], attributes={"Manufacturer": "Other"})
    scan = named(tmp_path, views=None, start_angles=[180, 0], attributes={"Manufacturer": "Other"})
    assert np.array_equal(scan.anterior.counts, ONE)
    with pytest.raises(UndecidedViews):
        named(tmp_path, views=None, start_angles=[0, 0])


def test_private_names_of_both_frames(tmp_path):
    scan = named(tmp_path, views=None, private_names=["BONE_F", "BONE_E"])
    assert rules(scan) == {"anterior": "private_name", "posterior": "private_name"}
    assert np.array_equal(scan.posterior.counts, ONE)


@pytest.mark.parametrize("names", [("1_ant", "1_post"), ("1_post", "1_ant"), ("w_E", "w_F"), ("w_F", "w_E")])
def test_file_names(tmp_path, names):
    for name, pixels in zip(names, (ONE, TWO), strict=True):
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{name}.png")
    (files,) = find_scans(tmp_path)
    scan = name_views(read_study(files))
    assert rules(scan) == {"anterior": "file_name", "posterior": "file_name"}
    first_is_anterior = names[0].endswith(("ant", "E"))
    assert np.array_equal(scan.anterior.counts, ONE if first_is_anterior else TWO)


def test_a_lone_f_at_the_end_of_a_name_may_be_a_woman(tmp_path):
    Image.fromarray(ONE.astype(np.uint8)).save(tmp_path / "patient_F.png")
    with pytest.raises(UndecidedViews):
        name_views(read_study(tmp_path / "patient_F.png"))


def test_the_partner_of_a_known_view(tmp_path):
    a = write_nuclear(tmp_path / "1.dcm", [ONE], views=["posterior"])
    b = write_nuclear(tmp_path / "2.dcm", [TWO], views=None)
    scan = name_views(read_study([a, b]))
    assert rules(scan) == {"anterior": "partner", "posterior": "view_code"}
    assert scan.anterior.confidence < scan.posterior.confidence


def test_nothing_to_go_by_asks_and_a_person_answers(tmp_path):
    with pytest.raises(UndecidedViews, match="which view is which"):
        named(tmp_path, views=None)
    scan = named(tmp_path, views=None, parameters=ViewParameters(first_view="posterior"))
    assert rules(scan) == {"anterior": "person", "posterior": "person"}
    assert np.array_equal(scan.posterior.counts, ONE)
    one = named(tmp_path, ONE, views=None, parameters=ViewParameters(first_view="anterior"))
    assert rules(one) == {"anterior": "person"}


def test_the_question_names_the_image_it_is_about(tmp_path):
    for frames, words in (((ONE, TWO), "the first image is"), ((ONE,), "the image is")):
        with pytest.raises(UndecidedViews, match=rf"Say which view {words}$"):
            named(tmp_path, *frames, views=None)
    files = [write_nuclear(tmp_path / f"{n}.dcm", [one], views=None) for n, one in enumerate((ONE, TWO))]
    study = read_study(files)
    with pytest.raises(UndecidedViews, match=r"Say which view 0\.dcm is$"):
        name_views(study)
    halves = zip(study.frames, ("left", "right"), strict=True)
    halved = tuple(replace(frame, facts=replace(frame.facts, half=half)) for frame, half in halves)
    with pytest.raises(UndecidedViews, match=r"Say which view the left half is$"):
        name_views(replace(study, frames=halved))


def test_swapping_and_turning_back_are_recorded(tmp_path):
    scan = named(tmp_path, parameters=ViewParameters(swap=True, mirrored_posterior=True))
    assert rules(scan) == {"anterior": "person", "posterior": "person"}
    assert np.array_equal(scan.posterior.counts, ONE[:, ::-1])
    assert (scan.anterior.mirrored, scan.posterior.mirrored) == (False, True)
    step = list(scan.record)[-1]
    assert step.parameters["swap"]
    assert step.facts["posterior"]["mirrored"]


def test_a_stronger_rule_wins_over_a_weaker_one_with_a_warning(tmp_path):
    scan = named(tmp_path, ONE, views=["anterior"], attributes={"ViewPosition": "POSTERIOR"})
    assert rules(scan) == {"anterior": "view_code"}
    assert "view_code says anterior, view_position says posterior" in scan.warnings[0]


def test_two_frames_called_by_one_name_ask(tmp_path):
    with pytest.raises(UndecidedViews, match="Both images are called anterior"):
        named(tmp_path, views=["anterior", "anterior"])


def test_of_two_files_called_by_one_name_the_stronger_rule_wins(tmp_path):
    a = write_nuclear(tmp_path / "1.dcm", [ONE], views=None, attributes={"SeriesDescription": "ANT"})
    b = write_nuclear(tmp_path / "2.dcm", [TWO], views=["anterior"])
    scan = name_views(read_study([a, b]))
    assert np.array_equal(scan.anterior.counts, TWO)
    assert rules(scan) == {"anterior": "view_code", "posterior": "partner"}
    assert "Both images are called anterior" in scan.warnings[0]


@pytest.mark.parametrize("attributes", [{"ViewPosition": "LLAT LATERAL"}, {"ViewPosition": "RAO"}])
def test_other_views_are_refused(tmp_path, attributes):
    with pytest.raises(BadInput, match="other than anterior and posterior"):
        named(tmp_path, ONE, views=None, attributes=attributes)


def test_both_views_by_content(simulated_scan, tmp_path):
    counts = {name: view.counts for name, view in simulated_scan.scan}
    for order in (VIEWS, VIEWS[::-1]):
        scan = named(tmp_path, *(counts[name] for name in order), views=None, spacing_mm=None)
        assert rules(scan) == {"anterior": "content", "posterior": "content"}
        assert np.array_equal(scan.anterior.counts, counts["anterior"])
        assert 0.9 < scan.anterior.confidence < 1
        assert any("image alone told" in warning for warning in scan.warnings)


@pytest.mark.parametrize("view", VIEWS)
def test_one_view_by_content_is_right_or_asked(simulated_scan, clean_scan, tmp_path, view):
    for simulated in (simulated_scan, clean_scan):
        pixels = simulated.scan.view(view).counts
        try:
            assert rules(named(tmp_path, pixels, views=None)) == {view: "content"}
        except UndecidedViews:
            continue


@pytest.mark.parametrize("change", ["head off", "legs off", "upside down", "noise"])
def test_a_body_that_is_not_whole_is_not_named_by_content(clean_scan, tmp_path, change):
    pixels = clean_scan.scan.anterior.counts
    rows = len(pixels)
    changed = {
        "head off": pixels[rows // 10 :],
        "legs off": pixels[: 6 * rows // 10],
        "upside down": pixels[::-1],
        "noise": np.random.default_rng(0).poisson(3, pixels.shape),
    }[change]
    with pytest.raises(UndecidedViews):
        named(tmp_path, changed, views=None)


def test_content_against_the_header_warns_and_against_the_angle_asks(simulated_scan, tmp_path):
    counts = [view.counts for _, view in simulated_scan.scan]
    scan = named(tmp_path, *counts, views=["posterior", "anterior"])
    assert rules(scan) == {"anterior": "view_code", "posterior": "view_code"}
    assert any("the image looks" in warning for warning in scan.warnings)
    with pytest.raises(UndecidedViews, match="start_angle"):
        named(tmp_path, *counts, views=None, start_angles=[0, 180])
    for name, pixels in zip(("pre_ant.png", "pre_post.png"), counts[::-1], strict=True):
        Image.fromarray((3 * pixels).clip(0, 255).astype(np.uint8)).save(tmp_path / name)
    with pytest.raises(UndecidedViews, match="file_name says anterior, the image looks posterior"):
        name_views(read_study([tmp_path / "pre_ant.png", tmp_path / "pre_post.png"]))


def test_a_mirrored_export_is_told_and_turned_back(simulated_scan, tmp_path):
    anterior, posterior = (view.counts for _, view in simulated_scan.scan)
    assert not any("mirrored" in w for w in named(tmp_path, anterior, posterior).warnings)
    scan = named(tmp_path, anterior, posterior[:, ::-1])
    assert any("mirrored" in warning for warning in scan.warnings)
    right = named(tmp_path, anterior, posterior[:, ::-1], parameters=ViewParameters(mirrored_posterior=True))
    assert not any("mirrored" in warning for warning in right.warnings)
    assert np.array_equal(right.posterior.counts, posterior)


def test_views_that_do_not_belong_together_are_told(clean_scan, tmp_path):
    anterior, posterior = (view.counts for _, view in clean_scan.scan)
    rows = len(anterior)
    stretched = np.repeat(posterior[: rows // 2], 2, axis=0)
    assert any("same part" in w for w in named(tmp_path, anterior, stretched).warnings)
    with pytest.raises(BadInput, match="same image"):
        named(tmp_path, anterior, anterior)
    assert any("upside down" in w for w in named(tmp_path, anterior[::-1], posterior[::-1]).warnings)


@pytest.mark.parametrize("spacing", [(50.0, 50.0), (0.1, 0.1), (3.7, 60.0)])
def test_an_impossible_pixel_size_is_ignored(clean_scan, tmp_path, spacing):
    anterior, posterior = (view.counts for _, view in clean_scan.scan)
    scan = named(tmp_path, anterior, posterior, spacing_mm=spacing)
    assert scan.spacing_mm is None
    assert any("pixel size was ignored" in warning for warning in scan.warnings)
    true = named(tmp_path, anterior, posterior, spacing_mm=clean_scan.scan.spacing_mm)
    assert true.spacing_mm == pytest.approx(clean_scan.scan.spacing_mm, rel=1e-4)


def test_a_study_has_a_content_key(tmp_path):
    study = read_study(write_nuclear(tmp_path / "a.dcm", [ONE, TWO]))
    assert content_key(study) == content_key(replace(study, warnings=("other",)))
    assert content_key(study) != content_key(replace(study, frames=study.frames[::-1]))


@pytest.mark.realdata
def test_every_real_dicom_file_is_named_rightly(shared_data):
    for files in find_scans(shared_data / "bone" / "pairs" / "dicom"):
        scan = name_views(read_study(files))
        assert rules(scan) == {"anterior": "view_code", "posterior": "view_code"}
        for name, word in (("anterior", "ant"), ("posterior", "post")):
            exported = Image.open(shared_data / "bone" / "pairs" / "png" / f"{files.name}_{word}.png")
            assert np.array_equal(scan.view(name).counts, np.asarray(exported.convert("L")))
        assert scan.spacing_mm is None
        assert "pixel size was ignored" in " ".join(scan.warnings)


@pytest.mark.realdata
def test_the_real_single_view_is_named_and_its_counts_are_those_stated(shared_data):
    for files in find_scans(shared_data / "bone" / "nm1"):
        study = read_study(files)
        scan = name_views(study)
        assert rules(scan) == {"anterior": "image_id"}
        assert scan.spacing_mm == (2.26, 2.26)
        stated, total = study.frames[0].facts.counts_accumulated, scan.anterior.total
        if files.name.startswith("NM1"):
            assert total == stated
        else:
            assert total == pytest.approx(stated, rel=0.06)
            assert "with loss" in " ".join(scan.warnings)


@pytest.mark.realdata
def test_real_views_by_content_alone_are_right_or_asked(shared_data):
    answered = 0  # benchmarks/bone_views.py takes all of them
    scans = find_scans([shared_data / "bone" / "pairs" / "png", shared_data / "bone" / "original_jpeg"])
    for files in scans[::6]:
        study = read_study(files)
        nameless = [replace(f, facts=replace(f.facts, source="", file_name="")) for f in study.frames]
        for frames, first in (
            (nameless, "anterior"),
            (nameless[::-1], "posterior"),
            (nameless[:1], "anterior"),
        ):
            try:
                scan = name_views(replace(study, frames=tuple(frames)))
            except UndecidedViews:
                continue
            answered += 1
            assert np.array_equal(scan.view(first).counts, frames[0].pixels), files.name
    assert answered > 2 * len(scans[::6])


@pytest.mark.realdata
def test_twelve_bit_jpeg_is_decoded_quietly(shared_data, capfd):
    read_study(shared_data / "bone" / "nm1" / "JPGExtended.dcm")
    assert capfd.readouterr().err == ""

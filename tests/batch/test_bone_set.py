"""Folders in the layout of BS-80K become sets to learn from; what does not fit is told, the rest goes on."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.batch import bone_set_labels
from napari_tbcad.batch.bone_set import BoneSet, import_bs80k
from napari_tbcad.batch.bone_set_journal import Journal
from napari_tbcad.batch.bone_set_labels import BoneSetParameters, LabelItem, LabelJob, label_key
from napari_tbcad.batch.bone_set_patients import patients_of
from napari_tbcad.bone.box import box_hotspot
from napari_tbcad.bone.skeleton import RegionParameters
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.io.bs80k import find_bs80k, is_bs80k
from napari_tbcad.networks.config import DataSource
from napari_tbcad.networks.samples import load_samples
from napari_tbcad.schemes import BONE_SCHEMES, IGNORE, NETWORK_SCHEMES

SHAPE = (512, 128)
HOT = ("Abnormal", 150, 55, 170, 75)
BENIGN = ("Normal", 350, 60, 362, 72)
QUICK = BoneSetParameters(bone="counts", folds=2)


def made(folder: Path, out: Path, **options) -> BoneSet:
    return import_bs80k(folder, out, parameters=options.pop("parameters", QUICK), **options)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path, bs80k_made, monkeypatch):
    """Patient 1 is clean, 2 has a lesion, 6 a benign hotspot; both views each, half as large as usual."""
    monkeypatch.setattr(bone_set_labels, "SHAPE", SHAPE)
    set_ = bs80k_made(tmp_path / "bs80k", SHAPE)
    for view in ("anterior", "posterior"):
        set_.image(1, view, None, 0)
        set_.image(2, view, [HOT, BENIGN], 1)
        set_.image(6, view, [BENIGN], 0)
    return set_


def test_images_stay_where_they_are_and_get_label_images(folder, tmp_path):
    one = made(folder.folder, tmp_path / "set")
    rows = table(tmp_path / "set" / "samples.csv")
    assert [(r["patient"], r["view"], r["image_label"], r["n_abnormal"], r["n_normal"]) for r in rows] == [
        (patient, view, *facts)
        for patient, facts in (("1", "000"), ("2", "111"), ("6", "001"))
        for view in ("anterior", "posterior")
    ]
    assert rows[0]["image"] == "../bs80k/wholeBodyANT/1.jpg"
    assert "2 of them without a box" in one.lines()[0]
    assert not list((tmp_path / "set").rglob("*.jpg"))
    source = DataSource(folder=tmp_path / "set", images=".", table="samples.csv")
    pixels, labels = load_samples(source, BONE_SCHEMES["4"])[1].read()
    hot = box_hotspot(pixels, HOT[1:])
    assert np.array_equal(labels == 2, hot), "the data set's own recipe"
    assert labels[356, 66] == 3
    assert labels[250, 64] == 1
    assert labels[0, 0] == 0
    clean = load_samples(source, BONE_SCHEMES["4"])[0].read()[1]
    assert set(np.unique(clean)) == {0, 1}, "a clean scan is there, so that false alarms count"
    assert json.loads((tmp_path / "set" / "set.json").read_text(encoding="utf-8"))["what"] == "hotspots"


def test_what_does_not_fit_is_told_by_file_and_the_rest_goes_on(folder, tmp_path):
    folder.image(3, "anterior", None, 1)  # abnormal, but where?
    folder.image(4, "anterior", [HOT], 0)
    folder.image(5, "anterior", [BENIGN], 1)
    folder.image(7, "anterior")
    folder.image(8, "anterior", [HOT])
    folder.image(10, "anterior", [HOT], 1).write_bytes(b"\xff\xd8\xff no image")
    folder.image(11, "anterior", [("Normal", 90, 20, 110, 40)], 0, pixels=folder.pixels(1, "a", [])[::2, ::2])
    outside = folder.image(12, "anterior", [HOT], 1)
    xml = outside.parent / "ant" / "12.xml"
    xml.write_text(xml.read_text(encoding="utf-8").replace(">75<", ">20<"), encoding="utf-8")
    folder.image(13, "anterior", [("Other", *HOT[1:])], 0)
    flat = folder.pixels(14, "anterior", [])
    flat[150:170, 55:75] = 255
    folder.image(14, "anterior", [("Normal", 154, 59, 166, 71)], 0, pixels=flat)
    lying = folder.image(15, "anterior", None, 0)
    iio.imwrite(lying, 255 - iio.imread(lying))
    folder.image(16, "anterior", [HOT], 1)
    (lying.parent / "ant" / "16.xml").write_bytes(b"<annotation")
    (lying.parent / "ant" / "77.xml").write_bytes(b"<annotation/>")
    with (folder.folder / "wholeBodyANT.txt").open("a", encoding="utf-8") as file:
        file.write("99.jpg 1\n")
    one = made(folder.folder, tmp_path / "set")
    assert {row["patient"] for row in one.rows} == {"1", "2", "6", "8", "11", "14"}
    told = table(tmp_path / "set" / "problems.csv")
    kinds = {(row["kind"], row["used"]): [] for row in told}
    for row in told:
        kinds[row["kind"], row["used"]].append(Path(row["file"]).name)
    assert kinds.pop(("no partner", "yes")) == [f"{n}.jpg" for n in (3, 4, 5, 7, 8, *range(10, 17))]
    assert kinds == {
        ("abnormal without boxes", "no"): ["3.jpg"],
        ("label against boxes", "no"): ["4.jpg", "5.jpg"],
        ("no label", "no"): ["7.jpg"],
        ("no label", "yes"): ["8.jpg"],
        ("unreadable", "no"): ["10.jpg", "12.jpg", "13.jpg", "15.jpg", "16.jpg"],
        ("other size", "yes"): ["11.jpg"],
        ("box without contrast", "yes"): ["14.jpg"],
        ("boxes without image", "no"): ["77.xml"],
        ("label without image", "no"): ["anterior 99"],
    }
    assert "left out: 1 × abnormal without boxes" in one.lines()
    saturated = iio.imread(tmp_path / "set" / "labels" / "14_anterior.png")
    assert (saturated[154:166, 59:71] == IGNORE).all(), "something is there, but not which pixels"
    believed = made(
        folder.folder, tmp_path / "other", parameters=QUICK.model_copy(update={"contradicting": "boxes"})
    )
    assert {"4", "5"} < {row["patient"] for row in believed.rows}


def test_a_broken_text_of_labels_is_no_text_of_labels(folder, tmp_path):
    with (folder.folder / "wholeBodyPOST.txt").open("a", encoding="utf-8") as file:
        file.write("2.jpg maybe\n")
    one = made(folder.folder, tmp_path / "set")
    assert Counter(row["view"] for row in one.rows) == {"anterior": 3, "posterior": 2}
    assert any("line 4 is not a file name and a label" in problem.message for problem in one.problems)


def test_the_two_numbers_of_a_patient_are_one_patient(folder, tmp_path):
    for number in (828, 2244, 570, 312, 831, 3216, 832, 3245):
        folder.image(number, "anterior", [BENIGN], 0)
    shutil.copy(folder.folder / "wholeBodyANT" / "6.jpg", folder.folder / "wholeBodyANT" / "900.jpg")
    shutil.copy(folder.folder / "wholeBodyANT" / "ant" / "6.xml", folder.folder / "wholeBodyANT/ant/900.xml")
    one = made(folder.folder, tmp_path / "set")
    assert Counter(row["patient"] for row in one.rows) == {
        **dict.fromkeys(("1", "2", "312", "828", "831", "832"), 2),
        "6": 3,
    }
    assert all(len({r["fold"] for r in one.rows if r["patient"] == p}) == 1 for p in ("1", "6", "828"))
    assert {row["fold"] for row in one.rows} == {0, 1}
    assert [p.file for p in one.problems if p.kind == "same file"] == ["wholeBodyANT/900.jpg"]


def test_done_again_only_what_changed_is_made(folder, tmp_path):
    out = tmp_path / "set"
    made(folder.folder, out)
    times = {path.name: path.stat().st_mtime_ns for path in (out / "labels").iterdir()}
    before = (out / "samples.csv").read_bytes()
    said: list[str] = []
    made(folder.folder, out, progress=lambda share, what: said.append(what))
    assert said == ["6 images are there already"]
    assert before == (out / "samples.csv").read_bytes()
    folder.image(2, "anterior", [BENIGN])  # the label still says abnormal: left out now
    (out / "labels" / "1_posterior.png").unlink()
    said.clear()
    made(folder.folder, out, progress=lambda share, what: said.append(what))
    assert said[1:] == ["wholeBodyPOST/1.jpg", "wholeBodyANT/2.jpg"]
    after = {path.name: path.stat().st_mtime_ns for path in (out / "labels").iterdir()}
    assert sorted(after) == sorted(set(times) - {"2_anterior.png"})
    assert all(after[name] == times[name] for name in set(after) - {"1_posterior.png"})


def test_stopped_and_gone_on_with(folder, tmp_path):
    out, names = tmp_path / "set", []
    with pytest.raises(Cancelled):
        made(
            folder.folder, out, progress=lambda _, name: names.append(name), cancelled=lambda: len(names) >= 2
        )
    assert not (out / "samples.csv").exists(), "a table is whole or not there"
    with (out / "journal.jsonl").open("a", encoding="utf-8") as file:
        file.write('labels/6_anterior.png\t{"key": "half a li')
    names.clear()
    assert len(made(folder.folder, out, progress=lambda _, name: names.append(name)).rows) == 6
    assert names[0] == "2 images are there already"
    assert len(names) == 5


def test_a_full_disk_is_told_and_keeps_what_was_made(folder, tmp_path, monkeypatch):
    from napari_tbcad.io import labels

    out, whole, calls = tmp_path / "set", labels.write_labels, []

    def full(path, image, **options):
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        whole(path, image, **options)

    monkeypatch.setattr(labels, "write_labels", full)
    with pytest.raises(BadInput, match=r"cannot write there \(No space left on device\)"):
        made(folder.folder, out)
    said: list[str] = []
    made(folder.folder, out, progress=lambda share, what: said.append(what))
    assert said[0] == "2 images are there already"


def test_settings_put_back_after_a_stop_leave_no_label_image_of_the_others(folder, tmp_path, monkeypatch):
    out, whole, calls = tmp_path / "set", Journal.add, []
    made(folder.folder, out)
    before = iio.imread(out / "labels" / "2_anterior.png")
    other = QUICK.model_copy(
        update={"box": QUICK.box.model_copy(update={"dilation": QUICK.box.dilation + 3})}
    )

    def stopped(self, name, one):
        if one.key and name == "labels/2_anterior.png":
            raise KeyboardInterrupt
        whole(self, name, one)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Journal, "add", stopped)
        made(folder.folder, out, parameters=other)
    made(folder.folder, out, progress=lambda _, name: calls.append(name))
    assert np.array_equal(iio.imread(out / "labels" / "2_anterior.png"), before)


def test_a_duplicate_of_a_duplicate_is_the_same_patient(folder, tmp_path):
    pixels = folder.pixels(5, "anterior", [])
    folder.image(5, "anterior", [BENIGN], 0, pixels=pixels)
    folder.image(828, "anterior", [BENIGN], 0, pixels=pixels)
    folder.image(2244, "anterior", [BENIGN], 0)
    patients, _ = patients_of(find_bs80k(folder.folder).images, folder.folder)
    assert [patients[number] for number in ("5", "828", "2244")] == ["5"] * 3


def test_another_device_or_place_makes_no_label_anew(folder, tmp_path):
    image = find_bs80k(folder.folder).images[0]
    regions = RegionParameters()
    there = regions.model_copy(update={"network": regions.network.model_copy(update={"device": "cuda"})})
    keys = {
        label_key(LabelItem(image), LabelJob(folder.folder, tmp_path / "set", regions=one))
        for one in (regions, there)
    }
    moved = folder.folder.rename(tmp_path / "moved")
    job = LabelJob(moved, tmp_path / "set", regions=regions)
    keys.add(label_key(LabelItem(find_bs80k(moved).images[0]), job))
    assert len(keys) == 1


def test_linked_folders_are_found_and_circles_end(folder, tmp_path):
    (tmp_path / "links").mkdir()
    for name in ("wholeBodyANT", "wholeBodyPOST"):
        (tmp_path / "links" / name).symlink_to(folder.folder / name, target_is_directory=True)
    (folder.folder / "wholeBodyANT" / "back").symlink_to(tmp_path / "links", target_is_directory=True)
    assert len(find_bs80k(tmp_path / "links").images) == 6


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("{view}_xml", True),
        ("Annotations/{short}", True),
        ("{view}/Annotations", True),
        ("boxes_{short}/all", True),
    ],
)
def test_boxes_are_found_wherever_a_copy_keeps_them(tmp_path, bs80k_made, place, found):
    set_ = bs80k_made(tmp_path / "top" / "data", (128, 32))
    for view in ("anterior", "posterior"):
        set_.image(2, view, [("Abnormal", 20, 10, 30, 20)], 1, place=place)
    crops = tmp_path / "top" / "data" / "kneeLANT"
    crops.mkdir()
    (crops / "2.jpg").write_bytes(b"a crop")
    data = find_bs80k(tmp_path / "top")
    assert [(one.view, one.boxes is not None, one.abnormal) for one in data.images] == [
        ("anterior", found, True),
        ("posterior", found, True),
    ]
    assert not data.problems
    assert "1 images in data/wholeBodyANT; 1 labelled (data/wholeBodyANT.txt), 1 of them" in data.found[0]


def test_one_folder_of_boxes_for_both_views_is_told_apart_by_what_the_files_say(tmp_path, bs80k_made):
    set_ = bs80k_made(tmp_path / "data", (128, 32))
    for view in ("anterior", "posterior"):
        set_.image(2, view, None, 1)
    places = tmp_path / "data" / "Annotations"
    places.mkdir()
    body = "<annotation><folder>{}</folder><filename>2.jpg</filename></annotation>"
    (places / "2.xml").write_text(body.format("wholeBodyPOST"), encoding="utf-8")
    (places / "3.xml").write_text(body.format("BS-80K"), encoding="utf-8")
    data = find_bs80k(tmp_path / "data")
    assert [one.boxes is not None for one in data.images] == [False, True]
    assert [(one.file, one.kind) for one in data.problems] == [("Annotations/3.xml", "boxes of no view")]


def test_regions_come_from_masks_of_ones_own(folder, tmp_path):
    with pytest.raises(BadInput, match="has no skeleton regions: give a folder of region masks"):
        made(folder.folder, tmp_path / "set", what="regions")
    masks = tmp_path / "run" / "masks"
    masks.mkdir(parents=True)
    labels = np.zeros(SHAPE, np.uint8)
    labels[50:100, 50:75], labels[150:200, 55:70] = 1, 5
    iio.imwrite(masks / "1_anterior_regions.png", labels)
    iio.imwrite(masks / "1_anterior_classes.png", labels)
    iio.imwrite(masks / "1_Posterior.png", labels)
    iio.imwrite(masks / "2_ant.png", labels[::2])
    iio.imwrite(masks / "6_ant.png", labels + 10)
    one = made(folder.folder, tmp_path / "set", what="regions", masks=masks)
    assert [row["label"] for row in one.rows] == ["labels/1_anterior.png", "labels/1_posterior.png"]
    read = [iio.imread(tmp_path / "set" / row["label"]) for row in one.rows]
    assert [set(np.unique(one)) for one in read] == [{0, 1, 5}, {0, 1, IGNORE}], "no sternum from behind"
    left_out = {Path(p.file).name: p.message for p in one.problems if p.kind == "unreadable"}
    assert "256 × 128" in left_out["2.jpg"]
    assert "labels are 0 to 12, this image has 10 to 15" in left_out["6.jpg"]
    (masks.parent / "records").mkdir()
    one = made(folder.folder, tmp_path / "set", what="regions", masks=masks)
    assert any("written by this program" in line for line in one.lines()), "never its own without a word"
    with pytest.raises(BadInput, match="holds a set of regions, not of hotspots"):
        made(folder.folder, tmp_path / "set")
    source = DataSource(folder=tmp_path / "set", images=".", table="samples.csv")
    assert {s.view for s in load_samples(source, NETWORK_SCHEMES["regions"])} == {"anterior", "posterior"}


def test_a_persons_regions_are_bone_beside_hotspots(folder, tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:15, 5:15] = 1
    iio.imwrite(masks / "1_ant.png", labels)
    made(folder.folder, tmp_path / "set", masks=masks)
    assert iio.imread(tmp_path / "set" / "labels" / "1_anterior.png")[10, 10] == 1


def test_places_that_are_not_meant_are_refused(folder, tmp_path):
    with pytest.raises(BadInput, match="no such folder"):
        find_bs80k(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert not is_bs80k(tmp_path / "empty")
    with pytest.raises(BadInput, match="wanted are wholeBodyANT"):
        made(tmp_path / "empty", tmp_path / "set")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "samples.csv").write_text("image", encoding="utf-8")
    with pytest.raises(BadInput, match="not made here"):
        made(folder.folder, tmp_path / "mine")
    for text in folder.folder.glob("*.txt"):
        text.unlink()
    shutil.rmtree(folder.folder / "wholeBodyANT" / "ant")
    shutil.rmtree(folder.folder / "wholeBodyPOST" / "post")
    with pytest.raises(BadInput, match=r"not one image is left.*neither label nor boxes"):
        made(folder.folder, tmp_path / "set")


@pytest.mark.realdata
def test_the_sample_of_the_data_set(shared_data, tmp_path):
    """Its own images, with the boxes and regions that come with pairs of the same numbers where there are."""
    folder = shared_data / "bone" / "original_jpeg"
    data = find_bs80k(folder)
    assert [(one.number, one.view) for one in data.images] == [
        (number, view) for number in ("2", "3") for view in ("anterior", "posterior")
    ]
    copy = tmp_path / "bs80k"
    shutil.copytree(folder, copy)
    for view in ("ANT", "POST"):
        (copy / f"wholeBody{view}.txt").write_text("2.jpg 0\n3.jpg 1\n", encoding="utf-8")
    one = made(copy, tmp_path / "set")
    assert [row["patient"] for row in one.rows] == ["2", "2"]
    assert [p.kind for p in one.problems] == ["abnormal without boxes"] * 2
    bone = iio.imread(tmp_path / "set" / "labels" / "2_anterior.png")
    assert 0.02 < (bone == 1).mean() < 0.4

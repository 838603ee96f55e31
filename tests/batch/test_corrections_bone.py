"""Corrected hotspots and regions become a data set: which views count, what the labels say, who is who."""

from __future__ import annotations

import csv
import hashlib
import re
import stat
from pathlib import Path

import numpy as np
import pytest

from napari_tbcad.batch.corrections import gather_corrections
from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import read_labels, write_labels
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.networks.config import DataSource
from napari_tbcad.networks.samples import load_samples
from napari_tbcad.record import Edit, Record, Step
from napari_tbcad.schemes import NETWORK_SCHEMES

SHAPE = (64, 32)
STERNUM, LUMBAR = 5, 9
SPOTS = {"anterior": {1: (10, 12), 2: (20, 12), 3: (30, 12)}, "posterior": {4: (40, 20)}}
"""Where hotspots of 3 × 3 pixels lie, by id."""


def counts(seed: int = 0) -> np.ndarray:
    """Return two views of a body; the anterior one has more than 8 bits."""
    body = np.zeros((2, *SHAPE))
    body[:, 4:60, 8:24] = 6
    body[0, 10, 12] = 700
    return np.random.default_rng(seed).poisson(body)


def write_scan(path: Path, patient: str = "0815", seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_nuclear(path, counts(seed), name=patient, spacing_mm=None)


def write_run(
    folder: Path,
    file: Path,
    classes: dict[int, tuple[str, bool]],
    *,
    edits: tuple[Edit, ...] = (Edit("hotspots", 9, 1.0, 0.8, reader="Ana"),),
    mirrored: bool = False,
    name: str = "",
    files: str = "",
    seed: int = 0,
) -> Path:
    """Write what ``bone run`` leaves of a scan; classes by id: name, and whether a person said so."""
    name = name or file.stem
    rows, totals = [], {}
    for view, image in zip(VIEWS, counts(seed), strict=True):
        spots, regions = np.zeros(SHAPE, np.uint16), np.zeros(SHAPE, np.uint8)
        regions[8:20, 12:18], regions[22:50, 12:18] = STERNUM, LUMBAR
        for number, (row, column) in SPOTS[view].items():
            if number in classes:
                spots[row : row + 3, column : column + 3] = number
                label, judged = classes[number]
                rows.append({"file": file, "id": number, "view": view, "label": label, "judged": judged})
        for kind, labels, bits in (("hotspots", spots, 16), ("regions", regions, 8)):
            write_labels(folder / "masks" / f"{name}_{view}_{kind}.png", labels, bits=bits)
        totals[f"counts_{view}"] = image.sum()
    said = {"mirrored_posterior": mirrored}
    record = Record((Step("views", said), *edits))
    record.save(folder / "records" / f"{name}.json")
    row = {"file": file, "status": "ok", "bsi": 0.1, "files": files or file, **totals}
    write_csv(folder / "results.csv", tuple(row), [row])
    write_csv(folder / "hotspots.csv", ("file", "id", "view", "label", "judged"), rows)
    return folder


JUDGED = {1: ("abnormal", True), 2: ("ignore", True), 3: ("normal", False), 4: ("non_bone", True)}


@pytest.fixture
def scan(tmp_path):
    return write_scan(tmp_path / "scans" / "one.dcm")


def gather(*paths: Path, out: Path, **options):
    lines: list[str] = []
    gathered = gather_corrections(list(paths), out, say=lines.append, **{"what": "hotspots", **options})
    return gathered, "\n".join(lines)


def labels_of(out: Path, row: dict) -> np.ndarray:
    return read_labels(out / "labels" / row["label"])


def test_judged_hotspots_become_samples_the_training_reads(scan, tmp_path):
    out = tmp_path / "set"
    gathered, _ = gather(write_run(tmp_path / "run", scan, JUDGED), out=out)
    source = DataSource(name="own", folder=out, table="samples.csv")
    samples = load_samples(source, NETWORK_SCHEMES["4"])
    assert [sample.view for sample in samples] == list(VIEWS)
    assert len({sample.patient for sample in samples}) == 1, "both views are of one patient"
    for sample, image in zip(samples, counts(), strict=True):
        pixels, labels = sample.read()
        assert np.array_equal(pixels, image), "counts are what they were"
        if sample.view == "anterior":
            assert (labels[11, 13], labels[21, 13], labels[31, 13]) == (2, 255, 255)
            assert np.count_nonzero(labels == 255) == 18
            assert labels[45, 13] == 1, "bone by the regions that stand"
        else:
            assert labels[41, 21] == 3
    assert [(row["left_out"], row["how"], row["reader"]) for row in gathered.rows] == [
        (2, "edited", "Ana"),
        (0, "edited", "Ana"),
    ]
    assert gathered.rows[0]["dice_automatic"] == 0.8


@pytest.mark.parametrize(
    ("classes", "views"),
    [
        ({1: ("abnormal", True), 4: ("abnormal", False)}, ["anterior"]),
        ({4: ("abnormal", True)}, list(VIEWS)),  # what was in the anterior view is gone: none is there
        ({1: ("abnormal", False), 4: ("abnormal", False)}, []),
    ],
)
def test_a_view_in_which_nobody_judged_what_was_found_is_passed_over(scan, tmp_path, classes, views):
    run = write_run(tmp_path / "run", scan, classes)
    if not views:
        with pytest.raises(BadInput, match="no hotspot of its anterior view was judged"):
            gather(run, out=tmp_path / "set")
        return
    gathered, said = gather(run, out=tmp_path / "set")
    assert [row["view"] for row in gathered.rows] == views
    assert ("its posterior view" in said) == (views == ["anterior"])


def test_only_classes_chosen_is_told_apart_from_edited(scan, tmp_path):
    edits = (Edit("hotspots", 0, tool="class"),)
    gathered, _ = gather(write_run(tmp_path / "run", scan, JUDGED, edits=edits), out=tmp_path / "set")
    assert {row["how"] for row in gathered.rows} == {"judged"}


def test_regions_say_nothing_of_the_sternum_behind_the_spine(scan, tmp_path):
    run = write_run(tmp_path / "run", scan, JUDGED, edits=(Edit("regions", 5, 1.0, 0.9),))
    gathered, _ = gather(run, out=tmp_path / "set", what="regions")
    front, back = (labels_of(tmp_path / "set", row) for row in gathered.rows)
    assert set(np.unique(front)) == {0, STERNUM, LUMBAR}
    assert set(np.unique(back)) == {0, LUMBAR, 255}
    assert {row["task"] for row in gathered.rows} == {"regions"}
    with pytest.raises(BadInput, match="hotspots are the automatic ones"):
        gather(run, out=tmp_path / "other")


def test_what_went_back_to_automatic_does_not_count(scan, tmp_path):
    edits = (Edit("hotspots", 9), Edit("hotspots", 9, tool="back to automatic"))
    with pytest.raises(BadInput, match="no hotspots that a person judged"):
        gather(write_run(tmp_path / "run", scan, JUDGED, edits=edits), out=tmp_path / "set")


@pytest.mark.parametrize("what", ["hotspots", "regions"])
def test_files_that_say_what_the_program_says_do_not_count(scan, tmp_path, what):
    same, changed = Edit(what, 0, 1.0, 1.0, tool="file"), Edit(what, 9, 1.0, 0.8, tool="file")
    other = write_scan(tmp_path / "scans" / "two.dcm", seed=1)
    write_run(tmp_path / "a" / "run", scan, JUDGED, edits=(same,))
    write_run(tmp_path / "b" / "run", other, JUDGED, edits=(changed,), seed=1)
    gathered, said = gather(tmp_path / "a", tmp_path / "b", out=tmp_path / "set", what=what)
    assert {row["scan"] for row in gathered.rows} == {"two.dcm"}
    assert f"run/one: its {what} came from files that are as the automatic ones" in said


def test_a_mirrored_view_is_written_as_the_camera_saw_it(scan, tmp_path):
    run = write_run(tmp_path / "run", scan, JUDGED, mirrored=True)
    gathered, _ = gather(run, out=tmp_path / "set")
    row = gathered.rows[1]
    image = read_labels(tmp_path / "set" / "images" / row["image"])
    assert np.array_equal(image, counts()[1][:, ::-1])
    assert labels_of(tmp_path / "set", row)[41, SHAPE[1] - 1 - 21] == 3


def test_of_the_same_scan_twice_the_newest_stays_and_gathered_again_old_files_go(scan, tmp_path):
    out = tmp_path / "set"
    old = (Edit("hotspots", 1, when="2026-01-01", reader="old"),)
    new = (Edit("hotspots", 1, when="2026-02-01", reader="new"),)
    first = write_run(tmp_path / "b" / "run", scan, JUDGED, edits=old, name="scans__one")
    gather(first, out=out)
    before = set((out / "images").iterdir())
    other = write_scan(tmp_path / "scans" / "two.dcm", seed=1)
    write_run(tmp_path / "c" / "run", other, JUDGED, seed=1)
    write_run(tmp_path / "a" / "run", scan, {1: ("normal", True)}, edits=new)
    gathered, said = gather(tmp_path / "a", tmp_path / "b", tmp_path / "c", out=out)
    assert [row["reader"] for row in gathered.rows] == ["new", "new", "Ana", "Ana"]
    assert said.count("newer correction") == 2
    assert labels_of(out, gathered.rows[0])[11, 13] == 3
    gather(tmp_path / "c", out=out)
    assert len(before & set((out / "images").iterdir())) == 0
    assert len(list((out / "labels").iterdir())) == 2


def test_a_full_disk_ends_the_gathering_and_removes_nothing_earlier(scan, tmp_path, monkeypatch):
    import errno

    from napari_tbcad.io import labels

    first, second = tmp_path / "a" / "run", tmp_path / "b" / "run"
    write_run(first, scan, JUDGED)
    write_run(second, write_scan(tmp_path / "scans" / "two.dcm", seed=1), JUDGED, seed=1)
    gather(first, second, out=tmp_path / "set")
    earlier = {path: path.read_bytes() for path in (tmp_path / "set").rglob("*.*")}
    write = labels.write_labels

    def full(path, *args, **options):
        if path.name.startswith("two"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, *args, **options)

    monkeypatch.setattr(labels, "write_labels", full)
    for out in (tmp_path / "set", tmp_path / "new"):
        with pytest.raises(BadInput, match=r"cannot write there .No space left on device"):
            gather(first, second, out=out)
    assert {path: path.read_bytes() for path in (tmp_path / "set").rglob("*.*")} == earlier
    monkeypatch.setattr(labels, "write_labels", write)
    gather(first, second, out=tmp_path / "new")


def test_one_data_set_is_of_one_thing(scan, tmp_path):
    edits = (Edit("hotspots", 9), Edit("regions", 9))
    run = write_run(tmp_path / "run", scan, JUDGED, edits=edits)
    with pytest.raises(BadInput, match="say --what"):
        gather(run, out=tmp_path / "set", what=None)
    gather(run, out=tmp_path / "set")
    for what, why in (("regions", "something else than regions"), ("lungs", "other columns")):
        with pytest.raises(BadInput, match=why):
            gather(run, out=tmp_path / "set", what=what)
    with pytest.raises(BadInput, match="results of bone scans"):
        gather(run, out=tmp_path / "lungs", what="lungs")


def test_two_files_of_a_scan_are_found_by_their_common_name(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    for view, image in zip(("ant", "post"), counts(), strict=True):
        views = ("anterior",) if view == "ant" else ("posterior",)
        write_nuclear(folder / f"7_{view}.dcm", [image], views=views, name="7", study="1", spacing_mm=None)
    files = [folder / f"7_{view}.dcm" for view in ("ant", "post")]
    said = " | ".join(map(str, files))
    run = write_run(tmp_path / "run", files[0], JUDGED, name="scans__7", files=said)
    gathered, _ = gather(run, out=tmp_path / "set")
    assert [row["view"] for row in gathered.rows] == list(VIEWS)
    who = tmp_path / "who.csv"
    who.write_text("file,patient\n7_post.dcm,P7\n", encoding="utf-8")
    gathered, _ = gather(run, out=tmp_path / "set", patients=who)
    assert [row["patient"] for row in gathered.rows] == ["P7", "P7"]


def test_another_image_and_a_table_that_does_not_fit_are_skipped(scan, tmp_path):
    run = write_run(tmp_path / "run", scan, JUDGED)
    lines = (run / "hotspots.csv").read_text(encoding="utf-8-sig").splitlines()
    (run / "hotspots.csv").write_text("\n".join(lines[:-1]), encoding="utf-8-sig")
    with pytest.raises(BadInput, match=r"does not fit the label images of one\.dcm"):
        gather(run, out=tmp_path / "set")
    write_scan(scan, seed=5)
    with pytest.raises(BadInput, match="another image"):
        gather(run, out=tmp_path / "set")
    scan.unlink()
    with pytest.raises(BadInput, match="scan of run is gone"):
        gather(run, out=tmp_path / "set")


def test_counts_that_are_not_whole_are_kept_as_they_are(tmp_path):
    from napari_tbcad.batch.corrections_images import write_counts
    from napari_tbcad.io.read import read_film

    small = counts()[0].astype(np.float32)
    for factor, suffix in ((1, ".png"), (0.37, ".tif"), (1000, ".tif")):
        path = write_counts(tmp_path / "x.png", small * np.float32(factor))
        assert path.suffix == suffix
        assert np.array_equal(read_film(path).pixels, small * np.float32(factor))


# -- who is who ---------------------------------------------------------------------------------------


def patient_in(out: Path) -> str:
    with (out / "samples.csv").open(encoding="utf-8-sig", newline="") as file:
        (name,) = {row["patient"] for row in csv.DictReader(file)}
    return name


def test_a_digest_has_a_key_of_its_data_set(scan, tmp_path):
    run, out = write_run(tmp_path / "run", scan, JUDGED), tmp_path / "set"
    gather(run, out=out)
    name, key = patient_in(out), out / "patients.key"
    assert re.fullmatch("[0-9a-f]{12}", name)
    assert name != hashlib.sha256(b"0815").hexdigest()[:12], "who tries all identifiers finds it"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    gather(run, out=out)
    assert patient_in(out) == name
    gather(run, out=tmp_path / "other")
    assert patient_in(tmp_path / "other") != name, "two data sets do not tell that they share a patient"
    key.unlink()
    gather(run, out=out)
    assert patient_in(out) != name
    key.write_text("no key", encoding="ascii")
    with pytest.raises(BadInput, match="not a key of this program"):
        gather(run, out=out)


def test_a_scan_without_identifier_is_its_own_patient(tmp_path):
    for seed in (0, 1):
        scan = write_scan(tmp_path / str(seed) / "scan.dcm", patient="", seed=seed)
        write_run(tmp_path / "runs" / str(seed), scan, JUDGED, seed=seed)
    gathered, _ = gather(tmp_path / "runs", out=tmp_path / "set")
    patients = [row["patient"] for row in gathered.rows]
    assert len(patients) == 4
    assert len(set(patients)) == 2
    assert not (tmp_path / "set" / "patients.key").exists()


def test_a_case_gives_its_last_finished_reading(scan, tmp_path):
    from napari_tbcad.bone.cases import case_of
    from napari_tbcad.bone.editing import set_label
    from napari_tbcad.bone.hotspots import Hotspots, Mark
    from napari_tbcad.bone.regions import SkeletonRegions
    from napari_tbcad.bone.workflow import give_hotspots, give_regions, start
    from napari_tbcad.io.scans import read_study

    run = start(read_study(scan))
    run.compute("scan")
    spots, regions = ({view: np.zeros(SHAPE, kind) for view in VIEWS} for kind in (np.uint16, np.uint8))
    marks = []
    for view in VIEWS:
        regions[view][22:50, 12:18] = LUMBAR
        for number, (row, column) in SPOTS[view].items():
            spots[view][row : row + 3, column : column + 3] = number
            marks.append(Mark(number, view, "abnormal"))
    run.restore("regions", SkeletonRegions(**regions))
    run.restore("hotspots", Hotspots(**spots, marks=tuple(marks)))
    path = tmp_path / "cases" / "first.tbcad"
    case_of(run, reader="Ana").save(path)
    with pytest.raises(BadInput, match="no person corrected or accepted its hotspots"):
        gather(path, out=tmp_path / "none")
    with pytest.raises(BadInput, match="--what hotspots"):
        gather(path, out=tmp_path / "none", what=None)

    give_hotspots(run, set_label(run.get("hotspots"), [1, 2], "normal"), tool="class", reader="Ana")
    going = case_of(run, reader="Ana", verdict="in progress")
    going.save(path)
    with pytest.raises(BadInput, match="still in progress"):
        gather(path, out=tmp_path / "none")
    out = tmp_path / "set"
    gathered, said = gather(path, out=out, unfinished=True)
    assert "no hotspot of its posterior view was judged" in said
    (row,) = gathered.rows
    assert (row["view"], row["how"], row["reader"]) == ("anterior", "judged", "Ana")
    labels = labels_of(out, row)
    assert (labels[11, 13], labels[21, 13], labels[31, 13]) == (3, 3, 255)

    # A second reader accepts the regions as the program found them, and judges what was left.
    give_hotspots(run, set_label(run.get("hotspots"), [4], "abnormal"), tool="class", reader="Ben")
    case_of(run, reader="Ben", verdict="changed", earlier=going).save(path)
    gathered, _ = gather(path, out=tmp_path / "two")
    assert [row["view"] for row in gathered.rows] == list(VIEWS)
    assert {row["reader"] for row in gathered.rows} == {"Ben"}
    gathered, _ = gather(path, out=tmp_path / "regions", what="regions")
    assert {row["how"] for row in gathered.rows} == {"accepted"}
    regions["anterior"][50:55, 12:18] = LUMBAR
    give_regions(run, SkeletonRegions(**regions), reader="Ben")
    case_of(run, reader="Ben").save(path)
    gathered, _ = gather(path, out=tmp_path / "drawn", what="regions")
    assert {row["how"] for row in gathered.rows} == {"edited"}


def test_a_case_with_its_scan_is_not_of_the_patient_whose_scan_has_its_path_now(scan, tmp_path):
    from napari_tbcad.bone.cases import case_of
    from napari_tbcad.bone.regions import SkeletonRegions
    from napari_tbcad.bone.workflow import give_regions, start
    from napari_tbcad.io.scans import read_study

    run, path = start(read_study(scan)), tmp_path / "a.tbcad"
    run.compute("scan")
    regions = {view: np.zeros(SHAPE, np.uint8) for view in VIEWS}
    for view in VIEWS:
        regions[view][22:50, 12:18] = LUMBAR
    give_regions(run, SkeletonRegions(**regions), reader="Ana")
    scan.unlink()  # so the scan comes into the case
    case_of(run, reader="Ana").save(path)

    def patient(out: Path) -> str:
        gather(path, out=out, what="regions")
        return patient_in(out)

    write_scan(scan)
    assert re.fullmatch("[0-9a-f]{12}", patient(tmp_path / "there"))
    write_scan(scan, "4711", seed=5)
    assert patient(tmp_path / "another").startswith("scan-"), "nobody is known"
    scan.unlink()
    assert patient(tmp_path / "gone").startswith("scan-")

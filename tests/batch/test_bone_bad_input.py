"""A folder that mixes good scans with all that can be wrong: every row says what, and nothing is lost."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pydicom
import pytest

from napari_tbcad.cli import main
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scan_files import find_scans
from napari_tbcad.simulate.bone_scan import ScanParameters, SimulatedScan, simulate_scan
from napari_tbcad.simulate.skeleton import BodyParameters

QUICK = ("--segmenter", "classical", "--set", "regions.persons=1", "--set", "regions.iterations=0")
SECRET = "SECRET^PERSON"


@pytest.fixture(scope="module")
def simulated() -> SimulatedScan:
    """One scan on a coarse grid."""
    person = BodyParameters(shape=(256, 64), slab_mm=20.0)
    return simulate_scan(ScanParameters(abnormal=4, counts=8e5), seed=7, person=person)


def write(folder: Path, file: str, frames: Sequence[Any], simulated: SimulatedScan, **options: Any) -> None:
    more = {"spacing_mm": simulated.scan.spacing_mm, "name": SECRET, "study": file, "date": "2026-01-31"}
    write_nuclear(folder / file, frames, **(more | options))


def of_type(name: str) -> dict[str, Any]:
    return {"attributes": {"ImageType": ["ORIGINAL", "PRIMARY", name, "EMISSION"]}}


def write_bad(folder: Path, simulated: SimulatedScan) -> dict[str, str]:
    """Write files that cannot be used; return what each one's message must say."""
    front, back = (view.counts for _, view in simulated.scan)
    square = front[40:104]
    for name, frames, options in (
        ("spot.dcm", [square], {"views": ["anterior"], **of_type("STATIC")}),
        ("spect.dcm", [square] * 2, of_type("TOMO")),
        ("gated.dcm", [square] * 2, of_type("GATED")),
        ("film.dcm", [square], {"attributes": {"Modality": "CR"}}),
        ("empty.dcm", [front * 0, back * 0], {}),
        ("same.dcm", [front, front], {}),
        ("three.dcm", [front, back, front], {"views": None}),
        ("lateral.dcm", [front], {"views": None, "attributes": {"ViewPosition": "LLAT LATERAL"}}),
        ("frames.dcm", [front, back], {"attributes": {"NumberOfFrames": 5}}),
        ("huge.dcm", [front, back], {"attributes": {"Rows": 60000, "Columns": 40000}}),
        ("unnamed.dcm", [back[:150], back[:150] + 1], {"views": None}),
        ("size_ant.dcm", [front], {"views": ["anterior"], "study": "size"}),
        ("size_post.dcm", [back[:240]], {"views": ["posterior"], "study": "size"}),
    ):
        write(folder, name, frames, simulated, **options)
    whole = (folder / "same.dcm").read_bytes()
    (folder / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    picture = np.repeat(np.hstack([front, back])[..., None], 3, axis=2).clip(0, 255).astype(np.uint8)
    picture[:20] = (200, 60, 20)
    iio.imwrite(folder / "screenshot.png", picture)
    return {
        "spot.dcm": "spot view",
        "spect.dcm": "SPECT",
        "gated.dcm": "gated",
        "film.dcm": "modality CR",
        "empty.dcm": "no counts",
        "same.dcm": "same image",
        "three.dcm": "3 frames",
        "lateral.dcm": "view other than",
        "frames.dcm": "copy or export it again",
        "huge.dcm": "damaged",
        "unnamed.dcm": "--set views.first_view=anterior",
        "size_ant.dcm": "size_post.dcm 64 × 240",
        "cut.dcm": "copy or export it again",
        "screenshot.png": "export the scan as DICOM NM",
    }


def write_doubtful(folder: Path, simulated: SimulatedScan) -> dict[str, str]:
    """Write scans that can be used with care; return what each one's warnings must say."""
    front, back = (view.counts for _, view in simulated.scan)
    dim = np.random.default_rng(0).binomial(front.astype(int), 0.1)
    for name, frames, options in (
        ("good.dcm", [front, back], {}),
        ("one_view.dcm", [front], {"views": ["anterior"]}),
        ("mirrored.dcm", [front, back[:, ::-1]], {}),
        ("swapped.dcm", [back, front], {}),
        ("spacing.dcm", [front, back], {"spacing_mm": (30.0, 30.0)}),
        ("narrow.dcm", [front[:, 17:47], back[:, 17:47]], {}),
        ("dim.dcm", [dim], {"views": ["anterior"]}),
        ("two_ant.dcm", [front], {"views": ["anterior"], "name": "A"}),
        ("two_post.dcm", [back], {"views": ["posterior"], "name": "B"}),
    ):
        write(folder, name, frames, simulated, **options)
    for name, view in (("saturated_ant.png", front), ("saturated_post.png", back)):
        iio.imwrite(folder / name, (40 * view).clip(0, 255).astype(np.uint8))
    return {
        "good.dcm": "",
        "one_view.dcm": "The posterior view is missing",
        "mirrored.dcm": "mirrored left to right",
        "swapped.dcm": "view_code says anterior, the image looks posterior",
        "spacing.dcm": "the pixel size was ignored",
        "narrow.dcm": "narrower than the patient",
        "dim.dcm": "far too little",
        "two_ant.dcm": "two_post.dcm is of another patient",
        "two_post.dcm": "two_ant.dcm is of another patient",
        "saturated_ant.png": "The anterior view is saturated",
    }


def run(folder: Path, out: Path, *options: str) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["bone", "run", str(folder), "--out", str(out), *QUICK, *options])
    with (out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        return code, {Path(row["file"]).name: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def mixed(
    simulated, tmp_path_factory
) -> tuple[Path, int, dict[str, dict[str, str]], dict[str, str], dict[str, str]]:
    """A run over all of it: output, exit code, rows, and what bad and doubtful scans must say."""
    folder = tmp_path_factory.mktemp("mixed")
    bad, doubtful = write_bad(folder, simulated), write_doubtful(folder, simulated)
    out = folder / "out"
    code, rows = run(folder, out)
    return out, code, rows, bad, doubtful


def test_every_bad_scan_has_a_row_that_says_what_is_wrong(mixed):
    _, code, rows, bad, doubtful = mixed
    assert code == 1
    assert set(rows) == {*bad, *doubtful}
    for name, words in bad.items():
        row = rows[name]
        assert (row["status"], row["bsi"]) == ("error", ""), name
        assert row["message"].startswith(f"{name}: "), row["message"]
        assert words in row["message"]
        assert "unexpected" not in row["message"]


def test_every_other_scan_is_done_and_says_what_is_doubtful(mixed):
    out, _, rows, _, doubtful = mixed
    for name, words in doubtful.items():
        row = rows[name]
        assert (row["status"], row["message"]) == ("ok", ""), name
        assert float(row["bsi"]) >= 0
        assert words in row["warnings"], (name, row["warnings"])
    for folder, suffix in (("records", "json"), ("overlays", "png")):
        assert len(list((out / folder).glob(f"*.{suffix}"))) == len(doubtful)
    assert "view_code says" not in rows["good.dcm"]["warnings"]


def test_nothing_of_the_person_is_written(mixed):
    out = mixed[0]
    secrets = [
        SECRET,
        "20260131",
        "2026-01-31",
        str(pydicom.dcmread(out.parent / "good.dcm").StudyInstanceUID),
    ]
    for file in (path for path in out.rglob("*") if path.is_file()):
        content = file.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content, (file.name, secret)


def test_what_is_passed_over_is_said(simulated, tmp_path, capfd):
    write(tmp_path, "a.dcm", [view.counts for _, view in simulated.scan], simulated)
    iio.imwrite(tmp_path / "b_mask.png", np.zeros((8, 8), np.uint8))
    run(tmp_path, tmp_path / "out")
    assert "passed over as masks, labels or results: b_mask.png" in capfd.readouterr().out


def test_the_output_folder_among_the_scans_is_no_input_of_the_next_run(mixed):
    out, _, rows, _, _ = mixed
    assert {scan.path.name for scan in find_scans(out.parent)} == set(rows)


@pytest.mark.parametrize(
    ("kind", "labels", "says"),
    [
        ("hotspots", np.ones((200, 64), np.uint8), "has 256 × 64"),
        ("classes", np.full((256, 64), 7, np.uint8), "this has [7]"),
        ("regions", np.full((256, 64), 13, np.uint8), "labels are 0 to 12"),
        ("hotspots", None, "not an image"),
    ],
)
def test_label_files_that_cannot_be_used_are_error_rows(simulated, tmp_path, kind, labels, says):
    scans, masks = tmp_path / "scans", tmp_path / "masks"
    scans.mkdir(), masks.mkdir()
    write(scans, "a.dcm", [view.counts for _, view in simulated.scan], simulated)
    file = masks / f"a_anterior_{kind}.png"
    file.write_bytes(b"nonsense") if labels is None else iio.imwrite(file, labels)
    code, rows = run(scans, tmp_path / "out", "--masks", str(masks))
    assert (code, rows["a.dcm"]["status"]) == (1, "error")
    assert f"{file.name}: " in rows["a.dcm"]["message"]
    assert says in rows["a.dcm"]["message"]


def test_hotspots_beside_the_body_and_missing_regions_are_told(simulated, tmp_path):
    scans, masks = tmp_path / "scans", tmp_path / "masks"
    scans.mkdir(), masks.mkdir()
    write(scans, "a.dcm", [view.counts for _, view in simulated.scan], simulated)
    beside = np.zeros((256, 64), np.uint16)
    beside[2:8, 1:5] = 1
    iio.imwrite(masks / "a_anterior_hotspots.png", beside)
    for name in ("anterior", "posterior"):
        regions = simulated.regions[name].copy()
        regions[regions == 10] = 0
        iio.imwrite(masks / f"a_{name}_regions.png", regions)
    code, rows = run(scans, tmp_path / "out", "--masks", str(masks))
    said = rows["a.dcm"]["warnings"]
    assert code == 0
    assert "hotspot 1 lies outside the body" in said
    assert "outside all regions" in said
    assert "not part of the index, which may be too low" in said or "the other regions of its group" in said

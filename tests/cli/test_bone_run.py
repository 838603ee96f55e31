"""``bone run`` is a contract: files, columns and exit codes."""

from __future__ import annotations

import csv
import json
import pickle
import shutil
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.scans import BoneJob
from napari_tbcad.cli import main
from napari_tbcad.cli.bone import Teller
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Edit, Record
from napari_tbcad.simulate.bone_samples import write_simulated_scans
from napari_tbcad.simulate.bone_scan import ScanParameters
from napari_tbcad.simulate.skeleton import BodyParameters

CONTRACT = {
    "results.csv": "file status message bsi n_abnormal counts_anterior counts_posterior anterior_rule "
    "posterior_rule weights combine warnings seconds",
    "regions.csv": "file region fraction_anterior fraction_posterior weight contribution",
    "hotspots.csv": "file id view region label",
}
QUICK = ("--set", "regions.persons=1", "--set", "regions.iterations=0")
VIEWS, KINDS = ("anterior", "posterior"), ("classes", "hotspots", "regions")


def rows(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "CSV files are UTF-8 with BOM"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def simulated(tmp_path_factory) -> Path:
    """One small simulated scan with its truth."""
    folder = tmp_path_factory.mktemp("simulated")
    person = BodyParameters(shape=(512, 128), slab_mm=10.0)
    write_simulated_scans(folder, 1, 7, parameters=ScanParameters(abnormal=5, counts=8e5), person=person)
    return folder


@pytest.fixture(scope="session")
def truth(simulated, tmp_path_factory) -> Path:
    """The truth under the names that a run of ``scans`` looks for."""
    folder = tmp_path_factory.mktemp("truth")
    for path in (simulated / "truth").glob("*.png"):
        shutil.copy(path, folder / path.name)
    return folder


@pytest.fixture(scope="session")
def automatic(simulated, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out") / "run"
    assert main(["bone", "run", str(simulated / "scans"), "--out", str(out), *QUICK]) == 0
    return out


def test_writes_what_the_contract_names(automatic, simulated):
    name = "bone00000"
    for file, columns in CONTRACT.items():
        with (automatic / file).open(encoding="utf-8-sig", newline="") as table:
            head = next(csv.reader(table))
        wanted = columns.split()
        assert head[: len(wanted)] == wanted if file != "hotspots.csv" else set(wanted) <= set(head)
    (result,) = rows(automatic / "results.csv")
    assert (result["status"], result["weights"], result["combine"]) == ("ok", "spiers1968", "mean")
    assert result["file"].endswith("scans/bone00000.dcm")
    for view in VIEWS:
        counts = json.loads((simulated / "truth" / f"{name}.json").read_text())["counts"][view]
        assert float(result[f"counts_{view}"]) == pytest.approx(counts)
        assert result[f"{view}_rule"] == "view_code"
        for kind in KINDS:
            image = iio.imread(automatic / "masks" / f"{name}_{view}_{kind}.png")
            assert image.shape == (512, 128), "the input's own grid"
            assert image.dtype == (np.uint16 if kind == "hotspots" else np.uint8)
            assert image.max() <= {"classes": 3, "hotspots": 65535, "regions": 12}[kind]
    assert sum(float(row["contribution"] or 0) for row in rows(automatic / "regions.csv")) == pytest.approx(
        float(result["bsi"]), abs=1e-6
    )
    assert iio.imread(automatic / "overlays" / f"{name}.png").ndim == 3
    assert Record.load(automatic / "records" / f"{name}.json")


def test_what_a_run_wrote_given_back_is_the_same_and_a_persons(simulated, automatic, tmp_path):
    out = tmp_path / "out"
    masks = ["--masks", str(automatic / "masks")]
    assert main(["bone", "run", str(simulated / "scans"), "--out", str(out), *masks, *QUICK]) == 0
    for path in (automatic / "masks").iterdir():
        assert (out / "masks" / path.name).read_bytes() == path.read_bytes(), path.name
    assert rows(out / "results.csv")[0]["bsi"] == rows(automatic / "results.csv")[0]["bsi"]
    for one, other in zip(rows(automatic / "hotspots.csv"), rows(out / "hotspots.csv"), strict=True):
        assert other == one | {"judged": "True", "origin": "file"}
    entries = Record.load(out / "records" / "bone00000.json")
    edits = {entry.target: entry for entry in entries if isinstance(entry, Edit)}
    assert {edit.tool for edit in edits.values()} == {"file"}
    for edit in edits.values():
        assert (edit.pixels, edit.dice_before, edit.dice_after) == (0, 1, 1)


def test_boxes_are_written_and_given_back(simulated, automatic, tmp_path):
    names = sorted(path.name for path in (automatic / "boxes").iterdir())
    assert names == [f"bone00000_{view}_boxes.xml" for view in VIEWS]
    out = tmp_path / "out"
    given = ["--masks", str(automatic / "boxes")]
    assert main(["bone", "run", str(simulated / "scans"), "--out", str(out), *given, *QUICK]) == 0
    (result,) = rows(out / "results.csv")
    assert (result["segmenter"], result["regions"]) == ("given", "atlas")
    before = rows(automatic / "hotspots.csv")
    assert abs(len(rows(out / "hotspots.csv")) - len(before)) <= 0.2 * len(before) + 1


def test_given_truth_is_written_back_recorded_and_gives_the_index(simulated, truth, tmp_path):
    out = tmp_path / "out"
    call = ["bone", "run", str(simulated / "scans"), "--out", str(out), "--masks", str(truth)]
    assert main(call) == 0
    for view in VIEWS:
        for kind in ("hotspots", "regions"):
            file = f"bone00000_{view}_{kind}.png"
            assert np.array_equal(iio.imread(out / "masks" / file), iio.imread(truth / file)), file
    (result,) = rows(out / "results.csv")
    assert (result["segmenter"], result["regions"]) == ("given", "given")
    true = json.loads((simulated / "truth" / "bone00000.json").read_text())["true_bsi"]["spiers1968"]
    assert abs(float(result["bsi"]) - true) < 0.5 * true + 0.3
    assert result["bsi_judged"] == result["bsi"], "what is given is a person's judgement"
    entries = json.loads((out / "records" / "bone00000.json").read_text(encoding="utf-8"))["entries"]
    assert {"hotspots", "regions"} <= {entry.get("target") for entry in entries}


def test_one_kind_and_one_view_of_masks_replaces_only_that(simulated, truth, automatic, tmp_path, capfd):
    given, out = tmp_path / "given", tmp_path / "out"
    given.mkdir()
    (given / "bone0000_anterior_regions.png").write_bytes(b"")
    file = "bone00000_posterior_regions.png"
    shutil.copy(truth / file, given / file)
    call = ["bone", "run", str(simulated / "scans"), "--out", str(out), "--masks", str(given), *QUICK]
    assert main(call) == 0
    assert np.array_equal(iio.imread(out / "masks" / file), iio.imread(given / file))
    other = file.replace("posterior", "anterior")
    assert np.array_equal(iio.imread(out / "masks" / other), iio.imread(automatic / "masks" / other))
    (result,) = rows(out / "results.csv")
    assert (result["segmenter"], result["regions"]) == ("network", "given")
    said = capfd.readouterr().out
    assert "1 of 1 scans have label files" in said
    assert "belonging to no scan: bone0000_anterior_regions.png" in said, "a slip in a name is not silent"


def test_weights_rule_and_scheme_are_chosen_by_name(simulated, truth, tmp_path):
    out = tmp_path / "out"
    call = ["bone", "run", str(simulated / "scans"), "--out", str(out), "--masks", str(truth)]
    options = ["--weights", "icrp110-male", "--combine", "max", "--scheme", "3", "--device", "cpu"]
    assert main([*call, *options]) == 0
    (result,) = rows(out / "results.csv")
    assert (result["weights"], result["combine"], result["scheme"]) == ("icrp110-male", "max", "3")
    assert iio.imread(out / "masks" / "bone00000_anterior_classes.png").max() <= 2


def test_bad_scans_are_error_rows_and_the_others_are_finished(simulated, truth, tmp_path):
    scans, out = tmp_path / "scans", tmp_path / "out"
    scans.mkdir()
    whole = (simulated / "scans" / "bone00000.dcm").read_bytes()
    (scans / "bone00000.dcm").write_bytes(whole)
    (scans / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    (scans / "empty.dcm").write_bytes(b"")
    (scans / "text.png").write_text("not an image")
    noise = np.random.default_rng(0).poisson(3.0, (2, 300, 90)).astype(np.uint8)
    for n, image in enumerate(noise):
        iio.imwrite(scans / f"unnamed{n}.png", image)
    call = ["bone", "run", str(scans), "--out", str(out), "--masks", str(truth)]
    assert main(call) == 1
    results = {Path(row["file"]).name: row for row in rows(out / "results.csv")}
    assert results.pop("bone00000.dcm")["status"] == "ok"
    for name, row in results.items():
        assert row["status"] == "error"
        assert name in row["message"]
        assert "unexpected" not in row["message"]
    assert "--set views.first_view" in results["unnamed0.png"]["message"]
    assert {row["file"] for row in rows(out / "regions.csv")} == {(scans / "bone00000.dcm").as_posix()}
    assert not list(out.rglob(".*")), "nothing half-written stays"


def test_a_job_can_be_sent_to_another_process(tmp_path):
    job = BoneJob(tmp_path, {"index.weights": "icrp110-male"}, masks=tmp_path)
    sent, study = pickle.loads(pickle.dumps((job, Study("gone", (tmp_path / "gone.dcm",)))))
    assert sent == job
    with pytest.raises(BadInput, match=r"gone\.dcm"):
        sent.work(study)


def test_two_dates_are_compared(simulated, truth, tmp_path, capfd):
    later, out = tmp_path / "later.dcm", tmp_path / "out"
    shutil.copy(simulated / "scans" / "bone00000.dcm", later)
    masks = tmp_path / "masks"
    shutil.copytree(truth, masks)
    for path in truth.iterdir():
        shutil.copy(path, masks / path.name.replace("bone00000", "later"))
    one = str(simulated / "scans" / "bone00000.dcm")
    assert main(["bone", "compare", one, str(later), "--out", str(out), "--masks", str(masks)]) == 0
    content = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert content["change"] == 0
    assert {row["state"] for row in rows(out / "comparison.csv")} == {"unchanged"}
    assert "smallest detectable change" in capfd.readouterr().out
    assert len(rows(out / "results.csv")) == 2
    assert main(["bone", "compare", one, "--out", str(out)]) == 2
    assert "needs two scans" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bone", "run"], "Missing"),
        (["bone", "run", "SCANS", "--out", "OUT", "--weights", "nonsense"], "icrp110-female"),
        (["bone", "run", "SCANS", "--out", "OUT", "--combine", "nonsense"], "pooled"),
        (["bone", "run", "SCANS", "--out", "OUT", "--scheme", "5"], "5"),
        (["bone", "run", "SCANS", "--out", "OUT", "--segmenter", "nonsense"], "classical"),
        (["bone", "run", "SCANS", "--out", "OUT", "--device", "nonsense"], "mps"),
        (["bone", "run", "SCANS", "--out", "OUT", "--set", "index.nonsense=1"], "no such setting"),
        (["bone", "run", "SCANS", "--out", "OUT", "--masks", "EMPTY"], "bone00000_anterior_hotspots.png"),
        (["bone", "run", "EMPTY", "--out", "OUT"], "scan"),
    ],
)
def test_wrong_usage_is_exit_code_2(simulated, tmp_path, capfd, arguments, says):
    (tmp_path / "empty").mkdir()
    places = {
        "SCANS": str(simulated / "scans"),
        "OUT": str(tmp_path / "out"),
        "EMPTY": str(tmp_path / "empty"),
    }
    assert main([places.get(word, word) for word in arguments]) == 2
    assert says in capfd.readouterr().err


def test_settings_are_listed(capfd):
    assert main(["bone", "settings"]) == 0
    said = capfd.readouterr().out
    for name in (
        "index.weights = spiers1968",
        "index.combine = mean",
        "views.first_view = auto",
        "[px, from 0.5 to 5]",
    ):
        assert name in said


def test_a_warning_is_told_once_although_its_numbers_differ(capsys):
    teller = Teller()
    for done, counts in ((1, 842_000), (2, 913_000), (3, 842_000)):
        warnings = f"The anterior view has {counts / 1e6:.2f} million counts. | {done} hotspot lies outside."
        result = {
            "file": "a.dcm", "status": "ok", "bsi": 0.5, "weights": "w", "combine": "mean", "n_abnormal": 1,
            "seconds": 1.0,
            "anterior_rule": "view_code", "posterior_rule": "file_name", "unit": "counts",
            "counts_anterior": counts, "counts_posterior": counts, "warnings": warnings,
        }  # fmt: skip
        teller(done, 2, Row(result))
    said = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "anterior by view code, posterior by file name; 0.84 and 0.84 million counts" in said[0]
    assert said[1:3] == ["The anterior view has 0.84 million counts.", "1 hotspot lies outside."]
    other = "1 warning as above with other numbers: results.csv has them."
    assert said[4:6] == ["2 hotspot lies outside.", other]
    assert said[7:] == ["3 hotspot lies outside.", "1 warning as above."]

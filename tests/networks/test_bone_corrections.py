"""The way of a person: judge scans, save, gather, train, install, and find hotspots with what was learned."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml

from napari_tbcad.bone.exports import export_case
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import BoneSettings, finish, give_hotspots, give_regions, start
from napari_tbcad.cli import main
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import read_labels
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scans import read_study
from napari_tbcad.networks.config import load_config
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.samples import decode, load_samples
from napari_tbcad.networks.store import load_network, save_network
from napari_tbcad.record import Record, Step
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.simulate.bone_samples import sample_scan_path, sample_truth_path

from .conftest import tiny

pytestmark = pytest.mark.usefixtures("one_thread")

SCANS = ("clean_woman", "few_lesions")
STERNUM = REGION_IDS["sternum"]
FEW = 4
"""Scans are made coarser by this in each direction."""


def coarse_scan(name: str, folder: Path) -> Path:
    """Write a sample scan with the counts of 4 × 4 pixels in one."""
    frames = []
    for frame in read_study(sample_scan_path(name)).frames:
        rows, columns = frame.pixels.shape
        frames.append(frame.pixels.reshape(rows // FEW, FEW, columns // FEW, FEW).sum((1, 3)))
    folder.mkdir(parents=True, exist_ok=True)
    return write_nuclear(folder / f"{name}.dcm", frames, name=f"ID {name}", spacing_mm=None)


def truth(name: str, view: str, kind: str) -> np.ndarray:
    path = sample_truth_path(name).with_name(f"{name}_{view}_{kind}.png")
    return read_labels(path)[::FEW, ::FEW]


def judged_and_saved(name: str, scan: Path, out: Path) -> None:
    """Do what a person does in the panel, by the truth, and what *Save results* does."""
    run = start(read_study(scan), BoneSettings())
    run.compute("scan")
    spots = {view: truth(name, view, "hotspots") for view in VIEWS}
    classes = {view: truth(name, view, "classes") for view in VIEWS}
    marks, seen = [], set()
    for view in VIEWS:
        spots[view] = np.where(np.isin(spots[view], list(seen)), 0, spots[view])
        for number in np.unique(spots[view][spots[view] > 0]).tolist():
            values = np.bincount(classes[view][spots[view] == number])
            label = "abnormal" if values.argmax() == 2 else "normal"
            marks.append(Mark(number, view, label, "brush", judged=True))
        seen |= {mark.id for mark in marks}
    give_regions(run, SkeletonRegions(*(truth(name, view, "regions") for view in VIEWS)), reader="Ana")
    give_hotspots(run, Hotspots(*(spots[view] for view in VIEWS), tuple(marks)), reader="Ana")
    out.mkdir(exist_ok=True)
    export_case(out, name, finish(run), run.settings, file=scan.as_posix(), files=[scan.as_posix()])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Two scans that a person judged: their folder, and the results."""
    folder = tmp_path_factory.mktemp("judged")
    for name in SCANS:
        judged_and_saved(name, coarse_scan(name, folder / "scans"), folder / "results")
    return folder / "scans", folder / "results"


@pytest.fixture
def network_of(tmp_path):
    """Return a function that writes a network that knows nothing, with its task and view."""

    def write(task: str, *views: str) -> Path:
        given = InputParameters.model_validate(
            {"height": 256, "width": 64, "intensity": "counts", "views": views}
        )
        path = tmp_path / f"start-{task}-{'-'.join(views)}.safetensors"
        save_network(tiny(task, input=given), path)
        return path

    return write


def test_judged_hotspots_become_a_network_that_the_bone_workflow_uses(
    saved, tmp_path, network_of, models, capfd
):
    scans, results = saved
    gathered = tmp_path / "corrections-hotspots"
    assert main(["networks", "corrections", str(results), "--what", "hotspots", "--out", str(gathered)]) == 0
    table = rows(gathered / "samples.csv")
    assert [row["view"] for row in table] == [*VIEWS, *VIEWS]
    assert len({row["patient"] for row in table}) == 2
    assert "--task 4 --view anterior" in capfd.readouterr().out

    front, back = network_of("4", "anterior"), network_of("4", "posterior")
    assert main(["networks", "template", "finetune", "--model", str(front)]) == 0
    path = tmp_path / "finetune.yaml"
    path.write_text(capfd.readouterr().out, encoding="utf-8")
    quick = ("--set", "fit.epochs=1", "--set", "fit.batch=2", "--device", "cpu")
    assert main(["networks", "train", str(path), "--out", str(tmp_path / "tuned"), *quick]) == 0
    said = capfd.readouterr().out
    assert "tensors taken, 0 left" in said
    assert "bone run SCANS --out DIR --set hotspots.network.anterior=" in said
    model = tmp_path / "tuned" / "model.safetensors"
    assert load_network(model).card.input.views == ("anterior",)
    assert main(["networks", "install", str(model), "--name", "ours"]) == 0

    out = tmp_path / "run"
    use = ("hotspots.network.anterior=ours", f"hotspots.network.posterior={back}")
    more = ("hotspots.network.device=cpu", "regions.atlas.persons=1", "regions.atlas.iterations=0")
    sets = [part for one in (*use, "regions.segmenter=atlas", *more) for part in ("--set", one)]
    assert main(["bone", "run", str(scans / "few_lesions.dcm"), "--out", str(out), *sets]) == 0
    (row,) = rows(out / "results.csv")
    assert row["segmenter"] == "network"
    record = Record.load(out / "records" / "few_lesions.json")
    (made,) = [entry for entry in record if isinstance(entry, Step) and entry.name == "hotspots"]
    assert load_network(model).sha256 in made.model, "the network that learned, not what stands in for it"


def test_corrected_regions_are_decoded_by_the_configuration_that_learns_from_them(
    saved, tmp_path, network_of, capfd
):
    _, results = saved
    gathered = tmp_path / "corrections-regions"
    assert main(["networks", "corrections", str(results), "--what", "regions", "--out", str(gathered)]) == 0
    capfd.readouterr()
    assert main(["networks", "template", "finetune", "--model", str(network_of("regions"))]) == 0
    path = tmp_path / "finetune.yaml"
    path.write_text(capfd.readouterr().out, encoding="utf-8")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["input"]["views"] = list(VIEWS)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    config = load_config(path)
    found = decode(load_samples(config.data.sources[0], config.scheme), config.input)
    assert len(found) == 4
    for labels, sample in zip(found.labels, found.samples, strict=True):
        assert (STERNUM in labels) == (sample.view == "anterior")
        assert len(np.unique(labels)) > 10

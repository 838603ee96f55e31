"""What a study of a batch is opened with: a person's masks, unless another image lies at its path by now."""

from __future__ import annotations

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.batch import left_by_hand
from napari_tbcad.batch.runs.window_jobs import BatchPlan
from napari_tbcad.bone.exports import HOTSPOT_COLUMNS
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.label_files import write_label_files
from napari_tbcad.bone.measure import measure_hotspots
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import settings_from as bone_settings
from napari_tbcad.bone.workflow import start as start_scan
from napari_tbcad.chest.workflow import settings_from, start
from napari_tbcad.files import write_csv
from napari_tbcad.io.masks import write_mask
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.io.scans import read_study
from napari_tbcad.journal import Journal
from napari_tbcad.record import Edit, Record, Step
from napari_tbcad.run_images import content_of
from napari_tbcad.widgets.batch.as_before import film_as_before, scan_as_before

pytestmark = pytest.mark.gui
QUICK = {"lungs.segmenter": "otsu"}
SHAPE = (64, 32)
GONE = "measured as in the batch, but without its masks, which may be of another image."
MIRRORED = {"mirrored_posterior": True}


def journal(out, name, *paths):
    """Write that a study was done from these files."""
    with Journal(out / "run" / "journal.jsonl") as lines:
        lines.add({"name": f"{name}0", "key": "of another", "files": []})
        lines.add({"name": name, "key": content_of(paths), "files": []})


def picture(path, seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def film(tmp_path):
    """A film with a mask that a person made for the batch, and a function that opens it."""
    path, out = picture(tmp_path / "a.png", 1), tmp_path / "out"
    labels = np.zeros((64, 64), np.uint8)
    labels[8:40, 4:20], labels[8:40, 40:60] = 1, 2
    write_mask(out / "masks" / "a_insensitive.png", labels)
    Record((Edit("insensitive", 9, tool="brush", reader="Ana"),)).save(out / "records" / "a.json")
    journal(out, "a", path)

    def opened(shown=None):
        run = start(shown or read_film(path), settings_from(QUICK))
        made = film_as_before(run, out=out, plan=BatchPlan(classifier="none", assignments=QUICK), name="a")
        values = dict.fromkeys(made.values, SimpleNamespace(labels=labels))
        return made.intake.run, made.check(values)

    return path, out, opened


def test_a_film_opens_with_the_masks_that_a_person_made_for_it(film):
    _, out, opened = film
    run, said = opened()
    assert run.edited("insensitive")
    assert run.journal[-1].reader == "Ana"
    assert said == "Masks exactly as in the batch."
    record = Record((Edit("insensitive", 9), Edit("insensitive", 9, tool="back to automatic")))
    record.save(out / "records" / "a.json")
    assert not opened()[0].edited("insensitive"), "it was taken back"


def test_a_film_that_took_the_place_of_another_does_not_get_its_masks(film):
    path, _, opened = film
    first = read_film(path)
    picture(path, 2)
    run, said = opened()
    assert not run.edited("insensitive")
    assert said == f"▲ a.png changed since the batch: {GONE}"
    second = read_film(path)
    picture(path, 1)
    run, said = opened(second)  # it was open already when the first one came back
    assert not run.edited("insensitive")
    assert said == f"▲ What is shown is not what a.png has now: {GONE}"
    assert opened(first)[0].edited("insensitive")


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """A scan that a person corrected and exported into the folder, and a function that opens it."""
    monkeypatch.setattr(left_by_hand, "_prepare", lambda run, name: None)
    body = np.zeros((2, *SHAPE))
    body[:, 4:60, 8:24] = np.random.default_rng(0).poisson(6, (2, 56, 16))
    path, out = write_nuclear(tmp_path / "b.dcm", body), tmp_path / "out"
    run = start_scan(read_study(path), bone_settings({f"views.{name}": True for name in MIRRORED}))
    (views,) = run.compute("scan")
    front, back = np.zeros((2, *SHAPE), np.uint16)
    front[10:12, 10:12] = front[20:22, 10:12] = 1  # one lesion in two pieces
    back[10:12, 10:12], back[30:32, 9:12], back[40:42, 14:17] = 2, 3, 4
    marks = (
        Mark(1, "anterior", "abnormal", "grow", True, linked=2),
        Mark(2, "posterior", "abnormal", "partner", True, linked=1),
        Mark(3, "posterior", "non_bone", "candidate", True, 0.25, uncertainty=0.5),
        Mark(4, "posterior", "ignore", "candidate"),
    )
    hotspots = Hotspots(front, back, marks)
    ribs = np.zeros(SHAPE, np.uint8)
    ribs[8:50, 8:16] = 7
    regions = SkeletonRegions(ribs, ribs)
    write_label_files(out / "masks", "b", hotspots=hotspots, regions=regions, scan=views)
    rows = [{"file": path, **asdict(row)} for row in measure_hotspots(hotspots, views, regions)]
    write_csv(out / "hotspots.csv", HOTSPOT_COLUMNS, [{"file": "x/b.dcm", "id": 1}, *rows])
    edits = (Edit("hotspots", 9, tool="grow", reader="Ana"), Edit("regions", 9, tool="brush"))
    Record((Step("views", MIRRORED), *edits)).save(out / "records" / "b.json")
    journal(out, "b", path)

    def opened():
        plan = BatchPlan(classifier="none", workflow="bone", masks=tmp_path / "given")
        made = scan_as_before(start_scan(read_study(path)), out=out, plan=plan, name="b")
        return made.intake.run, made.check({"hotspots": hotspots})

    # Those that the batch was given are not those that a person exported afterwards.
    write_label_files(tmp_path / "given", "b", hotspots=Hotspots(front * 0, back * 0), regions=regions)
    return path, out, opened, hotspots


def test_a_corrected_scan_that_was_exported_into_the_folder_opens_with_the_correction(scan):
    _, out, opened, hotspots = scan
    run, said = opened()
    assert said == "Hotspots exactly as in the batch."
    assert run.get("hotspots").marks == hotspots.marks
    np.testing.assert_array_equal(run.get("hotspots").posterior, hotspots.posterior)
    assert run.get("regions").posterior[8, 8] == 7
    assert [(edit.target, edit.tool, edit.reader) for edit in run.journal] == [
        ("regions", "file of the batch", ""),
        ("hotspots", "file of the batch", "Ana"),
    ]
    (out / "hotspots.csv").unlink()
    assert opened()[0].get("hotspots").anterior.any(), "of what the table said pixels are left"


def test_masks_of_the_batch_that_a_person_took_back_since_are_not_given_again(scan):
    _, out, opened, _ = scan
    record = Record.load(out / "records" / "b.json")
    backs = (Edit(name, 9, tool="back to automatic") for name in ("hotspots", "regions"))
    Record((*record, *backs)).save(out / "records" / "b.json")
    assert not opened()[0].journal


def test_a_scan_that_took_the_place_of_another_does_not_get_its_hotspots(scan):
    path, _, opened, _ = scan
    write_nuclear(path, np.ones((2, *SHAPE)))
    run, said = opened()
    assert not run.journal
    assert said == f"▲ b.dcm changed since the batch: {GONE}"

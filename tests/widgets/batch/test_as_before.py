"""What a study of a batch is opened with: a person's masks, unless another image lies at its path by now."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.batch.journal import Journal
from napari_tbcad.batch.runs.job import content_of
from napari_tbcad.batch.runs.window_jobs import BatchPlan
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.label_files import write_label_files
from napari_tbcad.bone.workflow import start as start_scan
from napari_tbcad.chest.workflow import settings_from, start
from napari_tbcad.io.masks import write_mask
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.io.scans import read_study
from napari_tbcad.record import Edit, Record
from napari_tbcad.widgets.batch.as_before import film_as_before, scan_as_before

pytestmark = pytest.mark.gui
QUICK = {"lungs.segmenter": "otsu"}
SHAPE = (64, 32)
GONE = "measured as in the batch, but without its masks, which may be of another image."


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
    _, _, opened = film
    run, said = opened()
    assert run.edited("insensitive")
    assert said == "Masks exactly as in the batch."


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


def test_a_scan_that_took_the_place_of_another_does_not_get_its_hotspots(tmp_path):
    path, out = write_nuclear(tmp_path / "b.dcm", np.ones((2, *SHAPE))), tmp_path / "out"
    journal(out, "b", path)
    write_nuclear(path, np.full((2, *SHAPE), 2))
    plan = BatchPlan(classifier="none", workflow="bone", masks=tmp_path)
    write_label_files(tmp_path, "b", hotspots=Hotspots(*np.zeros((2, *SHAPE), np.uint16)))
    made = scan_as_before(start_scan(read_study(path)), out=out, plan=plan, name="b")
    assert not made.intake.run.journal
    assert made.check({}) == f"▲ b.dcm changed since the batch: {GONE}"

"""A film of a real batch in the viewer: with its masks, and never over what a person did."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from napari_tbcad.batch.films import ChestJob
from napari_tbcad.batch.runs.inputs import chest_inputs
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.io.masks import read_mask, write_mask
from napari_tbcad.simulate.samples import write_simulated_set
from napari_tbcad.widgets.chest.bench import bench_of
from napari_tbcad.widgets.films import films_of
from napari_tbcad.widgets.proxies import bare

LONG_MS = 90_000
QUICK = {"lungs.segmenter": "otsu", "features.grid": 256, "opacities.enabled": False}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Folder of results of a run of the command line over two small films, one with a mask by hand."""
    place = tmp_path_factory.mktemp("run")
    write_simulated_set(place / "made", 2, seed=4, size=160)
    films = place / "made" / "films"
    job = ChestJob(place / "out", "none", QUICK, pictures=False)
    run_studies(chest_inputs(films), job)
    masks = place / "by hand"
    masks.mkdir()
    first = sorted((place / "out" / "masks").glob("*_insensitive.png"))[0]
    labels = read_mask(first, (160, 160))
    labels[60:70, 60:70] = 1
    write_mask(masks / first.name, labels)
    job = ChestJob(place / "out", "none", QUICK, masks=masks, pictures=False)
    run_studies(chest_inputs(films), job)
    return place / "out"


@pytest.fixture
def shown(docked, settled, run, qtbot):
    """Return a function that docks a panel and shows it the results of the command line."""

    def make():
        viewer, panel = docked()
        panel.take_files([run])
        settled(panel)
        qtbot.waitUntil(lambda: panel.session.rows.rowCount() == 2, timeout=LONG_MS)
        return viewer, panel

    return make


@pytest.fixture
def opened(qtbot):
    """Return a function that opens a row and waits until it is held against the batch's files."""

    def wait(panel, row):
        said = []
        panel.session.opener.opened.connect(said.append)
        panel.run.open(panel.session.rows.place(row))
        qtbot.waitUntil(lambda: bool(said), timeout=LONG_MS)
        panel.session.opener.opened.disconnect(said.append)
        session = bench_of(panel.session.viewer).session
        qtbot.waitUntil(lambda: session.settled, timeout=LONG_MS)
        return said[-1], session

    return wait


def test_a_film_opens_with_the_settings_and_masks_of_its_batch(shown, opened, run):
    viewer, panel = shown()
    assert panel.session.rows.counts["done"] == 2
    assert panel.session.plan.classifier == "none"
    said, session = opened(panel, 1)
    assert said == "Masks exactly as in the batch."
    assert session.run.settings.features.grid == 256
    name = panel.session.rows.all[1].name
    for kind in ("sensitive", "insensitive"):
        labels = session.value(kind).labels
        assert np.array_equal(labels, read_mask(run / "masks" / f"{name}_{kind}.png", labels.shape))
        assert not session.run.edited(kind)
    # the next one takes its place; a mask that a person had made for the batch is a person's here
    said, session = opened(panel, 0)
    assert said == "Masks exactly as in the batch."
    assert session.run.edited("insensitive")
    assert not session.run.edited("sensitive")
    assert len(films_of(bare(viewer))) == 1


def test_what_a_person_corrected_is_never_written_over(shown, opened, qtbot):
    viewer, panel = shown()
    _, session = opened(panel, 1)
    layer = session.layers.layer("insensitive")
    layer.paint((100, 100), 1)
    layer.name = "renamed"
    qtbot.waitUntil(lambda: session.settled and bool(session.run.journal), timeout=LONG_MS)
    before = session.value("insensitive").labels.copy()
    said, again = opened(panel, 1)
    assert said.startswith("As you left it")
    assert again is session
    assert np.array_equal(session.value("insensitive").labels, before)
    # another film does not take a corrected one away
    opened(panel, 0)
    assert len(films_of(bare(viewer))) == 2
    # deleted by the person, it opens anew as in the batch
    for one in list(bare(viewer).layers):
        viewer.layers.remove(one)
    said, _ = opened(panel, 1)
    assert said == "Masks exactly as in the batch."


def test_masks_that_differ_from_the_files_are_told(shown, opened, run, tmp_path):
    name = sorted(path.stem for path in (run / "masks").glob("*_sensitive.png"))[1]
    path = run / "masks" / f"{name}.png"
    kept = tmp_path / "kept.png"
    shutil.copy(path, kept)
    labels = read_mask(path, (160, 160))
    labels[:20] = 0
    labels[20:40, 20:60] = 1
    write_mask(path, labels)
    try:
        _, panel = shown()
        said, _ = opened(panel, 1)
    finally:
        shutil.copy(kept, path)
    assert "differ from those of the batch (Dice 0." in said


def test_two_windows_open_films_each_for_itself(shown, opened):
    one, first = shown()
    other, second = shown()
    opened(first, 0)
    assert films_of(bare(other)) == []
    opened(second, 1)
    names = [[film.name for film in films_of(bare(viewer))] for viewer in (one, other)]
    assert len(names[0]) == len(names[1]) == 1
    assert names[0] != names[1]


def test_a_renamed_film_and_a_deleted_mask_stay_those_of_their_study(shown, opened, qtbot):
    viewer, panel = shown()
    _, session = opened(panel, 1)
    session.layer.name = "my own name"
    viewer.layers.remove(session.layers.layer("sensitive"))
    before = session.layer
    # nobody corrected anything: it is chosen, not opened a second time, and its mask is there again
    said, again = opened(panel, 1)
    assert said == "Masks exactly as in the batch."
    assert films_of(bare(viewer)) == [before]
    assert before.name == "my own name"
    qtbot.waitUntil(lambda: again.layers.layer("sensitive") is not None, timeout=LONG_MS)
    # the next study takes its place under whatever name
    opened(panel, 0)
    assert before not in bare(viewer).layers

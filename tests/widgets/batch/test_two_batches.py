"""Two windows work through batches at once, each its own, while their studies are opened and taken apart."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.batch.runs import window_jobs as jobs
from napari_tbcad.widgets.chest.bench import bench_of
from napari_tbcad.widgets.films import films_of
from napari_tbcad.widgets.proxies import bare

LONG_MS = 90_000
QUICK = {"lungs.segmenter": "otsu", "features.grid": 256, "opacities.enabled": False}
FILMS = 4


@pytest.fixture
def started(docked, settled, qtbot, tmp_path, phantom_pixels):
    """Return a function that begins a batch of four small films, which a process of its own works on."""

    def start(name: str):
        folder = tmp_path / name / "films"  # both are called alike
        folder.mkdir(parents=True)
        for number in range(FILMS):
            film = np.roll(phantom_pixels, number, axis=0)
            Image.fromarray((film / film.max() * 255).astype(np.uint8)).save(folder / f"film{number}.png")
        viewer, panel = docked()
        session = panel.session
        session.configure(classifier="none")
        panel.take_files([folder])
        qtbot.waitUntil(lambda: session.found is not None, timeout=LONG_MS)
        qtbot.waitUntil(lambda: panel.choice.chain is not None, timeout=LONG_MS)
        session.configure(assignments=QUICK, workers=1)
        settled(panel)
        panel.run_bar.run_button.click()
        assert session.busy, session.problem
        return viewer, panel

    return start


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_two_batches_at_once_are_one_window_s_each(started, settled, qtbot, home, tmp_path):
    (one, first), (other, second) = started("a"), started("other")
    assert first.session.folder != second.session.folder
    opened: list[str] = []
    first.session.opener.opened.connect(opened.append)
    # what is done is opened while the rest is worked on; its film is renamed, one of its masks deleted
    qtbot.waitUntil(lambda: first.session.rows.counts["done"] > 0, timeout=LONG_MS)
    number = next(n for n, row in enumerate(first.session.rows.all) if row.finished)
    first.run.open(number)
    qtbot.waitUntil(lambda: bool(opened), timeout=LONG_MS)
    assert opened == ["Masks exactly as in the batch."]
    assert films_of(bare(other)) == []
    session = bench_of(first.session.viewer).session
    film = session.layer
    film.name = second.session.rows.all[number].file  # as the other window would call its own
    qtbot.waitUntil(lambda: session.layers.layer("sensitive") is not None, timeout=LONG_MS)
    one.layers.remove(session.layers.layer("sensitive"))
    # the other window begins to look at one, and its film is deleted before it is done
    qtbot.waitUntil(lambda: second.session.rows.counts["done"] > 0, timeout=LONG_MS)
    second.run.open(next(n for n, row in enumerate(second.session.rows.all) if row.finished))
    qtbot.waitUntil(lambda: bool(films_of(bare(other))), timeout=LONG_MS)
    other.layers.remove(films_of(bare(other))[0])
    for panel in (first, second):
        settled(panel)
        qtbot.waitUntil(lambda panel=panel: not panel.session.busy, timeout=LONG_MS)
        settled(panel)
    assert films_of(bare(one)) == [film]
    assert films_of(bare(other)) == []
    # each has its own films and results, and both lists name both
    for panel, name in ((first, "a"), (second, "other")):
        session = panel.session
        assert (session.problem, session.state.phase) == ("", "finished")
        assert session.rows.counts["done"] == FILMS
        given = [str(tmp_path / name / "films") in row["file"] for row in rows(session.out)]
        assert given == [True] * FILMS
        assert {state.folder for state in panel.shelf.states()} == {
            first.session.folder,
            second.session.folder,
        }
    # the one that the other window shows is deleted here: it says so when it is asked for
    shelf = first.shelf
    shelf.button.setChecked(True)
    wanted = second.session.folder
    qtbot.waitUntil(lambda: _phase_of(shelf, wanted) == "finished", timeout=LONG_MS)
    shelf.delete_button.click()
    shelf.sure_button.click()
    qtbot.waitUntil(lambda: not wanted.exists(), timeout=LONG_MS)
    second.run.open(0)
    assert second.run.problem.isHidden()  # the film itself is there
    second.result.open_table()
    assert "is not there any more" in second.result.problem.text().replace("\u200b", "")
    assert [state.folder for state in jobs.list_batches(home)] == [first.session.folder]
    settled(second)


def _phase_of(shelf, folder: Path) -> str:
    """Choose a batch of the list; return how far it is there."""
    for row in range(shelf.rows.count()):
        shelf.rows.setCurrentRow(row)
        if shelf.chosen.folder == folder:
            return shelf.chosen.phase
    return ""

"""Two windows with an evaluation panel each, films that a person renames or deletes, windows that go."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from qtpy.compat import isalive

from napari_tbcad.batch.evaluating.jobs import state_of
from napari_tbcad.widgets.chest.bench import bench_of
from napari_tbcad.widgets.child_work import Phase
from napari_tbcad.widgets.evaluating.films_step import OWN_MODEL
from napari_tbcad.widgets.films import film_in
from napari_tbcad.widgets.proxies import bare

LONG_MS = 90_000


@pytest.fixture
def ready(docked, settled, opened, qtbot):
    """Return a function that docks a panel in a new viewer and shows it a finished evaluation."""

    def make():
        viewer, panel = docked()
        panel.take_files([opened])
        settled(panel)
        panel.films.kind.setCurrentIndex(panel.films.kind.findData("all"))
        bench = bench_of(viewer)
        qtbot.waitUntil(lambda: not bench.shelf.loading, timeout=LONG_MS)
        return viewer, panel, bench

    return make


@pytest.fixture
def done(qtbot):
    """Return a function that waits until a film of the list is in its viewer, with its masks and answer."""

    def wait(panel, bench):
        qtbot.waitUntil(
            lambda: (
                not panel.films.opener.busy
                and not bench.shelf.loading
                and bench.session is not None
                and bench.session.settled
                and bench.session.value("result") is not None
            ),
            timeout=LONG_MS,
        )

    return wait


def click(panel, name):
    """Click a film of the list."""
    panel.films.search.setText(name)
    assert panel.films.table.rows.rowCount() == 1
    panel.films.table.clicked.emit(panel.films.table.rows.index(0, 1))


def masks(bench):
    return {bench.session.layers.layer(kind) for kind in bench.session.layers.kinds}


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_window_has_its_own_evaluation_and_films(ready, docked, settled, done, opened, qtbot):
    viewer, panel, bench = ready()
    # the window made last is the one that napari takes for the current one
    other_viewer, other = docked()
    assert other.session is not panel.session
    click(panel, "film01")
    done(panel, bench)
    assert bench.film in viewer.layers
    assert len(other_viewer.layers) == 0
    assert other.session.results is None
    assert other.films.card.isHidden()
    assert other.run_bar.run_button.text() == "Choose a data set…"
    # the same evaluation in the other window
    other.take_files([opened])
    settled(other)
    other.films.kind.setCurrentIndex(other.films.kind.findData("all"))
    other_bench, first = bench_of(other_viewer), bench.film
    click(other, "film02")
    done(other, other_bench)
    assert bench.film is first
    assert other_bench.film in other_viewer.layers
    assert masks(other_bench) <= set(other_viewer.layers)
    assert "film01.png" in panel.films.card.text()
    assert "film02.png" in other.films.card.text()
    # a window closed while it reads a film; the other one goes on
    click(panel, "film00")
    assert panel.films.opener.busy
    click(panel, "film02")
    opener = panel.films.opener
    viewer.close()
    qtbot.waitUntil(lambda: not opener.busy, timeout=LONG_MS)
    click(other, "film01")
    done(other, other_bench)
    assert other_bench.shelf.lent
    assert "film01.png" in other.films.card.text()


def test_layers_of_an_opened_film_are_renamed_and_deleted(ready, done, qtbot):
    viewer, panel, bench = ready()
    click(panel, "film01")
    done(panel, bench)
    for number, layer in enumerate(viewer.layers):
        layer.name = f"layer {number}"
    before = set(viewer.layers)
    click(panel, "film02")
    done(panel, bench)
    assert not before & set(viewer.layers)
    assert film_in(bench.film).source.endswith("film02.png")
    assert all(layer.contour for layer in masks(bench))
    # masks are deleted, then the film itself; nothing of them stays, and the own model is back
    for mask in masks(bench):
        viewer.layers.remove(mask)
    click(panel, "film01")
    done(panel, bench)
    assert masks(bench) <= set(viewer.layers)
    gone = bench.film  # somebody's console still holds it
    viewer.layers.remove(gone)
    qtbot.waitUntil(lambda: len(viewer.layers) == 0, timeout=LONG_MS)
    assert bench.shelf.lent == ""
    click(panel, "film01")
    done(panel, bench)
    again = bench.film
    assert again is not gone
    assert bench.shelf.lent
    # with another film beside it, the one that is open is chosen and not read once more
    bench.open_sample("normal_man")
    qtbot.waitUntil(lambda: bench.film not in (None, again), timeout=LONG_MS)
    click(panel, "film01")
    done(panel, bench)
    assert bench.film is again
    assert len(bench.films()) == 2


def test_of_two_clicks_the_last_one_counts(ready, done):
    viewer, panel, bench = ready()
    click(panel, "film01")
    click(panel, "film00")
    click(panel, "film02")
    done(panel, bench)
    assert film_in(bench.film).source.endswith("film02.png")
    assert "film02.png" in panel.films.card.text()
    assert len(bench.films()) == 1
    assert masks(bench) <= set(viewer.layers)


def test_a_film_is_never_judged_by_the_model_of_another_fold(ready, done, opened, qtbot, tiny_model):
    viewer, panel, bench = ready()
    films = panel.films.films
    fold = {name[-10:]: str(fold) for name, fold in zip(films.file, films.fold, strict=True)}
    first = "film01.png"
    second = next(name for name in ("film00.png", "film02.png") if fold[name] != fold[first])
    (opened / "models" / f"single_nb_{fold[second]}.skops").write_bytes(b"damaged")
    click(panel, first)
    done(panel, bench)
    # corrected by hand, it stays in the viewer, and its model with it
    kept, layer = bench.film, bench.session.layers.layer("insensitive")
    layer.data_setitem(np.nonzero(np.asarray(layer.data)[:40] == 0), 1)
    qtbot.waitUntil(lambda: bool(bench.session.run.journal), timeout=LONG_MS)
    click(panel, second)
    done(panel, bench)
    assert kept in viewer.layers
    assert bench.film is not kept
    assert bench.shelf.lent == ""
    assert bench.shelf.model is tiny_model
    # nobody reads there that it did not see the film; and asked for again, the film is not opened twice
    qtbot.waitUntil(lambda: OWN_MODEL in panel.films.card.text(), timeout=LONG_MS)
    assert "did not see" not in panel.films.card.text()
    there = bench.film
    click(panel, second)
    done(panel, bench)
    assert bench.film is there


@pytest.mark.parametrize("how", ["viewer.close", "button"])
def test_an_evaluation_whose_window_is_closed_goes_on_in_another(
    how, qtbot, child, docked, settled, evaluations, tmp_path
):
    (tmp_path / "films").mkdir()
    viewer, panel = docked()
    _, other = docked()
    heard: list[dict] = []
    for one in (panel, other):  # a finished one of each window fills its list
        one.take_files([tmp_path / "films"])
        settled(one)
        one.run_bar.run_button.click()
        settled(one)
        assert one.session.results is not None
    session, finished = panel.session, panel.session.folder
    session.said.connect(heard.append)
    child("waits")
    panel.choice.quick.click()
    qtbot.waitUntil(lambda: "film 12" in session.child.text, timeout=LONG_MS)
    pid, folder = next(event["pid"] for event in heard if event["event"] == "working"), session.folder
    assert folder != finished
    assert other.session.phase is Phase.IDLE
    assert running(pid)
    window = panel.window()
    if how == "button":
        window.close()
        qtbot.waitUntil(lambda: not isalive(window), timeout=LONG_MS)
        # Or napari's fixture would close it once more.
        del bare(viewer).window._qt_window
    else:
        viewer.close()
    qtbot.waitUntil(lambda: not running(pid), timeout=LONG_MS)
    qtbot.waitUntil(lambda: session.phase is Phase.IDLE, timeout=LONG_MS)
    assert json.loads((folder / "ended.json").read_text())["how"] == "stopped"
    assert state_of(folder).resumable
    # the other window lists it and goes on with it
    child("")
    other.shelf.button.click()
    qtbot.waitUntil(lambda: other.shelf.rows.count() == 3, timeout=LONG_MS)
    rows = other.shelf.rows
    for row in range(rows.count()):
        rows.setCurrentRow(row)
        if other.shelf.chosen.folder == folder:
            break
    assert other.shelf.resume_button.isEnabled()
    other.shelf.resume_button.click()
    settled(other)
    assert other.session.folder == folder
    assert other.session.results is not None
    assert state_of(folder).phase == "finished"


def test_what_another_window_evaluated_is_listed_once_the_panel_is_seen_again(
    qtbot, child, docked, settled, evaluations, tmp_path, make_napari_viewer_proxy
):
    (tmp_path / "films").mkdir()
    (_, panel), (_, other) = (docked(make_napari_viewer_proxy(show=True)) for _ in range(2))
    settled(other)
    child("")
    panel.take_files([tmp_path / "films"])
    settled(panel)
    panel.run_bar.run_button.click()
    settled(panel)
    qtbot.waitUntil(panel.shelf.button.isVisible, timeout=LONG_MS)
    assert not other.shelf.button.isVisible()
    other.hide()  # behind another tab, and in front again
    other.show()
    qtbot.waitUntil(other.shelf.button.isVisible, timeout=LONG_MS)

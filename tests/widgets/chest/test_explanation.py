"""The evidence for the decision: asked for, shown over the film, out of date after an edit, never unasked."""

from __future__ import annotations

import time

import numpy as np
import pytest

from napari_tbcad.imaging.grid import resize_labels

pytestmark = pytest.mark.gui


def layers_of(viewer):
    return [layer for layer in viewer.layers if layer.name.endswith(" evidence")]


@pytest.fixture
def shown(panel, finished, phantom_pixels, qtbot):
    """A panel with a result, and a function that waits until its decision is explained."""
    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels, name="film", scale=(0.5, 0.5))
    widget.run_bar.run_button.click()
    finished(widget)

    def explained():
        qtbot.waitUntil(lambda: not widget.session.explaining.busy, timeout=30_000)

    return viewer, widget, film, explained


def test_evidence_is_shown_when_asked_for_and_goes_with_an_edit(shown, finished, qtbot):
    viewer, widget, film, explained = shown
    box, explaining = widget.result.explanation, widget.session.explaining
    assert box.isVisibleTo(widget)
    assert not box.shown.isChecked()
    assert layers_of(viewer) == []
    box.shown.click()
    assert explaining.busy
    assert box.sentence.text() == "Explaining the decision…"
    explained()
    (layer,) = layers_of(viewer)
    assert [one.name for one in widget.bench.films()] == ["film"], "it is no film to choose"
    values = np.asarray(layer.data)
    lungs = resize_labels(widget.session.value("insensitive").labels, values.shape) > 0
    np.testing.assert_array_equal(values[~lungs], 0.5)
    assert np.ptp(values) > 0
    assert layer.colormap.map(np.array([0.5], np.float32))[0, 3] == 0
    assert box.sentence.text() == explaining.found.sentence
    assert "against it" in box.legend.text()
    assert not box.progress.isVisibleTo(widget)

    mask = widget.session.layers.layer("insensitive")
    rows, columns = np.nonzero(np.asarray(mask.data)[:100])
    before = explaining.found
    mask.data_setitem((rows, columns), 0)
    qtbot.waitUntil(lambda: layers_of(viewer) == [], timeout=10_000)
    assert box.sentence.text().startswith("Out of date: ")
    assert not box.sentence.isEnabled()
    finished(widget)
    qtbot.waitUntil(lambda: explaining.fresh and bool(layers_of(viewer)), timeout=30_000)
    assert explaining.found is not before
    assert box.sentence.isEnabled()
    box.shown.click()
    assert layers_of(viewer) == []
    assert not box.sentence.isVisibleTo(widget)


def test_nothing_is_given_away_while_the_answer_is_hidden_or_another_film_is_read(
    shown, finished, phantom_pixels, qtbot
):
    viewer, widget, film, explained = shown
    box = widget.result.explanation
    box.shown.click()
    explained()
    widget.bench.blind = True
    widget.bench.changed.emit()
    assert layers_of(viewer) == []
    qtbot.waitUntil(lambda: not box.isVisibleTo(widget), timeout=5000)
    assert box.sentence.text() == ""
    widget.bench.blind = False
    widget.bench.changed.emit()
    qtbot.waitUntil(lambda: len(layers_of(viewer)) == 1, timeout=5000)
    viewer.add_image(phantom_pixels[::-1].copy(), name="other")
    qtbot.waitUntil(lambda: layers_of(viewer) == [], timeout=5000)
    assert not widget.result.explanation.isVisibleTo(widget)
    widget.bench.choose(film)
    qtbot.waitUntil(lambda: len(layers_of(viewer)) == 1, timeout=5000)


def test_clearing_the_box_stops_the_work_and_a_failure_is_told(shown, monkeypatch, qtbot):
    viewer, widget, film, explained = shown
    from napari_tbcad.chest import explain as module
    from napari_tbcad.errors import BadInput, Cancelled

    seen = []

    def slow(run, *, progress, cancelled):
        progress(0.5, "")
        end = time.monotonic() + 30
        while not cancelled() and time.monotonic() < end:
            seen.append("working")
            time.sleep(0.01)
        seen.append("stopped")
        raise Cancelled("stopped")

    monkeypatch.setattr(module, "explain", slow)
    box = widget.result.explanation
    box.shown.click()
    qtbot.waitUntil(lambda: "working" in seen and box.progress.value() == 500, timeout=10_000)
    box.shown.click()
    qtbot.waitUntil(lambda: "stopped" in seen, timeout=5000)
    assert not widget.session.explaining.busy

    def failing(run, **_):
        raise BadInput("film", "no lung")

    monkeypatch.setattr(module, "explain", failing)
    box.shown.click()
    explained()
    qtbot.waitUntil(lambda: "no lung" in box.sentence.text(), timeout=5000)
    assert layers_of(viewer) == []

"""Whatever was painted is answered, kept or said, whoever painted it and whatever happens next."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.case import Case
from napari_tbcad.widgets.chest.shelf import ModelShelf

pytestmark = pytest.mark.gui

SETTINGS = ModelShelf.settings
"""As it is before the panel fixture puts its own quick ones in its place."""


@pytest.fixture
def ran(panel, finished, phantom_pixels):
    viewer, widget = panel()
    film = viewer.add_image(phantom_pixels, name="film")
    widget.run_bar.run_button.click()
    finished(widget)
    return viewer, widget, film


def erase(layer, rows):
    where = np.nonzero(np.asarray(layer.data)[rows])
    layer.data_setitem((where[0] + rows.start, where[1]), 0)


@pytest.mark.parametrize("kind", ["insensitive", "sensitive"])
def test_a_fill_by_a_script_as_the_first_edit_stays(ran, finished, kind, qtbot):
    _, widget, _ = ran
    layer = widget.session.layers.layer(kind)
    spot = tuple(int(np.median(index)) for index in np.nonzero(np.asarray(layer.data) == 1))
    layer.fill(spot, 2)
    filled = np.array(layer.data)
    qtbot.wait(100)
    widget.session.run_all()
    finished(widget)
    np.testing.assert_array_equal(layer.data, filled)
    np.testing.assert_array_equal(widget.session.value(kind).labels, filled)


def test_a_stroke_that_was_not_answered_is_kept_when_the_film_goes(ran, kept_aside, qtbot):
    _, widget, _ = ran
    layer = widget.session.layers.layer("insensitive")
    erase(layer, slice(100, 140))
    painted = np.array(layer.data)
    widget.bench.close_film()  # in the same breath
    # One that begins with a dot is still being written.
    qtbot.waitUntil(lambda: bool(list(kept_aside.glob("[!.]*.tbcad"))), timeout=30_000)
    (path,) = kept_aside.glob("[!.]*.tbcad")
    np.testing.assert_array_equal(Case.load(path).last.labels["insensitive"], painted)


def test_strokes_made_while_a_tool_computes_stay(ran, finished, qtbot):
    _, widget, _ = ran
    layer = widget.session.layers.layer("insensitive")

    def slow(labels):
        import time

        time.sleep(0.3)
        return np.where(np.arange(labels.shape[0])[:, None] < 90, 0, labels).astype(np.uint8)

    widget.session.edits.apply_later("insensitive", slow, "tool")
    erase(layer, slice(150, 170))
    finished(widget, timeout=30_000)
    qtbot.wait(500)
    finished(widget)
    assert not np.asarray(layer.data)[:90].any(), "the tool's work is lost"
    assert not np.asarray(layer.data)[150:170].any(), "the stroke is lost"


def test_a_tool_that_ends_after_its_layer_is_gone_changes_nothing(ran, finished, qtbot):
    viewer, widget, film = ran

    def slow(labels):
        import time

        time.sleep(0.3)
        return np.zeros_like(labels)

    widget.session.edits.apply_later("insensitive", slow, "tool")
    viewer.layers.remove(widget.session.layers.layer("insensitive"))
    qtbot.wait(600)
    widget.session.run_all()
    finished(widget)
    assert widget.session.layers.layer("insensitive").data.any()


def test_an_unexpected_error_while_an_edit_is_taken_is_said_and_the_paint_stays(ran, finished, monkeypatch):
    from napari_tbcad.chest import workflow

    _, widget, _ = ran
    layer = widget.session.layers.layer("insensitive")

    def broken(*_, **__):
        raise MemoryError("no more")

    with monkeypatch.context() as patch:
        patch.setattr(workflow, "give_mask", broken)
        erase(layer, slice(100, 140))
        painted = np.array(layer.data)
        finished(widget)
        assert any("no more" in text and "film" in text for text in widget.session.warnings())
        np.testing.assert_array_equal(layer.data, painted)
        assert not widget.session.fresh("result")
    erase(layer, slice(140, 150))
    finished(widget)
    np.testing.assert_array_equal(widget.session.value("insensitive").labels, layer.data)
    assert widget.session.fresh("result")


def test_the_answer_is_out_of_date_while_another_film_is_read(ran, finished, phantom_pixels):
    _, widget, film = ran
    assert widget.session.fresh("result")
    film.data = phantom_pixels[::-1].copy()
    assert not widget.session.fresh("result")
    finished(widget)


def test_masks_follow_a_film_that_is_moved_by_its_affine(ran, finished):
    _, widget, film = ran
    moved = np.eye(3)
    moved[:2, 2] = 30, -12
    film.affine = moved
    layer = widget.session.layers.layer("insensitive")
    np.testing.assert_allclose(layer.extent.world, film.extent.world)


def test_a_model_that_comes_late_leaves_what_the_person_set(ran, finished, tiny_model, monkeypatch):
    _, widget, _ = ran
    monkeypatch.setattr(ModelShelf, "settings", SETTINGS)
    session = widget.session
    polarity = session.run.settings.polarity.model_copy(update={"mode": "keep"})
    session.configure("polarity", polarity)
    from dataclasses import replace

    widget.bench.shelf.model = replace(tiny_model, sha256="1" * 64)
    widget.bench.shelf.ready.emit()
    finished(widget)
    assert session.run.settings.polarity.mode == "keep"
    assert session.run.settings.features.grid == 256


def test_a_model_that_comes_late_does_not_overrule_the_preferences(ran, finished, tiny_model, monkeypatch):
    from dataclasses import replace

    from napari_tbcad.widgets.chest import shelf
    from napari_tbcad.widgets.preferences import Preferences

    _, widget, _ = ran
    monkeypatch.setattr(ModelShelf, "settings", SETTINGS)
    monkeypatch.setattr(shelf, "preferences", lambda: Preferences(segmenter="atlas", autosave=None))
    assert widget.session.run.settings.lungs.segmenter == "otsu"
    card = tiny_model.card.model_copy(update={"masks": {"lungs": {"segmenter": "otsu"}}})
    widget.bench.shelf.model = replace(tiny_model, card=card, sha256="2" * 64)
    widget.bench.shelf.ready.emit()
    assert widget.session.run.settings.lungs.segmenter == "atlas"
    finished(widget)

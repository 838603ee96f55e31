"""Keys as a person presses them, on the canvas and in the panel's fields."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QWidget

from napari_tbcad.chain import State
from napari_tbcad.widgets.keys import KEYS

pytestmark = pytest.mark.gui

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def shown(panel, finished, phantom_pixels, qtbot):
    """Return a viewer, its panel and a function that presses a key on the canvas."""
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    viewer.window.show()
    finished(widget)
    canvas = next(w for w in widget.window().findChildren(QWidget) if w.inherits("QOpenGLWidget"))

    def press(key, modifier=NONE):
        QTest.keyClick(canvas, key, modifier)
        finished(widget)

    return viewer, widget, press


def active(viewer):
    layer = viewer.layers.selection.active
    return layer.name, str(layer.mode), layer.selected_label


def test_a_film_is_worked_through_without_the_mouse(shown, finished, tmp_path, qtbot):
    viewer, widget, press = shown
    press(Qt.Key.Key_R)  # nothing to paint yet: nothing happens
    press(Qt.Key.Key_B)
    press(Qt.Key.Key_R, CTRL_SHIFT)
    assert widget.session.state("result") is State.DONE
    press(Qt.Key.Key_R)
    assert active(viewer) == ("film insensitive", "paint", 1)
    press(Qt.Key.Key_L)
    assert active(viewer) == ("film insensitive", "paint", 2)
    press(Qt.Key.Key_S)
    assert widget.session.look.kind == "sensitive"
    assert viewer.layers.selection.active.name == "film sensitive"
    press(Qt.Key.Key_L)
    assert active(viewer) == ("film sensitive", "paint", 2)

    layer = viewer.layers.selection.active
    automatic = np.array(layer.data)
    layer.paint((128, 128), 2)
    finished(widget)
    assert widget.session.run.edited("sensitive")
    press(Qt.Key.Key_D)
    assert widget.correct.outlines["difference"].isChecked()
    press(Qt.Key.Key_B)
    np.testing.assert_array_equal(layer.data, automatic)
    assert not widget.session.run.edited("sensitive")
    press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert widget.session.run.edited("sensitive")

    press(Qt.Key.Key_T)
    assert widget.enhance.preview.isChecked()
    press(Qt.Key.Key_T)
    assert not widget.enhance.preview.isChecked()

    asked = []
    widget.exporter.ask_where_to_save = lambda: asked.append(1)
    press(Qt.Key.Key_S, CTRL_SHIFT)
    assert asked == [1]


def test_keys_of_viewing(shown, qtbot):
    viewer, widget, press = shown
    (film,) = (layer for layer in viewer.layers if layer.name == "film")
    window = tuple(film.contrast_limits)
    press(Qt.Key.Key_W, SHIFT)  # full range: without a stored window the same
    press(Qt.Key.Key_W, SHIFT)  # lung fields
    assert tuple(film.contrast_limits) != window
    press(Qt.Key.Key_W)
    assert tuple(film.contrast_limits) == pytest.approx(window)
    press(Qt.Key.Key_I, SHIFT)
    assert widget.header.view_bar.invert_button.isChecked()
    press(Qt.Key.Key_I, SHIFT)
    press(Qt.Key.Key_R, SHIFT)
    assert widget.header.view_bar.ruler_button.isChecked()
    press(Qt.Key.Key_R, SHIFT)
    press(Qt.Key.Key_F1)
    sheets = [w for w in QApplication.topLevelWidgets() if type(w).__name__ == "HelpSheet" and w.isVisible()]
    assert len(sheets) == 1
    sheets[0].close()


def test_keys_typed_into_a_field_are_text(shown, finished):
    viewer, widget, press = shown
    widget.run_all()
    finished(widget)
    before = active_of(viewer)
    widget.masks.set_open(True)
    field = next(w for w in widget.masks.findChildren(QAbstractSpinBox) if w.isVisible())
    field.setFocus()
    for key in (Qt.Key.Key_R, Qt.Key.Key_S, Qt.Key.Key_B, Qt.Key.Key_D):
        QTest.keyClick(field, key)
    finished(widget)
    assert active_of(viewer) == before
    assert widget.session.look.kind == "insensitive"
    assert widget.session.look.outline == ""


def active_of(viewer):
    return getattr(viewer.layers.selection.active, "name", None)


def test_no_key_of_ours_is_lost_when_panels_come_and_go(panel, finished, phantom_pixels, qtbot):
    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    finished(widget)

    def ours():
        presses = [press for press in viewer.keymap.values() if type(press).__name__ == "_Press"]
        return {press.name for press in presses}

    chest = {key.name for key in KEYS if key.scope in ("chest", "panel", "view")}
    assert ours() == chest
    viewer.window.remove_dock_widget(widget)
    assert ours() == set()
    viewer.window.add_dock_widget(widget, name="Chest X-ray")
    assert ours() == chest

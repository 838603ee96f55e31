"""The registry of keys: unique, free, bound to objects, quiet in text fields; the sheet and the bar."""

from __future__ import annotations

import gc
import weakref
from collections import Counter

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QLineEdit, QMainWindow, QPushButton, QVBoxLayout, QWidget

from napari_tbcad.widgets.keys import KEYS, Key, bind, conflicts, key_of
from napari_tbcad.widgets.parts.help_sheet import HelpSheet, help_html
from napari_tbcad.widgets.parts.view_bar import ViewBar

R = coerce_keybinding("R")


def press(holder, binding=R):
    """Call what napari would call."""
    holder.keymap[binding](holder)


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def done():
    return []


def test_every_key_is_there_once_and_says_what_it_does():
    for value in ("name", "keys"):
        twice = [n for n, count in Counter(getattr(key, value) for key in KEYS).items() if count > 1]
        assert not twice
    for key in KEYS:
        assert str(coerce_keybinding(key.keys)) == key.keys, "not in napari's own spelling"
        assert "unknown" not in str(coerce_keybinding(key.keys))
        assert key.title
        assert key.description.endswith(".")


def test_keys_are_bound_to_objects_and_given_back(viewer, done):
    layer, other = viewer.add_labels(np.zeros((4, 4), int)), viewer.add_labels(np.zeros((4, 4), int))
    of_others = lambda viewer: done.append("theirs")  # noqa: E731
    viewer.bind_key("R", of_others)
    classes = dict(Labels.class_keymap), dict(type(viewer).class_keymap)
    bindings = bind(viewer, [layer], {"right_lung": lambda: done.append("right")})
    press(viewer)
    press(layer)
    assert done == ["right", "right"]
    assert R not in other.keymap
    assert [key.name for key in bindings.keys] == ["right_lung"]
    bindings.add(other)
    bindings.add(other)
    press(other)
    bindings.release()
    bindings.release()
    assert viewer.keymap == {R: of_others}
    assert not layer.keymap
    assert not other.keymap
    assert (dict(Labels.class_keymap), dict(type(viewer).class_keymap)) == classes


def test_panels_that_share_a_viewer_may_be_closed_in_any_order(viewer, done):
    first = bind(viewer, [], {"right_lung": lambda: done.append(1)})
    second = bind(viewer, [], {"right_lung": lambda: done.append(2)})
    press(viewer)
    first.release()
    press(viewer)
    assert done == [2, 2]
    second.release()
    assert not viewer.keymap
    first = bind(viewer, [], {"right_lung": lambda: done.append(1)})
    second = bind(viewer, [], {"right_lung": lambda: done.append(2)})
    second.release()
    press(viewer)
    assert done[-1] == 1
    viewer.bind_key("R", lambda viewer: done.append("theirs"), overwrite=True)
    first.release()
    press(viewer)
    assert done[-1] == "theirs"


def test_a_viewer_keeps_no_panel_alive_and_an_unknown_action_is_refused(viewer, done):
    forgotten = weakref.ref(bind(viewer, [], {"right_lung": lambda: done.append(1)}))
    gc.collect()
    assert forgotten() is None
    press(viewer)
    assert not done
    with pytest.raises(ValueError, match="fly"):
        bind(viewer, [], {"fly": lambda: None})


def test_a_layer_that_is_gone_breaks_nothing(viewer, done):
    layer = viewer.add_labels(np.zeros((4, 4), int))
    bindings = bind(viewer, [layer], {"right_lung": lambda: done.append(1)})
    viewer.layers.remove(layer)
    del layer
    gc.collect()
    press(viewer)
    bindings.release()
    assert done == [1]


def test_a_taken_key_is_said_and_by_what(viewer):
    assert conflicts(viewer) == ()
    viewer.bind_key("R", lambda viewer: None)
    (said,) = conflicts(viewer)
    assert said.startswith("R (Right lung) is taken by")
    bind(viewer, [], {})
    viewer.bind_key("R", None)
    kept = bind(viewer, [], {"right_lung": lambda: None})
    assert conflicts(viewer) == ()
    kept.release()


def test_the_sheet_lists_what_it_is_given():
    text = help_html([key_of("right_lung"), key_of("help")], conflicts=["R is <taken>."])
    assert "Right lung" in text
    assert "F1 or ?" in text
    assert "R is &lt;taken&gt;." in text
    assert "Worklist" not in text
    assert "Eraser" in text
    assert "color" not in text


def test_the_sheet_closes_with_escape_and_lets_the_work_go_on(qtbot):
    sheet = HelpSheet()
    qtbot.addWidget(sheet)
    sheet.toggle()
    assert sheet.isVisible()
    assert not sheet.isModal()
    QTest.keyClick(sheet.text, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    sheet.toggle()
    sheet.toggle()
    assert not sheet.isVisible()


def test_the_bar_speaks_of_what_a_person_does_only(qtbot):
    bar = ViewBar(("One", "Two"), help_key="?")
    qtbot.addWidget(bar)
    said = []
    bar.preset.connect(said.append)
    bar.invert.connect(lambda on: said.append(("invert", on)))
    bar.ruler.connect(lambda on: said.append(("ruler", on)))
    bar.help.connect(lambda: said.append("help"))
    bar.show_inverted(True)
    bar.show_ruler(True)
    bar.show_window("W 40000.25 L 123456.5, a long text that must not widen the panel")
    assert said == []
    assert bar.minimumSizeHint().width() <= 300
    assert bar.invert_button.isChecked()
    assert bar.ruler_button.isChecked()
    bar.show()
    for button in (bar.invert_button, bar.ruler_button, bar.help_button):
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_Space)
    bar.menu.actions()[1].trigger()
    assert said == [("invert", False), ("ruler", False), "help", "Two"]
    bar.set_available(window=False, ruler=True)
    assert not bar.window_button.isEnabled()
    assert bar.ruler_button.isEnabled()
    for button in (bar.window_button, bar.invert_button, bar.ruler_button, bar.help_button):
        assert button.accessibleName()
        assert button.toolTip()


@pytest.mark.gui
def test_in_a_window(make_napari_viewer_proxy, qtbot, done):
    viewer = make_napari_viewer_proxy(show=True)
    viewer.add_image(np.zeros((20, 20)))
    mask, other = (viewer.add_labels(np.zeros((20, 20), int)) for _ in range(2))
    assert conflicts(viewer) == ()
    assert "Save Selected Layers" in conflicts(viewer, [Key("x", "Ctrl+S", "chest", "Save", "")])[0]
    assert "activate labels paint mode" in conflicts(viewer, [Key("x", "P", "chest", "Paint", "")])[0]

    panel = QWidget()
    column = QVBoxLayout(panel)
    button, line, combo = QPushButton("Run"), QLineEdit(), QComboBox()
    combo.setEditable(True)
    bar = ViewBar((), help_key=key_of("help").also)
    bar.help.connect(lambda: done.append("?"))
    for widget in (bar, button, line, combo):
        column.addWidget(widget)
    viewer.window.add_dock_widget(panel)
    actions = {key.name: (lambda name=key.name: done.append(name)) for key in KEYS}
    bindings = bind(viewer, [mask], actions)
    (window,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMainWindow) and w.isVisible()]
    (canvas,) = [w for w in window.findChildren(QWidget) if type(w).__name__.startswith("CanvasBackend")]
    window.activateWindow()
    ctrl_shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier

    # On a mask of ours L and B are ours, on any other layer napari's.
    viewer.layers.selection.active = mask
    for key in (Qt.Key.Key_R, Qt.Key.Key_L, Qt.Key.Key_B, Qt.Key.Key_Comma, Qt.Key.Key_F1):
        QTest.keyClick(canvas, key)
    QTest.keyClick(canvas, Qt.Key.Key_S, ctrl_shift)
    QTest.keyClick(canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert done == [
        "right_lung",
        "left_lung",
        "to_automatic",
        "previous",
        "help",
        "save_case",
        "ruler",
        "done",
    ]
    assert mask.mode == "pan_zoom"
    done.clear()
    viewer.layers.selection.active = other
    QTest.keyClick(canvas, Qt.Key.Key_L)
    QTest.keyClick(canvas, Qt.Key.Key_R)
    assert done == ["right_lung"]
    assert other.mode == "pick"

    # napari's table has no name for the question mark: the bar's button has it.
    done.clear()
    qtbot.waitUntil(window.isActiveWindow, timeout=2000)
    QTest.keyClick(canvas, "?")
    qtbot.waitUntil(lambda: done == ["?"], timeout=2000)

    # From a button in the panel keys reach the viewer; in a text field they are text.
    done.clear()
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_T)
    assert done == ["preview"]
    done.clear()
    for field in (line, combo):
        field.setFocus()
        qtbot.waitUntil(field.hasFocus, timeout=2000)
        for key in (Qt.Key.Key_R, Qt.Key.Key_F1, Qt.Key.Key_Period):
            QTest.keyClick(QApplication.focusWidget(), key)
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_S, ctrl_shift)
        QTest.keyClick(QApplication.focusWidget(), "?")
    assert line.text() == "r.?"
    assert done == []

    bindings.release()
    canvas.setFocus()
    viewer.layers.selection.active = mask
    QTest.keyClick(canvas, Qt.Key.Key_R)
    QTest.keyClick(canvas, Qt.Key.Key_L)
    assert done == []
    assert mask.mode == "pick"

"""A whole film without a mouse; every control has a name and says what it does."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractItemView, QApplication, QLineEdit, QScrollArea, QScrollBar, QWidget

from napari_tbcad.chain import State

pytestmark = pytest.mark.gui


def focusable(widget):
    """List the controls of a panel that the Tab key may reach once they are shown."""
    own = []
    for child in widget.findChildren(QWidget):
        inner = isinstance(child, QLineEdit) and child.objectName() == "qt_spinbox_lineedit"
        if inner or isinstance(child, QScrollArea | QScrollBar) or child.window() is not widget.window():
            continue
        if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.objectName() != "qt_scrollarea_viewport":
            own.append(child)
    return own


def name_of(control):
    text = getattr(control, "text", None)
    return control.accessibleName() or (text() if callable(text) else "")


def tab_round(widget, most=150):
    """Press Tab until the focus comes back; return what was reached, in order."""
    reached = []
    for _ in range(most):
        QTest.keyClick(QApplication.focusWidget() or widget, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        if focus is None or focus in reached or not widget.isAncestorOf(focus):
            break
        reached.append(focus)
    return reached


@pytest.mark.parametrize(
    "name",
    [
        "Chest X-ray",
        "Chest worklist",
        "Chest 1 Enhance",
        "Chest 2 Lung masks",
        "Chest 3 Correct",
        "Chest 4 Features",
        "Chest 5 Result",
    ],
)
def test_every_control_has_a_name_and_a_tooltip(panel, finished, phantom_pixels, name):
    from napari_tbcad.widgets.chest import panel as panels
    from napari_tbcad.widgets.chest.worklist import WorklistPanel

    viewer, widget = panel()
    viewer.add_image(phantom_pixels, name="film")
    finished(widget)
    if name != "Chest X-ray":
        made = (
            WorklistPanel
            if name == "Chest worklist"
            else getattr(panels, f"{name[8:].split()[-1].title()}Panel")
        )
        widget = made(viewer)
        viewer.window.add_dock_widget(widget, name=name)
    finished(widget)
    controls = focusable(widget)
    assert len(controls) >= 4
    nameless = [(type(c).__name__, c.objectName(), c.toolTip()) for c in controls if not name_of(c)]
    assert nameless == []
    # A table's rows and headings have tooltips of their own.
    silent = [
        (type(c).__name__, name_of(c))
        for c in controls
        if not c.toolTip() and not isinstance(c, QAbstractItemView)
    ]
    assert silent == []


def place(widget, child):
    return child.mapTo(widget, QPoint(0, child.height() // 2)).y()


def test_a_whole_film_by_keyboard(panel, finished, qtbot, tmp_path, monkeypatch):
    from qtpy.QtWidgets import QFileDialog

    viewer, widget = panel()
    window = widget.window()
    window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window, timeout=5_000)
    widget.header.picker.setFocus()

    def go_to(control, most=120):
        for _ in range(most):
            if QApplication.focusWidget() is control:
                break
            QTest.keyClick(QApplication.focusWidget() or widget, Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is control, name_of(control)
        assert widget.focus_ring.frame is not None
        assert widget.focus_ring.frame.isVisible()

    def press(control, key=Qt.Key.Key_Space):
        go_to(control)
        QTest.keyClick(control, key)

    sample = next(b for b in focusable(widget.empty) if name_of(b) == "Normal sample")
    press(sample)
    qtbot.waitUntil(lambda: widget.session is not None, timeout=30_000)
    finished(widget)
    window.activateWindow()
    widget.header.picker.setFocus()

    order = tab_round(widget)
    heights = [place(widget, control) for control in order]
    back = [
        (name_of(b), a - c) for b, a, c in zip(order[1:], heights, heights[1:], strict=False) if a - c > 12
    ]
    assert back == [], "Tab goes down the panel as the eye does"
    assert widget.run_bar.run_button in order

    widget.header.picker.setFocus()
    press(widget.run_bar.run_button)
    finished(widget)
    assert widget.session.state("result") is State.DONE
    heads = {step: next(c for c in focusable(step) if name_of(c).startswith("Step")) for step in widget.steps}
    press(heads[widget.correct], Qt.Key.Key_Return)
    assert widget.correct.is_open
    press(widget.correct.kinds["insensitive"])
    go_to(widget.correct.kinds["insensitive"])
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Up)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
    kind = widget.session.look.kind
    press(widget.correct.brushes[1])
    layer = widget.session.layers.layer(kind)
    assert (str(layer.mode), layer.selected_label) == ("paint", 1)
    canvas = next(w for w in window.findChildren(QWidget) if type(w).__name__ == "CanvasBackendDesktop")
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_L)
    assert layer.selected_label == 2
    QTest.keyClick(canvas, Qt.Key.Key_R)
    assert (str(layer.mode), layer.selected_label) == ("paint", 1)
    # The stroke itself is a hand's, by mouse or pen.
    layer.data_setitem((np.array([5, 6]), np.array([5, 6])), 1)
    finished(widget)
    assert widget.session.run.edited(kind)
    widget.header.picker.setFocus()
    press(widget.correct.back_button)
    finished(widget)
    assert not widget.session.run.edited(kind)
    if not widget.result.is_open:
        press(heads[widget.result], Qt.Key.Key_Return)
    assert widget.result.is_open
    saved = tmp_path / "film.tbcad"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_, **__: (str(saved), "")))
    press(widget.run_bar.save_button)
    finished(widget)
    qtbot.waitUntil(saved.is_file, timeout=10_000)

"""Tools on the canvas of a bone scan, by a real mouse on it, and the row of buttons in the panel."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from scipy.ndimage import gaussian_filter, maximum_filter

from napari_tbcad.widgets.bone.tools import Tools
from napari_tbcad.widgets.bone.tools.gestures import Adding, Asking, Boxing, Choosing, Growing, gesture_of
from napari_tbcad.widgets.bone.tools.places import bounds_between, hotspot_at, hotspot_on_line
from napari_tbcad.widgets.bone.tools.proposal import outline_of

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
PLAIN = Qt.KeyboardModifier.NoModifier


class Hand:
    """A mouse over the canvas of a panel's viewer; places are rows and columns of a view."""

    def __init__(self, widget, qtbot):
        window = widget.window()
        window.show()
        window.resize(1280, 800)
        qtbot.waitUntil(lambda: widget.bench.active)
        qtbot.wait(50)
        self.overlay = widget.bench.viewing.overlay
        self.canvas = self.overlay.canvas

    def at(self, view, place):
        return self.overlay.sight(view, *place)

    def send(self, kind, spot, button=LEFT, keys=PLAIN):
        held = NONE if kind == QEvent.Type.MouseButtonRelease else button
        pushed = NONE if kind == QEvent.Type.MouseMove else button
        event = QMouseEvent(kind, QPointF(spot), self.canvas.mapToGlobal(QPointF(spot)), pushed, held, keys)
        QApplication.sendEvent(self.canvas, event)

    def press(self, view, place, button=LEFT, keys=PLAIN):
        self.send(QEvent.Type.MouseButtonPress, self.at(view, place), button, keys)

    def move(self, view, place, button=LEFT, keys=PLAIN):
        self.send(QEvent.Type.MouseMove, self.at(view, place), button, keys)

    def release(self, view, place, button=LEFT, keys=PLAIN):
        self.send(QEvent.Type.MouseButtonRelease, self.at(view, place), button, keys)

    def click(self, view, place, button=LEFT, keys=PLAIN):
        self.press(view, place, button, keys)
        self.release(view, place, button, keys)

    def drag(self, view, start, end, button=LEFT, keys=PLAIN):
        self.press(view, start, button, keys)
        for part in (0.3, 0.7, 1.0):
            # vispy leaves out moves that follow too soon.
            QTest.qWait(12)
            self.move(view, np.add(start, part * np.subtract(end, start)), button, keys)
        self.release(view, end, button, keys)


def layer(viewer, ending):
    return next(one for one in viewer.layers if one.name.endswith(ending))


def hottest(counts, *, but=()):
    """Return the place of the highest smoothed count, far from others."""
    smooth = gaussian_filter(np.asarray(counts, float), 1.5)
    for row, column in but:
        smooth[max(row - 25, 0) : row + 25, max(column - 25, 0) : column + 25] = 0
    return tuple(int(n) for n in np.unravel_index(smooth.argmax(), smooth.shape))


def numbers(widget):
    hotspots = widget.session.value("hotspots")
    return [] if hotspots is None else [mark.id for mark in hotspots.marks]


# -- pure ---------------------------------------------------------------------------------------------


class Layers:
    """The hotspot layers of a scan, as far as the tools look at them."""

    def __init__(self, labels):
        self.labels = labels

    def layer(self, kind):
        return (
            type("Layer", (), {"data": self.labels, "visible": True}) if kind == "anterior hotspots" else None
        )


def test_a_box_holds_every_pixel_that_it_touches():
    assert bounds_between((10.0, 20.0), (12.0, 21.0)) == (10, 20, 13, 22)
    assert bounds_between((12.4, 21.6), (9.6, 20.4)) == (10, 20, 13, 23)
    assert bounds_between((-0.5, -0.5), (7.5, 3.5)) == (0, 0, 8, 4)


def test_the_nearest_hotspot_within_reach_is_meant_and_none_beyond():
    from napari_tbcad.widgets.bone.tools.places import Place

    labels = np.zeros((20, 20), np.uint16)
    labels[5, 5], labels[5, 9] = 3, 4
    at = lambda row, column, reach=0.0: hotspot_at(Layers(labels), Place("anterior", row, column), reach)  # noqa: E731
    assert at(5.4, 4.6) == 3
    assert at(5, 7) is None
    assert at(5, 6.8, 3) == 3
    assert at(5, 7.2, 3) == 4
    assert at(9, 7, 3) is None
    assert hotspot_at(Layers(labels), Place("posterior", 5, 5), 3) is None


def test_a_line_parts_the_hotspot_it_runs_through_the_longest_or_the_one_chosen():
    labels = np.zeros((20, 40), np.uint16)
    labels[5:15, 5:10], labels[5:15, 20:35] = 3, 4
    crossed = lambda *ends, **chosen: hotspot_on_line(Layers(labels), "anterior", *ends, **chosen)  # noqa: E731
    assert crossed((10, 0), (10, 39)) == 4
    assert crossed((10, 0), (10, 39), first=3) == 3
    assert crossed((10, 0), (10, 39), first=7) == 4
    assert crossed((10, -30), (10, 15)) == 3
    assert crossed((0, 0), (0, 39)) is None


def test_an_outline_goes_around_every_part_and_stays_off_its_pixels():
    mask = np.zeros((12, 16), bool)
    mask[0:3, 0:4] = mask[8:11, 12:16] = True
    lines = outline_of(mask)
    assert len(lines) == 2
    for line in lines:
        assert line[0] == line[-1]
        assert all(abs(row % 1 - 0.5) < 1e-6 or abs(column % 1 - 0.5) < 1e-6 for row, column in line)
    rows, columns = np.array(lines[0]).T
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (-0.5, 2.5, -0.5, 3.5)
    assert outline_of(np.zeros((4, 4), bool)) == []


def test_what_a_press_begins():
    of = lambda tool, button, *keys, on=False: gesture_of(tool, button, keys, on_hotspot=on)  # noqa: E731
    assert of(None, 1) is Choosing
    assert of("box", 1) is Boxing
    assert of("box", 1, "Shift") is of(None, 1, "Shift") is Growing
    assert of("grow", 1, "Shift", on=True) is of(None, 1, "Control") is Adding
    assert of("box", 2) is Asking
    assert of("box", 1, "Alt") is of(None, 2, "Shift") is of("grow", 3) is None


# -- on the canvas ------------------------------------------------------------------------------------


@pytest.mark.gui
def test_hotspots_are_made_by_mouse_before_any_detector_ran(opened, finished, qtbot):
    viewer, widget = opened(run=False)
    hand, session = Hand(widget, qtbot), widget.session
    tools, look, row = widget.bench.viewing.tools, session.look, widget.hotspots.tools
    scan = session.value("scan")
    first = hottest(scan.anterior.counts)
    second = hottest(scan.anterior.counts, but=[first])
    posterior = hottest(scan.posterior.counts)
    camera = viewer.scene.camera
    still = tuple(camera.center), camera.zoom

    # Shift-click: grown at once, judged, chosen, in its layer.
    hand.click("anterior", first, keys=SHIFT)
    assert numbers(widget) == [look.chosen] == [1]
    mark = session.value("hotspots").mark(1)
    assert (mark.view, mark.origin, mark.judged) == ("anterior", "grow", True)
    qtbot.waitUntil(lambda: any(one.name.endswith("anterior hotspots") for one in viewer.layers))
    finished(widget)
    pixels = layer(viewer, "anterior hotspots")
    assert pixels.data[first] == 1

    # The slider grows it again, as the same step.
    before = np.count_nonzero(pixels.data)
    assert row.options.currentWidget() is row.options.grow
    row.options.grow.slider.setValue(80)
    assert 0 < np.count_nonzero(pixels.data) < before
    row.options.grow.slider.setValue(45)
    qtbot.waitUntil(lambda: np.count_nonzero(pixels.data) == before)
    qtbot.waitUntil(row.buttons["undo"].isEnabled)
    row.buttons["undo"].click()
    assert numbers(widget) == []
    assert not pixels.data.any()
    qtbot.waitUntil(row.buttons["redo"].isEnabled)
    row.buttons["redo"].click()
    assert numbers(widget) == [1]

    # A box; the view stays where it is, and a click with the tool chooses.
    row.buttons["box"].click()
    assert tools.current == "box"
    assert "box" in tools.text
    corner, opposite = np.subtract(second, 9), np.add(second, 9)
    hand.press("anterior", corner)
    hand.move("anterior", opposite)
    assert numbers(widget) == [1]
    hand.release("anterior", opposite)
    assert numbers(widget) == [1, 2]
    rows, columns = np.nonzero(pixels.data == 2)
    assert corner[0] <= rows.min()
    assert rows.max() <= opposite[0]
    assert columns.max() <= opposite[1]
    hand.click("anterior", first)
    assert look.chosen == 1
    hand.click("anterior", (rows[0], columns[0]), keys=CONTROL)
    assert look.selected == (1, 2)
    # With the whole body in sight Shift-click beside a hotspot is meant for another one.
    asked, hands = [], session.hands
    hands.grow = lambda view, seed: asked.append(view) or 1
    hand.click("anterior", (rows[0] - 3, columns[0]), keys=SHIFT)
    del hands.grow
    assert asked == ["anterior"]
    assert look.selected == (1, 2)
    qtbot.waitUntil(row.buttons["merge"].isEnabled)

    # What cannot be done says why, and changes nothing.
    flat = np.argwhere(maximum_filter(scan.anterior.counts, 9, mode="constant", cval=1) == 0)[0]
    hand.drag("anterior", np.subtract(flat, 3), np.add(flat, 3))
    assert numbers(widget) == [1, 2]
    assert tools.text == session.hands.message != ""

    # A line parts a hotspot; the chosen one where it crosses several.
    tools.take("split")
    look.choose(2)
    middle = (rows.min() + rows.max()) / 2
    hand.drag("anterior", (middle, columns.min() - 3), (middle, columns.max() + 3))
    assert numbers(widget) == [1, 2, 3]
    hand.drag("anterior", (2, 2), (2, 20))
    assert "no hotspot" in tools.text
    assert (tuple(camera.center), camera.zoom) == still

    # Esc puts the tool down; then napari pans.
    QTest.keyClick(hand.canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: tools.current is None)
    hand.drag("anterior", (200, 20), (220, 30))
    assert tuple(camera.center) != still[0]
    assert numbers(widget) == [1, 2, 3]

    # A brush that follows into the other view, and finds the hotspot it is meant for.
    row.buttons["brush"].click()
    hand.drag("posterior", posterior, np.add(posterior, 4))
    finished(widget)
    new = numbers(widget)[-1]
    assert new == 4
    assert session.value("hotspots").mark(new).origin == "brush"
    hand.drag("posterior", np.add(posterior, 4), np.add(posterior, 12))
    finished(widget)
    assert numbers(widget)[-1] == new
    hand.drag("posterior", np.subtract(posterior, (60, 0)), np.subtract(posterior, (56, 0)))
    finished(widget)
    assert numbers(widget)[-1] == new + 1
    hand.drag("anterior", (300, 30), (304, 30))
    finished(widget)
    assert session.value("hotspots").marks[-1].view == "anterior"
    tools.take("erase")
    row.options.brush.slider.setValue(11)
    hand.drag("anterior", (295, 30), (309, 30))
    finished(widget)
    assert numbers(widget)[-1] == new + 1
    session.hands.undo()
    assert numbers(widget)[-1] == new + 2

    # With the brush in hand Shift-click still grows, and paints nothing.
    tools.take("brush")
    look.choose(new)
    qtbot.waitUntil(row.buttons["delete"].isEnabled)
    row.buttons["delete"].click()
    assert new not in numbers(widget)
    hand.click("posterior", posterior, keys=SHIFT)
    finished(widget)
    grown = session.value("hotspots").marks[-1]
    assert (grown.view, grown.origin) == ("posterior", "grow")
    assert tools.current == "brush"


@pytest.mark.gui
def test_menu_partner_and_modes_of_napari(opened, finished, qtbot):
    viewer, widget = opened(run=False)
    hand, session = Hand(widget, qtbot), widget.session
    tools, look = widget.bench.viewing.tools, session.look
    scan = session.value("scan")
    spot = hottest(scan.anterior.counts)
    image = layer(viewer, " anterior")

    # Moved, scaled and turned views are still hit.
    image.translate, image.scale, image.rotate = (40.0, -300.0), (3.0, 1.5), 15.0
    hand.click("anterior", spot, keys=SHIFT)
    finished(widget)
    assert layer(viewer, "anterior hotspots").data[spot] == 1

    # The partner is outlined, and accepted by its key.
    qtbot.waitUntil(lambda: tools.proposing.shown is not None)
    assert tools.proposing.shown.view == "posterior"
    assert tools.proposing.shown.number == 1
    hand.canvas.setFocus()
    QTest.keyClick(hand.canvas, Qt.Key.Key_Return)
    assert session.value("hotspots").mark(1).linked == 2
    qtbot.waitUntil(lambda: tools.proposing.shown is None)

    # A right click opens the menu of the hotspot, and one beside it another; a right drag stays napari's.
    look.choose(2)
    hand.click("anterior", spot, button=RIGHT)
    qtbot.waitUntil(lambda: tools.menu is not None and tools.menu.isVisible())
    assert look.chosen == 1
    assert any("Delete" in action.text() for action in tools.menu.actions())
    tools.menu.close()
    hand.click("anterior", (300, 30), button=RIGHT)
    qtbot.waitUntil(lambda: tools.menu.isVisible())
    assert any("Grow" in action.text() for action in tools.menu.actions())
    tools.menu.close()
    menu, zoom = tools.menu, viewer.scene.camera.zoom
    hand.drag("anterior", spot, np.add(spot, (60, 0)), button=RIGHT)
    assert tools.menu is menu
    assert viewer.scene.camera.zoom != zoom

    # The ruler and napari's modes put the tool down; the tool puts the ruler away.
    tools.take("box")
    widget.bench.viewing.ruler.set_on(True)
    assert tools.current is None
    hand.drag("anterior", (200, 20), (240, 60))
    assert numbers(widget) == [1, 2]
    assert len(widget.bench.viewing.ruler.lengths) == 1
    tools.take("grow")
    assert not widget.bench.viewing.ruler.is_on
    assert tools.current == "grow"
    points = viewer.add_points(np.zeros((0, 2)))
    points.mode = "add"
    assert tools.current is None
    hand.click("anterior", (200, 20), keys=SHIFT)
    assert numbers(widget) == [1, 2]
    assert len(points.data) == 1
    viewer.layers.remove(points)

    # Two quick clicks with a tool do not zoom, without one they do as ever.
    tools.take("split")
    zoom = viewer.scene.camera.zoom
    place = hand.at("posterior", (20, 20)).toPoint()
    QTest.mouseDClick(hand.canvas, LEFT, PLAIN, place)
    assert viewer.scene.camera.zoom == zoom
    tools.take(None)
    qtbot.wait(20)
    QTest.mouseDClick(hand.canvas, LEFT, PLAIN, place)
    assert viewer.scene.camera.zoom > zoom
    viewer.reset_view()
    qtbot.wait(20)

    # A layer of hotspots that a person deleted comes back with the next one.
    viewer.layers.remove(layer(viewer, "posterior hotspots"))
    hand.click("posterior", hottest(scan.posterior.counts), keys=SHIFT)
    finished(widget)
    assert layer(viewer, "posterior hotspots").data.any()

    # Outside the views a drag pans, whatever is in hand; inside while Space is held.
    tools.take("box")
    centre = tuple(viewer.scene.camera.center)
    start = QPointF(hand.canvas.width() - 30, hand.canvas.height() - 30)
    assert hand.overlay.under(start.x(), start.y()) is None
    hand.send(QEvent.Type.MouseButtonPress, start)
    for step in (QPointF(-20, -10), QPointF(-20, -40)):
        QTest.qWait(12)
        hand.send(QEvent.Type.MouseMove, start + step)
    hand.send(QEvent.Type.MouseButtonRelease, start + step)
    assert tuple(viewer.scene.camera.center) != centre

    centre = tuple(viewer.scene.camera.center)
    QTest.keyPress(hand.canvas, Qt.Key.Key_Space)
    hand.drag("posterior", (200, 20), (230, 50))
    QTest.keyRelease(hand.canvas, Qt.Key.Key_Space)
    assert tuple(viewer.scene.camera.center) != centre
    assert tools.current == "box"

    # A layer that goes in the middle of a drag takes the gesture with it; nothing is drawn any more.
    hand.press("posterior", (200, 20))
    hand.move("posterior", (220, 40))
    end = hand.at("posterior", (230, 50))
    viewer.layers.remove(layer(viewer, " posterior"))
    hand.send(QEvent.Type.MouseMove, end)
    hand.send(QEvent.Type.MouseButtonRelease, end)
    assert tools.mouse.gesture is None
    viewer.layers.clear()
    qtbot.wait(20)
    assert tools.current is None
    tools.take("grow")
    assert tools.current is None


@pytest.mark.gui
def test_two_viewers_do_not_share_a_tool_and_nothing_keeps_it_alive(panel, opened, qtbot):
    viewer, widget = opened(run=False)
    other, empty = panel()
    hand, bench = Hand(widget, qtbot), widget.bench
    bench.viewing.tools.take("box")
    empty.bench.viewing.tools.take("box")
    assert empty.bench.viewing.tools.current is None

    # Gone while a button is down over the canvas: napari keeps none of it.
    bench.viewing.tools.release()
    own = Tools(bench)
    own.take("box")
    hand.press("anterior", (200, 20))
    hand.move("anterior", (220, 40))
    kept = [weakref.ref(one) for one in (own, own.mouse)]
    assert None not in (one() for one in kept)
    del own
    gc.collect()
    assert [one() for one in kept] == [None, None]
    hand.move("anterior", (230, 50))
    hand.release("anterior", (230, 50))
    assert numbers(widget) == []

    # The panel is closed in the middle of a drag.
    viewer.window.remove_dock_widget(widget)
    viewer.window.add_dock_widget(widget)
    hand = Hand(widget, qtbot)
    bench.viewing.tools.take("box")
    hand.press("anterior", (200, 20))
    end = hand.at("anterior", (230, 50))
    widget.close()
    viewer.window.remove_dock_widget(widget)
    qtbot.wait(20)
    for kind in (QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease):
        hand.send(kind, end)
    # Only the one that was dropped without a release, and answers nothing.
    assert len([one for one in viewer.mouse_drag_callbacks if "widgets.bone.tools" in one.__module__]) == 1

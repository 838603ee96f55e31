"""Small pictures of numbers: what they say, where they draw, when they are computed."""

from __future__ import annotations

import threading

import numpy as np
import pytest

pytest.importorskip("qtpy.QtWidgets")

from qtpy.QtCore import QPointF, QRectF
from qtpy.QtGui import QColor, QImage, QPainter, QPalette

from napari_tbcad.widgets.parts.pictures import Band, HistogramPicture, MatrixPicture
from napari_tbcad.widgets.parts.range_bar import RangeBar, draw_range
from napari_tbcad.widgets.parts.unfolding import Unfolding

pytestmark = pytest.mark.gui


def pixels(image: QImage) -> np.ndarray:
    """Return the strength of ink of a painted picture, (H, W)."""
    image = image.convertToFormat(QImage.Format.Format_Grayscale8)
    return np.array(
        [[image.pixelColor(x, y).red() for x in range(image.width())] for y in range(image.height())]
    )


def drawn(bar: RangeBar) -> np.ndarray:
    image = QImage(100, 16, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    draw_range(painter, QRectF(10, 0, 80, 16), bar, QColor("black"))
    painter.end()
    return 255 - pixels(image)


def test_a_mark_lies_where_its_value_does_and_stops_at_the_edge():
    def at(value):
        bar = RangeBar(10, 20, (13, 16), 15, value)
        return bar.position(value), bar.outside

    assert at(15) == (0.5, 0)
    assert [at(v)[1] for v in (9.9, 10, 20, 20.1)] == [-1, 0, 0, 1]
    assert at(-1e9) == (0.0, -1)
    assert at(1e9) == (1.0, 1)
    assert RangeBar(3, 3, None, 3, 3).position(3) == 0.5
    places = [at(v)[0] for v in np.linspace(0, 30, 31)]
    assert places == sorted(places)


def test_a_mark_outside_has_another_shape_than_one_inside():
    bar = RangeBar(10, 20, (13, 16), 15, 18)
    inside = drawn(bar)
    assert inside[8, round(10 + 80 * bar.position(18))] > 200

    def tall(mark):
        ink = drawn(RangeBar(10, 20, None, 15, mark)) > 100
        return ink.sum(0)[ink.any(0)]

    # A diamond is the same from either side; an arrowhead ends in a point away from the range.
    low, high = tall(-1e9)[:8], tall(1e9)[-8:]
    assert low[0] < low[-1]
    assert high[0] > high[-1]
    np.testing.assert_array_equal(low, high[::-1])
    faded = drawn(RangeBar(10, 20, (13, 16), 15, 18, faded=True))
    assert faded.max() < inside.max() / 2


def test_the_histogram_says_what_it_shows(qtbot):
    picture = HistogramPicture("grey level", "of the pixels", "this film")
    qtbot.addWidget(picture)
    assert "nothing to show" in picture.accessibleName()
    edges, counts = [0, 4, 8, 12], [0.2, 0.7, 0.1]
    picture.show_histogram(edges, counts, Band([0.1, 0.1, 0.2], [0.2, 0.2, 0.6], [0.3, 0.3, 0.7], "9 others"))
    said = picture.accessibleName()
    assert "this film peaks at 0.7 between 4 and 8" in said
    assert "9 others peak between 8 and 12; 2 of 3 bins lie outside" in said
    with_band = pixels(picture.grab().toImage())
    picture.show_histogram(edges, counts)
    assert picture.band is None
    assert (with_band != pixels(picture.grab().toImage())).mean() > 0.05
    with pytest.raises(ValueError, match="one edge more"):
        picture.show_histogram(edges, [1, 2])
    with pytest.raises(ValueError, match="as many bins"):
        picture.show_histogram(edges, counts, Band([0], [0], [0], "short"))


def test_the_matrix_tells_its_entries_and_follows_the_theme(qtbot):
    picture = MatrixPicture("i", "j", "share of pairs")
    qtbot.addWidget(picture)
    picture.resize(320, picture.height())
    matrix = np.zeros((4, 4))
    matrix[1, 2] = 0.75
    matrix[3, 3] = 0.25
    picture.show_matrix(matrix)
    assert "largest 0.75 at i 2, j 3; 25% on the diagonal" in picture.accessibleName()
    found = {picture.entry_at(QPointF(x, y)) for x in range(0, 320, 8) for y in range(0, 250, 8)}
    assert {"i 2, j 3: 0.75 share of pairs", "i 4, j 4: 0.25 share of pairs", ""} <= found
    assert len(found) == 17

    def strongest(window, text):
        palette = QPalette(picture.palette())
        palette.setColor(QPalette.ColorRole.Window, QColor(window))
        palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
        picture.setPalette(palette)
        points = [(x, y) for x in range(0, 320, 4) for y in range(0, 250, 4)]
        inside = [p for p in points if picture.entry_at(QPointF(*p)).startswith("i 2, j 3")]
        return picture.grab().toImage().pixelColor(*inside[len(inside) // 2]).name()

    assert strongest("#000000", "#ffffff") == "#ffffff"
    assert strongest("#ffffff", "#102030") == "#102030"
    for wrong in (np.zeros((2, 3)), np.zeros(4), np.zeros((0, 0))):
        with pytest.raises(ValueError, match="square"):
            picture.show_matrix(wrong)


@pytest.fixture
def unfolding(qtbot):
    shown = []
    row = Unfolding("More", "What more there is", shown.append)
    qtbot.addWidget(row)
    row.show()
    return row, shown


def test_nothing_is_computed_before_it_can_be_seen(qtbot, unfolding):
    row, shown = unfolding
    assert not row.want((1,), lambda: pytest.fail("computed in the dark"))
    assert row.settled
    with qtbot.waitSignal(row.unfolded):
        row.toggle.click()
    assert not row.want((1,), lambda: "one")
    qtbot.waitUntil(lambda: shown == ["one"])
    assert row.want((1,), lambda: pytest.fail("computed twice"))
    row.hide()
    row.want((2,), lambda: pytest.fail("computed in the dark"))
    with qtbot.waitSignal(row.unfolded):
        row.show()


def test_the_last_wish_is_the_one_shown(qtbot, unfolding):
    row, shown = unfolding
    row.toggle.click()
    go = threading.Event()

    def slow():
        go.wait(10)
        return "first"

    row.want(("first",), slow)
    for number in range(5):
        row.want((number,), lambda number=number: number)
    go.set()
    qtbot.waitUntil(lambda: row.settled)
    assert shown[-1] == 4
    assert set(shown) <= {"first", 4}, "what was overtaken before it began is never computed"


def test_a_failure_is_told_and_the_next_result_takes_its_place(qtbot, unfolding):
    row, shown = unfolding
    row.toggle.click()

    def fail():
        raise ValueError("the mask is empty")

    row.want((1,), fail)
    qtbot.waitUntil(lambda: not row.problem.isHidden())
    assert row.problem.text() == "the mask is empty"
    row.want((2,), lambda: "whole")
    qtbot.waitUntil(lambda: shown == ["whole"])
    assert row.problem.isHidden()
    row.want((3,), lambda: "late")
    row.forget()
    qtbot.waitUntil(lambda: row.settled)
    assert shown == ["whole"], "a result for a film that is gone is not shown"


def test_a_result_that_comes_after_the_window_closed_is_dropped(qtbot):
    from qtpy.QtWidgets import QWidget

    window, shown, go = QWidget(), [], threading.Event()
    row = Unfolding("More", "What more there is", shown.append, window)
    window.show()
    row.toggle.click()

    def late():
        go.wait(10)
        return "late"

    row.want((1,), late)
    gone = []
    row.destroyed.connect(lambda: gone.append(True))
    window.close()
    window.deleteLater()
    qtbot.waitUntil(lambda: bool(gone))
    with qtbot.captureExceptions() as raised:
        go.set()
        qtbot.wait(300)
    assert raised == []
    assert shown == []

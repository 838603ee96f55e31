"""The ruler: lengths, and lines drawn on the canvas."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_tbcad.widgets.ruler import RULER, Ruler, length_text, path_length

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def canvas_of():
    """Return the widget of the only window shown that gets its mouse events."""
    widgets = [
        w for top in QApplication.topLevelWidgets() if top.isVisible() for w in top.findChildren(QWidget)
    ]
    (canvas,) = [w for w in widgets if type(w).__name__.startswith("CanvasBackend")]
    return canvas


def draw(canvas, start, by):
    QTest.mousePress(canvas, LEFT, NONE, start)
    for step in range(1, 5):
        place = QPointF(start + by * (step / 4))
        event = QMouseEvent(
            QEvent.Type.MouseMove, place, canvas.mapToGlobal(place), Qt.MouseButton.NoButton, LEFT, NONE
        )
        QApplication.sendEvent(canvas, event)
        QTest.qWait(8)
    QTest.mouseRelease(canvas, LEFT, NONE, start + by)
    QTest.qWait(80)


@pytest.fixture
def ruled(qapp):
    """A viewer without a window, a film with unequal spacing, and its ruler, on."""
    viewer = ViewerModel()
    film = viewer.add_image(
        np.zeros((100, 80)), scale=(0.5, 0.2), translate=(5, 7), units=("mm", "mm"), name="a"
    )
    chosen = [film]
    ruler = Ruler(viewer, lambda: chosen[0])
    ruler.set_on(True)
    yield viewer, ruler, chosen
    ruler.release()


def test_lengths_use_each_axis_own_spacing():
    diagonal = np.array([[0, 0], [30, 40]])
    assert path_length(diagonal) == 50
    assert path_length(diagonal, (1.0, 0.0)) == 30
    assert path_length(diagonal, (0.1, 0.2)) == pytest.approx(np.hypot(3, 8))
    assert path_length(np.array([[0, 0], [0, 10], [10, 10]]), (1.0, 2.0)) == 30
    assert length_text(diagonal, (0.1, 0.2)) == "8.5 mm"
    assert length_text(diagonal, None) == "50 px"


def test_the_ruler_has_the_films_geometry_and_says_lengths(ruled, qtbot):
    viewer, ruler, (film,) = ruled
    layer = ruler.layer
    assert layer.metadata[RULER]
    np.testing.assert_array_equal(layer.scale, film.scale)
    np.testing.assert_array_equal(layer.translate, film.translate)
    assert layer.units == film.units
    layer.add_lines([np.array([[0, 0], [30, 40]])])
    qtbot.waitUntil(lambda: list(layer.features["length"]) == ["17.0 mm"], timeout=2000)
    layer.data = [np.array([[0, 0], [30, 0]]), np.array([[0, 0], [0, 40]])]
    qtbot.waitUntil(lambda: list(layer.features["length"]) == ["15.0 mm", "8.0 mm"], timeout=2000)
    film.scale = (1.0, 1.0)
    qtbot.waitUntil(lambda: list(layer.features["length"]) == ["30.0 mm", "40.0 mm"], timeout=2000)
    film.units = ("pixel", "pixel")
    qtbot.waitUntil(lambda: list(layer.features["length"]) == ["30 px", "40 px"], timeout=2000)
    layer.add_rectangles([np.array([[0, 0], [10, 10]])])
    qtbot.waitUntil(lambda: list(layer.features["length"]) == ["30 px", "40 px", ""], timeout=2000)


def test_lines_stay_on_the_anatomy_whatever_is_done_to_the_film(ruled, qtbot):
    viewer, ruler, (film,) = ruled
    layer = ruler.layer
    layer.add_lines([np.array([[0, 0], [0, 40]])])
    film.scale, film.translate, film.rotate, film.shear = (0.4, 0.5), (1, 2), 30, [0.1]
    film.affine = [[1, 0, 3], [0, 2, 1], [0, 0, 1]]
    film.units = ("cm", "cm")
    for point in ((0, 0), (0, 40), (17, 3)):
        np.testing.assert_allclose(layer.data_to_world(point), film.data_to_world(point))
    assert layer.units == film.units
    assert layer.affine is not film.affine
    qtbot.waitUntil(lambda: list(layer.features["length"]) == ["200.0 mm"], timeout=2000)


def test_a_new_ruler_takes_up_the_lines_of_an_earlier_one(ruled, qtbot):
    viewer, ruler, (film,) = ruled
    lines = ruler.layer
    lines.add_lines([np.array([[0, 0], [0, 40]])])
    other = viewer.add_image(np.zeros((100, 80)))
    ruler.release()
    film.scale = (1, 1)
    again, its = Ruler(viewer, lambda: film), Ruler(viewer, lambda: other)
    for one in (again, its):
        one.film_changed()
    assert again.layer is lines
    assert its.layer is None
    again.set_on(True)
    assert lines.visible
    np.testing.assert_array_equal(lines.scale, film.scale)
    qtbot.waitUntil(lambda: list(lines.features["length"]) == ["40.0 mm"], timeout=2000)
    assert sum(RULER in layer.metadata for layer in viewer.layers) == 1
    for one in (again, its):
        one.release()


def test_off_hides_the_lines_and_gives_the_layer_worked_on_back(ruled):
    viewer, ruler, (film,) = ruled
    ruler.set_on(False)
    mask = viewer.add_labels(np.zeros((100, 80), np.uint8))
    told = []
    ruler.toggled.connect(told.append)
    layer = ruler.layer
    ruler.set_on(True)
    assert layer.visible
    assert layer.mode == "add_line"
    assert viewer.layers.selection.active is layer
    ruler.set_on(False)
    assert not layer.visible
    assert viewer.layers.selection.active is mask
    assert ruler.layer is layer
    assert told == [True, False]


def test_a_deleted_or_renamed_ruler(ruled):
    viewer, ruler, (film,) = ruled
    told = []
    ruler.toggled.connect(told.append)
    layer = ruler.layer
    layer.name = film.name = "renamed"
    assert ruler.layer is layer
    viewer.layers.remove(layer)
    assert told == [False]
    assert not ruler.is_on
    assert ruler.lengths == ()
    ruler.set_on(True)
    assert ruler.layer is not None
    assert ruler.layer is not layer


def test_each_film_has_its_own_lines_and_takes_them_along(ruled):
    viewer, ruler, chosen = ruled
    first = chosen[0]
    lines = ruler.layer
    lines.add_lines([np.array([[0, 0], [30, 40]])])
    second = viewer.add_image(np.zeros((50, 50)), name="b")
    chosen[0] = second
    ruler.film_changed()
    assert ruler.is_on
    assert not lines.visible
    assert ruler.layer is not lines
    assert ruler.lengths == ()
    chosen[0] = first
    ruler.film_changed()
    assert lines.visible
    assert ruler.lengths == ("17.0 mm",)
    viewer.layers.remove(first)
    assert lines not in viewer.layers
    assert not ruler.is_on
    chosen[0] = None
    ruler.film_changed()
    ruler.set_on(True)
    assert not ruler.is_on


def test_a_layer_that_is_no_flat_film_has_no_ruler(ruled):
    viewer, ruler, chosen = ruled
    ruler.set_on(False)
    chosen[0] = viewer.add_image(np.zeros((3, 40, 40)))
    ruler.set_on(True)
    assert not ruler.is_on


def test_two_viewers_and_a_forgotten_ruler(qapp):
    viewers = [ViewerModel(), ViewerModel()]
    films = [viewer.add_image(np.zeros((10, 10))) for viewer in viewers]
    rulers = [Ruler(viewer, lambda film=film: film) for viewer, film in zip(viewers, films, strict=True)]
    rulers[0].set_on(True)
    assert not rulers[1].is_on
    assert len(viewers[1].layers) == 1
    lines = rulers[0].layer
    for ruler in rulers:
        ruler.release()
        ruler.release()
    lines.add_lines([np.array([[0, 0], [3, 4]])])
    viewers[0].layers.clear()
    forgotten = weakref.ref(rulers[0])
    rulers.clear()
    del ruler, lines
    gc.collect()
    assert forgotten() is None


@pytest.mark.gui
def test_lines_are_drawn_by_mouse_and_clicks_leave_none(make_napari_viewer_proxy, qtbot):
    viewer = make_napari_viewer_proxy(show=True)
    film = viewer.add_image(np.zeros((100, 100)), scale=(0.5, 0.5), units=("mm", "mm"))
    ruler = Ruler(viewer, lambda: film)
    ruler.set_on(True)
    viewer.reset_view()
    qtbot.wait(50)
    canvas = canvas_of()
    middle = QPoint(canvas.width() // 2, canvas.height() // 2)
    draw(canvas, middle, QPoint(60, 0))
    expected = 60 / viewer.scene.camera.zoom
    assert len(ruler.lengths) == 1
    assert float(ruler.lengths[0].removesuffix(" mm")) == pytest.approx(expected, rel=0.05)
    assert list(ruler.layer.features["length"]) == list(ruler.lengths)
    QTest.mouseClick(canvas, LEFT, NONE, middle + QPoint(20, 20))
    qtbot.wait(80)
    assert len(ruler.lengths) == 1
    ruler.release()

"""Window and level: the arithmetic, and a real right drag over the canvas."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils import Colormap
from napari.utils.colormaps import ensure_colormap
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.widgets.reader import film_layer
from napari_tbcad.widgets.window_level import WindowLevel
from napari_tbcad.widgets.window_presets import (
    PRESETS,
    dragged,
    inverted_colormap,
    lung_fields,
    mediastinum_and_bone,
    picture_of,
)

RIGHT, NONE = Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier


def canvas_of(viewer):
    """Return the widget that gets a viewer's mouse events, as Qt knows it, of the only window shown."""
    widgets = [
        w for top in QApplication.topLevelWidgets() if top.isVisible() for w in top.findChildren(QWidget)
    ]
    (canvas,) = [w for w in widgets if type(w).__name__.startswith("CanvasBackend")]
    return canvas


def drag(canvas, by, *, button=RIGHT):
    """Press in the middle, move in six steps, release."""
    start = QPoint(canvas.width() // 2, canvas.height() // 2)
    QTest.mousePress(canvas, button, NONE, start)
    for step in range(1, 7):
        place = QPointF(start + by * (step / 6))
        event = QMouseEvent(
            QEvent.Type.MouseMove, place, canvas.mapToGlobal(place), Qt.MouseButton.NoButton, button, NONE
        )
        QApplication.sendEvent(canvas, event)
        QTest.qWait(8)
    QTest.mouseRelease(canvas, button, NONE, start + by)
    QTest.qWait(40)


def chest(*, air_dark=True):
    """A flat body with two dark lungs, in 12 bit."""
    pixels = np.full((96, 96), 3000.0) + np.random.default_rng(0).normal(0, 100, (96, 96))
    pixels[20:70, 12:40] -= 2000
    pixels[20:70, 56:84] -= 2000
    return (pixels if air_dark else 4095 - pixels).astype(np.float32)


def test_a_drag_widens_to_the_right_and_raises_the_level_downwards():
    assert dragged((0, 600), right=60, down=0, span=(0, 600)) == (-30, 630)
    assert dragged((0, 600), right=0, down=60, span=(0, 600)) == (60, 660)
    assert dragged((0, 60), right=0, down=10, span=(0, 60)) == (1, 61)


@pytest.mark.parametrize(("right", "down"), [(-1e5, 0), (1e5, 0), (0, 1e5), (0, -1e5), (-1e5, -1e5)])
def test_no_drag_loses_the_film(right, down):
    low, high = dragged((100, 200), right=right, down=down, span=(0, 4095))
    assert 0 < high - low <= 2 * 4095
    assert 0 <= (low + high) / 2 <= 4095


@pytest.mark.parametrize("air_dark", [True, False])
def test_presets_open_what_they_name(air_dark):
    pixels = chest(air_dark=air_dark)
    lung, body = pixels[25:65, 16:36].mean(), pixels[80:90].mean()
    picture = picture_of(Image(pixels), air_dark=air_dark)
    lungs, bone = lung_fields(picture), mediastinum_and_bone(picture)
    assert lungs[0] < lung < lungs[1]
    assert bone[0] < body < bone[1]
    assert not bone[0] < lung < bone[1]


def test_a_black_border_does_not_move_a_preset():
    bordered = np.pad(chest(), 40)
    plain, framed = (lung_fields(picture_of(Image(p))) for p in (chest(), bordered))
    np.testing.assert_allclose(framed, plain, rtol=0.1)


def test_the_stored_window_is_the_files():
    film = Radiograph(chest(), window=(500, 2500))
    data, options, _ = film_layer(film)
    assert PRESETS["As stored"](picture_of(Image(data, **options))) == (500, 2500)
    assert PRESETS["Full range"](picture_of(Image(data))) == (data.min(), data.max())
    assert PRESETS["As stored"](picture_of(Image(data))) == (data.min(), data.max())


@pytest.mark.parametrize(
    "data",
    [np.zeros((20, 20)), np.full((9, 9), np.nan), np.zeros((3, 20, 20)), np.arange(400.0).reshape(20, 20)],
)
def test_every_preset_gives_increasing_limits_or_declines(data):
    data = data.copy()
    data.flat[0] = np.nan
    picture = picture_of(Image(data, contrast_limits=(0, 1)))
    if picture is not None:
        assert all(low < high for low, high in (preset(picture) for preset in PRESETS.values()))


def test_inverting_twice_is_nothing():
    assert inverted_colormap(ensure_colormap("gray")).name == "gray_r"
    assert inverted_colormap(ensure_colormap("gray_r")).name == "gray"
    own = Colormap([[0, 0, 0], [1, 0, 0], [1, 1, 1]], name="own", controls=[0, 0.2, 1])
    turned = inverted_colormap(own)
    np.testing.assert_allclose(turned.map(np.array([0.3])), own.map(np.array([0.7])), atol=0.02)
    np.testing.assert_allclose(inverted_colormap(turned).colors, own.colors)


def test_an_rgb_layer_and_no_layer_are_left_alone():
    viewer = ViewerModel()
    rgb = viewer.add_image(np.zeros((16, 16, 3), np.uint8), rgb=True)
    for film in (rgb, None):
        looking = WindowLevel(viewer, lambda film=film: film)
        looking.set_inverted(True)
        for preset in PRESETS:
            looking.apply(preset)
        assert looking.film is None
        assert not looking.inverted
        assert looking.text == ""
        looking.release()


def test_the_next_preset_follows_the_last_and_polarity_is_asked_for():
    viewer = ViewerModel()
    film = viewer.add_image(chest(air_dark=False))
    looking = WindowLevel(viewer, lambda: film, air_dark=lambda: False)
    seen = []
    for _ in range(5):
        looking.apply_next()
        seen.append(tuple(film.contrast_limits))
    picture = picture_of(film, air_dark=False)
    names = [*list(PRESETS)[1:], *list(PRESETS)[:2]]
    np.testing.assert_allclose(seen, [PRESETS[name](picture) for name in names])
    looking.release()


def test_release_gives_the_mouse_back_and_nothing_keeps_it_alive():
    viewer = ViewerModel()
    film = viewer.add_image(chest())
    before = list(viewer.mouse_drag_callbacks), list(viewer.mouse_double_click_callbacks)
    looking = WindowLevel(viewer, lambda: film)
    told = []
    looking.changed.connect(lambda: told.append(looking.text))
    film.contrast_limits = (0, 10)
    assert set(told) == {"W 10 L 5"}
    told.clear()
    looking.release()
    looking.release()
    assert (list(viewer.mouse_drag_callbacks), list(viewer.mouse_double_click_callbacks)) == before
    film.contrast_limits = (0, 20)
    assert not told
    forgotten = weakref.ref(WindowLevel(viewer, lambda: film))
    gc.collect()
    assert forgotten() is None


@pytest.mark.gui
def test_right_drag_in_a_window(make_napari_viewer_proxy, qtbot):
    viewer = make_napari_viewer_proxy(show=True)
    chosen = [viewer.add_image(chest())]
    film = chosen[0]
    looking = WindowLevel(viewer, lambda: chosen[0])
    viewer.reset_view()
    qtbot.wait(50)
    canvas, zoom, limits = canvas_of(viewer), viewer.scene.camera.zoom, tuple(film.contrast_limits)

    drag(canvas, QPoint(60, 30))
    expected = dragged(limits, right=60, down=30, span=(film.data.min(), film.data.max()))
    np.testing.assert_allclose(film.contrast_limits, expected)
    assert viewer.scene.camera.zoom == zoom

    # With the brush in hand the window moves, the mask does not.
    mask = viewer.add_labels(np.zeros((96, 96), np.uint8))
    for mode in ("paint", "erase", "fill", "polygon"):
        mask.mode = mode
        callbacks = list(mask.mouse_drag_callbacks)
        limits = tuple(film.contrast_limits)
        drag(canvas, QPoint(-60, 0))
        assert tuple(film.contrast_limits) != limits
        assert not mask.data.any()
        assert mask.mouse_drag_callbacks == callbacks

    # A right click without a drag still is napari's: filling with the bucket.
    mask.mode = "fill"
    limits = tuple(film.contrast_limits)
    QTest.mouseClick(canvas, RIGHT, NONE, QPoint(canvas.width() // 2, canvas.height() // 2))
    assert mask.data.any()
    assert tuple(film.contrast_limits) == limits

    # A double right click brings the stored window back and does not zoom, as a left one does.
    viewer.layers.selection.active = film
    assert tuple(film.contrast_limits) != (film.data.min(), film.data.max())
    n_callbacks = len(viewer.mouse_double_click_callbacks)
    QTest.mouseDClick(canvas, RIGHT, NONE, QPoint(canvas.width() // 2, canvas.height() // 2))
    qtbot.wait(10)
    np.testing.assert_allclose(film.contrast_limits, (film.data.min(), film.data.max()))
    assert viewer.scene.camera.zoom == zoom
    assert len(viewer.mouse_double_click_callbacks) == n_callbacks

    # Without a film the right button is napari's zoom again.
    chosen[0] = None
    looking.film_changed()
    drag(canvas, QPoint(0, 60))
    assert viewer.scene.camera.zoom != zoom


@pytest.mark.gui
def test_a_film_removed_while_it_is_dragged_and_a_second_panel(make_napari_viewer_proxy, qtbot):
    viewer = make_napari_viewer_proxy(show=True)
    film, other = viewer.add_image(chest()), viewer.add_image(chest())
    looking = WindowLevel(viewer, lambda: film if film in viewer.layers else None)
    second = WindowLevel(viewer, lambda: other)
    qtbot.wait(50)
    canvas, limits = canvas_of(viewer), tuple(other.contrast_limits)
    looking.changed.connect(lambda: viewer.layers.remove(film) if film in viewer.layers else None)
    drag(canvas, QPoint(60, 30))
    assert film not in viewer.layers
    assert tuple(other.contrast_limits) == limits
    drag(canvas, QPoint(60, 30))
    assert tuple(other.contrast_limits) != limits
    second.release()

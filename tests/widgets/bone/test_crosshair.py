"""The linked cross-hair over the canvas: the place under the pointer, its partner, raw counts."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint
from qtpy.QtGui import QColor, QImage
from qtpy.QtTest import QTest

from napari_tbcad.bone.axis import pair_views
from napari_tbcad.widgets.bone.crosshair import LINE
from napari_tbcad.widgets.bone.overlay import canvas_of
from napari_tbcad.widgets.bone.side_marks import sides_of
from napari_tbcad.widgets.bone.sight import sight_of

pytestmark = pytest.mark.gui


def line_pixels(canvas):
    """Return where on the canvas the lines are drawn, as (x, y) of each pixel of their colour."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    bits = image.constBits()
    if hasattr(bits, "setsize"):
        bits.setsize(image.sizeInBytes())
    pixels = np.frombuffer(bits, np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    colour = QColor(LINE)
    wanted = np.array([colour.blue(), colour.green(), colour.red()])
    rows, columns = np.nonzero((pixels[..., :3] == wanted).all(axis=2))
    return columns[columns < image.width()], rows[columns < image.width()]


def shown(widget, qtbot):
    window = widget.window()
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    qtbot.wait(100)
    viewing = widget.bench.viewing
    return viewing, viewing.overlay.canvas


def point_at(viewing, qtbot, view, row, column):
    """Move the pointer over a pixel of a view, as a person does."""
    place = viewing.overlay.sight(view, row, column)
    assert place is not None
    there = QPoint(round(place.x()), round(place.y()))
    QTest.mouseMove(viewing.overlay.canvas, there + QPoint(3, 3))
    QTest.mouseMove(viewing.overlay.canvas, there)
    qtbot.waitUntil(lambda: viewing.crosshair.at is not None, timeout=5000)
    qtbot.wait(30)
    return there


def test_the_cross_hair_shows_the_same_place_in_both_views(opened, qtbot):
    viewer, widget = opened(run=False)
    viewing, canvas = shown(widget, qtbot)
    cross, session = viewing.crosshair, widget.session
    scan = session.value("scan")
    pairing = pair_views(scan)
    images = session.layers.pictures()

    # The place is the one that napari itself tells, at every zoom, and for a view that was moved.
    for zoom, view in ((1.0, "anterior"), (2.5, "posterior"), (0.7, "anterior")):
        viewer.scene.camera.zoom *= zoom
        images["posterior"].translate = np.add(images["posterior"].translate, (4.0, 9.0))
        viewer.scene.camera.center = (0, *images[view].data_to_world((250, 64)))
        qtbot.wait(60)
        point_at(viewing, qtbot, view, 256, 60)
        assert cross.at[0] == view
        # napari hears of moves a little later; of one sent while it draws perhaps not at all: point again.
        for again in range(5):
            with contextlib.suppress(qtbot.TimeoutError if again < 4 else ()):
                qtbot.waitUntil(
                    lambda image=images[view]: np.allclose(
                        cross.at[1:], image.world_to_data(viewer.cursor.position)[-2:], atol=0.02
                    ),
                    timeout=2000,
                )
                break
            point_at(viewing, qtbot, view, 256, 60)
        row, column = cross.at[1:]
        # Its partner: the mirrored column at once, by the patient's axis as soon as that is found.
        qtbot.waitUntil(
            lambda view=view, row=row, column=column: np.allclose(
                cross.partner[1:], pairing.place(view, row, column), atol=0.05
            ),
            timeout=10_000,
        )
        assert cross.partner[0] != view
        # Raw counts of both, the anterior view's first.
        for said, (one, row, column) in zip(cross.lines(), sorted((cross.at, cross.partner)), strict=True):
            counts = scan.view(one).counts[round(row), round(column)]
            assert said.startswith(f"{one.capitalize()}  {counts:.0f} counts")

    # Drawn where it should be: one line along each row, one along each column.
    viewer.reset_view()
    qtbot.wait(80)
    there = point_at(viewing, qtbot, "anterior", 200, 64)
    x, y = line_pixels(canvas)
    partner = viewing.overlay.sight(*cross.partner)
    columns, rows = np.bincount(x, minlength=canvas.width()), np.bincount(y, minlength=canvas.height())
    assert columns[there.x() - 1 : there.x() + 2].max() > 200
    assert columns[round(partner.x()) - 1 : round(partner.x()) + 2].max() > 200
    assert rows[there.y() - 1 : there.y() + 2].max() > 100
    # The place itself stays free.
    assert not np.any(np.hypot(x - there.x(), y - there.y()) < 8)

    # Off by the key's action; the read-out stays. Nothing outside the views.
    widget.bench.actions()["crosshair"]()
    qtbot.wait(50)
    assert not line_pixels(canvas)[0].size
    assert len(cross.lines()) == 2
    widget.bench.actions()["crosshair"]()
    QTest.mouseMove(canvas, QPoint(2, 2))
    qtbot.waitUntil(lambda: cross.at is None, timeout=5000)
    assert cross.lines() == ()

    # In 3D, and in a grid, no pixel of the canvas is one place.
    for obstacle, there_again in (
        (lambda: setattr(viewer.dims, "ndisplay", 3), lambda: setattr(viewer.dims, "ndisplay", 2)),
        (
            lambda: setattr(viewer.canvas.grid, "enabled", True),
            lambda: setattr(viewer.canvas.grid, "enabled", False),
        ),
    ):
        obstacle()
        assert viewing.overlay.sight is None
        there_again()
        assert viewing.overlay.sight is not None

    point_at(viewing, qtbot, "posterior", 250, 64)
    assert cross.lines()
    # Another panel's picture in front: the pointer says nothing.
    widget.bench.set_active(False)
    assert cross.lines() == ()


def test_the_camera_is_followed_whichever_way_it_looks():
    viewer = ViewerModel()
    assert canvas_of(viewer) is None
    image = viewer.add_image(np.zeros((40, 20)), scale=(2, 3), translate=(5, -7))
    viewer.scene.camera.center = (0, 30, 20)
    viewer.scene.camera.zoom = 4
    sight = sight_of(viewer, {"anterior": image}, 300, 200)
    place = sight("anterior", 10, 5)
    # World (25, 8) is 5 above and 12 to the left of the centre.
    assert (place.x(), place.y()) == pytest.approx((150 - 48, 100 - 20))
    assert sight.under(place.x(), place.y())[1:] == pytest.approx((10, 5))
    assert sight.under(299, 1) is None
    assert sight("posterior", 0, 0) is None
    assert sides_of("anterior", sight.views["anterior"]) == [("R", "left"), ("L", "right")]
    assert sides_of("posterior", sight.views["anterior"]) == [("L", "left"), ("R", "right")]
    viewer.scene.camera.orientation2d = ("up", "left")
    turned = sight_of(viewer, {"anterior": image}, 300, 200)
    place = turned("anterior", 10, 5)
    assert (place.x(), place.y()) == pytest.approx((150 + 48, 100 + 20))
    assert sides_of("anterior", turned.views["anterior"]) == [("R", "right"), ("L", "left")]
    viewer.scene.camera.orientation2d = ("down", "right")
    viewer.dims.order = (1, 0)
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 30, 20), 4
    lying = sight_of(viewer, {"anterior": image}, 300, 200)
    across = lying("anterior", 10, 5)
    assert sides_of("anterior", lying.views["anterior"]) == []
    # Now the first axis runs across.
    assert (across.x(), across.y()) == pytest.approx((150 + (25 - 20) * 4, 100 + (8 - 30) * 4))
    image.visible = False
    assert sight_of(viewer, {"anterior": image}, 300, 200)("anterior", 10, 5) is None

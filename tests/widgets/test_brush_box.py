"""The box that napari draws behind the brush's circle, which ends the program under software OpenGL."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


@pytest.mark.parametrize("name", ["Chest X-ray", "Bone scan"])
def test_a_panel_has_the_brush_drawn_without_a_box(make_napari_viewer_proxy, name):
    from napari.components.overlays import BrushCircleOverlay

    viewer = make_napari_viewer_proxy()
    brushes = [one for one in viewer.canvas.overlays.values() if isinstance(one, BrushCircleOverlay)]
    assert len(brushes) == 1
    viewer.window.add_plugin_dock_widget("napari-tbcad", name)
    assert not brushes[0].box

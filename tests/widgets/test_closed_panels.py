"""A panel that is closed is gone: who opens and closes one all day keeps nothing of it."""

from __future__ import annotations

import gc

import pytest
from npe2 import PluginManifest
from qtpy.QtWidgets import QApplication

from napari_tbcad import __file__ as package

pytestmark = pytest.mark.gui

PANELS = [
    widget.display_name
    for widget in PluginManifest.from_file(
        f"{package.removesuffix('__init__.py')}napari.yaml"
    ).contributions.widgets
]


@pytest.mark.parametrize("name", PANELS)
def test_a_closed_panel_is_gone(name, make_napari_viewer_proxy, qtbot):
    viewer = make_napari_viewer_proxy()
    dock, panel = viewer.window.add_plugin_dock_widget("napari-tbcad", name)
    kind = type(panel)
    qtbot.wait(100)

    viewer.window.remove_dock_widget(dock)
    del dock, panel

    def none_left():
        gc.collect()
        assert not [widget for widget in QApplication.allWidgets() if type(widget) is kind]

    qtbot.waitUntil(none_left, timeout=5000)

"""Bringing a workflow's panel to the front; it is docked first where there is none."""

from __future__ import annotations

from importlib import import_module
from typing import Any

CHEST, BONE = "Chest X-ray", "Bone scan"
_PLUGIN = "napari-tbcad"
_CLASSES = {
    CHEST: ("napari_tbcad.widgets.chest.panel", "ChestPanel"),
    BONE: ("napari_tbcad.widgets.bone.panel", "BonePanel"),
}


def show_panel(viewer: Any, name: str) -> None:
    """Show the panel of this name (:data:`CHEST` or :data:`BONE`) in a viewer."""
    try:
        dock, _ = viewer.window.add_plugin_dock_widget(_PLUGIN, name, tabify=True)
    except (KeyError, ValueError):  # run from source, without a manifest
        module, panel = _CLASSES[name]
        made = getattr(import_module(module), panel)(viewer)
        dock = viewer.window.add_dock_widget(made, name=name, tabify=True)
    dock.show()
    dock.raise_()

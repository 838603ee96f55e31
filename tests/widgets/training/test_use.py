"""A trained network is put to use, here and later, and given up again."""

from __future__ import annotations

import pytest

from napari_tbcad.widgets.preferences import NETWORKS, Preferences


def test_every_network_on_the_page_names_a_setting_that_exists():
    from napari_tbcad.bone.workflow import settings_from as bone_settings
    from napari_tbcad.chest.workflow import settings_from as chest_settings

    wanted = Preferences(networks={key: f"my {key}" for key in NETWORKS})
    chest = chest_settings(wanted.assignments())
    assert (chest.lungs.network.model, chest.opacities.model) == ("my lungs", "my opacities")
    bone = bone_settings(wanted.bone_assignments())
    assert bone.hotspots.network.anterior == "my hotspots_anterior"
    assert bone.hotspots.network.posterior == "my hotspots_posterior"
    assert bone.regions.network.model == "my regions"
    assert len(wanted.assignments()) == 4 + 2
    assert len(wanted.bone_assignments()) == 3


@pytest.mark.gui
def test_the_page_keeps_networks_for_the_next_start(plugin_settings, npe2pm):
    from pathlib import Path

    from napari.settings import get_plugin_settings
    from npe2 import PluginManifest

    import napari_tbcad
    from napari_tbcad.widgets.preferences import prefer_networks, preferences

    assert not prefer_networks({"lungs": "ours"})  # run from source: nobody keeps it
    npe2pm.register(PluginManifest.from_file(Path(napari_tbcad.__file__).parent / "napari.yaml"))
    assert preferences().networks == {}
    assert prefer_networks({"lungs": "ours", "regions": "bones"})
    assert preferences().networks == {"lungs": "ours", "regions": "bones"}
    assert preferences().assignments()["lungs.network.model"] == "ours"
    kept = Path(get_plugin_settings("napari-tbcad").config_path)
    assert "ours" in kept.read_text()
    assert prefer_networks({"lungs": "", "regions": ""})
    assert preferences() == Preferences()

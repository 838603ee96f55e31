"""What is set on napari's Preferences page takes effect, and a wrong value is said."""

from __future__ import annotations

import pytest
from napari.settings import get_plugin_settings

from napari_tbcad.widgets.preferences import preferences

pytestmark = pytest.mark.gui


@pytest.fixture
def page():
    """The plugin's page of Preferences, set back afterwards."""
    page = get_plugin_settings("napari-tbcad")
    before = (page.general.device, page.chest.segmenter, page.chest.grid, page.chest.autosave)
    yield page
    page.general.device, page.chest.segmenter, page.chest.grid, page.chest.autosave = before


@pytest.fixture
def shelf(qtbot, monkeypatch):
    from napari_tbcad.widgets.chest import shelf as module

    monkeypatch.setattr(module, "packaged", lambda: None)
    return module.ModelShelf()


def test_the_next_film_is_computed_as_preferred(page, shelf):
    before = shelf.settings()
    page.general.device, page.chest.segmenter, page.chest.grid = "cpu", "otsu", 512
    assert preferences().device == "cpu"
    now = shelf.settings()
    assert (now.lungs.segmenter, now.features.grid) == ("otsu", 512)
    assert (now.features.device, now.classify.device) == ("cpu", "cpu")
    page.chest.segmenter, page.chest.grid = "default", 0
    assert shelf.settings().lungs.segmenter == before.lungs.segmenter
    assert shelf.settings().features.grid == before.features.grid


def test_a_wrong_value_is_said_until_it_is_put_right(page, shelf):
    page.chest.grid = 3
    settings = shelf.settings()
    assert settings.features.grid != 3
    assert "Preferences" in shelf.message
    assert "grid" in shelf.message
    page.chest.grid = 0
    shelf.settings()
    assert shelf.message == ""


def test_autosave_follows_at_once(page, tmp_path):
    page.chest.autosave = str(tmp_path)
    assert preferences().autosave == tmp_path
    page.chest.autosave = "off"
    assert preferences().autosave is None

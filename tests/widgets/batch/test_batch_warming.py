"""The panel that studies open in is imported before, module by module."""

from __future__ import annotations

import pytest

from napari_tbcad.widgets.batch import warming

pytestmark = pytest.mark.gui


def test_each_module_of_a_workflow_is_imported_once_and_never_two_at_a_time(qtbot, monkeypatch):
    whole, imported = warming.import_module, []
    monkeypatch.setattr(warming, "import_module", lambda name: (imported.append(name), whole(name))[1])
    one = warming.Warming()
    one.begin("")
    assert imported == []
    one.begin("chest")
    one.begin("chest")
    assert imported == ["napari_tbcad.widgets.chest"]
    waiting = len(one.left)
    assert "napari_tbcad.widgets.chest.panel" in one.left
    qtbot.waitUntil(lambda: len(one.left) < waiting, timeout=20_000)
    assert len(one.left) == waiting - 1
    qtbot.waitUntil(lambda: not one.left, timeout=60_000)
    assert len(imported) == len(set(imported)) == waiting + 1

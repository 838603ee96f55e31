"""Models are taken in the order in which they were asked for, whichever is read sooner."""

from __future__ import annotations

import threading

import pytest

from napari_tbcad.errors import ModelRefused
from napari_tbcad.widgets.chest import shelf as module

pytestmark = pytest.mark.gui


@pytest.fixture
def late(qapp, monkeypatch):
    """Return a shelf whose packaged model comes when it is let go, what it told, and what lets go."""
    go, missing = threading.Event(), threading.Event()

    def packaged():
        go.wait(10)
        if missing.is_set():
            raise module.NoModel
        return "packaged"

    def from_file(path):
        if path.name == "bad.skops":
            raise ModelRefused(path, "no model")
        return path.name

    monkeypatch.setattr(module, "packaged", packaged)
    monkeypatch.setattr(module, "_from_file", from_file)
    shelf, told = module.ModelShelf(), []
    shelf.ready.connect(lambda: told.append(shelf.model))
    shelf.load_packaged()
    yield shelf, told, go, missing
    go.set()


@pytest.mark.parametrize("refused", [False, True])
def test_the_packaged_model_comes_late_and_the_chosen_file_stays(late, qtbot, refused):
    shelf, told, go, missing = late
    if refused:
        missing.set()
    shelf.load_file("own.skops")
    qtbot.waitUntil(lambda: bool(told))
    assert not shelf.loading
    go.set()
    qtbot.wait(150)
    assert told == ["own.skops"]
    assert (shelf.model, shelf.message) == ("own.skops", "")


def test_a_refused_file_leaves_the_packaged_model_and_its_message_stays(late, qtbot):
    shelf, told, go, _ = late
    shelf.load_file("bad.skops")
    qtbot.waitUntil(lambda: "bad.skops" in shelf.message)
    assert shelf.loading
    go.set()
    qtbot.waitUntil(lambda: told == ["packaged"])
    assert "bad.skops" in shelf.message
    shelf.load_file("own.skops")
    qtbot.waitUntil(lambda: told == ["packaged", "own.skops"])
    assert shelf.message == ""

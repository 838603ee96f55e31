"""A model that is lent to the chest panels, and the own one that comes back, whichever is read sooner."""

from __future__ import annotations

import threading

import pytest

from napari_tbcad.widgets.chest import shelf as chest_shelf

LONG_MS = 60_000


@pytest.fixture
def shelf(qtbot, monkeypatch):
    """A shelf whose files are read when the test says so; a model is the name of its file."""
    gates = {name: threading.Event() for name in ("own.skops", "fold.skops", "other.skops")}

    def read(path):
        assert gates[path.name].wait(60)
        return path.name

    monkeypatch.setattr(chest_shelf, "_from_file", read)
    made = chest_shelf.ModelShelf()
    made.gates, made.heard = gates, []
    made.ready.connect(lambda: made.heard.append((made.model, made.lent)))
    yield made
    for gate in gates.values():
        gate.set()


def wait(qtbot, shelf, *names):
    for name in names:
        shelf.gates[name].set()
    qtbot.waitUntil(lambda: not shelf.loading, timeout=LONG_MS)


def test_a_model_is_lent_and_given_back(qtbot, shelf):
    shelf.load_file("own.skops")
    wait(qtbot, shelf, "own.skops")
    shelf.borrow("fold.skops", "judged by fold 3")
    wait(qtbot, shelf, "fold.skops")
    assert (shelf.model, shelf.lent) == ("fold.skops", "judged by fold 3")
    shelf.give_back()
    assert (shelf.model, shelf.lent) == ("own.skops", "")
    heard = len(shelf.heard)
    shelf.give_back()  # nothing is lent: nobody hears of it
    assert len(shelf.heard) == heard
    # a model that the person opens meanwhile is theirs
    shelf.borrow("fold.skops", "judged by fold 3")
    wait(qtbot, shelf)
    shelf.load_file("other.skops")
    wait(qtbot, shelf, "other.skops")
    assert (shelf.model, shelf.lent) == ("other.skops", "")
    shelf.give_back()
    assert shelf.model == "other.skops"


def test_the_own_model_may_be_read_later_than_the_one_that_is_lent(qtbot, shelf):
    shelf.load_file("own.skops")
    shelf.borrow("fold.skops", "judged by fold 3")
    wait(qtbot, shelf, "fold.skops")
    assert shelf.model == "fold.skops"
    shelf.gates["own.skops"].set()
    qtbot.waitUntil(lambda: not shelf._under_way, timeout=LONG_MS)
    assert shelf.model == "fold.skops"
    shelf.give_back()
    assert (shelf.model, shelf.lent) == ("own.skops", "")


def test_what_is_given_back_before_it_came_never_comes(qtbot, shelf):
    shelf.load_file("own.skops")
    wait(qtbot, shelf, "own.skops")
    shelf.borrow("fold.skops", "judged by fold 3")
    shelf.give_back()
    assert not shelf.loading
    shelf.gates["fold.skops"].set()
    qtbot.waitUntil(lambda: not shelf._returned, timeout=LONG_MS)
    assert (shelf.model, shelf.lent) == ("own.skops", "")

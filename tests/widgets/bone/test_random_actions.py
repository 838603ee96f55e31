"""Random actions on a scan, undone to the start and done again (benchmarks/bone_person.py)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.gui

ACTIONS = 80
"""The script itself takes 300, and several seeds."""

PATH = Path(__file__).resolve().parents[3] / "benchmarks" / "bone_person.py"


@pytest.fixture(scope="module")
def script():
    """The script as a module."""
    if not PATH.is_file():
        pytest.skip("benchmarks/ is not beside the tests")
    spec = importlib.util.spec_from_file_location("napari_tbcad_bone_person", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def person(script, opened, finished, qtbot):
    """Somebody at a scan that was run."""
    _, widget = opened()

    def spin(seconds):
        qtbot.wait(round(1000 * seconds))

    return script.Person(widget, spin, lambda: finished(widget), seed=4)


def test_all_that_was_done_is_undone_and_done_again(script, person):
    steps = script.to_the_start_and_back(person, ACTIONS)
    assert steps > ACTIONS / 5


def test_the_check_notices_what_is_wrong(script, person):
    start = script.everything(person.widget)
    assert script.same(start, script.everything(person.widget)) == ""
    number = start["marks"][0].id
    person.hands.set_class([number], "ignore")
    person.settle()
    assert script.same(start, script.everything(person.widget))
    person.hands.undo()
    person.settle()
    assert script.same(start, script.everything(person.widget)) == ""
    layer = person.session.layers.layer("posterior hotspots")
    with layer.events.blocker_all():
        layer.paint((5, 5), number)  # so that nobody hears of it
    assert script.same(start, script.everything(person.widget)) == "layer posterior hotspots"
    with layer.events.blocker_all():
        layer.undo()
    # An undo that takes two steps at once.
    steps = person.session.edits.steps
    undo = steps.undo
    steps.undo = lambda: undo() and undo()
    with pytest.raises(script.Mismatch):
        person.work(60)

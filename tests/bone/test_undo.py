from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.undo import MOST_STEPS, State, UndoStack
from napari_tbcad.bone.views import ViewParameters
from napari_tbcad.content import content_key


def state(number: int) -> State:
    """Return a state that differs from that of any other number."""
    labels = np.zeros((6, 5), np.uint16)
    labels[number % 6, :3] = 1
    hotspots = Hotspots(labels, None, (Mark(1, "anterior", probability=number / 1000),))
    regions = SkeletonRegions((labels * (1 + number % 12)).astype(np.uint8), None)
    views = ViewParameters(swap=bool(number % 2))
    return State(views, hotspots if number % 5 else None, regions if number % 3 else None)


def key(one: State | None) -> str:
    assert one is not None
    return content_key((one.views, one.hotspots, one.regions))


@given(st.lists(st.sampled_from(["do", "undo", "redo"]), max_size=60))
def test_undo_and_redo_go_through_the_same_states_as_a_plain_list(actions):
    stack, states, place = UndoStack(), [state(0)], 0
    for number, action in enumerate(actions, 1):
        if action == "do":
            states[place + 1 :] = [state(number)]
            stack.push(f"step {number}", states[place], states[place + 1])
            place += 1
        elif action == "undo":
            found = stack.undo()
            assert (found is None) == (place == 0)
            place -= place > 0
        else:
            found = stack.redo()
            assert (found is None) == (place == len(states) - 1)
            place += place < len(states) - 1
        if action != "do" and found is not None:
            assert key(found) == key(states[place])
    assert len(stack) == len(states) - 1


def test_labels_come_back_writable_and_apart_from_those_kept():
    stack = UndoStack()
    stack.push("one", state(1), state(2))
    first = stack.undo()
    first.hotspots.anterior[:] = 7
    stack.redo()
    assert key(stack.undo()) == key(state(1))


def test_a_step_that_goes_on_is_one_step():
    stack = UndoStack()
    step = stack.push("stroke", state(1), state(2))
    step = stack.extend(step, state(4))
    assert stack.undo_text == "stroke"
    assert key(stack.before(step)) == key(state(1))
    assert key(stack.undo()) == key(state(1))
    assert key(stack.redo()) == key(state(4))
    stack.push("other", state(4), state(7))
    with pytest.raises(ValueError, match="last step"):
        stack.extend(step, state(8))


def test_the_oldest_steps_go_first():
    stack = UndoStack()
    for number in range(MOST_STEPS + 5):
        stack.push(str(number), state(1), state(2))
    assert len(stack) == MOST_STEPS
    taken = 0
    while stack.undo() is not None:
        taken += 1
    assert taken == MOST_STEPS
    assert stack.redo_text == "5"

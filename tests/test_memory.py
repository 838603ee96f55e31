from __future__ import annotations

import numpy as np

from napari_tbcad.chain import Chain, Run, Stage
from napari_tbcad.imaging.grid import resize_labels
from napari_tbcad.memory import Memory, recall, resized_labels
from napari_tbcad.record import Parameters, field


class Size(Parameters):
    """A parameter."""

    size: int = field(1, title="Size", description="Any number.")


def test_a_value_is_made_again_when_anything_it_was_made_from_differs():
    memory, made = Memory(), []

    def make():
        made.append(0)
        return len(made)

    array = np.zeros(3)
    assert [memory.recall("a", (array, Size(), 2), make) for _ in range(2)] == [1, 1]
    assert memory.recall("b", (array, Size(), 2), make) == 2
    assert memory.recall("a", (array.copy(), Size(), 2), make) == 3, "an equal array is another object"
    assert memory.recall("a", (array, Size(size=2), 2), make) == 4
    assert memory.recall("a", (array, Size(size=2), 2.0), make) == 5
    assert memory.recall("a", (array, Size(size=2)), make) == 6
    assert recall(None, "a", (array, Size(size=2)), make) == 7


def test_labels_that_are_painted_in_place_are_seen():
    memory = Memory()
    labels = np.zeros((40, 40), np.uint8)
    labels[5:30, 5:20] = 1
    first = resized_labels(memory, "mask", labels, (10, 10))
    assert resized_labels(memory, "mask", labels, (10, 10)) is first
    labels[20:40, 20:40] = 2
    np.testing.assert_array_equal(
        resized_labels(memory, "mask", labels, (10, 10)), resize_labels(labels, (10, 10))
    )
    np.testing.assert_array_equal(
        resized_labels(memory, "mask", labels, (20, 20)), resize_labels(labels, (20, 20))
    )


def test_each_stage_of_a_run_has_a_memory_of_its_own():
    seen = []

    def stage(value, *, memory):
        seen.append(memory)
        return value + 1

    chain = Chain(
        Stage("one", stage, ("start",), "middle"), Stage("two", stage, ("middle",), "end"), inputs=("start",)
    )
    settings = chain.settings_model("Settings", "None.")()
    run = Run(chain, settings)
    for start in (1, 2):
        run.put("start", start)
        assert run.compute("end") == (start + 2,)
    assert seen[0] is seen[2]
    assert seen[1] is seen[3]
    assert seen[0] is not seen[1]
    other = Run(chain, settings)
    other.put("start", 1)
    other.compute("end")
    assert seen[4] is not seen[0]

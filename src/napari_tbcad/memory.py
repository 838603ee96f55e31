"""What a stage may keep between two calls, so that only what changed is computed again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

T = TypeVar("T")


class Memory:
    """The last value of each part of a computation, with what it was made from. Safe between threads.

    A result never depends on what is kept: a value is given back only when everything it was made from is
    the same, objects by identity (they are held, so an identity cannot come back), plain values and
    parameter models by equality. It belongs to one film and goes with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[object, object]] = {}

    def recall(self, name: Hashable, made_from: tuple[object, ...], make: Callable[[], T]) -> T:
        """Return the value kept under `name` if it was made from the same, else make and keep it.

        Parameters
        ----------
        name : hashable
            Which part of the computation.
        made_from : tuple
            Everything that `make` depends on; arrays and objects must not be changed in place.
        make : callable
            Makes the value.
        """
        with self._lock:
            kept = self._kept.get(name)
        if kept is not None and _same(kept[0], made_from):
            return kept[1]  # type: ignore[return-value]
        value = make()
        self.keep(name, made_from, value)
        return value

    def keep(self, name: Hashable, made_from: object, value: object) -> None:
        """Keep a value and what it was made from under a name that :meth:`recall` does not use."""
        with self._lock:
            self._kept[name] = (made_from, value)

    def last(self, name: Hashable) -> tuple[object, object] | None:
        """Return what the value kept under `name` was made from, and the value; None when there is none."""
        with self._lock:
            return self._kept.get(name)


def recall(memory: Memory | None, name: Hashable, made_from: tuple[object, ...], make: Callable[[], T]) -> T:
    """Return ``memory.recall(…)``, or make the value where there is no memory."""
    return make() if memory is None else memory.recall(name, made_from, make)


def resized_labels(
    memory: Memory | None, name: Hashable, labels: NDArray[np.uint8], shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Resize labels as :func:`napari_tbcad.imaging.grid.resize_labels`, anew only where they changed.

    Labels are compared pixel by pixel with a copy of the last ones, since a person's program may paint in
    the array it gave. The same array is returned as long as the resized labels are the same, so that what is
    made from it can be recalled, too.
    """
    from napari_tbcad.imaging.grid import resize_labels

    if memory is None:
        return resize_labels(labels, shape)
    last = memory.last(name)
    if last is None:
        resized = resize_labels(labels, shape)
    else:
        before, resized = cast(tuple[NDArray[np.uint8], NDArray[np.uint8]], last)
        new = resize_labels(labels, shape, earlier=(before, resized))
        resized = resized if np.array_equal(new, resized) else new
    memory.keep(name, labels.copy(), resized)
    return resized


def _same(kept: object, given: tuple[object, ...]) -> bool:
    plain = (str, int, float, bool, tuple, BaseModel)
    return (
        isinstance(kept, tuple)
        and len(kept) == len(given)
        and all(
            a is b or (type(a) is type(b) and isinstance(a, plain) and a == b)
            for a, b in zip(kept, given, strict=True)
        )
    )

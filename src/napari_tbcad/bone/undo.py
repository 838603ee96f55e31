"""What a person did to a scan, step by step, so that each step can be undone and done again in order.

A step changes a :class:`State`: how the views are named and turned, and the person's hotspots and regions
(None where the automatic ones stand). Label images are kept compressed: a state takes some kilobytes.
"""

from __future__ import annotations

import weakref
import zlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.views import ViewParameters
from napari_tbcad.imaging.bonescan import VIEWS

MOST_STEPS = 1000
"""Steps that are kept; the oldest go first."""


@dataclass(frozen=True, eq=False)
class State:
    """All of a scan that a person can change by hand.

    Parameters
    ----------
    views : ViewParameters
        How the views are named and turned.
    hotspots : Hotspots or None
        The person's; None where the automatic ones stand.
    regions : SkeletonRegions or None
        The person's; None where the automatic ones stand.
    """

    views: ViewParameters
    hotspots: Hotspots | None
    regions: SkeletonRegions | None


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a person.

    Parameters
    ----------
    text : str
        What was done, such as ``"grow"``, for a person.
    """

    text: str
    before: _Kept
    after: _Kept


@dataclass(frozen=True, eq=False)
class _Kept:
    views: ViewParameters
    hotspots: _Packed | None
    regions: _Packed | None


class _Packed:
    """Labels of both views with all that is known of them; label images compressed."""

    def __init__(self, value: Any) -> None:
        self._kind = type(value)
        self._rest = {f.name: getattr(value, f.name) for f in fields(value) if f.name not in VIEWS}
        self._images = {view: _packed(value.labels(view)) for view in VIEWS}

    def value(self) -> Any:
        return self._kind(**{view: _unpacked(one) for view, one in self._images.items()}, **self._rest)


class UndoStack:
    """The steps of one scan, in order.

    Attributes
    ----------
    undo_text, redo_text : str
        What the next undo takes back, what the next redo does again; empty when there is nothing.
    """

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._place = 0
        # The state after one step is that before the next: it is compressed once.
        self._known: weakref.WeakKeyDictionary[Any, _Packed] = weakref.WeakKeyDictionary()

    @property
    def undo_text(self) -> str:
        """What the next undo takes back."""
        return self._steps[self._place - 1].text if self._place else ""

    @property
    def redo_text(self) -> str:
        """What the next redo does again."""
        return self._steps[self._place].text if self._place < len(self._steps) else ""

    @property
    def top(self) -> Step | None:
        """The step that the next undo takes back."""
        return self._steps[self._place - 1] if self._place else None

    def push(self, text: str, before: State, after: State) -> Step:
        """Add a step; what was undone before it cannot be done again."""
        step = Step(text, self._keep(before), self._keep(after))
        self._steps[self._place :] = [step]
        del self._steps[: max(0, len(self._steps) - MOST_STEPS)]
        self._place = len(self._steps)
        return step

    def extend(self, step: Step, after: State) -> Step:
        """Let the last step, which must be `step`, end in another state: a stroke or a slider goes on."""
        if self.top is not step:
            raise ValueError("only the last step can go on")
        longer = Step(step.text, step.before, self._keep(after))
        self._steps[self._place - 1 :] = [longer]
        return longer

    def undo(self) -> State | None:
        """Return the state before the last step, which is undone; None when there is none."""
        if not self._place:
            return None
        self._place -= 1
        return self._open(self._steps[self._place].before)

    def redo(self) -> State | None:
        """Return the state after the step undone last; None when there is none."""
        if self._place >= len(self._steps):
            return None
        self._place += 1
        return self._open(self._steps[self._place - 1].after)

    def before(self, step: Step) -> State:
        """Return the state before a step."""
        return self._open(step.before)

    def clear(self) -> None:
        """Forget all steps: another scan, or another reading of it, begins."""
        self._steps.clear()
        self._place = 0

    def __len__(self) -> int:
        """Return the number of steps, undone ones included."""
        return len(self._steps)

    def _keep(self, state: State) -> _Kept:
        return _Kept(state.views, self._pack(state.hotspots), self._pack(state.regions))

    def _pack(self, value: Any) -> _Packed | None:
        if value is None:
            return None
        if value not in self._known:
            self._known[value] = _Packed(value)
        return self._known[value]

    def _open(self, kept: _Kept) -> State:
        return State(kept.views, self._unpack(kept.hotspots), self._unpack(kept.regions))

    def _unpack(self, packed: _Packed | None) -> Any:
        if packed is None:
            return None
        value = packed.value()
        self._known[value] = packed
        return value


def _packed(labels: NDArray[Any] | None) -> tuple[bytes, tuple[int, ...], np.dtype[Any]] | None:
    if labels is None:
        return None
    return zlib.compress(np.ascontiguousarray(labels).tobytes(), 1), labels.shape, labels.dtype


def _unpacked(kept: tuple[bytes, tuple[int, ...], np.dtype[Any]] | None) -> NDArray[Any] | None:
    if kept is None:
        return None
    content, shape, dtype = kept
    return np.frombuffer(bytearray(zlib.decompress(content)), dtype).reshape(shape)

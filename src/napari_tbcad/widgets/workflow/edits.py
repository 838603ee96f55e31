"""What a person does to label layers: taken from the layers on a worker, the newest pixels first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_tbcad.chain import Run
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Edit
from napari_tbcad.widgets.workflow.layers import PaintedLayers

UNSEEN = "unseen"
"""What changed a layer of which napari said nothing."""
_PAUSE_S = 1.0
"""Changes that follow each other faster than this, without the end of a stroke between, are one edit."""


@dataclass(frozen=True)
class Piece:
    """A label layer as it looked at one moment.

    Parameters
    ----------
    pixels : (H, W) array of int
        A copy of its labels.
    tool : str
        What changed it.
    ended : bool
        The brush was lifted: the next change is another edit.
    number : int
        Pieces are numbered as they are made; an older one never replaces a newer.
    """

    pixels: NDArray[Any]
    tool: str
    ended: bool
    number: int


@dataclass
class Stroke:
    """An edit in the making: the value before it, and what the journal says of it so far."""

    run: Run
    base: Any
    entry: Edit | None
    last: float


class Strokes:
    """Tells which pieces of painting are one edit: up to the brush being lifted, or a pause."""

    def __init__(self) -> None:
        self._open: dict[str, Stroke] = {}

    def stroke(self, run: Run, name: str, standing: Any) -> Stroke:
        """Return the stroke that what was just painted belongs to; `standing` is the value before it."""
        found = self._open.get(name)
        if found is None or found.run is not run or time.monotonic() - found.last > _PAUSE_S:
            found = Stroke(run, standing, None, 0.0)
        return found

    def keep(self, name: str, stroke: Stroke, *, ended: bool) -> None:
        """Remember, or end, a stroke after it was noted."""
        stroke.last = time.monotonic()
        if ended:
            self.end(name)
        else:
            self._open[name] = stroke

    def end(self, name: str | None = None) -> None:
        """Let the next change be another edit; None ends all strokes."""
        if name is None:
            self._open.clear()
        else:
            self._open.pop(name, None)


class LayerEdits(QObject):
    """Follows the label layers of one study; the newest pixels win, and the GUI thread only copies them.

    Parameters
    ----------
    layers : PaintedLayers
        The layers followed.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    touched : Signal(bool)
        A layer changed; True at the end of a stroke. Ask :meth:`pieces` for what is to be taken.
    problems : dict of str to str
        Why what was painted cannot be used, per kind.
    reader : str
        Who paints, for the journal.
    """

    touched = Signal(bool)

    def __init__(self, layers: PaintedLayers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers = layers
        self.problems: dict[str, str] = {}
        self.reader = ""
        self._waiting: dict[str, tuple[str, bool]] = {}
        self._again: dict[str, str] = {}
        self._taken: dict[str, NDArray[Any]] = {}
        self._flying: dict[str, Piece] = {}
        self._lock = threading.RLock()
        self._begun = object()
        self._number = 0
        self._newest: dict[str, int] = {}
        layers.touched.connect(self._on_touched)

    # -- what a workflow says -------------------------------------------------------------------------

    def take(self, run: Run, kind: str, piece: Piece) -> None:
        """Put what was painted into the run; on a worker. What it raises stands as a problem."""
        raise NotImplementedError

    def count(self, run: Run) -> None:
        """Look at what was taken; on a worker."""

    def value_of(self, kind: str) -> str:
        """Return the name of the chain's value that a kind belongs to."""
        return kind

    # -- what a session asks --------------------------------------------------------------------------

    @property
    def dirty(self) -> bool:
        """Whether a layer holds what the run has not been told yet."""
        return bool(self._waiting or self._again)

    def touched_now(self, kind: str) -> bool:
        """Tell whether a layer changed since its pixels were last taken; one only to be looked at did not."""
        return kind in self._again or (kind in self._waiting and self._waiting[kind][0] != UNSEEN)

    def notice(self, kind: str) -> None:
        """A layer holds what nobody told of: take it."""
        self._waiting.setdefault(kind, (self._layers.tool(kind), True))
        self.touched.emit(True)

    def look_again(self) -> None:
        """Compare every layer once more: napari says nothing of an undo on a hidden one."""
        for kind in self._layers.kinds:
            self._waiting.setdefault(kind, (UNSEEN, True))

    def pieces(self, run: Run) -> dict[str, Any]:
        """Return copies of the layers that changed, and forget that they did."""
        waiting, self._waiting = self._waiting, {}
        again, self._again = self._again, {}
        found: dict[str, Any] = {}
        for kind, (tool, ended) in {
            **{kind: (tool, True) for kind, tool in again.items()},
            **waiting,
        }.items():
            pixels = self._layers.pixels(kind)
            if pixels is None or run.get(self.value_of(kind)) is None:
                continue
            if kind in waiting or not np.array_equal(pixels, self._taken.get(kind, pixels[:0])):
                self._number += 1
                found[kind] = Piece(pixels, tool, ended, self._number)
                self._taken[kind] = pixels
        return found

    def taker(self, run: Run, pieces: dict[str, Any], *, whatever: bool = False) -> Callable[[], bool]:
        """Return the work of taking these pieces, for a worker.

        It returns True when the labels can be measured then, or `whatever` is to be computed all the same.
        """
        self._flying, begun = dict(pieces), self._begun

        def take() -> bool:
            with self._lock:
                if begun is not self._begun:  # of a run that is not shown any more, which was settled
                    return False
                problems = dict(self.problems)
                for kind, piece in pieces.items():
                    if piece.number <= self._newest.get(kind, 0):
                        continue
                    self._newest[kind] = piece.number
                    try:
                        self.take(run, kind, piece)
                        problems.pop(kind, None)
                    except Exception as error:  # what was painted stays, and so does the complaint
                        problems[kind] = complaint(self.source(run), error)
                self.problems = problems
            self.count(run)
            return whatever or not problems

        return take

    def settle(self, run: Run) -> None:
        """Take at once all that was painted, also what a worker is about to take; it finds it done."""
        pieces = {**self._flying, **self.pieces(run)}
        if pieces:
            self.taker(run, pieces)()
            self._flying = {}

    def source(self, run: Run) -> str:
        """Return the name of the study, for complaints."""
        return Path(run.get(run.chain.inputs[0]).source).name

    def apply(self, kind: str, labels: NDArray[Any], tool: str) -> None:
        """Write labels (H, W) into a layer as one undoable step, as if the person had painted them."""
        self._layers.show(kind, labels)
        self._waiting[kind] = (tool, True)
        self.touched.emit(True)

    def begin(self) -> None:
        """Know of nothing: another run begins."""
        with self._lock:
            self.problems = {}
            self._begun = object()
        self._waiting.clear()
        self._again.clear()
        self._taken.clear()
        self._flying = {}

    def complain(self, kind: str, error: Exception) -> None:
        """Say what went wrong with a tool; the labels stay as they are."""
        told = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
        with self._lock:
            self.problems = {**self.problems, kind: told}
        self.touched.emit(True)

    # -- inside ---------------------------------------------------------------------------------------

    def _on_touched(self, kind: str, ended: bool) -> None:
        tool, before = self._waiting.get(kind, ("", False))
        tool = tool or self._layers.tool(kind)
        self._waiting[kind] = (tool, ended or before)
        self.touched.emit(ended)
        if ended and kind not in self._waiting:
            # napari tells of a fill, or of what a script paints, before it writes it.
            self._again[kind] = tool


def complaint(name: str, error: Exception) -> str:
    """Return why what was painted cannot be used: study, cause, what to do."""
    text = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
    return f"{name}: {text}; press Undo, or paint over it" if name else text

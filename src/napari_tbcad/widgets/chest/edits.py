"""What a person does to the masks: taken from the layers, put into the run, noted, counted."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_tbcad.chain import Run
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Edit
from napari_tbcad.widgets.chest.layers import KINDS, LungLayers
from napari_tbcad.widgets.work import start_call

_UNSEEN = "unseen"
"""What changed a layer of which napari said nothing."""
_PAUSE_S = 1.0
"""Changes that follow each other faster than this, without the end of a stroke between, are one edit."""


@dataclass(frozen=True)
class Piece:
    """A mask layer as it looked at one moment.

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
class _Stroke:
    """An edit in the making: the mask before it, and what the journal says of it so far."""

    run: Run
    base: Any
    entry: Edit | None
    last: float


class MaskEdits(QObject):
    """Follows the mask layers of one film; the newest pixels win, and the GUI thread only copies them.

    Parameters
    ----------
    layers : LungLayers
        The layers followed.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    touched : Signal(bool)
        A layer changed; True at the end of a stroke. Ask :meth:`pieces` for what is to be taken.
    problems : dict of str to str
        Why what was painted cannot be used, per mask.
    reader : str
        Who paints, for the journal.
    """

    touched = Signal(bool)

    def __init__(self, layers: LungLayers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers = layers
        self.problems: dict[str, str] = {}
        self.reader = ""
        self._waiting: dict[str, tuple[str, bool]] = {}
        self._again: dict[str, str] = {}
        self._taken: dict[str, NDArray[Any]] = {}
        self._strokes: dict[str, _Stroke] = {}
        self._lock = threading.Lock()
        self._number = 0
        self._newest: dict[str, int] = {}
        self._facts: dict[str, tuple[Any, Any, int, float, NDArray[np.uint8]]] = {}
        layers.touched.connect(self._on_touched)

    @property
    def dirty(self) -> bool:
        """Whether a layer holds what the run has not been told yet."""
        return bool(self._waiting or self._again)

    def touched_now(self, kind: str) -> bool:
        """Tell whether a layer changed since its pixels were last taken; one only to be looked at did not."""
        return kind in self._again or (kind in self._waiting and self._waiting[kind][0] != _UNSEEN)

    def notice(self, kind: str) -> None:
        """A layer holds what nobody told of: take it."""
        self._waiting.setdefault(kind, (self._layers.tool(kind), True))
        self.touched.emit(True)

    def look_again(self) -> None:
        """Compare every layer once more: napari says nothing of an undo on a hidden one."""
        for kind in KINDS:
            self._waiting.setdefault(kind, (_UNSEEN, True))

    def pieces(self, run: Run) -> dict[str, Piece]:
        """Return copies of the layers that changed, and forget that they did."""
        waiting, self._waiting = self._waiting, {}
        again, self._again = self._again, {}
        found = {}
        for kind, (tool, ended) in {
            **{kind: (tool, True) for kind, tool in again.items()},
            **waiting,
        }.items():
            pixels = self._layers.pixels(kind)
            if pixels is None or run.get(kind) is None:
                continue
            if kind in waiting or not np.array_equal(pixels, self._taken.get(kind, pixels[:0])):
                self._number += 1
                found[kind] = Piece(pixels, tool, ended, self._number)
                self._taken[kind] = pixels
        return found

    def taker(self, run: Run, pieces: dict[str, Piece], *, whatever: bool = False) -> Callable[[], bool]:
        """Return the work of taking these pieces, for a worker.

        It returns True when the masks can be measured then, or `whatever` is to be computed all the same.
        """

        def take() -> bool:
            with self._lock:
                problems = dict(self.problems)
                for kind, piece in pieces.items():
                    if piece.number < self._newest.get(kind, 0):
                        continue
                    self._newest[kind] = piece.number
                    try:
                        self._take(run, kind, piece)
                        problems.pop(kind, None)
                    except Exception as error:  # what was painted stays, and so does the complaint
                        problems[kind] = _complaint(run, error)
                self.problems = problems
            self.count(run)
            return whatever or not problems

        return take

    def apply(self, kind: str, labels: NDArray[np.uint8], tool: str) -> None:
        """Write labels (H, W) into a layer as one undoable step, as if the person had painted them."""
        self._layers.show(kind, labels)
        self._waiting[kind] = (tool, True)
        self.touched.emit(True)

    def apply_later(self, kind: str, make: Callable[[NDArray[Any]], NDArray[np.uint8]], tool: str) -> None:
        """Have a worker make new labels from those of a layer, then write them there."""
        layer = self._layers.layer(kind)
        if layer is not None:
            _Later(self, kind, layer, tool).start(make)

    def forget(self, run: Run) -> list[str]:
        """Take every correction back without a trace (the film is another); return which there were."""
        corrected: list[str] = [kind for kind in KINDS if run.edited(kind) or kind in self.problems]
        self.begin()
        for kind in KINDS:
            run.withdraw(kind)
        for edit in run.journal:
            run.note(None, replaces=edit)
        return corrected

    def begin(self) -> None:
        """Know of nothing: another run begins."""
        with self._lock:
            self.problems = {}
            self._strokes.clear()
        self._waiting.clear()
        self._again.clear()
        self._taken.clear()

    def holds(self, kind: str, layer: Labels) -> bool:
        """Tell whether a layer is still that of a mask."""
        return self._layers.layer(kind) is layer

    def complain(self, kind: str, error: Exception) -> None:
        """Say what went wrong with a tool; the mask stays as it is."""
        told = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
        with self._lock:
            self.problems = {**self.problems, kind: told}
        self.touched.emit(True)

    # -- what was changed -----------------------------------------------------------------------------

    def count(self, run: Run) -> None:
        """Compare corrected and automatic masks where one of them is new; takes milliseconds a megapixel."""
        from napari_tbcad.chest.lungs.corrections import difference
        from napari_tbcad.chest.workflow import mask_dice

        for kind in KINDS:
            if not run.edited(kind):
                continue
            mask, automatic = run.get(kind), run.get(kind, automatic=True)
            if automatic is None or automatic.labels.shape != mask.labels.shape:
                continue
            known = self._facts.get(kind)
            if known is None or known[0] is not mask or known[1] is not automatic:
                changed = difference(mask.labels, automatic.labels)
                dice = mask_dice(mask.labels, automatic.labels)
                self._facts[kind] = (mask, automatic, int(np.count_nonzero(changed)), dice, changed)

    def facts(self, run: Run, kind: str) -> tuple[int, float] | None:
        """Return pixels changed and Dice to the automatic mask; None when not corrected or counted yet."""
        known = self._known(run, kind)
        return None if known is None else (known[2], known[3])

    def difference(self, run: Run, kind: str) -> NDArray[np.uint8] | None:
        """Return what was added (1), taken away (2) or changed sides (3); None as in :meth:`facts`."""
        known = self._known(run, kind)
        return None if known is None else known[4]

    # -- inside ---------------------------------------------------------------------------------------

    def _known(self, run: Run, kind: str) -> Any:
        known = self._facts.get(kind)
        stands = known is not None and run.edited(kind) and known[0] is run.get(kind)
        return known if stands else None

    def _on_touched(self, kind: str, ended: bool) -> None:
        tool, before = self._waiting.get(kind, ("", False))
        tool = tool or self._layers.tool(kind)
        self._waiting[kind] = (tool, ended or before)
        self.touched.emit(ended)
        if ended and kind not in self._waiting:
            # napari tells of a fill, or of what a script paints, before it writes it.
            self._again[kind] = tool

    def _take(self, run: Run, kind: str, piece: Piece) -> None:
        from napari_tbcad.chest.workflow import give_mask, take_back

        standing, automatic = run.get(kind), run.get(kind, automatic=True)
        now = time.monotonic()
        if np.array_equal(piece.pixels, standing.labels):
            if piece.ended:
                self._strokes.pop(kind, None)
            return
        if automatic is not None and np.array_equal(piece.pixels, automatic.labels):
            self._strokes.pop(kind, None)
            take_back(run, kind, tool=piece.tool, reader=self.reader)  # type: ignore[arg-type]
            return
        stroke = self._strokes.get(kind)
        if stroke is None or stroke.run is not run or now - stroke.last > _PAUSE_S:
            stroke = _Stroke(run, standing, None, now)
        stroke.entry = give_mask(
            run,
            piece.pixels,
            kind,  # type: ignore[arg-type]
            tool=piece.tool,
            reader=self.reader,
            base=stroke.base,
            replaces=stroke.entry,
        )
        stroke.last = now
        if piece.ended:
            self._strokes.pop(kind, None)
        else:
            self._strokes[kind] = stroke


class _Later(QObject):
    """Brings labels that a worker made into their layer, if it is still there; later strokes stay."""

    def __init__(self, edits: MaskEdits, kind: str, layer: Labels, tool: str) -> None:
        super().__init__(edits)
        self._edits, self._kind, self._tool = edits, kind, tool
        self._layer = weakref.ref(layer)
        self._before = np.array(layer.data)

    def start(self, make: Callable[[NDArray[Any]], NDArray[np.uint8]]) -> None:
        """Begin."""
        before = self._before
        start_call(lambda: make(before), on_result=self._apply, on_error=self._complain)

    def _apply(self, labels: NDArray[np.uint8]) -> None:
        layer = self._layer()
        if layer is not None and self._edits.holds(self._kind, layer) and layer.data.shape == labels.shape:
            now = np.asarray(layer.data)
            merged = np.where(labels != self._before, labels, now).astype(np.uint8)
            self._edits.apply(self._kind, merged, self._tool)
        self.deleteLater()

    def _complain(self, error: Exception) -> None:
        self._edits.complain(self._kind, error)
        self.deleteLater()


def _complaint(run: Run, error: Exception) -> str:
    """Return why what was painted cannot be used: film, cause, what to do."""
    film = Path(run.get("film").source).name
    text = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
    return f"{film}: {text}; press Undo, or paint over it" if film else text

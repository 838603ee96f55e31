"""What a person does to the masks: taken from the layers, put into the run, noted, counted."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from napari_tbcad.chain import Run
from napari_tbcad.widgets.chest.layers import KINDS, LungLayers
from napari_tbcad.widgets.work import start_call
from napari_tbcad.widgets.workflow.edits import LayerEdits, Piece, Strokes


class MaskEdits(LayerEdits):
    """Follows the mask layers of one film.

    Parameters
    ----------
    layers : LungLayers
        The layers followed.
    parent : QObject, optional
        Qt parent.
    """

    def __init__(self, layers: LungLayers, parent: QObject | None = None) -> None:
        super().__init__(layers, parent)
        self._strokes = Strokes()
        self._facts: dict[str, tuple[Any, Any, int, float, NDArray[np.uint8]]] = {}

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
        super().begin()
        self._strokes.end()

    def holds(self, kind: str, layer: Labels) -> bool:
        """Tell whether a layer is still that of a mask."""
        return self._layers.layer(kind) is layer

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

    def take(self, run: Run, kind: str, piece: Piece) -> None:
        """Put a mask into the run: a stroke is one edit, and the automatic mask none."""
        from napari_tbcad.chest.workflow import give_mask, take_back

        standing, automatic = run.get(kind), run.get(kind, automatic=True)
        if np.array_equal(piece.pixels, standing.labels):
            if piece.ended:
                self._strokes.end(kind)
            return
        if automatic is not None and np.array_equal(piece.pixels, automatic.labels):
            self._strokes.end(kind)
            take_back(run, kind, tool=piece.tool, reader=self.reader)  # type: ignore[arg-type]
            return
        stroke = self._strokes.stroke(run, kind, standing)
        stroke.entry = give_mask(
            run,
            piece.pixels,
            kind,  # type: ignore[arg-type]
            tool=piece.tool,
            reader=self.reader,
            base=stroke.base,
            replaces=stroke.entry,
        )
        self._strokes.keep(kind, stroke, ended=piece.ended)


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

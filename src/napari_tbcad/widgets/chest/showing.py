"""Automatic masks on their way into layers, without ever touching what a person painted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_tbcad.chain import Run
from napari_tbcad.widgets.chest.edits import MaskEdits
from napari_tbcad.widgets.chest.layers import KINDS, LungLayers

_LAYER_WAIT_MS = 400
"""A new mask waits this long for the answer: making its layer takes napari longer than the chain its work."""
_PAINT_MS = 15
"""Time for the window to be drawn."""


class MaskShow(QObject):
    """Shows the automatic masks of one film.

    Parameters
    ----------
    layers : LungLayers
        Where they are shown.
    edits : MaskEdits
        What a person did, which is left alone.
    run : callable
        Returns the run, or None.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    shown : Signal
        A mask got its layer.
    """

    shown = Signal()

    def __init__(
        self,
        layers: LungLayers,
        edits: MaskEdits,
        run: Callable[[], Run | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._layers, self._edits, self._run = layers, edits, run
        self._new: list[str] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._show_next)

    @property
    def waiting(self) -> bool:
        """Whether a mask waits for its layer."""
        return bool(self._new)

    def forget(self) -> None:
        """Show nothing of what waits."""
        self._new.clear()
        self._timer.stop()

    def ready(self, kind: str) -> None:
        """A mask was computed: write it into its layer, or give it one once the answer is there."""
        if self._layers.layer(kind) is not None:
            self._bring(kind)
        elif kind not in self._new:
            self._new.append(kind)
            self._timer.start(_LAYER_WAIT_MS)

    def answered(self) -> None:
        """The work is done: bring what it made on its way, and give new masks their layers."""
        if self._new:
            self._timer.start(_PAINT_MS)
        for kind in KINDS:
            if self._layers.layer(kind) is not None:
                self._bring(kind)

    def everything(self) -> None:
        """Put all masks, a person's too, into their layers now (again, when one was deleted)."""
        self.forget()
        run = self._run()
        for kind in KINDS if run is not None else ():
            if (mask := run.get(kind)) is not None:  # type: ignore[union-attr]
                self._layers.show(kind, mask.labels)

    def _bring(self, kind: str) -> None:
        run = self._run()
        mask: Any = run.get(kind) if run is not None else None
        if run is None or mask is None or run.edited(kind) or kind in self._edits.problems:
            return
        if self._edits.touched_now(kind):
            return
        if self._layers.holds_something_else(kind):
            # napari tells of some changes late, and of those of a hidden layer not at all.
            self._edits.notice(kind)
        else:
            self._layers.show(kind, mask.labels)

    def _show_next(self) -> None:
        """Give a new mask its layer, one at a time: the window can be drawn in between."""
        run = self._run()
        if run is None or not self._new:
            return
        kind = self._new.pop(0)
        if self._new:
            self._timer.start(_PAINT_MS)
        if self._layers.layer(kind) is None and (mask := run.get(kind)) is not None:
            self._layers.show(kind, mask.labels)
        self.shown.emit()

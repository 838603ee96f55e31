"""Hotspots and regions as they stand, brought into their layers without holding the window up."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.bone.layers import HOTSPOTS, KINDS, view_of
from napari_tbcad.widgets.work import timer

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.session import BoneSession

_PAINT_MS = 15
"""Time for the window to be drawn between one new layer and the next."""
_TINT_MS = 30
"""Colours and letters take napari longer than the answer: the number is drawn first."""


class LabelShow(QObject):
    """Shows the label images of one scan; what is just being painted is left alone.

    Parameters
    ----------
    session : BoneSession
        Its parent; held weakly.

    Attributes
    ----------
    shown : Signal
        All labels that waited for a layer have one.
    """

    shown = Signal()

    def __init__(self, session: BoneSession) -> None:
        super().__init__(session)
        self._session = weakref.ref(session)
        self._queue: list[str] = []
        self._showing = timer(self, self._show_next)
        self._tinting = timer(self, self.recolour)

    @property
    def busy(self) -> bool:
        """Whether a label waits for its layer, or its colour."""
        return bool(self._queue) or self._tinting.isActive()

    def begin(self) -> None:
        """Forget what waits: another run begins."""
        self._queue.clear()

    def enqueue(self, kinds: Iterable[str]) -> None:
        """Show labels of some kinds; those without a layer get one, one after the other."""
        session = self._session()
        for kind in kinds if session is not None else ():
            assert session is not None
            if session.layers.layer(kind) is not None:
                self._bring(session, kind)
            elif kind not in self._queue:
                self._queue.append(kind)
        if self._queue:
            self._showing.start(_PAINT_MS)

    def show(self, *kinds: str) -> None:
        """Show labels of some kinds at once (again, where a person deleted the layer)."""
        session = self._session()
        for kind in kinds if session is not None else ():
            assert session is not None
            self._bring(session, kind, make=True)
        self.recolour()

    def update(self) -> None:
        """Bring every layer that there is up to what stands; colours a little later."""
        session = self._session()
        for kind in KINDS if session is not None else ():
            assert session is not None
            if session.layers.layer(kind) is not None:
                self._bring(session, kind)
        self.recolour_soon()

    def recolour_soon(self) -> None:
        """Give hotspots the colours of their classes, once the window had time to be drawn."""
        if not self._tinting.isActive():
            self._tinting.start(_TINT_MS)

    def recolour(self) -> None:
        """Give hotspots the colours of their classes."""
        session = self._session()
        hotspots = session.value("hotspots") if session is not None else None
        if session is not None and hotspots is not None:
            session.layers.colour(hotspots.marks)

    # -- inside ---------------------------------------------------------------------------------------

    def _show_next(self) -> None:
        """Give a label image its layer, one at a time: the window can be drawn in between."""
        session = self._session()
        if not self._queue or session is None or session.closed:
            return
        self._bring(session, self._queue.pop(0), make=True)
        if self._queue:
            self._showing.start(_PAINT_MS)
        else:
            self.recolour()
            self.shown.emit()

    @staticmethod
    def _bring(session: BoneSession, kind: str, *, make: bool = False) -> None:
        spots = kind in HOTSPOTS.values()
        value = session.value("hotspots" if spots else "regions")
        labels = None if value is None else value.labels(view_of(kind))
        if labels is None or kind in session.edits.problems or session.edits.touched_now(kind):
            return
        layers = session.layers
        if layers.layer(kind) is None:
            if make:
                if spots:
                    layers.know(value.marks)
                layers.show(kind, labels)
        elif layers.holds_something_else(kind):
            # napari tells of some changes late, and of those of a hidden layer not at all. The end of a
            # stroke it tells.
            if not layers.in_hand(kind):
                session.edits.notice(kind)
        else:
            layers.show(kind, labels)

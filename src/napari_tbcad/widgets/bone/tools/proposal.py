"""The same lesion in the other view, as the program proposes it: a dashed outline until it is accepted."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer
from qtpy.QtGui import QPainter

from napari_tbcad.widgets.bone.colours import CLASS_COLOURS
from napari_tbcad.widgets.bone.sight import Sight
from napari_tbcad.widgets.bone.tools.drawing import polyline
from napari_tbcad.widgets.bone.tools.places import Point

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.tools.tools import Tools

_PAUSE_MS = 40
"""What a person goes through with Tab is not proposed for one by one."""


class Proposing(QObject):
    """Shows the proposal for the hotspot chosen.

    Parameters
    ----------
    tools : Tools
        Its Qt parent; held weakly.

    Attributes
    ----------
    shown : PartnerProposal or None
        What is outlined now.
    """

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._tools = weakref.ref(tools)
        self.shown: Any = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._show)

    def refresh(self) -> None:
        """Something may differ: look in a moment."""
        self._timer.start()

    def release(self) -> None:
        """Show nothing any more."""
        self._timer.stop()
        self._draw(None)

    def _show(self) -> None:
        tools = self._tools()
        session = None if tools is None else tools.session
        if session is None or session.look.chosen is None or session.value("hotspots") is None:
            self._draw(None)
            return
        self._draw(session.hands.proposal(session.look.chosen))

    def _draw(self, proposal: Any) -> None:
        if proposal is self.shown:
            return
        tools = self._tools()
        self.shown = proposal
        if tools is None:
            return
        if proposal is None:
            tools.pen.draw("proposal", None)
            return
        mark = tools.session.value("hotspots").by_id()[proposal.number]
        lines = [
            polyline(proposal.view, line, CLASS_COLOURS[mark.label], dashed=True)
            for line in outline_of(proposal.mask)
        ]

        def draw(painter: QPainter, sight: Sight) -> None:
            for line in lines:
                line(painter, sight)

        tools.pen.draw("proposal", draw)


def outline_of(mask: NDArray[np.bool_]) -> list[list[Point]]:
    """Return the outlines of a mask as closed lines between its pixels and the others.

    Parameters
    ----------
    mask : (H, W) array of bool

    Returns
    -------
    list of list of (float, float)
        Rows and columns; empty for an empty mask.
    """
    from skimage.measure import find_contours

    rows, columns = np.nonzero(mask)
    if not rows.size:
        return []
    top, left = int(rows.min()) - 1, int(columns.min()) - 1
    part = np.zeros((int(rows.max()) - top + 2, int(columns.max()) - left + 2), np.float32)
    part[rows - top, columns - left] = 1
    return [[(float(r) + top, float(c) + left) for r, c in line] for line in find_contours(part, 0.5)]

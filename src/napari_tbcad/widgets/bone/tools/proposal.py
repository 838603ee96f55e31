"""The same lesion in the other view, as the program proposes it: a dashed outline until it is accepted."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer

from napari_tbcad.widgets.bone.colours import CLASS_COLOURS
from napari_tbcad.widgets.bone.tools.drawing import proposal as proposal_drawing
from napari_tbcad.widgets.bone.tools.places import Point
from napari_tbcad.widgets.keys import key_of

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.tools.tools import Tools

Outlines = list[list[Point]]

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
        self._question: tuple[Any, int | None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._show)

    def refresh(self) -> None:
        """Something may differ: look in a moment."""
        if not self._timer.isActive():
            self._timer.start()

    def release(self) -> None:
        """Show nothing any more."""
        # At the end of the program Qt deletes in an order of its own.
        if isalive(self._timer):
            self._timer.stop()
        self._question = None
        self._draw(None, [], "")

    def _show(self) -> None:
        """Show the proposal for the hotspot chosen, or none."""
        tools = self._tools()
        session = None if tools is None else tools.session
        number = None if session is None else session.look.chosen
        hotspots = None if session is None else session.value("hotspots")
        mark = None if hotspots is None else hotspots.by_id().get(number)
        if mark is None or mark.linked is not None:
            self._question = None
            self._draw(None, [], "")
            return
        if self._question is not None and self._question[0] is hotspots and self._question[1] == number:
            return
        self._question = hotspots, number
        # Some 6 ms, and once a scan 20 more to lay the views on each other. Not for a worker: the detectors
        # may hold all of them for a minute.
        proposal = session.hands.proposal(number)
        self._draw(proposal, [] if proposal is None else outline_of(proposal.mask), CLASS_COLOURS[mark.label])

    def _draw(self, proposal: Any, outlines: Outlines, colour: str) -> None:
        tools = self._tools()
        if tools is None or (proposal is None and self.shown is None):
            return
        self.shown = proposal
        if proposal is None:
            tools.pen.draw("proposal", None)
            return
        text = f"{key_of('accept_partner').keys}: same lesion"
        tools.pen.draw("proposal", proposal_drawing(proposal.view, outlines, colour, text))


def outline_of(mask: NDArray[np.bool_]) -> Outlines:
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

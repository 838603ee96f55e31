"""How a scan's layers are looked at: grey scale, outlines, numbers, which hotspot is chosen."""

from __future__ import annotations

import weakref
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_tbcad.widgets.bone.greys import Greys, GreyScale
from napari_tbcad.widgets.bone.layers import REGIONS

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.session import BoneSession


@dataclass(frozen=True)
class Habit:
    """How a person likes to look at scans, kept from one scan to the next.

    Parameters
    ----------
    scale : GreyScale
    inverted, names, crosshair : bool
        As in :class:`BoneLook`.
    """

    scale: GreyScale
    inverted: bool
    names: bool
    crosshair: bool


class BoneLook:
    """View state of one session, shared by all panels that show it. Nothing here is ever computed with.

    Parameters
    ----------
    session : BoneSession
        Held weakly.

    Attributes
    ----------
    greys : Greys
        What the darkest grey stands for.
    inverted : bool
        True for counts dark on light, as bone scans are read.
    outlines : bool
        Whether the regions are outlined.
    names : bool
        Whether numbers and class letters stand beside the hotspots.
    crosshair : bool
        Whether lines run through the place under the pointer and its partner in the other view.
    chosen : int or None
        The hotspot that table and canvas point at.
    selected : tuple of int
        All hotspots that keys and menus act on, the chosen one among them.
    """

    def __init__(self, session: BoneSession) -> None:
        self._session = weakref.ref(session)
        self.greys = Greys(session)
        self.inverted = True
        self.outlines = True
        self.names = True
        self.crosshair = True
        self.chosen: int | None = None
        self.selected: tuple[int, ...] = ()
        self._off: list[Any] | None = None

    def open(self) -> None:
        """The scan was chosen: show what was shown of it before."""
        session, off = self._session(), self._off
        self._off = None
        if session is None or off is None:
            return
        session.layers.veiled = False
        hidden = [reference() for reference in off]
        for layer in session.layers.everything():
            layer.visible = all(layer is not one for one in hidden)

    def close(self) -> None:
        """Another scan was chosen: it would lie under this one."""
        session = self._session()
        if session is not None and not session.closed:
            layers = session.layers.everything()
            self._off = [weakref.ref(layer) for layer in layers if not layer.visible]
            session.layers.veiled = True
            for layer in layers:
                layer.visible = False

    def set_inverted(self, on: bool) -> None:
        """Show counts dark on light, or light on dark."""
        if (session := self._session()) is None:
            return
        self._turn_grey(session, on)
        session.changed.emit()

    def set_outlines(self, on: bool) -> None:
        """Outline the regions, or not."""
        if (session := self._session()) is None:
            return
        self.outlines = on
        for kind in REGIONS.values():
            if (layer := session.layers.layer(kind)) is not None:
                layer.visible = on
        session.changed.emit()

    def set_names(self, on: bool) -> None:
        """Write numbers and letters beside the hotspots, or not."""
        if (session := self._session()) is None:
            return
        self.names = on
        session.changed.emit()

    def set_crosshair(self, on: bool) -> None:
        """Draw the linked cross-hair, or not."""
        if (session := self._session()) is not None and on != self.crosshair:
            self.crosshair = on
            session.changed.emit()

    def choose(self, number: int | None) -> None:
        """Point at one hotspot alone; None at none."""
        self.select(() if number is None else (number,), number)

    def select(self, numbers: Iterable[int], current: int | None = None) -> None:
        """Choose several hotspots at once.

        Parameters
        ----------
        numbers : iterable of int
            Their numbers, in any order; none leaves none chosen.
        current : int, optional
            The one that table and canvas point at; when it is not given, or not among them, it stays
            where it is if that is among them, else it is the last of them.
        """
        selected = tuple(dict.fromkeys(numbers))
        chosen = next((n for n in (current, self.chosen, *selected[-1:]) if n in selected), None)
        session = self._session()
        if session is not None and (chosen, selected) != (self.chosen, self.selected):
            self.chosen, self.selected = chosen, selected
            session.changed.emit()

    def choose_next(self, step: int = 1, order: Sequence[int] = ()) -> None:
        """Point at the next hotspot in an order (that of the table), after the last at the first."""
        session = self._session()
        table = session.value("table") if session is not None else None
        if table is None or not len(table):
            return
        known = [row.id for row in table]
        numbers: list[int | None] = [number for number in order if number in known] or known
        start = 0 if step > 0 else -1
        place = numbers.index(self.chosen) + step if self.chosen in numbers else start
        self.choose(numbers[place % len(numbers)])

    @property
    def habit(self) -> Habit:
        """How the scan is looked at now, for the next one."""
        return Habit(self.greys.scale, self.inverted, self.names, self.crosshair)

    def take(self, habit: Habit) -> None:
        """Look at the scan as a person looked at the one before."""
        if (session := self._session()) is None or habit == self.habit:
            return
        self.names, self.crosshair = habit.names, habit.crosshair
        if habit.inverted != self.inverted:
            self._turn_grey(session, habit.inverted)
        self.greys.set(habit.scale)
        session.changed.emit()

    def refresh(self) -> None:
        """Choose no longer what is no more (of what is left, the last stays pointed at); follow the scan."""
        session = self._session()
        if session is None or session.closed:
            return
        self.greys.follow()
        hotspots = session.value("hotspots")
        # Not those of the table: it comes a moment after a new hotspot.
        known: Container[int] = () if hotspots is None else hotspots.by_id()
        self.selected = tuple(number for number in self.selected if number in known)
        if self.chosen not in known:
            self.chosen = self.selected[-1] if self.selected else None

    def _turn_grey(self, session: BoneSession, inverted: bool) -> None:
        self.inverted = inverted
        for image in session.layers.pictures().values():
            image.colormap = "gray_r" if inverted else "gray"
        session.layers.letters.set_ink("black" if inverted else "white")

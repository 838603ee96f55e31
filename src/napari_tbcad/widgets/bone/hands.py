"""What a person does to the hotspots, regions and views of a scan, by name.

Keys, buttons, table, context menu, the tools on the canvas and scripts all come through here, so that all of
it is done in one way, told in one place, and undone in one order.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_tbcad.bone import editing
from napari_tbcad.bone.box import Bounds
from napari_tbcad.bone.box_tool import BoxToolParameters, hotspot_in_box
from napari_tbcad.bone.grow import GrowParameters, grow_hotspot
from napari_tbcad.bone.hotspots import Hotspots, Origin
from napari_tbcad.bone.partner import PartnerParameters, PartnerProposal, propose_partner
from napari_tbcad.bone.undo import Step
from napari_tbcad.bone.views import ViewParameters
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.record import Parameters

if TYPE_CHECKING:
    from napari_tbcad.bone.axis import Pairing
    from napari_tbcad.widgets.bone.session import BoneSession

_OWN_SHARE = 0.5
"""A box that holds this share of a hotspot's pixels is drawn for that hotspot anew."""


class ToolParameters(Parameters):
    """Parameters of the tools by which hotspots are made."""

    grow: GrowParameters = GrowParameters()
    box: BoxToolParameters = BoxToolParameters()
    partner: PartnerParameters = PartnerParameters()


@dataclass(frozen=True)
class Grown:
    """The last hotspot grown from a click.

    Parameters
    ----------
    view : {"anterior", "posterior"}
    seed : (float, float)
        Row and column of the click, in pixels of the view.
    number : int
        The hotspot.
    fraction : float
        Of the peak above its background.
    """

    view: ViewName
    seed: tuple[float, float]
    number: int
    fraction: float


class Hands(QObject):
    """A person's hands on one scan.

    Every method that changes something does so at once, as one step of undo, and says whether it did. What
    cannot be done changes nothing: :attr:`message` says why.

    Parameters
    ----------
    session : BoneSession
        Held weakly.

    Attributes
    ----------
    told : Signal
        The message differs.
    message : str
        Why the last thing asked for could not be done; empty when it was.
    tools : ToolParameters
        Parameters of the tools.
    last_grow : Grown or None
        What :meth:`regrow` grows again.
    """

    told = Signal()

    def __init__(self, session: BoneSession) -> None:
        super().__init__(session)
        self._session = weakref.ref(session)
        self.message = ""
        self.tools = ToolParameters()
        self.last_grow: Grown | None = None
        self._grow_step: Step | None = None
        self._proposed: tuple[Any, int, PartnerProposal | None] | None = None
        self._paired: tuple[BoneScan, Pairing | None] | None = None

    # -- new hotspots ---------------------------------------------------------------------------------

    @property
    def brush_class(self) -> str:
        """Class of what is made next."""
        session = self._session()
        return "abnormal" if session is None else session.layers.brush_class

    def set_brush_class(self, label: str) -> None:
        """Say of which class the next hotspots are."""
        if (session := self._session()) is not None:
            session.layers.brush_class = label
            session.recolour_soon()
            session.changed.emit()

    def box(self, view: ViewName, bounds: Bounds) -> int | None:
        """Make the hotspot inside a box; one that lies in it for the most part is drawn anew.

        Parameters
        ----------
        view : {"anterior", "posterior"}
        bounds : (int, int, int, int)
            Top, left, bottom, right in pixels of the view; the last two one beyond the last pixel.

        Returns
        -------
        int or None
            Its number.
        """

        def find(hotspots: Hotspots, own: int) -> NDArray[np.bool_]:
            return hotspot_in_box(
                self._counts(view),
                bounds,
                self.tools.box,
                grow=self.tools.grow,
                spacing_mm=self._spacing(),
                allowed=_free(hotspots, view, own),
            )

        return self._make(view, "box", lambda hotspots: _in_box(hotspots, view, bounds), find)

    def grow(self, view: ViewName, seed: tuple[float, float]) -> int | None:
        """Make the hotspot that a click (row, column) is on; one that is there already is grown anew."""
        fraction = self.tools.grow.fraction
        number = self._make(
            view,
            "grow",
            lambda hotspots: _under(hotspots, view, seed),
            lambda hotspots, own: self._grown(hotspots, view, seed, fraction, own),
        )
        if number is not None:
            self.last_grow = Grown(view, seed, number, fraction)
            session = self._session()
            self._grow_step = None if session is None else session.edits.steps.top
        return number

    def regrow(self, fraction: float) -> bool:
        """Grow the last grown hotspot with another fraction of its peak; still the same step of undo."""
        session, last = self._session(), self.last_grow
        if session is None or last is None:
            return False
        self.tools = self.tools.model_copy(
            update={"grow": self.tools.grow.model_copy(update={"fraction": fraction})}
        )
        onto = self._grow_step if session.edits.steps.top is self._grow_step else None

        def change(hotspots: Hotspots) -> Hotspots:
            own = last.number if onto is None else _under(hotspots, last.view, last.seed)
            if onto is None and own not in hotspots.by_id():
                return hotspots
            mask = self._grown(hotspots, last.view, last.seed, fraction, own)
            return self._put(hotspots, last.view, mask, "grow", own)

        step = self._do(change, "grow", onto=onto)
        if step is None:
            return False
        self._grow_step = step
        self.last_grow = Grown(last.view, last.seed, last.number, fraction)
        return True

    def paint(self, view: ViewName, number: int | None = None) -> bool:
        """Take the brush: for a new hotspot of a view, or to correct one."""
        session = self._session()
        if session is None or session.run is None or session.value("scan") is None:
            return False
        session.edits.start(session.run)
        session.show_labels()
        hotspots = session.value("hotspots")
        if number is None:
            session.look.choose(None)
        return session.layers.take_brush(view, hotspots.next_id if number is None else number)

    def paint_region(self, view: ViewName, region: str) -> bool:
        """Take the brush for a region of the skeleton."""
        session = self._session()
        if session is None or session.value("regions") is None:
            return False
        session.show_labels()
        return session.layers.take_region_brush(view, region)

    # -- changes --------------------------------------------------------------------------------------

    def split(self, number: int, start: tuple[float, float], end: tuple[float, float]) -> bool:
        """Part a hotspot along the line through two points (row, column)."""
        return self._did(lambda h: editing.split_by_line(h, number, start, end), "split")

    def split_at(self, number: int, seeds: Sequence[tuple[float, float]]) -> bool:
        """Part a hotspot between places (row, column), along the valley of counts between them."""

        def change(hotspots: Hotspots) -> Hotspots:
            _there(hotspots, [number])
            counts = self._counts(hotspots.mark(number).view)
            return editing.split_by_seeds(hotspots, number, seeds, counts)

        return self._did(change, "split")

    def merge(self, numbers: Iterable[int]) -> bool:
        """Make one hotspot of several of one view."""
        chosen = tuple(numbers)
        return self._did(lambda h: editing.merge(h, chosen), "merge")

    def erase(self, view: ViewName, mask: NDArray[Any], number: int | None = None) -> bool:
        """Clear pixels (H, W) of one hotspot, or of all."""
        return self._did(lambda h: editing.erase(h, view, mask, number=number), "erase")

    def delete(self, numbers: Iterable[int]) -> bool:
        """Take hotspots away."""
        chosen = tuple(numbers)
        return self._did(lambda h: editing.delete(h, _there(h, chosen)), "delete", said=_list(chosen))

    def set_class(self, numbers: Iterable[int], label: str) -> bool:
        """Give hotspots a class, and with each the same lesion in the other view; they are judged then."""
        chosen = tuple(numbers)
        return self._did(
            lambda h: editing.set_label(h, _with_partners(h, chosen), label), "class", said=_list(chosen)
        )

    def confirm(self, numbers: Iterable[int]) -> bool:
        """Say that hotspots have the right class, and with each the same lesion in the other view.

        A partner of another class is left for a person to judge.
        """
        chosen = tuple(numbers)

        def change(hotspots: Hotspots) -> Hotspots:
            known = hotspots.by_id()
            both = [
                n
                for n in _with_partners(hotspots, chosen)
                if n in chosen or known[n].label == known[known[n].linked or 0].label
            ]
            return editing.set_judged(hotspots, both)

        return self._did(change, "confirm", said=_list(chosen))

    def link(self, one: int, other: int) -> bool:
        """Say that two hotspots of different views are the same lesion."""
        return self._did(lambda h: editing.link(h, one, other), "link")

    def unlink(self, numbers: Iterable[int]) -> bool:
        """Say that hotspots are not the same lesion as those they are linked to."""
        chosen = tuple(numbers)
        return self._did(lambda h: editing.unlink(h, _there(h, chosen)), "unlink")

    # -- the other view -------------------------------------------------------------------------------

    def proposal(self, number: int) -> PartnerProposal | None:
        """Return where the same lesion may lie in the other view; None for one that is linked."""
        session = self._session()
        scan = session.value("scan") if session is not None else None
        hotspots = session.value("hotspots") if session is not None else None
        if scan is None or hotspots is None or number not in hotspots.by_id():
            return None
        if hotspots.mark(number).linked is not None:
            return None
        known = self._proposed
        if known is None or known[0] is not hotspots or known[1] != number:
            found = propose_partner(
                scan, hotspots, number, self.tools.partner, grow=self.tools.grow, pairing=self.pairing()
            )
            self._proposed = known = (hotspots, number, found)
        return known[2]

    def accept_partner(self, number: int | None = None) -> int | None:
        """Take the proposal for a hotspot (the chosen one when not given); return its number.

        A new hotspot is made where there is none; both have the first one's class and are judged if it is.
        """
        session = self._session()
        number = session.look.chosen if session is not None and number is None else number
        if session is None or number is None:
            return None
        proposal = self.proposal(number)
        if proposal is None:
            self._tell("Nothing in the other view stands out at the mirrored place.")
            return None
        found: list[int] = []

        def change(hotspots: Hotspots) -> Hotspots:
            mark = hotspots.mark(number)
            if proposal.existing is not None:
                found.append(proposal.existing)
                linked = editing.link(hotspots, number, proposal.existing)
                return editing.set_label(linked, proposal.existing, mark.label, judged=mark.judged)
            found.append(hotspots.next_id)
            return editing.add(
                hotspots,
                proposal.view,
                proposal.mask,
                label=mark.label,
                origin="partner",
                judged=mark.judged,
                linked=number,
                over="keep",
            )

        return found[-1] if self._did(change, "partner", said=f"of {number}") else None

    def pairing(self) -> Pairing | None:
        """Return how the two views lie on each other; None when one is missing. Found once a scan."""
        from napari_tbcad.bone.axis import pair_views

        session = self._session()
        scan = session.value("scan") if session is not None else None
        if scan is None:
            return None
        if self._paired is None or self._paired[0] is not scan:
            self._paired = scan, pair_views(scan)
        return self._paired[1]

    # -- views ----------------------------------------------------------------------------------------

    def swap_views(self) -> bool:
        """Exchange anterior and posterior."""
        return self._turn("swap", "swap views")

    def flip_view(self, view: ViewName) -> bool:
        """Turn the image of a view left to right."""
        return self._turn(f"mirrored_{view}", f"flip {view}")

    def turn_views(self, views: ViewParameters, text: str = "views") -> bool:
        """Name or mirror the views otherwise; labels follow."""
        session = self._session()
        if session is None or session.run is None:
            return False
        step = session.edits.turn(session.run, views, text=text)
        if step is not None:
            session.views_turned()
        return step is not None

    # -- undo -----------------------------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self.undo_text)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return bool(self.redo_text)

    @property
    def undo_text(self) -> str:
        """What undo would take back."""
        session = self._session()
        return "" if session is None else session.edits.steps.undo_text

    @property
    def redo_text(self) -> str:
        """What redo would do again."""
        session = self._session()
        return "" if session is None else session.edits.steps.redo_text

    def undo(self) -> bool:
        """Take the last step back, whatever it was."""
        return self._go("undo")

    def redo(self) -> bool:
        """Do the step undone last once more."""
        return self._go("redo")

    def back_to_automatic(self, name: str) -> bool:
        """Bring the automatic hotspots or regions back."""
        session = self._session()
        if session is None or session.run is None:
            return False
        step = session.edits.take_back(session.run, name)
        if step is not None:
            session.answer()
        return step is not None

    # -- inside ---------------------------------------------------------------------------------------

    def _make(
        self,
        view: ViewName,
        origin: Origin,
        own_of: Callable[[Hotspots], int],
        find: Callable[[Hotspots, int], NDArray[np.bool_]],
    ) -> int | None:
        """Make a hotspot, or draw the one anew that is meant; `own_of` says which that is (0 for none)."""
        found: list[int] = []

        def change(hotspots: Hotspots) -> Hotspots:
            own = own_of(hotspots)
            mask = find(hotspots, own)
            found.append(own or hotspots.next_id)
            return self._put(hotspots, view, mask, origin, own)

        if self._do(change, origin) is None:
            return None
        if (session := self._session()) is not None:
            session.look.choose(found[-1])
        return found[-1]

    def _put(
        self, hotspots: Hotspots, view: ViewName, mask: NDArray[np.bool_], origin: Origin, own: int
    ) -> Hotspots:
        """Add a hotspot, or give its pixels to the one that it is drawn for."""
        if not mask.any():
            raise BadInput(origin, "nothing rises above its surroundings here")
        if own:
            return editing.give_pixels(hotspots, own, mask, over="keep")
        return editing.add(
            hotspots, view, mask, label=self.brush_class, origin=origin, judged=True, over="keep"
        )

    def _grown(
        self, hotspots: Hotspots, view: ViewName, seed: tuple[float, float], fraction: float, own: int
    ) -> NDArray[np.bool_]:
        return grow_hotspot(
            self._counts(view),
            seed,
            self.tools.grow.model_copy(update={"fraction": fraction}),
            spacing_mm=self._spacing(),
            allowed=_free(hotspots, view, own),
        )

    def _spacing(self) -> tuple[float, float] | None:
        session = self._session()
        scan: BoneScan | None = None if session is None else session.value("scan")
        return None if scan is None else scan.spacing_mm

    def _counts(self, view: ViewName) -> NDArray[Any]:
        session = self._session()
        scan = session.value("scan") if session is not None else None
        image = None if scan is None else scan.view(view)
        if image is None:
            raise BadInput("scan", f"there is no {view} view")
        return image.counts  # type: ignore[no-any-return]

    def _turn(self, name: str, text: str) -> bool:
        session = self._session()
        if session is None or session.run is None:
            return False
        views = session.run.settings.views  # type: ignore[attr-defined]
        return self.turn_views(views.model_copy(update={name: not getattr(views, name)}), text)

    def _go(self, name: str) -> bool:
        session = self._session()
        if session is None or session.run is None:
            return False
        views = session.run.settings.views  # type: ignore[attr-defined]
        if getattr(session.edits, name)(session.run) is None:
            self._tell(f"There is nothing to {name}.")
            return False
        self._tell("")
        if session.run.settings.views != views:  # type: ignore[attr-defined]
            session.views_turned()
        else:
            session.answer()
        return True

    def _did(self, change: Callable[[Hotspots], Hotspots], tool: str, *, said: str = "") -> bool:
        return self._do(change, tool, said=said) is not None

    def _do(
        self,
        change: Callable[[Hotspots], Hotspots],
        tool: str,
        *,
        said: str = "",
        onto: Step | None = None,
    ) -> Step | None:
        session = self._session()
        if session is None or session.run is None or session.value("scan") is None:
            self._tell("Open a scan first.")
            return None
        if not session.fresh("scan"):
            self._tell("The views are being read; try again in a moment.")
            return None
        try:
            step = session.edits.change(
                session.run, change, tool=tool, text=f"{tool} {said}".strip(), onto=onto
            )
        except BadInput as error:
            self._tell(f"{error.cause[:1].upper()}{error.cause[1:]}.")
            return None
        self._tell("")
        if step is not None:
            session.answer()
        return step

    def _tell(self, text: str) -> None:
        if text != self.message:
            self.message = text
            self.told.emit()


def _there(hotspots: Hotspots, numbers: Iterable[int]) -> list[int]:
    """Return which of these hotspots still are."""
    known = hotspots.by_id()
    found = [number for number in numbers if number in known]
    if not found:
        raise BadInput("hotspots", "no hotspot is chosen")
    return found


def _with_partners(hotspots: Hotspots, numbers: Iterable[int]) -> list[int]:
    """Return these hotspots and those that are the same lesions in the other view."""
    known, found = hotspots.by_id(), _there(hotspots, numbers)
    return list(dict.fromkeys([*found, *(p for n in found if (p := known[n].linked) is not None)]))


def _list(numbers: Iterable[int]) -> str:
    said = [str(number) for number in numbers]
    return f"of {', '.join(said[:3])}{' …' if len(said) > 3 else ''}"


def _under(hotspots: Hotspots, view: ViewName, place: tuple[float, float]) -> int:
    """Return the hotspot at a place of a view (row, column); 0 for none."""
    labels = hotspots.labels(view)
    row, column = (round(float(x)) for x in place)
    if labels is None or not (0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]):
        return 0
    return int(labels[row, column])


def _free(hotspots: Hotspots, view: ViewName, own: int) -> NDArray[np.bool_] | None:
    """Return the pixels (H, W) of a view that are of no hotspot but this one."""
    labels = hotspots.labels(view)
    return None if labels is None else (labels == 0) | (labels == own)


def _in_box(hotspots: Hotspots, view: ViewName, bounds: Bounds) -> int:
    """Return the hotspot of which a box holds the most, and at least half; 0 for none."""
    labels = hotspots.labels(view)
    if labels is None:
        return 0
    top, left, bottom, right = (max(0, round(float(edge))) for edge in bounds)
    inside = np.bincount(labels[top:bottom, left:right].ravel(), minlength=hotspots.next_id)
    inside[0] = 0
    best = int(inside.argmax())
    whole = int(np.count_nonzero(labels == best))
    return best if inside[best] and inside[best] >= _OWN_SHARE * whole else 0

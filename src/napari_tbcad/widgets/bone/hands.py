"""What a person does to the hotspots, regions and views of a scan, by name.

Keys, buttons, table, context menu, the tools on the canvas and scripts all come through here, so that all of
it is done in one way, told in one place, and undone in one order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from napari_tbcad.bone import by_hand, editing
from napari_tbcad.bone.added import add_candidates, missing_candidates
from napari_tbcad.bone.box import Bounds
from napari_tbcad.bone.by_hand import ToolParameters as ToolParameters
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.partner import PartnerProposal, propose_partner
from napari_tbcad.bone.undo import Step
from napari_tbcad.bone.views import ViewParameters
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.schemes import HOTSPOT_CLASSES
from napari_tbcad.widgets.bone.doing import Doing
from napari_tbcad.widgets.bone.layers import HOTSPOTS, REGIONS

if TYPE_CHECKING:
    from napari_tbcad.bone.axis import Pairing
    from napari_tbcad.widgets.bone.session import BoneSession


_SAME_PIXELS = ("grow", "class", "confirm", "link", "unlink", "partner")
"""Steps after which the last grown hotspot is still where it was."""


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


class Hands(Doing):
    """A person's hands on one scan.

    Parameters
    ----------
    session : BoneSession
        Held weakly.

    Attributes
    ----------
    tools : ToolParameters
        Parameters of the tools.
    last_grow : Grown or None
        What :meth:`regrow` grows again.
    """

    def __init__(self, session: BoneSession) -> None:
        super().__init__(session)
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
        """Say of which class the next hotspots are; one of :data:`~napari_tbcad.schemes.HOTSPOT_CLASSES`."""
        if label not in HOTSPOT_CLASSES:
            raise ValueError(f"no class is named {label!r}")
        if (session := self._session()) is not None:
            session.layers.brush_class = label
            session.labels.recolour_soon()
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
        return self._make(
            "box",
            lambda h, scan: by_hand.make_by_box(h, scan, view, bounds, self.tools, label=self.brush_class),
        )

    def grow(self, view: ViewName, seed: tuple[float, float]) -> int | None:
        """Make the hotspot that a click (row, column) is on; one that is there already is grown anew."""
        number = self._make("grow", lambda h, scan: self._grown(h, scan, view, seed, None))
        if number is not None:
            self.last_grow = Grown(view, seed, number, self.tools.grow.fraction)
            session = self._session()
            self._grow_step = None if session is None else session.edits.steps.top
        return number

    def regrow(self, fraction: float) -> bool:
        """Grow the last grown hotspot with another fraction of its peak; still the same step of undo."""
        session, last = self._session(), self.last_grow
        hotspots = None if session is None else session.value("hotspots")
        mark = None if hotspots is None or last is None else hotspots.by_id().get(last.number)
        if session is None or last is None or mark is None or mark.view != last.view:
            self.last_grow = None
            return False
        self.tools = self.tools.with_fraction(fraction)
        onto = self._grow_step if session.edits.steps.top is self._grow_step else None

        def change(hotspots: Hotspots) -> Hotspots:
            own = None if onto is not None else last.number
            return self._grown(hotspots, session.value("scan"), last.view, last.seed, own)[0]

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
        hotspots = session.value("hotspots")
        known = {} if hotspots is None else hotspots.by_id()
        if number is not None and (number not in known or known[number].view != view):
            self._tell(f"There is no hotspot {number} in the {view} view.")
            return False
        session.edits.start(session.run)
        session.labels.show(HOTSPOTS[view])
        hotspots = session.value("hotspots")
        if number is None:
            session.look.choose(None)
        return session.layers.take_brush(view, hotspots.next_id if number is None else number)

    def paint_region(self, view: ViewName, region: str) -> bool:
        """Take the brush for a region of the skeleton."""
        session = self._session()
        if session is None or session.value("regions") is None:
            return False
        session.labels.show(REGIONS[view])
        return session.layers.take_region_brush(view, region)

    def painted(self, ended: bool = False) -> None:
        """Take note that the person painted: the number grown last may be of something else now."""
        self.last_grow = None

    # -- changes --------------------------------------------------------------------------------------

    def split(self, number: int, start: tuple[float, float], end: tuple[float, float]) -> bool:
        """Part a hotspot along the line through two points (row, column)."""
        return self._did(lambda h: editing.split_by_line(h, number, start, end), "split")

    def split_at(self, number: int, seeds: Sequence[tuple[float, float]]) -> bool:
        """Part a hotspot between places (row, column), along the valley of counts between them."""

        def change(hotspots: Hotspots) -> Hotspots:
            by_hand.still_there(hotspots, [number])
            image = self._scan().view(hotspots.mark(number).view)
            assert image is not None
            return editing.split_by_seeds(hotspots, number, seeds, image.counts)

        return self._did(change, "split")

    def merge(self, numbers: Iterable[int]) -> bool:
        """Make one hotspot of several of one view."""
        chosen = tuple(numbers)
        return self._did(lambda h: editing.merge(h, chosen), "merge")

    def erase(self, view: ViewName, mask: NDArray[Any], number: int | None = None) -> bool:
        """Clear pixels (H, W) of one hotspot, or of all."""
        return self._did(lambda h: editing.erase(h, view, mask, number=number), "erase")

    def candidates(self) -> int:
        """Return how many candidates were found after the person had begun, and may be added."""
        session = self._session()
        if session is None or not session.edits.unseen:
            return 0
        standing, found = session.value("hotspots"), session.value("hotspots", automatic=True)
        if standing is None or found is None or standing is found:
            return 0
        return len(missing_candidates(standing, found))

    def add_candidates(self) -> bool:
        """Add the candidates that were found after the person had begun, to be judged."""
        session = self._session()
        found = session.value("hotspots", automatic=True) if session is not None else None
        if found is None:
            return False
        return self._did(lambda h: add_candidates(h, found), "candidates", said="added")

    def delete(self, numbers: Iterable[int]) -> bool:
        """Take hotspots away."""
        chosen = tuple(numbers)
        return self._did(
            lambda h: editing.delete(h, by_hand.still_there(h, chosen)), "delete", said=_list(chosen)
        )

    def set_class(self, numbers: Iterable[int], label: str) -> bool:
        """Give hotspots a class, and with each the same lesion in the other view; they are judged then."""
        chosen = tuple(numbers)
        return self._did(lambda h: by_hand.class_lesions(h, chosen, label), "class", said=_list(chosen))

    def confirm(self, numbers: Iterable[int]) -> bool:
        """Say that hotspots have the right class, and with each the same lesion in the other view.

        A partner of another class is left for a person to judge.
        """
        chosen = tuple(numbers)
        return self._did(lambda h: by_hand.confirm_lesions(h, chosen), "confirm", said=_list(chosen))

    def link(self, one: int, other: int) -> bool:
        """Say that two hotspots of different views are the same lesion."""
        return self._did(lambda h: editing.link(h, one, other), "link")

    def unlink(self, numbers: Iterable[int]) -> bool:
        """Say that hotspots are not the same lesion as those they are linked to."""
        chosen = tuple(numbers)
        return self._did(lambda h: editing.unlink(h, by_hand.still_there(h, chosen)), "unlink")

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
            self._tell(self._why_no_partner(session, number))
            return None
        return self._make("partner", lambda h, _: by_hand.take_partner(h, proposal), choose=False)

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
            self._stepped(text)
            session.views_turned()
        return step is not None

    def back_to_automatic(self, name: str) -> bool:
        """Bring the automatic hotspots or regions back."""
        session = self._session()
        if session is None or session.run is None:
            return False
        step = session.edits.take_back(session.run, name)
        if step is not None:
            self._stepped("back to automatic")
            session.answer()
        return step is not None

    # -- inside ---------------------------------------------------------------------------------------

    def _why_no_partner(self, session: BoneSession, number: int) -> str:
        scan, hotspots = session.value("scan"), session.value("hotspots")
        if scan is None or hotspots is None or number not in hotspots.by_id():
            return "No hotspot is chosen."
        if len(list(scan)) < 2:
            return "This scan has one view only."
        if hotspots.mark(number).linked is not None:
            return f"Hotspot {number} has its partner: {hotspots.mark(number).linked}."
        return "Nothing in the other view stands out at the mirrored place."

    def _stepped(self, tool: str) -> None:
        if tool not in _SAME_PIXELS:
            # The place that was clicked, or the number, may be of something else now.
            self.last_grow = None

    def _grown(
        self, hotspots: Hotspots, scan: BoneScan, view: ViewName, seed: tuple[float, float], own: int | None
    ) -> tuple[Hotspots, int]:
        return by_hand.grow_by_click(hotspots, scan, view, seed, self.tools, label=self.brush_class, own=own)

    def _turn(self, name: str, text: str) -> bool:
        session = self._session()
        if session is None or session.run is None:
            return False
        views = session.run.settings.views  # type: ignore[attr-defined]
        return self.turn_views(views.model_copy(update={name: not getattr(views, name)}), text)


def _list(numbers: Iterable[int]) -> str:
    said = [str(number) for number in numbers]
    return f"of {', '.join(said[:3])}{' …' if len(said) > 3 else ''}"

"""How a change that a person asks for is done at once, told, and undone."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_tbcad.bone.changed import changed_hotspots
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.undo import Step
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.session import BoneSession


_FEW = 4
"""More hotspots than these are not chosen by an undo: the next key would mean all of them."""


class Doing(QObject):
    """Does changes to the hotspots of one scan.

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
    """

    told = Signal()

    def __init__(self, session: BoneSession) -> None:
        super().__init__(session)
        self._session = weakref.ref(session)
        self.message = ""

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

    # -- for what a person does -----------------------------------------------------------------------

    def _stepped(self, tool: str) -> None:
        """A step was made, undone or done again."""

    def _make(
        self,
        tool: str,
        make: Callable[[Hotspots, BoneScan], tuple[Hotspots, int]],
        *,
        choose: bool = True,
    ) -> int | None:
        found: list[int] = []

        def change(hotspots: Hotspots) -> Hotspots:
            now, number = make(hotspots, self._scan())
            found.append(number)
            return now

        if self._do(change, tool) is None:
            return None
        if choose and (session := self._session()) is not None:
            session.look.choose(found[-1])
        return found[-1]

    def _scan(self) -> BoneScan:
        session = self._session()
        scan: BoneScan | None = None if session is None else session.value("scan")
        if scan is None:
            raise BadInput("scan", "open a scan first")
        return scan

    def _go(self, name: str) -> bool:
        session = self._session()
        if session is None or session.run is None:
            return False
        views, before = session.run.settings.views, session.value("hotspots")  # type: ignore[attr-defined]
        if getattr(session.edits, name)(session.run) is None:
            self._tell(f"There is nothing to {name}.")
            return False
        self._tell("")
        self._stepped(name)
        if session.run.settings.views != views:  # type: ignore[attr-defined]
            session.views_turned()
        else:
            # The person is shown what was taken back, or done again.
            changed = changed_hotspots(before, session.value("hotspots"))
            if 0 < len(changed) <= _FEW:
                session.look.select(changed)
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
        if not session.run.fresh("scan"):
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
            self._stepped(tool)
            session.answer()
        return step

    def _tell(self, text: str) -> None:
        if text != self.message:
            self.message = text
            self.told.emit()

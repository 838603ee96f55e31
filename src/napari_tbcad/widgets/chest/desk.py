"""The case of a session: saved when a person says so, kept on the side while they work, taken up again."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, Signal

from napari_tbcad.case import SUFFIX, Case, Verdict
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.chest.autosave import CaseKeeper
from napari_tbcad.widgets.chest.intake import Intake, take_up
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.widgets.chest.session import ChestSession


_KEEPING_S = 10.0
"""How long a case waits for the one on the side that is just being written."""


class CaseDesk(QObject):
    """Saves and restores the case of one session.

    Parameters
    ----------
    session : ChestSession
        Its parent; held weakly besides.

    Attributes
    ----------
    saved : Signal(object)
        A case was saved where the person wanted it; its path.
    failed : Signal(str)
        It could not be saved, or the one kept on the side not be taken up, and why.
    path : Path or None
        The file the case was opened from or saved to.
    case : Case or None
        The case that is being continued.
    left : Path or None
        A case of this film that was kept on the side, and that the person may want back.
    notes : tuple of str
        What is not at hand of what the case was made with.
    home : Path or None
        Where the case of a film of a worklist belongs; it is kept up to date there.
    """

    saved = Signal(object)
    failed = Signal(str)

    def __init__(self, session: ChestSession) -> None:
        super().__init__(session)
        self._session = weakref.ref(session)
        self.path: Path | None = None
        self.case: Case | None = None
        self.left: Path | None = None
        self.notes: tuple[str, ...] = ()
        self.home: Path | None = None
        self._asked: tuple[Path, Verdict, str] | None = None
        self._at_work = False
        self._reader = ""
        self._saved: Any = None
        self._kept: Any = None
        self._keeper = CaseKeeper(self)

    @property
    def saving(self) -> bool:
        """Whether the case is being saved, or will be once the work under way is done."""
        return self._at_work or self._asked is not None

    @property
    def unsaved(self) -> bool:
        """Whether a person did something that no file holds yet."""
        session = self._session()
        run = session.run if session is not None else None
        return run is not None and bool(run.journal) and run.journal != self._saved

    @property
    def suggestion(self) -> Path:
        """Where a case would be saved if the person does not say otherwise: beside its film."""
        session = self._session()
        source = Path(session.value("film").source if session is not None and session.run else "film")
        folder = source.parent if source.parent.is_dir() and source.is_file() else Path.home()
        return self.path or self.home or folder / f"{source.name.rsplit('.', 1)[0] or 'film'}{SUFFIX}"

    def take(self, found: Intake) -> None:
        """Go on with what was found when the film was read."""
        self.case, self.path, self.notes, self.left = found.case, found.path, found.notes, found.left
        self._saved = self._kept = found.run.journal if found.run is not None else None
        if found.path is not None:
            self._keeper.adopt(found.path)

    def save(self, path: Path, *, verdict: Verdict = "made", reader: str = "") -> None:
        """Save the case as a whole once nothing is under way; `saved` or `failed` follows."""
        session = self._session()
        if session is None or session.run is None:
            self.failed.emit("There is nothing to save yet.")
            return
        self._asked = (path if path.suffix == SUFFIX else Path(f"{path}{SUFFIX}"), verdict, reader)
        session.edits.look_again()
        session.go_on()

    def save_now(self) -> None:
        """Save what was asked for; the session calls this when it has settled."""
        session = self._session()
        if session is None or session.run is None or self._asked is None or self._at_work:
            return
        (path, verdict, reader), self._asked = self._asked, None
        self._reader = reader
        build, journal = self._builder(session, verdict, reader), session.run.journal
        self._at_work = True
        self._keeper.drop()

        def work() -> tuple[Path, Case, Any]:
            self._keeper.let_finish(_KEEPING_S)
            case = build()
            case.save(path)
            return path, case, journal

        start_call(work, on_result=self._on_saved, on_error=self._on_unsaved)

    def keep(self, *, reader: str = "") -> None:
        """Save soon what a person did, on the side; in a worklist in the case's own file."""
        session, folder = self._session(), preferences().autosave
        if session is None or session.run is None or session.closed:
            return
        if not self.unsaved or session.run.journal == self._kept:
            return
        place = self.home or folder
        if place is not None:
            self._kept = session.run.journal
            self._keeper.put(place, self._builder(session, "in progress", reader), owner=id(session.run))

    def flush(self, *, wait_s: float = 0.0) -> None:
        """Begin to save what waits to be kept, such as before the film is closed; wait at most so long."""
        self._keeper.flush(wait_s=wait_s)

    def restore(self) -> None:
        """Take up the case that was kept on the side."""
        session, left = self._session(), self.left
        if session is None or session.run is None or left is None:
            return
        film, key, model = session.run.get("film"), session.run.key("film") or "", session.shelf.model
        start_call(
            lambda: take_up(Case.load(left), left, film, key, model),
            on_result=self._on_restored,
            on_error=self._on_unsaved,
        )

    def dismiss(self) -> None:
        """Go on without the case that was kept on the side; it stays where it is."""
        self.left = None
        if (session := self._session()) is not None:
            session.changed.emit()

    # -- inside ---------------------------------------------------------------------------------------

    def _builder(self, session: ChestSession, verdict: Verdict, reader: str) -> Callable[[], Case]:
        from napari_tbcad.chest.cases import case_of

        run, earlier, warnings = session.run, self.case, session.warnings()
        assert run is not None

        def build() -> Case:
            return case_of(run, reader=reader, verdict=verdict, earlier=earlier, warnings=warnings)

        return build

    def _on_saved(self, outcome: tuple[Path, Case, Any]) -> None:
        self._at_work = False
        self.path, self.case, self._saved = outcome
        self._kept = self._saved
        self.left, self.notes = None, ()
        self._keeper.adopt(self.path)
        self.saved.emit(self.path)
        if (session := self._session()) is not None:
            session.changed.emit()

    def _on_unsaved(self, error: Exception) -> None:
        self._at_work = False
        self._kept = None
        self.keep(reader=self._reader)
        told = isinstance(error, BadInput | OSError)
        text = str(error) if told else f"{type(error).__name__}: {error}"
        show_error(text)
        self.failed.emit(text)
        if (session := self._session()) is not None:
            session.changed.emit()

    def _on_restored(self, found: Intake) -> None:
        session = self._session()
        if session is None or session.closed:
            return
        self.take(found)
        # It was kept on the side: saving asks for a place of its own.
        self.path = None
        session.adopt(found)

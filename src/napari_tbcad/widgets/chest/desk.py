"""The case of a session: saved when a person says so, kept on the side while they work, taken up again."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, Signal

from napari_tbcad.case import SUFFIX, Case, Verdict
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.chest.autosave import CaseKeeper, free_path
from napari_tbcad.widgets.chest.intake import Intake, mark, take_up
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.widgets.chest.session import ChestSession


_KEEPING_S = 10.0
"""How long a case waits for the one on the side that is just being written."""


@dataclass(frozen=True, eq=False)
class _Saving:
    """A case on its way into the file that a person asked for."""

    film: object
    path: Path
    build: Callable[[], Case]
    aside: Callable[[], Case]
    owner: int
    journal: Any
    listed: bool
    reader: str


class CaseDesk(QObject):
    """Saves and restores the case of one session.

    Parameters
    ----------
    session : ChestSession
        Held weakly: a save that was asked for outlives it.

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
    _under_way: ClassVar[set[CaseDesk]] = set()

    def __init__(self, session: ChestSession) -> None:
        super().__init__()
        self._session = weakref.ref(session)
        self.path: Path | None = None
        self.case: Case | None = None
        self.left: Path | None = None
        self.notes: tuple[str, ...] = ()
        self.home: Path | None = None
        self._asked: tuple[Path, Verdict, str] | None = None
        self._at_work = 0
        self._in_turn = threading.Lock()
        self._film = object()
        self._saved: Any = None
        self._kept: Any = None
        self._keeper = CaseKeeper(self)

    @property
    def saving(self) -> bool:
        """Whether the case is being saved, or will be once the work under way is done."""
        return bool(self._at_work) or self._asked is not None

    @property
    def unsaved(self) -> bool:
        """Whether a person did something that no file holds yet."""
        session = self._session()
        run = session.run if session is not None else None
        return run is not None and bool(run.journal) and run.journal != self._saved

    @property
    def suggestion(self) -> Path:
        """Where a case would be saved if the person does not say otherwise: beside its film, a new file."""
        if (known := self.path or self.home) is not None:
            return known
        session = self._session()
        source = Path(session.value("film").source if session is not None and session.run else "film")
        folder = source.parent if source.parent.is_dir() and source.is_file() else Path.home()
        return free_path(folder / f"{source.name.rsplit('.', 1)[0] or 'film'}{SUFFIX}", " {}")

    def begin(self) -> None:
        """Forget the film: another one is about to take its place. What waits of the old one is saved."""
        self.finish_asked()
        self.flush()
        self._film = object()
        self.path = self.case = self.home = self.left = None
        self.notes = ()
        self._saved = self._kept = None

    def take(self, found: Intake) -> None:
        """Go on with what was found when the film was read."""
        self.case, self.path, self.notes, self.left = found.case, found.path, found.notes, found.left
        self._saved = self._kept = found.run.journal if found.run is not None else None
        if found.path is not None and found.case is not None:
            self._keeper.adopt(found.path, found.case.saved)

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
        if not self._at_work:
            self.finish_asked()

    def finish_asked(self) -> None:
        """Save what was asked for at once, as it is: the film is about to go; `saved` or `failed` follows."""
        if self._asked is None:
            return
        (path, verdict, reader), self._asked = self._asked, None
        session = self._session()
        if session is None or session.run is None:
            self.failed.emit(f"{path.name} was not saved: its film cannot be used any more.")
            return
        saving = _Saving(
            film=self._film,
            path=path,
            build=self._builder(session, verdict, reader),
            aside=self._builder(session, "in progress", reader),
            owner=id(session.run),
            journal=session.run.journal,
            listed=path == self.home,
            reader=reader,
        )
        self._at_work += 1
        self._under_way.add(self)
        self._keeper.drop()
        start_call(lambda: self._write(saving), on_result=self._on_written, on_error=self._complain)

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
        token = self._film
        start_call(
            lambda: (token, take_up(Case.load(left), left, film, key, model)),
            on_result=self._on_restored,
            on_error=self._complain,
        )

    def dismiss(self) -> None:
        """Go on without the case that was kept on the side; it stays where it is."""
        self.left = None
        if (session := self._session()) is not None:
            session.changed.emit()

    # -- inside ---------------------------------------------------------------------------------------

    def _builder(self, session: ChestSession, verdict: Verdict, reader: str) -> Callable[[], Case]:
        from napari_tbcad.chest.cases import case_of

        assert session.run is not None
        # As it is now: by the time it is built the run may hold another film.
        run, earlier, warnings = session.run.snapshot(), self.case, session.warnings()

        def build() -> Case:
            return case_of(run, reader=reader, verdict=verdict, earlier=earlier, warnings=warnings)

        return build

    def _write(self, saving: _Saving) -> tuple[_Saving, Case | None, Exception | None]:
        """Build and write; on a worker."""
        with self._in_turn:
            self._keeper.let_finish(_KEEPING_S)
            try:
                case = saving.build()
                self._keeper.write(saving.path, case, listed=saving.listed)
            except Exception as error:  # every failure is the person's to know
                return saving, None, error
            return saving, case, None

    def _on_written(self, outcome: tuple[_Saving, Case | None, Exception | None]) -> None:
        saving, case, error = outcome
        self._at_work -= 1
        if case is not None:
            self._on_saved(saving, case)
        else:
            self._on_unsaved(saving)
            self._complain(error)
        if not self._at_work:
            self._under_way.discard(self)
        if (session := self._session()) is not None:
            session.changed.emit()
            # Another save may have been asked for meanwhile.
            session.go_on()

    def _on_saved(self, saving: _Saving, case: Case) -> None:
        if saving.film is self._film:
            self.path, self.case, self._saved = saving.path, case, saving.journal
            self._kept = self._saved
            self.left, self.notes = None, ()
            if (layer := session.layer if (session := self._session()) is not None else None) is not None:
                mark(layer, saving.path, case.image.content_key)
        if saving.film is not self._film or not self.unsaved:
            self._keeper.clear(case.image.content_key)
        self.saved.emit(saving.path)

    def _on_unsaved(self, saving: _Saving) -> None:
        """Keep on the side what could not be saved: what waited there made way for it."""
        session = self._session()
        self._kept = None
        if saving.film is self._film and session is not None and not session.closed:
            self.keep(reader=saving.reader)
        elif saving.journal and (place := preferences().autosave) is not None:
            self._keeper.put(place, saving.aside, owner=saving.owner)
            self.flush()

    def _complain(self, error: Exception | None) -> None:
        told = isinstance(error, BadInput | OSError)
        text = str(error) if told else f"{type(error).__name__}: {error}"
        show_error(text)
        self.failed.emit(text)

    def _on_restored(self, outcome: tuple[object, Intake]) -> None:
        session, (film, found) = self._session(), outcome
        if session is None or session.closed or film is not self._film:
            return
        self.take(found)
        if found.path is not None and found.case is not None:
            self._keeper.adopt(found.path, found.case.saved, aside=found.case.image.content_key)
        # It was kept on the side: saving asks for a place of its own.
        self.path = None
        session.adopt(found)

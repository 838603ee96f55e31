"""The case of a session: saved when a person says so, kept on the side while they work, taken up again."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, Signal

from napari_tbcad.case import SUFFIX, Case, Verdict
from napari_tbcad.errors import BadInput
from napari_tbcad.simulate.sample_folders import is_sample
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.work import start_call
from napari_tbcad.widgets.workflow.autosave import CaseKeeper
from napari_tbcad.widgets.workflow.kept import free_path, path_before
from napari_tbcad.widgets.workflow.resumed import Restoring, Resumed, Saving
from napari_tbcad.widgets.workflow.session import outcome

if TYPE_CHECKING:
    from napari_tbcad.chain import Run


_KEEPING_S = 10.0
"""How long a case waits for the one on the side that is just being written."""


class CaseDesk(QObject):
    """Saves and restores the case of one session.

    Parameters
    ----------
    session : Session
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
    thing : str
        What a study is called in file names.
    home : Path or None
        Where the case of a film of a worklist belongs; it is kept up to date there.
    """

    saved = Signal(object)
    failed = Signal(str)
    thing: ClassVar[str] = "study"
    _under_way: ClassVar[set[CaseDesk]] = set()

    def __init__(self, session: Any) -> None:
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
        self._restoring: Restoring | None = None
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
        return run is not None and any(_work(session)) and _work(session) != self._saved

    @property
    def suggestion(self) -> Path:
        """Where a case would be saved if the person does not say otherwise: beside its study, a new file."""
        if (known := self.path or self.home) is not None:
            return known
        session = self._session()
        source = Path(session.source() if session is not None and session.run else self.thing)
        # What comes with the program lies where nobody looks for their work.
        own = source.is_file() and not is_sample(source)
        folder = source.parent if own else Path.home()
        name = self.name_of(session) if session is not None else ""
        return free_path(folder / f"{name or source.name.rsplit('.', 1)[0] or self.thing}{SUFFIX}", " {}")

    def begin(self) -> None:
        """Forget the film: another one is about to take its place. What waits of the old one is saved."""
        self.finish_asked()
        self.flush()
        self._keeper.begin()
        self._film = object()
        self.path = self.case = self.home = self.left = None
        self.notes = ()
        self._saved = self._kept = None
        if (session := self._session()) is not None:
            session.wishes = {}

    def take(self, found: Resumed) -> None:
        """Go on with what was found when the study was read."""
        self.case, self.path, self.notes, self.left = found.case, found.path, found.notes, found.left
        self._saved = (found.run.journal, {}) if found.run is not None else None
        self._kept = None
        if (session := self._session()) is not None:
            session.wishes = {}
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
        if not self._at_work and self._restoring is None:
            self.finish_asked()

    def finish_asked(self) -> None:
        """Save what was asked for at once, as it is: the film is about to go; `saved` or `failed` follows."""
        if self._asked is None:
            return
        (path, verdict, reader), self._asked = self._asked, None
        self._restoring = None
        session = self._session()
        if session is None or session.run is None:
            self.failed.emit(f"{path.name} was not saved: its {self.thing} cannot be used any more.")
            return
        saving = Saving(
            film=self._film,
            path=path,
            build=self._builder(session, verdict, reader),
            aside=self._builder(session, "in progress", reader),
            owner=id(session.run),
            work=_work(session),
            listed=path == self.home,
            reader=reader,
        )
        self._at_work += 1
        self._under_way.add(self)
        self._keeper.drop()
        start_call(lambda: self._write(saving), on_result=self._on_written, on_error=self._complain)

    def keep(self, *, reader: str = "") -> None:
        """Save soon what a person did, on the side; in a worklist in the case's own file."""
        session = self._session()
        # What is about to be given up must not take the place of what comes back.
        if session is not None and not session.closed and self._restoring is None:
            self._keep(session, reader)

    def _keep(self, session: Any, reader: str) -> None:
        folder = preferences().autosave
        if session.run is None:
            return
        # What follows from an edit may come later than the edit itself.
        run = session.run
        state = _work(session), tuple(run.fresh(stage.writes) for stage in run.chain.stages)
        if not self.unsaved or state == self._kept:
            return
        place = self.home or folder
        if place is not None:
            self._kept = state
            build = self._builder(session, "in progress", reader)
            self._keeper.put(place, build, owner=id(session.run), folder=folder)

    def flush(self, *, wait_s: float = 0.0) -> None:
        """Begin to save what waits to be kept, such as before the film is closed; wait at most so long."""
        self._stay()
        self._keeper.flush(wait_s=wait_s)

    def restore(self) -> None:
        """Take up the case that was kept on the side; what was done since is put aside in its stead."""
        session, left = self._session(), self.left
        if session is None or session.run is None or left is None or self._restoring is not None:
            return
        session.take_last()
        self._keeper.drop()
        self._kept = None
        token = self._restoring = Restoring(left)
        home, take_up = self.home, self.take_up(session)

        def read() -> Resumed:
            self._keeper.let_finish(_KEEPING_S)
            place = self._keeper.now_at(left)
            case = Case.load(place)
            if home is not None:
                self._keeper.mind(home, case)
            return take_up(case, place)

        start_call(lambda: outcome(token, read), on_result=self._on_restored, on_error=self._complain)

    def dismiss(self) -> None:
        """Go on without the case that was kept on the side; it stays where it is."""
        self._stay()
        self.left = None
        if (session := self._session()) is not None:
            session.changed.emit()

    # -- what a workflow says -------------------------------------------------------------------------

    def case_of(self, run: Run, **facts: Any) -> Case:
        """Gather a run as a case, on a worker; `facts` are reader, verdict, earlier and warnings."""
        raise NotImplementedError

    def take_up(self, session: Any) -> Callable[[Case, Path], Resumed]:
        """Return what brings a case back, for a worker; here, on the GUI thread, the session is asked."""
        raise NotImplementedError

    def mark(self, session: Any, path: Path, key: str) -> None:
        """Say in the layers that they go with a case, for when they are taken out and put back."""
        raise NotImplementedError

    def name_of(self, session: Any) -> str:
        """Return what a case is called; empty for the name of the study's file."""
        return ""

    # -- inside ---------------------------------------------------------------------------------------

    def _builder(self, session: Any, verdict: Verdict, reader: str) -> Callable[[], Case]:
        assert session.run is not None
        # As it is now: by the time it is built the run may hold another film.
        run, earlier, warnings, gather = session.run.snapshot(), self.case, session.warnings(), self.case_of

        def build() -> Case:
            return gather(run, reader=reader, verdict=verdict, earlier=earlier, warnings=warnings)

        return build

    def _write(self, saving: Saving) -> tuple[Saving, Case | None, Exception | None]:
        """Build and write; on a worker."""
        with self._in_turn:
            self._keeper.let_finish(_KEEPING_S)
            try:
                case = saving.build()
                self._keeper.write(saving.path, case, listed=saving.listed)
            except Exception as error:  # every failure is the person's to know
                return saving, None, error
            return saving, case, None

    def _on_written(self, outcome: tuple[Saving, Case | None, Exception | None]) -> None:
        saving, case, error = outcome
        self._at_work -= 1
        if case is not None:
            self._on_saved(saving, case)
        else:
            self._on_unsaved(saving)
            self._complain(error)
        if not self._at_work:
            self._under_way.discard(self)
            if self._restoring is not None and self._restoring.found is not None:
                self._on_restored((self._restoring, self._restoring.found))
        if (session := self._session()) is not None:
            session.changed.emit()
            # Another save may have been asked for meanwhile.
            session.go_on()

    def _on_saved(self, saving: Saving, case: Case) -> None:
        if saving.film is self._film:
            self.path, self.case, self._saved = saving.path, case, saving.work
            self.left, self.notes = None, ()
            if (session := self._session()) is not None:
                self.mark(session, saving.path, case.image.content_key)
        if saving.film is not self._film or not self.unsaved:
            self._keeper.clear(case.image.content_key)
        self.saved.emit(saving.path)

    def _on_unsaved(self, saving: Saving) -> None:
        """Keep on the side what could not be saved: what waited there made way for it."""
        session = self._session()
        self._kept = None
        if saving.film is self._film and session is not None and not session.closed:
            self.keep(reader=saving.reader)
        elif any(saving.work) and (place := preferences().autosave) is not None:
            self._keeper.put(place, saving.aside, owner=saving.owner)
            self._keeper.flush()

    def _complain(self, error: Exception | None) -> None:
        told = isinstance(error, BadInput | OSError)
        text = str(error) if told else f"{type(error).__name__}: {error}"
        show_error(text)
        self.failed.emit(text)

    def _stay(self) -> None:
        """Stay with what stands, if another case is just being brought back, and keep that."""
        session, restoring, self._restoring = self._session(), self._restoring, None
        if restoring is not None and session is not None:
            self._keep(session, session.edits.reader)

    def _on_restored(self, came: tuple[object, Any]) -> None:
        session, (token, found) = self._session(), came
        if session is None or session.closed or token is not self._restoring or self._restoring is None:
            return
        if isinstance(found, Exception) or session.run is None:
            if session.run is not None:
                self._complain(found)
            self._stay()
            session.go_on()
            return
        # A person may have worked on since they asked for it: first that is on disk, too.
        session.take_last()
        self._restoring.found = found
        if self._at_work:
            return
        if self.unsaved and _work(session) != self._restoring.kept:
            self._put_aside(session, self._restoring)
            return
        self._restoring = None
        self.take(found)
        if found.path is not None and found.case is not None:
            self._keeper.adopt(found.path, found.case.saved, aside=found.case.image.content_key)
        # It was kept on the side: saving asks for a place of its own.
        self.path = None
        session.adopt(found)
        # A save may have been asked for meanwhile.
        session.go_on()

    def _put_aside(self, session: Any, token: Restoring) -> None:
        """Save what is given up beside the case that comes back; then that may come."""
        token.kept = _work(session)
        build, found = self._builder(session, "in progress", session.edits.reader), token.found

        def save() -> Resumed | None:
            token.aside = token.aside or path_before(token.left)
            build().save(token.aside)
            return found

        start_call(lambda: outcome(token, save), on_result=self._on_restored, on_error=self._complain)


def _work(session: Any) -> tuple[Any, dict[str, Any]]:
    """Return what a person did to a study so far: the journal of edits, and the settings they changed."""
    return session.run.journal, dict(session.wishes)

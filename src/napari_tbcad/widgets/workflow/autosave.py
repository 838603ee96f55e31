"""Cases on disk while a person works: one writer at a time, the latest wins, no film overwrites another's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path

from napari.utils.notifications import show_error
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_tbcad.case import SUFFIX, Case, CaseHead
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.work import start_call
from napari_tbcad.widgets.workflow.kept import (
    CHANGED,
    finished_elsewhere,
    head_of,
    is_of_another,
    make_way,
    path_in,
)
from napari_tbcad.widgets.workflow.kept import find as find

_Build = Callable[[], Case]

_FOLDERS = threading.Lock()
"""Two films must not find the same name free at the same moment."""


class CaseKeeper(QObject):
    """Saves the case of a session off the GUI thread, a moment after the person's hand rests.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    rest_ms : int, optional
        How long nothing must have been asked for before it is saved, so that saving does not take the
        processor from the answer to a stroke.
    longest_ms : int, optional
        After which it is saved even though the hand does not rest.

    Attributes
    ----------
    saved : Signal
        A case was written; its path.
    """

    saved = Signal(object)

    def __init__(
        self, parent: QObject | None = None, *, rest_ms: int = 2000, longest_ms: int = 20_000
    ) -> None:
        super().__init__(parent)
        self._waiting: dict[tuple[Path, Hashable], tuple[_Build, Path | None]] = {}
        self._lock = threading.Lock()
        self._at_work = self._hurry = False
        self._idle = threading.Event()
        self._own: dict[Path, str] = {}
        self._aside: dict[Path, str] = {}
        self._told: set[str] = set()
        self._met: set[tuple[Path, str]] = set()
        self._moved: dict[Path, Path] = {}
        self._last_moved: dict[Path, Path] = {}
        self._since = 0.0
        self._longest = longest_ms / 1000
        self._timer = QTimer(self, singleShot=True, interval=rest_ms)  # type: ignore[call-arg]
        self._timer.timeout.connect(self._begin)

    @property
    def busy(self) -> bool:
        """Whether something is waiting or being saved."""
        return self._at_work or bool(self._waiting)

    def put(self, place: Path, build: _Build, *, owner: Hashable = None, folder: Path | None = None) -> None:
        """Save a case soon; replaces what still waits for the same place and owner. GUI thread only.

        Parameters
        ----------
        place : Path
            A case file, or a folder in which the film gets a file of its own (:func:`path_in`).
        build : callable
            Gives the case; called once, on a worker thread.
        owner : hashable, optional
            What tells films apart that are saved into one folder, such as the run.
        folder : Path, optional
            Where it goes while somebody else's finished reading stands in the file.
        """
        if not self._waiting:
            self._since = time.monotonic()
            self._hurry = False
        with self._lock:
            self._waiting[place, owner] = build, folder
        # At the end of the program Qt deletes in an order of its own; what waits is saved by `flush`.
        if isalive(self._timer) and (self._soon() or not self._timer.isActive()):
            self._timer.start()

    def flush(self, *, wait_s: float = 0.0) -> None:
        """Save what waits now, such as before the film is closed.

        Parameters
        ----------
        wait_s : float, optional
            How long to hold the caller until it is done, for when the program is about to end.
        """
        self._hurry = True
        if not isalive(self._timer):
            self._work()
            return
        self._begin()
        if wait_s and self._at_work:
            self._idle.wait(wait_s)
        if wait_s and self._idle.is_set() and self._waiting:
            # Came after the worker's last look; the window will not hear of its end any more.
            self._work()

    def drop(self) -> None:
        """Forget what waits: the person saves it, and it must not take the place of that."""
        if isalive(self._timer):
            self._timer.stop()
        with self._lock:
            self._waiting = {}

    def let_finish(self, wait_s: float) -> None:
        """Hold a worker thread until what is being saved is saved, so that the later of two comes later."""
        if self._at_work:
            self._idle.wait(wait_s)

    def now_at(self, path: Path) -> Path:
        """Return where a case is that lay there when the study was opened: it may have made way."""
        return self._moved.get(path, path)

    def begin(self) -> None:
        """Another study is opened: what lies anywhere from now on lies where it is found."""
        self._moved.clear()

    def adopt(self, path: Path, saved: str, *, aside: str = "") -> None:
        """Say that a case on disk is the one this session goes on with: it may be overwritten.

        Parameters
        ----------
        path : Path
            Its file.
        saved : str
            When it was saved; a file that was saved since is somebody else's.
        aside : str, optional
            The content key of its film when it was kept on the side, not where a person wanted it.
        """
        self._own[path.absolute()] = saved
        if aside:
            self._aside[path.absolute()] = aside

    def mind(self, path: Path, case: Case) -> None:
        """Take a file for somebody else's if a reading is finished there that the case gone on with lacks."""
        with _FOLDERS, suppress(BadInput):
            if path.exists() and finished_elsewhere(Case.peek(path), case):
                self._own.pop(path.absolute(), None)

    def write(self, path: Path, case: Case, *, listed: bool = False) -> None:
        """Save a case where a person asked for it; on a worker thread.

        Parameters
        ----------
        path : Path
            The file. What is there is replaced, since the person was asked, unless somebody saved it after
            this session opened or wrote it, or another reader finished a reading of this study there.
        case : Case
            The case.
        listed : bool, optional
            Nobody was asked: its place follows from a worklist, and only a case of this session may go.

        Raises
        ------
        BadInput
            If somebody else changed the file, or it cannot be written.
        """
        with _FOLDERS:
            known = self._own.get(path.absolute())
            if (known is not None or listed) and path.exists() and Case.peek(path).saved != known:
                raise BadInput(path, CHANGED)
            if known is None and is_of_another(path, case):
                raise BadInput(
                    path,
                    "somebody else finished a reading there: open it to add yours, or choose another name",
                )
            case.save(path)
            self.adopt(path, case.saved)
            self._aside.pop(path.absolute(), None)

    def clear(self, film_key: str) -> None:
        """Remove what this session kept on the side of a film: the person has saved it."""
        for path in [path for path, key in self._aside.items() if key == film_key]:
            del self._aside[path]
            with suppress(OSError, BadInput):
                # Of another window of this program, or of yesterday's.
                if Case.peek(path).saved == self._own.pop(path, None):
                    path.unlink()

    def _soon(self) -> bool:
        """Tell whether what waits may wait for the hand to rest."""
        return time.monotonic() - self._since < self._longest

    def _begin(self) -> None:
        if self._at_work or not self._waiting:
            return
        self._timer.stop()
        self._at_work = True
        self._idle.clear()
        start_call(self._work, on_result=self._done, on_error=self._failed)

    def _work(self) -> tuple[list[Path], list[tuple[Path, Exception]]]:
        paths: list[Path] = []
        problems: list[tuple[Path, Exception]] = []
        while batch := self._batch(first=not paths and not problems):
            for (place, _), (build, folder) in batch.items():
                try:
                    path, told = self._save(place, build(), folder)
                    paths.append(path)
                    problems += [(place, one) for one in told]
                except Exception as error:  # the next case may fare better; the person is told at the end
                    problems.append((place, error))
        self._idle.set()
        return paths, problems

    def _batch(self, *, first: bool) -> dict[tuple[Path, Hashable], tuple[_Build, Path | None]]:
        """Return what waits; what came while the work went on waits for its own rest, unless in a hurry."""
        with self._lock:
            if not first and not self._hurry:
                return {}
            batch, self._waiting = self._waiting, {}
            return batch

    def _save(self, place: Path, case: Case, folder: Path | None) -> tuple[Path, list[BadInput]]:
        """Save, and return where and what the person must know."""
        key, told = case.image.content_key, []
        path = place if place.suffix == SUFFIX else path_in(place, case.image.name, key)
        with _FOLDERS:
            head = head_of(path, case) if path.exists() else None
            if path == place and head is not None and self._is_anothers(head, case):
                if folder is None:
                    raise BadInput(path, CHANGED)
                if (path, head.saved) not in self._met:
                    self._met.add((path, head.saved))
                    told.append(BadInput(path, f"{CHANGED}. Your work is kept in {folder}"))
                path = path_in(folder, case.image.name, key)
                head = head_of(path, case) if path.exists() else None
            if head is not None and head.saved != self._own.get(path.absolute()):
                self._last_moved[path] = make_way(path, self._last_moved.get(path))
                self._moved.setdefault(path, self._last_moved[path])
            case.save(path)
            self.adopt(path, case.saved, aside="" if path == place else key)
        return path, told

    def _is_anothers(self, head: CaseHead, case: Case) -> bool:
        """Tell whether what stands there was finished by somebody who did not know of this session's."""
        return head.saved != self._own.get(head.path.absolute()) and finished_elsewhere(head, case)

    def _done(self, outcome: tuple[list[Path], list[tuple[Path, Exception]]]) -> None:
        paths, problems = outcome
        self._at_work = False
        if self._waiting and not self._timer.isActive():
            self._begin()
        elif not self._waiting:
            self._hurry = False
        if paths:
            self._told.clear()
        for path in paths:
            self.saved.emit(path)
        for place, problem in problems:
            self._failed(problem, place)

    def _failed(self, error: Exception, place: Path | None = None) -> None:
        # A folder that is gone would be complained of after each stroke.
        said = str(error) if isinstance(error, BadInput | OSError) else f"{type(error).__name__}: {error}"
        if said not in self._told:
            self._told.add(said)
            # The error names the file; a person needs the folder, which they may have to choose anew.
            where = "" if place is None else f" in {place.parent if place.suffix == SUFFIX else place}"
            show_error(f"Autosave{where}: {said}")

"""One study to be read (a film, a bone scan), and how far its reading is."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.errors import BadInput
from napari_tbcad.files import sha256
from napari_tbcad.worklist_sources import FILMS, Kind

if TYPE_CHECKING:
    from napari_tbcad.case import CaseHead, ImageReference

SHOWN_COLUMNS = ("age", "sex", "view")
"""The only columns of a table that a reader sees: any other may name the patient or give the answer away."""

Peek = Callable[[Path], "CaseHead"]


class ReadingState(StrEnum):
    """How far the reading of a film is."""

    TO_DO = "to do"
    IN_PROGRESS = "in progress"
    TO_REVIEW = "to review"
    DONE = "done"
    ACCEPTED = "reviewed: accepted"
    CHANGED = "reviewed: changed"
    FAILED = "failed"


OPEN = (ReadingState.TO_DO, ReadingState.IN_PROGRESS, ReadingState.TO_REVIEW)
"""States that leave something to do."""

FINISHED = (ReadingState.DONE, ReadingState.ACCEPTED, ReadingState.CHANGED)

_VERDICTS = {
    "made": ReadingState.DONE,
    "accepted": ReadingState.ACCEPTED,
    "changed": ReadingState.CHANGED,
}


@dataclass(frozen=True)
class Sighting:
    """What a case file says of one reading, without masks.

    Parameters
    ----------
    reader : str
        Who read; empty when no name was given.
    verdict : str
        ``"in progress"``, ``"made"``, ``"accepted"`` or ``"changed"``.
    when : str
        Time of the reading, ISO 8601.
    said : mapping
        What else the list shows of it (:attr:`~napari_tbcad.worklist_sources.Kind.digest`).
    """

    reader: str
    verdict: str
    when: str = ""
    said: Mapping[str, Any] = dataclass_field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the reader is through with the film."""
        return self.verdict in _VERDICTS

    def by(self, reader: str) -> bool:
        """Tell whether this is the given reader's; capitals and blanks do not matter."""
        return _plain(self.reader) == _plain(reader)


@dataclass(frozen=True)
class Item:
    """One study of a worklist.

    Parameters
    ----------
    path : Path
        The film; of a scan of two files the first.
    name : str
        Unique in the list: path relative to the list's folder, ``/`` written as ``__``, no extension.
    case : Path
        Where its case is kept, whether it exists or not.
    columns : mapping, optional
        Its row in the table, as text; for exports. A reader is shown `facts` alone.
    readings : tuple of Sighting, optional
        What its case says, in the order in which people read.
    problem : str, optional
        Why it cannot be read; empty when it can.
    looked : float, optional
        Monotonic time at which `readings` and `problem` were looked up, in s.
    more : tuple of Path, optional
        Its other files.
    kind : Kind, optional
        What it is.
    """

    path: Path
    name: str
    case: Path
    columns: Mapping[str, str] = dataclass_field(default_factory=dict)
    readings: tuple[Sighting, ...] = ()
    problem: str = ""
    looked: float = dataclass_field(default=0.0, compare=False)
    more: tuple[Path, ...] = ()
    kind: Kind = FILMS

    @property
    def paths(self) -> tuple[Path, ...]:
        """All its files."""
        return (self.path, *self.more)

    @property
    def files_problem(self) -> str:
        """Why it cannot be read, as far as the folder tells; names the file where there are several."""
        said = ((path, film_problem(path, self.kind.thing)) for path in self.paths)
        path, problem = next(((path, text) for path, text in said if text), (self.path, ""))
        return f"{path.name}: {problem}" if problem and self.more else problem

    @property
    def facts(self) -> str:
        """What the table says that a blinded reader may know, such as ``"age 45, sex F"``."""
        said = ((column, self.columns.get(column, "")) for column in SHOWN_COLUMNS)
        return ", ".join(f"{column} {value}" for column, value in said if value)

    def state(self, reader: str = "") -> ReadingState:
        """Return how far the film is, for everybody or for one reader.

        Parameters
        ----------
        reader : str, optional
            A film that only others have finished is "to review" for this reader.
        """
        if self.problem:
            return ReadingState.FAILED
        if not self.readings:
            return ReadingState.TO_DO
        reader = reader.strip()
        finished = [reading for reading in self.readings if reading.finished]
        mine = [reading for reading in self.readings if reader and reading.by(reader)]
        if mine and not mine[-1].finished:
            return ReadingState.IN_PROGRESS
        if finished and reader and not mine:
            return ReadingState.TO_REVIEW
        # Another's work under way does not undo what this reader has finished.
        if not finished or (not mine and not self.readings[-1].finished):
            return ReadingState.IN_PROGRESS
        return _VERDICTS[finished[-1].verdict]

    def look(self, *, peek: Peek | None = None) -> Item:
        """Return the item as its film's and its case's files stand now."""
        began = time.monotonic()
        problem = self.files_problem
        readings: tuple[Sighting, ...] = ()
        try:
            if self.case.exists():
                head = (peek or _peek)(self.case)
                readings = _sightings(head, self.kind)
                problem = problem or _other_film(self, head)
        except (BadInput, OSError) as error:
            problem = problem or f"its case cannot be read: {error}"
        return replace(self, readings=readings, problem=problem, looked=began)


def film_problem(path: Path, thing: str = "film") -> str:
    """Return why a film cannot be read, as far as the folder tells; its pixels are not looked at."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return "no such file"
    except (OSError, ValueError) as error:
        return f"the file cannot be read ({getattr(error, 'strerror', None) or error})"
    if stat.S_ISDIR(status.st_mode):
        return f"a folder, not a {thing}"
    if not status.st_size:
        return "the file is empty"
    return "" if os.access(path, os.R_OK) else "the file may not be read (no permission)"


def _peek(path: Path) -> CaseHead:
    from napari_tbcad.case import Case

    return Case.peek(path)


def _sightings(head: CaseHead, kind: Kind) -> tuple[Sighting, ...]:
    if head.workflow != kind.workflow:
        return ()
    return tuple(Sighting(one.reader, one.verdict, str(one.when), kind.digest(one)) for one in head.readings)


def _other_film(item: Item, head: CaseHead) -> str:
    """Return a complaint when the case is about another study than the item's."""
    if head.workflow != item.kind.workflow:
        return f"the case {item.case.name} is of the {head.workflow} workflow; keep cases elsewhere"
    if any(_shows(image, path, item.case) for image in head.images.values() for path in item.paths):
        return ""
    named = head.image.path or head.image.name
    return (
        f"the case {item.case.name} belongs to another {item.kind.thing} ({named}); move it, or keep cases "
        "elsewhere"
    )


def _shows(image: ImageReference, path: Path, case: Path) -> bool:
    """Tell whether a case's image is this file; the content is asked only where places cannot tell."""
    film = os.path.abspath(path)  # noqa: PTH100
    places = [os.path.abspath(place) for place in image.places(case)]  # noqa: PTH100
    if film in places:
        return True
    others = [Path(place) for place in places if os.path.isfile(place)]  # noqa: PTH113
    if not others or not path.is_file():
        # Moved since, or a case without a file: by name.
        return image.name in (path.name, path.stem)
    if others[0].stat().st_size != path.stat().st_size:
        return False
    return bool(image.sha256) and image.sha256 == sha256(path)


@lru_cache(maxsize=256)
def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()

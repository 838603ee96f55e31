"""What a look at a data set finds, before anything is measured: films, classes, faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any, Literal

from napari_tbcad.io.datasets import DataRow

Role = Literal["train", "test", "both"]


@dataclass(frozen=True)
class FoundFilm:
    """One film that takes part.

    Parameters
    ----------
    row : DataRow
        As the data set tells it; its label is known.
    file : str
        Its name in every table: relative to the data set's folder, ``/`` between the parts.
    role : {"train", "test", "both"}
        ``both`` where one data set is divided.
    patient : str
        Films of one patient, and copies of one film, have the same.
    source : str
        Collection.
    content : str
        SHA-256 of the file; "" where it was not needed yet.
    """

    row: DataRow
    file: str
    role: Role
    patient: str
    source: str
    content: str = ""

    @property
    def path(self) -> Path:
        """Where the film is on this machine."""
        return self.row.path


@dataclass(frozen=True)
class FoundSet:
    """One of the data sets of an evaluation.

    Parameters
    ----------
    role : {"train", "test", "both"}
    name : str
        Layout, table or folder.
    path : Path
        As given.
    listed : int
        Films it names.
    columns : tuple of str
        Columns of its table that nothing reads.
    terms : str
        Where it comes from and what is asked in return, for a known public set.
    """

    role: Role
    name: str
    path: Path
    listed: int
    columns: tuple[str, ...] = ()
    terms: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A film that takes no part, and why."""

    file: str
    reason: str
    kind: Literal["label", "unreadable", "duplicate", "missing", "measuring", "patient"]
    role: Role = "both"


@dataclass(frozen=True)
class Duplicate:
    """A copy of a film: which, of which other, how that is known, and what is done about it."""

    file: str
    same_as: str
    kind: Literal["file", "pixels"]
    handled: str


@dataclass(frozen=True)
class Found:
    """What a look at one or two data sets finds.

    Parameters
    ----------
    sets : tuple of FoundSet
        One, or the training and the test set.
    films : tuple of FoundFilm
        Films that can take part, those of the training set first.
    left_out : tuple of LeftOut
        Films that cannot.
    duplicates : tuple of Duplicate
        Copies, by the content of their files.
    problems : tuple of str
        What forbids an evaluation; empty when it can begin.
    untrainable : str
        The one of them that forbids training alone: too few patients. A given model can be judged.
    notes : tuple of str
        What a person should know, one sentence each.
    """

    sets: tuple[FoundSet, ...]
    films: tuple[FoundFilm, ...]
    left_out: tuple[LeftOut, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    problems: tuple[str, ...] = ()
    untrainable: str = ""
    notes: tuple[str, ...] = ()
    aliases: Mapping[str, str] = dataclass_field(default_factory=dict)
    """Other names of films (their paths as given) to their names here."""

    @property
    def tb(self) -> int:
        """Films with tuberculosis."""
        return sum(film.row.label == 1 for film in self.films)

    @property
    def normal(self) -> int:
        """Films without."""
        return len(self.films) - self.tb

    @property
    def patients(self) -> int:
        """Patients; each film is one where nothing is known."""
        return len({film.patient for film in self.films})

    @property
    def sources(self) -> list[dict[str, Any]]:
        """Collections with their numbers: name, tb, normal."""
        return counted_sources(self.films)

    @property
    def references(self) -> int:
        """Films with reference lungs."""
        return sum(film.row.lungs is not None for film in self.films)


def counted_sources(films: Any) -> list[dict[str, Any]]:
    """Return name, tb and normal of each collection among some films."""
    found: dict[str, dict[str, Any]] = {}
    for film in films:
        entry = found.setdefault(film.source, {"name": film.source, "tb": 0, "normal": 0})
        entry["tb" if film.row.label == 1 else "normal"] += 1
    return [found[name] for name in sorted(found)]

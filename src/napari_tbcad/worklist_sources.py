"""What a worklist is made from: what a folder holds, rows of a table, names, the folder of the cases."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.case import SUFFIX
from napari_tbcad.errors import BadInput
from napari_tbcad.io.read import find_in
from napari_tbcad.io.tables import PATH_COLUMNS, records_of

if TYPE_CHECKING:
    from napari_tbcad.reading import Reading

_MOST_NAMED = 3
_LONGEST_NAME = 180
_SUFFIX = re.compile(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{0,5}$")


@dataclass(frozen=True)
class Found:
    """A study in a folder: its files, the first standing for it, and the name its outputs carry."""

    paths: tuple[Path, ...]
    name: str


@dataclass(frozen=True)
class Joined:
    """Files of a table that are one study, and the path that it is named after."""

    paths: tuple[Path, ...]
    called: Path


def films_in(folder: Path) -> tuple[list[Found], list[Path]]:
    """Return the films of a folder, and what was passed over."""
    found = find_in(folder)
    return [Found((film.path,), film.name) for film in found.films], list(found.skipped)


def each_alone(paths: Sequence[Path]) -> list[Joined]:
    """Return every file as a study of its own."""
    return [Joined((path,), path) for path in paths]


@dataclass(frozen=True)
class Kind:
    """What the studies of a worklist are.

    Parameters
    ----------
    workflow : str
        Whose cases they have.
    thing : str
        What one is called, such as ``"film"``.
    in_folder : callable
        ``in_folder(folder)`` returns the studies in it, named, and what was passed over; raises
        :class:`BadInput` where there is none.
    join : callable
        ``join(paths)`` puts files that a table names together where they are one study.
    digest : callable
        ``digest(reading)`` returns what a list shows of a reading beside who and when, as plain values.
    hint : str, optional
        What else to say while there is no list.
    row : callable, optional
        ``row(item)`` returns two short texts for a second line of an item's row: under its name, and under
        its state. Without it a row has one line.
    widest : str, optional
        The widest text that `row` gives for under the state.
    tip : callable, optional
        ``tip(item)`` returns more lines for its tooltip.
    summary : callable, optional
        ``summary(items)`` returns a line about the whole list.
    """

    workflow: str = "chest"
    thing: str = "film"
    in_folder: Callable[[Path], tuple[list[Found], list[Path]]] = films_in
    join: Callable[[Sequence[Path]], list[Joined]] = each_alone
    digest: Callable[[Reading], Mapping[str, Any]] = lambda reading: {}
    hint: str = ""
    row: Callable[[Any], tuple[str, str]] | None = None
    widest: str = ""
    tip: Callable[[Any], Sequence[str]] | None = None
    summary: Callable[[Sequence[Any]], str] | None = None

    def number(self, n: int) -> str:
        """Return a number of them in words, such as ``"3 films"``."""
        return f"{n} {self.thing}{'' if n == 1 else 's'}"


FILMS = Kind()
"""Chest films, a file each."""


def rows_of(table: Path, thing: str = "film") -> tuple[list[tuple[Path, Mapping[str, str]]], list[str]]:
    """Return (film, columns) of each row of a table, and the lines that name no film."""
    rows: list[tuple[Path, Mapping[str, str]]] = []
    unnamed = []
    folder = absolute(table.parent)
    for number, record in enumerate(records_of(table), start=2):
        text = next((record[column] for column in PATH_COLUMNS if record.get(column)), "")
        if text:
            columns = {name: value for name, value in record.items() if name not in PATH_COLUMNS}
            rows.append((_film_of(text, folder), columns))
        else:
            unnamed.append(f"line {number}")
    if not rows:
        raise BadInput(table, f"no row names a {thing} in its column path")
    return rows, unnamed


def _film_of(text: str, folder: Path) -> Path:
    """Return the film that a table means; one written on Windows has backslashes in its relative paths."""
    names = [text] if "\\" not in text else [text, text.replace("\\", "/")]
    places = [absolute(start / name) for name in names for start in (folder, folder / "images")]
    # Not Path.exists(): it raises on a name that is too long or in a folder that may not be entered.
    there = (place for place in places if os.path.exists(place))  # noqa: PTH110
    return next(there, absolute(folder / names[-1]))


def names_of(films: Sequence[Path], folder: Path) -> list[str]:
    """Name films after their place below a folder.

    Of films whose names collide (also by case alone) the first keeps its name, so that rows added to a table
    never rename the cases of those that stood in it.
    """
    names: dict[str, str] = {}
    for film in films:
        inside = film.is_relative_to(folder)
        parts = film.relative_to(folder).parts if inside else (film.parent.name, film.name)
        full = "__".join(part for part in parts if part)
        ways = (_SUFFIX.sub("", full), full, f"{full}~{_digest(str(film))}")
        name = next(way for way in ways if way.casefold() not in names)
        names[name.casefold()] = name
    return list(names.values())


def case_file(cases: Path, name: str) -> Path:
    """Return where the case of a film is kept; file systems take no names above 255 bytes."""
    if len(name.encode()) > _LONGEST_NAME:
        short = name.encode()[: _LONGEST_NAME - 10].decode(errors="ignore")
        name = f"{short}~{_digest(name)}"
    return cases / f"{name}{SUFFIX}"


def listed(cases: Path) -> frozenset[str]:
    """Return the names of the files in the folder of the cases, which need not exist."""
    try:
        return frozenset(entry.name for entry in os.scandir(cases))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except OSError as error:
        raise BadInput(cases, f"the folder of the cases cannot be read ({error.strerror})") from error


def has_images_beside_labels(folder: Path) -> bool:
    """Tell whether a folder is a data set with its films in ``images/``; masks lie in folders beside it."""
    return (folder / "labels.csv").is_file() and (folder / "images").is_dir()


def note(what: str, things: Sequence[object]) -> tuple[str, ...]:
    """Return one sentence about things, naming the first few; none about nothing."""
    if not things:
        return ()
    names = [str(thing.name) if isinstance(thing, Path) else str(thing) for thing in things[:_MOST_NAMED]]
    more = f" and {len(things) - _MOST_NAMED} more" if len(things) > _MOST_NAMED else ""
    return (f"{what} ({len(things)}): {', '.join(names)}{more}.",)


def absolute(path: Path) -> Path:
    """Return the path made absolute, with links in it left as they are."""
    # Not resolve(): it follows links with a system call for every part of every path.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]

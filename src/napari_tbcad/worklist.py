"""A list of films or scans to be read: which they are, how far each one is, which comes next.

The list itself is never written. How far one is stands in its case file (``CASES/NAME.tbcad``), hence a
list opened on another day, or by a second person, tells the truth without a file of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.worklist_item import FINISHED, Item, Peek, ReadingState
from napari_tbcad.worklist_sources import (
    FILMS,
    Found,
    Kind,
    absolute,
    case_file,
    has_images_beside_labels,
    listed,
    names_of,
    note,
    rows_of,
)

CASES_FOLDER = "cases"


@dataclass(frozen=True)
class Worklist:
    """Films, or studies of another kind, to be read, and how far each one is.

    Parameters
    ----------
    source : Path
        The folder or table it was made from.
    cases : Path
        Folder of the case files.
    items : tuple of Item
        In the order of the folder (sorted) or of the table; each film once.
    reader : str, optional
        For whom the states hold: a film that only others have finished is then "to review".
    notes : tuple of str, optional
        What was passed over or repeated, as sentences.
    kind : Kind, optional
        What is listed.
    """

    source: Path
    cases: Path
    items: tuple[Item, ...]
    reader: str = ""
    notes: tuple[str, ...] = ()
    kind: Kind = FILMS

    @classmethod
    def from_folder(
        cls,
        folder: str | Path,
        *,
        kind: Kind = FILMS,
        cases: str | Path | None = None,
        reader: str = "",
        peek: Peek | None = None,
        progress: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Worklist:
        """List the studies of a folder; films as :func:`~napari_tbcad.io.read.find_films` lists them.

        Parameters
        ----------
        folder : str or Path
            Searched through. Beside a ``labels.csv``, only the films in ``images/`` are listed; what lies in
            `cases` never is.
        kind : Kind, optional
            What is looked for; films by default.
        cases : str or Path, optional
            Folder of the case files; ``FOLDER/cases`` when not given. It need not exist.
        reader : str, optional
            Whose list it is.
        peek : callable, optional
            ``peek(path) -> CaseHead``; :meth:`napari_tbcad.case.Case.peek` when not given.
        progress, cancelled : callable, optional
            Told the share of case files looked at, in [0, 1]; asked whether to stop.

        Raises
        ------
        BadInput
            If it is no folder or holds no film.
        Cancelled
            If `cancelled` said so.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise BadInput(folder, "no such folder" if not folder.exists() else "a file, not a folder")
        kept = Path(cases) if cases is not None else folder / CASES_FOLDER
        found, skipped = kind.in_folder(folder)
        wanted = folder / "images" if has_images_beside_labels(folder) else folder
        # Made absolute once: to resolve thousands of paths one by one takes seconds on a network drive.
        root, inside, outside = absolute(folder), absolute(wanted), absolute(kept)
        studies: list[Found] = []
        others: list[Path] = []
        for study in found:
            at = absolute(study.paths[0])
            # Cases may also be kept right beside the films: then what lies there are films all the same.
            if at.is_relative_to(outside) and not root.is_relative_to(outside):
                continue
            if at.is_relative_to(inside):
                studies.append(study)
            else:
                others += study.paths
        if not studies:
            raise BadInput(folder, f"no {kind.thing} found in it (wanted: DICOM, PNG, JPEG, TIFF, BMP)")
        items = (
            Item(study.paths[0], study.name, case_file(kept, study.name), more=study.paths[1:], kind=kind)
            for study in studies
        )
        others += [path for path in skipped if not absolute(path).is_relative_to(outside)]
        notes = note("Passed over in the folder", others)
        worklist = cls(folder, kept, tuple(items), reader, notes, kind)
        return worklist.refresh_all(peek=peek, progress=progress, cancelled=cancelled)

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        *,
        kind: Kind = FILMS,
        cases: str | Path | None = None,
        reader: str = "",
        peek: Peek | None = None,
        progress: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Worklist:
        """List the films that a table names, in its order.

        Parameters
        ----------
        path : str or Path
            CSV with a column ``path`` (``file``, ``filename`` and ``image`` are understood, too). Relative
            paths count from the table's folder, or from ``images/`` in it. Films below the table's folder are
            named as :meth:`from_folder` would name them, so that both find the same cases. A film named twice
            is listed once; one that is missing is listed as failed. The two files of a scan, in a row each,
            are one item with the columns of the first.
        kind : Kind, optional
            What is listed; films by default.
        cases : str or Path, optional
            Folder of the case files; ``cases`` beside the table when not given. It need not exist.
        reader, peek, progress, cancelled : optional
            As :meth:`from_folder`.

        Raises
        ------
        BadInput
            If the table cannot be read, is empty, or has no column ``path``.
        Cancelled
            If `cancelled` said so.
        """
        path = Path(path)
        rows, unnamed = rows_of(path, kind.thing)
        kept = Path(cases) if cases is not None else path.parent / CASES_FOLDER
        first: dict[Path, Mapping[str, str]] = {}
        again: list[Path] = []
        for film, columns in rows:
            if first.setdefault(film, columns) is not columns:
                again.append(film)
        studies = kind.join(list(first))
        names = names_of([study.called for study in studies], absolute(path.parent))
        items = (
            Item(p[0], name, case_file(kept, name), first[p[0]], more=p[1:], kind=kind)
            for p, name in zip((study.paths for study in studies), names, strict=True)
        )
        notes = note("Named more than once, listed once", again)
        notes += note(f"Rows without a {kind.thing}", unnamed)
        worklist = cls(path, kept, tuple(items), reader, notes, kind)
        return worklist.refresh_all(peek=peek, progress=progress, cancelled=cancelled)

    # -- how far ------------------------------------------------------------------------------------------

    @cached_property
    def states(self) -> tuple[ReadingState, ...]:
        """State of each item for `reader`."""
        return tuple(item.state(self.reader) for item in self.items)

    def counts(self) -> dict[ReadingState, int]:
        """Return how many films are in each state, zeros included."""
        return {state: self.states.count(state) for state in ReadingState}

    @property
    def progress(self) -> tuple[int, int]:
        """How many films are finished (for `reader`, where one is set), and how many there are."""
        return sum(state in FINISHED for state in self.states), len(self.items)

    def read_by(self, reader: str) -> Worklist:
        """Return the list as it stands for a reader; an empty name for everybody."""
        return self if reader.strip() == self.reader else self._with(reader=reader.strip())

    # -- finding one --------------------------------------------------------------------------------------

    @cached_property
    def _places(self) -> dict[Path, int]:
        places = [(path, place) for place, item in enumerate(self.items) for path in item.paths]
        return {absolute(path): place for path, place in places} | dict(places)

    def place(self, path: Path | None) -> int | None:
        """Return the place of a film in the list, from 0; None when it is not in it."""
        if path is None:
            return None
        return self._places[path] if path in self._places else self._places.get(absolute(path))

    def find(self, path: Path | None) -> Item | None:
        """Return the item of a film; None when it is not in the list."""
        place = self.place(path)
        return None if place is None else self.items[place]

    def next(
        self, after: Path | None, *, states: Collection[ReadingState] | None = None, wrap: bool = False
    ) -> Item | None:
        """Return the item that follows a film.

        Parameters
        ----------
        after : Path or None
            The film; None, or one that is not in the list, to begin at the top.
        states : collection of ReadingState, optional
            Wanted states; all when not given.
        wrap : bool, optional
            True to go on at the top, so that what was left out before is found; never comes to `after`.
        """
        start = self.place(after)
        count = len(self.items)
        order = range(count) if start is None else range(start + 1, count)
        again = range(start) if wrap and start is not None else range(0)
        return self._first([*order, *again], states)

    def previous(self, before: Path | None, *, states: Collection[ReadingState] | None = None) -> Item | None:
        """Return the item that precedes a film; the last one when it is None or not in the list."""
        start = self.place(before)
        return self._first(range((len(self.items) if start is None else start) - 1, -1, -1), states)

    def _first(self, places: Iterable[int], states: Collection[ReadingState] | None) -> Item | None:
        wanted = (place for place in places if states is None or self.states[place] in states)
        place = next(wanted, None)
        return None if place is None else self.items[place]

    # -- looking again ------------------------------------------------------------------------------------

    def refresh(self, item: Item | Path, *, peek: Peek | None = None) -> Worklist:
        """Return the list with one item's files looked at anew."""
        known = self.find(item.path if isinstance(item, Item) else item)
        return self if known is None else self.with_items([known.look(peek=peek)])

    def refresh_all(
        self,
        *,
        peek: Peek | None = None,
        progress: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Worklist:
        """Return the list with every film's and every case's file looked at anew.

        Only cases that exist are opened: their folder is listed once.
        """
        there = listed(self.cases)
        items = []
        for number, item in enumerate(self.items):
            if cancelled is not None and cancelled():
                raise Cancelled(f"{self.source}: stopped while looking through the cases")
            if item.case.name in there:
                items.append(item.look(peek=peek))
            else:
                began = time.monotonic()
                items.append(replace(item, readings=(), problem=item.files_problem, looked=began))
            if progress is not None and number % 50 == 0:
                progress(number / len(self.items), "looking through the cases")
        return self._with(items=tuple(items))

    def with_items(self, looked: Iterable[Item]) -> Worklist:
        """Return the list with items put in their places; of two looks at one film the later counts."""
        items, states = list(self.items), list(self.states)
        for item in looked:
            place = self.place(item.path)
            if place is not None and item.looked >= items[place].looked:
                items[place], states[place] = item, item.state(self.reader)
        worklist = self._with(items=tuple(items))
        worklist.__dict__["states"] = tuple(states)
        return worklist

    def _with(self, **changes: Any) -> Worklist:
        """Return the list of the same films, changed; where each stands is not worked out again."""
        worklist = replace(self, **changes)
        worklist.__dict__["_places"] = self._places
        return worklist

"""What a folder of results calls its studies: which files carry which NAME, by the run's own list."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from os.path import normpath
from pathlib import Path
from typing import Any, NamedTuple

from napari_tbcad.errors import BadInput
from napari_tbcad.files import cell, is_file, read_rows
from napari_tbcad.result_tables import Places
from napari_tbcad.run_folder import INPUTS, RUN, TABLE, started_in
from napari_tbcad.run_images import content_of, image_key

BETWEEN = " | "
"""What stands between the two files of a scan in the column ``files``."""


def files_of(line: Mapping[str, Any]) -> list[str]:
    """Return the one or two files of a study as a line of a run's table names them in ``file`` and ``files``.

    What stands between two files may be part of a file's name, too.
    """
    first, both = line.get("file") or "", line.get("files") or ""
    if first and both.startswith(f"{first}{BETWEEN}"):
        return [first, both.removeprefix(f"{first}{BETWEEN}")]
    return [first] if not both or both == first else both.split(BETWEEN)


class Named(NamedTuple):
    """A study of a folder of results.

    Parameters
    ----------
    name : str
        NAME in the names of its files there.
    files : tuple of Path
        Of its images, as the folder's own lists call them, found from the current folder.
    """

    name: str
    files: tuple[Path, ...]


class RunNames:
    """The names that a run gave its studies.

    Parameters
    ----------
    folder : Path
        Of results; one without a run's list names nothing.

    Raises
    ------
    BadInput
        If there is a list that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.home = folder, started_in(folder)
        self._place_of = Places()
        self._holders: dict[str, Named] = {}
        self._names: set[str] = set()
        for line in _listed(folder):
            one = Named(line.get("name") or "", tuple(self.home / file for file in files_of(line)))
            self._names.add(one.name.casefold())
            for file in one.files:
                self._holders.setdefault(self._place(file), one)

    def of(self, files: Iterable[str | Path]) -> Named | None:
        """Return the study that has just these files; None where the run's list has none."""
        paths = [Path(file) for file in files]
        found = {self._holder(path) for path in paths}
        (one,) = found if len(found) == 1 else (None,)
        return one if one is not None and len(one.files) == len(paths) else None

    def find(self, files: Iterable[str | Path]) -> Named | None:
        """Return the study that has just these files, by the run's list or by the row that there is of it.

        None where nothing tells: then the study may have any name that is free.
        """
        paths = [Path(file) for file in files]
        if (one := self.of(paths)) is not None or not is_file(self._folder / TABLE):
            return one
        wanted = {self._place(path) for path in paths}
        try:
            rows = list(_rows(self._folder / TABLE))
        except BadInput:  # whoever adds a row there says so
            return None
        for row in rows:
            there = tuple(self.home / file for file in files_of(row))
            if {self._place(path) for path in there} == wanted:
                name = self.of_rows(rows).get(row.get("file") or "")
                return None if name is None else Named(name, there)
        return None

    def holds(self, name: str) -> bool:
        """Tell whether the run calls a study so, be it by case alone."""
        return name.casefold() in self._names

    def others(self, files: Iterable[str | Path]) -> str:
        """Return the name of a study that has one of these files; "" without one."""
        return next((one.name for file in files if (one := self._holder(Path(file))) is not None), "")

    def of_rows(self, rows: Iterable[Mapping[str, Any]], *, more: Iterable[str] = ()) -> dict[str, str]:
        """Return the NAME under which the files of each row of results lie in the folder.

        Parameters
        ----------
        rows : iterable of mapping
            With ``file`` and perhaps ``files``, whose paths count from where the run was started.
        more : iterable of str, optional
            Names to be thought of as having a record.

        Returns
        -------
        dict of str to str
            By the row's ``file``: from the run's list; of one that is not in it the record that is called as
            its path ends. What cannot be told is missing.
        """
        found: dict[str, str] = {}
        strange: dict[str, Path] = {}
        for row in rows:
            paths = [self.home / file for file in files_of(row)]
            if (one := self.of(paths)) is not None:
                found[row["file"]] = one.name
            else:
                strange[row["file"]] = self.home / row["file"]
        if strange:
            records = {path.stem for path in (self._folder / "records").glob("*.json")}.union(more)
            called = _fitting([name for name in records if not self.holds(name)], strange.values())
            found |= {file: called[path] for file, path in strange.items() if path in called}
        times: defaultdict[str, int] = defaultdict(int)
        for name in found.values():
            times[name] += 1
        # One set of files is of one row: whose it is where two claim it, nobody can tell.
        return {file: name for file, name in found.items() if times[name] == 1}

    def _holder(self, path: Path) -> Named | None:
        return self._holders.get(self._place(path)) or self._holders.get(self._place(path, through=True))

    def _place(self, path: Path, *, through: bool = False) -> str:
        """Return where a file lies, as a list writes it; perhaps where it leads to as a link."""
        with suppress(OSError, ValueError, RuntimeError):  # a loop of links, a name that no system takes
            path = path.resolve() if through else self._place_of(path)
        return cell(str(path))


def require_own_name(
    folder: Path,
    name: str,
    row: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    known: bool,
    taken: bool,
    thing: str,
) -> None:
    """Refuse to write a study's files under a NAME that is another study's in a folder of results.

    Parameters
    ----------
    folder : Path
    name : str
        NAME that the files are to have.
    row : mapping
        The study's new row, whose paths count from the current folder.
    rows : sequence of mapping
        All rows of the table, that one among them.
    known : bool
        Whether the folder had a row of this study already.
    taken : bool
        Whether there are files of this NAME.
    thing : str
        What a study is: ``"film"`` or ``"scan"``.

    Raises
    ------
    BadInput
        If the run calls another study so, or this one otherwise; or if there are files of this name that are
        not known to be this study's.
    """
    names, files = RunNames(folder), files_of(row)
    if (own := names.of(files)) is not None:
        if own.name != name:
            raise BadInput(folder, f"its run calls this {thing} {own.name}, not {name}")
        return
    if other := names.others(files):
        raise BadInput(folder, f"its run put these files together otherwise ({other}); choose another folder")
    if names.holds(name):
        raise BadInput(folder, f"its run calls another {thing} {name}; choose another folder")
    others = [one for one in rows if one is not row]
    own_file = str(Path(row["file"]).absolute())
    # What is written must be found again by that name.
    called = names.of_rows([*others, {"file": own_file}], more=[name])
    mine = called.pop(own_file, None)
    if mine is not None and mine != name:
        cause = f"it has this {thing} as {mine}, not as {name}"
        if not known:
            cause = f"it has files named {mine}, which may be of this {thing}; choose another folder"
        raise BadInput(folder, cause)
    if not taken or (known and mine == name):
        return
    if (key := image_key(folder, name)) and key == content_of(map(Path, files)):
        return
    if name in called.values() or any(fits(names.home / one["file"], name) for one in others):
        raise BadInput(folder, f"it has files of another {thing} named {name}; choose another folder")
    if not known:
        cause = f"nothing in it says which {thing} its files named {name} are of; choose another folder"
        raise BadInput(folder, cause)


def fits(path: Path, name: str) -> bool:
    """Tell whether a file's results may carry this name: the end of its path, with ``__`` between folders.

    The number that tells names apart that would be equal (``~2``) is passed over.
    """
    ends = _ends(path)
    return name in ends or name.split("~")[0] in ends


def _ends(path: Path) -> set[str]:
    """Return what the results of a file may be called, with and without its suffix."""
    *folders, last = Path(normpath(path.absolute())).parts[1:] or ("",)
    names: set[str] = set()
    for end in (last, Path(last).stem):
        for number in range(len(folders) + 1):
            names.add("__".join((*folders[number:], end)))
    return names


def _fitting(names: Sequence[str], paths: Iterable[Path]) -> dict[Path, str]:
    """Return for paths the one name that is as their end; the longest first: a shorter one may fit, too."""
    left = dict.fromkeys(paths)
    ending: defaultdict[str, list[Path]] = defaultdict(list)
    for path in left:
        for end in _ends(path):
            ending[end].append(path)
    found: dict[Path, str] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        alike = dict.fromkeys([*ending.get(name, ()), *ending.get(name.split("~")[0], ())])
        fitting = list(islice((path for path in alike if path in left), 2))
        if len(fitting) == 1:
            found[fitting[0]] = name
            del left[fitting[0]]
    return found


def _listed(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the lines of a run's list of what went into it; none where there is no list."""
    path = folder / RUN / INPUTS
    for line in _rows(path) if is_file(path) else ():
        if line.get("name") is None or line.get("file") is None:
            raise BadInput(path, "cannot be read (it has no column name and file)")
        yield line


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from read_rows(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"cannot be read ({error})") from error

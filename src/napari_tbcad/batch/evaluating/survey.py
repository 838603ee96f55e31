"""Looking at a data set before an evaluation: cheap, and told in words that a person can act on."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from napari_tbcad.batch.evaluating.copies import grouped
from napari_tbcad.batch.evaluating.found import Found, FoundFilm, FoundSet, LeftOut, Role
from napari_tbcad.batch.evaluating.people import same_people
from napari_tbcad.batch.evaluating.store import content_hashes
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.io.datasets import DataRow, DataSet, load_dataset

Say = Callable[[str], None]
Probe = Callable[[], bool]

FEWEST_PATIENTS = 4
"""Of each class, below which nothing is trained: two to train on, which are halved again inside."""

_SHOWN = 5
"""Films that are named when they are left out; failed.csv names all."""

_READ = ("patient", "source", "age", "sex", "label")
"""Optional columns that are read; a column whose name is nearly one of them is asked about."""


def survey(
    path: str | Path,
    *,
    test: str | Path | None = None,
    hashes: Path | None = None,
    every: bool = False,
    say: Say | None = None,
    cancelled: Probe | None = None,
) -> Found:
    """Look at a data set, and at another one to test on.

    Parameters
    ----------
    path, test : str or Path
        As :func:`~napari_tbcad.io.datasets.load_dataset` takes them.
    hashes : Path, optional
        File in which the films' hashes are kept.
    every : bool
        Hash every film, not only those whose sizes are equal.
    say : callable, optional
        Told what goes on.
    cancelled : callable, optional
        Asked between films.

    Returns
    -------
    Found
        Its `problems` say what forbids an evaluation.

    Raises
    ------
    BadInput
        If a data set is not there or cannot be read as one.
    Cancelled
        When `cancelled` says so.
    """
    say = say or (lambda text: None)
    given: list[tuple[Role, Path]] = [("both", Path(path))]
    if test is not None:
        given = [("train", Path(path)), ("test", Path(test))]
    sets, films, left, notes = [], [], [], []
    aliases: dict[str, str] = {}
    for role, where in given:
        data = load_dataset(where, strict=False)
        found, own_notes = _set(role, where, data)
        sets.append(found)
        prefixes = _prefixes([one for _, one in given])
        rows = _named(data, prefixes[len(sets) - 1])
        aliases |= {row.path.as_posix(): name for name, row in rows.items()}
        good, bad = _sorted(data, rows, role, cancelled)
        films += good
        left += bad
        notes += own_notes
        say(_counted(found, good, bad))
        for out in bad[:_SHOWN]:
            say(f"  left out: {out.file}: {out.reason.removeprefix(out.file.rpartition('/')[2] + ': ')}")
        if len(bad) > _SHOWN:
            say(f"  and {len(bad) - _SHOWN} more; failed.csv names them all")
    if test is not None:
        films, own_notes = same_people(films, together=len({_folder(where) for _, where in given}) == 1)
        notes += own_notes
    films = _hashed(films, hashes, every, cancelled)
    films, copies, more = grouped(films, "file", {film.file: film.content for film in films if film.content})
    problems = _problems(films, sets, left + more)
    untrainable = "" if problems else _untrainable(films, sets)
    return Found(
        tuple(sets),
        tuple(films),
        tuple(left + more),
        tuple(copies),
        tuple([*problems, untrainable] if untrainable else problems),
        untrainable,
        (*notes, *_notes(films, left + more, len(copies))),
        aliases,
    )


def _set(role: Role, path: Path, data: DataSet) -> tuple[FoundSet, list[str]]:
    from napari_tbcad.io.layouts import LAYOUTS

    layout = LAYOUTS.get(data.name.lower())
    known = layout is not None and layout.name == data.name
    extra = list(dict.fromkeys(name for row in data.rows for name in row.extra))
    columns = () if known else tuple(name for name in extra if name)
    terms = f"{layout.url}; {layout.terms}" if layout is not None and known else ""
    notes = []
    if columns:
        notes.append(f"{data.name}: columns that nothing reads: {', '.join(columns)}")
    for column in columns:
        near = difflib.get_close_matches(column.removesuffix("_id").removesuffix("id"), _READ, 1, 0.8)
        if near and not any(getattr(row, near[0]) for row in data.rows if near[0] != "patient"):
            notes.append(f"{data.name}: the column {column} is not read; if it is the {near[0]}, name it so")
    return FoundSet(role, data.name, path, len(data), columns, terms), notes


def _prefixes(paths: Sequence[Path]) -> list[str]:
    """Return what stands before the films' names: nothing for one set, the sets' names for two."""
    if len(paths) == 1:
        return [""]
    names = [path.absolute().name if path.is_dir() else path.stem for path in paths]
    return [f"{n}/" for n in (names if len(set(names)) == len(names) else ("train", "test"))]


def _folder(path: Path) -> Path:
    """Return the folder of a data set; a table stands in it."""
    return (path if path.is_dir() else path.parent).resolve()


def _named(data: DataSet, prefix: str) -> dict[str, DataRow]:
    """Name each film by its path below the data set's folder, or below what all films share."""
    paths = [row.path.absolute() for row in data.rows]
    folder = data.path.absolute() if data.path.is_dir() else data.path.absolute().parent
    if not all(path.is_relative_to(folder) for path in paths):
        common = Path(*_common([path.parent.parts for path in paths]))
        folder = common if all(path.is_relative_to(common) for path in paths) else Path("/")
    return {
        prefix + path.relative_to(folder).as_posix(): row for path, row in zip(paths, data.rows, strict=True)
    }


def _common(parts: Sequence[tuple[str, ...]]) -> list[str]:
    shared: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return shared


def _sorted(
    data: DataSet, rows: dict[str, DataRow], role: Role, cancelled: Probe | None
) -> tuple[list[FoundFilm], list[LeftOut]]:
    """Part the films that can take part from those that cannot."""
    good, bad = [], []
    owners = defaultdict(list)
    for row in rows.values():
        owners[row.patient].append(row.path.stem)
    for file, row in rows.items():
        if cancelled is not None and cancelled():
            raise Cancelled("look at the data set")
        fault = _fault(row.path)
        if row.label is None:
            bad.append(LeftOut(file, "no tuberculosis label", "label", role))
        elif fault:
            bad.append(LeftOut(file, fault, "unreadable" if row.path.is_file() else "missing", role))
        else:
            # A film that stands for itself is told by its whole name: 1.png of two folders is two patients.
            alone = len(owners[row.patient]) == 1 or {*owners[row.patient], row.patient} == {row.path.stem}
            patient = file if alone else row.patient if role != "test" else f"{data.name}:{row.patient}"
            good.append(FoundFilm(row, file, role, patient, row.source or data.name))
    return good, bad


def _fault(path: Path) -> str:
    """Return why a file cannot be a film, from its first bytes; "" when it may be one."""
    from napari_tbcad.io.dicom_file import looks_like_dicom
    from napari_tbcad.io.raster import looks_like_raster

    try:
        if path.is_dir():
            return f"{path.name}: a folder, not a film"
        with path.open("rb") as file:
            head = file.read(132)
    except FileNotFoundError:
        return f"{path.name}: no such file"
    except OSError as error:
        return f"{path.name}: cannot be read ({error.strerror or error})"
    if not head:
        return f"{path.name}: the file is empty"
    if looks_like_dicom(head) or looks_like_raster(head) or path.suffix.lower() == ".img":
        return ""
    return f"{path.name}: not an image this program reads (DICOM, PNG, JPEG, TIFF, BMP)"


def _hashed(
    films: list[FoundFilm], kept_in: Path | None, every: bool, cancelled: Probe | None
) -> list[FoundFilm]:
    """Give films their hashes: all, or those that have another one's size."""
    sizes = defaultdict(list)
    for film in films:
        sizes[film.path.stat().st_size].append(film.path)
    wanted = [path for paths in sizes.values() if every or len(paths) > 1 for path in paths]
    if cancelled is not None and cancelled():
        raise Cancelled("look at the data set")
    found = content_hashes(wanted, kept_in)
    return [replace(film, content=found.get(film.path, "")) for film in films]


def _counted(found: FoundSet, good: list[FoundFilm], bad: list[LeftOut]) -> str:
    tb = sum(film.row.label == 1 for film in good)
    out = f", {len(bad)} left out" if bad else ""
    return f"{found.name}: {len(good)} films, {tb} with tuberculosis{out}"


def _problems(films: list[FoundFilm], sets: list[FoundSet], left: list[LeftOut]) -> list[str]:
    """Return what forbids an evaluation, in words."""
    problems = []
    for one in sets:
        mine = [film for film in films if film.role == one.role]
        labels = {film.row.label for film in mine}
        unlabelled = sum(out.kind == "label" and out.role == one.role for out in left)
        if not mine and unlabelled:
            problems.append(
                f"{one.path.name}: none of {one.listed} films has a tuberculosis label; "
                "give a CSV with the columns path,label"
            )
        elif not mine:
            first = next((out.reason for out in left if out.role == one.role), "it is empty")
            problems.append(f"{one.path.name}: no film can be used; the first: {first}")
        elif len(labels) < 2:
            problems.append(
                f"{one.path.name}: every film has the label {labels.pop()}; both 0 and 1 are needed"
            )
    return problems


def _untrainable(films: list[FoundFilm], sets: list[FoundSet]) -> str:
    """Return why nothing can be trained, in words; "" where something can."""
    mine = [film for film in films if film.role != "test"]
    patients = {value: {film.patient for film in mine if film.row.label == value} for value in (0, 1)}
    value, fewest = min(patients.items(), key=lambda item: len(item[1]))
    if len(fewest) >= FEWEST_PATIENTS:
        return ""
    which = "with tuberculosis" if value else "without tuberculosis"
    return (
        f"{sets[0].path.name}: {len(fewest)} patient{'s' * (len(fewest) != 1)} {which}, too few to "
        f"train and test on ({FEWEST_PATIENTS} are the least); a given model can be judged (--classifier)"
    )


def _notes(films: list[FoundFilm], left: list[LeftOut], copies: int) -> list[str]:
    words = {
        "label": "no tuberculosis label",
        "unreadable": "the film cannot be read",
        "missing": "the film is not there",
        "duplicate": "a copy of it has the other label",
        "patient": "it, or its patient, is in the test set",
    }
    counts = Counter(out.kind for out in left)
    told = [(kind, count) for kind, count in counts.items() if kind in words]
    notes = [f"left out: {count} × {words[kind]}" for kind, count in told]
    if copies:
        notes.append(f"copies of other films, counted as the same patient's: {copies}")
    if films and len({film.patient for film in films}) == len(films):
        notes.append("each film counts as a patient of its own: the data set does not say whose they are")
    return notes


def require_no_problem(found: Found, *, trains: bool = True) -> None:
    """Raise :class:`BadInput` with the first problem; what forbids training alone only where it `trains`."""
    problems = [one for one in found.problems if trains or one != found.untrainable]
    if problems:
        source, _, cause = problems[0].partition(": ")
        raise BadInput(source, cause)

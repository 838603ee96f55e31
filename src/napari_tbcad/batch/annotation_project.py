"""How far the annotation of bone scans in a folder of cases is, by whom, and how far two readers agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_tbcad.bone.annotation import Work, work_in
from napari_tbcad.bone.annotation_agreement import CLASSES, Agreement, Pooled, agreement, pooled
from napari_tbcad.bone.annotation_list import SCANS, progress_in
from napari_tbcad.bone.cases import WORKFLOW, hotspots_of
from napari_tbcad.case import SUFFIX, Case
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import write_csv
from napari_tbcad.notice import NOTICE
from napari_tbcad.reading import Reading
from napari_tbcad.worklist import CASES_FOLDER
from napari_tbcad.worklist_item import Item, Sighting

COLUMNS = (
    "case", "scan", "state", "hotspots", "judged", "bsi", "bsi_judged", "weights", "combine", "edits",
    "active_s", "first_reader", "first_when", "second_reader", "second_when", "second_saw_first",
    *(f"dice_{label}" for label in CLASSES), "kappa", "common", "first_only", "second_only", "bsi_difference",
    "message", "use",
)  # fmt: skip
"""Columns of annotations.csv, a row a case. The numbers before ``first_reader`` are of the last reading; Dice
and what follows compare the second reader with the first: see
:class:`~napari_tbcad.bone.annotation_agreement.Agreement`."""

TABLE = "annotations.csv"

_ASIDE = re.compile(rf"\.before\d*(?={re.escape(SUFFIX)}$)")
"""What autosave adds to the name of a case that makes way for another of the same scan."""


@dataclass(frozen=True, eq=False)
class Annotated:
    """One case of a project.

    Parameters
    ----------
    path : Path
        The case file.
    name : str
        Its path below the folder without the part ``cases``, ``/`` written as ``__``, without suffix: NAME of
        the scan where a worklist keeps its cases.
    row : mapping
        Its row of annotations.csv.
    finished : int or None
        The reading to be exported: the last that is finished, else None.
    agreement : Agreement or None
        Of two readers, where there are two.
    files : tuple of str
        Files of the scan as the case knows them.
    """

    path: Path
    name: str
    row: Mapping[str, Any]
    finished: int | None = None
    agreement: Agreement | None = None
    files: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """Why it cannot be used; empty when it can."""
        return str(self.row["message"])


@dataclass(frozen=True, eq=False)
class Project:
    """The cases of a folder.

    Parameters
    ----------
    folder : Path
        The folder.
    cases : tuple of Annotated
        Sorted by name.
    other : int
        Cases of another workflow, which are passed over.
    aside : int
        Cases that made way for another of the same scan (``NAME.before.tbcad``), which are passed over.
    """

    folder: Path
    cases: tuple[Annotated, ...]
    other: int = 0
    aside: int = 0
    together: Pooled = field(init=False)

    def __post_init__(self) -> None:
        found = (one.agreement for one in self.cases if one.agreement is not None)
        object.__setattr__(self, "together", pooled(found))

    def write(self, out: Path) -> Path:
        """Write annotations.csv into a folder and return its path."""
        write_csv(out / TABLE, COLUMNS, [one.row for one in self.cases])
        return out / TABLE


def look_at(
    folder: str | Path,
    *,
    second: str | Path | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Project:
    """Look at every bone case below a folder.

    Parameters
    ----------
    folder : str or Path
        Such as the folder ``cases`` of a worklist, or one above it.
    second : str or Path, optional
        A folder with cases in which others read the same scans without seeing the first readings. Their last
        finished reading is then the second reading; a scan is known again by its pixels.
    progress : callable, optional
        Told the share done and the case's name.

    Raises
    ------
    BadInput
        If there is no such folder, or no bone case in it.
    """
    folder = Path(folder)
    others, aside = ({}, 0) if second is None else _by_scan(Path(second))
    found: list[Annotated] = []
    strange = 0
    paths, also = _cases_in(folder)
    for number, path in enumerate(paths):
        if progress is not None:
            progress(number / len(paths), path.name)
        try:
            if Case.peek(path).workflow == WORKFLOW:
                found.append(_annotated(path, folder, others))
            else:
                strange += 1
        except TbcadError as error:
            found.append(_broken(path, folder, str(error)))
    if not found:
        raise BadInput(folder, "no case of a bone scan in it")
    return Project(folder, tuple(found), strange, aside + also)


def _cases_in(folder: Path) -> tuple[list[Path], int]:
    """Return the cases of a folder, and how many others only made way for one of them."""
    if not folder.is_dir():
        raise BadInput(folder, "a file, not a folder" if folder.exists() else "there is no such folder")
    paths = sorted(path for path in folder.rglob(f"*{SUFFIX}") if not path.name.startswith("."))
    if not paths:
        raise BadInput(folder, f"no case ({SUFFIX}) in it")
    stay = [path for path in paths if not _made_way(path)]
    return stay, len(paths) - len(stay)


def _made_way(path: Path) -> bool:
    """Tell whether a case was put aside for the one beside it; a scan may be called so, too."""
    stands = path.with_name(_ASIDE.sub("", path.name))
    if stands == path or not stands.is_file():
        return False
    try:
        return Case.peek(path).image.content_key == Case.peek(stands).image.content_key
    except TbcadError:
        return False


def _by_scan(folder: Path) -> tuple[dict[str, Path], int]:
    """Return the bone cases of a folder by their scans, and how many were passed over as put aside."""
    found: dict[str, Path] = {}
    paths, aside = _cases_in(folder)
    for path in paths:
        head = Case.peek(path)
        if head.workflow == WORKFLOW:
            found[head.image.content_key] = path
    return found, aside


def _name(path: Path, folder: Path) -> str:
    """Return what its scan is called from here: a worklist keeps cases in a folder beside the scans."""
    *folders, last = path.relative_to(folder).parts
    return "__".join((*(one for one in folders if one != CASES_FOLDER), last.removesuffix(SUFFIX)))


def _broken(path: Path, folder: Path, message: str) -> Annotated:
    name = _name(path, folder)
    return Annotated(path, name, {"case": name, "state": "failed", "message": message, "use": NOTICE})


def _annotated(path: Path, folder: Path, others: Mapping[str, Path]) -> Annotated:
    case = Case.load(path)
    last, name = case.last, _name(path, folder)
    readings = tuple(Sighting(one.reader, one.verdict, one.when) for one in case.readings)
    state = Item(Path(case.image.name), name, path, readings=readings, kind=SCANS).state()
    work, result = _own_work(case), last.result or {}
    row: dict[str, Any] = {
        "case": name,
        "scan": " | ".join(image.name for image in case.images.values()),
        "state": str(state),
        **progress_in(last),
        "weights": result.get("weights"),
        "combine": result.get("combine"),
        "edits": work.edits,
        "active_s": work.active_s,
        "message": "",
        "use": NOTICE,
    }
    ends = [number for number, one in enumerate(case.readings) if one.finished]
    first = case.readings[ends[0] if ends else 0]
    row |= {"first_reader": first.reader, "first_when": first.when}
    found = None
    pair = _pair(case, ends, others)
    if pair is not None:
        (one, i), (other, j), saw = pair
        found = _compared(one, i, other, j)
        row |= _said_of(found, other.readings[j], saw=saw)
    files = tuple(image.path for image in case.images.values() if image.path)
    return Annotated(path, name, row, ends[-1] if ends else None, found, files)


_Read = tuple[Case, int]


def _own_work(case: Case) -> Work:
    """Return the work of the last reading: its record begins with what readers before it did."""
    last = case.last
    before = max((one.when for one in case.readings if _another(one, last)), default="")
    return work_in(edit for edit in last.edits if edit.when > before)


def _another(one: Reading, other: Reading) -> bool:
    """Tell whether two readings are of two people; one who gave no name is another where one reviews."""
    if one.reader.strip() or other.reader.strip():
        return not one.by(other.reader)
    return (one.verdict == "made") != (other.verdict == "made")


def _pair(case: Case, ends: Sequence[int], others: Mapping[str, Path]) -> tuple[_Read, _Read, bool] | None:
    """Return two people's finished readings, the first and the last other's; and whether that one saw it."""
    if not ends:
        return None
    if (path := others.get(case.image.content_key)) is not None:
        other = Case.load(path)
        theirs = [number for number, one in enumerate(other.readings) if one.finished]
        if theirs:
            return (case, ends[0]), (other, theirs[-1]), False
    second = [number for number in ends if _another(case.readings[number], case.readings[ends[0]])]
    return ((case, ends[0]), (case, second[-1]), True) if second else None


def _compared(one: Case, i: int, other: Case, j: int) -> Agreement | None:
    ours, theirs = hotspots_of(one, reader=i), hotspots_of(other, reader=j)
    if ours is None or theirs is None:
        return None
    first, second = one.readings[i], other.readings[j]
    return agreement(ours, theirs, bsi=(_index(first, second), _index(second, first)))


def _index(one: Reading, other: Reading) -> float | None:
    """Return the judged index of a reading; None where the other's was computed in another way."""
    said, others = one.result or {}, other.result or {}
    alike = all(said.get(name) == others.get(name) for name in ("weights", "combine"))
    value = progress_in(one).get("bsi_judged")
    return float(value) if alike and value is not None else None


def _said_of(found: Agreement | None, second: Reading, *, saw: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "second_reader": second.reader,
        "second_when": second.when,
        "second_saw_first": "yes" if saw else "no",
    }
    if found is None:
        return said
    return said | {
        **{f"dice_{label}": found.dice(label) for label in CLASSES},
        "kappa": found.kappa,
        "common": len(found.pairs),
        "first_only": found.first_only,
        "second_only": found.second_only,
        "bsi_difference": found.bsi_difference,
    }

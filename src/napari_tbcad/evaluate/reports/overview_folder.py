"""A folder that ``chest run`` or ``bone run`` wrote: its rows, and small pictures of its overlays."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from PIL import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.case_privacy import bare, base_name, folders_above
from napari_tbcad.files import read_rows

Kind = Literal["chest", "bone"]

_COLUMNS: Mapping[Kind, str] = {"chest": "decision", "bone": "bsi"}
_OF_ALL = "demonstration model"
_SIZES = ((60, 260), (250, 180), (2000, 110))
"""Longest side of a picture in pixels where there are up to so many: a page stays below some 15 MB."""


@dataclass(frozen=True)
class Row:
    """A line of results.csv.

    Parameters
    ----------
    name : str
        File name without its folder.
    values : mapping of str to str
        By column.
    picture : Path or None
        Its overlay.
    """

    name: str
    values: Mapping[str, str]
    picture: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.values.get("status") == "ok"

    def number(self, column: str) -> float | None:
        """Return a number, None where there is none."""
        try:
            return float(self.values.get(column) or "")
        except ValueError:
            return None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Complaints."""
        lines = (line.strip() for line in (self.values.get("warnings") or "").split(" | "))
        return tuple(bare(line, self._folders) for line in lines if line)

    @property
    def message(self) -> str:
        """Why it could not be done."""
        return bare(self.values.get("message") or "", self._folders)

    @property
    def _folders(self) -> tuple[str, ...]:
        return folders_above(self.values.get("file") or "")


@dataclass(frozen=True)
class ResultFolder:
    """What a run wrote.

    Parameters
    ----------
    path : Path
    kind : {"chest", "bone"}
    rows : tuple of Row
        In the order of the table.
    """

    path: Path
    kind: Kind
    rows: tuple[Row, ...]

    @cached_property
    def of_all(self) -> tuple[str, ...]:
        """What holds for every study, such as what is to be known of the model."""
        done = [row for row in self.rows if row.ok]
        said = Counter(line for row in done for line in dict.fromkeys(row.warnings))
        # Of a single study nobody knows what would hold for others, but that its model is a demonstration.
        several = len(done) > 1
        return tuple(
            line
            for line, times in said.items()
            if line.startswith(_OF_ALL) or (several and times == len(done))
        )

    def own_warnings(self, row: Row) -> tuple[str, ...]:
        """Return the complaints about one study that do not hold for every one."""
        return tuple(line for line in row.warnings if line not in self.of_all)

    def told(self, column: str) -> str:
        """Return the different values of a column, in the order of the table."""
        values = dict.fromkeys(row.values.get(column) or "" for row in self.rows if row.ok)
        return ", ".join(bare(value) for value in values if value)


def kind_of_results(folder: Path) -> Kind | None:
    """Tell whether a folder was written by ``chest run`` or ``bone run``; None where by neither."""
    path = folder / "results.csv"
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    columns = {"file", "status"} <= set(head)
    return next((kind for kind, column in _COLUMNS.items() if columns and column in head), None)


def result_folder(folder: str | Path) -> ResultFolder:
    """Read a folder of results.

    Raises
    ------
    BadInput
        If it is no such folder, its table cannot be read, or it is empty.
    """
    folder = Path(folder)
    kind = kind_of_results(folder)
    if kind is None:
        raise BadInput(folder, "has no results.csv of `chest run` or `bone run`")
    try:
        with (folder / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(read_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(folder / "results.csv", f"cannot be read ({error})") from error
    if not rows:
        raise BadInput(folder / "results.csv", "has no row: nothing was done")
    pictures = {path.stem: path for path in sorted((folder / "overlays").glob("*.png"))}
    found = tuple(_row(row, pictures) for row in rows)
    return ResultFolder(folder, kind, found)


def _row(values: Mapping[str, str], pictures: Mapping[str, Path]) -> Row:
    file = (values.get("file") or "").replace("\\", "/")
    # NAME is the path below some folder with "__" for each "/": the longest one there is.
    parts = Path(file).with_suffix("").parts
    names = ("__".join(parts[n:]) for n in range(len(parts)))
    whole = Path(file).name  # a file whose suffix is no suffix of a picture keeps it
    name = next((one for one in (*names, whole) if one in pictures), None)
    return Row(base_name(file) or "–", dict(values), pictures.get(name) if name else None)


def thumbnails(rows: Sequence[Row]) -> dict[int, bytes]:
    """Return small pictures (JPEG) by the row's place; the more rows the smaller.

    Parameters
    ----------
    rows : sequence of Row
        In the order of the page; where there are too many, the last ones get none.
    """
    side = next((size for number, size in _SIZES if len(rows) <= number), _SIZES[-1][1])
    found = {}
    for place, row in enumerate(rows[: _SIZES[-1][0]]):
        if row.picture is None:
            continue
        try:
            with Image.open(row.picture) as image:
                image.draft("RGB", (2 * side, 2 * side))
                small = image.convert("RGB")
            small.thumbnail((side, 2 * side))
        except (OSError, ValueError):
            continue
        stream = io.BytesIO()
        small.save(stream, format="JPEG", quality=82)
        found[place] = stream.getvalue()
    return found

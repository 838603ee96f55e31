"""Tables of a report, as people read them: a number with its interval in a cell."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Cell:
    """A cell: what is read first, and what stands smaller beside it."""

    text: str
    small: str = ""
    strong: bool = False

    def __str__(self) -> str:
        return f"{self.text} {self.small}".strip()


@dataclass(frozen=True)
class Grid:
    """A table with a title; the first `labels` columns are text, and the first one groups the rows.

    So are the columns of `texts`, counted from the end with negative numbers.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    labels: int = 2
    note: str = ""
    grouped: bool = True
    texts: tuple[int, ...] = ()


def table(grid: Grid, *, heading: bool = True) -> str:
    """Return a table as HTML; all its words are escaped.

    Parameters
    ----------
    grid : Grid
    heading : bool, optional
        Whether its title stands above it.
    """
    head = "".join(f"<th{_side(n, grid)}>{escape(name)}</th>" for n, name in enumerate(grid.head))
    lines, before = [], None
    for row in grid.rows:
        # A line above every new group, so that its rows are read together.
        first = row[0].text
        group = " class='group'" if before is not None and first != before else ""
        cells = "".join(f"<td{_side(n, grid)}>{_cell(cell)}</td>" for n, cell in enumerate(row))
        lines.append(f"<tr{group}>{cells}</tr>")
        before = first if grid.grouped else None
    title = f"<h4>{escape(grid.title)}</h4>" if heading and grid.title else ""
    note = f"<p class='note'>{escape(grid.note)}</p>" if grid.note else ""
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f"{title}<div class='scroll'>{body}</div>{note}"


def _side(column: int, grid: Grid) -> str:
    text = column < grid.labels or column in grid.texts or column - len(grid.head) in grid.texts
    return " class='l'" if text else ""


def _cell(cell: Cell) -> str:
    text = f"<b>{escape(cell.text)}</b>" if cell.strong else escape(cell.text)
    return text + (f"<small>{escape(cell.small)}</small>" if cell.small else "")

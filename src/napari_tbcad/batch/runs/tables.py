"""The tables of a run: whole and in order when it begins and ends, a row longer after each study between."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs.job import Table
from napari_tbcad.errors import BadInput
from napari_tbcad.files import cell, written_whole

Rows = Callable[[], Iterable[Row]]


class LiveTables:
    """Writes the tables of a run.

    Parameters
    ----------
    out : Path
        Folder for results.
    tables : sequence of Table
    rows : callable
        Returns the rows of all studies so far, in the studies' order, anew at each call; they are never held
        in memory.
    """

    def __init__(self, out: Path, tables: Sequence[Table], rows: Rows) -> None:
        self._out, self._tables, self._rows = out, tables, rows
        self._columns = {table.name: table.columns for table in tables}

    def rewrite(self) -> None:
        """Write all tables whole; what was there stays until the new ones are complete.

        Raises
        ------
        BadInput
            If they cannot be written, as when another program holds one open.
        """
        self._learn_columns()
        try:
            with ExitStack() as stack:
                writers = {table.name: self._begun(table, stack) for table in self._tables}
                for row in self._rows():
                    for table in self._tables:
                        writers[table.name].writerows(self._cells(table, row))
        except OSError as error:
            raise BadInput(self._out, f"the tables cannot be written ({_why(error)})") from error

    def append(self, row: Row) -> None:
        """Add the rows of one study, so that whoever looks finds them.

        Raises
        ------
        BadInput
            As for :meth:`rewrite`.
        """
        paths = [self._out / f"{table.name}.csv" for table in self._tables]
        if self.must_be_rewritten(row):
            self.rewrite()
            return
        for table, path in zip(self._tables, paths, strict=True):
            try:
                with path.open("a", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows(self._cells(table, row))
            except OSError as error:
                raise BadInput(path, f"a row cannot be added ({_why(error)})") from error

    def _begun(self, table: Table, stack: ExitStack) -> Any:
        temporary = stack.enter_context(written_whole(self._out / f"{table.name}.csv"))
        file = stack.enter_context(temporary.open("w", encoding="utf-8-sig", newline=""))
        writer = csv.writer(file)
        writer.writerow(self._columns[table.name])
        return writer

    def _cells(self, table: Table, row: Row) -> Iterator[list[str]]:
        for line in lines_of(row, table):
            yield [cell(line.get(column)) for column in self._columns[table.name]]

    def _learn_columns(self) -> None:
        """Find the columns of the tables that grow, in the order in which the studies bring them."""
        growing = [table for table in self._tables if table.grows]
        if not growing:
            return
        found = {table.name: dict.fromkeys(table.columns) for table in growing}
        for row in self._rows():
            for table in growing:
                for line in lines_of(row, table):
                    found[table.name].update(dict.fromkeys(line))
        self._columns |= {name: tuple(columns) for name, columns in found.items()}

    def must_be_rewritten(self, row: Row) -> bool:
        """Tell whether a study's rows need more than lines at the end: a new column, or a table is gone."""
        there = all((self._out / f"{table.name}.csv").exists() for table in self._tables)
        return not there or any(
            not set(line) <= set(self._columns[table.name])
            for table in self._tables
            if table.grows
            for line in lines_of(row, table)
        )


def lines_of(row: Row, table: Table) -> Sequence[Any]:
    """Return what a study adds to one table."""
    return (row.result,) if table.name == "results" else row.more.get(table.name, ())


def _why(error: OSError) -> str:
    return error.strerror or str(error)

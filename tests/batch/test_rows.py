"""Rows of a batch: errors become rows, tables are written whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_tbcad.batch.rows import Row, guarded, run_rows
from napari_tbcad.errors import BadInput, Cancelled


def ok(name="a") -> Row:
    return Row({"file": name, "status": "ok", "message": ""}, {"parts": [{"file": name, "part": 1}]})


def raising(error: Exception):
    def work():
        raise error

    return work


def test_a_good_row_gets_its_seconds():
    row = guarded(Path("a.png"), ok)
    assert row.ok
    assert row.result["seconds"] >= 0
    assert row.more == {"parts": [{"file": "a", "part": 1}]}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (BadInput("elsewhere/a.png", "it is empty"), "a.png: it is empty"),
        (BadInput("masks/b.png", "it is empty"), "a.png: b.png: it is empty"),
        (OSError(28, "No space left on device"), "No space left"),
        (KeyError("x"), "unexpected KeyError"),
    ],
)
def test_an_error_is_a_row_that_names_the_file_and_the_cause(error, says):
    row = guarded(Path("in/a.png"), raising(error))
    assert not row.ok
    assert says in row.result["message"]
    assert row.result["file"] == "in/a.png"
    assert row.more == {}


def test_all_rows_are_written_in_order_and_told():
    written, told = [], []
    rows = run_rows(
        ["a", "b", "c"],
        ok,
        lambda rows: written.append([row.result["file"] for row in rows]),
        progress=lambda done, total, row: told.append((done, total, row.result["file"])),
    )
    assert [row.result["file"] for row in rows] == ["a", "b", "c"]
    assert written[-1] == ["a", "b", "c"]
    assert told == [(1, 3, "a"), (2, 3, "b"), (3, 3, "c")]


def test_what_is_done_is_written_when_the_work_is_stopped():
    written, done = [], []

    def work(name):
        done.append(name)
        return ok(name)

    with pytest.raises(Cancelled):
        run_rows(
            ["a", "b", "c"],
            work,
            lambda rows: written.append([row.result["file"] for row in rows]),
            cancelled=lambda: len(done) == 2,
        )
    assert written[-1] == ["a", "b"]

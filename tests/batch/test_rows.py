"""Rows of a batch: errors become rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_tbcad.batch.rows import Row, guarded
from napari_tbcad.errors import BadInput


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

"""Tables that a spreadsheet opens: what looks like a formula is text there and comes back as it was."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_tbcad.files import cell, guarded, plain, read_rows, write_csv

FORMULAS = ("=1+1.png", "+cmd.png", "-2+3.png", "@SUM(A1).png", "\t=1.png", '=HYPERLINK("http://x";"y")')


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_would_be_a_formula_begins_with_an_apostrophe(text):
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["-0.5", "+3", "1e-3", "-inf", "", "-", "film.png", "films/=1.png", "'tis.png"]
)
def test_numbers_and_other_texts_stay(text):
    assert guarded(text) == plain(text) == text


@given(st.text(alphabet="'=+-@\t01.eax") | st.text())
def test_every_text_comes_back(text):
    assert plain(guarded(text)) == text


@given(st.text(alphabet="'=+-@ab1"))
def test_no_cell_begins_as_a_formula_does(text):
    try:
        float(text)
    except ValueError:
        assert len(text) < 2 or guarded(text)[0] not in "=+-@"


def test_a_table_is_read_back_as_it_was_written(tmp_path):
    path = tmp_path / "table.csv"
    rows = [{"file": text, "auc": -0.25} for text in (*FORMULAS, "'=quoted.png", "plain.png")]
    write_csv(path, ("file", "auc"), rows)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row["file"] for row in read_rows(file)] == [row["file"] for row in rows]
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            assert row["file"][0] not in "=+-@\t"
            assert row["auc"] == "-0.25"


def test_cells_of_other_kinds():
    assert [cell(value) for value in (None, float("nan"), 0.1, -2.0, 7, True)] == [
        "",
        "",
        "0.1",
        "-2",
        "7",
        "True",
    ]

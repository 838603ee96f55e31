"""Tables that a spreadsheet opens: what looks like a formula is text there and comes back as it was."""

from __future__ import annotations

import csv
import io
import os
import stat
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_tbcad import files
from napari_tbcad.batch.runs.folder import read_inputs
from napari_tbcad.errors import BadInput
from napari_tbcad.files import cell, guarded, plain, read_rows, write_csv, written_whole
from napari_tbcad.io.clinic.runs import rows_of
from napari_tbcad.result_tables import read_rows as read_table
from napari_tbcad.run_folder import INPUTS, RUN

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


def test_a_file_has_its_name_only_once_its_content_is_on_the_disk(tmp_path, monkeypatch):
    path, order = tmp_path / "mask.png", []
    monkeypatch.setattr("os.fsync", lambda handle: order.append((os.fstat(handle).st_size, path.exists())))
    with written_whole(path) as temporary:
        temporary.write_bytes(b"1234")
    assert order == [(4, False)]
    assert path.read_bytes() == b"1234"


@pytest.mark.skipif(sys.platform == "win32", reason="rights of another kind")
def test_files_of_other_threads_keep_the_rights_that_the_person_set(tmp_path):
    """Asking for the process's mask of rights sets it for a moment, for every thread."""
    before, end, seen = os.umask(0o077), threading.Event(), set()

    def others() -> None:
        while not end.is_set():
            path = tmp_path / "other"
            path.touch()
            seen.add(stat.S_IMODE(path.stat().st_mode))
            path.unlink()

    thread = threading.Thread(target=others)
    try:
        thread.start()
        for number in range(300):
            with written_whole(tmp_path / "ours") as temporary:
                temporary.write_bytes(bytes([number % 256]))
        seen.add(stat.S_IMODE((tmp_path / "ours").stat().st_mode))
    finally:
        end.set()
        thread.join()
        os.umask(before)
    assert seen == {0o600}


def test_no_reader_of_results_takes_a_table_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_TABLE_BYTES", 2**20)
    table = tmp_path / RUN / INPUTS
    write_csv(table, ("name", "file"), ({"name": f"{n:060}", "file": "x"} for n in range(20_000)))
    readers = (
        lambda: rows_of(table),
        lambda: read_inputs(tmp_path),
        lambda: read_table(table, ("name", "file")),
    )
    for read in readers:
        with pytest.raises(BadInput, match="more than 1 MiB"):
            read()
    monkeypatch.setattr(files, "MAX_TABLE_BYTES", 2**21)
    assert [len(read()) for read in readers] == [20_000] * 3
    assert list(read_rows(io.StringIO("a,b\n1,2\n"))) == [{"a": "1", "b": "2"}]

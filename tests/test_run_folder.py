"""Where the files lie that the tables of a run name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_tbcad.batch.runs.shown import read_run
from napari_tbcad.errors import BadInput
from napari_tbcad.result_tables import with_rows
from napari_tbcad.run_folder import ABOUT, JOURNAL, RUN, run_of, started_in


@pytest.fixture
def out(tmp_path, monkeypatch) -> Path:
    """A folder of results of a run that was started in ``work``, seen from another folder."""
    folder = tmp_path / "out"
    (folder / RUN).mkdir(parents=True)
    (folder / RUN / JOURNAL).touch()
    for name in ("work", "elsewhere"):
        (tmp_path / name).mkdir()
    (folder / RUN / ABOUT).write_text(json.dumps({"started_in": str(tmp_path / "work")}))
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


def test_paths_count_from_where_it_was_started(out, tmp_path, monkeypatch):
    assert started_in(out) == tmp_path / "work"
    monkeypatch.chdir(tmp_path / "work")
    assert started_in(out) == Path()
    (out / RUN / ABOUT).unlink()
    assert started_in(out) == Path()


@pytest.mark.parametrize("text", ["", "[1]", '{"started_in": 3}', "[" * 5000, '{"started_in": "a\\u0000b"}'])
def test_a_damaged_run_json_says_nothing(out, text):
    (out / RUN / ABOUT).write_text(text)
    assert started_in(out) == Path()


def test_its_own_tables_are_told_from_others(out):
    assert run_of(out / "results.csv") == run_of(out / RUN / "inputs.csv") == out
    assert run_of(out / "masks" / "list.csv") is None
    assert run_of(out.parent / "list.csv") is None


def test_a_case_exported_into_the_folder_replaces_the_row_of_its_film(out, tmp_path):
    table = out / "results.csv"
    table.write_text("file,value\na.png,1\nb.png,2\n", encoding="utf-8")
    film = str(tmp_path / "work" / "b.png")
    found, known = with_rows(table, ("file", "value"), [{"file": film, "value": 3}], file=film)
    assert known
    assert found == [{"file": "a.png", "value": "1"}, {"file": film, "value": 3}]


def test_a_list_of_its_studies_says_where_they_lie(out, tmp_path):
    about = json.loads((out / RUN / ABOUT).read_text())
    (out / RUN / ABOUT).write_text(json.dumps({**about, "kind": "chest"}))
    (out / RUN / "inputs.csv").write_text("name,file,files,fault\na,films/a.png,films/a.png,\n")
    (out / "results.csv").write_text("file,status,decision,probability\nfilms/a.png,ok,tb_suspect,0.9\n")
    shown = read_run(out)
    assert shown.lines == [["a", [str(tmp_path / "work" / "films" / "a.png")], ""]]
    assert [change[:2] for change in shown.changes] == [[0, "done"]]
    (out / "results.csv").write_bytes("file,status\nfilms/é.png,ok\n".encode("cp1252"))
    with pytest.raises(BadInput, match=r"results\.csv: is no UTF-8 text any more"):
        read_run(out)

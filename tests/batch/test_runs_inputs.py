"""What a run is given: each input has one study, a safe name, and a fault where it cannot be read."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_tbcad.batch.runs.inputs import Study, bone_inputs, chest_inputs, files_of
from napari_tbcad.batch.runs.names import safe_names
from napari_tbcad.errors import BadInput


def image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(path)
    return path


def table(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def said(studies: list[Study]) -> dict[str, str]:
    return {study.name: study.fault for study in studies}


def test_files_folders_and_tables_are_taken_together_each_file_once(tmp_path):
    image(tmp_path / "folder" / "a" / "1.png")
    image(tmp_path / "folder" / "b" / "1.png")
    single = image(tmp_path / "single.png")
    films = table(tmp_path / "films.csv", "file,patient,label\nfolder/a/1.png,p1,1\nsingle.png,p2,0\n")
    found = chest_inputs([films, tmp_path / "folder", single])
    assert [study.name for study in found] == ["folder__a__1", "single", "b__1"]
    assert found[0].listed == (("patient", "p1"), ("label", "1"))
    assert found[2].listed == ()
    assert not any(said(found).values())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("path;age\nfilms/ä b.png;40\n", "utf-8-sig"),
        ("label\tfile\n1\tfilms/ä b.png\n", "utf-8"),
        ('FILE,note\n"films/ä b.png","a, b"\n', "cp1252"),
    ],
)
def test_tables_as_spreadsheets_write_them(tmp_path, text, encoding):
    path = image(tmp_path / "films" / "ä b.png")
    (study,) = chest_inputs(table(tmp_path / "list.csv", text, encoding))
    assert (study.path, study.name, study.fault) == (path, "films__ä b", "")


def test_what_is_missing_or_unreadable_is_a_study_with_a_fault(tmp_path):
    image(tmp_path / "good.png")
    (tmp_path / "empty").mkdir()
    lines = ["path,note", "good.png,", "gone.png,", ",nothing", "empty,", "x" * 300 + ".png,"]
    found = chest_inputs([table(tmp_path / "films.csv", "\n".join(lines)), tmp_path / "no.csv"])
    faults = [study.fault for study in found]
    assert faults[0] == ""
    assert faults[1] == "no such file or folder"
    assert faults[2] == "row 3 (line 4) of films.csv names no file"
    assert "no film was found" in faults[3]
    assert "too long" in faults[4] or "no such file" in faults[4]
    assert "table cannot be read" in faults[5]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read every file")
def test_a_file_that_may_not_be_read_has_a_fault(tmp_path):
    path = image(tmp_path / "secret.png")
    path.chmod(0)
    assert "no permission" in chest_inputs(path)[0].fault


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "film.png")
    assert chest_inputs(tmp_path)[0].fault == "not a file"


@pytest.mark.parametrize("text", ["", "name,label\na.png,1\n", "path\n", "path\na.png,too,many\n", "a\0b"])
def test_a_table_that_is_none_is_refused_alone_and_a_fault_among_others(tmp_path, text):
    bad = table(tmp_path / "bad.csv", text)
    with pytest.raises(BadInput, match=r"bad\.csv"):
        chest_inputs(bad)
    found = chest_inputs([bad, image(tmp_path / "film.png")])
    assert bool(found[0].fault)
    assert not found[1].fault


def test_nothing_at_all_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no film found"):
        chest_inputs(tmp_path / "empty")
    with pytest.raises(BadInput, match="no bone scan found"):
        bone_inputs([tmp_path / "empty"])
    with pytest.raises(BadInput, match="no film was given"):
        chest_inputs([])


def test_the_two_views_of_a_table_are_one_scan_and_a_missing_one_is_named(tmp_path):
    for name in ("102_ant.png", "102_post.png", "103_ant.png"):
        image(tmp_path / "png" / name)
    names = ("102_post.png", "102_ant.png", "103_ant.png", "103_post.png")
    lines = ["file,patient", *(f"png/{name},{name[:3]}" for name in names)]
    one, two = bone_inputs(table(tmp_path / "scans.csv", "\n".join(lines)))
    assert [path.name for path in one.paths] == ["102_ant.png", "102_post.png"]
    assert (one.name, one.fault, dict(one.listed)) == ("png__102", "", {"patient": "102"})
    assert (two.name, two.fault) == ("png__103", "103_post.png: no such file or folder")


def test_results_of_a_run_are_a_table_of_films(tmp_path):
    path = image(tmp_path / "film.png")
    results = table(tmp_path / "results.csv", f"file,status\n{path.as_posix()},error\n", "utf-8-sig")
    assert chest_inputs(results)[0].path == path


def test_paths_in_the_results_of_a_run_count_from_where_it_was_started(tmp_path, monkeypatch):
    for name in ("102_ant.png", "102_post.png"):
        image(tmp_path / "scans" / name)
    out = tmp_path / "out"
    (out / "run").mkdir(parents=True)
    lines = "file,files\nscans/102_ant.png,scans/102_ant.png | scans/102_post.png\n"
    results, inputs = table(out / "results.csv", lines), table(out / "run" / "inputs.csv", lines)
    monkeypatch.chdir(tmp_path)
    assert bone_inputs(results)[0].fault
    (out / "run" / "journal.jsonl").write_text("")
    for listed in (results, inputs):
        (scan,) = bone_inputs(listed)
        assert ([path.name for path in scan.paths], scan.fault) == (["102_ant.png", "102_post.png"], "")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for about in ({}, {"started_in": "scans"}, {"started_in": "/not/there"}, {"started_in": 3}, []):
        (out / "run" / "run.json").write_text(json.dumps(about))
        assert bone_inputs(results)[0].fault
    (out / "run" / "run.json").write_text(json.dumps({"started_in": str(tmp_path)}))
    for listed in (results, inputs):
        (scan,) = bone_inputs(listed)
        assert (scan.paths[0], scan.fault) == (tmp_path / "scans" / "102_ant.png", "")


@pytest.mark.parametrize("inputs", [chest_inputs, bone_inputs])
def test_a_path_that_is_not_there_is_refused_alone_and_a_fault_among_others(tmp_path, inputs):
    for missing in ("nofolder", "no.png"):
        with pytest.raises(BadInput, match=rf"^{missing}: no such file or folder$"):
            inputs([tmp_path / missing])
    with pytest.raises(BadInput, match=r"^nofolder: no such"):
        inputs([tmp_path / "nofolder", tmp_path / "no.png"])
    found = inputs([tmp_path / "nofolder", image(tmp_path / "film.png")])
    assert [study.fault for study in found] == ["no such file or folder", ""]


def test_a_row_without_a_file_keeps_its_columns_and_backslashes_are_folders(tmp_path):
    path = image(tmp_path / "films" / "a.png")
    found = chest_inputs(table(tmp_path / "list.csv", "file,patient\nfilms\\a.png,p1\n,p2\n"))
    assert (found[0].path, found[0].fault) == (path, "")
    assert [dict(study.listed) for study in found] == [{"patient": "p1"}, {"patient": "p2"}]


def test_names_from_a_table_never_leave_the_folder_of_results(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    image(tmp_path / "outside.png")
    inside = image(home / "sub" / "film.png")
    rows = [
        "../outside.png",
        "sub/../../outside.png",
        "sub/../sub/film.png",
        str(inside),
        "../../../etc/x.png",
    ]
    found = chest_inputs(table(home / "films.csv", "\n".join(["path", *rows])))
    assert all(Path(study.name).name == study.name for study in found)
    assert {study.name for study in found if not study.fault} >= {"sub__film"}


def test_what_a_run_wrote_among_the_films_is_no_film_even_where_it_was_killed_early(tmp_path):
    image(tmp_path / "film.png")
    for out in (tmp_path, tmp_path / "out"):
        image(out / "overlays" / "film.png")
        (out / "run").mkdir()
        (out / "run" / "run.json").write_text("{}")
        (out / "results.csv").write_text("file,status\n")
    assert [study.name for study in chest_inputs(tmp_path)] == ["film"]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
@pytest.mark.parametrize(
    ("file", "files", "found"),
    [
        ("a | b.png", "", ["a | b.png"]),
        ("a | b.png", "a | b.png", ["a | b.png"]),
        ("a | b.png", "a | b.png | c | d.png", ["a | b.png", "c | d.png"]),
        ("a.png", "a.png | b.png", ["a.png", "b.png"]),
        ("", "a.png | b.png", ["a.png", "b.png"]),
    ],
)
def test_the_files_of_a_study_are_told_apart_whatever_they_are_called(file, files, found):
    assert files_of({"file": file, "files": files}) == found


def test_a_film_whose_name_looks_like_two_is_one_in_its_run_s_table(tmp_path):
    film = image(tmp_path / "a | b.png")
    (tmp_path / "out" / "run").mkdir(parents=True)
    (tmp_path / "out" / "run" / "journal.jsonl").touch()
    line = f"file,files\n{film.as_posix()},{film.as_posix()}\n"
    assert chest_inputs(table(tmp_path / "out" / "run" / "inputs.csv", line))[0].paths == (film,)


def test_what_a_person_made_and_a_run_put_aside_is_no_film(tmp_path):
    film = image(tmp_path / "1.png")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    (tmp_path / "results.csv").write_text("file,status\n")
    image(tmp_path / "before" / "1" / "overlays" / "1_result.png")
    assert [study.path for study in chest_inputs(tmp_path)] == [film]


def test_a_name_of_bytes_that_are_no_text_can_be_written(tmp_path):
    image(tmp_path / "film.png").rename(tmp_path / os.fsdecode(b"f\n\xff.png"))
    (study,) = chest_inputs(tmp_path)
    assert study.name == "f__"
    assert not study.fault


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=300), max_size=6, unique_by=str.casefold))
def test_safe_names_are_unique_and_no_paths(names):
    made = safe_names(names)
    assert len({name.casefold() for name in made}) == len(names)
    assert made == safe_names(names), "the same on every run"
    for name, was in zip(made, names, strict=True):
        assert len(name.encode()) <= 180
        assert not set(name) & set("/\\\0\n")
        assert name.strip(". ")
        fine = (
            not set(was) & set("/\\") and was.isprintable() and len(was.encode()) <= 160 and was.strip(". ")
        )
        assert name == was or not fine

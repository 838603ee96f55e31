"""Runs of the command line go on where they ended, take lists, and end in order."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs.pace import Pace
from napari_tbcad.batch.runs.run import StudyEvent
from napari_tbcad.cli import chest, main
from napari_tbcad.cli.running import Teller, ended_in_order
from napari_tbcad.simulate.samples import sample_path

QUICK = ("--segmenter", "otsu", "--classifier", "none", "--set", "features.grid=128")


@pytest.fixture
def films(tmp_path) -> Path:
    folder = tmp_path / "films"
    for name in ("a", "b", "c"):
        (folder / name).mkdir(parents=True)
        shutil.copy(sample_path("normal_man"), folder / name / "film.png")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_list_of_films_is_run_and_gone_on_with(films, tmp_path, capfd):
    table, out = tmp_path / "films.csv", tmp_path / "out"
    lines = ["file,patient", "films/a/film.png,p1", "films/gone.png,p2", "films/b/film.png,p3"]
    table.write_text("\n".join(lines), encoding="utf-8")
    call = ["chest", "run", str(table), "--out", str(out), *QUICK]
    assert main(call) == 1
    said = capfd.readouterr()
    assert "[2/3] gone.png: ERROR no such file or folder" in said.err
    assert "2 of 3 films done" in said.out
    assert f"1 failed: the column message of {tmp_path / 'out' / 'results.csv'} says why" in said.out
    assert [row["status"] for row in rows(out / "results.csv")] == ["ok", "error", "ok"]
    assert (out / "masks" / "films__a__film_sensitive.png").is_file()
    listed = rows(out / "run" / "inputs.csv")
    assert [(row["name"], row["patient"]) for row in listed][2] == ("films__b__film", "p3")

    shutil.copy(films / "c" / "film.png", films / "gone.png")
    assert main(call) == 0
    said = capfd.readouterr().out
    assert "2 of 3 were done before: kept" in said
    assert "[3/3] gone.png: not_decided" in said
    assert "3 of 3 films done, 2 of them before" in said
    assert main([*call, "--again", "failed"]) == 0
    assert "3 of 3 films done, all of them before" in capfd.readouterr().out
    assert main([*call, "--again", "nonsense"]) == 2


@pytest.mark.parametrize("kind", ["chest", "bone"])
def test_a_typing_error_is_told_before_anything_is_loaded_or_written(kind, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([kind, "run", "nofolder", "--out", "out"]) == 2
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "error: nofolder: no such file or folder\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "setting", "said"),
    [
        ("chest", "classify.operating_point=X", "classify.operating_point: operating point 'X': give"),
        ("chest", "features.grid=7", "features.grid: Input should be greater than or equal to 32, not 7\n"),
        ("bone", "index.weigths=x", "index.weigths: there is no such setting"),
    ],
)
def test_a_setting_that_cannot_be_is_told_alone_and_nothing_is_written(
    kind, setting, said, tmp_path, capfd, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    assert main([kind, "run", "a.png", "--out", "out", "--set", setting]) == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"error: {said}")
    assert "Value error" not in told.err
    assert told.err.count("X") < 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_results_are_a_list_of_films_in_any_folder(films, tmp_path, monkeypatch):
    monkeypatch.chdir(films)
    assert main(["chest", "run", "a", "b", "--out", "../out", *QUICK]) == 0
    assert [row["file"] for row in rows(tmp_path / "out" / "results.csv")] == ["a/film.png", "b/film.png"]
    monkeypatch.chdir(tmp_path)
    assert main(["chest", "run", "out/results.csv", "--out", "again", *QUICK]) == 0
    found = [row["file"] for row in rows(tmp_path / "again" / "results.csv")]
    assert found == [(films / name / "film.png").as_posix() for name in "ab"]


def test_ctrl_c_ends_in_order_and_the_same_command_goes_on(films, tmp_path, capfd, monkeypatch):
    out, real = tmp_path / "out", chest._tell

    def pressed(said, name_of, done, total, row, left):
        real(said, name_of, done, total, row, left)
        if done == 1:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(chest, "_tell", pressed)
    call = ["chest", "run", str(films), "--out", str(out), *QUICK]
    before = signal.getsignal(signal.SIGINT)
    assert main(call) == 1
    assert signal.getsignal(signal.SIGINT) is before
    said = capfd.readouterr()
    assert "1 of 3 films done" in said.out
    assert f"[1/3] {films.as_posix()}/a/film.png: not_decided" in said.out, "all are called film.png"
    assert "2 left: the same command goes on with them" in said.out
    assert "stopping in order" in said.err
    assert len(rows(out / "results.csv")) == 1
    monkeypatch.undo()
    assert main(call) == 0
    assert len(rows(out / "results.csv")) == 3


def test_a_second_ctrl_c_breaks_off():
    with pytest.raises(KeyboardInterrupt), ended_in_order() as cancelled:
        assert not cancelled()
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled()
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_ctrl_c_behind_the_last_word_ends_the_wait_without_a_traceback():
    script = (
        "import sys, threading, time; from napari_tbcad import cli; sys.argv[1:] = ['--version']; "
        "threading.Thread(target=lambda: (time.sleep(0.1), print('.', flush=True), time.sleep(60))).start(); "
        "cli.main()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=-1, stderr=-1, text=True) as process:
        said = process.stdout.readline() + process.stdout.readline()
        assert "." in said
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_the_time_left_is_that_of_the_last_films():
    now = [0.0]
    pace = Pace(100, clock=lambda: now[0])
    assert pace.left() is None
    for seconds in (30.0, *[1.0] * 59):
        now[0] += seconds
        pace.tick()
    assert pace.left() == pytest.approx(40.0), "the first one, which loads the models, is forgotten"
    for _ in range(40):
        pace.tick()
    assert pace.left() == 0.0


def test_films_kept_are_counted_and_the_time_left_is_said_where_it_is_long(monkeypatch):
    told, row = [], Row({"status": "ok"})
    times = iter(range(0, 1000, 30))
    monkeypatch.setattr("napari_tbcad.batch.runs.pace.Pace.__init__.__defaults__", (lambda: next(times),))
    teller = Teller(6, lambda done, total, row, left="": told.append((done, total, left)))
    for number in range(2):
        teller(StudyEvent(number, "", "kept", row))
    assert not teller.begun
    for number in range(2, 6):
        teller(StudyEvent(number, "", "working"))
        teller(StudyEvent(number, "", "done", row))
    assert teller.begun
    assert told == [(3, 6, ""), (4, 6, "; about 1 min left"), (5, 6, "; about 30 s left"), (6, 6, "")]


def test_help_promises_no_more_than_there_is(capfd):
    for kind in ("chest", "bone"):
        assert main([kind, "run", "--help"]) == 0
        said = " ".join(capfd.readouterr().out.split())
        assert "--out <path> Folder for the results." in said
        assert ("classifier stay on the processor" in said) == (kind == "chest")
    assert main(["chest", "train", "--help"]) == 0
    assert "File for the classifier" in capfd.readouterr().out

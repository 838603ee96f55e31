"""Saved corrections: whose they are, which version stays, when they go."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Edit, Record
from napari_tbcad.widgets.preferences import Preferences, autosave_folder, default_folder
from napari_tbcad.widgets.workflow import autosave
from napari_tbcad.widgets.workflow.autosave import CaseKeeper
from napari_tbcad.widgets.workflow.kept import find, path_in

pytestmark = pytest.mark.gui


def a_case(film="chest.png", key="k" * 32, reader="A", size=8):
    image = ImageReference(film, content_key=key)
    labels = {"sensitive": np.full((size, size), 1, np.uint8)}
    return Case("chest", {"film": image}, (Reading(reader, "2026", "in progress", labels=labels),))


@pytest.fixture
def keeper(qtbot, monkeypatch):
    keeper = CaseKeeper(rest_ms=20)
    keeper.complaints = []
    monkeypatch.setattr(autosave, "show_error", keeper.complaints.append)
    yield keeper
    qtbot.waitUntil(lambda: not keeper.busy, timeout=30_000)


def kept(keeper, qtbot):
    qtbot.waitUntil(lambda: not keeper.busy, timeout=30_000)


def test_the_latest_case_is_saved_off_the_gui_thread_and_found_again(qtbot, tmp_path, keeper):
    built, paths = [], []
    keeper.saved.connect(paths.append)

    def build(reader):
        built.append((reader, threading.current_thread() is threading.main_thread()))
        return a_case(reader=reader)

    for reader in "ABC":
        keeper.put(tmp_path, lambda reader=reader: build(reader))
    assert built == []
    kept(keeper, qtbot)
    assert built == [("C", False)]
    assert find(tmp_path, "/elsewhere/renamed.png", "k" * 32) == paths[0]
    assert Case.load(paths[0]).last.reader == "C"
    assert find(tmp_path, "chest.png", "o" * 32) is None
    assert find(tmp_path / "none", "chest.png", "k" * 32) is None


def test_films_of_one_name_and_one_folder_keep_apart(qtbot, tmp_path, keeper):
    for key in "ab":
        keeper.put(tmp_path, lambda key=key: a_case(key=key * 32), owner=key)
    kept(keeper, qtbot)
    assert len(list(tmp_path.iterdir())) == 2
    for key in "ab":
        assert Case.peek(find(tmp_path, "chest.png", key * 32)).image.content_key == key * 32


def test_yesterdays_case_is_put_aside_unless_the_session_goes_on_with_it(qtbot, tmp_path, keeper):
    path = path_in(tmp_path, "chest.png", "k" * 32)
    a_case(reader="yesterday").save(path)
    for reader in "AB":
        keeper.put(tmp_path, lambda reader=reader: a_case(reader=reader))
        kept(keeper, qtbot)
    before = path.with_suffix(".before.tbcad")
    assert (Case.load(before).last.reader, Case.load(path).last.reader) == ("yesterday", "B")
    assert find(tmp_path, "chest.png", "k" * 32) == path
    before.unlink()
    other = CaseKeeper(rest_ms=1)
    other.adopt(path, Case.peek(path).saved)
    other.put(path, lambda: a_case(reader="C"))
    kept(other, qtbot)
    assert not before.exists()
    assert Case.load(path).last.reader == "C"


def test_two_windows_of_one_film_leave_one_file_each_on_the_side(qtbot, tmp_path, keeper):
    other = CaseKeeper(rest_ms=1)
    done = {"A": Record(), "B": Record()}
    a_case(reader="yesterday").save(path_in(tmp_path, "chest.png", "k" * 32))
    for turn in range(8):
        window, reader = ((keeper, "A"), (other, "B"))[turn % 2]
        done[reader] += Edit("sensitive", turn, reader=reader)
        reading = replace(a_case(reader=reader).last, record=done[reader])
        window.put(tmp_path, lambda reading=reading: replace(a_case(), readings=(reading,)))
        kept(window, qtbot)
    found = [Case.load(path).last for path in tmp_path.iterdir()]
    assert sorted((one.reader, len(one.edits)) for one in found) == [
        ("A", 4),
        ("B", 3),
        ("B", 4),
        ("yesterday", 0),
    ]


def test_anothers_file_is_never_overwritten(qtbot, tmp_path, keeper):
    theirs, strange = tmp_path / "a.tbcad", tmp_path / "b.tbcad"
    a_case(key="o" * 32).save(theirs)
    strange.write_bytes(b"something else")
    before = theirs.read_bytes()
    keeper.put(theirs, a_case)
    keeper.put(strange, a_case)
    kept(keeper, qtbot)
    assert (theirs.read_bytes(), strange.read_bytes()) == (before, b"something else")
    assert "another image" in keeper.complaints[0]
    assert "no case" in keeper.complaints[1]


def test_what_somebody_finished_meanwhile_stays_where_it_is(qtbot, tmp_path, keeper):
    listed, aside = tmp_path / "cases" / "a.tbcad", tmp_path / "aside"
    keeper.put(listed, a_case, folder=aside)
    kept(keeper, qtbot)
    theirs = replace(a_case(reader="B").last, verdict="made")
    replace(a_case(), readings=(theirs,), saved="2030").save(listed)
    for reader in "CD":
        keeper.put(listed, lambda reader=reader: a_case(reader=reader), folder=aside)
        kept(keeper, qtbot)
    (mine,) = aside.iterdir()
    assert (Case.load(listed).last.reader, Case.load(mine).last.reader) == ("B", "D")
    assert list(listed.parent.iterdir()) == [listed]
    (said,) = keeper.complaints
    assert "a.tbcad: was changed by somebody else" in said
    assert f"kept in {aside}" in said
    # Nobody's reading makes way where nothing may be kept aside.
    keeper.put(listed, a_case)
    kept(keeper, qtbot)
    assert len(keeper.complaints) == 2
    assert Case.load(listed).last.reader == "B"
    # A case that holds the finished reading goes on from it.
    keeper.put(listed, lambda: replace(a_case(), readings=(theirs, *a_case(reader="E").readings)))
    kept(keeper, qtbot)
    assert [one.reader for one in Case.load(listed).readings] == ["B", "E"]


def test_a_new_file_that_another_reader_finished_first_is_not_replaced(tmp_path, keeper):
    def made(reader, key="k" * 32):
        case = a_case(key=key)
        return replace(case, readings=(replace(case.last, reader=reader, verdict="made"),))

    path = tmp_path / "new.tbcad"
    CaseKeeper().write(path, made("B"))
    with pytest.raises(BadInput, match=r"new.tbcad: somebody else finished a reading there"):
        keeper.write(path, made("A"))
    assert Case.peek(path).readings[-1].reader == "B"
    # The person was asked whether to replace their own, or another study's.
    for reader, key in (("b ", "k" * 32), ("A", "o" * 32)):
        CaseKeeper().write(path, made(reader, key))
    assert Case.peek(path).readings[-1].reader == "A"


def test_a_folder_that_cannot_be_written_is_told_once(qtbot, tmp_path, keeper):
    (tmp_path / "file").write_bytes(b"")
    for _ in range(3):
        keeper.put(tmp_path / "file", a_case)
        kept(keeper, qtbot)
    assert len(keeper.complaints) == 1
    assert "chest~" in keeper.complaints[0]
    keeper.put(tmp_path / "ok", a_case)
    kept(keeper, qtbot)
    keeper.put(tmp_path / "file", a_case)
    kept(keeper, qtbot)
    assert len(keeper.complaints) == 2


def test_a_hand_that_never_rests_is_saved_all_the_same(qtbot, tmp_path):
    keeper = CaseKeeper(rest_ms=300, longest_ms=400)
    paths = []
    keeper.saved.connect(paths.append)

    def stroke():
        keeper.put(tmp_path, a_case)
        return bool(paths)

    qtbot.waitUntil(stroke, timeout=10_000)
    keeper.put(tmp_path, a_case)
    keeper.flush()
    assert keeper.busy
    kept(keeper, qtbot)


def test_what_waits_while_the_program_ends_is_saved(qtbot, tmp_path):
    keeper = CaseKeeper(rest_ms=60_000)
    entered, gate = threading.Event(), threading.Event()

    def slow():
        entered.set()
        gate.wait(10)
        return a_case(reader="A")

    keeper.put(tmp_path, slow)
    keeper.flush()
    assert entered.wait(10)
    keeper.put(tmp_path, lambda: a_case(reader="B"))
    gate.set()
    keeper.flush(wait_s=10)
    (path,) = tmp_path.iterdir()
    assert Case.load(path).last.reader == "B"
    kept(keeper, qtbot)


def test_what_cannot_be_built_is_told(qtbot, tmp_path, keeper):
    keeper.put(tmp_path, lambda: 1 / 0)
    kept(keeper, qtbot)
    assert "ZeroDivisionError" in keeper.complaints[0]


@pytest.mark.parametrize(("text", "folder"), [("off", None), (" OFF ", None), ("~/x", Path.home() / "x")])
def test_the_autosave_preference(text, folder, kept_aside):
    assert autosave_folder(text) == folder
    assert autosave_folder("") == Preferences().autosave == kept_aside
    assert default_folder().name == "autosave"
    assert default_folder().is_absolute()

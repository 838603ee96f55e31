"""Saved corrections: whose they are, which version stays, when they go."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.io.masks import read_mask
from napari_tbcad.widgets.chest import autosave
from napari_tbcad.widgets.chest.autosave import Autosave, CaseKeeper, find, owner_of, path_for, path_in
from napari_tbcad.widgets.preferences import Preferences, autosave_folder, default_folder

pytestmark = pytest.mark.gui


def mask(column):
    labels = np.zeros((20, 30), np.uint8)
    labels[5:15, 2 + column : 8 + column] = 1
    labels[5:15, 20:26] = 2
    return labels


def saved(saver, qtbot):
    qtbot.waitUntil(lambda: not saver._at_work, timeout=30_000)


@pytest.fixture
def films(tmp_path):
    """Two files of one name in different folders."""
    paths = [tmp_path / person / "chest.v2.png" for person in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(b"film")
    return [owner_of(str(path), "key") for path in paths]


def test_films_of_one_name_keep_apart_and_come_back_to_their_own_file(qtbot, tmp_path, films):
    folder = tmp_path / "out"
    for number, owner in enumerate(films):
        saver = Autosave()
        saver.put(folder, owner, "sensitive", mask(number))
        saved(saver, qtbot)
    again = Autosave()
    again.put(folder, films[1], "insensitive", mask(1))
    again.put(folder, films[0], "sensitive", mask(3))
    saved(again, qtbot)
    names = {path.name for path in folder.iterdir()}
    own = f"chest.v2~{films[1].digest[:8]}"
    assert names == {"chest.v2_sensitive.png", f"{own}_sensitive.png", f"{own}_insensitive.png"}
    np.testing.assert_array_equal(read_mask(folder / "chest.v2_sensitive.png"), mask(3))
    np.testing.assert_array_equal(read_mask(folder / f"{own}_sensitive.png"), mask(1))


def test_the_latest_version_stays_and_a_withdrawn_one_goes(qtbot, tmp_path, films, monkeypatch):
    gate, entered, order = threading.Event(), threading.Event(), []
    bring = autosave._bring

    def slow(folder, owner, kind, labels):
        order.append(None if labels is None else int(np.flatnonzero(labels.any(axis=0))[0]) - 2)
        entered.set()
        gate.wait(10)
        bring(folder, owner, kind, labels)

    monkeypatch.setattr(autosave, "_bring", slow)
    saver = Autosave()
    saver.put(tmp_path, films[0], "sensitive", mask(0))
    qtbot.waitUntil(entered.is_set, timeout=30_000)
    for column in range(1, 5):
        saver.put(tmp_path, films[0], "sensitive", mask(column))
    gate.set()
    saved(saver, qtbot)
    assert order == [0, 4]
    path = path_for(tmp_path, films[0], "sensitive")
    np.testing.assert_array_equal(read_mask(path), mask(4))
    saver.put(tmp_path, films[0], "sensitive", None)
    saved(saver, qtbot)
    assert not path.exists()


def test_a_file_of_unknown_origin_is_neither_overwritten_nor_removed(qtbot, tmp_path, films):
    theirs = tmp_path / "chest.v2_sensitive.png"
    theirs.write_bytes(b"something else")
    saver = Autosave()
    saver.put(tmp_path, films[0], "sensitive", mask(0))
    saved(saver, qtbot)
    saver.put(tmp_path, films[0], "sensitive", None)
    saved(saver, qtbot)
    assert theirs.read_bytes() == b"something else"
    assert [p.name for p in tmp_path.glob("*.png")] == [theirs.name]


def test_films_without_a_file_are_told_apart_by_content(tmp_path):
    one, other = owner_of("study/film 1.5", "key one"), owner_of("study/film 1.5", "key two")
    assert one.name == other.name == "study_film 1.5"
    assert one.digest != other.digest


def test_a_folder_that_cannot_be_written_is_said(qtbot, tmp_path, films, monkeypatch):
    said = []
    monkeypatch.setattr(autosave, "show_error", said.append)
    (tmp_path / "file").write_text("no folder")
    saver = Autosave()
    saver.put(tmp_path / "file", films[0], "sensitive", mask(0))
    qtbot.waitUntil(lambda: bool(said), timeout=30_000)
    assert "cannot be saved" in said[0]


# -- cases --------------------------------------------------------------------------------------------


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
    other.adopt(path)
    other.put(path, lambda: a_case(reader="C"))
    kept(other, qtbot)
    assert not before.exists()
    assert Case.load(path).last.reader == "C"


def test_anothers_file_is_never_overwritten(qtbot, tmp_path, keeper):
    theirs, strange = tmp_path / "a.tbcad", tmp_path / "b.tbcad"
    a_case(key="o" * 32).save(theirs)
    strange.write_bytes(b"something else")
    before = theirs.read_bytes()
    keeper.put(theirs, a_case)
    keeper.put(strange, a_case)
    kept(keeper, qtbot)
    assert (theirs.read_bytes(), strange.read_bytes()) == (before, b"something else")
    assert "another film" in keeper.complaints[0]
    assert "no case" in keeper.complaints[1]


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
def test_the_autosave_preference(text, folder):
    assert autosave_folder(text) == folder
    assert autosave_folder("") == Preferences().autosave == default_folder()
    assert default_folder().is_absolute()

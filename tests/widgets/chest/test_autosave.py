"""Saved corrections: whose they are, which version stays, when they go."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_tbcad.io.masks import read_mask
from napari_tbcad.widgets.chest import autosave
from napari_tbcad.widgets.chest.autosave import Autosave, owner_of, path_for

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

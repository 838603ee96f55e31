"""Folders of long work: looked at by many at once, held by one, deleted; what cannot be stays there."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from napari_tbcad.batch.child.folders import remove_folder
from napari_tbcad.batch.child.lock import LOCK, claimed, is_running
from napari_tbcad.errors import BadInput


def test_lists_that_are_read_at_once_take_each_other_for_no_run(tmp_path):
    (tmp_path / LOCK).touch()
    start = threading.Barrier(4)

    def look(_: int) -> bool:
        start.wait()
        return any(is_running(tmp_path) for _ in range(200))

    with ThreadPoolExecutor(4) as workers:
        assert not any(workers.map(look, range(4)))
        with claimed(tmp_path):
            assert is_running(tmp_path)


def test_a_folder_that_is_looked_at_meanwhile_is_deleted_all_the_same(tmp_path):
    stop = threading.Event()

    def look(folder) -> None:
        while not stop.is_set():
            is_running(folder)

    folders = [tmp_path / "home" / str(number) for number in range(30)]
    with ThreadPoolExecutor(4) as workers:
        try:
            for folder in folders:
                folder.mkdir(parents=True)
                (folder / LOCK).touch()
                (folder / "job.json").touch()
                looks = [workers.submit(look, folder) for _ in range(2)]
                remove_folder(folder, what="batch")
                stop.set()
                for each in looks:
                    each.result()
                stop.clear()
        finally:
            stop.set()
    assert list((tmp_path / "home").iterdir()) == []


def test_what_cannot_be_deleted_is_told_and_stays_where_it_is(tmp_path, monkeypatch):
    folder = tmp_path / "home" / "one"
    folder.mkdir(parents=True)
    (folder / "job.json").touch()
    (folder / "a.log").touch()

    def refuse(path) -> None:
        (path / "one" / "a.log").unlink()
        raise PermissionError(13, "in use")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(BadInput, match=r"one: cannot be deleted \(in use\)"):
        remove_folder(folder, what="batch")
    assert [path.name for path in folder.iterdir() if path.name != LOCK] == ["job.json"], "a part is gone"
    assert [path.name for path in folder.parent.iterdir()] == ["one"]

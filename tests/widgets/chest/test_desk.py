"""The desk alone: which film a case is of, what is saved in turn, and whose file is never taken."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import QObject, Signal

from napari_tbcad.case import Case
from napari_tbcad.chest.workflow import ChestSettings, give_mask, start
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.simulate.samples import sample_path
from napari_tbcad.widgets.chest.desk import ChestDesk
from napari_tbcad.widgets.workflow import autosave, desk
from napari_tbcad.widgets.workflow.kept import find

pytestmark = pytest.mark.gui


def film(seed, name="layer"):
    pixels = np.random.default_rng(seed).random((64, 64), dtype=np.float32)
    return Radiograph(pixels, source=name)


class Session:
    """What a desk knows of a session."""

    def __init__(self):
        self.run = start(film(0), ChestSettings())
        self.closed = False
        self.layer = None
        self.edits = SimpleNamespace(look_again=lambda: None, reader="A")
        self.changed = SimpleNamespace(emit=lambda: None)
        self.asked = 0
        self.wishes = {}

    def warnings(self):
        return ()

    def value(self, name):
        return self.run.get(name)

    def source(self):
        return self.run.get("film").source

    def take_last(self):
        self.desk.keep(reader="A")

    def adopt(self, found):
        self.run = found.run

    def go_on(self):
        self.asked += 1
        self.desk.save_now()

    def paint(self, rows):
        labels = np.zeros((64, 64), np.uint8)
        labels[:rows, :20] = 1
        give_mask(self.run, labels, "sensitive", reader="A")
        self.desk.keep(reader="A")


@pytest.fixture
def session(qtbot, monkeypatch, kept_aside):
    session = Session()
    session.desk = ChestDesk(session)
    session.said = []
    monkeypatch.setattr(desk, "show_error", session.said.append)
    monkeypatch.setattr(autosave, "show_error", session.said.append)
    yield session
    settle(session, qtbot)


def settle(session, qtbot):
    session.desk.flush()
    qtbot.waitUntil(lambda: not session.desk.saving and not session.desk._keeper.busy, timeout=30_000)


def rows(path):
    return int(Case.load(path).last.labels["sensitive"].any(axis=1).sum())


@pytest.fixture
def slow(monkeypatch):
    """Hold up the first case on its way to disk."""
    entered, gate, whole = threading.Event(), threading.Event(), Case.save

    def save(case, path):
        entered.set()
        assert gate.wait(20)
        whole(case, path)

    monkeypatch.setattr(Case, "save", save)
    yield SimpleNamespace(entered=entered, gate=gate)
    gate.set()


def test_a_save_asked_for_while_another_is_written_follows_it(session, slow, tmp_path, qtbot):
    session.paint(5)
    session.desk.save(tmp_path / "a.tbcad", reader="A")
    assert slow.entered.wait(20)
    session.paint(9)
    session.desk.save(tmp_path / "a.tbcad", reader="A")
    slow.gate.set()
    qtbot.waitUntil(lambda: not session.desk.saving, timeout=30_000)
    assert rows(tmp_path / "a.tbcad") == 9
    assert not session.desk.unsaved


def test_another_film_in_the_layer_has_no_case_yet(session, slow, tmp_path, kept_aside, qtbot):
    session.desk.home = tmp_path / "cases" / "list.tbcad"
    session.paint(5)
    session.desk.save(tmp_path / "a.tbcad", reader="A")
    assert slow.entered.wait(20)
    session.paint(7)
    old, edited = session.run.get("film"), session.desk.home
    session.desk.begin()
    session.run.put("film", film(1))
    slow.gate.set()
    settle(session, qtbot)
    # What waited is of the film it was painted on, and the new one is asked where to.
    assert Case.peek(edited).image.content_key == Case.peek(tmp_path / "a.tbcad").image.content_key
    assert rows(edited) == 7
    assert (session.desk.path, session.desk.case, session.desk.home) == (None, None, None)
    session.paint(8)
    session.desk.save(tmp_path / "b.tbcad", reader="A")
    settle(session, qtbot)
    assert session.said == []
    assert Case.peek(tmp_path / "b.tbcad").image.content_key != Case.peek(edited).image.content_key
    assert old.source == session.run.get("film").source


def test_a_filtered_film_is_offered_a_new_file(session, tmp_path):
    path = tmp_path / "chest.png"
    path.write_bytes(b"")
    session.run.put("film", replace(session.run.get("film"), source=str(path)))
    assert session.desk.suggestion == tmp_path / "chest.tbcad"
    (tmp_path / "chest.tbcad").write_bytes(b"")
    assert session.desk.suggestion == tmp_path / "chest 2.tbcad"
    # Nobody looks for their work among what comes with the program.
    session.run.put("film", replace(session.run.get("film"), source=str(sample_path("normal_man"))))
    assert session.desk.suggestion.parent == Path.home()


def test_what_waits_is_of_the_film_it_was_asked_for(session, tmp_path, kept_aside, qtbot):
    from napari_tbcad.chest.cases import film_key

    session.paint(5)
    old = session.run.get("film")
    session.run.put("film", film(1))
    settle(session, qtbot)
    kept = find(kept_aside, "layer", film_key(old))
    assert kept is not None
    assert rows(kept) == 5
    assert find(kept_aside, "layer", film_key(session.run.get("film"))) is None


def test_after_saving_nothing_of_it_is_left_on_the_side(session, tmp_path, kept_aside, qtbot):
    session.paint(5)
    settle(session, qtbot)
    assert len(list(kept_aside.iterdir())) == 1
    session.desk.save(tmp_path / "a.tbcad", reader="A")
    settle(session, qtbot)
    assert list(kept_aside.iterdir()) == []
    session.paint(6)
    settle(session, qtbot)
    assert len(list(kept_aside.iterdir())) == 1
    assert rows(tmp_path / "a.tbcad") == 5


def test_a_file_that_somebody_else_saved_since_is_not_overwritten(session, tmp_path, kept_aside, qtbot):
    path = tmp_path / "a.tbcad"
    session.paint(5)
    session.desk.save(path, reader="A")
    settle(session, qtbot)
    theirs = replace(Case.load(path), saved="2030-01-01T00:00:00.000+00:00")
    theirs.save(path)
    session.paint(6)
    session.desk.save(path, reader="A")
    settle(session, qtbot)
    assert "changed by somebody else" in session.said[0]
    assert "a.tbcad" in session.said[0]
    assert Case.peek(path).saved == theirs.saved
    assert session.desk.unsaved
    assert rows(next(iter(kept_aside.iterdir()))) == 6

    # Kept up to date in a worklist: theirs is put aside, and what was put aside before stays.
    session.desk.home = path
    for number in ("", "2"):
        session.paint(7 + len(number))
        settle(session, qtbot)
        assert Case.peek(tmp_path / f"a.before{number}.tbcad").saved == theirs.saved
        assert rows(path) == 7 + len(number)
        theirs.save(path)


def test_a_case_that_came_into_the_list_meanwhile_is_not_overwritten(session, tmp_path, qtbot):
    path = tmp_path / "list.tbcad"
    session.paint(5)
    session.desk.save(tmp_path / "theirs.tbcad", reader="B")
    settle(session, qtbot)
    (tmp_path / "theirs.tbcad").rename(path)
    session.desk.home = path
    session.paint(6)
    session.desk.save(path, reader="A")
    session.desk._keeper.drop()
    qtbot.waitUntil(lambda: bool(session.said), timeout=30_000)
    assert "changed by somebody else" in session.said[0]
    assert Case.peek(path).readings[-1].reader == "B"
    session.desk.home = None


def test_a_reading_finished_elsewhere_meanwhile_stays_in_the_list(session, tmp_path, kept_aside, qtbot):
    path = session.desk.home = tmp_path / "list.tbcad"
    other = Session()
    other.desk = ChestDesk(other)
    other.paint(3)
    other.desk.save(path, reader="B")
    qtbot.waitUntil(lambda: not other.desk.saving, timeout=30_000)
    session.paint(5)
    settle(session, qtbot)
    assert [(one.reader, one.verdict) for one in Case.peek(path).readings] == [("B", "made")]
    (mine,) = kept_aside.iterdir()
    assert (rows(path), rows(mine), len(session.said)) == (3, 5, 1)
    session.paint(6)
    session.desk.save(path, reader="A")
    settle(session, qtbot)
    assert (rows(path), rows(mine), list(tmp_path.glob("*.before*"))) == (3, 6, [])
    assert any("save under another name" in text for text in session.said[1:])

    # Opened again from the list, and gone on with what was kept: theirs is still not ours to replace.
    again = Session()
    again.shelf = SimpleNamespace(model=None, loading=False)
    again.desk = ChestDesk(again)
    again.desk.take(again.desk.take_up(again)(Case.load(path), path))
    again.desk.home, again.desk.left = path, mine
    again.desk.restore()
    qtbot.waitUntil(lambda: again.value("sensitive") is not None, timeout=30_000)
    again.paint(7)
    settle(again, qtbot)
    again.desk.save(path, reader="A")
    settle(again, qtbot)
    assert (rows(path), rows(mine)) == (3, 7)


def test_a_save_asked_for_is_done_when_the_film_goes(session, tmp_path, qtbot):
    session.paint(5)
    session.go_on = lambda: None  # work is under way
    session.desk.save(tmp_path / "a.tbcad", reader="A")
    assert session.desk.saving
    session.desk.finish_asked()
    session.closed = True
    settle(session, qtbot)
    assert rows(tmp_path / "a.tbcad") == 5
    session.desk.save(tmp_path / "b.tbcad", reader="A")
    session.run = None
    with qtbot.waitSignal(session.desk.failed) as failed:
        session.desk.finish_asked()
    assert "b.tbcad" in failed.args[0]


def test_a_save_that_fails_after_the_film_went_leaves_the_work_on_the_side(
    session, tmp_path, kept_aside, qtbot
):
    (tmp_path / "file").write_text("no folder")
    session.paint(5)
    session.go_on = lambda: None
    session.desk.save(tmp_path / "file" / "a.tbcad", reader="A")
    session.desk.finish_asked()
    session.closed = True
    settle(session, qtbot)
    assert "a.tbcad" in session.said[0]
    assert rows(next(iter(kept_aside.iterdir()))) == 5


def test_what_cannot_be_restored_does_not_end_a_save(session, slow, tmp_path, qtbot):
    (tmp_path / "left.tbcad").write_bytes(b"no case")
    session.shelf = SimpleNamespace(model=None, loading=False)
    session.paint(5)
    session.desk.save(tmp_path / "a.tbcad", reader="A")
    assert slow.entered.wait(20)
    session.desk.left = tmp_path / "left.tbcad"
    with qtbot.waitSignal(session.desk.failed, timeout=30_000):
        session.desk.restore()
    assert session.desk.saving
    slow.gate.set()
    settle(session, qtbot)
    assert rows(tmp_path / "a.tbcad") == 5


@pytest.fixture
def again(session, kept_aside, qtbot):
    """The film opened anew on another day, with an offer to go on with 5 rows, and 7 painted meanwhile."""
    session.paint(5)
    settle(session, qtbot)
    again = Session()
    again.desk = ChestDesk(again)
    again.shelf = SimpleNamespace(model=None, loading=False)
    (again.desk.left,) = kept_aside.iterdir()
    again.paint(7)
    yield again
    settle(again, qtbot)


def painted(folder):
    return sorted(rows(path) for path in folder.iterdir())


def restored(again, qtbot):
    qtbot.waitUntil(lambda: again.value("sensitive").labels.any(axis=1).sum() == 5, timeout=30_000)


@pytest.mark.parametrize("late", ["in between", "while that is written"])
def test_what_is_edited_while_a_case_is_brought_back_takes_nothing_from_it(
    again, late, kept_aside, qtbot, monkeypatch
):
    left, whole = again.desk.left, again.desk._put_aside
    if late == "while that is written":

        def edited(*facts):
            whole(*facts)
            monkeypatch.setattr(again.desk, "_put_aside", whole)
            again.paint(9)

        monkeypatch.setattr(again.desk, "_put_aside", edited)
    again.desk.restore()
    again.desk.restore()  # pressed twice
    again.paint(8)
    restored(again, qtbot)
    settle(again, qtbot)
    assert painted(kept_aside) == [5, 8 if late == "in between" else 9]
    assert (rows(left), again.desk.unsaved) == (5, False)
    again.paint(6)
    settle(again, qtbot)
    assert rows(left) == 6


class Shelf(QObject):
    """A shelf whose model is still being loaded."""

    ready = Signal()
    model, loading = None, True


@pytest.mark.parametrize("dismissed", [False, True])
def test_a_case_waits_for_the_model_that_belongs_to_it(again, dismissed, monkeypatch, qtbot):
    used, take_up = [], ChestDesk.take_up
    monkeypatch.setattr(ChestDesk, "take_up", lambda desk, session: used.append(1) or take_up(desk, session))
    again.shelf = Shelf()
    again.desk.restore()
    again.desk.restore()  # pressed twice
    again.shelf.ready.emit()  # the packaged one, while the person's own is still on its way
    assert used == []
    if dismissed:
        again.desk.dismiss()
    again.shelf.loading = False
    again.shelf.ready.emit()
    again.shelf.ready.emit()
    assert used == ([] if dismissed else [1])
    if not dismissed:
        restored(again, qtbot)


@pytest.mark.parametrize("how", ["closed", "dismissed"])
def test_a_case_that_is_not_brought_back_after_all_leaves_what_stands(again, how, kept_aside, qtbot):
    run = again.run
    again.desk.restore()
    again.paint(8)
    if how == "closed":
        again.closed = True
        again.desk.flush()
    else:
        again.desk.dismiss()
    settle(again, qtbot)
    qtbot.wait(300)
    assert again.run is run
    assert painted(kept_aside) == [5, 8]


def test_a_save_asked_for_while_a_case_is_brought_back_is_of_that_one(again, tmp_path, kept_aside, qtbot):
    again.desk.restore()
    again.desk.save(tmp_path / "a.tbcad", reader="A")
    restored(again, qtbot)
    settle(again, qtbot)
    assert (rows(tmp_path / "a.tbcad"), again.desk.path) == (5, tmp_path / "a.tbcad")
    assert 7 in painted(kept_aside)


def test_a_save_under_way_is_of_what_is_given_up(again, slow, tmp_path, kept_aside, qtbot):
    again.desk.save(tmp_path / "a.tbcad", reader="A")
    assert slow.entered.wait(20)
    again.desk.restore()
    qtbot.wait(100)
    slow.gate.set()
    restored(again, qtbot)
    settle(again, qtbot)
    # The next save asks for a place: this one holds something else.
    assert (rows(tmp_path / "a.tbcad"), again.desk.path, painted(kept_aside)) == (7, None, [5])


def test_what_was_left_is_brought_back_although_the_person_worked_on(session, kept_aside, qtbot):
    from napari_tbcad.chest.cases import film_key

    def painted():
        return sorted(rows(path) for path in kept_aside.iterdir())

    session.paint(5)
    settle(session, qtbot)
    # Another day: the offer stands, and what is painted meanwhile is kept on the side, too.
    again = Session()
    again.desk = ChestDesk(again)
    again.shelf = SimpleNamespace(model=None, loading=False)
    again.desk.left = find(kept_aside, "layer", film_key(again.run.get("film")))
    again.paint(7)
    settle(again, qtbot)
    again.paint(8)
    again.desk.restore()
    qtbot.waitUntil(lambda: again.run.get("sensitive").labels.any(axis=1).sum() == 5, timeout=30_000)
    settle(again, qtbot)
    assert painted() == [5, 7, 8]
    again.paint(9)
    settle(again, qtbot)
    assert painted() == [5, 8, 9]

"""The worklist with the panel and the cases on disk: what a reader, and a second one, go through."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtWidgets import QWidget

from napari_tbcad.case import Case
from napari_tbcad.chain import State
from napari_tbcad.widgets.chest.worklist import WorklistPanel
from napari_tbcad.worklist_item import ReadingState

pytestmark = pytest.mark.gui


@pytest.fixture
def folder(tmp_path, phantom_pixels):
    """Return a folder of three films: 1 and 3 can be read, 2 is damaged."""
    from PIL import Image

    films = tmp_path / "films"
    films.mkdir()
    for number, name in enumerate(("1", "3")):
        pixels = np.roll(phantom_pixels, 2 * number, axis=0)
        Image.fromarray(pixels.astype(np.uint8)).save(films / f"{name}.png")
    (films / "2.png").write_bytes((films / "1.png").read_bytes()[:3000])
    return films


@pytest.fixture
def reading(panel, finished, qtbot):
    """Return a function that opens a window with the panel and a worklist, for one reader."""

    class Reading:
        def __init__(self, reader, folder):
            self.viewer, self.panel = panel()
            self.list = WorklistPanel(self.viewer)
            self.viewer.window.add_dock_widget(self.list, name="Chest worklist")
            self.view = self.list.view
            self.view.set_reader(reader)
            with qtbot.waitSignal(self.view.loaded, timeout=30_000):
                (self.view.open_folder if folder.is_dir() else self.view.open_table)(folder)

        @property
        def session(self):
            return self.panel.session

        def states(self):
            return [str(state) for state in self.view.worklist.states]

        def wait_for(self, name):
            qtbot.waitUntil(partial(self.shows, name), timeout=30_000)
            finished(self.panel)

        def shows(self, name):
            known = self.view.current is not None and self.view.current.path.name == name
            return known and self.session is not None and self.session.state("result") is State.DONE

        def correct(self, rows=slice(100, 140)):
            layer = self.session.layers.layer("insensitive")
            where = np.nonzero(np.asarray(layer.data)[rows])
            layer.data_setitem((where[0] + rows.start, where[1]), 0)
            finished(self.panel)
            return np.array(layer.data)

        def press(self, key):
            from app_model.types import KeyBinding

            (binding,) = [k for k in self.viewer.keymap if k == KeyBinding.from_str(key)]
            self.viewer.keymap[binding](self.viewer)

    return Reading


def is_finished(reading, path):
    return bool(reading.view.worklist.find(path).readings)


def words_of(widget):
    text = widget.text() if hasattr(widget, "text") else ""
    return text, widget.toolTip(), widget.accessibleName(), widget.accessibleDescription()


def test_a_list_is_read_from_the_first_film_to_the_last_and_again_another_day(
    reading, folder, finished, qtbot
):
    day = reading("A", folder)
    assert day.states() == ["to do"] * 3
    assert not day.view.footer.done_button.isEnabled()
    day.press(".")  # nothing is open: the first one
    day.wait_for("1.png")
    edited = day.correct()
    kept = Case.load(folder / "cases" / "1.tbcad") if (folder / "cases" / "1.tbcad").exists() else None
    assert kept is None or kept.last.verdict == "in progress"

    day.view.footer.done_button.click()
    # 2.png cannot be read: it is marked, said, and passed over.
    qtbot.waitUntil(lambda: day.states()[1] == "failed", timeout=30_000)
    day.wait_for("3.png")
    assert day.states() == ["done", "failed", "to do"]
    saved = Case.load(folder / "cases" / "1.tbcad")
    assert (saved.last.reader, saved.last.verdict) == ("A", "made")
    np.testing.assert_array_equal(saved.last.labels["insensitive"], edited)
    assert saved.last.edits[0].reader == "A"

    second = day.correct(slice(150, 160))
    day.viewer.close()  # in the middle of the third
    qtbot.waitUntil((folder / "cases" / "3.tbcad").is_file, timeout=30_000)

    later = reading("A", folder)
    assert later.states() == ["done", "to do", "in progress"]
    later.view.open(folder / "3.png")
    later.wait_for("3.png")
    np.testing.assert_array_equal(later.session.value("insensitive").labels, second)
    assert len(later.session.run.journal) == 1
    later.press("Ctrl+Enter")
    qtbot.waitUntil(lambda: later.states()[2] == "done", timeout=30_000)
    later.press(",")
    qtbot.waitUntil(lambda: later.view.current.path.name != "3.png", timeout=30_000)


def test_a_second_reader_accepts_one_and_changes_one_and_both_readings_are_kept(
    reading, folder, finished, qtbot
):
    (folder / "2.png").unlink()
    one = reading("A", folder)
    masks = {}
    for name in ("1.png", "3.png"):
        one.view.open(folder / name)
        one.wait_for(name)
        masks[name] = one.correct()
        one.view.finish()
        qtbot.waitUntil(partial(is_finished, one, folder / name), timeout=30_000)
        finished(one.panel)
    qtbot.waitUntil(lambda: one.states() == ["done", "done"], timeout=30_000)
    one.viewer.close()

    two = reading("B", folder)
    assert two.states() == ["to review", "to review"]
    two.view.open(folder / "1.png")
    two.wait_for("1.png")
    np.testing.assert_array_equal(two.session.value("insensitive").labels, masks["1.png"])
    assert not two.view.footer.accept_button.isHidden()
    two.view.footer.accept_button.click()
    two.wait_for("3.png")
    changed = two.correct(slice(150, 160))
    two.view.footer.done_button.click()
    qtbot.waitUntil(
        lambda: two.states() == [str(ReadingState.ACCEPTED), str(ReadingState.CHANGED)], timeout=30_000
    )

    accepted, other = Case.load(folder / "cases" / "1.tbcad"), Case.load(folder / "cases" / "3.tbcad")
    assert [(r.reader, r.verdict) for r in accepted.readings] == [("A", "made"), ("B", "accepted")]
    assert [(r.reader, r.verdict) for r in other.readings] == [("A", "made"), ("B", "changed")]
    for case, mine in ((accepted, masks["1.png"]), (other, changed)):
        first, last = case.readings
        name = "1.png" if case is accepted else "3.png"
        np.testing.assert_array_equal(first.labels["insensitive"], masks[name])
        np.testing.assert_array_equal(last.labels["insensitive"], mine)
    assert [edit.reader for edit in other.last.edits] == ["A", "B"]


def test_a_film_opened_by_hand_is_none_of_the_list(reading, folder, finished, phantom_pixels, qtbot):
    day = reading("A", folder)
    day.view.open(folder / "1.png")
    day.wait_for("1.png")
    day.correct()
    own = day.viewer.add_image(phantom_pixels[:, ::-1].copy(), name="by hand")
    finished(day.panel)
    assert day.view.current is None
    assert not day.view.footer.done_button.isEnabled()
    day.press("Ctrl+Enter")
    finished(day.panel)
    day.panel.run_all()
    finished(day.panel)
    day.correct(slice(150, 160))
    assert day.session.layer.name == own.name
    assert day.session.desk.home is None

    # Back to the film of the list, by the list of films: it is the list's again.
    day.panel.picker.choose(next(film for film in day.panel.picker.films() if film.name == "1"))
    finished(day.panel)
    assert day.view.current is not None
    day.view.footer.done_button.click()
    qtbot.waitUntil(lambda: day.states()[0] == "done", timeout=30_000)
    assert Case.load(folder / "cases" / "1.tbcad").image.name == "1.png"


def test_what_else_is_opened_while_a_film_of_the_list_is_read_is_not_taken_for_it(
    reading, folder, finished, phantom_pixels
):
    day = reading("A", folder)
    day.view.open(folder / "1.png")
    # Neither a film by hand nor one that cannot be read is what the list waits for.
    own = day.viewer.add_image(phantom_pixels[:, ::-1].copy(), name="by hand")
    day.panel.open_film(folder / "gone.png")
    other = day.session
    assert other.layer.name == own.name
    day.wait_for("1.png")
    assert day.session is not other
    assert day.session.layer.name == "1"
    assert day.session.desk.home == folder / "cases" / "1.tbcad"
    assert other.desk.home is None
    assert other.state("result") is State.NOT_RUN
    assert day.states() == ["to do"] * 3


def test_a_film_that_is_taken_away_while_its_reading_is_saved_is_saved_and_the_list_goes_on(
    reading, folder, finished, qtbot
):
    day = reading("A", folder)
    day.view.open(folder / "1.png")
    day.wait_for("1.png")
    day.correct()
    day.view.footer.done_button.click()
    day.viewer.layers.remove(day.session.layer)
    qtbot.waitUntil(lambda: day.states()[0] == "done", timeout=10_000)
    assert Case.load(folder / "cases" / "1.tbcad").last.verdict == "made"
    day.wait_for("3.png")


def test_a_blinded_reader_finds_nothing_of_the_answer(reading, folder, finished):
    day = reading("A", folder)
    step = day.panel.result

    def said():
        """Return all that is written, or said to a screen reader, in the step; a hidden widget's, too."""
        return {text for w in (step, *step.findChildren(QWidget)) for text in words_of(w) if text}

    box = day.view.header.blind_box
    box.click()
    day.view.open(folder / "1.png")
    day.wait_for("1.png")
    blind = said()
    assert "Hidden while you read (Chest worklist)." in blind
    result = day.session.value("result")
    answer = [f"{p:.2f}" for p in (result.probability, result.probability_stage1) if p is not None]
    telling = (*answer, "suspect", "decided by", "above", "below", "p = ", "your corrections")
    assert not [text for text in blind if any(word in text.lower() for word in telling)]
    assert not step.bar.isVisibleTo(step)
    assert step.bar.probability is None
    assert step.contributions.rows == ()
    day.correct()  # a new answer is hidden, too
    assert said() == blind
    box.click()
    finished(day.panel)
    assert step.bar.isVisibleTo(step)
    assert step.bar.probability == day.session.value("result").probability
    box.click()
    finished(day.panel)
    assert said() == blind


def test_what_is_wrong_with_a_list_is_said_and_the_rest_is_read(
    reading, folder, finished, phantom_pixels, qtbot
):
    (folder / "cases").mkdir()
    (folder / "cases" / "1.tbcad").write_bytes(b"PK\x03\x04 and no more")
    table = folder / "films.csv"
    table.write_text("path\n1.png\ngone.png\n3.png\n")
    day = reading("A", table)
    assert day.states() == ["failed", "failed", "to do"]
    assert "1.tbcad" in day.view.worklist.items[0].problem
    assert "no such file" in day.view.worklist.items[1].problem
    day.view.open(folder / "1.png")
    qtbot.waitUntil(lambda: "1.tbcad" in day.view.footer.message.text(), timeout=30_000)
    assert "1.png" in day.view.footer.message.text()
    assert len(day.viewer.layers) == 0
    day.view.go_next()
    day.wait_for("3.png")
    # The damaged case is left as it was.
    assert (folder / "cases" / "1.tbcad").read_bytes() == b"PK\x03\x04 and no more"


def test_a_cases_folder_that_cannot_be_made_is_said_and_the_film_stays(reading, folder, finished, qtbot):
    notification_manager.records.clear()
    (folder / "cases").write_text("a file in place of the folder")
    day = reading("A", folder)
    day.view.open(folder / "1.png")
    day.wait_for("1.png")
    edited = day.correct()
    day.view.footer.done_button.click()
    qtbot.waitUntil(lambda: "1.tbcad" in day.view.footer.message.text(), timeout=30_000)
    finished(day.panel)
    assert day.view.current.path.name == "1.png"
    assert day.session.desk.unsaved
    np.testing.assert_array_equal(day.session.value("insensitive").labels, edited)
    (folder / "cases").unlink()
    day.view.footer.done_button.click()
    qtbot.waitUntil(lambda: day.states()[0] == "done", timeout=30_000)

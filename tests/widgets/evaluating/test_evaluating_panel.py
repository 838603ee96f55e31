"""From a data set to an evaluation: what a person sees and does, with a child that only says things."""

from __future__ import annotations

import json

import pytest

from napari_tbcad.batch.evaluating.jobs import list_evaluations, state_of
from napari_tbcad.widgets.child_work import Phase

LONG_MS = 90_000


def press(panel, text):
    assert panel.run_bar.run_button.text() == text
    assert panel.run_bar.run_button.isEnabled()
    panel.run_bar.run_button.click()


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "films é"
    folder.mkdir()
    return folder


def test_from_a_folder_to_the_results(qtbot, child, docked, settled, data, evaluations, job_of, monkeypatch):
    viewer, panel = docked()
    session = panel.session
    assert panel.run_bar.run_button.text() == "Choose a data set…"
    # what is no data set is told by name
    panel.take_files([data / "letter.txt"])
    assert "letter.txt" in panel.data.complaint.text().replace("\u200b", "")
    # a look at once, and how long it takes
    panel.take_files([data])
    settled(panel)
    assert session.plan.found["films"] == 24
    assert "a.png: the file is empty" in panel.data.left.text()
    assert "copy of d.png" in panel.data.left.text()
    assert "5 min" in panel.choice.estimate.text()
    assert panel.choice.is_open
    # another choice is measured anew; the last of a kind cannot be taken away
    panel.choice.boxes["segmenters"].boxes["otsu"].click()
    panel.choice.boxes["definitions"].boxes["ibsi"].click()
    settled(panel)
    assert session.plan.config.segmenters == ("network", "otsu")
    assert session.plan.config.definitions == ("ibsi",)
    assert panel.choice.boxes["definitions"].boxes["ibsi"].isChecked()
    assert "10 min" in panel.choice.estimate.text()
    panel.choice.form.controls["repeats"].setValue(2)
    assert session.plan.config.repeats == 2
    assert session.plan.config.segmenters == ("network", "otsu")
    press(panel, "Evaluate")
    settled(panel)
    assert job_of(session.folder)["config"]["repeats"] == 2
    assert session.results is not None
    assert panel.result.verdict.level == "red"
    assert panel.result.is_open
    assert panel.run_bar.run_button.text() == "Open report"
    # another evaluation of the same films goes to another folder and takes over what was measured
    first = session.folder
    panel.choice.quick.click()
    settled(panel)
    assert session.folder != first
    assert job_of(session.folder)["before"] == str(first)
    assert job_of(session.folder)["config"]["segmenters"] == ["network"]
    assert {one.folder for one in list_evaluations(evaluations)} == {first, session.folder}


def test_what_is_in_the_way_is_told(child, docked, settled, data, evaluations):
    _, panel = docked()
    child("unreadable")
    panel.take_files([data])
    settled(panel)
    assert "no such folder" in panel.data.message
    assert not panel.choice.quick.isEnabled()
    child("one class")
    press(panel, "Look again")
    settled(panel)
    assert "every film has the label 1" in panel.data.refused.text()
    assert not panel.run_bar.run_button.isEnabled()
    # taken away again, nothing of it is left on disk
    panel.data.train.button.click()
    settled(panel)
    assert panel.run_bar.run_button.text() == "Choose a data set…"
    assert list(evaluations.iterdir()) == []


def test_a_stopped_evaluation_is_gone_on_with_and_a_crash_is_told(
    qtbot, child, docked, settled, data, evaluations
):
    viewer, panel = docked()
    session = panel.session
    panel.take_files([data])
    settled(panel)
    child("waits")
    press(panel, "Evaluate")
    qtbot.waitUntil(lambda: "film 12" in session.child.text, timeout=LONG_MS)
    assert session.phase is Phase.EVALUATING
    assert panel.run.bar.value() > 0
    # closing the panel stops nothing, and another one shows what goes on
    viewer.window.remove_dock_widget(panel)
    _, again = docked(viewer)
    assert again.session is session
    assert session.busy
    again.run_bar.cancel_button.click()
    settled(again)
    assert state_of(session.folder).phase == "stopped"
    assert "was stopped" in again.run.stopped.text()
    child("crashes")
    press(again, "Go on")
    settled(again)
    assert "MemoryError: no more" in again.run.message
    assert state_of(session.folder).phase == "interrupted"
    child("")
    press(again, "Go on")
    settled(again)
    assert session.results is not None
    assert again.run.message == ""
    # the shelf has it, and deletes it after a question; then nothing is shown any more
    qtbot.waitUntil(lambda: again.shelf.rows.count() == 1, timeout=LONG_MS)
    again.shelf.button.click()
    again.shelf.rows.setCurrentRow(0)
    again.shelf.delete_button.click()
    assert "Delete" in again.shelf.question.text()
    again.shelf.sure_button.click()
    qtbot.waitUntil(lambda: again.shelf.rows.count() == 0, timeout=LONG_MS)
    assert session.results is None
    assert list(evaluations.iterdir()) == []


def test_a_closed_window_ends_its_evaluation(qtbot, child, docked, settled, data, evaluations):
    _, panel = docked()
    panel.take_files([data])
    settled(panel)
    child("waits")
    press(panel, "Evaluate")
    session = panel.session
    qtbot.waitUntil(lambda: "film 12" in session.child.text, timeout=LONG_MS)
    folder = session.folder
    session.close()
    assert not session.child.process.running
    qtbot.waitUntil((folder / "ended.json").exists, timeout=LONG_MS)  # the window does not wait for it
    ended = json.loads((folder / "ended.json").read_text())
    assert ended["how"] == "stopped"

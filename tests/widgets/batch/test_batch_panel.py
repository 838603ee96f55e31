"""The batch panel as a person uses it, over a child that computes nothing."""

from __future__ import annotations

import json
import shutil

from qtpy.QtCore import Qt

from napari_tbcad.batch.runs import window_jobs as jobs
from napari_tbcad.chain import State
from napari_tbcad.widgets.child_work import Phase

LONG_MS = 90_000


def cells(panel) -> list[tuple[str, ...]]:
    rows = panel.session.rows
    return [
        tuple(rows.data(rows.index(row, column)) for column in range(3)) for row in range(rows.rowCount())
    ]


def press(qtbot, button):
    qtbot.waitUntil(button.isEnabled, timeout=LONG_MS)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_an_empty_panel_teaches_and_changes_nothing(docked, child, home):
    _, panel = docked()
    assert panel.run_bar.run_button.text() == "Choose a folder…"
    assert "Drop a folder" in panel.inputs.empty.text()
    stop = panel.run_bar.cancel_button
    assert (stop.text(), stop.isEnabled()) == ("Stop", False)
    assert stop.toolTip() == "Nothing is under way that could be stopped."
    assert not home.exists()


def test_inputs_are_counted_before_anything_starts(looked, home):
    _, panel = looked()
    assert panel.inputs.counted.text() == "12 films (11 PNG)"
    assert panel.inputs.bad_fold.text() == "1 cannot be read"
    assert "film03.png: the file is empty" in panel.inputs.bad.text().replace("\u200b", "")
    assert "2 passed over: notes.txt, mask.png" in panel.inputs.noted.text()
    assert panel.run_bar.run_button.text() == "Run 12 films"
    assert panel.session.rows.rowCount() == 12
    assert [state.phase for state in jobs.list_batches(home)] == ["planned"]
    panel.inputs.clear_button.click()
    assert panel.session.rows.rowCount() == 0
    assert jobs.list_batches(home) == []  # what was only looked at leaves nothing behind


def test_a_look_that_is_given_up_leaves_nothing_behind_once_its_process_is_gone(
    docked, child, settled, qtbot, tmp_path, home, monkeypatch
):
    child("looks long")
    _, panel = docked()
    process, running = panel.session.child.process, []
    remove = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda folder: (running.append(process.running), remove(folder)))
    panel.take_files([tmp_path])
    qtbot.waitUntil(lambda: bool(list(home.glob("*/job.json"))) and process.running, timeout=LONG_MS)
    panel.inputs.clear_button.click()
    settled(panel)
    assert running == [False]
    assert list(home.iterdir()) == []


def test_inputs_that_cannot_be_used_say_why(docked, child, settled, qtbot, tmp_path):
    child("unreadable")
    _, panel = docked()
    panel.take_files([tmp_path / "nothing"])
    qtbot.waitUntil(lambda: bool(panel.session.look_problem), timeout=LONG_MS)
    settled(panel)
    assert "no film found" in panel.inputs.refused.text()
    assert panel.inputs.dot.state is State.FAILED
    assert panel.run_bar.run_button.text() == "Look again"


def test_a_batch_goes_from_a_drop_to_its_results(looked, settled, qtbot, job_of):
    _, panel = looked()
    session = panel.session
    panel.choice.chain.basics.controls["lungs__segmenter"].setCurrentText("atlas")
    panel.choice.options.controls["workers"].setValue(3)
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: session.busy, timeout=LONG_MS)
    qtbot.waitUntil(lambda: not session.busy, timeout=LONG_MS)
    settled(panel)
    job = job_of(session.folder)
    assert job["assignments"] == {"lungs.segmenter": "atlas"}
    assert (job["workflow"], job["workers"], job["again"]) == ("chest", 3, "unfinished")
    assert cells(panel)[0] == ("✓", "film00.png", "suspect 0.90")
    assert cells(panel)[3] == ("✕", "film03.png", "the file is empty")
    assert panel.result.answers.text() == "12 of 12, 1 failed. 3 suspect, 8 not suspect."
    assert panel.run_bar.run_button.text() == "Open folder"
    panel.result.failed_button.click()
    assert [row[1] for row in cells(panel)] == ["film03.png"]
    panel.run.list.show_kind("suspect")
    assert [row[1] for row in cells(panel)] == ["film00.png", "film04.png", "film08.png"]
    panel.run.list.search.setText("08")
    assert [row[1] for row in cells(panel)] == ["film08.png"]


def test_a_cancelled_batch_is_gone_on_with(looked, child, settled, qtbot):
    child("waits")
    _, panel = looked()
    session = panel.session
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: session.rows.counts["working"] == 1 and session.rows.counts["done"] == 4)
    qtbot.waitUntil(lambda: panel.run.times.text().startswith("about 20 s left"))
    stop = panel.run_bar.cancel_button
    assert (stop.text(), stop.toolTip()[:27]) == ("Stop", "Stop after the studies unde")
    press(qtbot, stop)
    qtbot.waitUntil(lambda: panel.run_bar.run_button.text() == "Stopping…" or not session.busy)
    qtbot.waitUntil(lambda: not session.busy, timeout=LONG_MS)
    settled(panel)
    assert session.state.phase == "stopped"
    assert session.rows.counts["working"] == 0
    assert "“films” was stopped" in panel.run.said.text()
    child()
    assert panel.run_bar.run_button.text() == "Go on"
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: session.busy, timeout=LONG_MS)
    qtbot.waitUntil(lambda: not session.busy, timeout=LONG_MS)
    settled(panel)
    assert (session.rows.counts["kept"], session.rows.counts["failed"]) == (4, 1)
    assert session.state.phase == "finished"


def test_stop_ends_a_look_and_a_run_that_waits_for_one_to_end(looked, child, settled, qtbot, tmp_path):
    child("waits")
    _, panel = looked()
    session, stop = panel.session, panel.run_bar.cancel_button
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: session.rows.counts["done"] == 4, timeout=LONG_MS)
    press(qtbot, stop)
    settled(panel)
    batch = session.folder
    child("looks long")
    panel.take_files([tmp_path / "films", tmp_path])
    qtbot.waitUntil(stop.isEnabled, timeout=LONG_MS)
    assert stop.toolTip() == "Stop looking; nothing is lost."
    session.resume(batch)  # begins once the look has given way
    assert session.busy
    stop.click()
    settled(panel)
    assert not session.busy
    assert not stop.isEnabled()
    assert panel.run_bar.run_button.text() == "Go on"


def test_only_what_failed_is_tried_again(looked, child, settled, qtbot, job_of):
    _, panel = looked()
    session = panel.session
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: session.rows.counts["failed"] == 1 and not session.busy, timeout=LONG_MS)
    settled(panel)
    child("mended")
    press(qtbot, panel.run.retry_button)
    qtbot.waitUntil(lambda: session.rows.counts["failed"] == 0 and not session.busy, timeout=LONG_MS)
    settled(panel)
    assert job_of(session.folder)["again"] == "failed"
    assert (session.rows.counts["done"], session.rows.counts["kept"]) == (1, 11)
    assert not panel.run.retry_button.isEnabled()


def test_a_child_that_dies_is_told_and_offered_again(looked, docked, child, settled, qtbot):
    child("crashes")
    viewer, panel = looked()
    session = panel.session
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: bool(session.problem) and not session.busy, timeout=LONG_MS)
    settled(panel)
    assert "MemoryError: no more" in panel.run.message.replace("\u200b", "")
    assert session.resumable
    _, other = docked()
    other.shelf.read_again()  # as when it is shown: the window of a test is not
    qtbot.waitUntil(lambda: not other.shelf.offer.isHidden(), timeout=LONG_MS)
    assert "“films” was interrupted" in other.shelf.offer.text.text()
    other.shelf.offer.later_button.click()
    assert other.shelf.offer.isHidden()
    child()
    other.shelf.button.setChecked(True)
    qtbot.waitUntil(lambda: other.shelf.rows.count() == 1, timeout=LONG_MS)
    other.shelf.rows.setCurrentRow(0)
    press(qtbot, other.shelf.resume_button)
    qtbot.waitUntil(
        lambda: other.session.rows.counts["kept"] == 3 and not other.session.busy, timeout=LONG_MS
    )
    settled(other)
    assert other.session.state.phase == "finished"


def test_the_panel_may_be_closed_while_its_batch_goes_on(looked, docked, child, settled, qtbot):
    child("waits")
    viewer, panel = looked()
    session = panel.session
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: session.rows.counts["done"] == 4, timeout=LONG_MS)
    viewer.window.remove_dock_widget(panel)
    _, again = docked(viewer)
    assert again.session is session
    qtbot.waitUntil(lambda: again.up_to_date, timeout=LONG_MS)
    assert session.phase is Phase.RUNNING
    assert again.run_bar.run_button.text() == "Running…"
    press(qtbot, again.run_bar.cancel_button)
    settled(again)


def test_a_window_that_goes_stops_its_batch_in_order(looked, child, qtbot, home):
    child("waits")
    viewer, panel = looked()
    session = panel.session
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: session.rows.counts["done"] == 4, timeout=LONG_MS)
    folder = session.folder
    viewer.close()
    qtbot.waitUntil(lambda: jobs.state_of(folder).phase == "stopped", timeout=10_000)


def test_a_batch_that_still_ends_is_offered_once_it_has(
    looked, docked, child, qtbot, make_napari_viewer_proxy
):
    child("waits long")
    viewer, panel = looked()
    session = panel.session
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: session.rows.counts["done"] == 4, timeout=LONG_MS)
    folder = session.folder
    viewer.close()
    _, other = docked(make_napari_viewer_proxy(show=True))
    shelf = other.shelf
    qtbot.waitUntil(shelf.button.isVisible, timeout=LONG_MS)
    shelf.button.setChecked(True)
    qtbot.waitUntil(lambda: shelf.rows.count() == 1, timeout=LONG_MS)
    shelf.rows.setCurrentRow(0)
    assert (shelf.chosen.phase, shelf.resume_button.isEnabled()) == ("running", False)
    (folder / "let it end").touch()
    qtbot.waitUntil(shelf.resume_button.isEnabled, timeout=LONG_MS)
    assert shelf.chosen.phase == "interrupted"
    assert shelf.offer.isVisible()


def test_a_batch_that_ended_before_any_study_opens_with_its_cause(docked, child, settled, home, tmp_path):
    plan = jobs.BatchPlan((tmp_path / "films",), "chest", classifier="none", workers=3)
    jobs.write_job(home / "one", ("run",), plan)
    said = {"how": "failed", "cause": "own.skops: damaged"}
    (home / "one" / "ended.json").write_text(json.dumps(said))
    _, panel = docked()
    panel.session.open(home / "one")
    settled(panel)
    assert panel.session.problem == "own.skops: damaged"
    assert panel.session.plan == plan
    assert panel.run_bar.run_button.text() == "Go on"


def test_a_deleted_batch_leaves_results_elsewhere(looked, settled, qtbot, home, tmp_path):
    _, panel = looked()
    session, shelf = panel.session, panel.shelf
    out = tmp_path / "my results"
    out.mkdir()
    panel.choice.out.chosen.emit(out)
    press(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: session.out is not None and not session.busy, timeout=LONG_MS)
    settled(panel)
    assert session.out == out
    shelf.button.setChecked(True)
    qtbot.waitUntil(lambda: shelf.rows.count() == 1, timeout=LONG_MS)
    shelf.rows.setCurrentRow(0)
    press(qtbot, shelf.delete_button)
    assert "stay" in shelf.question.text().replace("\u200b", "")
    press(qtbot, shelf.sure_button)
    qtbot.waitUntil(lambda: not list(home.iterdir()), timeout=LONG_MS)
    assert out.is_dir()
    qtbot.waitUntil(lambda: session.rows.rowCount() == 0, timeout=LONG_MS)


def test_bone_scans_have_their_own_settings(looked, child, qtbot, settled):
    child(workflow="bone")
    _, panel = looked()
    assert panel.session.workflow == "bone"
    assert panel.choice.judge.isHidden()
    assert set(panel.choice.chain.basics.controls) == {
        "hotspots__segmenter",
        "index__weights",
        "index__combine",
        "classes__scheme",
    }
    panel.choice.chain.basics.controls["index__combine"].setCurrentText("pooled")
    assert panel.session.plan.assignments == {"index.combine": "pooled"}
    panel.choice.chain.more.click()
    assert "index" not in panel.choice.chain.folds  # nothing of it is left to be set
    panel.choice.chain.folds["views"].click()
    panel.choice.chain.forms["views"].controls["swap"].setChecked(True)
    assert panel.session.plan.assignments == {"index.combine": "pooled", "views.swap": True}
    panel.inputs.kind.setCurrentIndex(0)
    panel.inputs.kind.activated.emit(0)
    settled(panel)
    assert (panel.session.workflow, panel.session.plan.assignments) == ("chest", {})
    qtbot.waitUntil(lambda: "lungs__segmenter" in panel.choice.chain.basics.controls, timeout=LONG_MS)


def test_a_study_that_is_gone_is_told_not_opened(looked, qtbot):
    _, panel = looked()
    table = panel.run.list.table
    table.setCurrentIndex(table.rows.index(0, 0))
    panel.run.set_open(True)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert "is not there any more" in panel.run.problem.text().replace("\u200b", "")

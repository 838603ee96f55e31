"""The panel as a person uses it: name images, look, leave out, train, pause, stop, go on, close."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

from napari_tbcad.batch.trainings import state as training_state
from napari_tbcad.batch.trainings.state import list_trainings, state_of
from napari_tbcad.chain import State
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.training.child import Phase
from napari_tbcad.widgets.training.data import GOALS, Given
from napari_tbcad.widgets.training.sessions import training_session_of

LONG_MS = 90_000


def drop(panel, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    panel.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def press(panel, text):
    assert panel.run_bar.run_button.text() == text
    assert panel.run_bar.run_button.isEnabled()
    panel.run_bar.run_button.click()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def planned(docked, looks, child, settled, tmp_path):
    """Return a function that docks a panel and looks at the data."""

    def make(viewer=None):
        viewer, panel = docked(viewer)
        panel.choose.add((Given("folder", (tmp_path / "films",)),))
        panel.refresh()
        press(panel, "Look at the data")
        settled(panel)
        return viewer, panel

    return make


@pytest.fixture
def training(planned, child, qtbot):
    """Return a function that has a training run that stays in its second epoch."""

    def make(viewer=None):
        viewer, panel = planned(viewer)
        child("hangs")
        press(panel, "Train")
        qtbot.waitUntil(lambda: len(panel.session.history.epochs) == 1, timeout=LONG_MS)
        qtbot.waitUntil(lambda: panel.up_to_date, timeout=LONG_MS)
        return viewer, panel

    return make


def test_places_are_named_dropped_and_taken_away(docked, tmp_path, qtbot):
    _, panel = docked()
    assert not panel.run_bar.run_button.isEnabled()
    (tmp_path / "films").mkdir()
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.tbcad").touch()
    (tmp_path / "films.csv").touch()
    (tmp_path / "notes.txt").touch()
    drop(panel, *(tmp_path / name for name in ("films", "cases", "films.csv", "notes.txt")))
    assert "notes.txt" in panel.choose.complaint.text()
    drop(panel, tmp_path / "films")
    plan = panel.session.plan
    assert [given.kind for given in plan.choice.given] == ["folder", "cases", "table"]
    panel.refresh()
    panel.choose.places.removed.emit(1)
    assert [given.kind for given in plan.choice.given] == ["folder", "table"]
    panel.choose.places.add_corrections()
    assert plan.choice.given[-1].paths[0].name == "autosave"
    # Another task has other classes, and a name that says so.
    panel.choose.task.setCurrentIndex(next(n for n, goal in enumerate(GOALS) if goal.view == "posterior"))
    panel.refresh()
    assert plan.choice.name == "my-hotspots-posterior"
    assert [panel.choose.scheme.itemData(n) for n in range(2)] == ["4", "3"]
    panel.choose.name.setText("no name/")
    panel.choose.name.editingFinished.emit()
    assert plan.choice.name == "my-hotspots-posterior"
    assert "no name/" in panel.choose.complaint.text().replace("\u200b", "")
    for widget in panel.findChildren(type(panel.choose.task)):
        assert widget.toolTip()


def test_what_cannot_be_read_is_left_out_first(planned, looks, survey_of, settled, qtbot, tmp_path):
    bad = [SimpleNamespace(path=Path(f"film{n}.png"), cause="is empty", source="films") for n in range(7)]
    looks(survey=survey_of(unreadable=bad, warnings=["few patients"]), passed=(("a.txt", "no image"),))
    _, panel = planned()
    found = panel.found
    assert found.is_open
    panel.resize(panel.minimumWidth(), 700)
    panel.layout().activate()
    assert panel.scroll_area.widget().minimumSizeHint().width() <= panel.minimumWidth() - 24
    assert "film0.png: is empty" in found.unreadable.text().replace("\u200b", "")
    assert "and 2 more" in found.unreadable.text()
    assert "film6.png" in found.unreadable.toolTip()
    assert "Few patients" in found.warned.text()
    assert not panel.session.plan.possible
    press(panel, "Leave these out")
    settled(panel)
    assert panel.session.plan.possible
    assert found.dot.state is State.DONE
    assert panel.run_bar.run_button.text() == "Train"
    # The estimate cuts the epochs to the time there is: 120 s of reading, 48 s an epoch.
    assert panel.session.plan.config.fit.epochs <= 35
    assert "28 min" in panel.train.estimate.text()
    panel.train.settings.minutes.setValue(10)
    assert "epochs" in panel.train.estimate.text()
    assert panel.session.plan.seconds <= 600
    # Something else is asked for: what was found is out of date.
    panel.choose.shares.changed.emit(panel.session.plan.choice.shares.model_copy(update={"held_out": 0.4}))
    panel.refresh()
    assert found.dot.state is State.STALE
    assert panel.run_bar.run_button.text() == "Look at the data"


def test_a_refusal_and_a_failure_are_told_where_they_belong(
    planned, looks, survey_of, settled, qtbot, tmp_path
):
    looks(survey=survey_of(refusals=["no pixel is labelled left lung: check the labels"]))
    _, panel = planned()
    assert panel.found.dot.state is State.FAILED
    assert "left lung" in panel.found.message
    assert panel.run_bar.run_button.text() == "Look at the data"
    looks(error=BadInput(tmp_path / "films.csv", "the table needs a column image"))
    press(panel, "Look at the data")
    settled(panel)
    assert panel.found.message == "films.csv: the table needs a column image"
    assert not list_trainings(panel.session.home)


def test_a_training_from_images_to_the_comparison(planned, child, settled, qtbot, trainings):
    _, panel = planned()
    child("waits")
    press(panel, "Train")
    qtbot.waitUntil(lambda: panel.session.busy, timeout=LONG_MS)
    assert panel.train.is_open
    qtbot.waitUntil(lambda: "step" in [*panel.session.history.last.values()], timeout=LONG_MS)
    panel.refresh()
    press(panel, "Pause")
    qtbot.waitUntil(lambda: panel.session.phase is Phase.PAUSED, timeout=LONG_MS)
    panel.refresh()
    press(panel, "Go on")
    settled(panel)
    (state,) = list_trainings(trainings)
    assert (state.phase, state.name, state.judged) == ("finished", "my-lungs", True)
    assert panel.session.history.judged["table"][0]["new"] == 0.9
    assert len(panel.session.history.epochs) == 6
    assert panel.train.dot.state is State.DONE
    assert panel.compare.is_open
    assert panel.compare.dot.state is State.DONE
    # Another one needs another look, in a folder of its own.
    assert panel.run_bar.run_button.text() == "Use this network"
    panel.found.run_button.click()
    settled(panel)
    assert panel.session.plan.folder != state.folder
    assert panel.run_bar.run_button.text() == "Train"
    # The one before can be looked at meanwhile.
    qtbot.waitUntil(lambda: len(panel.trainings.shelf) > 0, timeout=LONG_MS)
    panel.trainings.shelf.opened.emit(state.folder)
    panel.refresh()
    assert not panel.train.settings.isVisibleTo(panel)
    assert panel.train.curves.isVisibleTo(panel)
    press(panel, "Back to the plan")
    panel.refresh()
    assert panel.train.settings.isVisibleTo(panel)
    assert panel.run_bar.run_button.text() == "Train"


@pytest.mark.parametrize(
    ("how", "said"), [("fails", "film9.png: the loss became NaN"), ("crashes", "MemoryError")]
)
def test_what_ends_a_training_is_told_and_can_be_gone_on_from(planned, child, settled, how, said):
    _, panel = planned()
    child(how)
    press(panel, "Train")
    settled(panel)
    assert said in panel.train.progress.band.text().replace("\u200b", "")
    assert panel.train.dot.state is State.FAILED
    child("")
    press(panel, "Go on")
    settled(panel)
    assert panel.train.dot.state is State.DONE
    assert panel.session.state.phase == "finished"


def test_a_stopped_training_goes_on_in_another_window(training, docked, settled, child, qtbot):
    _, panel = training()
    folder = panel.session.folder
    child("")
    panel.run_bar.cancel_button.click()
    assert panel.session.phase is Phase.STOPPING
    panel.session.child.process.kill()  # the step of this child takes ten seconds
    settled(panel)
    assert panel.train.message == ""
    assert state_of(folder).resumable
    _, other = docked()
    other.session.open(folder)
    other.refresh()
    assert len(other.session.history.epochs) == 1
    press(other, "Go on")
    settled(other)
    assert other.session.state.phase == "finished"
    assert len(other.session.history.epochs) == 6


def test_a_training_outlives_its_dock_and_ends_with_its_window(training, docked, qtbot):
    viewer, panel = training()
    pid = int(panel.session.child.process._process.processId())
    other, _ = docked()
    assert training_session_of(other) is not panel.session
    viewer.window.remove_dock_widget(panel)
    panel.deleteLater()
    qtbot.wait(50)
    assert alive(pid)
    _, again = docked(viewer)
    assert again.session.phase is Phase.TRAINING
    assert again.run_bar.run_button.text() == "Pause"
    assert again.train.curves.data is not None
    session = again.session
    # Its step takes ten seconds; who closes a window does not wait for it.
    viewer.close()
    qtbot.waitUntil(lambda: not alive(pid), timeout=LONG_MS)
    assert session.phase is Phase.IDLE


def test_a_look_that_came_to_nothing_leaves_nothing(planned, trainings, qtbot):
    viewer, panel = planned()
    assert panel.session.plan.folder.is_dir()
    viewer.close()
    qtbot.waitUntil(lambda: not any(trainings.iterdir()), timeout=LONG_MS)


def test_a_plan_that_is_gone_is_looked_for_again(planned, settled, trainings, tmp_path, monkeypatch):
    _, panel = planned()
    plan = panel.session.plan
    shutil.rmtree(plan.folder)
    panel.session.train()
    assert plan.look is not None
    settled(panel)
    assert plan.possible
    # Kept elsewhere from now on: what was looked for goes there too.
    before = plan.folder
    monkeypatch.setattr(training_state, "trainings_home", lambda: tmp_path / "elsewhere")
    panel.session.set_home(tmp_path / "elsewhere")
    assert plan.looked is None
    assert not before.exists()
    panel.refresh()
    press(panel, "Look at the data")
    settled(panel)
    assert plan.folder.parent == tmp_path / "elsewhere"
    panel.session.train()
    settled(panel)
    assert panel.session.state.phase == "finished"

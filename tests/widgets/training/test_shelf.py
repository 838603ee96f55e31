"""Earlier trainings: what is told of each, and what can be done with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from qtpy.QtCore import Qt

from napari_tbcad.batch.trainings.state import TrainingState, state_of
from napari_tbcad.widgets.training.shelf_words import MARKS, line_of, more_of, size_in_words

LOG = "epoch,loss,validation_dice,iou_right lung\n1,0.5,0.8,0.7\n2,0.4,0.9,0.8\n"


def training(home: Path, name: str, *, log: str = "", ended: dict | None = None, model: bool = False) -> Path:
    """The folder of a training as the process leaves it."""
    folder = home / name
    folder.mkdir(parents=True)
    job = {"version": 1, "do": ["train", "judge"], "name": name, "task": "lungs", "view": "", "epochs": 6}
    (folder / "job.json").write_text(json.dumps(job | {"start": ""}))
    if log:
        (folder / "log.csv").write_text(log)
        (folder / "split.csv").write_text("image,role\n")
    if ended:
        (folder / "ended.json").write_text(json.dumps(ended))
    if model:
        (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def home(tmp_path):
    """Four trainings that ended in four ways."""
    home = tmp_path / "trainings"
    training(home, "whole", log=LOG, ended={"how": "done"}, model=True)
    training(home, "killed", log=LOG)
    training(home, "broken", log=LOG, ended={"how": "failed", "cause": "the loss became NaN in epoch 3"})
    training(home, "planned")
    # What was only looked at belongs to the panel that did.
    seen = training(home, "seen") / "job.json"
    seen.write_text(json.dumps(json.loads(seen.read_text()) | {"do": ["estimate"]}))
    (home / "something else").mkdir()
    return home


def test_every_state_has_a_sign_and_a_word(home):
    told = {name: line_of(state_of(home / name)) for name in ("whole", "killed", "broken", "planned")}
    assert "✓ whole" in told["whole"]
    assert "finished" in told["whole"]
    assert "interrupted · epoch 2 of 6 · IoU 0.80" in told["killed"]
    assert "✕ broken" in told["broken"]
    assert "not begun" in told["planned"]
    assert len({mark for mark, _ in MARKS.values()}) == len(MARKS)
    assert "not compared yet" in more_of(state_of(home / "whole"))
    assert "from a random start" in more_of(state_of(home / "whole"))


def test_other_tasks_are_told_by_name():
    state = TrainingState(Path("x"), name="x", task="4", view="anterior", start="/models/ours.safetensors")
    assert more_of(state).startswith("hotspots, 4 classes, anterior view · from ours")
    assert line_of(state) == "○ x\n     not begun"


def test_sizes(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"0" * 3_400_000)
    assert size_in_words(tmp_path) == "3 MB"


def test_a_folder_deleted_while_it_is_counted_is_no_error(tmp_path):
    # Whoever presses Delete twice in a row has the folder gone before it was counted.
    assert size_in_words(tmp_path / "gone") == "1 MB"


@pytest.fixture
def shelf(qtbot, home):
    from napari_tbcad.widgets.training.shelf import Shelf

    shelf = Shelf(lambda: home)
    qtbot.addWidget(shelf)
    shelf.show()
    assert shelf.empty.isVisible()
    with qtbot.waitSignal(shelf.listed, timeout=10_000):
        shelf.refresh()
    return shelf


@pytest.mark.gui
def test_trainings_are_shown_resumed_and_deleted_after_a_question(qtbot, shelf, home):
    assert len(shelf) == 4
    assert not shelf.empty.isVisible()
    assert not shelf.resume_button.isEnabled()

    shelf.choose(home / "killed")
    assert shelf.resume_button.isEnabled()
    with qtbot.waitSignal(shelf.resume_wanted) as wanted:
        shelf.resume_button.click()
    assert wanted.args == [home / "killed"]
    shelf.set_locked(True)
    assert not shelf.resume_button.isEnabled()
    assert not shelf.open_button.isEnabled()
    shelf.set_locked(False)

    shelf.choose(home / "broken")
    assert "the loss became NaN in epoch 3" in shelf.cause.text().replace("\u200b", "")
    assert shelf.cause.isVisible()
    shelf.choose(home / "whole")
    assert not shelf.cause.isVisible()
    assert not shelf.resume_button.isEnabled()
    with qtbot.waitSignal(shelf.opened) as opened:
        shelf.open_button.click()
    assert opened.args == [home / "whole"]
    shelf.set_current(home / "whole")
    assert shelf.rows.currentItem().font().bold()

    qtbot.keyClick(shelf.rows, Qt.Key.Key_Delete)
    assert shelf.question.isVisible()
    qtbot.waitUntil(lambda: "1 MB" in shelf.question.text(), timeout=10_000)
    shelf.keep_button.click()
    assert not shelf.question.isVisible()
    assert (home / "whole").is_dir()
    shelf.delete_button.click()
    with qtbot.waitSignals([shelf.deleted, shelf.listed], timeout=10_000):
        shelf.sure_button.click()
    assert not (home / "whole").exists()
    assert len(shelf) == 3
    assert not shelf.sure_button.isVisible()


@pytest.mark.gui
def test_a_training_that_runs_elsewhere_is_left_alone(qtbot, shelf, home):
    from napari_tbcad.batch.trainings.state import claimed

    with claimed(home / "killed"), qtbot.waitSignal(shelf.listed, timeout=10_000):
        shelf.refresh()
    shelf.choose(home / "killed")
    assert "running" in shelf.rows.currentItem().text()
    assert not shelf.resume_button.isEnabled()
    assert not shelf.delete_button.isEnabled()
    assert not shelf.open_button.isEnabled()

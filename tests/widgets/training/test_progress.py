"""How far a training is, and what is said when it waits, ends or fails."""

from __future__ import annotations

import pytest

from napari_tbcad.widgets.parts.time_left import TimeLeft


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_time_left_runs_down_by_itself_and_does_not_jump(clock):
    time = TimeLeft(clock)
    time.start()
    assert time.left is None
    for _ in range(5):
        clock.now += 1
        time.guess(600 - clock.now + 105)
    assert time.left == pytest.approx(600)
    # A machine that is busy for a moment: guesses twice as long for two seconds.
    for _ in range(4):
        clock.now += 0.5
        time.guess(1200)
    assert time.left < 750
    # ... and for long: the guess is believed.
    for _ in range(200):
        clock.now += 1
        time.guess(1200)
    assert time.left > 1000


def test_a_pause_costs_no_time(clock):
    time = TimeLeft(clock)
    time.start()
    for _ in range(5):
        clock.now += 1
        time.guess(100)
    left, spent = time.left, time.spent
    time.pause()
    clock.now += 1000
    assert (time.left, time.spent) == (left, spent)
    time.go_on()
    assert time.left == pytest.approx(left)
    clock.now += 10
    assert time.left == pytest.approx(left - 10)
    assert time.spent == pytest.approx(spent + 10)
    time.stop()
    clock.now += 500
    assert time.spent == pytest.approx(spent + 10)


STEP = {
    "event": "step",
    "step": 30,
    "steps": 120,
    "epoch": 2,
    "epochs": 8,
    "loss": 0.4,
    "seconds_left": 300.0,
}


@pytest.mark.gui
def test_a_training_is_told_from_its_begin_to_its_end(qtbot, clock):
    from napari_tbcad.widgets.training.progress import Progress

    progress = Progress()
    qtbot.addWidget(progress)
    progress.time = TimeLeft(clock)
    progress.show()
    assert not progress.bar.isVisible()

    progress.show_event({"event": "stage", "what": "train"})
    progress.show_event({"event": "decoding", "done": 5, "of": 20})
    assert "5 of 20" in progress.where.text()
    assert progress.bar.value() == 250
    progress.show_event({"event": "begun", "epoch": 0, "epochs": 8, "device": "cpu"})
    for _ in range(5):
        clock.now += 1
        progress.show_event(STEP)
    assert progress.where.text() == "epoch 2 of 8 · step 30 of 120"
    assert "about 5 min left" in progress.times.text()
    assert "processor" in progress.times.text()

    progress.show_event({"event": "paused"})
    assert progress.band.isVisible()
    assert progress.band.text().startswith("❚❚")
    clock.now += 1000
    progress.show_event({"event": "going_on"})
    assert not progress.band.isVisible()
    progress.show_event(STEP)
    assert "5 s so far" in progress.times.text()

    progress.show_event({"event": "trained", "epochs": 8, "seconds": 754.0})
    progress.show_event({"event": "done", "model": "model.safetensors"})
    assert progress.where.text() == "8 epochs in 12 min 34 s"
    assert (progress.state, progress.bar.value()) == ("done", 1000)


@pytest.mark.gui
def test_a_training_that_stops_or_fails_says_what_is_left(qtbot):
    from napari_tbcad.widgets.training.progress import Progress

    progress = Progress()
    qtbot.addWidget(progress)
    progress.show()
    progress.show_event(STEP)
    progress.show_event({"event": "stopped", "epoch": 2, "what": "train"})
    assert "last whole epoch" in progress.band.text()
    assert "after epoch 1 of 8" in progress.where.text()

    progress.clear()
    assert not progress.band.isVisible()
    progress.show_event(STEP)
    failed = {
        "event": "failed",
        "source": "/data/out",
        "cause": "the loss became NaN in epoch 2",
        "what": "train",
    }
    progress.show_event(failed)
    assert "the loss became NaN in epoch 2" in progress.band.text().replace("\u200b", "")
    assert progress.state == "failed"
    progress.show_event({"event": "failed", "source": "film9.png", "cause": "unreadable", "what": "judge"})
    assert "trained network stays" in progress.band.text()
    # What nobody expects is passed over.
    progress.show_event({"event": "something new"})

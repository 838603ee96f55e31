"""A learning rate is chosen once for a method, scheme and view, by watched patients alone."""

from __future__ import annotations

import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.locks import claimed
from napari_tbcad.evaluate.compare.plan import Run
from napari_tbcad.evaluate.compare.tuning import Busy, close_trials, tuned_rate, write_tuning
from napari_tbcad.networks.fit import TrainingStopped
from napari_tbcad.networks.module import LossNotFinite

RUN = Run("first", "4", "anterior", 1)


class Trials:
    """Scores by rate; counts what was tried."""

    def __init__(self, scores):
        self.scores, self.tried = scores, []

    def __call__(self, config, place):
        self.tried.append((config.fit.learning_rate, config.fit.epochs, config.seed))
        score = self.scores[config.fit.learning_rate]
        if score is None:
            raise TrainingStopped(place, "the loss became nan") from LossNotFinite("nan in epoch 1")
        return score, 2.5


def test_the_better_rate_is_kept_and_nothing_is_tried_twice(small, tmp_path):
    trials = Trials({0.001: 0.2, 0.01: 0.7})
    for seed in (0, 1):
        run = Run("first", "4", "anterior", seed)
        assert tuned_rate(small, run, tmp_path, tmp_path / "split.csv", trials, say=lambda line: None) == 0.01
    # Whatever the run's seed, trials have that of the comparison.
    assert trials.tried == [(0.001, 1, 0), (0.01, 1, 0)]
    rows = write_tuning(tmp_path)
    assert [(float(row["learning_rate"]), row["chosen"]) for row in rows] == [(0.001, 0), (0.01, 1)]


def test_a_rate_whose_loss_became_nan_is_not_chosen(small, tmp_path):
    trials = Trials({0.001: 0.1, 0.01: None})
    assert tuned_rate(small, RUN, tmp_path, tmp_path / "s", trials, say=lambda line: None) == 0.001
    assert [row["chosen"] for row in write_tuning(tmp_path)] == [1, 0]


def test_rates_that_the_trials_did_not_tell_apart_are_named(small, tmp_path):
    for view, scores in (("anterior", {0.001: 0.30, 0.01: 0.31}), ("posterior", {0.001: 0.3, 0.01: 0.5})):
        run = Run("first", "4", view, 0)
        tuned_rate(small, run, tmp_path, tmp_path / "s", Trials(scores), say=lambda line: None)
    assert close_trials(tmp_path) == (["first-4-anterior"], 2)
    assert [row["chosen"] for row in write_tuning(tmp_path)] == [0, 1, 0, 1]
    assert close_trials(tmp_path / "elsewhere") == ([], 0)


def test_no_rate_left_is_told(small, tmp_path):
    with pytest.raises(BadInput, match="name lower ones"):
        tuned_rate(
            small, RUN, tmp_path, tmp_path / "s", Trials({0.001: None, 0.01: None}), say=lambda line: None
        )


def test_a_full_disk_is_no_bad_rate(small, tmp_path):
    def full(config, place):
        raise TrainingStopped(place, "a file cannot be written (No space left on device)")

    with pytest.raises(TrainingStopped, match="No space"):
        tuned_rate(small, RUN, tmp_path, tmp_path / "s", full, say=lambda line: None)
    assert write_tuning(tmp_path) == []


def test_trials_of_another_process_are_not_repeated(small, tmp_path):
    with claimed(tmp_path / "tuning" / "first-4-anterior") as own:
        assert own
        with pytest.raises(Busy):
            tuned_rate(small, RUN, tmp_path, tmp_path / "s", Trials({}), say=lambda line: None)

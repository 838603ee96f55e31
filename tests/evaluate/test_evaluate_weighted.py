import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from napari_tbcad.evaluate.metrics import recall_at_specificity
from napari_tbcad.evaluate.weighted import Judged, measures


def judged(n=80, patients=30, seed=0, *, ties=True):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.4
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + 1.2 * truth - 0.5)))
    score = np.round(score, 1) if ties else score
    return Judged.of(truth, score, score >= 0.5, rng.integers(0, patients, n))


def drawn(patients=30, draws=6, seed=1):
    return np.random.default_rng(seed).integers(0, 4, (draws, patients)).astype(float)


def test_weighted_measures_are_scikit_learns():
    films, weights = judged(), drawn()
    found = measures(films, weights)
    for number, row in enumerate(weights):
        w = {"sample_weight": row[films.owner]}
        y, d = films.truth, films.decision
        expected = {
            "auc": roc_auc_score(y, films.score, **w),
            "recall": recall_score(y, d, **w),
            "specificity": recall_score(~y, ~d, **w),
            "precision": precision_score(y, d, **w),
            "f1": f1_score(y, d, **w),
            "f1_normal": f1_score(~y, ~d, **w),
            "accuracy": accuracy_score(y, d, **w),
            "error_rate": 1 - accuracy_score(y, d, **w),
            "brier": brier_score_loss(y, films.score, **w),
        }
        for name, value in expected.items():
            assert found[name][number] == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize("ties", [True, False])
def test_a_film_that_weighs_two_is_a_film_twice(ties):
    films, weights = judged(ties=ties), drawn()
    found = measures(films, weights)
    for number, row in enumerate(weights):
        again = np.repeat(np.arange(len(films.truth)), row[films.owner].astype(int))
        copies = Judged(films.truth[again], films.score[again], films.decision[again], np.arange(len(again)))
        plain = measures(copies, np.ones((1, len(again))))
        for name, values in found.items():
            # Draws of the calibration are computed in float32.
            tolerance = 2e-3 if name.startswith("calibration") else 1e-9
            assert values[number] == pytest.approx(plain[name][0], abs=tolerance), name


def test_operating_points():
    y = np.repeat([0, 1], 10)
    score = np.r_[np.arange(10), np.arange(5, 15)] / 20
    found = measures(Judged.of(y, score, score > 0.3, np.arange(20)), np.ones((1, 20)))
    # 7 of 10 controls (0…6) lie at or below 6; 8 cases (7…14) lie above it.
    assert found["recall_at_specificity_70"][0] == 0.8
    # 9 of 10 cases (6…14) lie at or above 6; 6 controls (0…5) lie below it.
    assert found["specificity_at_recall_90"][0] == 0.6
    for seed in range(5):
        films = judged(seed=seed)
        value = measures(films, np.ones((1, 30)))["recall_at_specificity_70"][0]
        assert value == recall_at_specificity(films.truth, films.score).value


def test_what_is_not_defined():
    films = judged()
    nobody, healthy = np.zeros(30), np.ones(30)
    healthy[films.owner[films.truth]] = 0
    found = measures(films, np.stack([nobody, healthy]))
    assert all(np.isnan(values[0]) for values in found.values())
    undefined = {name for name, values in found.items() if np.isnan(values[1])}
    assert {"auc", "recall", "recall_at_specificity_70", "specificity_at_recall_90"} <= undefined
    assert {"calibration_slope", "calibration_intercept"} <= undefined
    assert {"specificity", "accuracy", "brier", "ece"}.isdisjoint(undefined)

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from napari_tbcad.evaluate.metrics import (
    auc,
    compare_aucs,
    confusion,
    recall_at_specificity,
    wilson,
)
from napari_tbcad.evaluate.weighted import Judged, count_measures


def sample(n=120, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3 == 0
    return y, rng.normal(size=n) + shift * y


def test_the_projects_own_table_is_reproduced():
    # Its support vector machine: 61 TP, 40 TN, 25 FP, 7 FN.
    y = np.repeat([1, 1, 0, 0], [61, 7, 25, 40])
    d = np.repeat([1, 0, 1, 0], [61, 7, 25, 40])
    figures = count_measures(Judged.of(y, d, d, np.arange(133)), np.ones((1, 133)))
    assert confusion(y, d) == (61, 7, 25, 40)
    expected = {"accuracy": 0.7594, "recall": 0.897, "precision": 0.709, "f1": 0.792, "error_rate": 0.2406}
    for name, value in expected.items():
        assert figures[name][0] == pytest.approx(value, abs=5e-4)


def test_the_auc_agrees_with_scikit_learn():
    y, s = sample()
    assert auc(y, s).value == pytest.approx(roc_auc_score(y, s))
    assert auc(y, s).low < auc(y, s).value < auc(y, s).high


def test_wilson_at_the_ends_and_a_published_value():
    # Newcombe 1998, table I: 81 of 263, Wilson without continuity correction 0.2553–0.3662.
    assert wilson(81, 263) == pytest.approx((0.3080, 0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20).low == 0
    assert 0.1 < wilson(0, 20).high < 0.2
    assert wilson(20, 20).high == 1
    assert np.isnan(wilson(0, 0).value)


def test_ties_count_half():
    y, s = np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 2.0, 3.0])
    assert auc(y, s).value == 0.875


def test_the_auc_interval_covers_the_truth_about_95_times_in_100():
    from scipy.stats import norm

    truth = norm.cdf(1.0 / np.sqrt(2))
    inside = [(f := auc(*sample(seed=seed))).low <= truth <= f.high for seed in range(400)]
    assert 0.92 <= np.mean(inside) <= 0.98


def test_perfect_separation_does_not_pretend_certainty():
    y = np.repeat([0, 1], 10)
    f = auc(y, y)
    assert f.value == f.high == 1
    assert 0.5 < f.low < 0.9
    assert np.isnan(auc(np.ones(5), np.arange(5)).value)


def test_paired_test_finds_a_difference_that_separate_intervals_hide():
    y, s = sample(1500)
    rng = np.random.default_rng(1)
    worse = s + 0.8 * rng.normal(size=1500)
    result = compare_aucs(y, s, worse)
    assert result.first.low < result.second.high
    assert result.p_value < 0.01
    assert result.difference.low > 0
    assert result.difference.value == pytest.approx(roc_auc_score(y, s) - roc_auc_score(y, worse))


def test_paired_test_of_equal_scores_rejects_as_often_as_it_says():
    rejected = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        y = np.arange(100) % 2
        base = rng.normal(size=100) + y
        rejected += compare_aucs(y, base + rng.normal(size=100), base + rng.normal(size=100)).p_value < 0.05
    assert rejected / 200 < 0.11
    y, s = sample()
    assert compare_aucs(y, s, s).p_value == 1
    with pytest.raises(ValueError, match="same films"):
        compare_aucs(y, s, s[:-1])


def test_recall_at_specificity():
    y = np.repeat([0, 1], 10)
    s = np.r_[np.arange(10), np.arange(5, 15)].astype(float)
    # 7 of 10 controls (0…6) lie at or below 6; 8 cases (7…14) lie above it.
    assert recall_at_specificity(y, s, 0.70).value == 0.8
    assert recall_at_specificity(y, s, 1.0).value == 0.5

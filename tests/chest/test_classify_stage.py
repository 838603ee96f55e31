import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from napari_tbcad.chest.classify.columns import DropCollinear
from napari_tbcad.chest.classify.inner_folds import inner_folds
from napari_tbcad.chest.classify.operating_point import (
    canonical_name,
    choose_threshold,
    parse_operating_point,
)
from napari_tbcad.chest.classify.stage import CalibratedStage, LogOddsGaussianNB


def films(n=160, n_features=6, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.normal(size=(n, n_features))
    X[:, 0] += shift * y
    return X, y


def test_copies_and_constant_columns_are_dropped_and_the_first_is_kept():
    X, _ = films()
    table = np.column_stack([X[:, 0], np.full(len(X), 7.3), 2 * X[:, 0] + 1, -X[:, 1], X[:, 1]])
    assert DropCollinear().fit(table).kept_.tolist() == [0, 3]
    assert DropCollinear(1.0).fit(X).kept_.tolist() == list(range(6))


def test_all_columns_constant_leave_one():
    assert DropCollinear().fit(np.ones((5, 3))).transform(np.ones((2, 3))).shape == (2, 1)


def test_copies_of_a_column_make_plain_naive_bayes_surer_but_not_the_stage():
    X, y = films()
    copies = np.column_stack([X] + [X[:, :1]] * 8)
    spread = [np.abs(LogOddsGaussianNB().fit(A, y).decision_function(A)).mean() for A in (X, copies)]
    assert spread[1] > 2 * spread[0]
    alone, repeated = (CalibratedStage("nb").fit(A, y).scores(A) for A in (X, copies))
    np.testing.assert_allclose(alone[0], repeated[0])
    np.testing.assert_allclose(alone[1], repeated[1])


@pytest.mark.parametrize("method", ["svm", "nb"])
@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic"])
def test_probabilities_are_calibrated_on_films_not_seen(method, calibration):
    X, y = films(600, shift=1.2)
    stage = CalibratedStage(method, calibration=calibration)
    p = cross_val_predict(stage, X, y, cv=4, method="predict_proba")[:, 1]
    for part in np.array_split(np.argsort(p), 4):
        low, high = stats.binom.interval(0.999, len(part), p[part].mean())
        assert low <= y[part].sum() <= high


def test_platt_agrees_with_the_analytic_log_odds_of_two_normals():
    # x | 0 ~ N(0, 1) and x | 1 ~ N(d, 1) have log-odds d x − d²/2.
    rng = np.random.default_rng(1)
    y = np.arange(4000) % 2
    X = rng.normal(size=(4000, 1)) + 1.5 * y[:, None]
    p = CalibratedStage("nb").fit(X, y).predict_proba(X)[:, 1]
    expected = 1 / (1 + np.exp(-(1.5 * X[:, 0] - 1.5**2 / 2)))
    assert np.abs(p - expected).max() < 0.04


def test_nan_is_refused_and_one_class_is_refused():
    X, y = films()
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        CalibratedStage().fit(X, y)
    with pytest.raises(ValueError, match="one class"):
        CalibratedStage().fit(films()[0], np.zeros(160))
    with pytest.raises(ValueError, match="at least 2 films"):
        CalibratedStage().fit(films(9)[0], np.array([0] * 8 + [1]))


def test_inner_folds_never_part_a_patient():
    y = np.repeat([0, 1], 30)
    patients = np.repeat(np.arange(20), 3)
    splits = inner_folds(y, patients, n_folds=5, random_state=0)
    assert sorted(np.concatenate([test for _, test in splits]).tolist()) == list(range(60))
    for train, test in splits:
        assert not set(patients[train]) & set(patients[test])


def test_films_of_one_patient_in_both_parts_would_inflate_the_score():
    # Each patient has a fingerprint and a label without connection: only seeing the patient helps.
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(30), 6)
    prints, labels = rng.normal(size=(30, 4)), np.arange(30) % 2
    X, y = prints[patients] + 0.05 * rng.normal(size=(180, 4)), labels[patients]

    def unseen(groups):
        p = np.empty(180)
        for train, test in inner_folds(y, groups, n_folds=5, random_state=1):
            p[test] = CalibratedStage(C=10).fit(X[train], y[train]).predict_proba(X[test])[:, 1]
        return roc_auc_score(y, p)

    assert unseen(None) > 0.95
    assert unseen(patients) < 0.75


def test_operating_points():
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    p = np.array([0.1, 0.2, 0.3, 0.62, 0.25, 0.6, 0.65, 0.7, 0.8, 0.9])
    assert choose_threshold(y, p, "0.5") == 0.5
    t = choose_threshold(y, p, "sensitivity=0.8")
    assert 0.3 < t < 0.6  # five of six; the next higher threshold keeps four
    assert 0.62 < choose_threshold(y, p, "youden") < 0.65
    t = choose_threshold(y, p, "specificity=1")
    assert (p[y == 0] < t).all()
    assert 0.62 < t < 0.65


def test_thresholds_with_probabilities_of_exactly_zero_and_one():
    y, p = np.array([0, 0, 1, 1]), np.array([0.0, 1.0, 0.0, 1.0])
    assert (p >= choose_threshold(y, p, "sensitivity=1")).all()
    assert not (p >= choose_threshold(y, p, "specificity=1")).any()


def test_operating_point_names():
    assert parse_operating_point("sensitivity=0.90") == ("sensitivity", 0.9)
    assert canonical_name(" Sensitivity=0.90 ") == "sensitivity=0.9"
    assert canonical_name(0.5) == "0.5"
    for wrong in ("best", "sensitivity", "sensitivity=2", "1", "-0.1", "nan", "youden=3"):
        with pytest.raises(ValueError, match="operating point"):
            parse_operating_point(wrong)


def test_parameters_survive_cloning():
    stage = CalibratedStage("nb", whiten=True, n_folds=3)
    assert clone(stage).get_params() == stage.get_params()


@pytest.mark.parametrize("options", [{}, {"whiten": True}, {"method": "nb"}])
def test_the_score_is_the_pipelines_to_the_last_bit(options):
    X, y = films()
    stage = CalibratedStage(**options).fit(X, y)
    np.testing.assert_array_equal(stage.scores(X[:7])[0], stage.pipeline_.decision_function(X[:7]))

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.utils.estimator_checks import estimator_checks_generator

from napari_tbcad.chest.classify.decision import combine_stages
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier, from_stages
from napari_tbcad.chest.classify.stage import CalibratedStage


def films(n=200, shift=(1.5, 1.5), seed=0):
    """Three shape columns, of which the first knows, and three more, of which the first knows."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.normal(size=(n, 6))
    X[:, 0] += shift[0] * y
    X[:, 3] += shift[1] * y
    return X, y


def cascade(**options):
    return HierarchicalClassifier([0, 1, 2], **{"n_folds": 3, **options})


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks():
    for candidate, check in estimator_checks_generator(HierarchicalClassifier(n_folds=3)):
        if "array_api" not in str(check):
            check(candidate)


@pytest.mark.parametrize("method", ["svm", "nb"])
@pytest.mark.parametrize("operating_point", ["0.5", "youden", "sensitivity=0.9"])
@pytest.mark.parametrize("gate", [0.3, 0.5, "specificity=0.9"])
def test_probability_lies_on_the_decisions_side(method, operating_point, gate):
    X, y = films()
    model = cascade(method=method, operating_point=operating_point, stage1_threshold=gate).fit(X, y)
    for t in (None, 0.05, 0.31, 0.5, 0.77, 0.95):
        s = model.predict_stages(X, threshold=t)
        assert np.array_equal(s.decision == 1, s.probability >= s.threshold)
        assert np.array_equal(s.deciding_stage == 1, s.p1 >= s.gate)
        assert (s.decision[s.deciding_stage == 1] == 1).all()
        np.testing.assert_array_equal(s.probability, np.where(s.deciding_stage == 1, s.p1, s.p2))
    assert np.array_equal(model.predict(X) == 1, model.predict_proba(X)[:, 1] >= model.threshold_)
    assert np.array_equal(model.predict(X) == 1, model.decision_function(X) >= 0)


def test_the_examples_of_the_design():
    # 0.4 and 0.4 must stay 0.4, and a stage-1 alarm must show stage 1's probability.
    s = combine_stages(
        np.zeros(3),
        np.array([0.4, 0.8, 0.55]),
        np.zeros(3),
        np.array([0.4, 0.0, 0.1]),
        threshold=0.6,
        gate=0.6,
    )
    assert s.probability.tolist() == [0.4, 0.8, 0.1]
    assert s.decision.tolist() == [0, 1, 0]
    assert s.deciding_stage.tolist() == [2, 1, 2]


def test_out_of_fold_score_is_the_decision_at_any_threshold():
    X, y = films()
    model = cascade(stage1_threshold=0.5).fit(X, y)
    # The score of the fitted model by the same rule as out_of_fold:
    s = model.predict_stages(X)
    score = np.where(s.p1 >= model.gate_, np.maximum(s.p1, s.p2), s.p2)
    for t in np.linspace(0.02, 0.98, 25):
        np.testing.assert_array_equal(score >= t, model.predict_stages(X, threshold=t).decision == 1)


def test_random_labels_are_not_learned_by_nested_folds():
    rng = np.random.default_rng(3)
    areas = []
    for seed in range(5):
        X, y = rng.normal(size=(80, 8)), rng.permutation(np.arange(80) % 2)
        model = cascade(stage1_threshold=0.5, C=10, n_folds=2, random_state=seed)
        p = cross_val_predict(model, X, y, cv=2, method="predict_proba")[:, 1]
        areas.append(roc_auc_score(y, p))
    assert 0.38 < np.mean(areas) < 0.62
    # The same model judged on its own training films looks good: the test above can fail.
    seen = cascade(stage1_abstains=True, C=10).fit(X, y).predict_stages(X).score2
    assert roc_auc_score(y, seen) > 0.9


def test_stage_two_trains_on_what_an_unseen_stage_one_passes():
    # Stage 1 memorises: on its own training films it would stop every positive one (C large, few films).
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 6)), np.arange(80) % 2
    model = cascade(C=1e3, gamma=5.0, stage1_threshold=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    stopped_seen = (model.stage1_.scores(X[:, :3])[0][y == 1] > 0).mean()
    assert stopped_seen == 1.0
    assert model.n_passed_ > 20


def test_threshold_reaches_the_wanted_sensitivity_on_new_films():
    X, y = films(500, seed=1)
    new, truth = films(2000, seed=2)
    model = cascade(operating_point="sensitivity=0.9").fit(X, y)
    assert 0.84 < model.predict(new)[truth == 1].mean() < 0.96
    assert model.threshold_ != 0.5


def test_a_stage_one_that_stops_everything_is_told_and_mended():
    X, y = films(shift=(30.0, 1.5))
    with pytest.warns(UserWarning, match="too few to train stage 2"):
        model = cascade(stage1_threshold=0.001).fit(X, y)
    assert model.n_passed_ == len(X)
    assert model.complaints_
    assert np.isfinite(model.predict_proba(X)).all()


def test_a_stage_one_that_decides_nothing_leaves_all_to_stage_two():
    X, y = films()
    silent = cascade(stage1_abstains=True).fit(X, y)
    s = silent.predict_stages(X)
    assert (s.deciding_stage == 2).all()
    assert np.isfinite(s.p1).all()
    single = HierarchicalClassifier(single_stage=True, n_folds=3).fit(X, y).predict_stages(X)
    assert np.isnan(single.p1).all()
    np.testing.assert_allclose(s.p2, single.p2)


def test_a_stage_without_signal_is_told():
    rng = np.random.default_rng(0)
    # The classes are each other's neighbours (XOR by pairs), so that unseen films are ordered wrongly.
    X = np.repeat(rng.normal(size=(40, 6)), 2, axis=0)
    X[:, 3] += 1e-3 * np.tile([0, 1], 40)
    model = HierarchicalClassifier(single_stage=True, n_folds=40, C=10, gamma=1.0).fit(X, np.tile([0, 1], 40))
    assert any("no better than chance" in line for line in model.complaints_)
    assert not cascade().fit(*films()).complaints_


def test_too_few_films():
    X, y = films(20)
    assert cascade().fit(X[:8], y[:8]).predict(X).shape == (20,)
    with pytest.raises(ValueError, match="at least 2 films"):
        cascade().fit(X[:3], [0, 0, 1])


def test_constant_and_copied_columns_do_not_matter():
    X, y = films()
    more = np.column_stack([X, X[:, 3], np.ones(len(X))])
    np.testing.assert_allclose(
        cascade().fit(X, y).predict_proba(X), cascade().fit(more, y).predict_proba(more), atol=1e-12
    )


def test_columns_by_name_and_wrong_columns():
    X, y = films()
    table = pd.DataFrame(X, columns=list("abcdef"))
    by_name = HierarchicalClassifier(["a", "b", "c"], n_folds=3).fit(table, y)
    np.testing.assert_allclose(by_name.predict_proba(table), cascade().fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match="not among the feature names"):
        HierarchicalClassifier(["a", "nowhere"]).fit(table, y)
    with pytest.raises(ValueError, match="must lie in"):
        HierarchicalClassifier([0, 6]).fit(X, y)


def test_nan_is_refused():
    X, y = films()
    model = cascade().fit(X, y)
    X[0, 5] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.predict(X)
    with pytest.raises(ValueError, match="NaN"):
        cascade().fit(X, y)


def test_early_exit_needs_no_stage_two_features_where_stage_one_decides():
    X, y = films(shift=(3.0, 1.5))
    model = cascade(stage1_threshold=0.5).fit(X, y)
    full = model.predict_stages(X)
    missing = X.copy()
    missing[:, 3:] = np.nan
    early = model.predict_stages(missing, early_exit=True)
    first = full.deciding_stage == 1
    assert 20 < first.sum() < 180
    np.testing.assert_array_equal(early.probability[first], full.probability[first])
    assert (early.decision[~first] == -1).all()
    assert (early.deciding_stage[~first] == 0).all()
    assert np.isnan(early.p2).all()
    with_all = model.predict_stages(X, early_exit=True)
    np.testing.assert_array_equal(with_all.probability, full.probability)
    assert np.isnan(with_all.p2[first]).all()
    missing[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.predict_stages(missing, early_exit=True)


def test_stages_from_different_data_are_joined():
    outlines, labels = films(150, seed=5)
    stage1 = CalibratedStage("nb", n_folds=3).fit(10 * outlines[:, :3] + 4, labels)
    X, y = films(seed=6)
    X[:, :3] = 10 * X[:, :3] + 4
    joined = from_stages(stage1, X, y, stage1_columns=[0, 1, 2], operating_point="youden", n_folds=3)
    s = joined.predict_stages(X)
    np.testing.assert_allclose(s.p1, stage1.scores(X[:, :3])[1])
    assert np.array_equal(s.decision == 1, s.probability >= joined.threshold_)
    assert 0 < (s.deciding_stage == 1).mean() < 1
    # A clone still holds the stage it was given, so that the joined model can be cross-validated.
    again = clone(joined).fit(X[:100], y[:100])
    np.testing.assert_allclose(again.predict_stages(X).p1, s.p1)
    with pytest.raises(ValueError, match="3 columns"):
        from_stages(stage1, X, y, stage1_columns=[0, 1])


def test_joining_checks_the_names():
    outlines, labels = films(90)
    stage1 = CalibratedStage(n_folds=3).fit(pd.DataFrame(outlines[:, :2], columns=["h", "w"]), labels)
    table = pd.DataFrame(outlines, columns=["w", "h", "c", "d", "e", "f"])
    with pytest.raises(ValueError, match="same order"):
        from_stages(stage1, table, labels, stage1_columns=["w", "h"])
    joined = from_stages(stage1, table, labels, stage1_columns=["h", "w"], n_folds=3)
    expected = stage1.scores(table[["h", "w"]])[1]
    np.testing.assert_allclose(joined.predict_stages(table).p1, expected)
    assert stage1.feature_names_in_.tolist() == ["h", "w"]


def test_groups_reach_the_inner_folds():
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(24), 5)
    prints = rng.normal(size=(24, 6))
    X, y = prints[patients] + 0.05 * rng.normal(size=(120, 6)), (np.arange(24) % 2)[patients]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loose = cascade(operating_point="youden").fit(X, y)
        kept = cascade(operating_point="youden").fit(X, y, groups=patients)
    assert roc_auc_score(y, loose.out_of_fold_score_) > 0.85
    assert roc_auc_score(y, kept.out_of_fold_score_) < 0.7

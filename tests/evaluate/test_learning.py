from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.fitting import Fitted
from napari_tbcad.evaluate.folds import stratified_folds
from napari_tbcad.evaluate.learning import learning_curve
from napari_tbcad.evaluate.learning_reading import reading, shape_of

FAST = {"n_folds": 2}


def quick(jobs):
    """Score by the distance along the line between both classes' means: a fit in no time."""
    for job in jobs:
        X, train, test = job.X.to_numpy(), job.fold.train, job.fold.test
        sick = job.y[train] == 1
        score = X[test] @ (X[train][sick].mean(axis=0) - X[train][~sick].mean(axis=0))
        said = {"file": job.X.index[test], "label": job.y[test], "probability": score}
        yield Fitted(job.name, job.fold.name, pd.DataFrame(said), 0, 0)


def films(n=160, shift=1.0):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    X = pd.DataFrame(rng.normal(size=(n, 3)) + shift * y[:, None], columns=["area_left", "glcm_a", "glcm_b"])
    return X.set_axis([f"{i}.png" for i in range(n)]), y


def test_subsets_are_nested_whole_patients_on_the_same_test_films():
    X, y = films()
    patients, y = np.repeat(np.arange(80), 2), np.repeat(np.arange(80) % 2, 2)
    seen = []

    def fits(jobs):
        seen.extend(jobs)
        return quick(jobs)

    control = X * 0 + np.random.default_rng(1).normal(size=X.shape)
    control.iloc[0] = np.nan
    curve = learning_curve(
        X,
        y,
        stratified_folds(y, 2, groups=patients),
        method="single_nb",
        control=control,
        groups=patients,
        shares=(0.1, 0.5),
        draws=2,
        n_bootstrap=40,
        fits=fits,
    )
    # A tenth of 20 patients of each class is too few; half of 40 films stands beside all of them.
    assert list(curve["n"]) == [40, 40, 80]
    assert list(curve["n_tb"]) == [20, 20, 40]
    assert list(curve["repeat"]) == [1, 2, 1]
    mine = [job for job in seen if job.name == "single_nb"]
    half, full = mine[0].fold, mine[2].fold
    assert set(half.train) < set(full.train)
    assert np.array_equal(half.test, full.test)
    counts = np.unique(patients[half.train], return_counts=True)[1]
    assert set(counts) == {2}
    assert set(mine[0].fold.train) != set(mine[4].fold.train)
    assert np.isfinite(curve["control_auc"]).all()
    assert abs(curve["control_auc"].mean() - 0.5) < 0.25
    assert curve["to_full"].iloc[-1] == 0
    assert curve["to_full_low"].iloc[0] <= curve["to_full"].iloc[0] <= curve["to_full_high"].iloc[0]


def test_the_last_point_is_the_score_with_all_films():
    from napari_tbcad.evaluate.controls import control_predictions
    from napari_tbcad.evaluate.metrics import auc

    X, y = films()
    folds = stratified_folds(y, 2)
    curve = learning_curve(
        X, y, folds, method="single_nb", options=FAST, shares=(0.5,), draws=1, n_bootstrap=20
    )
    found = control_predictions({"x": X}, y, folds, method="single_nb", options=FAST)
    by_fold = [auc(part["label"], part["probability"]).value for _, part in found.groupby("fold")]
    assert curve["auc"].iloc[-1] == pytest.approx(np.mean(by_fold))


def test_too_few_films_give_no_curve_and_impossible_shares_are_refused():
    X, y = films(30)
    empty = learning_curve(X, y, stratified_folds(y, 2), method="single_nb")
    assert empty.empty
    assert reading(empty) == "Too few films for a learning curve."
    with pytest.raises(BadInput, match="shares"):
        learning_curve(X, y, stratified_folds(y, 2), shares=(0, 2))


def test_a_control_with_too_few_values_is_left_out_and_a_fold_of_one_class_refused():
    X, y = films(80)
    control = X.assign(area_left=np.where(y == 1, np.nan, 0.0))
    folds = stratified_folds(y, 2)
    found = learning_curve(
        X, y, folds, method="single_nb", control=control, shares=(0.5,), draws=1, n_bootstrap=20, fits=quick
    )
    assert len(found) == 2
    assert np.isfinite(found["auc"]).all()
    assert found["control_auc"].isna().all()
    one = replace(folds[0], test=folds[0].test[y[folds[0].test] == 1])
    with pytest.raises(BadInput, match="fold 1 tests films of one class only"):
        learning_curve(X, y, [one], method="single_nb", fits=quick)


def curve(gains, *, low=0.7, control=(0.5, 0.5)):
    """Rows of sizes 50, 100, 200 …; gains: (to_full, low, high) of each but the last."""
    sizes = [50 * 2**k for k in range(len(gains) + 1)]
    rest = np.array([*gains, (0.0, 0.0, 0.0)])
    return pd.DataFrame(
        {
            "method": "single_svm",
            "n": sizes,
            "repeat": 1,
            "auc": 0.9 - rest[:, 0],
            "low": low,
            "high": 0.95,
            "control_auc": np.linspace(*control, len(sizes)),
            "to_full": rest[:, 0],
            "to_full_low": rest[:, 1],
            "to_full_high": rest[:, 2],
        }
    )


@pytest.mark.parametrize(
    ("gains", "shape", "flat"),
    [
        ([(0.1, 0.05, 0.15), (0.03, 0.01, 0.05)], "rising", 0),
        ([(0.1, 0.05, 0.15), (0.03, -0.01, 0.07)], "open", 0),
        ([(0.1, 0.05, 0.15), (0.005, -0.01, 0.015)], "flat", 100),
        ([(0.01, -0.01, 0.018), (0.0, -0.01, 0.01)], "flat", 50),
        # Flat from 50 alone does not count where 100 is not surely so.
        ([(0.01, -0.01, 0.018), (0.01, -0.02, 0.03)], "open", 0),
        ([(0.01, 0.002, 0.019), (0.01, 0.002, 0.015)], "flat", 50),
    ],
)
def test_rising_flat_or_open(gains, shape, flat):
    assert shape_of(curve(gains)) == (shape, flat)


def test_the_reading_says_what_to_do():
    rising = reading(curve([(0.1, 0.05, 0.15), (0.03, 0.01, 0.05)]))
    assert "Still rising at 200" in rising
    assert "+0.030 (+0.010 … +0.050)" in rising
    flat = reading(curve([(0.1, 0.05, 0.15), (0.005, -0.01, 0.015)], control=(0.5, 0.6)))
    assert "Flat from 100" in flat
    assert "control outside the lungs rises along with it, from 0.50 to 0.60" in flat
    assert "chance" in reading(curve([(0.0, -0.1, 0.1)], low=0.4))
    assert "Datar sejak 100" in reading(curve([(0.1, 0.05, 0.15), (0.005, -0.01, 0.015)]), "id")

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.correction import correction, feature_error, mask_doubt
from napari_tbcad.evaluate.fitting import Fitted
from napari_tbcad.evaluate.folds import stratified_folds


def quick(jobs):
    """Score by the distance along the line between both classes' means: a fit in no time."""
    for job in jobs:
        X, train, test = job.X.to_numpy(), job.fold.train, job.fold.test
        sick = job.y[train] == 1
        score = X[test] @ (X[train][sick].mean(axis=0) - X[train][~sick].mean(axis=0))
        said = {"file": job.X.index[test], "label": job.y[test], "probability": score}
        yield Fitted(job.name, job.fold.name, pd.DataFrame(said), 0, 0)


def tables(n=80):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    index = [f"{i}.png" for i in range(n)]
    true = pd.DataFrame(rng.normal(size=(n, 3)) + 1.5 * y[:, None], columns=list("abc"), index=index)
    wrong = np.arange(n) % 4 < 2
    automatic = true + np.where(wrong, 6.0, 0.0)[:, None] * rng.normal(size=(n, 1))
    return automatic, true, y, wrong


def corrected(**more):
    automatic, true, y, wrong = tables()
    found = correction(
        automatic,
        true,
        y,
        stratified_folds(y, 2),
        method="single_nb",
        dice=np.where(wrong, 0.5, 1.0),
        steps=(0.5,),
        n_bootstrap=30,
        fits=quick,
        **more,
    )
    return found.set_index("condition")


def test_correcting_the_doubtful_half_mends_what_chance_does_not():
    wrong = tables()[3]
    found = corrected(doubt=wrong + 0.01 * np.arange(80), draws=2)
    names = ["automatic", "+ 40 at random", "+ 40 most doubtful first", "true"]
    assert list(found.index) == names
    assert list(found["corrected"]) == [0, 40, 40, 80]
    assert found.loc["true", ["feature_error", "dice"]].tolist() == [0, 1]
    assert found.loc["automatic", "dice"] == 0.75
    assert found.loc["+ 40 most doubtful first", "dice"] == 1
    assert 0.75 < found.loc["+ 40 at random", "dice"] < 1
    errors = found["feature_error"]
    assert errors["automatic"] > errors["+ 40 at random"] > errors["+ 40 most doubtful first"] == 0
    assert found.loc["true", "auc"] > found.loc["automatic", "auc"] + 0.05


def test_correcting_where_films_are_tested_alone_leaves_training_as_it_was():
    everywhere, tested = corrected(draws=1), corrected(draws=1, only_tested=True)
    assert tested.loc["automatic", "auc"] == everywhere.loc["automatic", "auc"]
    assert tested.loc["true", "auc"] != everywhere.loc["true", "auc"]


def test_errors_are_in_spreads_of_the_true_feature():
    true = pd.DataFrame({"a": [0.0, 2.0, 4.0], "flat": [1.0, 1.0, 1.0]})
    automatic = true + np.array([2.0, 5.0])
    assert feature_error(automatic, true).tolist() == [1, 1, 1]


def test_doubt_is_zero_where_every_pixel_is_decided():
    soft = np.zeros((2, 4, 4))
    soft[0, :2], soft[1, 2:] = 1, 1
    assert mask_doubt(soft) == 0
    assert mask_doubt(0.5 * soft) == pytest.approx(2)
    assert mask_doubt(0.5 * soft) > mask_doubt(0.8 * soft)
    assert mask_doubt(0 * soft) == np.inf


def test_tables_of_other_films_are_refused():
    automatic, true, y, _ = tables()
    with pytest.raises(BadInput, match="same films"):
        correction(automatic, true.iloc[::-1], y, stratified_folds(y, 2))

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.chest.classify.card import Score
from napari_tbcad.chest.classify.contributions import correlated_groups
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.model import predict
from napari_tbcad.chest.classify.stage import log_odds
from napari_tbcad.chest.classify.train import fit_model
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.record import Record, Step

NAMES = ("shape_a", "shape_b", "tex_0", "tex_45", "tex_90", "other")


@dataclass(frozen=True)
class Row:
    """As much of ChestFeatures as a model reads."""

    values: np.ndarray
    names: tuple[str, ...] = NAMES
    feature_set: str = "six"
    definition: str = "ibsi"
    grid: int = 256
    record: Record = Record((Step("features", {"levels": 32, "image": "enhanced"}),))


def table(n=160, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.normal(size=(n, 6))
    X[:, 0] += 1.5 * y
    X[:, 2] += 1.5 * y
    X[:, 3:5] = X[:, 2:3] + 0.02 * rng.normal(size=(n, 2))
    return pd.DataFrame(X * 10 + 3, columns=NAMES, index=[f"{i}.png" for i in range(n)]), y


@pytest.fixture(scope="module")
def model():
    X, y = table()
    estimator = HierarchicalClassifier(["shape_a", "shape_b"], n_folds=3, operating_point="youden")
    info = {
        "name": "toy",
        "demonstration": True,
        "feature_set": "six",
        "definition": "ibsi",
        "grid": 256,
        "levels": 32,
        "image": "enhanced",
        "features": {"feature_set": "six", "shape_unit": "relative", "distance": 1},
        "scores": (Score(design="3-fold", metric="auc", value=0.9, low=0.8, high=0.95, headline=True),),
    }
    return fit_model(X, y, estimator=estimator, card_info=info)


def test_a_result_says_everything(model):
    X, _ = table()
    result = predict(model, Row(X.to_numpy()[1]))
    stages = model.estimator.predict_stages(X)
    assert result.probability == pytest.approx(stages.probability[1])
    assert result.decision == ("tb_suspect" if stages.decision[1] else "not_suspect")
    assert result.operating_point == "youden"
    assert result.threshold == pytest.approx(model.estimator.threshold_, abs=1e-6)
    assert result.demonstration
    assert result.scores == {"3-fold: auc": "0.900 (0.800–0.950)"}
    assert any("demonstration model" in w and "0.900" in w for w in result.warnings)
    assert "research use only" in result.notice.lower()
    assert Record.from_json(result.record.to_json()).entries[0].name == "classify"


def test_every_operating_point_gives_a_consistent_result(model):
    X, _ = table(40, seed=4)
    for point in ("0.5", "0.2", "youden", "sensitivity=0.9", "sensitivity=0.75"):
        for values in X.to_numpy():
            result = predict(model, Row(values), operating_point=point, n_contributions=0)
            assert (result.decision == "tb_suspect") == (result.probability >= result.threshold)
    assert predict(model, Row(values), operating_point="sensitivity=0.99").threshold < 0.4


def test_order_of_columns_does_not_matter_and_more_columns_do_not_hurt(model):
    X, _ = table()
    values = X.to_numpy()[3]
    shuffled = Row(np.r_[values[::-1], 99.0], (*NAMES[::-1], "extra"))
    assert predict(model, shuffled).probability == predict(model, Row(values)).probability


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"grid": 512}, "grid 256 wanted, 512 given"),
        ({"definition": "uppuluri"}, "definition ibsi wanted, uppuluri given"),
        ({"names": ("shape_a", "shape_b", "tex_0", "tex_45", "tex_91", "other")}, "without tex_90"),
        (
            {"record": Record((Step("features", {"levels": 64, "image": "raw"}),))},
            "levels 32 wanted.*image enhanced",
        ),
        (
            {"record": Record((Step("features", {"distance": 2, "shape_unit": "pixel"}),))},
            "shape_unit relative wanted, pixel given; distance 1 wanted, 2 given",
        ),
    ],
)
def test_features_made_in_another_way_are_refused(model, change, reason):
    with pytest.raises(ModelRefused, match=reason):
        predict(model, Row(np.zeros(6), **change))


def test_values_that_are_not_numbers_are_refused(model):
    with pytest.raises(BadInput, match="tex_0"):
        predict(model, Row(np.array([1, 1, np.nan, 1, 1, 1])))
    with pytest.raises(BadInput, match="operating point"):
        predict(model, Row(np.ones(6)), operating_point="lucky")


def test_early_exit_without_stage_two_features(model):
    shape = NAMES[:2]
    sick = predict(model, Row(np.array([25.0, 3.0]), shape), early_exit=True)
    assert (sick.decision, sick.deciding_stage) == ("tb_suspect", 1)
    assert sick.probability_stage2 is None
    assert {c.feature for c in sick.contributions} <= set(shape)
    well = predict(model, Row(np.array([-20.0, 3.0]), shape), early_exit=True)
    assert (well.decision, well.deciding_stage, well.probability) == ("not_decided", 0, None)
    with pytest.raises(ModelRefused, match="without tex_0"):
        predict(model, Row(np.array([25.0, 3.0]), shape))


def test_contributions_are_the_change_when_a_group_becomes_normal(model):
    X, _ = table()
    values = X.to_numpy()[5]
    result = predict(model, Row(values), n_contributions=20)
    texture = next(c for c in result.contributions if "tex_0" in c.members)
    assert set(texture.members) == {"tex_0", "tex_45", "tex_90"}
    normal = values.copy()
    normal[2:5] = np.array(model.card.normal_median)[2:5]
    part = model.estimator.stage1_ if result.deciding_stage == 1 else model.estimator.stage2_
    columns = model.estimator.columns1_ if result.deciding_stage == 1 else model.estimator.columns2_
    odds = log_odds(part.scores(np.stack([values, normal])[:, columns])[1])
    assert texture.change == pytest.approx(odds[0] - odds[1])
    sizes = [abs(c.change) for c in result.contributions]
    assert sizes == sorted(sizes, reverse=True)
    lead = NAMES.index(texture.feature)
    expected = (values[lead] - model.card.normal_median[lead]) / model.card.normal_spread[lead]
    assert texture.z == pytest.approx(expected)


def test_a_normal_film_has_no_contributions_to_speak_of(model):
    result = predict(model, Row(np.array(model.card.normal_median)))
    assert all(abs(c.change) < 1e-9 for c in result.contributions)


def test_groups_cover_every_column_once():
    X, _ = table()
    groups = correlated_groups(X.to_numpy())
    assert sorted(column for group in groups for column in group) == list(range(6))
    assert [2, 3, 4] in groups


def test_the_card_tells_what_the_fit_knows(model):
    card = model.card
    assert (card.n_tb, card.n_normal) == (80, 80)
    assert card.stage1_features == ("shape_a", "shape_b")
    assert set(card.thresholds) == {"0.5", "youden", "sensitivity=0.9"}
    X, y = table()
    np.testing.assert_allclose(card.normal_median, np.median(X.to_numpy()[y == 0], axis=0))


def test_stage_one_that_abstains_says_so():
    X, y = table()
    estimator = HierarchicalClassifier(["shape_a"], n_folds=3, stage1_abstains=True)
    model = fit_model(X, y, estimator=estimator, card_info={"name": "silent"})
    result = predict(model, Row(np.array([25.0, 3, 3, 3, 3, 3])))
    assert result.deciding_stage == 2
    assert any("abstains" in warning for warning in result.warnings)


def test_a_bad_training_table_is_refused():
    X, y = table()
    X.iloc[7, 2] = np.nan
    with pytest.raises(BadInput, match=r"7.png: tex_0"):
        fit_model(X, y, estimator=HierarchicalClassifier(), card_info={})
    with pytest.raises(BadInput, match="labels"):
        fit_model(table()[0], y + 1, estimator=HierarchicalClassifier(), card_info={})
    with pytest.raises(BadInput, match="one class"):
        fit_model(table()[0], 0 * y, estimator=HierarchicalClassifier(), card_info={})

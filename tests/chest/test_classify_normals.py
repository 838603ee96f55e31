import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from napari_tbcad.chest.classify.card import ModelCard
from napari_tbcad.chest.classify.normals import LEVELS, NormalFilms, normal_films, place
from napari_tbcad.chest.views import GREY_EDGES


@pytest.fixture(scope="module")
def films():
    rng = np.random.default_rng(0)
    return pd.DataFrame({"even": np.arange(201.0), "skew": np.exp(rng.normal(size=201)), "same": 3.0})


@pytest.fixture(scope="module")
def card(films):
    return ModelCard(name="toy", normal=normal_films(films))


@pytest.mark.parametrize(
    ("value", "percentile", "text"),
    [
        (100, 50, "percentile 50"),
        (5, 2.5, "percentile 2"),
        (186, 93, "percentile 93"),
        (35, 17.5, "percentile 18"),
        (195, 97.5, "percentile 98"),
        (4.9, None, "< 2.5 %"),
        (195.1, None, "> 97.5 %"),
        (-1e9, None, "< 2.5 %"),
    ],
)
def test_a_value_is_placed_between_the_kept_quantiles(card, value, percentile, text):
    found = place(card, "even", value)
    assert found.percentile == (None if percentile is None else pytest.approx(percentile))
    assert found.text == text
    assert (found.median, found.low, found.high, found.middle) == (100, 5, 195, (50, 150))
    assert found.outside == (0 if percentile is not None else 1 if value > 100 else -1)
    assert "201 normal films; median 100" in found.sentence


def test_percentiles_follow_a_skewed_feature_and_never_fall(card, films):
    values = np.sort(films["skew"])
    inside = [p for v in values if (p := place(card, "skew", v).percentile) is not None]
    assert np.all(np.diff(inside) >= 0)
    for share in (0.1, 0.25, 0.5, 0.9):
        assert place(card, "skew", np.quantile(values, share)).percentile == pytest.approx(100 * share)


def test_a_feature_that_is_the_same_in_all_films(card):
    assert place(card, "same", 3).percentile == 50
    assert place(card, "same", 3.1).outside == 1
    assert place(card, "same", 2.9).text == "< 2.5 %"


def test_what_is_not_known_has_no_place(card):
    assert place(card, "other", 1.0) is None
    assert place(card, "even", float("nan")) is None
    assert place(ModelCard(name="nothing"), "even", 1.0) is None


def test_an_older_card_gives_spreads_and_no_percentile():
    old = ModelCard(
        name="old", n_normal=12, feature_names=("a", "b"), normal_median=(1, 5), normal_spread=(1, 2)
    )
    stored = json.loads(old.model_dump_json())
    del stored["normal"]  # as cards were written before
    again = ModelCard.model_validate_json(json.dumps(stored))
    found = place(again, "b", 9.0)
    assert (found.low, found.high, found.percentile, found.middle) == (3, 7, None, None)
    assert found.text == "+2.0 σ"
    assert found.sentence == "+2.0 σ from the median of 12 normal films, 5 ± 2"


def test_grey_levels_are_a_band_over_films(films):
    rng = np.random.default_rng(1)
    grey = pd.DataFrame(rng.dirichlet(np.ones(64), size=201))
    kept = normal_films(films, grey)
    assert kept.grey_edges == tuple(map(float, GREY_EDGES))
    np.testing.assert_allclose(kept.grey_median, np.median(grey, axis=0), rtol=1e-6)
    share = ((grey >= np.array(kept.grey_low)) & (grey <= np.array(kept.grey_high))).to_numpy().mean()
    assert share == pytest.approx(0.8, abs=0.01)
    assert NormalFilms.model_validate_json(kept.model_dump_json()) == kept


def test_a_feature_that_cannot_be_measured_in_every_film_is_left_out(films):
    holed = films.assign(even=films["even"].where(films["even"] > 3))
    assert set(normal_films(holed).quantiles) == {"skew", "same"}
    assert normal_films(films[:0]) == NormalFilms()


@pytest.mark.parametrize(
    "broken",
    [
        {"quantiles": {"a": (1.0, 2.0)}},
        {"quantiles": {"a": tuple(range(len(LEVELS), 0, -1))}},
        {"levels": (0.5, 0.1)},
        {"levels": (0.1, 0.9)},
        {"grey_edges": (0.0, 4.0, 8.0), "grey_low": (1.0,)},
    ],
)
def test_a_card_that_contradicts_itself_is_refused(broken):
    with pytest.raises(ValidationError):
        NormalFilms(n=3, **broken)


def test_the_packaged_model_places_every_measured_feature():
    from importlib import resources

    from napari_tbcad.chest.classify.store import read_card
    from napari_tbcad.chest.features import feature_names

    card = read_card(str(resources.files("napari_tbcad") / "weights" / "demonstration.skops"))
    assert card.normal.n == card.n_normal == 600
    assert set(card.normal.quantiles) == set(feature_names(card.feature_set))
    medians = [card.normal.quantiles[name][LEVELS.index(0.5)] for name in card.feature_names]
    np.testing.assert_allclose(medians, card.normal_median, rtol=1e-6)
    assert sum(card.normal.grey_median) == pytest.approx(1, abs=0.1)

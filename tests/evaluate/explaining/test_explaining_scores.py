"""Tests of explanations: maps that must win, maps that must not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from napari_tbcad.evaluate.columns import TABLES
from napari_tbcad.evaluate.explaining import FilmScores, Marked, explanation_rows
from napari_tbcad.evaluate.explaining.films import Score, pointing_scores
from napari_tbcad.evaluate.explaining.pointing import centre_prior, disc, pixel_auc, top_point
from napari_tbcad.evaluate.explaining.removing import highest, random_like, removal_test


@pytest.fixture
def lungs():
    labels = np.zeros((60, 60), np.uint8)
    labels[5:55, 5:25], labels[5:55, 35:55] = 1, 2
    return labels


def test_pixel_auc_is_that_of_scikit_learn(lungs):
    draw = np.random.default_rng(0)
    values, marked = draw.integers(0, 9, lungs.shape).astype(float), draw.random(lungs.shape) < 0.3
    inside = lungs > 0
    assert pixel_auc(values, marked, inside) == pytest.approx(roc_auc_score(marked[inside], values[inside]))
    assert np.isnan(pixel_auc(values, np.ones_like(marked), inside))


def test_a_map_of_the_lesion_is_better_than_the_middle_and_a_map_of_the_rest_is_worse(lungs):
    lesion = disc(lungs.shape, (10, 10), 5)
    marked = Marked(lesions=lesion, nodule=(10.5 / 60, 10.5 / 60, 5 / 60))
    good = pointing_scores(lesion.astype(float), lungs, marked)
    assert set(good) == {"pixel_auc", "pixel_auc_either_side", "pointing_lesions", "pointing_nodules"}
    assert good["pixel_auc"].value == 1
    assert good["pixel_auc"].centre < 0.5
    assert good["pointing_lesions"] == good["pointing_nodules"]
    assert good["pointing_nodules"].value == 1
    assert good["pointing_nodules"].chance == pytest.approx(lesion[lungs > 0].mean())
    assert good["pointing_nodules"].centre == 0
    bad = pointing_scores(-lesion.astype(float), lungs, marked)
    assert (bad["pixel_auc"].value, bad["pointing_nodules"].value) == (0, 0)
    assert bad["pixel_auc_either_side"].value == 1


def test_the_centre_prior_is_highest_in_the_middle_of_each_lung(lungs):
    prior = centre_prior(lungs)
    assert top_point(prior, lungs == 1)[0] in (29, 30)
    assert top_point(prior, lungs == 1)[1] in (14, 15)
    assert prior[lungs == 0].max() == 0


def test_random_parts_are_as_many_and_as_large(lungs):
    part = disc(lungs.shape, (10, 10), 4) | disc(lungs.shape, (40, 45), 6)
    generator = np.random.default_rng(0)
    made = [random_like(part, lungs, generator) for _ in range(5)]
    assert {int(one.sum()) for one in made} == {int(part.sum())}
    assert not any((one & (lungs == 0)).any() for one in made)
    assert not np.array_equal(made[0], made[1])
    assert highest(centre_prior(lungs), lungs, 0.1).sum() == round(0.1 * (lungs > 0).sum())


class _Bright:
    """A film whose log-odds are the share of a spot that is left; no classifier."""

    def __init__(self, lungs, spot):
        self.lungs, self.spot, self.row, self.base, self.deciding = lungs, spot, np.ones(1), 1.0, self

    def rows(self, regions):
        left = [self.spot & ~region.mask(self.lungs.shape) for region in regions]
        return {"": np.array([[one.sum() / self.spot.sum()] for one in left])}

    def log_odds(self, rows):
        return rows[:, 0]

    def probability(self, rows):
        return 0.5 * rows[:, 0]


def test_only_a_map_of_what_decided_wins_the_removal(lungs):
    film = _Bright(lungs, disc(lungs.shape, (15, 15), 6))
    good = removal_test(film, film.spot.astype(float), suspect=True)
    assert good.log_odds == pytest.approx(1)
    assert good.probability == pytest.approx(0.5)
    assert good.beaten > 0.9
    assert good.random_log_odds < 0.3
    wrong = removal_test(film, -film.spot.astype(float), suspect=True)
    assert wrong.log_odds == 0
    assert wrong.beaten == 0
    other = removal_test(film, film.spot.astype(float), suspect=False)
    assert other.log_odds == 0


def test_rows_are_means_with_intervals_by_patient():
    films = [
        FilmScores(
            f"f{i}", f"p{i // 2}", 1 + i % 2, 0.5, {"pixel_auc": Score(0.5 + 0.1 * (i // 2), 0.5, 0.6)}
        )
        for i in range(8)
    ]
    table = explanation_rows(films, n_bootstrap=200)
    assert tuple(table.columns) == tuple(TABLES["explanation.csv"])
    row = table.set_index("measure").loc["pixel_auc"]
    assert row["value"] == pytest.approx(0.65)
    assert 0.5 <= row["low"] < 0.6 < 0.7 < row["high"] <= 0.8
    assert (row["n"], row["chance"]) == (8, 0.5)
    assert row["centre_prior"] == pytest.approx(0.6)
    assert table.set_index("measure").loc["decided_by_outline", "value"] == 0.5
    assert explanation_rows([]).empty

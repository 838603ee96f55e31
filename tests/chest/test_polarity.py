from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.chest.polarity import (
    PolarityParameters,
    correct_polarity,
    invert,
    polarity_score,
    turn_score,
    without_flat_margins,
)
from napari_tbcad.imaging.radiograph import Radiograph


def chest(side: int = 200) -> Radiograph:
    """A crude frontal chest: dark air outside, bright body, two dark lungs."""
    row, column = np.mgrid[0:side, 0:side] / side
    pixels = np.where(np.abs(column - 0.5) < 0.46, 180.0, 5.0)
    for centre in (0.3, 0.7):
        pixels[((row - 0.45) / 0.32) ** 2 + ((column - centre) / 0.14) ** 2 < 1] = 60
    noise = np.random.default_rng(0).normal(0, 4, pixels.shape)
    return Radiograph(pixels + noise, window=(20.0, 150.0))


def test_right_film_is_left_alone():
    film = chest()
    got = correct_polarity(film)
    assert np.array_equal(got.pixels, film.pixels)
    assert not got.inverted
    assert got.warnings == ()


def test_inverted_film_is_recognised_reported_and_corrected():
    film = chest()
    got = correct_polarity(invert(film))
    assert np.allclose(got.pixels, film.pixels, atol=1e-3)
    assert got.window == pytest.approx(film.window)
    assert not got.inverted
    assert any("air bright" in sentence for sentence in got.warnings)
    *_, step = got.record
    assert (step.name, step.facts["turned"]) == ("polarity", True)


def test_a_person_can_keep_or_turn():
    film = chest()
    kept = correct_polarity(invert(film), PolarityParameters(mode="keep"))
    assert kept.inverted
    turned = correct_polarity(film, PolarityParameters(mode="invert"))
    assert turned.inverted
    assert kept.warnings == turned.warnings == ()


def test_score_changes_sign_with_the_film_and_ignores_scale_and_canvas():
    film = chest()
    score = polarity_score(film)
    assert score > 0.5
    assert polarity_score(invert(film)) == pytest.approx(-score, abs=0.01)
    assert polarity_score(Radiograph(np.sqrt(film.pixels - film.pixels.min()) * 100)) == pytest.approx(
        score, abs=0.05
    )
    pasted = np.full((400, 500), 255.0)
    pasted[:200, :200] = film.pixels
    assert polarity_score(Radiograph(pasted)) == pytest.approx(score, abs=0.05)


def test_film_without_lungs_is_called_uncertain():
    noise = np.random.default_rng(1).normal(100, 10, (200, 200))
    got = correct_polarity(Radiograph(noise))
    assert any("uncertain" in sentence for sentence in got.warnings)


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (64, 64)])
def test_constant_films_of_any_shape_pass(shape):
    film = Radiograph(np.full(shape, 7.0))
    assert polarity_score(film) == 0
    assert np.array_equal(correct_polarity(film).pixels, film.pixels)


def test_flat_margins_are_cut_but_a_film_is_not():
    film = chest().pixels
    assert without_flat_margins(film).shape[0] >= 195
    pasted = np.zeros((300, 260), np.float32)
    pasted[50:250, 30:230] = film
    height, width = without_flat_margins(pasted).shape
    assert abs(height - 200) <= 5
    assert width <= 200


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_film_scores_above_zero(quarters):
    film = chest()
    assert turn_score(film) < 0
    assert turn_score(Radiograph(np.rot90(film.pixels, quarters))) > 0


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["jsrt", "pneumonia_lesions", "nih_sample"])
def test_real_films_are_right_both_ways_round(shared_data, name):
    from napari_tbcad.io.read import find_films, read_film

    films = find_films(shared_data / "chest" / name / "images")[::5]
    assert len(films) >= 14
    assert all(polarity_score(read_film(film.path)) > 0 for film in films)

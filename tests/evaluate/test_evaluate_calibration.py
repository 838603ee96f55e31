import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from napari_tbcad.evaluate.calibration import recalibration
from napari_tbcad.evaluate.intervals import figures_of
from napari_tbcad.evaluate.resampling import Draws
from napari_tbcad.evaluate.weighted import Judged, measures


def sample(n=400, seed=0, *, slope=1.0, shift=0.0):
    """Return films whose log-odds are a + b times those of their probability."""
    rng = np.random.default_rng(seed)
    x = rng.normal(-0.3, 1.2, n)
    return rng.random(n) < expit(shift + slope * x), expit(x)


def test_recalibration_is_a_logistic_regression_on_the_log_odds():
    y, p = sample(seed=3)
    found = recalibration(y, p)
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(p)[:, None], y)
    assert found.slope[0] == pytest.approx(model.coef_[0, 0], abs=1e-5)
    assert found.joint[0] == pytest.approx(model.intercept_[0], abs=1e-5)


def test_probabilities_that_are_right_have_slope_1_and_intercept_0():
    found = [recalibration(*sample(seed=seed)) for seed in range(150)]
    slope, intercept = (np.array([getattr(one, name)[0] for one in found]) for name in ("slope", "intercept"))
    for values, right in ((slope, 1), (intercept, 0)):
        # The slope of few films is a little above 1 on average: order 1/n.
        assert abs(values.mean() - right) < 3 * values.std() / np.sqrt(len(values)) + 5 / 400


def test_too_extreme_probabilities_have_a_slope_below_1():
    y, p = sample(20_000, slope=0.5, shift=0.7)
    found = recalibration(y, p)
    assert found.slope[0] == pytest.approx(0.5, abs=0.03)
    assert found.joint[0] == pytest.approx(0.7, abs=0.05)


def test_extreme_probabilities_have_the_slope_of_a_logistic_regression():
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 1.5, 400)
    y, p = rng.random(400) < expit(odds), expit(8 * odds)
    x = logit(np.clip(p, 1e-6, 1 - 1e-6))[:, None]
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y)
    found = recalibration(y, p)
    assert found.slope[0] == pytest.approx(fitted.coef_[0, 0], rel=1e-4)
    assert found.joint[0] == pytest.approx(fitted.intercept_[0], rel=1e-3, abs=1e-4)


def test_the_intercept_of_a_constant_probability_is_the_distance_in_log_odds():
    y = np.arange(10) < 3
    assert recalibration(y, np.full(10, 0.5)).intercept[0] == pytest.approx(logit(0.3))
    assert np.isnan(recalibration(y, np.full(10, 0.5)).slope[0])


def test_without_a_finite_solution_there_is_no_slope():
    y = np.arange(20) >= 10
    assert np.isnan(recalibration(y, np.linspace(0.05, 0.95, 20)).slope[0])
    none = recalibration(np.zeros(5), np.linspace(0.1, 0.9, 5))
    assert np.isnan(none.slope[0])
    assert np.isnan(none.intercept[0])
    certain = recalibration(np.arange(40) % 4 > 0, np.r_[0.0, np.linspace(0.2, 0.9, 38), 1.0])
    assert np.isfinite(certain.slope[0])


def test_weights_count_films_and_float32_is_near_enough():
    y, p = sample(200, seed=5)
    w = np.random.default_rng(0).integers(0, 3, (4, 200))
    exact, coarse = recalibration(y, p, w), recalibration(y, p, w, exact=False)
    again = np.repeat(np.arange(200), w[2])
    assert exact.slope[2] == pytest.approx(recalibration(y[again], p[again]).slope[0], abs=1e-6)
    np.testing.assert_allclose(coarse.slope, exact.slope, atol=1e-3)
    np.testing.assert_allclose(coarse.intercept, exact.intercept, atol=1e-3)


def test_brier_and_calibration_error_by_hand():
    y, p = [0, 1, 1, 0], [0.11, 0.13, 0.84, 0.95]
    # Bin 0.1–0.2 holds 2 films: 0.24 promised, 1 came; 0.8–0.9: 0.84, 1; 0.9–1: 0.95, 0.
    expected = (abs(1 - 0.24) + abs(1 - 0.84) + 0.95) / 4
    found = measures(Judged.of(y, p, [0, 0, 1, 1], np.arange(4)), np.ones((1, 4)))
    assert found["ece"][0] == pytest.approx(expected)
    assert found["brier"][0] == pytest.approx((0.11**2 + 0.87**2 + 0.16**2 + 0.95**2) / 4)


def test_the_interval_of_the_calibration_error_reaches_0_where_chance_explains_it():
    def figure(slope):
        y, p = sample(300, seed=1, slope=slope)
        owner = np.arange(300) // 2
        films = Judged.of(y, p, p >= 0.5, owner)
        return figures_of([films], Draws.of([f"{i:03}" for i in range(150)], 400))["ece"]

    right, wrong = figure(1.0), figure(-0.5)
    assert right.low == 0 < right.value <= right.high
    assert 0.1 < wrong.low < wrong.value < wrong.high

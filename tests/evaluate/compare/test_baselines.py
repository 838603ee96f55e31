"""Threshold and k-means on a made-up set in which the hot spots are the hottest."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.baselines import (
    MODEL,
    fit_kmeans,
    fit_place,
    fit_threshold,
    fitted,
    load_baseline,
)
from napari_tbcad.evaluate.compare.grey_levels import mean_dice
from napari_tbcad.evaluate.compare.plan import Run, samples_of, training_config
from napari_tbcad.evaluate.compare.threshold import best_bins
from napari_tbcad.networks.samples import decode
from napari_tbcad.networks.scores import confusion, overlap
from napari_tbcad.networks.splits import Split

FIT = {"threshold": fit_threshold, "kmeans": fit_kmeans}


@pytest.fixture(scope="module")
def parts(small_config):
    """Grid and samples to fit on, to choose by, and to test on."""
    from napari_tbcad.evaluate.compare.config import load_compare_config

    config = load_compare_config(small_config)
    samples = samples_of(config, "4", "anterior")
    return config.training.input, samples[:5], samples[5:7], samples[7:]


@pytest.fixture(scope="module")
def models(parts):
    grid, train, watched, _ = parts
    return {name: fit(decode(train, grid), decode(watched, grid), "4", grid) for name, fit in FIT.items()}


@pytest.fixture(scope="module")
def place(parts):
    grid, train, watched, _ = parts
    return fit_place(decode(train, grid), decode(watched, grid), "4", grid)


def test_the_control_finds_where_hotspots_used_to_be_and_never_sees_the_scan(place, parts):
    (first, first_labels), (other, _) = (sample.read() for sample in parts[3][:2])
    answer = place.predict(first)
    assert np.array_equal(answer, place.predict(other[::-1] ** 2))
    assert answer.sum(0) == pytest.approx(1, abs=1e-5)
    assert answer[2][first_labels == 2].mean() > answer[2][first_labels == 0].mean()
    assert (answer.argmax(0) == 2).any()
    assert not (answer.argmax(0) == 3).any()


def test_the_cut_of_the_control_is_where_places_differ(parts):
    from napari_tbcad.networks.samples import Decoded

    labels = np.zeros((20, 128, 32), np.uint8)
    labels[:, 20:100, 8:24] = 1
    labels[:15, 40:48, 10:20] = 2  # often abnormal
    labels[0, 80:88, 10:20] = 2  # once
    grid = parts[0].model_copy(update={"height": 128, "width": 32, "fit": "stretch"})
    images = Decoded(labels.astype(np.float32), labels, ())
    model = fit_place(images, images, "4", grid)
    found = model.predict(np.ones((128, 32), np.float32)).argmax(0)
    assert found[44, 15] == 2
    assert found[84, 15] == 1
    assert found[4, 4] == 0
    assert model.sigma == 0  # what never moves needs no smoothing


@pytest.mark.parametrize("kind", FIT)
def test_finds_what_is_hot_and_never_calls_it_normal(kind, models, parts):
    counts = np.zeros((4, 4), np.int64)
    for sample in parts[3]:
        image, labels = sample.read()
        answer = models[kind].predict(image)
        assert answer.shape == (4, *image.shape)
        assert answer.dtype == np.float32
        assert answer.sum(0) == pytest.approx(1, abs=1e-5)
        assert answer[2][labels == 2].mean() > answer[2][labels == 3].mean() > answer[2][labels == 0].mean()
        counts += confusion(labels, answer.argmax(0), 4)
    bone, abnormal, normal, _ = overlap(counts).dice
    assert bone > 0.8
    assert abnormal > 0.7
    assert normal == 0


@pytest.mark.parametrize("kind", FIT)
def test_a_scan_of_twice_the_time_has_the_same_answer(kind, models, parts):
    image, _ = parts[3][0].read()
    once, twice = models[kind].predict(image), models[kind].predict(2 * image)
    assert once == pytest.approx(twice, abs=1e-3)


@pytest.mark.parametrize("kind", [*FIT, "place"])
def test_the_kept_file_gives_the_same_answer(kind, models, place, parts, tmp_path):
    path = tmp_path / MODEL
    model = place if kind == "place" else models[kind]
    models = {kind: model}
    model.save(path)
    again = load_baseline(path)
    assert again == model
    assert 0 < again.dice < 1
    image, _ = parts[3][0].read()
    assert np.array_equal(again.predict(image), models[kind].predict(image))
    path.write_text('{"kind": "otsu"}')
    with pytest.raises(BadInput, match="fitted baseline"):
        load_baseline(path)


def test_a_run_is_fitted_once_and_no_other_grid_is_taken(small, parts, tmp_path):
    run = Run("threshold", "3", "anterior", 0, "threshold")
    config = training_config(small, run, split=tmp_path / "split.csv")
    train, watched = (
        [s for s in samples_of(small, "3", "anterior") if s.name in {one.name for one in part}]
        for part in parts[1:3]
    )
    model = fitted(run, Split(tuple(train), tuple(watched)), config, tmp_path)
    kept = (tmp_path / MODEL).read_bytes()
    assert fitted(run, Split(tuple(train)), config, tmp_path) == model
    assert (tmp_path / MODEL).read_bytes() == kept
    assert model.predict(train[0].pixels()).shape[0] == 3
    other = config.model_copy(update={"input": config.input.model_copy(update={"height": 32})})
    with pytest.raises(BadInput, match="another scheme or grid"):
        fitted(run, Split(tuple(train)), other, tmp_path)


def test_the_best_pair_of_thresholds_is_found():
    random = np.random.default_rng(0)
    table = random.integers(0, 20, (12, 3)) + 40 * np.eye(3, dtype=int)[[0] * 5 + [1] * 4 + [2] * 3]

    def dice(low, high):
        called = np.repeat([0, 1, 2], [low, high - low, 12 - high])
        return mean_dice(np.stack([np.bincount(called, table[:, k], 3) for k in range(3)]))

    tried = {(low, high): dice(low, high) for high in range(1, 12) for low in range(high)}
    assert best_bins(table, "3") == max(tried, key=tried.__getitem__)


def test_a_class_that_is_never_found_counts_and_one_that_is_not_there_does_not():
    assert mean_dice(np.diag([5, 5, 0, 0])) == 1
    assert mean_dice(np.array([[5, 0, 0], [0, 5, 0], [0, 0, 0]])) == 1
    lost = np.diag([5, 5, 0, 0])
    lost[2, 0] = 1
    assert mean_dice(lost) == 0.5


def test_the_nearest_cluster_decides(models, parts):
    model, image = models["kmeans"], parts[3][0].pixels()
    points = model.points(image)
    distance = ((points[:, None] - np.array(model.centres)) ** 2).sum(2)
    called = np.array(model.classes)
    bone, margin = model.margins(points)
    nearest = called[distance.argmin(1)]
    assert np.array_equal(margin > 0, nearest == 2)
    assert np.array_equal(bone[margin < 0], nearest[margin < 0] == 1)
    hot = distance[:, called == 2].min(1)
    assert margin == pytest.approx(distance[:, called != 2].min(1) - hot, abs=1e-3, rel=1e-3)

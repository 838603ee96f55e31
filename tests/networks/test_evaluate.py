"""Scores of networks: against other programs, by hand, and what must never flatter."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import hausdorff_distance
from sklearn.metrics import f1_score, jaccard_score, roc_auc_score

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.evaluate import evaluate_with, joined
from napari_tbcad.networks.scores import (
    confusion,
    overlap,
    probability_counts,
    surface_distance,
)

LUNGS = ("background", "right lung", "left lung")


@dataclass(frozen=True)
class Drawn:
    """An image with labels, in memory."""

    name: str
    labels: np.ndarray
    patient: str = ""
    source: str = "drawn"
    view: str = ""

    def read(self):
        if self.labels.ndim != 2:
            raise BadInput(self.name, "broken")
        return self.labels.astype(np.float32), self.labels


def lungs(shift: int = 0) -> np.ndarray:
    labels = np.zeros((64, 64), np.uint8)
    labels[16 + shift : 48 + shift, 8:24] = 1
    labels[16 + shift : 48 + shift, 40:56] = 2
    return labels


def one_hot(labels, k):
    return np.moveaxis(np.eye(k, dtype=np.float32)[np.where(labels == 255, 0, labels)], -1, 0)


def always(labels, k=3):
    return lambda pixels, view: (one_hot(labels, k), ())


def value(lines, metric, group, source="all"):
    return next(x for x in lines if (x.metric, x.group, x.source) == (metric, group, source))


@settings(max_examples=8)
@given(st.integers(0, 10_000))
def test_overlap_is_scikit_learns(seed):
    generator = np.random.default_rng(seed)
    truth, found = generator.integers(0, 4, (2, 9, 11))
    known = generator.random((9, 11)) > 0.3
    parts = overlap(confusion(np.where(known, truth, 255), found, 4))
    options = {"labels": [1, 2, 3], "average": None, "zero_division": np.nan}
    np.testing.assert_allclose(parts.dice[:3], f1_score(truth[known], found[known], **options))
    np.testing.assert_allclose(
        parts.iou[:3], jaccard_score(truth[known], found[known], labels=[1, 2, 3], average=None)
    )
    np.testing.assert_allclose(parts.dice[3], f1_score(truth[known] > 0, found[known] > 0))


def test_a_label_outside_the_scheme_is_refused():
    with pytest.raises(BadInput, match="outside 0 to 2: \\[3\\]"):
        confusion(np.array([[0, 3]]), np.array([[0, 1]]), 3)


@settings(max_examples=8)
@given(st.integers(0, 10_000))
def test_area_under_the_curve_is_scikit_learns(seed):
    generator = np.random.default_rng(seed)
    truth = (generator.random((24, 24)) < 0.05).astype(np.uint8)
    truth[0, 0], truth[0, 1] = 1, 0
    # Rare classes: probabilities crowd near 0, where even bins of the probability would see one tie.
    p = 1 / (1 + np.exp(7 - 2 * truth - generator.normal(size=truth.shape)))
    counts = probability_counts(truth, np.stack([1 - p, p]).astype(np.float32))
    assert counts.auc[0] == pytest.approx(roc_auc_score(truth.ravel(), p.ravel()), abs=2e-3)
    assert counts.brier[0] == pytest.approx(np.mean((p - truth) ** 2), rel=1e-4)


def test_probabilities_are_judged_inside_the_region_only():
    truth, p = np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.float32)
    truth[:, :2], p[:, :2], p[:, 4:] = 1, 0.7, 0.9  # the right half is a loud false alarm
    inside = np.zeros((8, 8), bool)
    inside[:, :4] = True
    both = np.stack([1 - p, p])
    assert probability_counts(truth, both, inside).auc[0] == 1.0
    assert probability_counts(truth, both).auc[0] < 0.5


def test_a_calibrated_probability_has_no_calibration_error():
    truth = np.zeros((10, 100), np.uint8)
    truth[:3] = 1
    for p, error in ((0.3, 0.0), (0.8, 0.5)):
        field = np.full(truth.shape, p, np.float32)
        counts = probability_counts(truth, np.stack([1 - field, field]))
        assert counts.calibration_error[0] == pytest.approx(error, abs=1e-6)


def test_surface_distances():
    truth, found = np.zeros((2, 40, 40), bool)
    truth[10:20, 10:20], found[10:20, 13:23] = True, True
    moved = surface_distance(truth, found)
    assert moved.p95 <= hausdorff_distance(truth, found) == 3.0
    assert 0 < moved.mean < 3
    assert surface_distance(truth, truth) == (0, 0)
    assert surface_distance(truth, found, (1.0, 0.5)).p95 == pytest.approx(1.5)
    assert np.isnan(surface_distance(truth, np.zeros_like(truth))).all(), "no outline, no distance"


def test_a_data_sets_score_is_that_of_its_pixels_and_an_absent_class_never_scores():
    small, empty = lungs(), np.zeros((64, 64), np.uint8)
    samples = [Drawn("a", small, "p1"), Drawn("b", small, "p2"), Drawn("none", empty, "p3")]
    lines = evaluate_with(always(small), samples, task="lungs", classes=LUNGS).summary(n_bootstrap=50)
    # Two right, one wholly wrong: 2 · 2n / (2n + 3n), not the mean (1 + 1 + 1) / 3.
    assert value(lines, "dice", "any").value == pytest.approx(0.8)
    assert value(lines, "dice_mean", "any").value == 1.0
    assert value(lines, "dice_mean", "any").images == 2
    assert value(lines, "false_alarm", "any").value == 1.0
    nothing = evaluate_with(always(empty), samples, task="lungs", classes=LUNGS).summary(n_bootstrap=50)
    assert value(nothing, "dice", "right lung").value == 0.0
    assert value(nothing, "missed", "right lung").value == 1.0
    never = evaluate_with(always(empty), [Drawn("none", empty)], task="lungs", classes=LUNGS).summary(
        n_bootstrap=50
    )
    assert np.isnan(value(never, "dice", "any").value), "a class that is in no image has no score"


def test_nothing_is_said_of_pixels_without_a_statement():
    truth = lungs()
    truth[:, 32:] = 255
    found = lungs()
    found[:, 32:] = 1
    one = evaluate_with(always(found), [Drawn("a", truth)], task="lungs", classes=LUNGS)
    assert value(one.summary(n_bootstrap=0), "dice", "right lung").value == 1.0
    assert one.images[0].distances[0].p95 == 0.0


def test_intervals_come_from_patients_not_images():
    """Ten images of one good patient and ten of a bad one are two witnesses, not twenty."""
    good, bad = lungs(), lungs(shift=12)

    def wide(patients):
        samples = [Drawn(f"{n}", bad if n % 2 else good, patients(n)) for n in range(20)]
        lines = evaluate_with(always(good), samples, task="lungs", classes=LUNGS, distances=False)
        lines = lines.summary(n_bootstrap=200)
        one = value(lines, "dice", "any")
        return one.high - one.low, one.patients

    two, twenty = wide(lambda n: f"p{n % 2}"), wide(lambda n: f"p{n}")
    assert (two[1], twenty[1]) == (2, 20)
    assert two[0] > 1.5 * twenty[0]


def test_what_is_written(tmp_path):
    samples = [
        Drawn("good.png", lungs(), "p1", "here"),
        Drawn("bad.png", lungs(shift=10), "p2", "there"),
        Drawn("broken.png", np.zeros(3, np.uint8), "p3", "there"),
    ]
    result = evaluate_with(always(lungs()), samples, task="lungs", classes=LUNGS, keep=tmp_path / "kept")
    result.write(tmp_path, n_bootstrap=20)

    def table(name):
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    rows = table("scores.csv")
    assert [r["image"] for r in rows] == ["bad.png", "good.png", "broken.png"], "the worst first"
    assert [r["status"] for r in rows] == ["ok", "ok", "error"]
    assert rows[2]["message"] == "broken.png: broken"
    assert float(rows[0]["hd95_px_right_lung"]) > 0
    assert rows[0]["hd95_mm_right_lung"] == "", "no spacing, no millimetres"
    assert {r["source"] for r in table("summary.csv")} == {"all", "here", "there"}
    assert len(table("calibration.csv")) == 30
    pictures = sorted(p.name for p in (tmp_path / "overlays").iterdir())
    assert [p[:3] for p in pictures] == ["001", "002"]
    assert "bad" in pictures[0]
    with np.load(tmp_path / "kept" / "here__good.npz") as kept:
        assert kept["probabilities"].shape == (3, 64, 64)


def test_distances_in_millimetres_need_the_spacing():
    sample = Drawn("a", lungs(shift=10))
    near, far = (
        evaluate_with(always(lungs()), [sample], task="lungs", classes=LUNGS, spacing_mm=spacing).images[0]
        for spacing in ((0.5, 0.5), (0.5, 0.9))
    )
    assert near.distances_mm[0].p95 == pytest.approx(0.5 * near.distances[0].p95)
    assert far.distances_mm[0].mean > near.distances_mm[0].mean


def test_folds_are_gathered_and_no_image_is_judged_twice():
    one, two = (
        evaluate_with(always(lungs()), [Drawn(name, lungs())], task="lungs", classes=LUNGS) for name in "ab"
    )
    both = joined([one, two], folds=["1", "2"])
    assert [i.fold for i in both.images] == ["1", "2"]
    with pytest.raises(BadInput, match="judged twice"):
        joined([one, one])


def test_what_cannot_be_judged_at_all_is_told():
    with pytest.raises(BadInput, match="broken"):
        evaluate_with(always(lungs()), [Drawn("x", np.zeros(3))], task="lungs", classes=LUNGS)
    with pytest.raises(BadInput, match="none to judge"):
        evaluate_with(always(lungs()), [], task="lungs", classes=LUNGS)
    with pytest.raises(BadInput, match="gives 2 classes"):
        evaluate_with(always(lungs() > 0, 2), [Drawn("x", lungs())], task="lungs", classes=LUNGS)


def test_disk_full_names_the_folder(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    result = evaluate_with(always(lungs()), [Drawn("a", lungs())], task="lungs", classes=LUNGS)
    monkeypatch.setattr("napari_tbcad.networks.evaluate.write_csv", full)
    with pytest.raises(BadInput, match="No space left"):
        result.write(Path(tmp_path) / "out", n_bootstrap=0)


def test_the_mask_of_an_image_is_the_one_of_its_very_name(tmp_path):
    import imageio.v3 as iio

    from napari_tbcad.networks.regions import region_for

    for name, value in (("1.2.png", 0), ("1.png", 255), ("f1.png", 0), ("f[1].png", 255)):
        iio.imwrite(tmp_path / name, np.full((64, 64), value, np.uint8))
    region = region_for("lungs", str(tmp_path), say=lambda _: None)
    for name in ("1.png", "f[1].png"):
        assert region(Drawn(name, lungs()), np.zeros((64, 64), np.float32)).all()

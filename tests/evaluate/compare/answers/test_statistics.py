from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from napari_tbcad.evaluate.compare.evidence import CallEvidence, IndexEvidence, ViewEvidence, sensitivity_at
from napari_tbcad.evaluate.compare.free_response import DrawnResponse
from napari_tbcad.evaluate.compare.index_scores import IndexRow
from napari_tbcad.evaluate.compare.lesions import FreeResponse
from napari_tbcad.evaluate.compare.statistics import contrasts, estimates
from napari_tbcad.evaluate.resampling import exchanges, holm

F1 = ("f1", "abnormal")
AT_3 = (sensitivity_at(3), "abnormal")


def view_of(run, *, common=False):
    patients = tuple(sorted({row.patient for row in run.images}))
    return ViewEvidence(run.images, patients, run.scheme, common=common)


def compared(first, second, keys=(F1,), **more):
    sides = [[view_of(run) for run in side] for side in (first, second)]
    effort = {"n_bootstrap": 200, "n_permutations": 499, "points": (3.0,)} | more
    return contrasts(*sides, keys, **effort)


def test_holm_agrees_with_the_textbook_and_passes_over_what_was_not_tested():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    corrected = holm([0.02, float("nan"), 0.02])
    assert np.isnan(corrected[1])
    assert corrected[0] == corrected[2] == pytest.approx(0.04)
    assert holm([]) == []


def test_f1_and_iou_are_of_the_pixels_of_all_patients(made_run):
    run = made_run("unet", 0.5)
    found = estimates([view_of(run)], n_bootstrap=50)
    total = run.counts().sum(0)
    hits, truth, there = total[2, 2], total[2].sum(), total[:, 2].sum()
    assert found[F1].value == pytest.approx(2 * hits / (truth + there))
    assert found["iou", "abnormal"].value == pytest.approx(hits / (truth + there - hits))
    classes = [found["iou", name].value for name in ("bone", "abnormal", "normal")]
    assert found["iou", "mean"].value == pytest.approx(np.mean(classes))
    assert found["accuracy", "all"].value == pytest.approx(np.trace(total) / total.sum())
    assert found[F1].low < found[F1].value < found[F1].high


def test_a_class_that_no_label_has_is_not_defined_whatever_was_found(made_run):
    run = made_run("unet", 0.5)
    clean = replace(run, images=tuple(row for row in run.images if not row.abnormal))
    assert clean.counts()[:, :, 2].sum() > 0, "something was found wrongly"
    found = estimates([view_of(clean)], n_bootstrap=50)
    for key in (F1, ("iou", "abnormal"), AT_3, ("auc", "image"), ("sensitivity", "image")):
        assert np.isnan([found[key].value, found[key].low, found[key].high]).all()
    assert found["iou", "mean"].value == pytest.approx(
        np.mean([found["iou", name].value for name in ("bone", "normal")])
    )
    tested = compared([clean], [clean])[F1]
    assert np.isnan(tested.p_value)


def test_both_schemes_are_judged_alike_in_common_classes(made_run):
    four = made_run("unet", 0.5)
    counts = four.counts()
    counts[:, 1] += counts[:, 3]
    counts[:, :, 1] += counts[:, :, 3]
    three = replace(
        four,
        scheme="3",
        images=tuple(
            replace(row, counts=tuple(tuple(line) for line in one[:3, :3].tolist()))
            for row, one in zip(four.images, counts, strict=True)
        ),
    )
    a, b = view_of(four, common=True), view_of(three)
    assert a.classes == b.classes == ("background", "bone", "abnormal")
    same = contrasts([a], [b], [("iou", "mean"), F1], points=(3.0,), n_bootstrap=50, n_permutations=99)
    assert {round(one.difference, 12) for one in same.values()} == {0}
    assert {one.p_value for one in same.values()} == {1}


def test_a_method_that_is_better_comes_out_so_and_an_equal_one_does_not(made_run):
    good, poor = ([made_run("unet", skill, seed=n) for n in range(2)] for skill in (0.75, 0.45))
    better = compared(good, poor, (F1, AT_3))
    assert better[F1].p_value == pytest.approx(1 / 500)
    assert better[AT_3].p_value < 0.01
    assert 0 < better[F1].low < better[F1].difference < better[F1].high
    assert better[F1].agreeing == len(better[F1].pairs) == 4
    turned = compared(poor, good)[F1]
    assert turned.difference == pytest.approx(-better[F1].difference)
    assert turned.p_value == pytest.approx(better[F1].p_value)


def test_equal_methods_are_told_apart_as_seldom_as_the_level_says(made_run):
    p = [
        compared(*([made_run(name, 0.5, patients=16, salt=n)] for name in "ab"), n_permutations=99)[
            F1
        ].p_value
        for n in range(40)
    ]
    # Binomial of 40 at 0.05: above 6 in less than one of a hundred.
    assert np.sum(np.array(p) <= 0.05) <= 6
    assert 0.25 < np.mean(p) < 0.75


def test_the_patient_is_the_unit(made_run):
    run = made_run("unet", 0.5, patients=24)
    # The same images thrice: as further images of the same patients they add nothing.
    thrice = [replace(row, image=f"{n}{row.image}") for n in range(3) for row in run.images]
    others = [replace(row, patient=f"{n}{row.patient}") for n in range(3) for row in run.images]
    once, again, more = (
        estimates([view_of(replace(run, images=tuple(rows)))])[F1] for rows in (run.images, thrice, others)
    )
    assert (again.low, again.high) == pytest.approx((once.low, once.high))
    assert more.high - more.low < 0.75 * (once.high - once.low)
    assert (once.patients, again.patients, more.patients) == (24, 24, 72)


def test_all_exchanges_are_made_where_there_are_few_patients(made_run):
    swapped, every = exchanges(4, 499, 0)
    assert every
    assert len(np.unique(swapped, axis=0)) == 16
    good, poor = (made_run("unet", skill, patients=4) for skill in (0.95, 0.05))
    tested = compared([good], [poor])[F1]
    # Patient 0 has no lesion: of 16 exchanges, none and all of the three others give the largest difference.
    assert tested.p_value == pytest.approx(4 / 16)
    assert tested.least_p == 2 / 16


def test_seeds_are_averaged_and_shown_and_a_method_without_seeds_meets_all_of_them(made_run):
    skills = {0: 0.4, 1: 0.7}
    runs = [made_run("unet", skill, seed=seed) for seed, skill in skills.items()]
    found = estimates([view_of(run) for run in runs], n_bootstrap=50)[F1]
    assert found.value == pytest.approx(np.mean(found.seeds))
    assert found.seeds[0] < found.low < found.high < found.seeds[1], "patients say nothing of the seeds"
    tested = compared(runs, [made_run("kmeans", 0.55, kind="kmeans")])[F1]
    assert tested.first == pytest.approx(found.value)
    assert len(tested.pairs) == 2
    assert tested.agreeing == 1


def test_other_patients_are_refused(made_run):
    with pytest.raises(ValueError, match="same patients"):
        compared([made_run("a", 0.5)], [made_run("b", 0.5, patients=29)])


def test_area_under_the_curve_of_drawn_patients_is_that_of_repeated_ones(made_classifier):
    rows = made_classifier(1.0).images
    rows = tuple(replace(row, probability=round(row.probability, 1)) for row in rows)  # ties
    patients = tuple(row.patient for row in rows)
    one = CallEvidence(rows, patients)
    weights = np.random.default_rng(0).integers(0, 4, (3, len(rows))).astype(float)
    measured = one.measures([(one, weights)])
    for index, times in enumerate(weights.astype(int)):
        sick = np.repeat([row.abnormal for row in rows], times)
        score = np.repeat([row.probability for row in rows], times)
        assert measured["auc", "image"][index] == pytest.approx(roc_auc_score(sick, score))
        called = score >= 0.5
        assert measured["sensitivity", "image"][index] == pytest.approx(called[sick].mean())
        assert measured["specificity", "image"][index] == pytest.approx(1 - called[~sick].mean())


def test_index_of_drawn_patients_is_that_of_repeated_ones():
    generator = np.random.default_rng(0)
    truth = generator.gamma(1, 2, 20)
    rows = [
        IndexRow(f"p{n}", "s", value + generator.normal(0.3, 0.5), value) for n, value in enumerate(truth)
    ]
    one = IndexEvidence(rows, tuple(row.patient for row in rows))
    other = IndexEvidence([replace(row, index=row.index + 5) for row in rows], one.patients)
    weights = generator.integers(0, 3, (2, 20)).astype(float)
    measured = one.measures([(one, weights), (other, weights[::-1])])
    for index in range(2):
        times = np.concatenate([weights[index], weights[1 - index]]).astype(int)
        found = np.repeat([row.index for row in rows] + [row.index + 5 for row in rows], times)
        true = np.repeat([row.reference for row in rows] * 2, times)
        assert measured["mae", "index"][index] == pytest.approx(np.abs(found - true).mean())
        assert measured["bias", "index"][index] == pytest.approx((found - true).mean())
        assert measured["r", "index"][index] == pytest.approx(np.corrcoef(found, true)[0, 1])
    flat = IndexEvidence([replace(row, index=0.0) for row in rows], one.patients)
    assert np.isnan(flat.measures([(flat, np.ones((1, 20)))])["r", "index"]).all()


def test_curves_of_drawn_views_are_those_of_one_set_after_the_other():
    rng = np.random.default_rng(1)
    lesions = [np.round(rng.choice([-1, 0.2, 0.4, 0.5, 0.9], rng.poisson(2)), 1) for _ in range(12)]
    false = [np.round(rng.random(rng.poisson(4)), 1) for _ in range(12)]  # many ties
    clean = np.array([len(one) == 0 for one in lesions])
    weights = rng.integers(0, 3, (40, 12)).astype(float)
    drawn = DrawnResponse(lesions, false, clean)
    curves = [FreeResponse(lesions, false).curve(row) for row in weights]
    # Few false positives asked for, so that not all are looked at, and more than there are.
    for points, at in (((0.25, 0.5), 0.5), ((0.25, 1, 2, 3, 8), 2)):
        found, wrong = drawn.at(weights, points, at)
        np.testing.assert_allclose(found, [curve.at(points)[:, 0] for curve in curves], rtol=1e-6)
    for row, curve, here in zip(weights, curves, wrong, strict=True):
        passed = [(one >= curve.at((2,))[0, 1]).sum() for one in false]
        assert here == pytest.approx(row[clean] @ np.array(passed)[clean] / row[clean].sum())


def test_sensitivity_is_of_all_lesions_and_clean_views_at_the_same_threshold(made_run):
    run = made_run("unet", 0.6, alarms=6)
    found = estimates([view_of(run)], n_bootstrap=50)
    lesions = np.array([score for row in run.images for score in row.lesions])
    false = np.sort([score for row in run.images for score in row.false])[::-1]
    # The lowest threshold that lets at most three a view pass.
    threshold = min(t for t in [*lesions, *false] if t >= 0 and (false >= t).sum() <= 3 * len(run.images))
    assert found[AT_3].value == pytest.approx((lesions >= threshold).mean())
    clean = [row for row in run.images if not row.abnormal]
    wrong = sum(score >= threshold for row in clean for score in row.false)
    assert found["false_in_clean_views", "abnormal"].value == pytest.approx(wrong / len(clean))
    assert found[AT_3].low < found[AT_3].value < found[AT_3].high

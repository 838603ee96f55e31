import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from napari_tbcad.evaluate.exchange import MEASURES, exchange_shifts, exchanged_differences
from napari_tbcad.evaluate.metrics import compare_aucs
from napari_tbcad.evaluate.paired import paired_tests
from napari_tbcad.evaluate.resampling import Draws, exchange_p_value, exchanges, holm
from napari_tbcad.evaluate.weighted import Judged


def judged_by(method, scores, y, patients, *, repeat=1, **variant):
    return pd.DataFrame(
        {
            "method": method,
            "fold": f"r{repeat}-f1",
            "file": [f"{i}.png" for i in range(len(y))],
            "label": y.astype(int),
            "probability": scores,
            "decision": (scores >= 0.5).astype(int),
            "patient": patients,
            "segmenter": "network",
            "feature_set": "chandra113",
            "definition": "ibsi",
        }
        | variant
    )


def sample(n=60, seed=0, noise=(0.6, 0.6), per_patient=2):
    """Return truth, two methods' scores and patients with a share of their own in both."""
    rng = np.random.default_rng(seed)
    patients = np.arange(n) // per_patient
    y = patients % 2 == 0
    base = 1.0 * y + rng.normal(size=n)[patients] * 0.7 + rng.normal(size=n) * 0.4
    scores = [1 / (1 + np.exp(-(base + scale * rng.normal(size=n) - 0.5))) for scale in noise]
    return y, scores, np.array([f"p{i}" for i in patients])


def test_every_exchange_is_the_exchange_of_ranks_and_decisions():
    y, (a, b), patients = sample(16)
    a, b = np.round(a, 1), np.round(b, 1)
    owner = np.unique(patients, return_inverse=True)[1]
    first, second = (Judged.of(y, s, s >= 0.5, owner) for s in (a, b))
    shifts = exchange_shifts(first, second, 8)
    swapped, every = exchanges(8, 9999, 0)
    [(found, all_there)] = exchanged_differences([shifts], 9999, 0)
    assert every
    assert all_there
    ranks = [stats.rankdata(s) for s in (a, b)]
    for row in (0, 1, 37, 200, 255):
        there = swapped[row][owner] == 1

        def sides(one, two, there=there):
            return np.where(there, two, one), np.where(there, one, two)

        r1, r2 = sides(*ranks)
        d1, d2 = sides(a >= 0.5, b >= 0.5)
        s1, s2 = sides(a, b)
        expected = [
            roc_auc_score(y, r1) - roc_auc_score(y, r2),
            (d1 == y).mean() - (d2 == y).mean(),
            d1[y].mean() - d2[y].mean(),
            (~d1[~y]).mean() - (~d2[~y]).mean(),
            ((s1 - y) ** 2).mean() - ((s2 - y) ** 2).mean(),
        ]
        np.testing.assert_allclose(found[row], expected, atol=1e-12)


def test_a_difference_between_methods_is_found_with_its_interval():
    y, (good, bad), patients = sample(400, noise=(0.1, 2.0))
    table = pd.concat(
        [judged_by(m, s, y, patients) for m, s in (("hierarchical_svm", good), ("hierarchical_nb", bad))]
    )
    found = paired_tests(table, Draws.of(patients, 300), n_permutations=999).set_index("measure")
    row = found.loc["auc"]
    assert row["difference"] == pytest.approx(roc_auc_score(y, good) - roc_auc_score(y, bad))
    assert row["low"] > 0
    assert row["p_value"] <= 0.01
    assert row["patients"] == 200
    assert row["question"] == "method"
    assert (row["method"], row["segmenter"]) == ("", "network")
    assert found.loc["brier", "difference"] < 0
    assert tuple(found.index) == MEASURES


def test_with_one_film_a_patient_the_auc_test_is_near_delongs():
    y, (a, b), patients = sample(200, noise=(0.2, 0.9), per_patient=1, seed=4)
    table = pd.concat([judged_by("one", a, y, patients), judged_by("two", b, y, patients)])
    row = paired_tests(table, Draws.of(patients, 1000)).iloc[0]
    book = compare_aucs(y, a, b)
    assert row["p_value"] == pytest.approx(book.p_value, abs=0.03)
    assert (row["low"], row["high"]) == pytest.approx(book.difference[1:], abs=0.015)


def test_p_values_of_methods_that_are_alike_are_uniform():
    p_values = []
    for seed in range(300):
        y, scores, patients = sample(48, seed=seed)
        owner = np.unique(patients, return_inverse=True)[1]
        shifts = exchange_shifts(*(Judged.of(y, s, s >= 0.5, owner) for s in scores), 24)
        [(exchanged, every)] = exchanged_differences([shifts], 299, seed)
        p_values.append(
            [exchange_p_value(shifts[:, k].sum(), exchanged[:, k], every) for k in range(len(MEASURES))]
        )
    for measure, p in zip(MEASURES, np.transpose(p_values), strict=True):
        assert (p <= 0.05).mean() < 0.09, measure
        if measure in ("auc", "brier"):  # the others take few values
            assert stats.kstest(p, "uniform").pvalue > 0.01, measure


def test_the_same_answers_are_no_difference_and_repeats_are_averaged():
    y, (a, b), patients = sample(40)
    rounds = [(a, b), (b, a)]
    table = pd.concat(
        judged_by(method, scores[at], y, patients, repeat=repeat)
        for at, method in enumerate(("one", "two"))
        for repeat, scores in enumerate(rounds, start=1)
    )
    found = paired_tests(table, Draws.of(patients, 50), n_permutations=99)
    assert (found["difference"] == 0).all()
    assert (found["p_value"] == 1).all()
    mean = (roc_auc_score(y, a) + roc_auc_score(y, b)) / 2
    assert found.iloc[0]["first_value"] == pytest.approx(mean)


def test_questions_and_their_correction():
    y, (a, b), patients = sample(60)
    methods = ("hierarchical_svm", "hierarchical_nb", "single_svm", "single_nb")
    rng = np.random.default_rng(0)
    table = pd.concat(
        judged_by(method, np.clip(a + rng.normal(0, 0.2, 60), 0, 1), y, patients, **variant)
        for variant in ({}, {"segmenter": "otsu"}, {"feature_set": "listed17"}, {"definition": "uppuluri"})
        for method in methods
    )
    found = paired_tests(table, Draws.of(patients, 20), n_permutations=99)
    asked = found[found["measure"] == "auc"]["question"].value_counts().to_dict()
    assert asked == {"stages": 2, "method": 2, "segmenter": 4, "feature_set": 4, "definition": 4}
    stages = found[found["question"] == "stages"]
    assert set(zip(stages["first"], stages["second"], strict=True)) == {
        ("hierarchical_svm", "single_svm"),
        ("hierarchical_nb", "single_nb"),
    }
    other = found[found["question"] == "segmenter"].iloc[0]
    assert (other["first"], other["second"], other["segmenter"]) == ("network", "otsu", "")
    assert other["method"] == "hierarchical_svm"
    for _, rows in found.groupby("question"):
        np.testing.assert_allclose(rows["p_corrected"], holm(rows["p_value"].tolist()))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    corrected = holm([0.02, np.nan, 0.01])
    assert corrected[0] == pytest.approx(0.02)
    assert np.isnan(corrected[1])


def test_only_films_that_both_judged_are_compared():
    y, (a, b), patients = sample(40)
    one, two = judged_by("one", a, y, patients), judged_by("two", b, y, patients)
    found = paired_tests(pd.concat([one, two.iloc[4:]]), Draws.of(patients, 20), n_permutations=99)
    assert found.iloc[0]["patients"] == 18
    assert found.iloc[0]["first_value"] == pytest.approx(roc_auc_score(y[4:], a[4:]))
    nothing = paired_tests(pd.concat([one[one["label"] == 1], two[two["label"] == 0]]), Draws.of(patients, 5))
    assert nothing.empty
    assert paired_tests(one.iloc[:0], Draws.of([])).empty

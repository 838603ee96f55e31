import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from napari_tbcad.evaluate.columns import FIGURES
from napari_tbcad.evaluate.intervals import auc_figure, figures, share_figure
from napari_tbcad.evaluate.metrics import auc, wilson
from napari_tbcad.evaluate.resampling import Draws


def films(n=120, *, per_patient=1, repeats=1, seed=0):
    """Return predictions of n patients whose films are all alike."""
    rng = np.random.default_rng(seed)
    rows = []
    y = np.arange(n) % 3 == 0
    for repeat in range(1, repeats + 1):
        score = 1 / (1 + np.exp(-(rng.normal(size=n) + 1.2 * y)))
        one = pd.DataFrame({"fold": f"r{repeat}-f1", "label": y.astype(int), "probability": score})
        one["patient"] = [f"p{i:03}" for i in range(n)]
        rows += [one.assign(file=one["patient"] + f"_{copy}") for copy in range(per_patient)]
    table = pd.concat(rows, ignore_index=True)
    return table.assign(decision=(table["probability"] >= 0.5).astype(int))


def test_intervals_of_one_film_a_patient_are_near_the_textbooks():
    table = films(600)
    found = figures(table, Draws.of(table["patient"]))
    assert set(found) == set(FIGURES)
    c = table[table["label"] == 1]
    for mine, book in (
        (found["auc"], auc(table["label"], table["probability"])),
        (found["recall"], wilson(int(c["decision"].sum()), len(c))),
    ):
        assert mine.value == pytest.approx(book.value)
        assert mine.low == pytest.approx(book.low, abs=0.01)
        assert mine.high == pytest.approx(book.high, abs=0.01)
    assert all(f.low <= f.high for f in found.values())


def test_copies_of_a_film_do_not_narrow_its_patients_interval():
    once, thrice = films(80), films(80, per_patient=3)
    one, three = (figures(table, Draws.of(table["patient"], 200)) for table in (once, thrice))
    for name, figure in one.items():
        assert three[name] == pytest.approx(figure, abs=2e-3), name
    nobody = thrice.assign(patient=thrice["file"])
    naive = figures(nobody, Draws.of(nobody["patient"], 200))["auc"]
    assert naive.high - naive.low < 0.75 * (three["auc"].high - three["auc"].low)


def test_a_figure_is_the_mean_over_repeats():
    table = films(60, repeats=3)
    draws = Draws.of(table["patient"], 200)
    found = figures(table, draws)
    each = [part for _, part in table.groupby("fold")]
    areas = [roc_auc_score(part["label"], part["probability"]) for part in each]
    assert found["auc"].value == pytest.approx(np.mean(areas))
    one = [figures(part, draws)["auc"] for part in each]
    assert found["auc"].high - found["auc"].low < np.mean([f.high - f.low for f in one])
    repeat = table["fold"].str[1].astype(int)
    again = auc_figure(table["label"], table["probability"], table["patient"], draws, repeats=repeat)
    assert again == found["auc"]


def test_draws_are_the_same_for_a_seed_and_know_their_patients():
    one, two, other = (Draws.of(["b", "a", "b"], 50, seed) for seed in (0, 0, 1))
    assert one.patients == ("a", "b")
    np.testing.assert_array_equal(one.weights, two.weights)
    assert not np.array_equal(one.weights, other.weights)
    assert (one.weights.sum(axis=1) == 2).all()
    assert one.owners(["b", "a", "b"]).tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="not among those drawn"):
        one.owners(["c"])


def test_a_patient_without_a_film_here_changes_no_value():
    table = films(60)
    more = Draws.of([*table["patient"], "someone else"], 300)
    found, plain = figures(table, more), figures(table, Draws.of(table["patient"], 300))
    assert found["auc"].value == plain["auc"].value
    assert found["auc"].low == pytest.approx(plain["auc"].low, abs=0.03)


def test_no_error_among_few_patients_does_not_pretend_certainty():
    table = films(20)
    table["probability"] = np.where(table["label"] == 1, 0.9, 0.1)
    table["decision"] = table["label"]
    found = figures(table, Draws.of(table["patient"], 200))
    assert found["recall"] == wilson(7, 7)
    assert found["specificity"] == wilson(13, 13)
    assert found["auc"] == auc(table["label"], table["probability"])
    assert found["auc"].low < 0.7
    assert np.isnan(found["calibration_slope"].value)
    alone = figures(table.assign(patient="p"), Draws.of(["p"], 50))
    assert np.isnan(alone["accuracy"].low)


def test_the_recall_of_a_single_patient_has_an_interval_like_the_precision_beside_it():
    table = films(20).assign(label=0, decision=0)
    table.loc[0, "label"] = 1
    found = figures(table, Draws.of(table["patient"], 200))
    assert found["recall"] == wilson(0, 1)


def test_one_class_only():
    table = films(30)
    found = figures(table[table["label"] == 0], Draws.of(table["patient"], 100))
    assert np.isnan(found["auc"].value)
    assert np.isnan(found["recall"].low)
    assert 0 < found["specificity"].low < found["specificity"].value < 1


def test_shares():
    owner = [f"p{i}" for i in range(40)]
    draws = Draws.of(owner, 400)
    hits, among = np.arange(40) < 15, np.arange(40) < 20
    found = share_figure(hits, among, owner, draws)
    assert found.value == 0.75
    assert found.low == pytest.approx(wilson(15, 20).low, abs=0.06)
    assert share_figure(among, among, owner, draws) == wilson(20, 20)
    assert np.isnan(share_figure(hits, np.zeros(40), owner, draws).value)

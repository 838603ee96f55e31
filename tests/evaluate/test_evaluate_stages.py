import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from napari_tbcad.evaluate.curves import calibration_table, roc_table
from napari_tbcad.evaluate.resampling import Draws
from napari_tbcad.evaluate.stages import stage_table

VARIANT = {"segmenter": "network", "feature_set": "chandra113", "definition": "ibsi"}


def predictions(label, decision, stage, **more):
    n = len(label)
    table = pd.DataFrame({"label": label, "decision": decision, "deciding_stage": stage})
    files = [f"{i}.png" for i in range(n)]
    table = table.assign(
        method="hierarchical_svm", fold="1", file=files, probability_stage1=0.5, patient=files
    )
    return table.assign(**VARIANT | more)


def test_what_each_stage_decided_and_how_often_it_was_right():
    table = predictions([1, 1, 0, 1, 0, 0, 0, 1], [1, 1, 1, 1, 0, 0, 1, 0], [1, 1, 1, 2, 2, 2, 2, 2])
    again = table.assign(fold="r2-f1", decision=table["label"])
    single = predictions([1, 0], [1, 0], [2, 2], method="single_svm", probability_stage1=np.nan)
    both = pd.concat([table, again, single])
    found = stage_table(both, Draws.of(both["patient"], 200)).set_index(["method", "stage"])
    assert len(found) == 3
    one, two = found.loc["hierarchical_svm", 1], found.loc["hierarchical_svm", 2]
    # Counts are those of the first repeat.
    assert tuple(one[["films", "called_suspect", "tb", "tb_found"]]) == (3, 3, 2, 2)
    assert tuple(two[["films", "called_suspect", "tb", "tb_found"]]) == (5, 2, 2, 1)
    assert one["share"] == pytest.approx(3 / 8)
    assert one["right"] == pytest.approx(5 / 6)
    assert two["right"] == pytest.approx(8 / 10)
    assert two["right_low"] < two["right"] < two["right_high"]
    assert found.loc["single_svm", 2]["share"].item() == 1


def test_the_roc_table_keeps_the_curve():
    rng = np.random.default_rng(0)
    y = np.arange(3000) % 2
    score = rng.normal(size=3000) + y
    films = pd.DataFrame({"method": "m", "label": y, "probability": score})
    few = films.iloc[:40].assign(method="few")
    one_class = films[films["label"] == 0].assign(method="none")
    found = roc_table(pd.concat([films, few, one_class]))
    assert set(found["method"]) == {"m", "few"}
    for method, mine in (("m", films), ("few", few)):
        curve = found[found["method"] == method]
        x, hits = curve["false_positive_rate"].to_numpy(), curve["true_positive_rate"].to_numpy()
        assert len(curve) <= 200
        assert (x[0], hits[0], x[-1], hits[-1]) == (0, 0, 1, 1)
        assert (np.diff(x) >= 0).all()
        assert (np.diff(hits) >= 0).all()
        assert np.trapezoid(hits, x) == pytest.approx(
            roc_auc_score(mine["label"], mine["probability"]), abs=3e-3
        )
        for _, point in curve.iloc[[0, len(curve) // 2, -1]].iterrows():
            called = mine["probability"] >= point["threshold"]
            assert called[mine["label"] == 1].mean() == pytest.approx(point["true_positive_rate"])


def test_calibration_keeps_equal_probabilities_together():
    p = np.r_[np.full(50, 0.2), np.linspace(0.5, 0.9, 50)]
    films = pd.DataFrame({"method": "m", "probability": p, "label": (np.arange(100) % 5 == 0).astype(int)})
    films["patient"] = [f"{i // 2}" for i in range(100)]
    found = calibration_table(films)
    assert found["n"].sum() == 100
    first = found.iloc[0]
    assert (first["n"], first["mean_probability"], first["share"]) == (50, pytest.approx(0.2), 0.2)
    assert (found["low"] <= found["share"]).all()
    assert (found["share"] <= found["high"]).all()
    alone = calibration_table(films.assign(patient=films.index.astype(str))).iloc[0]
    assert alone["high"] - alone["low"] < first["high"] - first["low"]
    assert len(calibration_table(films.iloc[:3])) >= 1

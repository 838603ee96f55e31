import numpy as np
import pandas as pd

from napari_tbcad.evaluate.sources import source_notes, source_rows


def predictions():
    rng = np.random.default_rng(0)
    label = np.tile([0, 1], 40)
    source = np.where(np.arange(80) < 40, "both", np.where(label == 1, "sick", "well"))
    probability = np.clip(0.3 + 0.4 * label + 0.2 * rng.normal(size=80), 0, 1)
    return pd.DataFrame(
        {
            "method": "single_svm",
            "fold": "1",
            "file": [f"{i}.png" for i in range(80)],
            "label": label,
            "probability": probability,
            "decision": (probability > 0.5).astype(int),
            "patient": [f"p{i // 2}" for i in range(80)],
            "source": source,
        }
    )


def test_each_collection_by_itself_and_what_it_cannot_say():
    rows = source_rows(predictions(), n_bootstrap=50).set_index("source")
    assert rows.loc["both", ["n_tb", "n_normal"]].tolist() == [20, 20]
    assert rows.loc["both", "auc"] > 0.8
    assert rows.loc["both", "auc_low"] < rows.loc["both", "auc"] <= rows.loc["both", "auc_high"]
    assert np.isnan(rows.loc["sick", ["specificity", "auc"]].astype(float)).all()
    films = predictions().query("source == 'sick'")
    assert rows.loc["sick", "recall"] == films["decision"].mean()


def test_whether_a_collection_holds_both_classes_is_said():
    y = np.array([1, 1, 0, 0])
    said = source_notes(y, ["tb one", "tb two", "rsna", "rsna"])[0]
    assert "No collection holds both" in said
    assert "tb one and tb two" in said
    assert "rsna" in said
    mixed = source_notes(y, ["a", "b", "a", "c"])[0]
    assert "a (2 films) of 3" in mixed
    assert "b and c hold one class" in mixed
    assert source_notes(y, ["a"] * 4) == []
    assert source_notes([0, 1, 0, 1], ["a", "a", "b", "b"]) == []
    uneven = source_notes([0, 0, 0, 1, 1, 1, 1, 0], ["a"] * 4 + ["b"] * 4)[0]
    assert "a 25%, b 75%" in uneven

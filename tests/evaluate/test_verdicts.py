import numpy as np
import pandas as pd
import pytest

from napari_tbcad.evaluate.metrics import UNDEFINED, Figure
from napari_tbcad.evaluate.verdicts import (
    NO_CONTROL,
    Verdict,
    judged_controls,
    judged_summary,
    loudest,
    verdict,
)

GOOD = Figure(0.90, 0.86, 0.93)


@pytest.mark.parametrize(
    ("control", "level"),
    [
        (Figure(0.86, 0.82, 0.90), "red"),
        (Figure(0.859, 0.82, 0.90), "amber"),
        (Figure(0.97, 0.95, 0.99), "red"),
        (Figure(0.64, 0.601, 0.68), "amber"),
        (Figure(0.64, 0.60, 0.68), ""),
        (Figure(0.70, 0.50, 0.88), ""),
        (Figure(0.50, 0.46, 0.54), ""),
    ],
)
def test_red_reaches_the_interval_and_amber_surely_knows_something(control, level):
    assert verdict(GOOD, control).level == level


def test_a_worthless_score_is_red_whatever_the_control():
    said = verdict(Figure(0.53, 0.45, 0.61), Figure(0.48, 0.40, 0.56))
    assert said.level == "red"
    assert "not shown to be better than chance" in said.text


def test_each_control_has_its_own_words():
    high = Figure(0.95, 0.93, 0.97)
    assert "without looking at the lungs" in verdict(GOOD, high, "outside_lungs").text
    assert "border" in verdict(GOOD, high, "image_border").text
    assert "age and sex" in verdict(GOOD, high, "age_sex").text
    assert "0.95 (0.93–0.97)" in verdict(GOOD, high, "outside_lungs, fold 1").text
    assert "lung areas" in verdict(GOOD, high, "lung_areas").text


def test_shuffled_labels_are_red_beyond_three_standard_errors_only():
    assert verdict(GOOD, Figure(0.56, 0.51, 0.61), "shuffled_labels").level == ""
    leak = verdict(GOOD, Figure(0.62, 0.57, 0.67), "shuffled_labels")
    assert leak.level == "red"
    assert "both sides" in leak.text
    assert verdict(GOOD, Figure(0.38, 0.33, 0.43), "shuffled_labels").level == "red"
    # A run whose own score is worthless is not said to leak.
    assert verdict(Figure(0.5, 0.4, 0.6), Figure(0.5, 0.45, 0.55), "shuffled_labels").level == ""


def test_a_missing_control_is_said_and_not_coloured():
    assert verdict(GOOD, UNDEFINED) == NO_CONTROL
    assert verdict(GOOD, UNDEFINED, "age_sex").text == ""
    assert loudest([NO_CONTROL, Verdict("amber", "a"), Verdict("amber", "b")]).text == "a"
    assert loudest([]) == Verdict("", "")


def tables():
    summary = pd.DataFrame(
        {"method": ["svm", "nb"], "auc": [0.9, 0.66], "auc_low": [0.86, 0.6], "auc_high": [0.93, 0.7]}
    )
    controls = pd.DataFrame(
        {
            "control": ["outside_lungs", "outside_lungs, fold test a", "outside_lungs, fold test b"],
            "auc": [0.55, 0.72, 0.40],
            "low": [0.50, 0.68, 0.35],
            "high": [0.60, 0.76, 0.45],
        }
    )
    by_fold = pd.DataFrame(
        {
            "method": ["svm", "svm", "nb", "nb"],
            "fold": ["test a", "test b"] * 2,
            "auc": [0.85, 0.95, 0.70, 0.62],
            "auc_low": [0.80, 0.92, 0.65, 0.55],
            "auc_high": [0.90, 0.97, 0.75, 0.69],
        }
    )
    return summary, controls, by_fold


def test_one_confounded_direction_is_not_averaged_away():
    summary, controls, by_fold = tables()
    assert list(judged_summary(summary, controls)["level"]) == ["", ""]
    judged = judged_summary(summary, controls, by_fold)
    assert list(judged["level"]) == ["amber", "red"]
    assert "0.72" in judged["warning"].iloc[0]


def test_random_folds_are_not_judged_one_by_one():
    summary, controls, by_fold = tables()
    renamed = controls.assign(
        control=controls["control"].str.replace("test a", "1").str.replace("test b", "2")
    )
    by_fold = by_fold.assign(fold=["1", "2"] * 2)
    assert list(judged_summary(summary, renamed, by_fold)["level"]) == ["", ""]


def test_each_control_gets_its_level():
    _, controls, by_fold = tables()
    judged = judged_controls(controls, GOOD, by_fold[by_fold["method"] == "svm"])
    assert list(judged["level"]) == ["", "amber", ""]
    assert judged["warning"].iloc[0] == ""


def test_a_score_without_any_control_says_so():
    summary, controls, _ = tables()
    judged = judged_summary(summary, controls.iloc[:0])
    assert set(judged["warning"]) == {NO_CONTROL.text}
    assert np.all(judged["level"] == "")

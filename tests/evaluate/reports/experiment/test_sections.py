"""Single sections: what they claim is what their tables hold."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import numpy as np
import pytest

from napari_tbcad.evaluate.reports.experiment import (
    account,
    behaviour,
    comparisons,
    controls,
    limits,
    masks,
    scores,
)
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence, evidence_of
from napari_tbcad.evaluate.reports.experiment.explained import explanation_section
from napari_tbcad.evaluate.reports.experiment.learning import learning_section
from napari_tbcad.evaluate.reports.experiment.page import heading
from napari_tbcad.evaluate.reports.experiment.texts import TEXTS
from napari_tbcad.evaluate.reports.words import Words
from napari_tbcad.evaluate.tables import write_tables

WORDS = Words("en", TEXTS["en"], 2)


@pytest.fixture(scope="module")
def evidence(invented):
    return Evidence(invented)


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.93, 0.91, 0.95, "the target of 0.90 is reached."),
        (0.93, 0.88, 0.95, "is reached, but the interval also allows less"),
        (0.88, 0.84, 0.92, "below the target of 0.90, which the interval still allows"),
        (0.80, 0.75, 0.85, "the target of 0.90 is missed"),
    ],
)
def test_the_triage_point_in_words(invented, value, low, high, expected):
    names = [f"recall_at_specificity_70{end}" for end in ("", "_low", "_high")]
    rows = invented.summary.assign(**dict(zip(names, (value, low, high), strict=True)))
    html = scores.triage_section(Evidence(replace(invented, summary=rows)), WORDS)
    assert f"recall is {value:.2f} ({low:.2f}–{high:.2f}): " in html
    assert expected in html


def test_a_difference_is_claimed_only_when_it_is_shown(evidence):
    html = comparisons.tests_section(evidence, WORDS)
    assert "Hierarchical SVM does better than single-stage naive Bayes: AUC 0.90 against 0.87" in html
    assert "difference +0.03 (0.01–0.05), p = 0.004 corrected" in html
    assert "Network (hierarchical SVM) is not shown to differ from otsu (hierarchical SVM)" in html
    assert "difference +0.01 (−0.01 to 0.03), p = 0.60 corrected" in html
    assert "cannot be compared" in html
    brier = next(row for row in evidence.table("tests").to_dict("records") if row["measure"] == "brier")
    assert comparisons.reading(brier) == "worse", "a higher Brier score is worse"
    assert html.count(TEXTS["en"]["tests_more"]) == 1, "of the variants the main measure alone"


def test_every_method_has_its_counts_and_shares(evidence):
    html = scores.confusion_section(evidence, WORDS)
    assert html.count("<b>108</b><small>90 %</small>") == 2
    assert html.count("<b>104</b><small>80 %</small>") == 2


def test_a_source_with_one_class_has_no_auc(evidence):
    html = controls.sources_section(evidence, WORDS)
    assert "<td>60</td><td>0</td>" in html
    assert "–" in html


def test_sources_that_hold_one_class_each_are_told(invented, evidence):
    assert controls.separate(evidence, WORDS) == ""
    films = invented.predictions
    apart = films.assign(source=["x" if label else "y & z" for label in films["label"]])
    said = controls.separate(Evidence(replace(invented, predictions=apart)), WORDS)
    assert said.startswith("No source holds both classes: films with tuberculosis come from x, those without")
    assert said in limits.limits(Evidence(replace(invented, predictions=apart)), WORDS)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("10-fold, repeated 3 times", "10-fold cross-validation by patient, repeated 3 times"),
        ("4-fold", "4-fold cross-validation by patient"),
        ("hold-out 0.2", "hold-out, 20 % of the films tested"),
        ("cross-source", TEXTS["en"]["design_cross"]),
        ("splits of mine.csv", "splits of mine.csv"),
    ],
)
def test_designs_in_words(raw, said):
    assert account.design_said(raw, WORDS) == said


def test_a_single_stage_method_is_not_listed_by_stages(evidence):
    html = behaviour.stages_section(evidence, WORDS)
    assert "hierarchical SVM" in html
    assert "single" not in html
    assert "72 of 72" in html


def test_variants_stand_with_their_own_control(evidence):
    html = comparisons.variants_section(evidence, WORDS)
    assert html.count("otsu · chandra113 · ibsi") == 2
    assert html.count("0.55") == 2, "only the main variant has a control here"


def test_the_least_stable_feature_comes_first(evidence):
    html = masks.stability_section(evidence, WORDS)
    assert html.index("0.35", html.index("least stable")) < html.index("area_left")
    assert "1 of 1" in html
    assert "0 of 1" in html


def test_a_gain_by_correction_is_claimed_when_the_intervals_part(invented, evidence):
    open_said = escape(TEXTS["en"]["correction_open"])
    assert open_said not in masks.correction_section(evidence, WORDS)
    nearer = invented.correction.assign(auc=0.85, low=0.8, high=0.9)
    assert open_said in masks.correction_section(Evidence(replace(invented, correction=nearer)), WORDS)
    assert "automatic + 10 corrected, chosen at random" in masks.correction_section(evidence, WORDS)


def test_the_explanation_is_held_against_chance_and_the_middle(evidence, invented):
    html = explanation_section(evidence, WORDS)
    assert (
        "an AUC of 0.84 (0.80–0.88) (chance 0.50, middle of the lungs 0.66): better than chance and than"
        in html
    )
    assert "in 0.20 (0.10–0.32) of the films" in html
    assert "not shown to be better than chance. n = 90 films." in html
    assert "by 0.09 (0.05–0.13); without a tenth at random by 0.01" in html
    assert TEXTS["en"]["not_pointed"] not in html
    alone = invented.explanation[invented.explanation["measure"] == "removal_probability"]
    html = explanation_section(Evidence(replace(invented, explanation=alone)), WORDS)
    assert TEXTS["en"]["not_pointed"] in html


def test_the_learning_curve_is_read_in_the_language_of_the_page(evidence):
    assert "Hierarchical SVM: Still rising at 200 training films" in learning_section(evidence, WORDS)
    html = learning_section(evidence, Words("id", TEXTS["id"], 2))
    assert "SVM hierarkis: Masih naik" in html
    assert "0,88" in html


def test_long_lists_are_cut_and_say_so(invented, make):
    failed = make.table("failed.csv", [(f"{n}.png", "unreadable") for n in range(60)], ["file", "message"])
    html = account.left_out_section(Evidence(replace(invented, failed=failed)), WORDS)
    assert html.count(".png</td>") == 40 + 1
    assert "… and 20 more in failed.csv." in html


def test_a_complaint_of_many_splits_is_told_once(invented):
    said = (*(f"hierarchical_svm, fold {n}: no better than chance" for n in (1, 2)), "otherwise")
    html = account.repeat_section(Evidence(replace(invented, complaints=said)), WORDS)
    assert "<li>otherwise</li><li>hierarchical SVM: no better than chance (split: 1, 2)</li>" in html


def test_limits_are_of_this_experiment(evidence, invented, bare):
    said = limits.limits(evidence, WORDS)
    assert TEXTS["en"]["limit_pooled"] in said
    assert TEXTS["en"]["limit_simulated"] not in said
    one = bare.predictions.assign(source="a")
    said = limits.limits(Evidence(replace(bare, predictions=one)), WORDS)
    assert TEXTS["en"]["limit_one_source"] in said
    crossed = replace(invented, folds=tuple(replace(f, name=f"test {f.name}") for f in invented.folds))
    assert TEXTS["en"]["limit_cross"] in limits.limits(Evidence(crossed), WORDS)


def test_words_of_numbers():
    assert WORDS.said(0.123456, -0.1, 0.2) == "0.12 (−0.10 to 0.20)"
    assert WORDS.interval(-0.001, 0.5) == "0.00–0.50"
    assert WORDS.signed(0.0001) == "0.00"
    assert WORDS.signed(-0.02) == "−0.02"
    assert WORDS.p(0.0002) == "< 0.001"
    assert WORDS.p(0.34) == "= 0.34"
    assert WORDS.number(float("nan")) == "–"
    assert WORDS.duration(7300) == "2.0 h"
    assert Words("id", TEXTS["id"], 3).said(0.5, 0.25, 0.75) == "0,500 (0,250–0,750)"


def test_a_model_that_was_judged_as_it_is_is_not_said_to_be_blind_to_the_films(invented, make):
    told = make.about(classifier=f"my model {'0' * 64}", design="my model as it is")
    given = Evidence(replace(invented, about=told))
    assert given.classifier == "my model"
    for language in ("en", "id"):
        words = Words(language, TEXTS[language], 3)
        assert words("each_given", classifier="my model") in heading(given, words)
        assert words("each_once") not in heading(given, words)
        said = limits.limits(given, words)
        assert words("limit_given") in said
        assert words("limit_pooled") not in said


def test_intervals_say_how_they_were_made(evidence, invented):
    assert "1000 times, percentiles)" in scores.interval_note(evidence, WORDS)
    twice = tuple(replace(fold, repeat=number) for number, fold in enumerate(invented.folds, start=1))
    repeated = Evidence(replace(invented, folds=twice))
    assert "means over the repeats" in scores.interval_note(repeated, WORDS)


def test_a_hold_out_of_an_earlier_run_is_not_shown(invented, make, tmp_path):
    write_tables(invented, tmp_path)
    write_tables(
        replace(invented, about=make.about(started="2026-11-01T00:00:00+00:00")), tmp_path / "holdout"
    )
    assert evidence_of(tmp_path).holdout is None


def test_few_films_reach_and_miss_nothing(invented):
    few = invented.summary.assign(n_tb=1, calibration_slope_low=np.nan, calibration_slope_high=np.nan)
    shown = Evidence(replace(invented, summary=few))
    said = scores.triage_section(shown, WORDS)
    assert "too few films of one class (n = 1) to tell" in said
    assert "missed" not in said
    assert "too few for an interval" in behaviour.calibration_section(shown, WORDS)

"""The first box of the page: red, amber or neither, with score and control side by side."""

from __future__ import annotations

from dataclasses import replace

from napari_tbcad.evaluate.reports.experiment.evidence import Evidence
from napari_tbcad.evaluate.reports.experiment.texts import TEXTS
from napari_tbcad.evaluate.reports.experiment.verdict import level, loud_controls, verdict_section
from napari_tbcad.evaluate.reports.words import Words

WORDS = Words("en", TEXTS["en"], 2)


def judged(invented, make, found, low, loudness, *, extra=()):
    rows = make.table("summary.csv", make.summary(make.main, level=loudness, warning="told"))
    said = make.controls(found, low, loudness, extra=extra)
    return Evidence(replace(invented, summary=rows, controls=said))


def test_red_says_that_the_lungs_were_not_needed(invented, make):
    evidence = judged(invented, make, 0.89, 0.85, "red")
    html = verdict_section(evidence, WORDS)
    assert "class='verdict red'" in html
    assert "▲ This score can be had without looking at the lungs." in html
    assert (
        "Score: hierarchical SVM, AUC 0.90 (0.86–0.93). Control: same features outside the lungs, AUC 0.89"
        in html
    )
    assert html.count("<circle") == 2
    assert html.count("<polygon") == 2


def test_amber_says_that_part_of_the_score_is_elsewhere(invented, make):
    html = verdict_section(judged(invented, make, 0.7, 0.64, "amber"), WORDS)
    assert "class='verdict amber'" in html
    assert "Part of this score is not in the lungs." in html


def test_without_a_warning_score_and_control_stand_there_all_the_same(invented):
    html = verdict_section(Evidence(invented), WORDS)
    assert "class='verdict plain'" in html
    assert "No control comes near this score." in html
    assert "AUC 0.55 (0.48–0.61)" in html


def test_the_loudest_control_leads_and_the_others_are_told_too(invented, make):
    extra = [("age_sex", 0.88, 0.8, 0.93, "told", "red"), ("shuffled_labels", 0.5, 0.4, 0.6, "", "")]
    evidence = judged(invented, make, 0.7, 0.64, "amber", extra=extra)
    evidence = Evidence(replace(evidence.evaluation, about={**evidence.about, "verdict": {"level": "red"}}))
    assert level(evidence) == "red"
    html = verdict_section(evidence, WORDS)
    first, other = html.index("from age and sex, without any film"), html.index("not in the lungs")
    assert first < other
    assert "class='verdict red'" in html


def test_one_split_that_is_confounded_is_named(invented, make):
    extra = [("outside_lungs, fold 2", 0.93, 0.88, 0.97, "told", "red")]
    evidence = judged(invented, make, 0.6, 0.52, "", extra=extra)
    rows = evidence.evaluation.summary.assign(level="red")
    evidence = Evidence(replace(evidence.evaluation, summary=rows))
    assert [row["control"] for row in loud_controls(evidence)] == ["outside_lungs, fold 2"]
    html = verdict_section(evidence, WORDS)
    assert "▲ In the split “2”: this score can be had without looking at the lungs." in html
    assert "same features outside the lungs, split “2”, AUC 0.93 (0.88–0.97)" in html


def test_a_score_that_may_be_chance_is_called_so(invented, make):
    rows = make.table("summary.csv", make.summary(make.main, auc=0.53))
    html = verdict_section(Evidence(replace(invented, summary=rows)), WORDS)
    assert TEXTS["en"]["score_chance"] in html
    assert TEXTS["en"]["score_chance"] not in verdict_section(Evidence(invented), WORDS)


def test_red_where_all_may_be_chance_does_not_say_that_anything_tells_the_classes_apart(invented, make):
    rows = make.table("summary.csv", make.summary(make.main, auc=0.43, level="red", warning="told"))
    said = {low: make.controls(0.45, low, "red") for low in (0.38, 0.51)}
    html = {
        low: verdict_section(Evidence(replace(invented, summary=rows, controls=one)), WORDS)
        for low, one in said.items()
    }
    assert "there is nothing to see" in html[0.38]
    assert "tells the classes apart" not in html[0.38]
    assert "there is nothing to see" not in html[0.51]
    assert TEXTS["en"]["score_chance"] in html[0.51]


def test_a_control_that_is_loud_over_all_splits_is_told_once(invented, make):
    extra = [("outside_lungs, fold 2", 0.93, 0.88, 0.97, "told", "red")]
    evidence = judged(invented, make, 0.91, 0.88, "red", extra=extra)
    assert [row["control"] for row in loud_controls(evidence)] == ["outside_lungs"]


def test_a_method_with_another_mark_is_pointed_at(invented):
    rows = invented.summary.assign(level=["", "", "red", "red"])
    html = verdict_section(Evidence(replace(invented, summary=rows)), WORDS)
    assert TEXTS["en"]["other_rows"] in html

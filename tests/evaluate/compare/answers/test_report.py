from __future__ import annotations

import re
import string
from dataclasses import replace
from html.parser import HTMLParser

from napari_tbcad.evaluate.compare.answers import AUC, INDEX, PRIMARY
from napari_tbcad.evaluate.compare.findings import findings
from napari_tbcad.evaluate.compare.layout import digits_of, number
from napari_tbcad.evaluate.compare.report import REPORTS, report_html, write_report
from napari_tbcad.evaluate.compare.report_facts import facts_of
from napari_tbcad.evaluate.compare.report_texts import TEXTS
from napari_tbcad.evaluate.compare.tables import results

VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Collects what a page refers to and shows, and whether its elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.pictures = 0
        self.text: list[str] = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.links += [given[name] for name in ("src", "href") if name in given]
        self.ids.add(given.get("id", ""))
        self.pictures += tag == "img" and bool(given.get("alt"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(content):
    page = Reader()
    page.feed(content)
    assert page.open == []
    return page, " ".join(" ".join(page.text).split())


def test_the_report_is_one_file_that_says_what_was_asked_found_and_not_shown(
    study_scores, study_config, tmp_path
):
    config = study_config.model_copy(update={"name": "Hot & <cold>"})
    scores = [one.of_source("silver") for one in study_scores[:-1]]
    path = write_report(scores, config, tmp_path)
    assert path == tmp_path / REPORTS["en"]
    page, text = read(path.read_text(encoding="utf-8"))
    for link in page.links:
        assert link.startswith(("data:image/png", "#"))
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    assert page.pictures == 5, "forest, curves twice, index and ROC"
    assert "Hot & <cold>" in text
    assert "Unfinished: 1 of 18 runs are missing" in text
    assert study_scores[-1].name in text
    words = TEXTS["en"]
    places = [text.index(words[name]) for name in ("short", "done", "cost_title", "how", "limits")]
    assert places == sorted(places)
    assert "silver 14 patients, 28 views" in text
    assert "silver: only 14 tested patients" in text
    assert "Trained with 2 seeds" in text
    assert "No training was longer than 600 steps" in text
    _, other = read((tmp_path / REPORTS["id"]).read_text(encoding="utf-8"))
    assert TEXTS["id"]["limits"] in other
    assert not re.search(r"\{\w*\}", text + other), "a place that was not filled"


def test_sentences_claim_no_more_than_the_tests(found):
    for answer in found.answers:
        said = " ".join(str(line) for line in findings(answer, TEXTS["en"]))
        better = [t for t in answer.tests if t.verdict in ("first", "second")]
        if not better:
            assert "better" not in said
        for test in answer.tests:
            if test.key in (PRIMARY, AUC, INDEX):
                assert number(test.contrast.second, digits_of(test.key)) in said
    networks = str(findings(found.answer("simulated", "networks"), TEXTS["en"])[0])
    assert networks.startswith("Anterior, F1 abnormal: U-Net++ (0.")
    assert re.search(r"did better than Threshold \(0\.\d+\)", networks)
    assert re.search(r"No difference was shown between U-Net\+\+ \(0\.\d+\) and U-Net \(", networks)


def test_disagreeing_trainings_are_not_called_a_difference(found):
    answer = found.answer("simulated", "networks")
    clear = next(test for test in answer.tests if test.verdict == "first")
    pairs = (*clear.contrast.pairs[:-1], -0.01)
    torn = replace(clear, contrast=replace(clear.contrast, pairs=pairs))
    said = str(findings(replace(answer, tests=(torn,)), TEXTS["en"])[0])
    assert "the trainings disagree" in said
    assert "better" not in said


def test_one_training_each_is_said(made_run, quick):
    found = results([made_run("unetplusplus", 0.6), made_run("unet", 0.6)], effort=quick)
    lines = findings(found.answer("simulated", "networks"), TEXTS["en"])
    assert lines[-1].said == TEXTS["en"]["once"]


def test_one_run_alone_is_reported(study_scores, study_config, tmp_path):
    one = results([study_scores[0].of_source("simulated")], study_config)
    _, text = read(report_html(one, study_config, facts_of(one, study_config, tmp_path)))
    assert "simulated is simulated" in text
    assert "Unfinished: 17 of 18" in text
    assert TEXTS["en"]["nothing_tested"] in text


def test_both_languages_say_the_same_with_the_same_places():
    for key in TEXTS["en"]:
        english, other = (
            {name for _, name, _, _ in string.Formatter().parse(TEXTS[one][key]) if name} for one in TEXTS
        )
        assert english == other, key
        assert TEXTS["id"][key], key


def test_indonesian_is_translated():
    assert set(TEXTS["en"]) == set(TEXTS["id"])
    same = {key for key in TEXTS["en"] if TEXTS["en"][key] == TEXTS["id"][key]}
    own = {"f1", "iou", "abnormal", "normal", "auc", "p", "p_holm", "program", "view_anterior"}
    assert same <= own | {"view_posterior", "roc", "limit_epochs_unit"}

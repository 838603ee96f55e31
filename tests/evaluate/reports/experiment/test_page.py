"""The page as a whole: complete, closed, escaped, in both languages, asking for nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.experiment import experiment_html, write_reports
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence
from napari_tbcad.evaluate.reports.experiment.limits import limits
from napari_tbcad.evaluate.reports.experiment.page import REPORTS, SECTIONS, heading, report_html
from napari_tbcad.evaluate.reports.experiment.texts import TEXTS
from napari_tbcad.evaluate.reports.words import Words
from napari_tbcad.evaluate.tables import write_tables

VOID = {"meta", "img", "br", "line", "circle", "polygon"}


class Page(HTMLParser):
    """Collects what a page loads, links to and says, and whether its elements are closed."""

    def __init__(self, content):
        super().__init__()
        self.open, self.loads, self.ids, self.text, self.tags = [], [], set(), [], set()
        self.feed(content)
        self.close()
        assert self.open == []
        self.said = " ".join(" ".join(self.text).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.add(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        self.loads += [name for name, _ in attrs if name.startswith("on")]
        self.loads += re.findall(r"url\([^)]*", given.get("style") or "")
        self.ids.add(given.get("id"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.loads += re.findall(r"url\(|@import", data)
        else:
            self.text.append(data)


@pytest.fixture(scope="module")
def written(folder):
    write_reports(folder)
    return folder


@pytest.fixture(scope="module", params=["en", "id"])
def whole(request, written):
    return request.param, (written / REPORTS[request.param]).read_text(encoding="utf-8")


def test_every_section_of_a_whole_experiment_has_its_content(whole):
    language, html = whole
    page, words = Page(html), TEXTS[language]
    heads = [f"<h2 id='{name}'>{escape(words[f'section_{name}'])}</h2>" for name, _ in SECTIONS]
    places = [html.index(head) for head in heads]
    assert places == sorted(places), "the verdict first, the limits last"
    said = [words[f"empty_{name}"] for name, _ in SECTIONS if f"empty_{name}" in words]
    assert [text for text in said if text in page.said] == []
    assert not re.search(r"\{\w*\}|\bnan\b|None", page.said), "a place that was not filled"


def test_the_page_asks_for_nothing_and_no_name_becomes_html(whole):
    _, html = whole
    page = Page(html)
    assert all(one.startswith(("#", "data:image/png;base64,")) for one in page.loads)
    assert {one[1:] for one in page.loads if one.startswith("#")} <= page.ids
    assert sum(one.startswith("data:") for one in page.loads) == 3, "ROC, calibration, learning curve"
    assert not page.tags & {"script", "iframe", "object", "embed", "link", "base", "form"}
    assert page.said.count("<script>alert('x')</script>&\"'") > 10
    assert not re.search(r"https?:|src=.//", html)
    assert "default-src 'none'" in html


def test_numbers_are_written_as_the_language_writes_them(whole):
    language, html = whole
    said = Page(html).said
    assert ("0,900 (0,860–0,930)" if language == "id" else "0.900 (0.860–0.930)") in said
    if language == "id":
        assert not re.search(r"\b0\.\d{2,}", said), "a decimal point in an Indonesian sentence"


def test_a_section_without_numbers_says_why(bare):
    for language, words in TEXTS.items():
        said = Page(report_html(Evidence(bare), language=language)).said
        for name in ("controls", "sources", "roc", "stages", "tests", "learning", "stability", "correction"):
            assert words[f"section_{name}"] in said
            assert words[f"empty_{name}"] in said
        for name in ("explanation", "left_out", "data"):
            assert words[f"empty_{name}"] in said
        assert words["empty_variants"].format(variant="network · chandra113 · ibsi") in said
        assert words["unknown_verdict"] in said


def test_simulated_films_are_called_so_in_the_heading(invented, bare):
    words = Words("en", TEXTS["en"])
    assert "class='badge'" not in heading(Evidence(invented), words)
    sources = bare.predictions.assign(source="simulated_2")
    whole = Evidence(replace(bare, predictions=sources))
    assert "<span class='badge'>SIMULATED FILMS</span></h1>" in heading(whole, words)
    assert TEXTS["en"]["limit_simulated"] in limits(whole, words)
    some = Evidence(
        replace(bare, predictions=sources.assign(source=["simulated_2", "x"] * (len(sources) // 2)))
    )
    assert "PARTLY SIMULATED FILMS" in heading(some, words)
    told = replace(bare, about={**bare.about, "data": [{"name": "x", "simulated": True}]})
    assert Evidence(told).simulated == "all"
    named = replace(
        bare, about={**bare.about, "data": [{"name": "simulated", "sources": [{"name": "jsrt"}]}]}
    )
    assert Evidence(named).simulated == "all", "real films with simulated lesions"


def test_reports_and_pictures_are_written_and_old_pictures_go(written, bare, tmp_path):
    names = {"roc.png", "calibration.png", "confusion.png", "learning_curve.png", *REPORTS.values()}
    assert names <= {path.name for path in written.iterdir()}
    assert all((written / name).stat().st_size > 5000 for name in names)
    write_tables(bare, tmp_path)
    (tmp_path / "learning_curve.png").write_bytes(b"of an earlier run")
    assert write_reports(tmp_path) == tmp_path / "report.html"
    assert not (tmp_path / "learning_curve.png").exists()
    assert experiment_html(tmp_path, "id") == (tmp_path / "report.id.html").read_text(encoding="utf-8")
    with pytest.raises(BadInput, match=r"evaluation\.json"):
        write_reports(tmp_path / "nothing here")


def test_both_languages_have_every_text_with_the_same_places():
    english, indonesian = TEXTS["en"], TEXTS["id"]
    assert set(english) == set(indonesian)
    assert all(indonesian.values())
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", indonesian[key])), key
    same = {key for key in english if english[key] == indonesian[key]}
    short = {"measure_auc", "measure_f1_normal", "tb", "normal", "icc", "icc_median", "dice", "n", "bias"}
    short |= {"program", "terms_of", "section_data"}
    assert same <= short, "translated, not copied"

"""What a path is a report of, the page of a folder of results, and where pages may be written."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.case_privacy import bare
from napari_tbcad.evaluate.reports.subject import CaseOptions, pages_of, places_of, subject_of


def results(folder, columns, rows, pictures=()):
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "results.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    for name in pictures:
        (folder / "overlays").mkdir(exist_ok=True)
        Image.fromarray(np.zeros((400, 300, 3), np.uint8)).save(folder / "overlays" / f"{name}.png")
    return folder


@pytest.fixture
def chest(tmp_path):
    columns = (
        "file",
        "status",
        "message",
        "decision",
        "deciding_stage",
        "probability",
        "threshold",
        "warnings",
    )
    rows = [
        {"file": "/data/Budi/a.png", "status": "ok", "decision": "not_suspect", "probability": "0.2",
         "deciding_stage": "2", "threshold": "0.5", "warnings": "demonstration model (auc 0.9) | odd <film>"},
        {"file": "/data/Budi/b.png", "status": "ok", "decision": "tb_suspect", "probability": "0.8",
         "deciding_stage": "1", "threshold": "0.5", "warnings": "demonstration model (auc 0.9)"},
        {"file": "/data/Budi/c.png", "status": "error", "message": "/data/Budi/c.png: no picture"},
    ]  # fmt: skip
    return results(tmp_path / "run", columns, rows, ("a", "Budi__b"))


def test_a_folder_of_films_becomes_a_page(chest, decimal_points):
    pages = pages_of(chest, languages=("en", "id"))
    page = pages["en"]
    assert "2 of 3 films were done" in page
    assert page.index("b.png") < page.index("a.png")  # the highest probability first
    assert page.count("<img") == 2
    assert "c.png: no picture" in page
    assert "odd &lt;film&gt;" in page
    assert page.count("demonstration model (auc 0.9)") == 1
    assert "Budi" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "Foto toraks" in pages["id"]
    assert decimal_points(pages["id"]) == []
    assert "0,80<svg" in pages["id"]


def test_what_is_said_of_every_film_stands_once_above_them(tmp_path):
    rows = [
        {"file": f"{name}.png", "status": "ok", "warnings": f"trained on few films | {name} is dark"}
        for name in "ab"
    ]
    columns = ("file", "status", "message", "decision", "warnings")
    page = pages_of(results(tmp_path / "run", columns, rows))["en"]
    assert page.count("trained on few films") == 1
    assert page.index("trained on few films") < page.index("<table")
    assert page.index("<table") < page.index("a is dark")
    one = pages_of(results(tmp_path / "one", columns, rows[:1]))["en"]
    assert one.index("<table") < one.index("trained on few films")
    assert (
        "Warnings" not in pages_of(results(tmp_path / "none", columns, [{**rows[0], "warnings": ""}]))["en"]
    )


def test_a_folder_of_scans_becomes_a_page(tmp_path):
    columns = (
        "file",
        "status",
        "message",
        "bsi",
        "n_abnormal",
        "counts_anterior",
        "counts_posterior",
        "warnings",
    )
    row = {"file": "s.dcm", "status": "ok", "bsi": "1.5", "n_abnormal": "4", "counts_anterior": "640000"}
    pages = pages_of(results(tmp_path / "run", columns, [row]), languages=("en", "id"))
    assert "1.50 %" in pages["en"]
    assert "0.64 / –" in pages["en"]
    assert "1,50 %" in pages["id"]
    assert "0,64 / –" in pages["id"]


@pytest.mark.parametrize("name", ["film.png", "nothing", "empty", "other"])
def test_what_cannot_be_reported_is_refused_in_words(tmp_path, name):
    (tmp_path / "film.png").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    results(tmp_path / "other", ("file", "status"), [])
    with pytest.raises(BadInput, match=r"expected a case .* `chest evaluate`"):
        subject_of(tmp_path / name)


def test_options_of_a_case_do_not_fit_a_folder(chest):
    with pytest.raises(BadInput, match="are for a case"):
        pages_of(chest, options=CaseOptions(blind=True))


def test_a_report_never_takes_the_place_of_its_input(tmp_path):
    case = tmp_path / "a.tbcad"
    case.write_bytes(b"PK")
    with pytest.raises(BadInput, match=r"ends in \.html"):
        places_of(case, ("en",), case)
    (tmp_path / "a.html").symlink_to(case)
    with pytest.raises(BadInput, match="made from this file"):
        places_of(tmp_path / "a.html", ("en",), case)
    (tmp_path / "b.html").mkdir()
    with pytest.raises(BadInput, match="folder"):
        places_of(tmp_path / "b.html", ("en",), case)
    both = places_of(tmp_path / "c.html", ("en", "id"), case)
    assert [path.name for path in both.values()] == ["c.html", "c.id.html"]


def test_a_comparison_has_its_own_report(tmp_path):
    (tmp_path / "comparison.yaml").write_text("name: x")
    (tmp_path / "report.html").write_text("<p>own</p>", encoding="utf-8")
    assert pages_of(tmp_path)["en"] == "<p>own</p>"
    with pytest.raises(BadInput, match="made from this file"):
        places_of(tmp_path / "report.html", ("en",), tmp_path)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("/home/budi/x/film.png: odd", "film.png: odd"),
        (r"C:\Users\Budi\film.png is odd", "film.png is odd"),
        ("R/L and 1 / 2 stay", "R/L and 1 / 2 stay"),
    ],
)
def test_folders_are_left_out_of_sentences(said, left):
    assert bare(said) == left
    assert bare("/a b/c d/film.png: odd", ("/a b/c d",)) == "film.png: odd"

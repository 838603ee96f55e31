from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from napari_tbcad.evaluate.compare.answers import PRIMARY, Test
from napari_tbcad.evaluate.compare.config import Effort
from napari_tbcad.evaluate.compare.statistics import Contrast
from napari_tbcad.evaluate.compare.study import System
from napari_tbcad.evaluate.compare.tables import results, tables, write_tables


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_hold_every_number_with_its_interval(found, tmp_path):
    written = write_tables(found, tmp_path)
    assert {path.name for path in written} == {path.name for path in tmp_path.iterdir()}
    rows = read(tmp_path / "question_networks.csv")
    assert {row["method"] for row in rows} == {"unetplusplus", "unet", "threshold"}
    assert {row["scheme"] for row in rows} == {"4"}
    numbers = [row for row in rows if row["value"] and row["low"]]
    assert len(numbers) > 0.9 * len(rows)
    for row in numbers:
        low, value, high = (float(row[name]) for name in ("low", "value", "high"))
        assert low <= value + 1e-9 or row["metric"] == "r"
        assert low <= high
        assert float(row["seed_low"]) <= value + 1e-9
    curve = [
        float(row["sensitivity"])
        for row in read(tmp_path / "froc.csv")
        if (row["source"], row["view"], row["method"], row["scheme"]) == ("silver", "anterior", "unet", "4")
    ]
    assert len(curve) > 5
    assert curve == sorted(curve)
    views = {(row["view"], row["metric"]) for row in read(tmp_path / "question_views.csv")}
    assert {("anterior", "mae"), ("posterior", "mae"), ("anterior", "f1")} <= views
    calls = read(tmp_path / "image_level.csv")
    assert {row["metric"] for row in calls} == {"auc", "sensitivity", "specificity"}
    assert {row["method"] for row in calls} == {"unetplusplus", "unet", "threshold", "classifier"}
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert "| Anterior | U-Net++ | 0." in text


def test_collections_are_never_pooled(found, study_scores, study_config):
    alone = results([one.of_source("simulated") for one in study_scores], study_config)
    assert found.study.sources == ["silver", "simulated"]
    for answer in alone.answers:
        # Drawn and exchanged alike, whatever else there is.
        same = found.answer("simulated", answer.question)
        assert [row.estimate for row in same.rows] == [row.estimate for row in answer.rows]
        assert [one.p_holm for one in same.tests] == [one.p_holm for one in answer.tests]
        assert {test.family for test in same.tests} == {len(same.tests)}


def test_what_is_better_is_called_so_and_what_is_equal_is_not(found):
    verdicts = {
        (test.view, test.second.method): test.verdict
        for test in found.answer("simulated", "networks").tests
        if test.key == PRIMARY
    }
    assert {value for (_, name), value in verdicts.items() if name == "threshold"} == {"first"}
    assert {value for (_, name), value in verdicts.items() if name == "unet"} <= {"not shown", "unsteady"}


def test_a_class_that_is_not_there_has_an_empty_cell(made_run, quick, tmp_path):
    run = made_run("unet", 0.5, patients=20)
    clean = replace(run, images=tuple(row for row in run.images if not row.abnormal))
    tables([clean], tmp_path, effort=quick)
    rows = {(row["metric"], row["class"]): row["value"] for row in read(tmp_path / "question_networks.csv")}
    assert rows["f1", "abnormal"] == rows["iou", "abnormal"] == rows["sensitivity_at_3", "abnormal"] == ""
    assert rows["false_in_clean_views", "abnormal"] != ""
    assert read(tmp_path / "tests.csv") == []


def test_an_unfinished_comparison_says_what_is_missing(study_scores, study_config, tmp_path):
    tables(study_scores[:1], tmp_path, study_config)
    runs = read(tmp_path / "runs.csv")
    done = [row for row in runs if row["status"] == "scored"]
    assert [row["run"] for row in done] == [study_scores[0].name]
    assert float(done[0]["parameters"]) == 3.7e6
    assert float(done[0]["seconds_a_view"]) > 0
    assert {row["run"] for row in runs if row["status"] == "missing"} == {
        one.name for one in study_scores[1:]
    }
    assert {row["method"] for row in read(tmp_path / "question_networks.csv")} == {study_scores[0].method}
    assert read(tmp_path / "question_classes.csv") == []


def test_images_that_not_all_have_judged_are_left_out_for_all(made_run, quick):
    first, second = made_run("unetplusplus", 0.5), made_run("unet", 0.5)
    fewer = replace(second, images=second.images[:20])
    found = results([first, fewer], effort=quick).answer("simulated", "networks")
    assert {row.images for row in found.rows} == {20}
    assert {test.contrast.patients for test in found.tests} == {20}


@pytest.mark.parametrize(
    ("contrast", "family", "verdict"),
    [
        ({}, 1, "first"),
        ({"difference": -0.1, "low": -0.2, "high": -0.05, "pairs": (-0.1,) * 4}, 1, "second"),
        ({"p": 0.2}, 1, "not shown"),
        ({"low": -0.01}, 1, "not shown"),
        ({"pairs": (0.2, 0.2, 0.2, -0.2)}, 1, "unsteady"),
        ({"least": 0.03}, 2, "too few"),
        ({"p": float("nan")}, 1, "not defined"),
    ],
)
def test_a_difference_is_called_one_only_when_test_interval_and_trainings_say_so(contrast, family, verdict):
    given = {"difference": 0.1, "low": 0.05, "high": 0.2, "p": 0.001, "least": 0.0001, "pairs": (0.1,) * 4}
    given |= contrast
    found = Contrast(
        0.6,
        0.5,
        given["difference"],
        given["low"],
        given["high"],
        given["p"],
        given["least"],
        given["pairs"],
        30,
    )
    one = System("s", "a", "4", "anterior", "view", {0: ()})
    test = Test("networks", "s", "anterior", PRIMARY, one, one, found, p_holm=given["p"], family=family)
    assert test.verdict == verdict
    error = replace(test, key=("mae", "index"))
    turned = {"first": "second", "second": "first"}
    assert error.verdict == turned.get(verdict, verdict), "of an error less is better"


def test_effort_is_thorough_unless_told_otherwise():
    assert Effort().bootstrap >= 1000
    assert Effort().permutations >= 999
    assert np.isfinite(Effort().random_state)


def test_a_score_that_place_alone_has_is_called_so(made_run, quick, tmp_path):
    from napari_tbcad.evaluate.compare.place_control import control_lines
    from napari_tbcad.evaluate.compare.report_texts import TEXTS

    runs = [
        made_run(name, skill, patients=20) for name, skill in (("unet", 0.8), ("fpn", 0.32), ("place", 0.3))
    ]
    tables(runs, tmp_path, effort=quick)
    rows = {row["method"]: row for row in read(tmp_path / "controls.csv")}
    assert set(rows) == {"unet", "fpn"}
    assert rows["unet"]["level"] == ""
    assert rows["fpn"]["level"] == "red"
    assert float(rows["fpn"]["control_value"]) >= float(rows["fpn"]["low"])
    said = list(control_lines(results(runs, effort=quick).answer("simulated", "networks"), TEXTS["en"]))
    assert len(said) == 1
    assert "FPN" in said[0]
    assert "U-Net" not in said[0]
    assert "place" not in {row["second"] for row in read(tmp_path / "tests.csv")}
    tables(runs[:2], tmp_path, effort=quick)
    assert read(tmp_path / "controls.csv") == []

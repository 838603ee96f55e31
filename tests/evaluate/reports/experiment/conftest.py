"""An experiment whose every number is invented, small enough to be read here."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.evaluate.columns import FIGURES, TABLES, completed
from napari_tbcad.evaluate.evaluation import Evaluation
from napari_tbcad.evaluate.folds import Fold
from napari_tbcad.evaluate.tables import write_tables

METHODS = ("hierarchical_svm", "single_nb")
MAIN = {"segmenter": "network", "feature_set": "chandra113", "definition": "ibsi"}
OTHER = {**MAIN, "segmenter": "otsu"}
HOSTILE = "<script>alert('x')</script>&\"'"


def table(name, rows, columns=None):
    return completed(pd.DataFrame(rows, columns=columns), name)


def summary(variant, *, auc=0.9, level="", warning=""):
    rows = []
    for number, method in enumerate(METHODS):
        row = {"method": method, **variant, "n_tb": 120, "n_normal": 130, "share_stage1": 0.31 * (not number)}
        for place, name in enumerate(FIGURES):
            value = auc - 0.03 * number if name == "auc" else 0.9 - 0.02 * place
            row |= {name: value, f"{name}_low": value - 0.04, f"{name}_high": value + 0.03}
        row |= {"fit_seconds": 1.5, "predict_seconds": 0.01, "level": level, "warning": warning}
        rows.append(row)
    return rows


def predictions(n=250):
    rows = []
    for method in METHODS:
        for i in range(n):
            tb = i < 120
            rows.append(
                {
                    "method": method,
                    "fold": str(i % 2 + 1),
                    "file": f"{HOSTILE}{i}.png",
                    "label": int(tb),
                    "probability": 0.7 if tb else 0.2,
                    "probability_stage2": 0.5,
                    "deciding_stage": 2,
                    "decision": int(tb),
                    "threshold": 0.5,
                    "patient": f"p{i // 2}",
                    "source": ("Shenzhen", HOSTILE)[i % 2],
                    **MAIN,
                }
            )
    return table("predictions.csv", rows)


def controls(outside=0.55, low=0.48, level="", *, extra=()):
    columns = ["control", "auc", "low", "high", "warning", "level"]
    rows = [("outside_lungs", outside, low, outside + 0.06, "told" * bool(level), level), *extra]
    rows.append(("image_border", 0.51, 0.44, 0.58, "", ""))
    return table("controls.csv", [{**dict(zip(columns, row, strict=True)), **MAIN} for row in rows])


def about(**more):
    data = {
        "role": "both",
        "name": f"films {HOSTILE}",
        "path": "films",
        "films": 250,
        "tb": 120,
        "normal": 130,
        "patients": 125,
        "sources": [{"name": HOSTILE, "tb": 60, "normal": 65}, {"name": "Shenzhen", "tb": 60, "normal": 65}],
        "left_out": 3,
        "left_out_by": {"label": 2, "missing": 1},
        "duplicates": 1,
        "age_sex_known": 200,
        "terms": "CC BY 4.0",
    }
    variants = [
        {"id": "a", **MAIN, "levels": 32, "grid": 256, "main": True},
        {"id": "b", **OTHER, "levels": 32, "grid": 256, "main": False},
    ]
    return {
        "title": f"Invented numbers {HOSTILE}",
        "design": "2-fold",
        "command": f"napari-tbcad chest evaluate {HOSTILE}",
        "seed": 7,
        "started": "2026-11-22T20:00:00+00:00",
        "finished": "2026-11-22T20:05:00+00:00",
        "seconds": 300.0,
        "program": "napari-tbcad 0",
        "versions": {"python": "3.12", "numpy": "2.1"},
        "device": "cpu",
        "cores": 2,
        "data": [data],
        "variants": variants,
        "methods": list(METHODS),
        "config": {"bootstrap": 1000, "repeats": 1},
        "settings": {"features.levels": 32},
        "verdict": {"level": "", "text": ""},
        "notes": [f"a note {HOSTILE}"],
        **more,
    }


def tests_rows():
    columns = ("first", "second", "measure", "first_value", "second_value", "difference", "low", "high")
    columns += ("p_value", "p_corrected", "patients", "question", "method")
    rows = [
        (*METHODS, "auc", 0.9, 0.87, 0.03, 0.01, 0.05, 0.001, 0.004, 125, "method", ""),
        (*METHODS, "recall", 0.88, 0.86, 0.02, -0.02, 0.06, 0.3, 0.6, 125, "method", ""),
        (*METHODS, "brier", 0.12, 0.1, 0.02, 0.01, 0.03, 0.001, 0.004, 125, "method", ""),
        ("network", "otsu", "auc", 0.9, 0.89, 0.01, -0.01, 0.03, 0.3, 0.6, 125, "segmenter", METHODS[0]),
        ("network", "otsu", "recall", 0.9, 0.89, 0.01, -0.01, 0.03, 0.3, 0.6, 125, "segmenter", METHODS[0]),
        ("network", "otsu", "auc", *[np.nan] * 7, 125, "segmenter", METHODS[1]),
    ]
    return table("tests.csv", rows, list(columns))


def whole_tables():
    """Return every table that an experiment may have."""
    by_fold = [{**row, "fold": fold} for row in summary(MAIN) for fold in ("1", "2")]
    stages = [("hierarchical_svm", "all", 1, 78, 0.31, 78, 0.93, 0.87, 0.97, 72, 72)]
    stages += [("hierarchical_svm", "all", 2, 172, 0.69, 60, 0.84, 0.78, 0.89, 48, 36)]
    stages += [("single_nb", "all", 2, 250, 1.0, 130, 0.8, 0.75, 0.85, 120, 100)]
    names = list(TABLES["stages.csv"])[:-3]
    curve = []
    for n, auc in ((50, 0.78), (100, 0.84), (200, 0.88)):
        curve.append((METHODS[0], n, n // 2, 1, auc, auc - 0.04, auc + 0.04, 0.52, 0.88 - auc, 0.01, 0.12))
    to_full = ["to_full", "to_full_low", "to_full_high"]
    sources = [
        {
            "source": name,
            "n_tb": 60,
            "n_normal": 65 * (name != HOSTILE),
            "method": METHODS[0],
            "recall": 0.9,
            **MAIN,
        }
        for name in (HOSTILE, "Shenzhen")
    ]
    grid = [(m, x, x**0.3, 1 - x) for m in METHODS for x in (0.0, 0.1, 0.3, 0.6, 1.0)]
    bins = [(m, x, x, x - 0.1, min(1.0, x + 0.1), 50) for m in METHODS for x in (0.1, 0.4, 0.7, 0.95)]
    stability = [
        ("area_left", "shape", 0.91, 0.85, 0.95, 40, 12.0, "automatic against reader", 0.1),
        (HOSTILE, "glcm", 0.35, 0.1, 0.55, 40, -2.0, "automatic against reader", -0.8),
        ("(median)", "shape", 0.91, 0.9, 0.92, 40, np.nan, "automatic against reader", 0.1),
        ("(median)", "glcm", 0.35, 0.3, 0.4, 40, np.nan, "automatic against reader", 0.8),
    ]
    correction = [
        ("automatic", 0, 0.84, 0.8, 0.88, 0.3, 0.9, "", 0.0),
        ("+ 10 at random", 10, 0.85, 0.81, 0.89, 0.25, 0.92, "at random", 0.1),
        ("true", 100, 0.93, 0.9, 0.96, 0.0, 1.0, "", 1.0),
    ]
    explanation = [
        ("pixel_auc", 0.84, 0.8, 0.88, 0.5, 0.66, 120, "marked lesions"),
        ("pointing_nodules", 0.2, 0.1, 0.32, 0.15, 0.1, 90, "told"),
        ("removal_probability", 0.09, 0.05, 0.13, 0.01, 0.02, 24, "told"),
        (f"{HOSTILE} odd_one", 0.2, 0.1, 0.3, np.nan, np.nan, 24, HOSTILE),
    ]
    confusions = [{"method": m, "tp": 108, "fn": 12, "fp": 26, "tn": 104, **MAIN} for m in METHODS]
    return {
        "predictions": predictions(),
        "summary": table("summary.csv", summary(MAIN) + summary(OTHER, auc=0.88)),
        "by_fold": table("summary_folds.csv", by_fold),
        "controls": controls(),
        "confusions": table("confusion.csv", confusions),
        "sources": table("sources.csv", sources),
        "tests": tests_rows(),
        "stages": table("stages.csv", [{**dict(zip(names, row, strict=True)), **MAIN} for row in stages]),
        "calibration": table("calibration.csv", bins, list(TABLES["calibration.csv"])),
        "roc": table("roc.csv", grid, list(TABLES["roc.csv"])),
        "learning_curve": table("learning_curve.csv", curve, [*TABLES["learning_curve.csv"], *to_full]),
        "stability": table("stability.csv", stability, [*TABLES["stability.csv"], "bias_sd"]),
        "correction": table("correction.csv", correction, [*TABLES["correction.csv"], "order", "share"]),
        "explanation": table("explanation.csv", explanation, list(TABLES["explanation.csv"])),
        "duplicates": table(
            "duplicates.csv",
            [(HOSTILE, "b.png", "file", "counted as one patient's")],
            list(TABLES["duplicates.csv"]),
        ),
        "failed": table("failed.csv", [(HOSTILE, f"cannot be read {HOSTILE}")], ["file", "message"]),
    }


@pytest.fixture(scope="session")
def invented():
    """Return an experiment that has everything."""
    files = tuple(dict.fromkeys(predictions()["file"]))
    number = np.arange(len(files))
    folds = (Fold("1", number[1::2], number[::2]), Fold("2", number[::2], number[1::2]))
    return Evaluation(
        folds=folds, files=files, complaints=(f"hm {HOSTILE}",), about=about(), **whole_tables()
    )


@pytest.fixture(scope="session")
def bare(invented):
    """Return the same experiment with the tables that every experiment has, and no others."""
    extra = ("sources", "tests", "stages", "calibration", "roc", "learning_curve", "stability", "correction")
    extra += ("explanation", "duplicates", "failed")
    tables = {name: getattr(invented, name).iloc[:0] for name in extra}
    slim = {**about(), "data": [], "notes": [], "variants": [about()["variants"][0]]}
    only = invented.of_main(invented.summary)
    return replace(
        invented, summary=only, controls=invented.controls.iloc[:0], about=slim, complaints=(), **tables
    )


@pytest.fixture(scope="session")
def make():
    """Return what tests make variations with."""
    return SimpleNamespace(controls=controls, about=about, summary=summary, table=table, main=MAIN)


@pytest.fixture(scope="session")
def folder(invented, tmp_path_factory):
    """Return the folder of the whole experiment, as a run leaves it, with the hold-out split beside it."""
    out = tmp_path_factory.mktemp("experiment")
    write_tables(invented, out)
    write_tables(invented, out / "holdout")
    return out

"""The tables as people read them: a row a method, a number with its interval in a cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from napari_tbcad.evaluate.compare.answers import AUC, INDEX, PRIMARY, Answer, Row, Test
from napari_tbcad.evaluate.compare.evidence import TABLE_POINTS, WORKING_POINT, Key, sensitivity_at
from napari_tbcad.evaluate.compare.report_texts import Texts
from napari_tbcad.evaluate.compare.study import BOTH, Study, method_title
from napari_tbcad.evaluate.page_tables import Cell, Grid
from napari_tbcad.imaging.bonescan import VIEWS


def number(value: float, digits: int = 3) -> str:
    """Return a number as it is printed; a dash where it is not defined."""
    if math.isnan(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def signed(value: float, digits: int = 3) -> str:
    """Return a difference with its sign."""
    text = number(value, digits)
    return f"+{text}" if value > 0 and text != "–" and float(text) else text


def p_text(p: float) -> str:
    """Return a p value."""
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def digits_of(key: Key) -> int:
    """Return how many digits a measure is printed with."""
    return 2 if key[0] in ("mae", "bias", "false_in_clean_views") else 3


def interval(low: float, high: float, digits: int) -> str:
    """Return an interval in parentheses."""
    if math.isnan(low) or math.isnan(high):
        return ""
    between = " to " if low < 0 or high < 0 else "–"
    return f"({number(low, digits)}{between}{number(high, digits)})"


def _cell(rows: dict[Key, Row], key: Key) -> Cell:
    if key not in rows:
        return Cell("–")
    one, digits = rows[key].estimate, digits_of(key)
    return Cell(number(one.value, digits), interval(one.low, one.high, digits))


def _grouped(rows: Sequence[Row]) -> dict[tuple[str, str, str, str], dict[Key, Row]]:
    out: dict[tuple[str, str, str, str], dict[Key, Row]] = {}
    for row in rows:
        out.setdefault((row.view, row.method, row.scheme, row.judged), {})[row.key] = row
    return out


def _label(answer: Answer, method: str, scheme: str, judged: str, text: Texts) -> Cell:
    if answer.question == "classes":
        return Cell(text[f"scheme_{scheme}"], text["in_common"] if judged == "common" else "")
    return Cell(method_title(method))


def _grid(answer: Answer, title: str, columns: Sequence[tuple[str, Key]], text: Texts) -> Grid:
    """Return a table of some measures; columns that nothing fills are left out."""
    groups = {
        place: rows
        for place, rows in _grouped(answer.rows).items()
        if {k for _, k in columns} & set(rows)
        # Of three classes the common ones are their own.
        and not (place[2] == "3" and place[3] == "common")
    }
    kept = [(name, key) for name, key in columns if any(_defined(rows, key) for rows in groups.values())]
    lines = [
        (
            Cell(text[f"view_{view}"]),
            _label(answer, method, scheme, judged, text),
            *(_cell(rows, k) for _, k in kept),
        )
        for (view, method, scheme, judged), rows in groups.items()
    ]
    head = (text["view"], text["method" if answer.question != "classes" else "labels"], *(n for n, _ in kept))
    return Grid(title, head, tuple(lines))


def _defined(rows: dict[Key, Row], key: Key) -> bool:
    return key in rows and not math.isnan(rows[key].estimate.value)


def pixel_grid(answer: Answer, text: Texts) -> Grid:
    """Return F1 and IoU by class, their mean, and pixel accuracy."""
    columns: list[tuple[str, Key]] = [
        (f"{text[metric]} {text[name]}", (metric, name))
        for name in ("abnormal", "normal", "bone")
        for metric in ("f1", "iou")
    ]
    columns += [(text["mean_iou"], ("iou", "mean")), (text["accuracy"], ("accuracy", "all"))]
    return _grid(answer, text["pixels_title"], columns, text)


def lesion_grid(answer: Answer, text: Texts) -> Grid:
    """Return lesion sensitivity, and false positives in clean views."""
    columns: list[tuple[str, Key]] = [
        (f"{point:g}", (sensitivity_at(point), "abnormal")) for point in TABLE_POINTS
    ]
    columns.append((text["clean_column"], ("false_in_clean_views", "abnormal")))
    own = Answer(answer.question, answer.source, tuple(r for r in answer.rows if r.judged == "own"))
    note = text["lesions_note"].format(point=f"{WORKING_POINT:g}")
    return replace(_grid(own, text["lesions_title"], columns, text), note=note)


def index_grid(answer: Answer, text: Texts) -> Grid:
    """Return the index's errors."""
    columns: list[tuple[str, Key]] = [(text[name], (name, "index")) for name in ("mae", "bias", "r")]
    return _grid(answer, text["index_title"], columns, text)


def image_grid(answer: Answer, text: Texts) -> Grid:
    """Return how well whole views are called."""
    columns: list[tuple[str, Key]] = [(text[n], (n, "image")) for n in ("auc", "sensitivity", "specificity")]
    return _grid(answer, text["image_title"], columns, text)


def test_grid(answer: Answer, text: Texts) -> Grid:
    """Return all paired tests of an answer."""
    lines = []
    views = list(dict.fromkeys(test.view for test in answer.tests))
    keys = list(dict.fromkeys(test.key for test in answer.tests))
    for test in sorted(answer.tests, key=lambda one: (views.index(one.view), keys.index(one.key))):
        c, digits = test.contrast, digits_of(test.key)
        clear = test.verdict in ("first", "second")
        lines.append(
            (
                Cell(text[f"view_{test.view}"]),
                Cell(text["mae_table"] if test.key == INDEX else metric_title(test.key, text)),
                Cell(system_title(test, 0, text), number(c.first, digits)),
                Cell(system_title(test, 1, text), number(c.second, digits)),
                Cell(reading(test, text), strong=clear),
                Cell(signed(c.difference, digits), interval(c.low, c.high, digits)),
                Cell(p_text(test.contrast.p_value)),
                Cell(p_text(test.p_holm), strong=clear),
                Cell(f"{c.agreeing} / {len(c.pairs)}"),
            )
        )
    names = ("view", "measure", "first", "second", "reading", "difference", "p", "p_holm", "pairs")
    # Where views are compared, every row is of both.
    start = 1 if answer.question == "views" else 0
    patients = sorted({test.contrast.patients for test in answer.tests})
    note = text["tests_note"].format(
        tests=answer.tests[0].family if answer.tests else 0,
        patients="–".join(map(str, patients[:: max(1, len(patients) - 1)])),
    )
    head = tuple(text[name] for name in names[start:])
    short = tuple(line[start:] for line in lines)
    return Grid(text["tests_title"], head, short, labels=5 - start, note=note, grouped=not start)


def metric_title(key: Key, text: Texts) -> str:
    """Return a tested measure's name."""
    if key == PRIMARY:
        return f"{text['f1']} {text['abnormal']}"
    if key == ("iou", "mean"):
        return text["mean_iou"]
    if key == AUC:
        return text["auc"]
    return text["mae_short"] if key[0] == "mae" else text["lesions_at"].format(point=f"{WORKING_POINT:g}")


def system_title(test: Test, side: int, text: Texts) -> str:
    """Return what stands on one side of a test: a method, a number of classes, or a view."""
    system = (test.first, test.second)[side]
    if test.question == "classes":
        return text[f"scheme_{system.scheme}"]
    return text[f"the_view_{system.view}"] if test.question == "views" else system.title


def reading(test: Test, text: Texts) -> str:
    """Return what a test says, and no more."""
    if test.verdict not in ("first", "second"):
        return text[test.verdict.replace(" ", "_")]
    better = system_title(test, 0 if test.verdict == "first" else 1, text)
    return text["better"].format(which=better)


def cost_grid(study: Study, text: Texts) -> Grid:
    """Return weights, training and time of every method and scheme."""
    groups: dict[tuple[str, str], list] = {}
    for one in study.scores:
        groups.setdefault((one.method, one.scheme), []).append(one)
    lines = []
    for (method, scheme), runs in groups.items():
        view_seconds = {
            view: median(row.seconds for run in runs if run.view == view for row in run.images)
            for view in VIEWS
            if any(run.view == view and run.images for run in runs)
        }
        took = [run.training.get("seconds") for run in runs if run.training.get("seconds") is not None]
        rates = sorted({run.training.get("learning_rate") for run in runs} - {None})
        steps = sorted({int(run.training[n]) for run in runs for n in ("steps",) if n in run.training})
        epochs = sorted({int(run.training["epochs"]) for run in runs if "epochs" in run.training})
        weights = max(run.parameters for run in runs)
        both = sum(view_seconds.values()) if len(view_seconds) == len(VIEWS) else math.nan
        lines.append(
            (
                Cell(method_title(method)),
                Cell("–" if runs[0].kind == "classifier" else scheme),
                Cell(str(len(runs))),
                Cell(f"{weights / 1e6:.1f} M" if weights else text["none"]),
                Cell(_span(epochs)),
                Cell(_span(steps)),
                Cell(", ".join(f"{rate:g}" for rate in rates) or "–"),
                Cell(number(median(took) / 60, 1) if took else "–"),
                Cell(number(both, 2)),
            )
        )
    names = ("method", "scheme", "runs", "weights", "epochs", "steps", "rates", "minutes", "seconds_scan")
    return Grid(
        text["cost_title"],
        tuple(text[name] for name in names),
        tuple(lines),
        note=text["cost_note"],
        grouped=False,
    )


def seed_grid(answer: Answer, text: Texts) -> Grid:
    """Return the primary measure of every seed beside the interval over patients."""
    rows = [row for row in answer.rows if row.key == PRIMARY and row.judged == "own" and row.view != BOTH]
    lines = []
    for row in rows:
        one = row.estimate
        width, spread = one.high - one.low, max(one.seeds) - min(one.seeds)
        lines.append(
            (
                Cell(text[f"view_{row.view}"]),
                _label(answer, row.method, row.scheme, row.judged, text),
                Cell(", ".join(number(value) for value in one.seeds)),
                Cell(number(spread) if len(one.seeds) > 1 else "–"),
                Cell(number(width)),
            )
        )
    who = "labels" if answer.question == "classes" else "method"
    names = ("view", who, "each_seed", "seed_spread", "patient_width")
    return Grid(
        text["seeds_title"], tuple(text[name] for name in names), tuple(lines), note=text["seeds_note"]
    )


def _span(values: Sequence[int]) -> str:
    if not values:
        return "–"
    return str(values[0]) if len(values) == 1 else f"{values[0]}–{values[-1]}"

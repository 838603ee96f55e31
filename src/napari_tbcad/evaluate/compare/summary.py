"""One table a collection with what readers look for first: a row a method."""

from __future__ import annotations

import math
from statistics import median

from napari_tbcad.evaluate.compare.answers import AUC, INDEX, PRIMARY, Row
from napari_tbcad.evaluate.compare.evidence import WORKING_POINT, Key, sensitivity_at
from napari_tbcad.evaluate.compare.layout import digits_of, number
from napari_tbcad.evaluate.compare.report_texts import Texts
from napari_tbcad.evaluate.compare.study import BOTH, CLASSIFIER, Study, method_title
from napari_tbcad.evaluate.compare.tables import Results
from napari_tbcad.evaluate.page_tables import Cell, Grid
from napari_tbcad.imaging.bonescan import VIEWS

_LESIONS: Key = (sensitivity_at(WORKING_POINT), "abnormal")
_KEYS: tuple[Key, ...] = (PRIMARY, ("iou", "mean"), _LESIONS, AUC)


def summary_grid(found: Results, source: str, text: Texts) -> Grid:
    """Return the main numbers of every method and scheme, without intervals.

    Numbers of the two views stand beside each other. They are those of the questions' tables: each on the
    images that all methods of its question have judged.
    """
    values: dict[tuple[str, str], dict[tuple[str, Key], Row]] = {}
    for name in ("networks", "image", "classes"):
        answer = found.answer(source, name)
        for row in answer.rows if answer else ():
            if row.judged == "own":
                values.setdefault((row.method, row.scheme), {}).setdefault((row.view, row.key), row)
    lines = []
    for (method, scheme), rows in values.items():
        weights, seconds = _cost(found.study, method, scheme)
        called = method.partition("_")[0] == CLASSIFIER
        lines.append(
            (
                Cell(method_title(method)),
                Cell("–" if called else scheme),
                *(_views(rows, key) for key in _KEYS),
                Cell(_number(rows, BOTH, INDEX)),
                Cell(f"{weights / 1e6:.1f} M" if weights else text["none"]),
                Cell(number(seconds, 2)),
            )
        )
    head = (
        *(text["method"], text["scheme"], f"{text['f1']} {text['abnormal']}", text["mean_iou"]),
        *(text["lesions_at"].format(point=f"{WORKING_POINT:g}"), text["auc"]),
        *(text["mae_table"], text["weights"], text["seconds_scan"]),
    )
    return Grid(text["summary_title"], head, tuple(lines), note=text["summary_note"], grouped=False)


def _number(rows: dict[tuple[str, Key], Row], view: str, key: Key) -> str:
    row = rows.get((view, key))
    return "–" if row is None else number(row.estimate.value, digits_of(key))


def _views(rows: dict[tuple[str, Key], Row], key: Key) -> Cell:
    each = [_number(rows, view, key) for view in VIEWS]
    return Cell("–" if set(each) == {"–"} else " · ".join(each))


def _cost(study: Study, method: str, scheme: str) -> tuple[int, float]:
    """Return the weights of one network and the seconds of a scan, NaN where a view is missing."""
    runs = [one for one in study.scores if (one.method, one.scheme) == (method, scheme)]
    seconds = [[row.seconds for one in runs if one.view == view for row in one.images] for view in VIEWS]
    return max(one.parameters for one in runs), (
        sum(median(each) for each in seconds) if all(seconds) else math.nan
    )

"""The tables of a comparison: CSV files, and the same in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from napari_tbcad.evaluate.compare.answers import Answer, Row
from napari_tbcad.evaluate.compare.config import CompareConfig, Effort
from napari_tbcad.evaluate.compare.evidence import GRID, TABLE_POINTS, sensitivity_at
from napari_tbcad.evaluate.compare.questions import answers
from napari_tbcad.evaluate.compare.study import Study
from napari_tbcad.files import write_csv

ROW_COLUMNS = (
    *("source", "view", "method", "scheme", "judged", "metric", "class", "value", "low", "high"),
    *("seeds", "seed_low", "seed_high", "patients", "images"),
)
TEST_COLUMNS = (
    *("question", "source", "view", "metric", "class", "first", "first_scheme", "first_view", "second"),
    *("second_scheme", "second_view", "first_value", "second_value", "difference", "low", "high"),
    *("p_value", "p_holm", "tests", "patients", "seeds_first", "seeds_second", "pairs_of_seeds"),
    *("pairs_agreeing", "verdict"),
)
FROC_COLUMNS = (
    *("source", "view", "method", "scheme", "false_per_view", "sensitivity", "low", "high"),
    *("seeds", "seed_low", "seed_high", "patients", "images"),
)
RUN_COLUMNS = (
    *("run", "method", "scheme", "view", "seed", "kind", "status", "parameters", "epochs", "steps", "batch"),
    *("learning_rate", "training_seconds", "seconds_a_view", "images", "failed"),
)

_OFF_TABLE = {sensitivity_at(point) for point in GRID} - {sensitivity_at(point) for point in TABLE_POINTS}


@dataclass(frozen=True)
class Results:
    """A comparison as far as it is done: the runs and the answers made from them."""

    study: Study
    answers: tuple[Answer, ...]

    def answer(self, source: str, question: str) -> Answer | None:
        """Return one answer, or None where no finished run gives it."""
        return next((a for a in self.answers if (a.source, a.question) == (source, question)), None)


def results(
    scores: Iterable[Any], config: CompareConfig | None = None, effort: Effort | None = None
) -> Results:
    """Answer all questions from the runs that are scored.

    Parameters
    ----------
    scores : iterable of RunScores and ClassifierScores
    config : CompareConfig, optional
        Without it the network with most schemes is the main one, and no run can be missing.
    effort : Effort, optional
        How thoroughly patients are drawn again; the configuration's when not given.
    """
    study = Study(scores, config)
    chosen = effort or (config.effort if config else Effort())
    return Results(study, tuple(answers(study, chosen)))


def tables(
    scores: Iterable[Any], out: Path, config: CompareConfig | None = None, effort: Effort | None = None
) -> list[Path]:
    """Write all tables of a comparison; see :func:`write_tables`."""
    return write_tables(results(scores, config, effort), out)


def write_tables(found: Results, out: Path) -> list[Path]:
    """Write the CSV files and ``tables.md``.

    ``question_classes.csv``, ``question_views.csv`` and ``question_networks.csv`` have a line a number:
    collection (never pooled), view, method, scheme, in which classes it was judged (``own``, or ``common`` to
    both schemes), metric, class, value with its 95 % interval over patients, lowest and highest seed.
    ``image_level.csv`` is the same for calls of whole views, ``tests.csv`` has a line a paired test,
    ``froc.csv`` the free-response curves, ``controls.csv`` every method beside the control that never sees
    the scan, ``runs.csv`` every planned run. An empty cell is a number that is not defined, such as the F1 of
    a class that no label has.

    Returns
    -------
    list of Path
    """
    from napari_tbcad.evaluate.compare.markdown import markdown
    from napari_tbcad.evaluate.compare.place_control import COLUMNS, control_rows

    pages: dict[str, tuple[Sequence[str], list[Mapping[str, Any]]]] = {
        f"question_{name}.csv": (ROW_COLUMNS, _question(found, name))
        for name in ("classes", "views", "networks")
    }
    pages["image_level.csv"] = (ROW_COLUMNS, _question(found, "image"))
    pages["tests.csv"] = (TEST_COLUMNS, test_rows(found.answers))
    pages["froc.csv"] = (FROC_COLUMNS, froc_rows(found.answers))
    pages["controls.csv"] = (COLUMNS, control_rows(found))
    pages["runs.csv"] = (RUN_COLUMNS, run_rows(found.study))
    for name, (columns, rows) in pages.items():
        write_csv(out / name, columns, rows)
    return [*(out / name for name in pages), markdown(found, out / "tables.md")]


def _question(found: Results, name: str) -> list[Mapping[str, Any]]:
    rows = [row for answer in found.answers if answer.question == name for row in answer.rows]
    image = name == "image"
    return [
        estimate_row(row) for row in rows if row.key[0] not in _OFF_TABLE and (row.key[1] == "image") == image
    ]


def estimate_row(row: Row) -> dict[str, Any]:
    """Return one number as a row of a table."""
    one = row.estimate
    return {
        "source": row.source,
        "view": row.view,
        "method": row.method,
        "scheme": row.scheme,
        "judged": row.judged,
        "metric": row.key[0],
        "class": row.key[1],
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "seeds": len(one.seeds),
        "seed_low": min(one.seeds),
        "seed_high": max(one.seeds),
        "patients": one.patients,
        "images": row.images or None,
    }


def test_rows(found: Iterable[Answer]) -> list[Mapping[str, Any]]:
    """Return the rows of tests.csv."""
    out: list[Mapping[str, Any]] = []
    for test in (test for answer in found for test in answer.tests):
        c = test.contrast
        sides = {
            f"{name}{end}": getattr(system, of)
            for name, system in (("first", test.first), ("second", test.second))
            for end, of in (("", "method"), ("_scheme", "scheme"), ("_view", "view"))
        }
        out.append(
            {
                "question": test.question,
                "source": test.source,
                "view": test.view,
                "metric": test.key[0],
                "class": test.key[1],
                **sides,
                "first_value": c.first,
                "second_value": c.second,
                "difference": c.difference,
                "low": c.low,
                "high": c.high,
                "p_value": c.p_value,
                "p_holm": test.p_holm,
                "tests": test.family,
                "patients": c.patients,
                "seeds_first": test.seeds[0],
                "seeds_second": test.seeds[1],
                "pairs_of_seeds": len(c.pairs),
                "pairs_agreeing": c.agreeing,
                "verdict": test.verdict,
            }
        )
    return out


test_rows.__test__ = False  # type: ignore[attr-defined]


def froc_rows(found: Iterable[Answer]) -> list[Mapping[str, Any]]:
    """Return the rows of froc.csv: the curve of every method and scheme, on the images all of them judged."""
    points = {sensitivity_at(point): point for point in GRID}
    out: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    ordered = sorted(found, key=lambda answer: answer.question != "networks")
    for row in (row for answer in ordered for row in answer.rows):
        if answer_of_lesions(row) and row.key[0] in points:
            line = estimate_row(row) | {
                "false_per_view": points[row.key[0]],
                "sensitivity": row.estimate.value,
            }
            out.setdefault((row.source, row.view, row.method, row.scheme, row.key), line)
    return list(out.values())


def answer_of_lesions(row: Row) -> bool:
    """Tell whether a row is about lesions, judged in a scheme's own classes."""
    return row.judged == "own" and row.key[1] == "abnormal"


def run_rows(study: Study) -> list[Mapping[str, Any]]:
    """Return the rows of runs.csv: scored runs first, then those that are missing."""
    out: list[Mapping[str, Any]] = []
    for one in study.scores:
        took = one.training
        out.append(
            {
                **{name: getattr(one, name) for name in ("method", "scheme", "view", "seed", "kind")},
                "run": one.name,
                "status": "scored",
                "parameters": one.parameters,
                **{name: took.get(name) for name in ("epochs", "steps", "batch", "learning_rate")},
                "training_seconds": took.get("seconds"),
                "seconds_a_view": median(row.seconds for row in one.images) if one.images else None,
                "images": len(one.images),
                "failed": len(one.failed),
            }
        )
    return [*out, *({"run": name, "status": "missing"} for name in study.missing)]

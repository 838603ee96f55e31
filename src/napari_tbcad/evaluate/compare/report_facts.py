"""What the report says of the comparison itself: how it was done, and what it does not show."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from napari_tbcad import __version__
from napari_tbcad.evaluate.compare.config import CompareConfig
from napari_tbcad.evaluate.compare.evidence import owner_name
from napari_tbcad.evaluate.compare.plan import SPLIT
from napari_tbcad.evaluate.compare.report_texts import Texts
from napari_tbcad.evaluate.compare.study import simulated
from napari_tbcad.evaluate.compare.tables import Results
from napari_tbcad.evaluate.compare.tuning import CLOSE, close_trials
from napari_tbcad.files import read_rows

FEW = 40
"""Patients; of fewer, 95 % intervals are too narrow: they held the truth in 89 % of made-up comparisons with
12 patients and in 92 % with 40 (``benchmarks/compare_intervals.py``, 2026-11-22)."""


@dataclass(frozen=True)
class Facts:
    """How a comparison was done.

    Parameters
    ----------
    config : CompareConfig
    patients : mapping of str to int
        Number by role; empty where the split is not known.
    day : str
        When the report was made.
    close : (int, int)
        Learning rates that the trials did not tell apart, of how many.
    """

    config: CompareConfig
    patients: dict[str, int]
    day: str
    close: tuple[int, int] = (0, 0)

    def items(self, found: Results, text: Texts) -> Iterator[tuple[str, str]]:
        """Yield name and value of every fact, in a language."""
        config = self.config
        fit, tuning = config.training.fit, config.tuning
        if config.description:
            yield text["description"], config.description
        yield text["date"], self.day
        yield text["program"], f"napari-tbcad {__version__}"
        yield (
            text["patients"],
            text["split"].format(**self.patients) if self.patients else text["split_missing"],
        )
        for source, counts in tested(found).items():
            yield text["tested"].format(source=source), text["tested_images"].format(**counts)
        yield (
            text["budget"],
            text["budget_text"].format(
                epochs=fit.epochs,
                batch=fit.batch,
                rates=", ".join(f"{one:g}" for one in tuning.learning_rates),
                tuning=tuning.epochs,
            ),
        )
        yield text["seeds"], ", ".join(map(str, config.seeds))
        index = config.index
        yield text["index_made"], text["index_text"].format(weights=index.weights, rule=index.combine)
        for one in config.training.data.sources:
            if one.terms:
                yield text["terms"].format(source=one.name), one.terms


def facts_of(found: Results, config: CompareConfig, out: Path) -> Facts:
    """Return the facts of a comparison in a folder."""
    close, tuned = close_trials(out)
    return Facts(config, _split(out / SPLIT), date.today().isoformat(), (len(close), tuned))


def _split(path: Path) -> dict[str, int]:
    """Return the number of patients by role, empty when there is no split to be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(read_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    roles = ("train", "validation", "test")
    return {
        role: len(
            {(r.get("source"), r.get("patient") or r.get("image")) for r in rows if r.get("role") == role}
        )
        for role in roles
    }


def tested(found: Results) -> dict[str, dict[str, int]]:
    """Return patients, views and abnormal views that were tested, by collection."""
    out = {}
    for source in found.study.sources:
        rows = {
            (row.view, owner_name(row), row.image): row
            for one in found.study.scores
            for row in one.images
            if row.source == source
        }.values()
        out[source] = {
            "patients": len({owner_name(row) for row in rows}),
            "images": len(rows),
            "abnormal": sum(row.abnormal for row in rows),
        }
    return out


def limits(found: Results, facts: Facts, text: Texts) -> Iterator[str]:
    """Yield what the comparison does not show, as far as its own numbers tell."""
    if facts.close[0]:
        yield text["limit_tuning"].format(n=facts.close[0], all=facts.close[1], least=CLOSE)
    for source, counts in tested(found).items():
        n = counts["patients"]
        yield text["limit_few" if n < FEW else "limit_patients"].format(source=source, n=n)
        yield text["limit_simulated" if simulated(source) else "limit_labels"].format(source=source)
    seeds = {one.seed for one in found.study.scores if one.kind == "network"}
    if seeds:
        yield text["limit_seeds"].format(n=len(seeds))
    yield text["limit_steps"].format(steps=_longest(found, text))
    if {"threshold", "kmeans"} & {one.kind for one in found.study.scores}:
        yield text["limit_grey"]
    for name in ("limit_index", "limit_place", "limit_use"):
        yield text[name]


def _longest(found: Results, text: Texts) -> str:
    took = [one.training for one in found.study.scores if one.training]
    for name in ("steps", "epochs"):
        known = [int(one[name]) for one in took if name in one]
        if took and len(known) == len(took):
            return text[f"limit_{name}_unit"].format(n=max(known))
    return text["split_missing"]

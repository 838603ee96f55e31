"""What a report reads of an experiment: its tables, and which of their rows the page is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from napari_tbcad.evaluate.columns import VARIANT
from napari_tbcad.evaluate.evaluation import Evaluation
from napari_tbcad.evaluate.tables import read_evaluation

OF_FOLD = ", fold "
"""Stands between a control and the split that it is about."""

LOUDNESS = {"": 0, "amber": 1, "red": 2}


@dataclass(frozen=True, eq=False)
class Evidence:
    """An experiment and, where it has one, the project's own hold-out split of the same films."""

    evaluation: Evaluation
    holdout: Evaluation | None = None

    @cached_property
    def drawings(self) -> dict[tuple[str, str], tuple[bytes, int] | None]:
        """Pictures that were drawn, with their widths, by name and language."""
        return {}

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by the stem of its file; empty when the experiment has none."""
        found = getattr(self.evaluation, name, None)
        return found if isinstance(found, pd.DataFrame) else pd.DataFrame()

    def main(self, name: str) -> pd.DataFrame:
        """Return the rows of a table that belong to the main variant."""
        return self.of_variant(name, self.variants[0]) if self.variants else self.table(name)

    def of_variant(self, name: str, variant: Mapping[str, Any]) -> pd.DataFrame:
        """Return the rows of a table that belong to a variant; all where the table does not say."""
        found = self.table(name)
        for column in VARIANT:
            if column in found and variant.get(column):
                found = found[found[column].astype(str) == str(variant[column])]
        return found

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """The content of evaluation.json."""
        return self.evaluation.about or {}

    @cached_property
    def variants(self) -> Sequence[Mapping[str, Any]]:
        """What was run, the main variant first."""
        given = [dict(one) for one in self.about.get("variants") or ()]
        if given:
            return sorted(given, key=lambda one: not one.get("main"))
        summary = self.table("summary")
        if not set(VARIANT) <= set(summary):
            return []
        return records(summary[list(VARIANT)].drop_duplicates())

    @cached_property
    def summary(self) -> list[dict[str, Any]]:
        """Rows of the main variant, the leading method first."""
        rows = records(self.main("summary"))
        order = [str(name) for name in self.about.get("methods") or ()]
        known = {name: number for number, name in enumerate(order)}
        return sorted(rows, key=lambda row: known.get(str(row["method"]), len(known)))

    @cached_property
    def methods(self) -> list[str]:
        """Names of the methods of the main variant, the leading one first."""
        return [str(row["method"]) for row in self.summary]

    @cached_property
    def films(self) -> pd.DataFrame:
        """The tested films of the main variant, one row each."""
        found = self.main("predictions")
        return found.drop_duplicates("file") if "file" in found else pd.DataFrame({"file": [], "label": []})

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many films, films of each class, patients and sources were tested, and how often."""
        films = self.films
        n_tb = int((films["label"].astype(float) == 1).sum()) if len(films) else 0
        return {
            "films": len(films),
            "tb": n_tb,
            "normal": len(films) - n_tb,
            "patients": films["patient"].nunique() if "patient" in films else len(films),
            "sources": len(self.sources),
            "repeats": max((getattr(fold, "repeat", 1) for fold in self.evaluation.folds), default=1),
        }

    @cached_property
    def sources(self) -> list[str]:
        """Sources of the tested films."""
        if "source" in self.films:
            return sorted({str(name) for name in self.films["source"] if str(name) not in ("", "nan")})
        return []

    @cached_property
    def simulated(self) -> str:
        """``"all"``, ``"some"`` or nothing of the films are simulated."""
        if self.about.get("simulated"):
            return "all"
        told = [_simulated(part) for part in self.about.get("data") or ()]
        by_film = [_named_so(name) for name in self.sources]
        if any(all(parts) for parts in (told, by_film) if parts):
            return "all"
        return "some" if any([*told, *by_film]) else ""

    @cached_property
    def classifier(self) -> str:
        """Name of the model that was judged as it is; empty where classifiers were trained here."""
        return re.sub(r" [0-9a-f]{64}$", "", str(self.about.get("classifier") or ""))

    @cached_property
    def digits(self) -> int:
        """Decimals of figures between 0 and 1: the third says nothing about fewer than 200 films."""
        return 3 if self.counts["films"] >= 200 else 2

    @cached_property
    def by_fold(self) -> list[dict[str, Any]]:
        """Rows of the main variant by split."""
        return records(self.main("by_fold"))

    def controls(self, variant: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the controls over all splits, of the main variant unless another is named."""
        found = self.main("controls") if variant is None else self.of_variant("controls", variant)
        return [row for row in records(found) if OF_FOLD not in str(row["control"])]

    def control(self, name: str) -> dict[str, Any] | None:
        """Return one control of the main variant."""
        return next((row for row in self.controls() if row["control"] == name), None)


def _named_so(name: object) -> bool:
    return str(name).lower().startswith("simulated")


def _simulated(part: Mapping[str, Any]) -> bool:
    """Return whether a data set is simulated: it says so, is called so, or all its sources are."""
    sources = [_named_so(one.get("name", "")) for one in part.get("sources") or ()]
    return bool(part.get("simulated")) or _named_so(part.get("name", "")) or (bool(sources) and all(sources))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def level_of(row: Mapping[str, Any]) -> str:
    """Return ``"red"``, ``"amber"`` or nothing, as a row of summary or controls says."""
    level = str(row.get("level") or "")
    return level if level in LOUDNESS else ""


def evidence_of(folder: str | Path) -> Evidence:
    """Read an evaluation folder.

    Raises
    ------
    BadInput
        If the folder holds no evaluation, or one of its files cannot be read.
    """
    folder = Path(folder)
    evaluation, beside = read_evaluation(folder), folder / "holdout"
    holdout = read_evaluation(beside) if (beside / "summary.csv").is_file() else None
    if holdout is not None and holdout.about.get("started") != evaluation.about.get("started"):
        holdout = None  # of an earlier run into the same folder
    return Evidence(evaluation, holdout)

"""The stage that decided a film, as a function from features to log-odds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.classify.card import ModelCard
from napari_tbcad.chest.classify.model import ChestModel
from napari_tbcad.chest.classify.stage import log_odds

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Deciding:
    """One stage of a model, asked about rows of the model's features.

    Parameters
    ----------
    model : ChestModel
        The classifier.
    stage : int
        1 or 2.
    """

    model: ChestModel
    stage: int

    @property
    def card(self) -> ModelCard:
        """Of the model."""
        return self.model.card

    @cached_property
    def _part(self) -> Any:
        estimator = self.model.estimator
        part = estimator.stage1_ if self.stage == 1 else estimator.stage2_
        return getattr(part, "estimator", part)  # a stage that was learned elsewhere comes frozen

    @cached_property
    def columns(self) -> NDArray[np.intp]:
        """Columns of a row that the stage reads."""
        estimator = self.model.estimator
        return np.asarray(estimator.columns1_ if self.stage == 1 else estimator.columns2_)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Features that the stage reads."""
        return tuple(self.card.feature_names[i] for i in self.columns)

    def probability(self, rows: Floats) -> Floats:
        """Return the calibrated probability (n,) of rows (n, n_features)."""
        return self._part.scores(rows[:, self.columns])[1]

    def log_odds(self, rows: Floats) -> Floats:
        """Return the log-odds (n,) of rows (n, n_features).

        An isotonic calibration is a staircase, on which a small change is none at all or a jump: its steps
        are replaced by the straight line through them (log-odds against score, least squares).
        """
        score, probability = self._part.scores(rows[:, self.columns])
        calibrator = self._part.calibrator_
        if not hasattr(calibrator, "y_thresholds_"):
            return log_odds(probability)
        x = np.asarray(calibrator.X_thresholds_, dtype=float)
        y = log_odds(np.clip(calibrator.y_thresholds_, 0.01, 0.99))
        if np.ptp(x) == 0:
            return np.asarray(score, dtype=float)
        slope, height = np.polyfit(x, y, 1)
        return slope * score + height

    def normal(self, name: str) -> float | None:
        """Return the median of the model's normal training films; None where the card does not tell."""
        if name in self.card.feature_names and len(self.card.normal_median):
            return float(self.card.normal_median[self.card.feature_names.index(name)])
        known = self.card.normal.quantiles.get(name)
        return None if known is None else float(known[self.card.normal.levels.index(0.5)])

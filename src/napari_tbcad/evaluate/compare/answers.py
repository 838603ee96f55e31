"""What an answer to a question consists of: numbers with intervals, and paired tests with what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_tbcad.evaluate.compare.evidence import WORKING_POINT, Key, sensitivity_at
from napari_tbcad.evaluate.compare.statistics import LEVEL, Contrast, Estimate
from napari_tbcad.evaluate.compare.study import System

QuestionName = Literal["classes", "views", "networks", "image"]
QUESTIONS: tuple[QuestionName, ...] = ("classes", "views", "networks", "image")

PRIMARY: Key = ("f1", "abnormal")
"""The measure by which the questions of masks are answered first."""

TESTED: tuple[Key, ...] = (PRIMARY, ("iou", "mean"), (sensitivity_at(WORKING_POINT), "abnormal"))
STEADY = 0.9
"""Share of the pairs of seeds that must differ in the direction of their mean."""

INDEX: Key = ("mae", "index")
AUC: Key = ("auc", "image")

Verdict = Literal["first", "second", "not shown", "unsteady", "too few", "not defined"]


@dataclass(frozen=True)
class Row:
    """One number of one method.

    Parameters
    ----------
    source, view, method, scheme : str
    judged : {"own", "common"}
        In the scheme's own classes, or in those that both schemes have.
    key : (str, str)
        Metric and class.
    estimate : Estimate
    images : int
        0 for an index, which is of patients.
    """

    source: str
    view: str
    method: str
    scheme: str
    judged: Literal["own", "common"]
    key: Key
    estimate: Estimate
    images: int


@dataclass(frozen=True)
class Test:
    """One paired test.

    Parameters
    ----------
    question, source, view : str
        ``"both"`` where the views are compared, or an index needs both.
    key : (str, str)
    first, second : System
    contrast : Contrast
    p_holm : float
        Corrected for all tests of the question and collection; NaN where nothing could be tested.
    family : int
        How many these are.
    seeds : (int, int)
        Of the first and the second.
    """

    __test__ = False  # nothing that pytest should collect

    question: QuestionName
    source: str
    view: str
    key: Key
    first: System
    second: System
    contrast: Contrast
    p_holm: float = float("nan")
    family: int = 1

    @property
    def seeds(self) -> tuple[int, int]:
        """Number of seeds of both."""
        return len(self.first.rows), len(self.second.rows)

    @property
    def verdict(self) -> Verdict:
        """Which is better by this test.

        Its corrected p value, its interval and the trainings (see :attr:`steady`) must all say so. The test
        is about these trained networks on other patients; where other seeds turn the difference round, it
        says nothing of the methods.
        """
        c = self.contrast
        if np.isnan(self.p_holm):
            return "not defined"
        if c.least_p * self.family > LEVEL:
            return "too few"
        if self.p_holm > LEVEL or not (c.low > 0 or c.high < 0):
            return "not shown"
        if not self.steady:
            return "unsteady"
        less_is_better = self.key == INDEX
        return "first" if (c.difference > 0) != less_is_better else "second"

    @property
    def steady(self) -> bool:
        """Whether nearly every pair of seeds (of two seeds each: every one) differs in this direction."""
        return self.contrast.agreeing >= STEADY * len(self.contrast.pairs)


@dataclass(frozen=True)
class Answer:
    """What one question gave in one collection."""

    question: QuestionName
    source: str
    rows: tuple[Row, ...] = ()
    tests: tuple[Test, ...] = ()

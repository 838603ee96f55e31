"""The questions of a comparison, and their answers: numbers with intervals, and paired tests.

Collections are never pooled: every question is asked of each alone, and the tests of one question and
collection are one family (Holm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Literal

import numpy as np

from napari_tbcad.evaluate.compare.answers import (
    AUC,
    INDEX,
    QUESTIONS,
    TESTED,
    Answer,
    QuestionName,
    Row,
    Test,
)
from napari_tbcad.evaluate.compare.config import Effort
from napari_tbcad.evaluate.compare.evidence import WORKING_POINT, Key
from napari_tbcad.evaluate.compare.statistics import contrasts, estimates
from napari_tbcad.evaluate.compare.study import BOTH, PLACE, Study, System, aligned
from napari_tbcad.evaluate.resampling import holm
from napari_tbcad.imaging.bonescan import VIEWS


def answers(study: Study, effort: Effort = Effort()) -> list[Answer]:
    """Ask every question of every collection; what no finished run can answer is left out.

    Parameters
    ----------
    study : Study
    effort : Effort, optional

    Returns
    -------
    list of Answer
        By collection, then question.
    """
    ask: dict[QuestionName, Callable[[Study, str, Effort], Answer]] = {
        "classes": _classes,
        "views": _views,
        "networks": _networks,
        "image": _image,
    }
    found = [ask[name](study, source, effort) for source in study.sources for name in QUESTIONS]
    return [_corrected(answer) for answer in found if answer.rows]


def _classes(study: Study, source: str, effort: Effort) -> Answer:
    ours = [s for s in study.systems(source) if s.sort == "view" and s.method == study.main]
    index = [s for s in study.index_systems(source) if s.method == study.main]
    rows: list[Row] = []
    tests: list[Test] = []
    for view in VIEWS:
        some = [s for s in ours if s.view == view]
        rows += _rows(some, "own", effort)
        rows += _rows(some, "common", effort)
        for first, second in _with_first(some):
            tests += _tests("classes", view, first, second, TESTED, effort, common=True)
    rows += _rows(index, "own", effort)
    for first, second in _with_first(index):
        tests += _tests("classes", BOTH, first, second, (INDEX,), effort)
    return Answer("classes", source, tuple(rows) if len(ours) > 1 else (), tuple(tests))


def _views(study: Study, source: str, effort: Effort) -> Answer:
    main = (study.main, study.scheme)
    ours = [s for s in study.systems(source) if s.sort == "view" and (s.method, s.scheme) == main]
    index = [s for view in VIEWS for s in study.index_systems(source, view) if (s.method, s.scheme) == main]
    if len(ours) < 2:
        return Answer("views", source)
    rows = [*_rows(ours, "own", effort, by_patient=True), *_rows(index, "own", effort)]
    tests = list(_tests("views", BOTH, ours[0], ours[1], TESTED, effort, by_patient=True))
    if len(index) == 2:
        tests += _tests("views", BOTH, index[0], index[1], (INDEX,), effort)
    return Answer("views", source, tuple(rows), tuple(tests))


def _networks(study: Study, source: str, effort: Effort) -> Answer:
    all_views = [s for s in study.systems(source) if s.sort == "view" and s.scheme == study.scheme]
    index = [s for s in study.index_systems(source) if s.scheme == study.scheme]
    rows: list[Row] = []
    tests: list[Test] = []
    for view in VIEWS:
        some = [s for s in all_views if s.view == view]
        rows += _rows(some, "own", effort)
        for first, second in _main_against(study, some):
            tests += _tests("networks", view, first, second, TESTED, effort)
    rows += _rows(index, "own", effort)
    for first, second in _main_against(study, index):
        tests += _tests("networks", BOTH, first, second, (INDEX,), effort)
    return Answer("networks", source, tuple(rows), tuple(tests))


def _image(study: Study, source: str, effort: Effort) -> Answer:
    rows: list[Row] = []
    tests: list[Test] = []
    for view in VIEWS:
        some = [s for s in study.systems(source) if s.view == view and s.scheme == study.scheme]
        calls = [s for s in some if s.sort == "call"]
        rows += _rows([s.as_calls() for s in some], "own", effort)
        ours = [s for s in some if s.method == study.main and s.sort == "view"]
        pairs = [(one, other) for one in ours for other in calls] + list(combinations(calls, 2))
        for first, second in pairs:
            tests += _tests("image", view, first.as_calls(), second.as_calls(), (AUC,), effort)
    return Answer("image", source, tuple(rows), tuple(tests))


def _rows(
    systems: Sequence[System], judged: Literal["own", "common"], effort: Effort, *, by_patient: bool = False
) -> Iterator[Row]:
    if not systems:
        return
    each = aligned(systems, by_patient=by_patient, common=judged == "common")
    n_images = _images(systems, by_patient)
    for system, seeds, images in zip(systems, each, n_images, strict=True):
        if not seeds:
            continue
        found = estimates(seeds, n_bootstrap=effort.bootstrap, random_state=effort.random_state)
        for key, estimate in found.items():
            yield Row(system.source, system.view, system.method, system.scheme, judged, key, estimate, images)


def _images(systems: Sequence[System], by_patient: bool) -> list[int]:
    each = [system.images for system in systems]
    if systems[0].sort == "index":
        return [0] * len(systems)
    if not by_patient:
        return [len(set.intersection(*each))] * len(systems)
    patients = set.intersection(*({patient for patient, _ in images} for images in each))
    return [sum(patient in patients for patient, _ in images) for images in each]


def _tests(
    question: QuestionName,
    view: str,
    first: System,
    second: System,
    keys: Sequence[Key],
    effort: Effort,
    *,
    by_patient: bool = False,
    common: bool = False,
) -> Iterator[Test]:
    a, b = aligned([first, second], by_patient=by_patient, common=common)
    if not a or not b:
        return
    found = contrasts(
        a,
        b,
        keys,
        points=(WORKING_POINT,),
        n_bootstrap=effort.bootstrap,
        n_permutations=effort.permutations,
        random_state=effort.random_state,
    )
    for key, contrast in found.items():
        yield Test(question, first.source, view, key, first, second, contrast)


def _with_first(systems: Sequence[System]) -> list[tuple[System, System]]:
    return [(systems[0], other) for other in systems[1:]]


def _main_against(study: Study, systems: Sequence[System]) -> list[tuple[System, System]]:
    main = next((s for s in systems if s.method == study.main), None)
    # The control is a bar, not a rival: tests of it would only weaken those between methods (Holm).
    rivals = [other for other in systems if other is not main and other.method != PLACE]
    return [] if main is None else [(main, other) for other in rivals]


def _corrected(answer: Answer) -> Answer:
    p = holm([test.contrast.p_value for test in answer.tests])
    family = int(np.isfinite(p).sum())
    tests = tuple(
        replace(test, p_holm=value, family=max(1, family))
        for test, value in zip(answer.tests, p, strict=True)
    )
    return replace(answer, tests=tests)

"""What a person marked stays on its pixels when the views are exchanged or mirrored."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.turned import turned
from napari_tbcad.bone.views import ViewParameters, name_views
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.io.scans import Frame, FrameFacts, Study

FRONT, BACK = np.random.default_rng(1).permutation(2 * 96 * 32).reshape(2, 96, 32).astype(np.float32)
MARKED = {float(FRONT[10, 3]): 1, float(BACK[50, 30]): 2}


def study(told: bool) -> Study:
    sides = (("anterior", FRONT), ("posterior", BACK))
    frames = [
        Frame(pixels, FrameFacts(frame=i, code_view=side if told else None))  # type: ignore[arg-type]
        for i, (side, pixels) in enumerate(sides)
    ]
    return Study(tuple(frames), source="a.dcm")


def marked(scan: BoneScan) -> Hotspots:
    """Mark two pixels, known by their counts."""
    labels = {name: np.zeros(view.counts.shape, np.uint16) for name, view in scan}
    marks = []
    for name, view in scan:
        for counts, number in MARKED.items():
            if (view.counts == counts).any():
                labels[name][view.counts == counts] = number
                marks.append(Mark(number, name, "abnormal", "brush"))
    return Hotspots(labels["anterior"], labels["posterior"], tuple(marks))


def settings(**choices: tuple) -> list[ViewParameters]:
    return [
        ViewParameters(**dict(zip(choices, chosen, strict=True)))
        for chosen in itertools.product(*choices.values())
    ]


@pytest.mark.parametrize(
    ("told", "among"),
    [
        (
            True,
            settings(swap=(False, True), mirrored_anterior=(False, True), mirrored_posterior=(False, True)),
        ),
        (False, settings(first_view=VIEWS, swap=(False, True), mirrored_posterior=(False, True))),
    ],
)
def test_marks_and_regions_stay_on_their_pixels(told, among):
    for before, after in itertools.product(among, repeat=2):
        given, wanted = (marked(name_views(study(told), parameters)) for parameters in (before, after))
        found = turned(given, before, after)
        for view in VIEWS:
            assert np.array_equal(found.labels(view), wanted.labels(view)), (before, after)
        assert set(found.marks) == set(wanted.marks)
        regions = SkeletonRegions(*(given.labels(view).astype(np.uint8) for view in VIEWS))
        for view in VIEWS:
            assert np.array_equal(turned(regions, before, after).labels(view), wanted.labels(view))


def test_nothing_changes_when_the_views_stay():
    given = marked(name_views(study(told=True)))
    assert turned(given, ViewParameters(), ViewParameters()) is given

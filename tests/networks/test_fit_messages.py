"""What is said before a training that could not learn one of its classes."""

from __future__ import annotations

import pytest

from napari_tbcad.networks.missing_classes import without_pixels


@pytest.mark.parametrize(
    ("task", "missing", "says", "not_said"),
    [
        ("lungs", ["left lung"], "no pixel is labelled left lung: check the labels", "judge"),
        ("4", ["normal"], "judge some hotspots as normal, add other scans, or train task 3", "lungs"),
        ("4", ["abnormal"], "no pixel is labelled abnormal", "train task 3"),
        ("3", ["abnormal"], "judge some hotspots or add other scans", "train task 3"),
    ],
)
def test_a_class_without_a_pixel_is_told_with_what_can_be_done(task, missing, says, not_said):
    said = without_pixels(missing, task)
    assert says in said
    assert not_said not in said
    assert "data.sources.values" in said

"""Which lesion a mark finds, what is false, and the free-response curve, against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.evaluate.compare.lesions import MISSED, FreeResponse, marked, score_lesions
from napari_tbcad.schemes import FOUR_CLASS, IGNORE

SHAPE = (128, 64)
BACKGROUND, BONE, ABNORMAL, NORMAL = range(4)


def image(*boxes):
    """An image of numbered boxes (row, column, height, width), 1 for the first."""
    out = np.zeros(SHAPE, np.int64)
    for number, (row, column, height, width) in enumerate(boxes, start=1):
        out[row : row + height, column : column + width] = number
    return out


def sure(labels, share=0.9, scheme=FOUR_CLASS):
    """Probabilities of an image of classes: `share` for its class, the rest for bone."""
    out = np.zeros((len(scheme.names), *labels.shape), np.float32)
    for value in scheme.names:
        out[value][labels == value] = share
    out[BONE] += 1 - out.sum(0)
    return out


@pytest.mark.parametrize(
    ("found", "hit"),
    [
        ((10, 10, 6, 6), 1),  # centroid on the first
        ((10, 16, 2, 9), 1),  # centroid beside it, a third of the pixels on it
        ((10, 16, 2, 13), 0),  # less than a third
        ((8, 8, 40, 10), 1),  # over both and much more: the centroid is on none, the first has more of it
        ((60, 10, 5, 5), 0),
    ],
)
def test_a_mark_finds_at_most_one_lesion(found, hit):
    true = image((8, 8, 11, 11), (30, 10, 8, 8))
    assert marked(true, image(found), 1).tolist() == [hit]


def test_lesions_are_found_missed_or_false_with_their_scores():
    labels = np.full(SHAPE, BONE, np.uint8)
    labels[20:30, 10:20] = labels[60:70, 10:20] = ABNORMAL  # found and missed
    labels[100:110, 10:20] = NORMAL
    labels[90:128, 40:] = IGNORE
    found = labels.copy()
    found[60:70] = BONE
    found[100:110, 10:20] = ABNORMAL  # a benign one called abnormal
    found[100:110, 45:55] = ABNORMAL  # where nothing is said
    answer = sure(np.where(found == IGNORE, BONE, found))
    one = score_lesions(labels, answer, "4")
    assert len(one.lesions) == 2
    assert one.lesions[1] == MISSED
    assert one.lesions[0] == pytest.approx(0.9, abs=0.05)
    assert len(one.false) == 1
    assert one.highest == max(one.lesions[0], *one.false)
    # The same image with three classes; normal ones are bone there.
    three = score_lesions(np.where(labels == NORMAL, BONE, labels), answer[:3], "3")
    assert three == one


def test_a_hotspot_that_is_rather_normal_has_a_low_score():
    labels = np.full(SHAPE, BONE, np.uint8)
    labels[20:30, 10:20] = ABNORMAL
    answer = sure(labels)
    answer[NORMAL] = 2 / 3 * answer[ABNORMAL]
    answer[ABNORMAL] -= answer[NORMAL]
    assert score_lesions(labels, answer, "4").lesions[0] == pytest.approx(0.3, abs=0.02)


def test_pieces_that_touch_at_a_corner_are_one_lesion():
    labels = np.full(SHAPE, BONE, np.uint8)
    labels[20:30, 10:20] = labels[30:40, 20:30] = ABNORMAL
    assert len(score_lesions(labels, sure(labels), "4").lesions) == 1


def test_curve_by_hand():
    lesions, false = [[0.9, MISSED], [0.5], [], []], [[0.7], [0.5, 0.4, 0.2], [0.7], []]
    curve = FreeResponse(lesions, false).curve()
    assert curve.threshold.tolist() == [np.inf, 0.9, 0.7, 0.5, 0.4, 0.2]
    assert curve.false.tolist() == [0, 0, 2 / 4, 3 / 4, 4 / 4, 5 / 4]
    assert curve.sensitivity == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 2 / 3])
    # Both hotspots of score 0.5 come in together; 0.74 allows neither. From 5/4 on nothing is left to find.
    assert curve.at([0, 0.74, 0.75, 8]) == pytest.approx(
        np.array([[1 / 3, 0.9], [1 / 3, 0.7], [2 / 3, 0.5], [2 / 3, 0.2]])
    )


def test_views_counted_twice_are_views_given_twice():
    random = np.random.default_rng(0)
    lesions = [random.choice([MISSED, 0.3, 0.5, 0.8], n).tolist() for n in random.integers(0, 4, 12)]
    false = [random.choice([0.1, 0.3, 0.6], n).tolist() for n in random.integers(0, 6, 12)]
    times = random.integers(0, 3, 12)
    again = np.repeat(np.arange(12), times)
    weighted = FreeResponse(lesions, false).curve(times)
    repeated = FreeResponse([lesions[i] for i in again], [false[i] for i in again]).curve()
    assert weighted.at() == pytest.approx(repeated.at())


def test_without_lesions_there_is_no_sensitivity():
    clean = FreeResponse([[], []], [[0.5], []])
    assert clean.n_lesions == 0
    assert np.isnan(clean.curve().at()[:, 0]).all()
    assert np.isnan(FreeResponse([], []).curve().at()[:, 0]).all()

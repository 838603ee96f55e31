from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.simulate.bone_truth import Contribution, class_image, find_hotspots, true_index
from napari_tbcad.skeletal_mass import WEIGHT_TABLES

ROWS = (slice(2, 7), slice(3, 9))


def blob(peak: float, place=ROWS, share: float = 1.0) -> Contribution:
    counts = np.zeros((place[0].stop - place[0].start, place[1].stop - place[1].start), np.float32)
    counts[1:4, 1:5] = 0.5 * peak
    counts[2, 2] = peak
    counts[0, :] = 0.39 * peak
    return Contribution(place, counts * share)


def grounds(level: float = 10.0):
    return {
        "anterior": np.full((12, 14), level, np.float32),
        "posterior": np.full((12, 14), level, np.float32),
    }


def test_pixels_above_two_fifths_of_the_peak():
    labels, ids = find_hotspots({"anterior": [blob(20)], "posterior": [blob(1)]}, grounds())
    assert ids == {"anterior": [1], "posterior": [None]}
    assert (labels["anterior"] == 1).sum() == 12
    assert not labels["posterior"].any()


@pytest.mark.parametrize(("peak", "seen"), [(2.7, False), (2.9, True)])
def test_seen_above_a_share_of_what_lies_beneath(peak, seen):
    labels, _ = find_hotspots({"anterior": [blob(peak)], "posterior": [None]}, grounds(10.0))
    assert labels["anterior"].any() == seen


def test_the_stronger_takes_the_pixel_and_ids_are_unique_over_views():
    shifted = (slice(2, 7), slice(5, 11))
    found = {"anterior": [blob(20), blob(40, shifted)], "posterior": [blob(30), None]}
    labels, ids = find_hotspots(found, grounds())
    assert ids == {"anterior": [1, 2], "posterior": [3, None]}
    assert (labels["anterior"] == 2).sum() == 12
    assert (labels["anterior"] == 1).sum() == 6
    assert set(np.unique(labels["posterior"])) == {0, 3}


def test_a_lesion_hidden_under_a_stronger_one_is_not_seen():
    _, ids = find_hotspots({"anterior": [blob(20), blob(40)], "posterior": [None, None]}, grounds())
    assert ids["anterior"] == [None, 1]


def test_classes_are_those_of_the_scheme():
    bone = np.zeros((4, 4), bool)
    bone[:, :2] = True
    labels = np.zeros((4, 4), np.uint16)
    labels[0] = [1, 2, 3, 0]
    image = class_image(bone, labels, {1: "abnormal", 2: "normal", 3: "non_bone", 300: "normal"})
    assert image[0].tolist() == [2, 3, 3, 0]
    assert image[1].tolist() == [1, 1, 0, 0]


def test_true_index_by_hand():
    volumes = {"thoracic": 300.0, "cervical": 100.0, "lumbar": 400.0, "sacrum": 200.0, "rib": 500.0}
    covered = {"lumbar": 40.0, "rib": 50.0}
    # Spiers: 8.3 · 40/1000 + 4.4 · 50/500; ICRP male: 4.74 · 40/400 + 8.59 · 0.1.
    assert true_index(covered, volumes, WEIGHT_TABLES["spiers1968"]) == pytest.approx(0.332 + 0.44)
    assert true_index(covered, volumes, WEIGHT_TABLES["icrp110-male"]) == pytest.approx(0.474 + 0.859)
    assert true_index({}, volumes, WEIGHT_TABLES["spiers1968"]) == 0

"""Losses by name: their sum, their balance, and pixels that say nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_tbcad.networks.config import LossParameters
from napari_tbcad.networks.losses import SummedLoss, class_weights
from napari_tbcad.schemes import IGNORE

LABELS = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 2]]]).repeat(2, 1, 1)


def logits(sure: float) -> torch.Tensor:
    """Right everywhere, with this much certainty."""
    return torch.nn.functional.one_hot(LABELS, 3).permute(0, 3, 1, 2).float() * sure


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "dice", "tversky"])
def test_every_loss_falls_as_a_right_answer_gets_surer(name):
    loss = SummedLoss(LossParameters(terms={name: 1.0}))
    values = [float(loss(logits(sure), LABELS)) for sure in (0.0, 2.0, 20.0)]
    assert values[0] > values[1] > values[2]
    assert values[2] == pytest.approx(0, abs=1e-3)


def test_a_sum_is_the_weighted_sum():
    one = {
        name: float(SummedLoss(LossParameters(terms={name: 1.0}))(logits(1), LABELS))
        for name in ("dice", "focal")
    }
    both = SummedLoss(LossParameters(terms={"dice": 2.0, "focal": 0.5}))(logits(1), LABELS)
    assert float(both) == pytest.approx(2 * one["dice"] + 0.5 * one["focal"], rel=1e-5)


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "dice", "tversky"])
def test_pixels_without_a_statement_do_not_count(name):
    loss = SummedLoss(LossParameters(terms={name: 1.0}))
    labels, answer = LABELS.clone(), logits(2.0)
    labels[:, 0, 0] = IGNORE
    before = loss(answer, labels)
    answer[:, :, 0, 0] = torch.tensor([-9.0, 9.0, 0.0])
    assert float(loss(answer, labels)) == pytest.approx(float(before), rel=1e-5)
    assert float(loss(answer, torch.full_like(labels, IGNORE))) == 0


def test_a_rare_class_weighs_more_and_the_mean_over_pixels_is_one():
    labels = np.array([0] * 90 + [1] * 9 + [2], np.uint8)
    assert class_weights(labels, 3, "none") is None
    inverse, root = class_weights(labels, 3, "inverse"), class_weights(labels, 3, "root")
    assert inverse[2] / inverse[0] == pytest.approx(90)
    assert root[2] / root[0] == pytest.approx(90**0.5)
    for weights in (inverse, root):
        assert float(weights[torch.from_numpy(labels).long()].mean()) == pytest.approx(1, rel=1e-5)

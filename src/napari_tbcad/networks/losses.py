"""Losses by name, and their weighted sum."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from napari_tbcad.networks.config import LossParameters
from napari_tbcad.schemes import IGNORE


class SummedLoss(torch.nn.Module):
    """Weighted sum of losses on logits (N, K, H, W) and labels (N, H, W) of int64, 255 left out.

    Parameters
    ----------
    parameters : LossParameters
        Names and weights.
    class_weights : (K,) tensor, optional
        Weights of the classes in cross-entropy.

    Notes
    -----
    Dice and Tversky leave a class that is absent from the batch out, so alone they never punish a false
    alarm there; add cross-entropy or focal.
    """

    def __init__(self, parameters: LossParameters, class_weights: torch.Tensor | None = None) -> None:
        super().__init__()
        import segmentation_models_pytorch as smp

        options: dict[str, Any] = {"mode": "multiclass", "ignore_index": IGNORE}
        self._smoothing, self._gamma = parameters.smoothing, parameters.gamma
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.weights = dict(parameters.terms)
        self._losses = {
            "cross_entropy": self._cross_entropy,
            "focal": self._focal,
            "dice": smp.losses.DiceLoss(**options),
            "tversky": smp.losses.TverskyLoss(alpha=parameters.alpha, beta=1 - parameters.alpha, **options),
        }

    def _cross_entropy(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        weights: Any = self.class_weights
        return F.cross_entropy(
            logits, labels, weight=weights, ignore_index=IGNORE, label_smoothing=self._smoothing
        )

    def _focal(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        # (1 - p)^gamma times cross-entropy (Lin 2017, eq. 4) of the softmax that the network ends with. That
        # of segmentation_models_pytorch takes each class's logit by itself through a sigmoid.
        entropy = F.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="none")
        focal = (1 - torch.exp(-entropy)) ** self._gamma * entropy
        return focal[labels != IGNORE].mean()

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the sum, a scalar."""
        if not bool((labels != IGNORE).any()):
            return logits.sum() * 0
        total = logits.new_zeros(())
        for name, weight in self.weights.items():
            total = total + weight * self._losses[name](logits, labels)
        return total


def class_weights(labels: NDArray[np.uint8], n_classes: int, how: str) -> torch.Tensor | None:
    """Return weights (K,) of mean 1 over the pixels, from label images; None for no balance."""
    counts = np.bincount(labels.ravel(), minlength=256)[:n_classes].astype(float)
    return balanced(counts / counts.sum(), how)


def balanced(shares: NDArray[np.floating], how: str) -> torch.Tensor | None:
    """Return weights (K,) of mean 1 for classes of these shares (K,), one over them or over their roots."""
    if how == "none":
        return None
    shares = np.maximum(shares, 1e-6)
    weights = 1 / shares if how == "inverse" else 1 / np.sqrt(shares)
    return torch.as_tensor(weights / (weights * shares).sum(), dtype=torch.float32)

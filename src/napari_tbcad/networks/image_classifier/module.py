"""The training loop's part that only an image classifier has: its loss, and the AUC of the watched images."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.networks.module import LoopModule


class ClassifierModule(LoopModule):
    """An image classifier with binary cross-entropy.

    An image is abnormal when a pixel of its labels is. Training images are asked after they were varied: a
    lesion that was laid in makes a clean image abnormal, one that was moved out of the image is not in it.

    Parameters
    ----------
    network : torch.nn.Module
        (N, C, H, W) → logits (N,).
    config : TrainingConfig
        The training.
    abnormal : int
        Value of abnormal pixels in the labels.
    answer_weights : (2,) tensor, optional
        Weight of clean and of abnormal images in the loss.
    """

    decides, told = "validation_auc", "AUC"
    answer_weights: torch.Tensor | None

    def __init__(
        self,
        network: torch.nn.Module,
        config: TrainingConfig,
        abnormal: int,
        answer_weights: torch.Tensor | None = None,
    ) -> None:
        super().__init__(network, config)
        self._abnormal = abnormal
        self.register_buffer("answer_weights", answer_weights, persistent=False)
        self._answers: list[tuple[torch.Tensor, torch.Tensor]] = []

    def training_step(self, batch: tuple[torch.Tensor, ...], batch_idx: int) -> torch.Tensor:
        """Vary the batch, ask the network, return the loss."""
        images, labels = self.varied(batch, batch_idx)
        return self.counted(self._loss(self.network(images).float(), self._truth(labels)))

    def validation_step(self, batch: tuple[torch.Tensor, ...], batch_idx: int) -> None:
        """Keep the answers for the epoch's end."""
        logits, truth = self.network(self.given(batch)).float(), self._truth(batch[1])
        self.log("validation_loss", self._loss(logits, truth), on_epoch=True, on_step=False)
        self._answers.append((logits.cpu(), truth.cpu()))

    def on_validation_epoch_end(self) -> None:
        """Log the AUC; there is none where all watched images are of one kind."""
        logits, truth = (torch.cat(part) for part in zip(*self._answers, strict=True))
        self._answers.clear()
        self.log("validation_auc", torch.tensor(area_under_curve(logits, truth)))

    def _truth(self, labels: torch.Tensor) -> torch.Tensor:
        return (labels == self._abnormal).flatten(1).any(1).float()

    def _loss(self, logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        weights = self.answer_weights
        return (each if weights is None else each * weights[truth.long()]).mean()


def area_under_curve(logits: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the area under the ROC curve of answers (n,) for truths (n,) of 0 and 1; NaN for one kind."""
    from sklearn.metrics import roc_auc_score

    if not bool(truth.any()) or bool(truth.all()):
        return math.nan
    return float(roc_auc_score(truth.numpy(), logits.double().numpy()))

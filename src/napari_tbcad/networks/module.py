"""The training loop's own part: what happens in a step, an epoch and at the end (PyTorch Lightning)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytorch_lightning as lightning
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from napari_tbcad.errors import TbcadError
from napari_tbcad.networks.augment import augment
from napari_tbcad.networks.augment_counts import augment_counts, normalise_counts, with_views
from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.networks.losses import SummedLoss
from napari_tbcad.networks.samples import Decoded
from napari_tbcad.networks.training_folder import read_log
from napari_tbcad.networks.training_log import Log
from napari_tbcad.schemes import IGNORE

__all__ = [
    "Images",
    "Log",
    "LoopModule",
    "LossNotFinite",
    "Order",
    "SegmentationModule",
    "loaders",
    "read_log",
]


_GENERATORS = "generators"


class LossNotFinite(TbcadError):
    """The loss became NaN or infinite."""


class LoopModule(lightning.LightningModule):
    """What every network is trained with: variation, optimiser, and a loss that must be a number.

    Parameters
    ----------
    network : torch.nn.Module
        (N, C, H, W) → logits.
    config : TrainingConfig
        The training.
    """

    decides = "validation_figure"
    """The watched figure that says which epoch is best: the largest."""
    told = "figure"
    """What `decides` is called in the line of an epoch."""

    def __init__(self, network: torch.nn.Module, config: TrainingConfig) -> None:
        super().__init__()
        self.network, self.config = network, config
        self._losses: list[float] = []

    @property
    def watched_columns(self) -> tuple[str, ...]:
        """Figures of the watched images that log.csv keeps, by the names they are logged under."""
        return ("validation_loss", self.decides)

    def varied(self, batch: tuple[torch.Tensor, ...], step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return images (N, C, H, W) and labels (N, H, W) of a training batch, varied.

        The same seed, epoch, step and card give the same.
        """
        seed = (self.config.seed, self.current_epoch, step, self.global_rank)
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            images, labels, views = batch
            vary = augment_counts if self.config.input.intensity == "counts" else augment
            images, labels = vary(images, labels, self.config.augment, seed)
            images = with_views(images, views, self.config.input)
        if self.device.type == "cpu":
            images = images.contiguous(memory_format=torch.channels_last)
        return images, labels

    def given(self, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Return images (N, C, H, W) of a watched batch, as they are."""
        images, _, views = batch
        if self.config.input.intensity == "counts":
            images = normalise_counts(images)
        return with_views(images, views, self.config.input)

    def counted(self, loss: torch.Tensor) -> torch.Tensor:
        """Return the loss of a step, kept for the epoch's mean; raises LossNotFinite."""
        if not math.isfinite(value := float(loss.detach())):
            raise LossNotFinite(f"the loss became {value} in epoch {self.current_epoch + 1}")
        self._losses.append(value)
        return loss

    @property
    def last_loss(self) -> float:
        """Training loss of the step before."""
        return self._losses[-1] if self._losses else math.nan

    def mean_loss(self) -> float:
        """Return the mean training loss since the last call."""
        losses, self._losses = self._losses, []
        return sum(losses) / max(len(losses), 1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep where the generators of random numbers are: dropout goes on from there."""
        checkpoint[_GENERATORS] = {"cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            checkpoint[_GENERATORS]["cuda"] = torch.cuda.get_rng_state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Set them to where they were; checkpoints of earlier releases do not say."""
        # Here and not when the training starts: the loader of the epoch's images draws before that.
        states = checkpoint.get(_GENERATORS, {})
        if "cpu" in states:
            torch.set_rng_state(states["cpu"].cpu())
        if "cuda" in states and torch.cuda.is_available():
            torch.cuda.set_rng_state(states["cuda"].cpu())

    def configure_optimizers(self) -> Any:
        """AdamW with a rate that rises and falls once."""
        fit = self.config.fit
        # Norms and biases are not pulled to zero.
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        weights = [p for p in self.network.parameters() if p.ndim > 1]
        groups = [
            {"params": weights, "weight_decay": fit.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(groups, lr=fit.learning_rate)
        steps = int(self.trainer.estimated_stepping_batches)
        warm = max(1, round(fit.warm_up * steps))

        def rate(step: int) -> float:
            if step < warm:
                return (step + 1) / warm
            return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class SegmentationModule(LoopModule):
    """A network with its loss, optimiser and augmentation.

    Parameters
    ----------
    network : torch.nn.Module
        (N, 1, H, W) → logits (N, K, H, W).
    config : TrainingConfig
        The training.
    class_weights : (K,) tensor, optional
        See :func:`napari_tbcad.networks.losses.class_weights`.
    """

    decides, told = "validation_dice", "Dice"

    @property
    def watched_columns(self) -> tuple[str, ...]:
        """Loss, Dice, and the IoU of every class but background."""
        return (*super().watched_columns, *(f"iou_{name}" for name in self.config.classes[1:]))

    def __init__(
        self, network: torch.nn.Module, config: TrainingConfig, class_weights: torch.Tensor | None = None
    ) -> None:
        super().__init__(network, config)
        self.loss = SummedLoss(config.loss, class_weights)
        self._overlap = torch.zeros(3, len(config.classes))

    def training_step(self, batch: tuple[torch.Tensor, ...], batch_idx: int) -> torch.Tensor:
        """Vary the batch, ask the network, return the loss."""
        images, labels = self.varied(batch, batch_idx)
        return self.counted(self.loss(self.network(images).float(), labels.long()))

    def validation_step(self, batch: tuple[torch.Tensor, ...], batch_idx: int) -> None:
        """Add up what the Dice of the epoch is made from."""
        labels = batch[1]
        logits = self.network(self.given(batch)).float()
        self.log("validation_loss", self.loss(logits, labels.long()), on_epoch=True, on_step=False)
        found, known = logits.argmax(1), labels != IGNORE
        for value in range(len(self.config.classes)):
            here, there = (found == value) & known, (labels == value) & known
            sums = (int((here & there).sum()), int(here.sum()), int(there.sum()))
            self._overlap[:, value] += torch.tensor(sums)

    def on_validation_epoch_end(self) -> None:
        """Log the mean Dice of the classes that occur, and the IoU of each, from the pixels of all images."""
        both, found, drawn = self._overlap[:, 1:]
        present = drawn > 0
        dice = (2 * both / (found + drawn))[present]
        self.log("validation_dice", dice.mean() if len(dice) else torch.tensor(0.0))
        for name, value in zip(
            self.config.classes[1:], intersection_over_union(both, found, drawn), strict=True
        ):
            self.log(f"iou_{name}", value)
        self._overlap.zero_()


def intersection_over_union(both: torch.Tensor, found: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """Return intersection over union of every class, NaN for one that is drawn nowhere."""
    return torch.where(drawn > 0, both / (found + drawn - both), torch.nan)


class Images(Dataset[tuple[torch.Tensor, ...]]):
    """Decoded samples as tensors."""

    def __init__(self, decoded: Decoded) -> None:
        self._decoded = decoded

    def __len__(self) -> int:
        return len(self._decoded)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, ...]:
        image = torch.from_numpy(self._decoded.images[index])[None]
        posterior = torch.tensor(self._decoded.samples[index].view == "posterior")
        return image, torch.from_numpy(self._decoded.labels[index]), posterior


class Order(Sampler[int]):
    """The order of an epoch: drawn anew from seed and epoch, each sample as often as its weight says."""

    def __init__(self, weights: list[float], seed: int, batch: int) -> None:
        self._weights, self._seed, self._batch, self._epoch = weights, seed, batch, 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before every epoch."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        weights = torch.tensor(self._weights, dtype=torch.float64)
        whole = weights.floor()
        extra = torch.rand(len(weights), generator=generator, dtype=torch.float64) < weights - whole
        times = (whole + extra).long()
        indices = torch.repeat_interleave(torch.arange(len(weights)), times)
        chosen = indices[torch.randperm(len(indices), generator=generator)].tolist()
        # The number of steps is the same in every epoch, or the rate's schedule would not fit.
        wanted = len(self)
        return iter((chosen * (wanted // max(len(chosen), 1) + 1))[:wanted])

    def __len__(self) -> int:
        total = max(self._batch, round(sum(self._weights)))
        return max(1, total // self._batch) * self._batch


def loaders(train: Decoded, validation: Decoded | None, config: TrainingConfig) -> tuple[Any, Any]:
    """Return the data loaders; images are in memory, so there is nothing to be read beside the training."""
    batch = min(config.fit.batch, len(train))
    order = Order([s.weight for s in train.samples], config.seed, batch)
    first = DataLoader(Images(train), batch_size=batch, sampler=order, drop_last=True)
    second = DataLoader(Images(validation), batch_size=config.fit.batch) if validation is not None else None
    return first, second

"""What an image classifier is: which network, what it starts from, how the rarer answer counts."""

from __future__ import annotations

from typing import Literal

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.build import ArchitectureParameters
from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.record import Parameters, field
from napari_tbcad.schemes import NETWORK_SCHEMES

ABNORMAL = "abnormal"
"""The class that an image is asked for."""


class ClassifierParameters(Parameters):
    """Parameters of the image classifier that are not those of a training of masks."""

    encoder: str = field(
        "resnet50",
        title="Network",
        description="By its name in segmentation_models_pytorch (resnet50 is that of torchvision, layer by "
        "layer) or, after tu-, in timm.",
    )
    weights: str = field(
        "none",
        title="Weights",
        description="none: a random start. A path: a file of weights for this network (.safetensors, or a "
        "torch state dict, as torchvision publishes them). imagenet: weights trained on photographs, "
        "downloaded when they are not yet in the folder of models.",
    )
    balance: Literal["none", "inverse", "root"] = field(
        "inverse",
        title="Balance",
        description="Weight of abnormal and clean images in the loss: all the same, one over their share of "
        "the training images, or one over the root of it.",
    )

    def within(self, config: TrainingConfig) -> TrainingConfig:
        """Return a training with this network: data, input, variation, length and seed stay what they are."""
        architecture = ArchitectureParameters(encoder=self.encoder, encoder_weights=self.weights)
        loss = config.loss.model_copy(update={"balance": self.balance})
        return config.model_copy(update={"architecture": architecture, "loss": loss})


def abnormal_value(task: str) -> int:
    """Return the label value of abnormal pixels in a task's scheme.

    Raises
    ------
    BadInput
        If the task has no such class.
    """
    for value, name in NETWORK_SCHEMES[task].names.items():
        if name == ABNORMAL:
            return value
    others = ", ".join(name for name, scheme in NETWORK_SCHEMES.items() if ABNORMAL in scheme.names.values())
    raise BadInput("task", f"{task} has no class {ABNORMAL}; an image classifier learns from {others}")

"""The network of an image classifier: an encoder, the mean over the image, one number.

References
----------
K. He et al., Deep residual learning for image recognition, CVPR 2016 (ResNet-50, 2048 means, one layer).
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.build import ArchitectureParameters, Say, require_encoder
from napari_tbcad.networks.encoder_weights import encoder_state, load_encoder
from napari_tbcad.networks.no_triton import without_triton


class ClassifierNetwork(nn.Module):
    """An encoder with one layer over the means of its last features.

    Parameters
    ----------
    encoder : torch.nn.Module
        (N, C, H, W) → features, of which the last are (N, F, h, w).
    features : int
        F.
    """

    def __init__(self, encoder: nn.Module, features: int) -> None:
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(features, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N,) for images (N, C, H, W)."""
        last: torch.Tensor = self.encoder(images)[-1]
        return self.head(last.mean((-2, -1)))[:, 0]


def build_classifier(
    architecture: ArchitectureParameters, *, channels: int = 1, say: Say = print
) -> ClassifierNetwork:
    """Build the network of an image classifier.

    Parameters
    ----------
    architecture : ArchitectureParameters
        Of which encoder and encoder weights count.
    channels : int, optional
        Channels C of the input.
    say : callable, optional
        Told, in a sentence, of a download and of how many weights fitted.

    Returns
    -------
    ClassifierNetwork
        Takes (N, C, H, W) float32 and returns logits (N,).

    Raises
    ------
    BadInput
        If the encoder is unknown, or the weights cannot be had or do not fit.
    """
    with without_triton():
        from segmentation_models_pytorch.encoders import get_encoder

    require_encoder(architecture.encoder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            encoder: Any = get_encoder(architecture.encoder, in_channels=channels, weights=None)
    except Exception as error:  # smp and timm meet what they cannot build with errors of any kind
        raise BadInput(architecture.encoder, f"cannot be built for {channels} channel(s): {error}") from error
    module = ClassifierNetwork(encoder, encoder.out_channels[-1])
    if architecture.encoder_weights != "none":
        state, source = encoder_state(architecture.encoder_weights, architecture.encoder, say=say)
        say(f"{load_encoder(module, state, source)}; the last layer is learned from the start")
    return module

"""What a prediction is asked and what it answers; no torch here, so that forms and settings may use it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.networks.devices import DEVICE_MEANING, Device
from napari_tbcad.record import Parameters, field


class PredictParameters(Parameters):
    """Parameters of :func:`napari_tbcad.networks.predict.predict`."""

    device: Device = field("auto", title="Device", description=DEVICE_MEANING, more=True)
    augment: bool = field(
        False,
        title="Average variants",
        description="Also ask the network about slightly brighter, darker and shifted versions of the image "
        "and average: smoother, five times as slow, and tells where it is not sure.",
        more=True,
    )
    mirror: bool = field(
        False,
        title="Mirrored variant",
        description="Among the variants, use the mirrored image, right and left exchanged in the answer. "
        "Only for networks trained on mirrored images too: the heart of a mirrored chest is on the wrong "
        "side. Refused where classes do not survive it.",
        more=True,
    )
    tile: int = field(
        0,
        title="Tile",
        unit="px",
        ge=0,
        le=4096,
        multiple_of=32,
        description="Side of the overlapping squares in which the image is predicted; 0 takes it whole up to "
        "4 million pixels, larger ones in squares of 1024. Only for networks that read the image's own "
        "pixels: one with a fixed grid was trained on whole images and errs in parts of them.",
        more=True,
    )
    overlap: float = field(
        0.25,
        title="Overlap",
        ge=0,
        le=0.5,
        description="Share of a tile that its neighbour covers, too, at least; answers are blended there.",
        more=True,
    )


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network says about one image.

    Parameters
    ----------
    probabilities : (K, h, w) array of float32
        Of every class, background first; over the image's whole field of view, on the network's grid.
    shape : (int, int)
        The image's rows and columns (H, W).
    uncertainty : (h, w) array of float32
        Entropy of the probabilities over its largest value log K, in [0, 1].
    disagreement : (h, w) array of float32 or None
        Mutual information between class and variant over log K, in [0, 1]: the part of the uncertainty that
        comes from variants contradicting each other. None when there was one variant.
    device : str
        Where it was computed at last.
    messages : tuple of str
        What a person should know: falling back for want of memory.
    """

    probabilities: NDArray[np.float32]
    shape: tuple[int, int]
    uncertainty: NDArray[np.float32]
    disagreement: NDArray[np.float32] | None = None
    device: str = "cpu"
    messages: tuple[str, ...] = ()

    def on_image(self) -> NDArray[np.float32]:
        """Return the probabilities (K, H, W) on the image's own pixels."""
        return resize_soft(self.probabilities, self.shape)

    def labels(self) -> NDArray[np.uint8]:
        """Return the most probable class (H, W) on the image's own pixels; the lower one in a tie."""
        return self.on_image().argmax(0).astype(np.uint8)

"""Parameters of the stages that choose: which segmenter, which features, how the classifier is asked."""

from __future__ import annotations

from pydantic import field_validator

from napari_tbcad.chest.features import FeatureParameters
from napari_tbcad.chest.lungs.registry import SEGMENTERS
from napari_tbcad.networks.devices import Device, choose_device
from napari_tbcad.record import Parameters, field
from napari_tbcad.segmenters import choice_of

LungParameters = choice_of(
    SEGMENTERS,
    model="LungParameters",
    module=__name__,
    doc="Which lung segmenter, and the parameters of each.",
    default="network",
)


class MeasureParameters(FeatureParameters):
    """What is measured, and whether measuring stops when the shape alone decides."""

    early_exit: bool = field(
        False,
        title="Early exit",
        description="Do not compute the grey-level features when the shape gate already decides.",
        more=True,
    )
    device: Device = field(
        "auto",
        title="Device",
        description="Where grey-level features are computed; auto is the processor, good for single films.",
        more=True,
    )


class ClassifyParameters(Parameters):
    """How the classifier is asked."""

    operating_point: str = field(
        "0.5",
        title="Operating point",
        description="Decision threshold on the calibrated probability: a number, 'youden', or a wanted "
        "sensitivity such as 'sensitivity=0.9'; the last two were chosen on the model's inner folds.",
    )

    @field_validator("operating_point")
    @classmethod
    def _readable(cls, name: str) -> str:
        from napari_tbcad.chest.classify.operating_point import canonical_name

        return canonical_name(name)

    device: Device = field(
        "auto",
        title="Device",
        description="Where the prediction runs; auto is the processor, which suits single films.",
        more=True,
    )


def present_device(name: Device) -> str | None:
    """Return a torch device, or None for the processor (numpy), which needs no torch.

    Unlike for networks, ``auto`` is the processor: for the features of one film nothing is faster.

    Raises
    ------
    BadInput
        If this machine has no such device.
    """
    if name in ("auto", "cpu"):
        return None
    return choose_device(name)

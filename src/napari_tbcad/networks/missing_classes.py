"""Classes that a training could not learn, since no pixel is labelled so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from napari_tbcad.schemes import ANTERIOR_ONLY, BONE_SCHEMES, FOUR_CLASS, THREE_CLASS

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig


def missing_classes(present: Collection[int], config: TrainingConfig) -> list[str]:
    """Return the names of the classes that are not among the values present in the training labels.

    What only the anterior view shows is not missed where posterior views alone are read.
    """
    missing = [name for value, name in enumerate(config.classes) if value not in present]
    if config.input.views == ("posterior",):
        missing = [name for name in missing if name != ANTERIOR_ONLY]
    return missing


def without_pixels(missing: Sequence[str], task: str) -> str:
    """Return what to say of classes without a pixel, and what can be done."""
    said = f"no pixel is labelled {', '.join(missing)}: check the labels (data.sources.values)"
    if task not in BONE_SCHEMES:
        return said
    if task == FOUR_CLASS.name and list(missing) == ["normal"]:
        return f"{said}, judge some hotspots as normal, add other scans, or train task {THREE_CLASS.name}"
    return f"{said}, judge some hotspots or add other scans"

"""Label schemes as data: what a value in a mask means, and the colour it is shown in.

Colours are told apart by colour-blind readers (Okabe and Ito, Color Universal Design, 2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput

RIGHT, LEFT = 1, 2
"""Lungs, the patient's sides: the right lung lies on the image's left in a frontal film."""

LUNG_NAMES = {RIGHT: "right lung", LEFT: "left lung"}

LUNG_COLOURS = {RIGHT: "#56B4E9", LEFT: "#E69F00"}


@dataclass(frozen=True)
class LabelScheme:
    """What the values of a label image mean.

    Parameters
    ----------
    name : str
        Name of the scheme, such as ``"4"``.
    ids : mapping of str to int
        Value of each class; of two names with one value the first names it. ``"background"`` is 0.
    colours : mapping of str to str
        ``#RRGGBB`` by class name.
    """

    name: str
    ids: Mapping[str, int]
    colours: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", MappingProxyType(dict(self.ids)))
        object.__setattr__(self, "colours", MappingProxyType(dict(self.colours)))

    @property
    def names(self) -> dict[int, str]:
        """First name of every value."""
        found: dict[int, str] = {}
        for name, value in self.ids.items():
            found.setdefault(value, name)
        return found

    def convert(self, labels: NDArray[np.integer], target: LabelScheme) -> NDArray[np.uint8]:
        """Return a label image of this scheme in another scheme that knows all its class names.

        Parameters
        ----------
        labels : (H, W) array of int
            Values of this scheme.
        target : LabelScheme
            The wanted scheme.

        Raises
        ------
        BadInput
            If a value is not of this scheme, or its class is unknown to `target`.
        """
        labels = np.asarray(labels)
        table = np.zeros(256, np.uint8)
        names = self.names
        for value in np.unique(labels):
            label = names.get(int(value))
            if label is None or label not in target.ids:
                raise BadInput(f"scheme {self.name}", f"value {value} has no counterpart in {target.name}")
            table[int(value)] = target.ids[label]
        return table[labels]


REGION_NAMES = (
    "skull",
    "cervical",
    "thoracic",
    "rib",
    "sternum",
    "clavicle",
    "scapula",
    "humerus",
    "lumbar",
    "sacrum",
    "pelvis",
    "femur",
)
"""Skeleton regions, ids 1 to 12 in this order; skull is cranium and mandible, sternum is anterior only."""

ANTERIOR_ONLY = "sternum"
"""Region that only the anterior view shows: what a posterior view has of it lies behind the spine."""

REGION_IDS = {name: number for number, name in enumerate(REGION_NAMES, start=1)}

HOTSPOT_COLOURS = {"abnormal": "#D55E00", "normal": "#0072B2", "non_bone": "#999999", "ignore": "#FFFFFF"}

HOTSPOT_CLASSES = tuple(HOTSPOT_COLOURS)
"""A person's classes: abnormal; normal (benign, degenerative); non-bone uptake (bladder, kidney, injection,
contamination); ignore (no statement)."""

_BONE_COLOURS = {"bone": "#CCCCCC", **HOTSPOT_COLOURS}

FOUR_CLASS = LabelScheme(
    "4", {"background": 0, "bone": 1, "abnormal": 2, "normal": 3, "non_bone": 3}, _BONE_COLOURS
)
"""Background, bone, abnormal, normal hotspot; BS-80K counts non-bone uptake as normal."""

THREE_CLASS = LabelScheme(
    "3", {"background": 0, "bone": 1, "normal": 1, "non_bone": 1, "abnormal": 2}, _BONE_COLOURS
)
"""Normal hotspots merged into bone (never bone into background)."""

BONE_SCHEMES = {scheme.name: scheme for scheme in (FOUR_CLASS, THREE_CLASS)}
"""An ignored hotspot has no value of its own: what lies under it (bone or background) is written."""

LUNGS = LabelScheme(
    "lungs",
    {"background": 0, **{name: value for value, name in LUNG_NAMES.items()}},
    {LUNG_NAMES[k]: v for k, v in LUNG_COLOURS.items()},
)
"""Lung fields, the patient's sides."""

OPACITIES = LabelScheme(
    "opacities",
    {"background": 0, "ground glass": 1, "consolidation": 2, "effusion": 3},
    {"ground glass": "#F0E442", "consolidation": "#D55E00", "effusion": "#56B4E9"},
)
"""What a radiologist draws in the lungs of a film with pneumonia."""

REGIONS = LabelScheme("regions", {"background": 0, **REGION_IDS})
"""The twelve skeleton regions of one view of a bone scan."""

NETWORK_SCHEMES = MappingProxyType(
    {scheme.name: scheme for scheme in (LUNGS, OPACITIES, REGIONS, *BONE_SCHEMES.values())}
)
"""Schemes that a segmentation network can learn, by name: the name is the network's task."""

UNSIDED = (REGIONS.name, *BONE_SCHEMES)
"""Tasks whose images may be mirrored: no class has a side, and hardly an organ that is seen has one.

Opacities are not among them: they have no side, but a mirrored chest has its heart on the wrong one.
"""

IGNORE = 255
"""Value of a pixel about which a label image says nothing: left out of losses and scores."""

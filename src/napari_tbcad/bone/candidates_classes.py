"""The class of a candidate, by rule: where it lies, whether the other side has it too, how bright it is."""

from __future__ import annotations

from napari_tbcad.bone.candidates_maps import ZONE_NAMES
from napari_tbcad.schemes import REGION_NAMES

_NAMES = ("nowhere", *REGION_NAMES, *ZONE_NAMES)


def class_of(zone: int, features: dict[str, float]) -> tuple[str, float]:
    """Return the class of a candidate and how likely it is to be abnormal.

    Parameters
    ----------
    zone : int
        Region, or zone outside the regions.
    features : mapping of str to float
        As measured at its peak.

    Returns
    -------
    label : {"abnormal", "normal", "non_bone"}
    probability : float
        Of being abnormal, in [0, 1].
    """
    name = _NAMES[zone]
    if name in ("pelvic_cavity", "abdomen"):
        return "non_bone", 0.1
    if name in ("legs", "arms"):
        return "normal", 0.3
    if features["asymmetry"] < 0.1:
        return "normal", 0.4
    return "abnormal", 0.7

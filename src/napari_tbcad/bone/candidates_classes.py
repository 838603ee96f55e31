"""The class of a candidate, by rule: where it lies first, then how it looks.

1. Places where tracer collects outside bone give ``non_bone``: the pelvic cavity and the midline below the
   sacrum (bladder, urine), the kidneys' place when it is large, the rest of the abdomen, between the thighs,
   and an arm's spot far hotter than bone that the other arm lacks (injection).
2. Elsewhere the probability of being abnormal is a logistic function of score and asymmetry (coefficients in
   the stored model): what stands out and is one-sided is abnormal.
3. From 0.5 the class is ``abnormal``, else ``normal``. The joints outside the regions (knees, feet, elbows,
   hands) are normal unless twice as bright as the other side, and the face is held to more, since wear and
   teeth show there.
"""

from __future__ import annotations

import math

import numpy as np

from napari_tbcad.bone.candidates_grow import Candidate
from napari_tbcad.bone.candidates_maps import ViewMaps
from napari_tbcad.bone.candidates_peaks import model
from napari_tbcad.schemes import REGION_IDS

NON_BONE = 0.05
"""Probability of being abnormal that a place outside bone leaves."""

JOINT = 0.3
"""Probability that uptake in a joint outside the regions is not given more than."""

ONE_SIDED = math.log(2.0)
"""Asymmetry of a place twice as bright as the other side."""

INJECTION_LEVEL = 4.0
"""A one-sided spot in an arm is an injection from this many times the view's bone level."""

KIDNEY_MM2 = 600.0
"""A kidney's candidate is at least so large; a lesion of a rib there is not."""

MIDLINE_MM = 22.0
"""Urine lies so near the patient's axis."""


def class_of(candidate: Candidate, maps: ViewMaps) -> tuple[str, float]:
    """Return the class of a candidate and how likely it is to be abnormal.

    Parameters
    ----------
    candidate : Candidate
        As grown from its peak.
    maps : ViewMaps
        The view it lies in.

    Returns
    -------
    label : {"abnormal", "normal", "non_bone"}
    probability : float
        Of being abnormal, in [0, 1].
    """
    if outside_bone(candidate, maps):
        return "non_bone", NON_BONE
    probability = _abnormal(candidate, maps)
    return ("abnormal" if probability >= 0.5 else "normal"), probability


def evidence(candidate: Candidate) -> tuple[float, float]:
    """Return what speaks for abnormal: logit of the score, and the asymmetry kept in [0, 1]."""
    value = min(max(candidate.score, 1e-6), 1 - 1e-6)
    return math.log(value / (1 - value)), min(max(candidate.features["asymmetry"], 0.0), 1.0)


def _abnormal(candidate: Candidate, maps: ViewMaps) -> float:
    stored = model()["abnormal"]
    score, asymmetry = evidence(candidate)
    total = stored["offset"] + stored["score"] * score + stored["asymmetry"] * asymmetry
    if candidate.zone in ("legs", "arms") and candidate.features["asymmetry"] < ONE_SIDED:
        return min(1 / (1 + math.exp(-total)), JOINT)
    if candidate.zone == "skull" and maps.name == "anterior" and _along(candidate, maps) > 0.5:
        total += stored["face"]
    return 1 / (1 + math.exp(-total))


def outside_bone(candidate: Candidate, maps: ViewMaps) -> bool:
    """Say whether a candidate lies where tracer collects outside bone; see the module's first rule."""
    zone, features = candidate.zone, candidate.features
    near_axis = features["lateral"] * 150 < MIDLINE_MM
    if zone in ("pelvic_cavity", "abdomen"):
        return True
    if zone == "pelvis":
        return near_axis and _along(candidate, maps) > 0.5
    if zone == "legs":
        return near_axis
    if zone == "arms":
        hot = float(maps.fine[candidate.row, candidate.column]) > INJECTION_LEVEL * maps.level
        return hot and features["asymmetry"] > ONE_SIDED
    return zone == "rib" and candidate.area_mm2 >= KIDNEY_MM2 and _beside_lumbar(candidate, maps)


def _along(candidate: Candidate, maps: ViewMaps) -> float:
    """Return where the peak lies between the top (0) and the bottom (1) of its region."""
    rows = maps.rows_of(REGION_IDS[candidate.zone])
    return (candidate.row - rows[0]) / max(rows[1] - rows[0], 1) if rows else 0.5


def _beside_lumbar(candidate: Candidate, maps: ViewMaps) -> bool:
    """Say whether a peak lies where the kidneys do: beside the first lumbar vertebrae."""
    rows = maps.rows_of(REGION_IDS["lumbar"])
    if rows is None:
        return False
    below = (candidate.row - rows[0]) * maps.spacing[0]
    return bool(np.abs(below - 20) < 55) and 25 < candidate.features["lateral"] * 150 < 95

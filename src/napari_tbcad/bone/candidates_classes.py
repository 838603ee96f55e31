"""The class of a candidate, by rule: where it lies, whether the other side has it too, how bright it is."""

from __future__ import annotations

from napari_tbcad.bone.candidates_grow import Candidate


def class_of(candidate: Candidate) -> tuple[str, float]:
    """Return the class of a candidate and how likely it is to be abnormal.

    Returns
    -------
    label : {"abnormal", "normal", "non_bone"}
    probability : float
        Of being abnormal, in [0, 1].
    """
    if candidate.zone in ("pelvic_cavity", "abdomen"):
        return "non_bone", 0.1
    if candidate.zone in ("legs", "arms"):
        return "normal", 0.3
    if candidate.features["asymmetry"] < 0.1:
        return "normal", 0.4
    return "abnormal", 0.7

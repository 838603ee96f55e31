"""Coded names, units and places of the chest features for structured reports."""

from __future__ import annotations

from napari_tbcad.chest.glcm import FORMULAS
from napari_tbcad.io.clinic.codes import DEGREES, LUNG, NO_UNITS, PIXELS, SIDES, Concept, own
from napari_tbcad.schemes import LEFT, RIGHT

IBSI = "IBSI"
"""Coding scheme of the Image Biomarker Standardisation Initiative (PS3.16, annex D)."""

_FIRST_ORDER = {
    "mean": ("Q4LE", "Mean intensity"),
    "variance": ("ECT3", "Intensity variance"),
    "skewness": ("KE2A", "Intensity skewness"),
    "kurtosis": ("IPH6", "Excess intensity kurtosis"),
    "entropy": ("TLU2", "Intensity Histogram Entropy"),
    "uniformity": ("BJ5W", "Intensity Histogram Uniformity"),
}
_IN_PIXELS = ("height", "perimeter", "area", "major_axis", "minor_axis")
_SIDE_WORDS = {"right": RIGHT, "left": LEFT}


def feature_code(name: str, definition: str = "ibsi") -> Concept:
    """Return the coded name of a feature.

    Parameters
    ----------
    name : str
        Such as ``"glcm_contrast_45"``.
    definition : str, optional
        Definition of the texture features; only those of ``"ibsi"`` are called by IBSI's codes.

    Returns
    -------
    Concept
        IBSI's code where the standard has the feature, else one of this program: its name, or where that
        has more than 16 characters, the longer form of a code that DICOM has for it.

    References
    ----------
    A. Zwanenburg et al., The Image Biomarker Standardization Initiative, Radiology 295 (2020) 328-338.
    """
    family, _, rest = name.partition("_")
    if family == "firstorder" and rest in _FIRST_ORDER:
        return Concept(_FIRST_ORDER[rest][0], IBSI, _FIRST_ORDER[rest][1])
    plain, _, direction = rest.rpartition("_")
    if family == "glcm" and definition == "ibsi" and plain in FORMULAS and direction.isdecimal():
        code = FORMULAS[plain][1]
        if len(code) == 4:
            return Concept(code, IBSI, f"GLCM {plain.replace('_', ' ')}"[:64])
    return own(name)


def feature_unit(name: str, shape_unit: str = "pixel") -> Concept:
    """Return the unit of a feature; `shape_unit` is that of the parameters."""
    if name.startswith("costophrenic_angle"):
        return DEGREES
    if shape_unit == "pixel" and name.startswith(_IN_PIXELS) and not name.endswith("difference"):
        return PIXELS
    return PIXELS if shape_unit == "pixel" and name == "height_difference" else NO_UNITS


def feature_place(name: str) -> tuple[Concept, Concept | None]:
    """Return where a feature is measured: the lung, and its side where it is of one."""
    parts = name.split("_")
    side = next((SIDES[_SIDE_WORDS[part]] for part in parts[1:] if part in _SIDE_WORDS), None)
    return LUNG, side

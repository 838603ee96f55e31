"""Which features there are: the named sets, their order, and the parameters of measuring them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from napari_tbcad.chest.band_texture import BAND_NAMES
from napari_tbcad.chest.firstorder import FIRSTORDER_NAMES
from napari_tbcad.chest.glcm import DIRECTIONS, GLCM_NAMES, Definition
from napari_tbcad.chest.opacity_zones import OPACITY_NAMES
from napari_tbcad.chest.shape import EXTRA_SHAPE_NAMES, PROJECT_SHAPE_NAMES, SHAPE_NAMES, ShapeUnit
from napari_tbcad.chest.shape_model import mode_names
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Parameters, field

FeatureSet = Literal["chandra113", "listed17", "project21", "extended", "extended_opacity", "extended_bands"]
Group = Literal["shape", "modes", "firstorder", "glcm", "opacity", "bands"]

NOT_LISTED = frozenset({"autocorrelation", "energy", "sum_average", "sum_variance", "difference_variance"})
"""GLCM features that the student project's list leaves out."""

PROJECT_GLCM_NAMES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation", "asm")
"""scikit-image's names: homogeneity is our homogeneity_2, energy the root of our energy, asm our energy."""

DEFAULT_MODES = 20


class FeatureParameters(Parameters):
    """Parameters of :func:`chest_features`."""

    feature_set: FeatureSet = field(
        "chandra113",
        title="Feature set",
        description="chandra113: 17 shape + 8 first-order + 22 texture in 4 directions. listed17: the 17 "
        "texture features the project lists. project21: what the student project used. extended: "
        "chandra113, more shape features and the modes of the shape model. extended_opacity: extended and "
        "the opacity of six lung zones, which needs the opacity network. extended_bands: "
        "extended_opacity and texture in bands of size that grow with the lungs.",
    )
    definition: Definition = field(
        "ibsi",
        title="Definition",
        description="ibsi: the image biomarker standard. uppuluri: the MATLAB function behind the list.",
    )
    levels: int = field(
        32, title="Grey levels", description="Number of grey level bins of the texture matrix.", ge=2, le=256
    )
    discretisation: Literal["mask", "fixed"] = field(
        "mask",
        title="Bins",
        description="mask: equal bins from the smallest to the largest grey level in the lungs. "
        "fixed: equal bins of 0…255.",
    )
    image: Literal["enhanced", "raw"] = field(
        "enhanced",
        title="Image",
        description="Which image first-order and texture features read. raw is stretched to 0…255 first.",
    )
    grid: int = field(
        512,
        title="Grid",
        unit="px",
        description="Longest side of the film on the grid all features are measured on.",
        ge=32,
        le=4096,
    )
    distance: int = field(
        1,
        title="Distance",
        unit="px",
        description="Distance of the two pixels of a pair.",
        ge=1,
        le=64,
        more=True,
    )
    shared_rows: bool = field(
        False,
        title="Shared rows",
        description="Measure the width ratios of both lungs in the left lung's rows.",
        more=True,
    )
    shape_unit: ShapeUnit = field(
        "pixel",
        title="Shape unit",
        description="pixel: heights and perimeters in pixels of the grid. relative: divided by the root of "
        "the lungs' area.",
        more=True,
    )


def has_modes(feature_set: str) -> bool:
    """Tell whether a feature set has more shape features and the modes of a shape model."""
    return feature_set in ("extended", "extended_opacity", "extended_bands")


def has_opacities(feature_set: str) -> bool:
    """Tell whether a feature set has the opacity of the lung zones."""
    return feature_set in ("extended_opacity", "extended_bands")


def has_bands(feature_set: str) -> bool:
    """Tell whether a feature set has texture in bands of size."""
    return feature_set == "extended_bands"


def feature_names(
    feature_set: FeatureSet = "chandra113",
    *,
    n_modes: int = DEFAULT_MODES,
    only: Literal["shape"] | None = None,
) -> tuple[str, ...]:
    """Return the names of a feature set, in order.

    Parameters
    ----------
    feature_set : str
        One of the named sets.
    n_modes : int, optional
        Number of shape modes in the sets that have them.
    only : "shape", optional
        Leave out what is not known from the sensitive mask alone.

    Returns
    -------
    tuple of str
    """
    return tuple(name for name, _ in named_features(feature_set, n_modes, only))


def feature_groups(
    feature_set: FeatureSet = "chandra113", *, n_modes: int = DEFAULT_MODES
) -> dict[str, Group]:
    """Return name → group of a feature set, in order."""
    return dict(named_features(feature_set, n_modes, None))


def redundant_names(feature_set: FeatureSet = "chandra113") -> tuple[str, ...]:
    """Return names whose values repeat another's: kept for replication, to be dropped for training."""
    return tuple(name for name in feature_names(feature_set) if name.startswith("glcm_correlation_2"))


def named_features(feature_set: FeatureSet, n_modes: int, only: str | None) -> list[tuple[str, Group]]:
    """Return (name, group) of a feature set in order; `only` as in :func:`feature_names`."""
    shape: tuple[str, ...] = SHAPE_NAMES
    modes: tuple[str, ...] = ()
    glcm = [f"glcm_{name}_{angle}" for angle in DIRECTIONS for name in GLCM_NAMES]
    if feature_set == "listed17":
        glcm = [
            f"glcm_{name}_{angle}" for angle in DIRECTIONS for name in GLCM_NAMES if name not in NOT_LISTED
        ]
    elif feature_set == "project21":
        shape, glcm = PROJECT_SHAPE_NAMES, [f"glcm_{name}_mean" for name in PROJECT_GLCM_NAMES]
    elif has_modes(feature_set):
        shape, modes = SHAPE_NAMES + EXTRA_SHAPE_NAMES, mode_names(n_modes)
    elif feature_set != "chandra113":
        raise BadInput("feature set", f"no feature set is called {feature_set!r}")
    families: list[tuple[Group, Sequence[str]]] = [("shape", shape), ("modes", modes)]
    if only is None:
        families += [("firstorder", [f"firstorder_{name}" for name in FIRSTORDER_NAMES]), ("glcm", glcm)]
    if only is None and has_opacities(feature_set):
        families.append(("opacity", OPACITY_NAMES))
    if only is None and has_bands(feature_set):
        families.append(("bands", BAND_NAMES))
    return [(name, group) for group, names in families for name in names]

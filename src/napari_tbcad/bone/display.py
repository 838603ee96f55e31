"""Grey scales for looking at a scan: by the counts of its bone, so that the same bone has the same grey.

Two views, or two scans of a patient, differ in activity given, time since then, time of acquisition and
attenuation. Drawn each from 0 to a share of its own maximum (a bladder, an injection site), the same bone is
black in one and pale in the other. Here the darkest grey is a multiple of the *bone level*, the counts of the
patient's own normal bone:

    level = exp(median_r ln(m_r / u_r))

with m_r the interquartile mean of the counts in region r and u_r the normal uptake of that region over the
geometric mean of all regions in that view (:data:`UPTAKE`). A lesion moves the mean of its region little,
the median over the regions less; a view that lacks the legs has the level of the whole one. Only limits of a
grey scale come from this: nothing is measured with it, and pixels stay raw counts.

In 48 pairs of real scans with drawn regions (BS-80K) the level of the posterior view was 1.07 times that
of the anterior one with a standard deviation of 0.06, by the silhouette 1.01 with 0.07; of limits by a
percentile of the pixels the deviation was 0.14 (``pytest -m realdata tests/bone/test_display.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.axis import body
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.schemes import REGION_IDS

Limits = tuple[float, float]

UPTAKE: Mapping[ViewName, Mapping[str, float]] = {
    "anterior": {
        "skull": 7.1,
        "cervical": 15.0,
        "thoracic": 9.3,
        "rib": 5.0,
        "clavicle": 7.6,
        "scapula": 4.9,
        "humerus": 3.2,
        "lumbar": 8.9,
        "sacrum": 8.2,
        "pelvis": 7.9,
        "femur": 4.3,
    },
    "posterior": {
        "skull": 5.9,
        "cervical": 9.0,
        "thoracic": 14.9,
        "rib": 4.8,
        "clavicle": 5.5,
        "scapula": 6.2,
        "humerus": 2.7,
        "lumbar": 14.7,
        "sacrum": 13.4,
        "pelvis": 6.6,
        "femur": 3.3,
    },
}
"""Normal counts of each region, soft tissue of the thigh = 1: medians of 68 pairs of real scans. The sternum,
seen from the front alone, is left out."""

_LEAST_PIXELS, _LEAST_REGIONS = 50, 4
_BODY_SHARES = (0.60, 0.95)
"""Between these shares of the silhouette's pixels, in order of counts, lie about as many counts as in normal
bone: in 96 real views 1.05 times those of the regions (median; coefficient of variation 0.14)."""


@dataclass(frozen=True)
class BoneLevel:
    """Counts of the normal bone of one view.

    Parameters
    ----------
    counts : float
        Counts a pixel (or grey values), > 0.
    regions : tuple of str
        The regions it rests on; empty where it is that of the silhouette.
    """

    counts: float
    regions: tuple[str, ...] = ()


def bone_level(
    counts: NDArray[np.floating], view: ViewName, regions: NDArray[np.uint8] | None = None
) -> BoneLevel:
    """Return the counts of the normal bone of a view.

    Parameters
    ----------
    counts : (H, W) array
        Raw counts (or grey values) of one view, as the camera saw it.
    view : {"anterior", "posterior"}
        Which view it is: normal uptake differs.
    regions : (H, W) array of uint8, optional
        Its skeleton regions. Without them, or with fewer than four of them, the silhouette tells.

    Returns
    -------
    BoneLevel

    Raises
    ------
    BadInput
        If there is no count in the view, or the regions are of another size.
    """
    counts = np.asarray(counts, np.float32)
    if regions is not None and regions.shape != counts.shape:
        raise BadInput("regions", f"they are {regions.shape}, the {view} view is {counts.shape}")
    if regions is not None:
        ratios = _region_ratios(counts, view, regions)
        if len(ratios) >= _LEAST_REGIONS:
            return BoneLevel(float(np.exp(np.median(np.log(list(ratios.values()))))), tuple(ratios))
    inside = np.sort(counts[body(counts)])
    first, last = (int(share * inside.size) for share in _BODY_SHARES)
    level = float(_interquartile_mean(inside[first:last])) if last > first else float(counts.max())
    if not level > 0:
        raise BadInput(view, "the view has no counts")
    return BoneLevel(level)


def bone_levels(
    scan: BoneScan, regions: Mapping[ViewName, NDArray[np.uint8] | None]
) -> dict[ViewName, BoneLevel]:
    """Return the bone level of each view of a scan.

    Parameters
    ----------
    scan : BoneScan
    regions : mapping of view to (H, W) array of uint8, or None
        Skeleton regions where they are known.

    Raises
    ------
    BadInput
        If a view has no counts, or regions of another size.
    """
    return {name: bone_level(view.counts, name, regions.get(name)) for name, view in scan}


def normalised_limits(level: BoneLevel, times: float) -> Limits:
    """Return limits of a grey scale whose darkest grey is a multiple of the bone level.

    Parameters
    ----------
    level : BoneLevel
        Of the view that is drawn.
    times : float
        The multiple, > 0.

    Returns
    -------
    (float, float)
        Lowest and highest counts, for contrast limits; counts above are drawn like the highest.

    Raises
    ------
    ValueError
        If `times` is not positive.
    """
    if not times > 0:
        raise ValueError(f"a grey scale reaches above 0, not to {times} times the bone level")
    return 0.0, level.counts * times


def percent_limits(counts: NDArray[np.floating], percent: float) -> Limits:
    """Return limits of a grey scale whose darkest grey is a share of the view's maximum, in %.

    Raises
    ------
    ValueError
        If `percent` is not in (0, 100].
    """
    if not 0 < percent <= 100:
        raise ValueError(f"a share of the maximum is above 0 and at most 100 %, not {percent}")
    return 0.0, _at_least(float(np.max(counts)) * percent / 100)


def _at_least(high: float) -> float:
    """Limits must increase, also in an empty view."""
    return high if high > 0 else 1.0


def _region_ratios(
    counts: NDArray[np.float32], view: ViewName, regions: NDArray[np.uint8]
) -> dict[str, float]:
    """Return by region what its counts are to those of normal bone with a level of 1."""
    found = {}
    for name, uptake in _RELATIVE[view].items():
        pixels = counts[regions == REGION_IDS[name]]
        if pixels.size >= _LEAST_PIXELS and (mean := _interquartile_mean(np.sort(pixels))) > 0:
            found[name] = float(mean) / uptake
    return found


def _interquartile_mean(ordered: NDArray[np.float32]) -> float:
    """Return the mean of the middle half of ordered values; finer than a median of few counts."""
    quarter = ordered.size // 4
    return float(ordered[quarter : ordered.size - quarter].mean())


def _relative(uptake: Mapping[str, float]) -> dict[str, float]:
    middle = float(np.exp(np.mean(np.log(list(uptake.values())))))
    return {name: value / middle for name, value in uptake.items()}


_RELATIVE = {view: _relative(UPTAKE[view]) for view in VIEWS}

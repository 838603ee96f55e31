"""Six lung zones, and how much of each is opaque.

The zones are those of radiographic scores, right and left × upper, middle and lower (Borghesi and Maroldi
2020). Those draw the borders at the aortic arch and the inferior pulmonary vein, which a mask does not show;
here each lung's bounding box is cut into equal thirds.

References
----------
A. Borghesi, R. Maroldi, COVID-19 outbreak in Italy: experimental chest X-ray scoring system for quantifying
and monitoring disease progression, Radiol Med 125:509-513, 2020.
M. A. Warren et al., Severity scoring of lung oedema on the chest radiograph is associated with clinical
outcomes in ARDS, Thorax 73:840-846, 2018 (four quadrants).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.schemes import LEFT, RIGHT

SIDES = {"right": RIGHT, "left": LEFT}
THIRDS = ("upper", "middle", "lower")
ZONES = tuple(f"{side}_{third}" for side in SIDES for third in THIRDS)
"""Names of the zones; their values in :func:`zone_labels` are 1 to 6 in this order."""

MEASURES = ("area", "mean", "logodds")
OPACITY_NAMES = tuple(f"opacity_{measure}_{zone}" for measure in MEASURES for zone in ZONES)
"""Names of the features."""

LEAST_ODDS = 0.003
"""Added to both sides of the odds, so that a zone without any opacity has log-odds of −5.8, not −∞."""


@dataclass(frozen=True)
class ZoneReading:
    """How much of a part of the lungs is opaque.

    Parameters
    ----------
    area : float
        Share of its pixels at or above the threshold, 0 to 1; NaN where the part has no pixel.
    mean : float
        Mean probability of any opacity in it, 0 to 1; NaN where the part has no pixel.
    pixels : int
        Number of its pixels, on the grid of the opacities.
    """

    area: float
    mean: float
    pixels: int


def zone_labels(lungs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut each lung into thirds of the height of its bounding box.

    Parameters
    ----------
    lungs : (H, W) array of uint8
        0 background, 1 right lung, 2 left lung (the patient's sides).

    Returns
    -------
    (H, W) array of uint8
        0 background, otherwise one more than the place of the zone in :data:`ZONES`.
    """
    out = np.zeros(lungs.shape, np.uint8)
    for number, value in enumerate(SIDES.values()):
        lung = lungs == value
        rows = np.flatnonzero(lung.any(axis=1))
        if not rows.size:
            continue
        first, height = int(rows[0]), int(rows[-1] - rows[0] + 1)
        third = np.clip((np.arange(lungs.shape[0]) - first) * 3 // height, 0, 2)
        out += np.where(lung, 1 + 3 * number + third[:, None], 0).astype(np.uint8)
    return out


def read_zones(
    any_opacity: NDArray[np.float32], lungs: NDArray[np.uint8], *, threshold: float = 0.5
) -> dict[str, ZoneReading]:
    """Measure the opacity of both lungs together, of each lung and of each zone.

    Parameters
    ----------
    any_opacity : (H, W) array of float32
        Probability of any opacity, 0 to 1.
    lungs : (H, W) array of uint8
        0 background, 1 right lung, 2 left lung, on the same grid.
    threshold : float, optional
        Probability from which a pixel counts as opaque.

    Returns
    -------
    dict of str to ZoneReading
        ``"both"``, ``"right"``, ``"left"``, then :data:`ZONES`.
    """
    zones = zone_labels(lungs)
    count = np.bincount(zones.ravel(), minlength=7)[1:7]
    total = np.bincount(zones.ravel(), weights=any_opacity.ravel().astype(float), minlength=7)[1:7]
    opaque = np.bincount(zones[any_opacity >= threshold], minlength=7)[1:7]
    parts = {"both": slice(0, 6), "right": slice(0, 3), "left": slice(3, 6)}
    parts |= {name: slice(i, i + 1) for i, name in enumerate(ZONES)}
    readings = {}
    for name, part in parts.items():
        pixels = int(count[part].sum())
        area, mean = (float(v[part].sum() / pixels) if pixels else np.nan for v in (opaque, total))
        readings[name] = ZoneReading(area, mean, pixels)
    return readings


def zone_features(readings: dict[str, ZoneReading]) -> dict[str, float]:
    """Return :data:`OPACITY_NAMES` with their values (NaN where a zone has no pixel)."""
    areas = {f"opacity_area_{zone}": readings[zone].area for zone in ZONES}
    means = {f"opacity_mean_{zone}": readings[zone].mean for zone in ZONES}
    return areas | means | {f"opacity_logodds_{zone}": log_odds(readings[zone].mean) for zone in ZONES}


def log_odds(mean: float) -> float:
    """Return the log-odds of a mean probability: a distance between films in it is one in evidence.

    Most zones of most films have means near 0, where a classifier that works with distances would see no
    difference between none and a little.
    """
    return float(np.log((mean + LEAST_ODDS) / (1 - mean + LEAST_ODDS)))

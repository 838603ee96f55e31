"""The evidence of opacities where they lie: pixel by pixel, not window by window.

The features of a zone read the mean probability of its pixels, to which each adds in proportion to its own
probability. What all pixels more opaque than in normal films bring together (what the log-odds lose when
they are as in normal films) is laid over them in proportion to how much more opaque they are; and what the
pixels clearer than in normal films bring over those. The sums are exact; that every zone shares in them
alike, whatever a zone's own weight in the classifier, is what keeps small changes of zones without
opacities from outshining the opacities.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.explain.regions import region_of
from napari_tbcad.chest.explain.removal import Removal
from napari_tbcad.chest.explain.zones import normal_zones
from napari_tbcad.chest.opacities import Opacities
from napari_tbcad.chest.opacity_zones import ZONES, zone_labels
from napari_tbcad.imaging.grid import resize_soft

FAMILY = "opacities"
"""Name of the family of features among the measurers of a Removal."""


def opacity_evidence(removal: Removal, found: Opacities) -> NDArray[np.float64]:
    """Return the log-odds (H, W) that the opacity of each pixel of the lungs brings.

    Parameters
    ----------
    removal : Removal
        The film; its stage reads opacities.
    found : Opacities
        Of the film, on any grid over its field of view.

    Returns
    -------
    (H, W) array of float64
        On the grid of the lungs, 0 outside them. Summed over the pixels more opaque than normal, and over
        those less opaque, it is what each of the two brings.
    """
    zones = zone_labels(removal.lungs)
    means = normal_zones(removal.deciding.normal)
    normal = np.array([0.0, *(means[zone] for zone in ZONES)])[zones]
    more = np.where(zones > 0, resize_soft(found.any, removal.lungs.shape) - normal, 0.0)
    sides = [more > 0, more < 0]
    rows = removal.rows([region_of(side) for side in sides])[FAMILY]
    brings = removal.base - removal.deciding.log_odds(rows)
    out = np.zeros(more.shape)
    for side, brought in zip(sides, brings, strict=True):
        if side.any():
            out[side] = brought * np.abs(more[side]) / np.abs(more[side]).sum()
    return out

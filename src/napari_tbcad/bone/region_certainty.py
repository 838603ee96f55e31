"""How unsure a network was of each skeleton region."""

from __future__ import annotations

import numpy as np

from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.schemes import REGION_IDS, REGION_NAMES


def region_uncertainty(regions: SkeletonRegions) -> dict[ViewName, dict[str, float]]:
    """Return the mean uncertainty of each region's pixels, by view and region, in [0, 1].

    Parameters
    ----------
    regions : SkeletonRegions
        Views whose `uncertainty` is unknown, and regions without a pixel, are left out.

    Notes
    -----
    The uncertainty of a network is the entropy of its probabilities, highest at the edges of a region: thin
    regions have more of it than broad ones in any scan. It tells where to look first, not what is wrong.
    """
    found: dict[ViewName, dict[str, float]] = {}
    for view in VIEWS:
        labels, unsure = regions.labels(view), regions.uncertainty.get(view)
        if labels is None or unsure is None or unsure.shape != labels.shape:
            continue
        pixels = np.bincount(labels.ravel(), minlength=len(REGION_NAMES) + 1)
        sums = np.bincount(labels.ravel(), unsure.ravel(), minlength=len(REGION_NAMES) + 1)
        found[view] = {
            name: float(sums[number] / pixels[number])
            for name, number in REGION_IDS.items()
            if pixels[number]
        }
    return found

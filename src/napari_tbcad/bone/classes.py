"""Class images: background, bone, abnormal and normal hotspots."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.record import Parameters, Record, Step, field
from napari_tbcad.schemes import BONE_SCHEMES, FOUR_CLASS, REGION_IDS

_SMOOTHING_PX = 1.5
_AIR = 0.1
_OTSU_SHARE = 0.8
"""Best of 0.7, 0.8 and 1 on simulated scans."""


class SchemeParameters(Parameters):
    """Parameters of :func:`class_images`."""

    scheme: Literal["4", "3"] = field(
        "4",
        title="Label scheme",
        description="4: background, bone, abnormal, normal hotspot. 3: normal hotspots count as bone.",
    )


@dataclass(frozen=True, eq=False)
class ClassImages:
    """Class images of both views.

    Parameters
    ----------
    anterior, posterior : (H, W) array of uint8, or None
        Values of the scheme, on the view's own grid, as the camera saw it.
    scheme : str
        Name of the scheme (:data:`~napari_tbcad.schemes.BONE_SCHEMES`).
    warnings : tuple of str
    record : Record
    """

    anterior: NDArray[np.uint8] | None
    posterior: NDArray[np.uint8] | None
    scheme: str = "4"
    warnings: tuple[str, ...] = ()
    record: Record = Record()

    def labels(self, view: ViewName) -> NDArray[np.uint8] | None:
        """Return the class image of one view."""
        return self.anterior if view == "anterior" else self.posterior

    def after(self, step: Step, **changes: Any) -> ClassImages:
        """Return a copy with `changes` made and `step` added to its record."""
        return replace(self, record=self.record + step, **changes)


def class_images(
    hotspots: Hotspots,
    regions: SkeletonRegions | None,
    scan: BoneScan,
    parameters: SchemeParameters = SchemeParameters(),
) -> ClassImages:
    """Draw the class images of a scan.

    Bone is what :func:`bone_area` finds and every pixel under a hotspot of class abnormal or normal. An
    ignored hotspot is not drawn: bone or background shows.

    Parameters
    ----------
    hotspots : Hotspots
    regions : SkeletonRegions or None
    scan : BoneScan
    parameters : SchemeParameters
        Which scheme; 3-class images are made from the 4-class ones.
    """
    images: dict[str, NDArray[np.uint8] | None] = {"anterior": None, "posterior": None}
    scheme = BONE_SCHEMES[parameters.scheme]
    for name, view in scan:
        image = bone_area(view.counts, None if regions is None else regions.labels(name)).astype(np.uint8)
        image *= FOUR_CLASS.ids["bone"]
        for label in ("non_bone", "normal", "abnormal"):
            pixels = hotspots.of_class(name, label)
            if pixels is not None:
                image[pixels] = FOUR_CLASS.ids[label]
        images[name] = FOUR_CLASS.convert(image, scheme) if scheme is not FOUR_CLASS else image
    counted = {
        name: np.bincount(image.ravel(), minlength=len(scheme.names)).tolist()
        for name, image in images.items()
        if image is not None
    }
    step = Step("classes", parameters, facts={"pixels": counted})
    return ClassImages(
        images["anterior"], images["posterior"], parameters.scheme, record=hotspots.record + step
    )


def bone_area(counts: NDArray[Any], regions: NDArray[np.uint8] | None = None) -> NDArray[np.bool_]:
    """Return where bone is; (H, W) bool.

    Smoothed counts (σ 1.5 px) above a threshold, and every pixel of a skeleton region but of the ribs, whose
    region is the filled cage with lung between them. So bone that has no region (forearm, hand, lower leg,
    foot) is bone, too. The threshold is 0.8 times Otsu's, of the square roots of the body's pixels cut at
    their 98th percentile, so that hot lesions do not raise it.

    Parameters
    ----------
    counts : (H, W) array
        One view.
    regions : (H, W) array of uint8, optional
        Its skeleton regions.
    """
    from skimage.filters import threshold_otsu

    roots = np.sqrt(ndimage.gaussian_filter(np.asarray(counts, np.float32), _SMOOTHING_PX))
    lit = roots[roots > _AIR * np.percentile(roots, 99)]
    bone = np.zeros(roots.shape, bool)
    if lit.size and lit.min() < lit.max():
        capped = np.minimum(lit, np.percentile(lit, 98))
        # All equal where hardly anything but lesions was counted.
        level = threshold_otsu(capped) if capped.min() < capped.max() else capped.min()
        bone = roots > _OTSU_SHARE * level
    return bone if regions is None else bone | ((regions > 0) & (regions != REGION_IDS["rib"]))

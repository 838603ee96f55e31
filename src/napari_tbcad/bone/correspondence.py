"""Where a point of one scan lies in another scan of the same patient, by their skeleton regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.schemes import REGION_IDS

_PAIRED = ("rib", "clavicle", "scapula", "humerus", "pelvis", "femur")
_MIDLINE = ("skull", "cervical", "thoracic", "lumbar", "sacrum")
_LEAST_PIXELS = 20
_LEAST_POINTS = 6
_LEAST_WIDTH = 2.0
"""Pixels; points nearer to one line do not tell what lies beside it."""
_SMOOTHING = 25.0
"""Weight of smoothness against the landmarks: they are good to some pixels, not to one."""


@dataclass(frozen=True, eq=False)
class Correspondence:
    """A smooth map from the pixels of one view to those of the same view of another scan.

    Parameters
    ----------
    here, there : (n, 2) array of float64
        Landmarks (row, column) in the one and in the other.
    residual : float
        Root mean square of what an affine map leaves of the landmarks, in pixels of the other scan: great
        when the two are not of one patient, or the arms lie otherwise.
    scale : (float, float)
        Size of the body there in pixels by that here, along rows and columns.
    """

    here: NDArray[np.float64]
    there: NDArray[np.float64]
    residual: float
    scale: tuple[float, float]

    def map(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points (m, 2), as (row, column), lie in the other scan.

        A thin-plate spline through the landmarks: affine where they agree on one, bent where not.
        """
        if not len(points):
            return np.zeros((0, 2))
        spline = RBFInterpolator(self.here, self.there, kernel="thin_plate_spline", smoothing=_SMOOTHING)
        return np.asarray(spline(points), dtype=np.float64)


def corresponding(one: SkeletonRegions, other: SkeletonRegions, view: ViewName) -> Correspondence:
    """Return the map from `one` to `other` for a view that both have.

    Each region that both show gives its upper end, middle and lower end as landmarks; regions that come in
    pairs give them for each side, parted at the midline of spine and skull.

    Raises
    ------
    BadInput
        If the two have too few regions in common, or only such as lie on one line.
    """
    marks_here, marks_there = landmarks(one, view), landmarks(other, view)
    names = [name for name in marks_here if name in marks_there]
    if len(names) < _LEAST_POINTS:
        raise BadInput("comparison", f"the {view} views have too few skeleton regions in common")
    here = np.array([marks_here[name] for name in names])
    there = np.array([marks_there[name] for name in names])
    if min(_width(here), _width(there)) < _LEAST_WIDTH:
        raise BadInput(
            "comparison", f"the skeleton regions that the {view} views have in common lie on one line"
        )
    design = np.column_stack([here, np.ones(len(here))])
    solution, *_ = np.linalg.lstsq(design, there, rcond=None)
    rest = there - design @ solution
    rows, columns = (there.std(axis=0) / here.std(axis=0)).tolist()
    return Correspondence(here, there, float(np.sqrt((rest**2).sum(axis=1).mean())), (rows, columns))


def _width(points: NDArray[np.float64]) -> float:
    """Return the standard deviation of points across the line that fits them best, in pixels."""
    return float(np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[-1] / np.sqrt(len(points)))


def landmarks(regions: SkeletonRegions, view: ViewName) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (row, column) by (region with side, part) for a view."""
    labels = regions.labels(view)
    if labels is None:
        return {}
    midline = _midline(labels)
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for name in (*_MIDLINE, *_PAIRED):
        rows, columns = np.nonzero(labels == REGION_IDS[name])
        sides = {name: np.ones(rows.size, bool)}
        if name in _PAIRED:
            sides = {f"{name} left": columns < midline, f"{name} right": columns >= midline}
        for side, chosen in sides.items():
            if np.count_nonzero(chosen) >= _LEAST_PIXELS:
                found |= {(side, part): at for part, at in _ends(rows[chosen], columns[chosen]).items()}
    return found


def _midline(labels: NDArray[np.uint8]) -> float:
    middle = np.isin(labels, [REGION_IDS[name] for name in _MIDLINE])
    columns = np.nonzero(middle if middle.any() else labels)[1]
    return float(np.median(columns)) if columns.size else labels.shape[1] / 2


def _ends(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> dict[str, tuple[float, float]]:
    """Return the mean place of the upper tenth, of all and of the lower tenth of some pixels."""
    low, high = np.quantile(rows, (0.1, 0.9))
    parts = {"top": rows <= low, "middle": np.ones(rows.size, bool), "bottom": rows >= high}
    return {name: (float(rows[at].mean()), float(columns[at].mean())) for name, at in parts.items()}

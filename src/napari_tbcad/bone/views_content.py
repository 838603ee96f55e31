"""What the pixels of a whole-body view say: front or back, mirrored or not, one body or two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.views_pose import Pose, distance, find_pose
from napari_tbcad.imaging.bonescan import ViewName

_ROWS, _COLUMNS, _HALF_WIDTH = 256, 80, 0.45

# First and last row as shares of the body's length, first and last column as shares of 0.45 body widths
# from the midline; the two sides are averaged.
_PLACES = {
    "face": (0.070, 0.110, 0.00, 0.20),
    "vault": (0.020, 0.055, 0.00, 0.25),
    "upper midline": (0.150, 0.210, 0.00, 0.12),  # sternum in front
    "lower spine": (0.280, 0.340, 0.00, 0.15),
    "flank": (0.280, 0.340, 0.40, 0.60),
    "sacrum": (0.410, 0.450, 0.00, 0.30),
    "iliac wing": (0.425, 0.465, 0.38, 0.60),
    "bladder": (0.485, 0.505, 0.00, 0.12),
}

CONTRASTS = (
    ("lower spine", "flank"),
    ("lower spine", "upper midline"),
    ("sacrum", "iliac wing"),
    ("face", "vault"),
    ("bladder", "sacrum"),
)
"""Pairs of places; a feature is the logarithm of the ratio of their mean counts."""

COEFFICIENTS = (-2.24, -2.78, -2.18, 1.99, 1.07)
INTERCEPT = 0.65
"""Logistic regression on 97 real views (anterior positive) as they are, at a tenth of the counts, blurred,
windowed and with another grey scale; ``benchmarks/bone_views.py --fit`` fits them anew."""

_USUAL = ((-0.5, 2.4), (-2.2, 1.1), (-1.4, 2.4), (-1.4, 2.0), (-2.8, 2.8))
_LARGEST_DISTANCE = 0.22  # of the row profile; cut-off or upside-down bodies lie above
_WIDEST_HEAD = 0.18  # share of the body's width that may touch the upper edge
SURE, SURE_PAIR = 2.5, 2.5
"""Least score of one view, and least difference of two, from which the content answers."""

MIRRORED = -0.6
"""Correlation of the views' asymmetries below which one of them is mirrored.

48 real pairs: at least 0.75 except for three whose views show different parts of the body (0.11 to 0.23);
views of different persons: 98 of 100 between -0.69 and 0.71.
"""


@dataclass(frozen=True)
class Content:
    """What is measured on one view.

    Parameters
    ----------
    score : float or None
        Log odds of anterior against posterior; None when the view is not laid out like a whole body.
    pose : Pose or None
        Where the body lies.
    upside_down : bool
        Whether the view looks like a body with its feet up.
    """

    score: float | None
    pose: Pose | None
    upside_down: bool = False

    @property
    def view(self) -> ViewName | None:
        """The view when the content is sure, else None."""
        if self.score is None or abs(self.score) < SURE:
            return None
        return "anterior" if self.score > 0 else "posterior"


def measure_content(counts: NDArray[np.floating]) -> Content:
    """Measure on which side of the patient the camera was.

    In front the face, the sternum, the iliac wings and the bladder are brighter; at the back the lower
    spine and the sacrum are.

    Parameters
    ----------
    counts : (H, W) array
        One view, head up.

    Returns
    -------
    Content
        `score` is None for a body that is cut off, lies otherwise or is none.
    """
    pose = find_pose(counts)
    if pose is None:
        return Content(None, None)
    profile, unlike = pose.row_profile(), pose.unlike_a_body()
    turned = distance(profile[::-1], pose.whole())
    upside_down = unlike > _LARGEST_DISTANCE and turned < min(0.2, unlike - 0.15)
    if unlike > _LARGEST_DISTANCE or pose.edge_contact()["top"] > _WIDEST_HEAD:
        return Content(None, pose, upside_down)
    features = content_features(pose)
    usual = all(low <= value <= high for value, (low, high) in zip(features, _USUAL, strict=True))
    score = float(np.dot(features, COEFFICIENTS)) + INTERCEPT
    return Content(score if usual else None, pose, upside_down)


def content_features(pose: Pose) -> tuple[float, ...]:
    """Return the logarithms of the ratios of :data:`CONTRASTS`."""
    laid_out = pose.laid_out(_ROWS, _COLUMNS, half_width=_HALF_WIDTH)
    half = (laid_out + laid_out[:, ::-1])[:, _COLUMNS // 2 :] / 2
    least = 1e-3 * float(half.mean())
    rows, columns = half.shape
    mean = {
        name: float(half[int(a * rows) : int(b * rows), int(c * columns) : int(d * columns)].mean()) + least
        for name, (a, b, c, d) in _PLACES.items()
    }
    return tuple(math.log(mean[one] / mean[other]) for one, other in CONTRASTS)


def compare_views(first: Content, second: Content) -> tuple[ViewName, float] | None:
    """Tell the view of the first of two images of one body, by both together.

    Returns
    -------
    (view, confidence) or None
        None when the two do not differ enough, or both look alike.
    """
    if first.score is None or second.score is None:
        return None
    difference = first.score - second.score
    if abs(difference) < SURE_PAIR or first.score * second.score > 0:
        return None
    return ("anterior" if difference > 0 else "posterior"), min(0.97, confidence(difference))


def confidence(score: float) -> float:
    """Return the confidence of a score: its logistic function, never above 0.95."""
    return min(0.95, 1 / (1 + math.exp(-abs(score))))


def facing_agreement(anterior: Pose, posterior: Pose) -> float:
    """Return how well the asymmetry of one view is the mirror image of the other's, in [-1, 1].

    Parameters
    ----------
    anterior, posterior : Pose
        The two views as the camera saw them.
    """
    one, other = _asymmetry(anterior), _asymmetry(posterior)
    norm = math.sqrt(float((one**2).sum()) * float((other**2).sum()))
    return 0.0 if norm == 0 else -float((one * other).sum()) / norm


def _asymmetry(pose: Pose) -> NDArray[np.float64]:
    """Return a view minus its mirror image, laid out by the body; (128, 80)."""
    laid_out = pose.laid_out(128, _COLUMNS, half_width=0.5).astype(np.float64)
    limit = np.percentile(pose.smooth[pose.silhouette], 95)
    soft = ndimage.gaussian_filter(np.sqrt(np.minimum(laid_out, limit)), (1.0, 1.5))
    return np.asarray(soft - soft[:, ::-1])

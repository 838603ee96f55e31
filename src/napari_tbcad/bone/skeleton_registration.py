"""Skeleton regions of a scan by registration of an atlas of simulated persons."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.skeleton_appearance import silhouette
from napari_tbcad.bone.skeleton_atlas import SkeletonAtlas, packaged_skeleton_atlas
from napari_tbcad.bone.skeleton_pose import Matrix, find_pose, posed
from napari_tbcad.errors import Cancelled
from napari_tbcad.imaging.bonescan import BoneScan, ScanView, ViewName, facing
from napari_tbcad.imaging.registration import (
    affine_map,
    correlation,
    identity_map,
    invert_affine,
    register_demons,
    resample,
    resample_field,
    warp,
)
from napari_tbcad.record import Parameters, Step, field
from napari_tbcad.schemes import REGION_NAMES

# Measured on 2026-11-22: real pairs from 0.72, half of them above 0.84; simulated ones from 0.90; noise,
# scans upside down or lying, a chest film, a scan without head and shoulders 0.07 to 0.65.
_DOUBTFUL = 0.68
_SHRINK = (8, 4, 2)  # levels of the registration, against the frame
_SOFT = 0.7  # pixels of the fine frame: takes the stairs off the edges


class RegistrationParameters(Parameters):
    """Parameters of :func:`register`."""

    persons: int = field(
        3,
        title="Atlas persons",
        ge=1,
        le=20,
        description="How many of the most similar persons of the atlas are registered and vote. More is "
        "smoother and slower in proportion.",
    )
    smoothing: float = field(
        2.0,
        title="Stiffness",
        unit="px",
        ge=0.5,
        le=5,
        slider=True,
        description="Standard deviation of the Gaussian that keeps the deformation smooth, in pixels of the "
        "level. Higher keeps the shapes of the atlas.",
    )
    iterations: int = field(
        30,
        title="Iterations",
        ge=0,
        le=200,
        more=True,
        description="Iterations of the registration on each level; 0 leaves the pose alone.",
    )
    locality: float = field(
        3.0,
        title="Local vote",
        ge=0,
        le=50,
        more=True,
        description="How much more a person votes where it matches the scan; 0 gives all the same say.",
    )


@dataclass(frozen=True, eq=False)
class _Fit:
    labels: NDArray[np.uint8]
    score: float
    pose_score: float
    persons: list[int]


def register(
    scan: BoneScan,
    parameters: RegistrationParameters = RegistrationParameters(),
    *,
    atlas: SkeletonAtlas | None = None,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SkeletonRegions:
    """Find the twelve skeleton regions in the views of a scan with an atlas.

    Each view is posed in the frame of the atlas by its outline and its bones; the persons of the atlas most
    like it there are registered by demons, and their regions vote.

    Parameters
    ----------
    scan : BoneScan
        Views (H, W) of any size; spacing is not needed.
    parameters : RegistrationParameters
        Number of persons, stiffness.
    atlas : SkeletonAtlas, optional
        The atlas; the packaged one when not given.
    progress : callable, optional
        Called with the share done and a text.
    cancelled : callable, optional
        Asked between registrations.

    Returns
    -------
    SkeletonRegions
        On the scan's grid, as the camera saw it; `scores` are correlations after the fit, by view.

    Raises
    ------
    Cancelled
        If `cancelled` said so.
    """
    atlas = packaged_skeleton_atlas() if atlas is None else atlas
    views = list(scan)

    def one(item: tuple[ViewName, ScanView]) -> _Fit:
        name, view = item
        return _fit(facing(view.counts, name), name, atlas, parameters, cancelled)

    fits: dict[ViewName, _Fit] = {}
    with ThreadPoolExecutor(len(views)) as pool:
        for (name, _), fit in zip(views, pool.map(one, views), strict=True):
            fits[name] = fit
            if progress is not None:
                progress(len(fits) / len(views), f"regions of the {name} view")
    facts: dict[str, Any] = {
        name: {"score": round(fit.score, 3), "pose": round(fit.pose_score, 3), "persons": fit.persons}
        for name, fit in fits.items()
    }
    labels = {name: facing(fit.labels, name) for name, fit in fits.items()}
    warnings = tuple(
        f"The skeleton regions do not fit the {name} view (agreement {fit.score:.2f}, usual above "
        f"{_DOUBTFUL}): check them."
        for name, fit in fits.items()
        if fit.score < _DOUBTFUL
    )
    return SkeletonRegions(
        labels.get("anterior"),
        labels.get("posterior"),
        scores={name: round(fit.score, 4) for name, fit in fits.items()},
        warnings=warnings,
        record=scan.record
        + Step(
            "regions",
            parameters,
            model=f"{atlas.card.get('title', 'skeleton atlas')} {atlas.content_key[:12]}",
            facts=facts,
        ),
        segmenter="atlas",
    )


def _fit(
    counts: NDArray[np.float32],
    view: ViewName,
    atlas: SkeletonAtlas,
    parameters: RegistrationParameters,
    cancelled: Callable[[], bool] | None,
) -> _Fit:
    """Regions of one view, seen from the front."""
    template = atlas.mean(view)
    pose, pose_score = find_pose(counts, template, atlas.body(view))
    seen, weights = posed(counts, silhouette(counts), pose, atlas.shape)
    target = np.where(weights > 0, seen, template).astype(np.float32)
    images = atlas.images(view)
    likeness = [correlation(target, image, weights + 1e-6) for image in images]
    chosen = [int(i) for i in np.argsort(-np.array(likeness), kind="stable")[: parameters.persons]]

    maps = []
    for index in chosen:
        if cancelled is not None and cancelled():
            raise Cancelled("finding the skeleton regions was stopped")
        maps += register_demons(
            target,
            images[index],
            sampling=identity_map(atlas.shape),
            iterations=(parameters.iterations,) * len(_SHRINK),
            shrink=_SHRINK,
            smoothing=parameters.smoothing,
        )[-1:]
    moved = [warp(images[i], m) for i, m in zip(chosen, maps, strict=True)]
    score = correlation(target, np.mean(moved, axis=0), weights + 1e-6)
    membership = _vote(target, moved, [atlas.regions(i, view) for i in chosen], maps, parameters.locality)
    return _Fit(_label(membership, pose, counts.shape), score, pose_score, chosen)  # type: ignore[arg-type]


def _vote(
    target: NDArray[np.float32],
    moved: list[NDArray[np.float32]],
    labels: list[NDArray[np.uint8]],
    maps: list[NDArray[np.float32]],
    locality: float,
) -> NDArray[np.float32]:
    """Membership (12, mh, mw) in the frame: every person weighted by its match around each pixel."""
    fine: tuple[int, int] = labels[0].shape  # type: ignore[assignment]
    votes = np.zeros((len(REGION_NAMES) + 1, *fine), np.float32)
    total = np.zeros(fine, np.float32)
    base = identity_map(target.shape)  # type: ignore[arg-type]
    rows, columns = np.indices(fine, sparse=True)
    for image, regions, sampling in zip(moved, labels, maps, strict=True):
        mismatch = ndimage.gaussian_filter((image - target) ** 2, target.shape[0] / 64)
        weight = resample(np.exp(-np.float32(locality) * mismatch) + np.float32(1e-6), fine)
        bend = identity_map(fine) + resample_field(sampling - base, fine)
        found = warp(regions, bend, order=0, outside=0.0).astype(np.intp)
        votes[found, rows, columns] += weight
        total += weight
    return votes[1:] / total


def _label(membership: NDArray[np.float32], pose: Matrix, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Most likely region of every pixel of the view, each region sampled only where it can be."""
    fine: tuple[int, int] = membership.shape[1:]  # type: ignore[assignment]
    sampling = affine_map(invert_affine(pose), shape, fine)
    labels = np.zeros(shape, np.uint8)
    best, total = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for value, soft in enumerate(membership, start=1):
        window = _window(soft > 0, pose, shape)
        if window is None:
            continue
        here = warp(ndimage.gaussian_filter(soft, _SOFT), sampling[:, *window], outside=0.0)
        labels[window][here > best[window]] = value
        best[window] = np.maximum(best[window], here)
        total[window] += here
    labels[best < 1 - total] = 0
    return labels


def _window(part: NDArray[np.bool_], pose: Matrix, shape: tuple[int, int]) -> tuple[slice, slice] | None:
    """Rows and columns of the view that can hold a part of the frame; None when none can."""
    ends = []
    for axis in (0, 1):
        places = np.flatnonzero(part.any(axis=1 - axis))
        if not len(places):
            return None
        ends.append([(places[0] - 2) / part.shape[axis], (places[-1] + 3) / part.shape[axis]])
    corners = np.array([[row, column, 1] for row in ends[0] for column in ends[1]]) @ pose.T * shape
    low = np.clip(np.floor(corners.min(axis=0)), 0, shape).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, shape).astype(int)
    if (high <= low).any():
        return None
    return slice(low[0], high[0]), slice(low[1], high[1])

"""Lung segmentation by an atlas: similar films are registered to this one and their lungs vote."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.chest.lungs.atlas_library import (
    THUMBNAIL,
    Atlas,
    build_atlas,
    load_atlas,
    packaged_atlas,
    save_atlas,
    standardise,
)
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, SoftLungs
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.imaging.registration import (
    affine_map,
    chain_affine,
    correlation,
    invert_affine,
    register_affine,
    register_demons,
    resample,
    search_pose,
    warp,
)
from napari_tbcad.record import Parameters, Step, field

__all__ = ["Atlas", "AtlasParameters", "atlas", "build_atlas", "load_atlas", "packaged_atlas", "save_atlas"]

# Correlation with the chosen atlas films, posed and then registered, below which a person should look.
# Measured on 2026-11-21: chests with or without tuberculosis 0.52 to 0.91 posed; photographs, noise, a bone
# scan, films upside down or lying 0.09 to 0.47. Registration itself raises both.
_DOUBTFUL_POSED, _DOUBTFUL = 0.5, 0.6


class AtlasParameters(Parameters):
    """Parameters of :func:`atlas`."""

    n_films: int = field(
        5,
        title="Films",
        ge=1,
        le=50,
        description="How many of the most similar atlas films are registered and vote. More is smoother and "
        "slower in proportion.",
    )
    early_iterations: int = field(
        30,
        title="Early iterations",
        ge=0,
        le=500,
        description="Iterations of the coarse registration (a quarter of the working size). The insensitive "
        "mask is made from it: it follows the film loosely and keeps the anatomical lung.",
    )
    iterations: int = field(
        30,
        title="Further iterations",
        ge=0,
        le=500,
        description="Iterations of the finer registration (half the working size) that follow. The sensitive "
        "mask is made after them.",
    )
    smoothing: float = field(
        1.5,
        title="Smoothness",
        unit="px",
        ge=0.5,
        le=10,
        description="Standard deviation of the Gaussian that keeps the deformation smooth, in pixels of the "
        "level. Higher keeps the shapes of the atlas.",
        more=True,
    )
    locality: float = field(
        3.0,
        title="Local vote",
        ge=0,
        le=50,
        description="How much more a film votes where it matches this one locally; 0 gives every film the "
        "same say.",
        more=True,
    )
    size: int = field(
        256,
        title="Working size",
        unit="px",
        ge=64,
        le=1024,
        description="Side of the square grid on which films are registered.",
        more=True,
    )


def atlas(
    film: Radiograph,
    parameters: AtlasParameters = AtlasParameters(),
    *,
    library: Atlas | None = None,
    exclude: str | None = None,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SoftLungs:
    """Segment the lungs by the most similar films of an atlas.

    The film is standardised and posed in the frame of the atlas; the most similar films are found there by
    correlation, registered by demons, and their lungs averaged with local weights.

    Parameters
    ----------
    film : Radiograph
        Film, air dark, standard view.
    parameters : AtlasParameters
        Number of films, iterations, smoothness.
    library : Atlas, optional
        The atlas; the packaged one when not given.
    exclude : str, optional
        Name of an atlas film that must not vote (the film itself, in a test), with or without extension.
    progress : callable, optional
        Called with the share done and a text.
    cancelled : callable, optional
        Asked between films.

    Returns
    -------
    SoftLungs
        Memberships (2, size, size) over the film's field of view, `early` after the coarse registration.

    Raises
    ------
    BadInput
        If the atlas has no film left.
    Cancelled
        If `cancelled` said so.

    References
    ----------
    S. Candemir et al., "Lung segmentation in chest radiographs using anatomical atlases with nonrigid
    registration", IEEE TMI 33, 2014; T. B. Chandra et al., Expert Systems with Applications 158, 2020,
    section 3.2; X. Artaechevarria et al., "Combination strategies in multi-atlas image segmentation",
    IEEE TMI 28, 2009 (local weights).
    """
    library = packaged_atlas() if library is None else library
    target = standardise(film.pixels, parameters.size)
    pose = find_pose(target, library)
    chosen, likeness = most_similar(target, pose, library, parameters.n_films, exclude=exclude)
    if not chosen:
        raise BadInput("atlas", "no film is left in the atlas once this one is taken out")

    def one(index: int) -> _Vote:
        if cancelled is not None and cancelled():
            raise Cancelled("segmentation was stopped")
        return _vote(
            target, chain_affine(library.poses[index], invert_affine(pose)), library, index, parameters
        )

    votes = []
    with ThreadPoolExecutor(min(len(chosen), os.cpu_count() or 1)) as pool:
        for vote in pool.map(one, chosen):
            votes.append(vote)
            if progress is not None:
                progress(len(votes) / len(chosen), "registered " + library.names[chosen[len(votes) - 1]])
    early, late = (_fuse(target, [v[stage] for v in votes], parameters.locality) for stage in (0, 1))
    similarity = _similarity(target, [v[1][0] for v in votes], pose, library)
    facts = {
        "films": [library.names[i] for i in chosen],
        "likeness": round(likeness, 3),
        "similarity": round(similarity, 3),
    }
    step = Step(
        "atlas", parameters, model=f"{library.card.get('title', 'atlas')} {library.digest[:12]}", facts=facts
    )
    return SoftLungs(
        late,
        film.shape,
        early=early,
        segmenter="atlas",
        warnings=_complaints(likeness, similarity),
        record=film.record + step,
    )


_Stage = tuple[NDArray[np.float32], NDArray[np.float32]]
_Vote = tuple[_Stage, _Stage]


def find_pose(target: NDArray[np.float32], library: Atlas) -> NDArray[np.float64]:
    """Return the affine matrix (2, 3) from the common frame of the atlas to a standardised film."""
    frame = (THUMBNAIL, THUMBNAIL)
    small, mean = resample(target, frame), library.thumbnails.mean(0)
    half = (THUMBNAIL // 2, THUMBNAIL // 2)
    start, _ = search_pose(resample(small, half), resample(mean, half))
    return register_affine(mean, small, start=invert_affine(start), weights=library.region)


def most_similar(
    target: NDArray[np.float32],
    pose: NDArray[np.float64],
    library: Atlas,
    number: int,
    *,
    exclude: str | None = None,
) -> tuple[list[int], float]:
    """Find the atlas films that correlate best with a film in the common frame.

    Parameters
    ----------
    target : (s, s) array of float32
        Standardised film.
    pose : (2, 3) array
        From the common frame to the film.
    library : Atlas
        The atlas.
    number : int
        How many at most.
    exclude : str, optional
        Name of a film to leave out, with or without extension.

    Returns
    -------
    indices : list of int
        Best first; ties in the order of the atlas.
    likeness : float
        Their mean correlation, 0 when there is none.
    """
    frame = (THUMBNAIL, THUMBNAIL)
    posed = warp(resample(target, frame), affine_map(pose, frame, frame))
    scores = np.array([correlation(posed, other, library.region) for other in library.thumbnails])
    # As given, too: a name without its extension may hold dots, and would lose what follows the last.
    left_out = () if exclude is None else (exclude, PurePath(exclude).stem)
    order = [int(i) for i in np.argsort(-scores, kind="stable") if library.names[i] not in left_out]
    chosen = order[:number]
    return chosen, float(scores[chosen].mean()) if chosen else 0.0


def _vote(
    target: NDArray[np.float32],
    pose: NDArray[np.float64],
    library: Atlas,
    index: int,
    parameters: AtlasParameters,
) -> _Vote:
    """Register one atlas film; its appearance and lungs after the coarse and after the finer level."""
    moving, mask = library.film(index), library.masks[index]
    maps = register_demons(
        target,
        moving,
        sampling=affine_map(pose, target.shape, moving.shape),
        iterations=(parameters.early_iterations, parameters.iterations),
        shrink=(4, 2),
        smoothing=parameters.smoothing,
    )
    lungs = [np.where(mask == label, np.float32(1), np.float32(0)) for label in (RIGHT, LEFT)]
    early, late = (
        (warp(moving, sampling), np.stack([warp(lung, sampling, outside=0.0) for lung in lungs]))
        for sampling in maps
    )
    return early, late


def _fuse(target: NDArray[np.float32], stages: list[_Stage], locality: float) -> NDArray[np.float32]:
    """Average the warped lungs (2, s, s), each film weighted by its match around every pixel."""
    total = np.zeros((2, *target.shape), np.float32)
    weights = np.zeros(target.shape, np.float32)
    for appearance, lungs in stages:
        mismatch = ndimage.gaussian_filter((appearance - target) ** 2, target.shape[0] / 25)
        weight = np.exp(-np.float32(locality) * mismatch) + np.float32(1e-6)
        total += weight * lungs
        weights += weight
    return np.clip(total / weights, 0, 1)


def _similarity(
    target: NDArray[np.float32],
    appearances: list[NDArray[np.float32]],
    pose: NDArray[np.float64],
    library: Atlas,
) -> float:
    """Correlation of the film with the mean of the registered atlas films, around the lungs."""
    frame = (THUMBNAIL, THUMBNAIL)
    sampling = affine_map(pose, frame, frame)
    one, other = (
        warp(resample(image, frame), sampling) for image in (target, np.asarray(appearances).mean(axis=0))
    )
    return correlation(one, other, library.region)


def _complaints(likeness: float, similarity: float) -> tuple[str, ...]:
    if likeness >= _DOUBTFUL_POSED and similarity >= _DOUBTFUL:
        return ()
    return (
        f"The film is unlike the films of the atlas (correlation {likeness:.2f}, {similarity:.2f} once "
        f"registered; usual above {_DOUBTFUL_POSED} and {_DOUBTFUL}): check the lung masks.",
    )

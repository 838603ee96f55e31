"""The packaged atlas: lungs drawn from a statistical shape model, painted by a fitted formula.

No pixel of a film and nobody's outline goes into it. Shapes are random draws from the main modes of many
outlines. Appearance is a smooth function of geometry alone (where a pixel lies between and around the two
lungs), whose coefficients are a regression over many films: it knows that lung is dark and the mediastinum
bright, and cannot know a single person's ribs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon2mask
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_tbcad.chest.lungs.atlas_library import Atlas, landmarks, pack, standardise
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.imaging.grid import resize_labels, resize_soft
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.imaging.registration import affine_map, fit_affine, resample, warp

_PIXELS_PER_FILM = 1500


def draw_shapes(
    right: NDArray[np.floating], left: NDArray[np.floating], *, number: int, modes: int, seed: int
) -> NDArray[np.float64]:
    """Draw pairs of lungs from the shape model of many outlines.

    Parameters
    ----------
    right, left : (n, p, 2) and (n, q, 2) arrays
        Corresponding outline points (x, y), in units of the film's side.
    number : int
        Pairs to draw.
    modes : int
        Principal modes kept; what a single person adds beyond them is left out.
    seed : int
        Seed of the draws.

    Returns
    -------
    (number, p + q, 2) array of float64
        Points (x, y), the right lung first. Each coefficient is normal, cut at two standard deviations.
    """
    points = np.concatenate([right, left], axis=1).astype(float)
    centre = points.mean(1, keepdims=True)
    scale = np.sqrt(((points - centre) ** 2).sum((1, 2), keepdims=True))
    aligned = (points - centre) / scale
    model = PCA(modes, svd_solver="full").fit(aligned.reshape(len(points), -1))
    draws = np.random.default_rng(seed).standard_normal((number, modes)).clip(-2, 2)
    shapes = model.inverse_transform(draws * np.sqrt(model.explained_variance_))
    return shapes.reshape(number, -1, 2) * scale.mean() + centre.mean(0)


def fill_lungs(points: NDArray[np.floating], n_right: int, size: int) -> NDArray[np.uint8]:
    """Rasterise a pair of outlines: labels (size, size), 1 right, 2 left."""
    labels = np.zeros((size, size), np.uint8)
    for label, part in ((RIGHT, points[:n_right]), (LEFT, points[n_right:])):
        labels[polygon2mask((size, size), part[:, ::-1] * size - 0.5) & (labels == 0)] = label
    return labels


def geometry(mask: NDArray[np.uint8], common: NDArray[np.floating]) -> NDArray[np.float32]:
    """Describe every pixel by where it lies relative to the two lungs.

    Parameters
    ----------
    mask : (s, s) array of uint8
        1 right lung, 2 left lung.
    common : (10, 2) array
        Mean landmarks, the frame in which positions are given.

    Returns
    -------
    (s, s, 8) array of float32
        Row and column in the common frame; for each lung the signed distance to its edge (positive
        inside, squashed far away, in units of the film's side), the same finer, and the height along it.
    """
    size = mask.shape[0]
    matrix = fit_affine(landmarks(mask), common)
    rows, columns = (np.indices(mask.shape) + 0.5) / size
    features = [m[0] * rows + m[1] * columns + m[2] for m in matrix]
    for label in (RIGHT, LEFT):
        inside = mask == label
        distance = (ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)) / size
        extent = np.nonzero(inside.any(1))[0] / size
        height = (rows - extent[0]) / max(extent[-1] - extent[0], 1 / size)
        features += [np.tanh(distance / 0.1), np.tanh(distance / 0.02), np.clip(height, -0.5, 1.5)]
    return np.stack(features, axis=-1).astype(np.float32)


def film_looks(
    films: Sequence[NDArray[np.floating]],
    masks: Sequence[NDArray[np.uint8]],
    common: NDArray[np.floating],
    *,
    number: int,
) -> NDArray[np.float64]:
    """Describe how films look, apart from where their lungs lie, by a few numbers each.

    Parameters
    ----------
    films, masks : sequences of (s, s) arrays
        Films and their lungs.
    common : (10, 2) array
        Mean landmarks; films are compared in this frame.
    number : int
        Numbers a film.

    Returns
    -------
    (n, number) array of float64
        Scores of the main modes of the standardised film at 32 x 32, each of unit variance.
    """
    frame = (32, 32)
    posed = []
    for film, mask in zip(films, masks, strict=True):
        pose = affine_map(fit_affine(common, landmarks(mask)), frame, frame)
        posed.append(warp(resample(standardise(film, film.shape[0]), frame), pose).ravel())
    return PCA(number, whiten=True, svd_solver="full").fit_transform(np.array(posed))


def fit_appearance(
    films: Sequence[NDArray[np.floating]],
    masks: Sequence[NDArray[np.uint8]],
    looks: NDArray[np.floating],
    common: NDArray[np.floating],
    *,
    seed: int,
) -> Pipeline:
    """Regress grey level on geometry over many films.

    Parameters
    ----------
    films : sequence of (s, s) arrays
        Films in [0, 1], air dark.
    masks : sequence of (s, s) arrays of uint8
        Their lungs.
    common : (10, 2) array
        Mean landmarks.
    seed : int
        Seed of the pixel sample and of the fit.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Expected grey level given :func:`geometry`.
    """
    random = np.random.default_rng(seed)
    inputs, outputs = [], []
    for film, mask, look in zip(films, masks, looks, strict=True):
        picked = random.choice(mask.size, _PIXELS_PER_FILM, replace=False)
        features = geometry(mask, common).reshape(mask.size, -1)[picked]
        inputs.append(np.column_stack([features, np.tile(look, (len(features), 1))]))
        outputs.append(film.ravel()[picked])
    network = MLPRegressor(
        hidden_layer_sizes=(48, 48),
        activation="tanh",
        alpha=1e-4,
        max_iter=30,
        batch_size=512,
        random_state=seed,
    )
    return make_pipeline(StandardScaler(), network).fit(np.concatenate(inputs), np.concatenate(outputs))


def paint(
    model: Pipeline, mask: NDArray[np.uint8], look: NDArray[np.floating], common: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Return the synthetic film (s, s) in about [0, 1] of a pair of lungs."""
    features = geometry(mask, common).reshape(mask.size, -1)
    return (
        model.predict(np.column_stack([features, np.tile(look, (mask.size, 1))]))
        .reshape(mask.shape)
        .astype(np.float32)
    )


def unit_range(pixels: NDArray[np.floating], size: int) -> NDArray[np.float32]:
    """Bring a film to a square grid and its 1st to 99th percentile to [0, 1]."""
    image = resize_soft(pixels, (size, size))
    low, high = np.percentile(image, [1, 99])
    return np.clip((image - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)


def build_packaged_atlas(
    films: Sequence[Radiograph],
    masks: Sequence[NDArray[np.uint8]],
    right: NDArray[np.floating],
    left: NDArray[np.floating],
    *,
    number: int = 80,
    modes: int = 10,
    looks_kept: int = 6,
    size: int = 256,
    seed: int = 20261121,
    card: Mapping[str, Any] | None = None,
) -> Atlas:
    """Make the synthetic atlas; the same for the same data and seed.

    Parameters
    ----------
    films : sequence of Radiograph
        Films over which the appearance is fitted.
    masks : sequence of (H, W) arrays of uint8
        Their lungs, 1 right and 2 left.
    right, left : (n, p, 2) and (n, q, 2) arrays
        Outline points (x, y) of many lungs, in units of the film's side.
    number, modes, size, seed : int, optional
        Synthetic films, shape modes, side of the grid, seed.
    card : mapping, optional
        Title, sources, terms.

    Returns
    -------
    Atlas
    """
    labels = [resize_labels(mask, (size, size)) for mask in masks]
    common = np.mean([landmarks(mask) for mask in labels], axis=0)
    pictures = [unit_range(film.pixels, size) for film in films]
    looks = film_looks(pictures, labels, common, number=looks_kept)
    model = fit_appearance(pictures, labels, looks, common, seed=seed)
    drawn_looks = np.random.default_rng(seed + 1).standard_normal((number, looks_kept)).clip(-2, 2)
    shapes = draw_shapes(right, left, number=number, modes=modes, seed=seed)
    drawn = np.array([fill_lungs(points, right.shape[1], size) for points in shapes])
    painted = np.array(
        [
            pack(standardise(paint(model, mask, look, common), size))
            for mask, look in zip(drawn, drawn_looks, strict=True)
        ]
    )
    about = {**(card or {}), "films": number, "size": size, "seed": seed, "shape_modes": modes}
    return Atlas(painted, drawn, tuple(f"synthetic_{i:03d}" for i in range(number)), about)

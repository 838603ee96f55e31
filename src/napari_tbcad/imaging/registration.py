"""Registration of 2-D images: similarity search, affine and diffeomorphic demons, and warping.

A transform is kept as a *sampling map*: an array (2, h, w) of float32 that says, for every pixel of the
fixed image, the (row, column) in the moving image where its value is found. Maps compose by sampling one
another, and an image is interpolated once however many transforms lie behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

FloatImage = NDArray[np.float32]


def identity_map(shape: tuple[int, int]) -> FloatImage:
    """Return the sampling map (2, h, w) that leaves an image of `shape` as it is."""
    return np.indices(shape, dtype=np.float32)


def affine_map(
    matrix: NDArray[np.floating], shape: tuple[int, int], moving_shape: tuple[int, int]
) -> FloatImage:
    """Return the sampling map of an affine transform.

    Parameters
    ----------
    matrix : (2, 3) array
        Takes (row, column, 1) of the fixed frame to (row, column) of the moving frame, both frames
        being the unit square, so that a matrix serves every resolution.
    shape : (int, int)
        Shape of the fixed image.
    moving_shape : (int, int)
        Shape of the moving image.

    Returns
    -------
    (2, h, w) array of float32
        Positions in pixels of the moving image.
    """
    rows = (np.arange(shape[0], dtype=np.float32) + 0.5) / shape[0]
    columns = (np.arange(shape[1], dtype=np.float32) + 0.5) / shape[1]
    m = np.asarray(matrix, dtype=np.float32)
    unit = m[:, 0, None, None] * rows[:, None] + m[:, 1, None, None] * columns + m[:, 2, None, None]
    size = np.asarray(moving_shape, dtype=np.float32)[:, None, None]
    return np.asarray(unit * size - 0.5, dtype=np.float32)


def warp(image: NDArray, sampling: FloatImage, *, order: int = 1, outside: float | None = None) -> FloatImage:
    """Sample an image through a map.

    Parameters
    ----------
    image : (h', w') array
        The moving image.
    sampling : (2, h, w) array of float32
        Where each fixed pixel lies in `image`.
    order : {0, 1, 3}, optional
        Spline order of the interpolation.
    outside : float, optional
        Value beyond the border; None repeats the border pixel.

    Returns
    -------
    (h, w) array of float32
    """
    mode = "nearest" if outside is None else "constant"
    return ndimage.map_coordinates(
        np.asarray(image, dtype=np.float32),
        sampling,
        order=order,
        mode=mode,
        cval=outside or 0.0,
        output=np.float32,
    )


def compose(inner: FloatImage, outer: FloatImage) -> FloatImage:
    """Return the map that applies `outer` (fixed → middle) and then `inner` (middle → moving)."""
    return np.stack([warp(axis, outer) for axis in inner])


def fit_affine(fixed: NDArray[np.floating], moving: NDArray[np.floating]) -> NDArray[np.float64]:
    """Least-squares affine transform that takes `fixed` points to `moving` points.

    Parameters
    ----------
    fixed, moving : (n, 2) arrays, n >= 3
        Corresponding (row, column) points in the unit square.

    Returns
    -------
    (2, 3) array of float64
    """
    design = np.column_stack([fixed, np.ones(len(fixed))])
    return np.linalg.lstsq(design, moving, rcond=None)[0].T


def chain_affine(inner: NDArray[np.floating], outer: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the matrix (2, 3) of `outer` followed by `inner`."""
    square = [np.vstack([np.asarray(m, dtype=float), [0.0, 0.0, 1.0]]) for m in (inner, outer)]
    return (square[0] @ square[1])[:2]


def invert_affine(matrix: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the inverse (2, 3) of an affine matrix."""
    return np.linalg.inv(np.vstack([np.asarray(matrix, dtype=float), [0.0, 0.0, 1.0]]))[:2]


def correlation(
    a: NDArray[np.floating], b: NDArray[np.floating], weights: NDArray[np.floating] | None = None
) -> float:
    """Pearson correlation of two images, optionally weighted by pixel; 0 where one is flat."""
    w = np.ones(np.shape(a)) if weights is None else np.asarray(weights, dtype=float)
    w = w / w.sum()
    da, db = a - (w * a).sum(), b - (w * b).sum()
    power = (w * da * da).sum() * (w * db * db).sum()
    return float((w * da * db).sum() / np.sqrt(power)) if power > 0 else 0.0


def search_pose(
    fixed: FloatImage, template: FloatImage, *, scales: Sequence[float] = (0.7, 0.8, 0.9, 1.0, 1.12, 1.25)
) -> tuple[NDArray[np.float64], float]:
    """Find scale (row and column apart) and shift of a template in an image by exhaustive correlation.

    Parameters
    ----------
    fixed : (h, w) array
        Image searched, on a coarse grid (32 to 64 pixels a side).
    template : (h, w) array
        Template of the same shape.
    scales : sequence of float, optional
        Sizes tried for the template along each axis, relative to its own.

    Returns
    -------
    matrix : (2, 3) array of float64
        Unit-square matrix from `fixed` to `template`.
    score : float
        Pearson correlation over the whole image at that pose.
    """
    shape = fixed.shape
    padded = tuple(2 * n for n in shape)
    flat = fixed - fixed.mean()
    norm = float(np.sqrt((flat**2).sum())) or 1.0
    spectrum = fft.rfft2(flat, padded)
    best: tuple[NDArray[np.float64], float] = (np.eye(2, 3), -1.0)
    for down in scales:
        for across in scales:
            scaled = np.array([[1 / down, 0, 0.5 - 0.5 / down], [0, 1 / across, 0.5 - 0.5 / across]])
            piece = warp(template, affine_map(scaled, shape, shape))
            piece = piece - piece.mean()
            power = float(np.sqrt((piece**2).sum())) or 1.0
            scores = fft.irfft2(spectrum * np.conj(fft.rfft2(piece, padded)), padded) / (norm * power)
            # A film shifted by more than a quarter of its side has no lung field left to find.
            reach = [n // 4 for n in shape]
            window = np.roll(scores, reach, axis=(0, 1))[: 2 * reach[0] + 1, : 2 * reach[1] + 1]
            peak = np.unravel_index(int(window.argmax()), window.shape)
            if window[peak] > best[1]:
                shift = [(peak[i] - reach[i]) / shape[i] for i in (0, 1)]
                moved = scaled.copy()
                moved[:, 2] -= [shift[0] / down, shift[1] / across]
                best = moved, float(window[peak])
    return best


def register_affine(
    fixed: FloatImage,
    moving: FloatImage,
    *,
    start: NDArray[np.floating],
    iterations: int = 30,
    weights: FloatImage | None = None,
) -> NDArray[np.float64]:
    """Refine an affine transform by Gauss–Newton on the correlation of two images.

    Parameters
    ----------
    fixed, moving : (h, w) arrays of float32
        Images of comparable contrast.
    start : (2, 3) array
        First guess, unit square, fixed → moving.
    iterations : int, optional
        Most Gauss–Newton steps.
    weights : (h, w) array, optional
        Weight of each fixed pixel.

    Returns
    -------
    (2, 3) array of float64
        The refined transform, or `start` when no step raised the correlation.

    References
    ----------
    S. Baker, I. Matthews, "Lucas–Kanade 20 years on", IJCV 56, 2004, equation 10; gain and offset are
    solved for along with the six affine parameters, which makes it a correlation.
    """
    w = np.ones(fixed.shape, np.float32) if weights is None else weights
    rows, columns = (np.indices(fixed.shape, dtype=np.float32) + 0.5) / np.array(fixed.shape, np.float32)[
        :, None, None
    ]
    gradients = [g * n for g, n in zip(np.gradient(moving), moving.shape, strict=True)]
    best = np.asarray(start, dtype=float)
    current, top, damping = best, -np.inf, 1e-3
    for _ in range(iterations):
        sampling = affine_map(current, fixed.shape, moving.shape)
        image = warp(moving, sampling)
        score = correlation(fixed, image, w)
        if score <= top + 1e-5:
            if damping > 1.0:
                break
            damping *= 10
        else:
            converged = score < top + 1e-4
            best, top, damping = current, score, max(damping / 5, 1e-4)
            if converged:
                break
            slopes = [warp(g, sampling) for g in gradients]
            columns_of_design = [s * c for s in slopes for c in (rows, columns, np.ones_like(rows))]
            columns_of_design += [image, np.ones_like(image)]
            design = np.stack([c.ravel() for c in columns_of_design], axis=1).astype(float)
            weighted = design * w.ravel()[:, None]
            normal, right = weighted.T @ design, weighted.T @ fixed.ravel().astype(float)
        ridge = damping * np.diag(normal).copy()
        ridge[6:] = 0
        solution = np.linalg.lstsq(normal + np.diag(ridge + 1e-9), right, rcond=None)[0]
        gain = solution[6] if abs(solution[6]) > 0.1 else 0.1
        current = best + np.clip(solution[:6] / gain, -0.1, 0.1).reshape(2, 3)
    return best


def register_demons(
    fixed: FloatImage,
    moving: FloatImage,
    *,
    sampling: FloatImage,
    iterations: Sequence[int],
    shrink: Sequence[int],
    smoothing: float = 1.5,
) -> list[FloatImage]:
    """Deform `moving` onto `fixed` by fast symmetric demons, coarse to fine.

    Parameters
    ----------
    fixed : (h, w) array of float32
        Target.
    moving : (h', w') array of float32
        Image to deform, of comparable contrast.
    sampling : (2, h, w) array of float32
        First map from `fixed` to `moving`, such as an affine one.
    iterations : sequence of int
        Iterations at each level, coarse first; 0 skips a level.
    shrink : sequence of int
        Whole factor by which each level is smaller than `fixed`.
    smoothing : float, optional
        Standard deviation of the Gaussian that regularises the field, in pixels of the level.

    Returns
    -------
    list of (2, h, w) arrays of float32
        The map after each level.

    References
    ----------
    T. Vercauteren et al., "Diffeomorphic demons: efficient non-parametric image registration",
    NeuroImage 45, 2009; the ITK filter FastSymmetricForcesDemonsRegistrationFilter.
    """
    moved = warp(moving, sampling)
    shape = fixed.shape
    field = np.zeros((2, *shape), np.float32)
    maps = []
    base = identity_map(shape)
    for number, factor in zip(iterations, shrink, strict=True):
        if number > 0:
            small = tuple(max(8, n // factor) for n in shape)
            coarse = _demons(
                resample(fixed, small),
                resample(moved, small),
                resample_field(field, small),
                number,
                smoothing,
            )
            field = resample_field(coarse, shape)
        maps.append(compose(sampling, base + field))
    return maps


def resample(image: NDArray, shape: tuple[int, int]) -> FloatImage:
    """Resize an image linearly, averaging first where it shrinks.

    Parameters
    ----------
    image : (h, w) array
    shape : (int, int)
        Wanted shape; the field of view stays.

    Returns
    -------
    (h', w') array of float32
    """
    image = np.asarray(image, dtype=np.float32)
    if image.shape == tuple(shape):
        return image
    factors = [a / b for a, b in zip(image.shape, shape, strict=True)]
    if all(f >= 2 and f == int(f) for f in factors):
        down, across = (int(f) for f in factors)
        return image.reshape(shape[0], down, shape[1], across).mean((1, 3), dtype=np.float32)
    sigma = [max(0.0, (f - 1) / 2) for f in factors]
    if any(sigma):
        image = ndimage.gaussian_filter(image, sigma, mode="nearest")
    return warp(image, affine_map(np.eye(2, 3), shape, image.shape))


def resample_field(field: FloatImage, shape: tuple[int, int]) -> FloatImage:
    """Resize a displacement field (2, h, w) and rescale its vectors to the new pixels."""
    return np.stack(
        [resample(axis, shape) * np.float32(shape[i] / field.shape[i + 1]) for i, axis in enumerate(field)]
    )


def _demons(
    fixed: FloatImage, moving: FloatImage, field: FloatImage, iterations: int, smoothing: float
) -> FloatImage:
    """One level of demons; fields are (2, h, w) in (row, column), ITK's are (x, y) vectors."""
    import SimpleITK as sitk  # 100 MB, which only this needs

    demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
    # Films run side by side in threads; one ITK thread each keeps the sums in one order.
    demons.SetNumberOfThreads(1)
    demons.SetNumberOfIterations(int(iterations))
    demons.SetStandardDeviations(float(smoothing))
    demons.SetSmoothDisplacementField(True)
    start = sitk.GetImageFromArray(np.stack([field[1], field[0]], axis=-1).astype(np.float64), isVector=True)
    result = sitk.GetArrayFromImage(
        demons.Execute(sitk.GetImageFromArray(fixed), sitk.GetImageFromArray(moving), start)
    )
    return np.ascontiguousarray(np.moveaxis(result[..., ::-1], -1, 0), dtype=np.float32)

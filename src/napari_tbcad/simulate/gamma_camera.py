"""A gamma camera's planar views of a body: attenuation, depth-dependent blur, scatter, counting noise.

Values: attenuation coefficients at 140 keV (NIST XCOM: water 0.154 /cm narrow beam; broad-beam values, which
hold for planar imaging with a 20 % window, are lower), blur of a low-energy high-resolution collimator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.imaging.bonescan import ViewName, facing
from napari_tbcad.record import Parameters, field

Volume = NDArray[np.float32]
Image = NDArray[np.float32]

SOFT_TISSUE_PER_MM, LUNG_PER_MM, BONE_PER_MM = 0.012, 0.004, 0.016
"""Linear attenuation coefficients, broad beam, 140 keV (1/mm)."""

_FWHM_TO_SIGMA = 1 / (2 * np.sqrt(2 * np.log(2)))
_LARGEST_TAP = 0.2


class CameraParameters(Parameters):
    """Parameters of :func:`project`."""

    intrinsic_mm: float = field(
        3.8, title="Intrinsic resolution", unit="mm", ge=0, le=20, description="FWHM of the detector itself."
    )
    near_mm: float = field(
        1.5, title="Collimator, near", unit="mm", ge=0, le=20, description="FWHM of the holes at distance 0."
    )
    per_mm: float = field(
        0.0415, title="Collimator, slope", ge=0, le=1, description="FWHM added by each mm of distance."
    )
    gap_mm: float = field(
        25.0, title="Gap", unit="mm", ge=0, le=300, description="From the collimator to the nearest skin."
    )
    scatter: float = field(
        0.15, title="Scatter", ge=0, le=1, description="Scattered counts over those that were not."
    )
    scatter_mm: float = field(
        35.0, title="Width of scatter", unit="mm", ge=1, le=200, description="Sigma of the scattered copy."
    )
    uniformity: float = field(
        0.03, title="Uniformity", ge=0, le=0.2, description="Spread of the sensitivity from pixel to pixel."
    )


def spread(distance_mm: float, camera: CameraParameters = CameraParameters()) -> float:
    """Return the variance (mm²) of the point spread at a distance from the collimator.

    FWHM(d) = √(intrinsic² + (near + slope · d)²), the Gaussian approximation of a parallel-hole collimator
    (Cherry, Sorenson, Phelps: Physics in Nuclear Medicine, 4th ed., ch. 14).
    """
    holes = camera.near_mm + camera.per_mm * distance_mm
    return float((camera.intrinsic_mm**2 + holes**2) * _FWHM_TO_SIGMA**2)


def project(
    activity: Volume,
    attenuation: Volume,
    spacing_mm: tuple[float, float, float],
    view: ViewName,
    camera: CameraParameters = CameraParameters(),
    *,
    first_mm: float = 0.0,
) -> Image:
    """Project a volume onto a camera in front of it or behind it, without scatter and noise.

    Parameters
    ----------
    activity : (D, H, W) array of float32
        Per voxel, any unit; axis 0 runs from the front to the back, column 0 is the patient's right.
    attenuation : (D, H, W) array of float32
        Linear attenuation coefficient in 1/mm, 0 in air.
    spacing_mm : (float, float, float)
        Voxel size in depth, row and column.
    view : {"anterior", "posterior"}
        Which camera.
    camera : CameraParameters
        Its resolution.
    first_mm : float
        Air between the gap's end and the volume's first slab on the camera's side.

    Returns
    -------
    (H, W) array of float32
        As the camera sees it: a posterior view has the patient's left on the image's left.

    Notes
    -----
    Slabs are added from the farthest to the nearest and blurred a little after each, since variances of
    Gaussians add: every slab ends with the blur of its own distance at the price of one small filter each.
    """
    if view == "posterior":
        activity, attenuation = activity[::-1], attenuation[::-1]
    depth = spacing_mm[0]
    distance = camera.gap_mm + first_mm + depth * (np.arange(len(activity)) + 0.5)
    variance = [spread(float(d), camera) for d in distance]
    lit = np.flatnonzero([slab.any() for slab in activity])
    image = np.zeros(activity.shape[1:], np.float32)
    if lit.size == 0:
        return image
    near, far = int(lit[0]), int(lit[-1])
    path = attenuation[: far + 1].sum(axis=0, dtype=np.float32) * np.float32(depth)
    work = np.empty_like(image)
    for k in range(far, near - 1, -1):
        through = attenuation[k] * np.float32(depth)
        path -= through
        np.multiply(through, np.float32(-0.5), out=work)
        work -= path
        np.exp(work, out=work)
        work *= activity[k]
        image += work
        if k > near:
            _blur(image, variance[k] - variance[k - 1], spacing_mm[1:], work)
    sigma = np.sqrt(variance[near])
    image = ndimage.gaussian_filter(
        image, (sigma / spacing_mm[1], sigma / spacing_mm[2]), mode="constant", truncate=4.0
    )
    return np.ascontiguousarray(facing(image, view))


def add_scatter(
    image: Image, spacing_mm: tuple[float, float], camera: CameraParameters = CameraParameters()
) -> Image:
    """Return a projection with its scatter: a share of it, blurred widely, on top.

    Parameters
    ----------
    image : (H, W) array of float32
        What :func:`project` returned.
    spacing_mm : (float, float)
        Pixel size in row and column.
    camera : CameraParameters
        Share and width.
    """
    sigma = (camera.scatter_mm / spacing_mm[0], camera.scatter_mm / spacing_mm[1])
    wide = ndimage.gaussian_filter(image, sigma, mode="constant", truncate=3.0)
    return np.asarray(image + np.float32(camera.scatter) * wide, np.float32)


def count(
    expected: Image, generator: np.random.Generator, camera: CameraParameters = CameraParameters()
) -> Image:
    """Return Poisson counts (H, W), whole numbers as float32, of the expected counts.

    The sensitivity differs a little from pixel to pixel, which makes the variance slightly larger than the
    mean. The expectation is rounded to 1/4096 of a count first, so that the last bits of another
    processor's arithmetic do not change the draw.
    """
    rounded = np.rint(np.asarray(expected, np.float64) * 4096) / 4096
    gain = 1 + camera.uniformity * np.clip(generator.standard_normal(rounded.shape), -3, 3)
    return generator.poisson(rounded * gain).astype(np.float32)


def _blur(image: Image, variance: float, spacing_mm: tuple[float, ...], work: Image) -> None:
    """Blur in place by a variance (mm²) with three taps an axis, whose variance is exact."""
    for axis, size in enumerate(spacing_mm):
        tap = 0.5 * variance / size**2
        repeats = max(int(np.ceil(tap / _LARGEST_TAP)), 1)
        weight = np.float32(tap / repeats)
        for _ in range(repeats):
            np.multiply(image, weight, out=work)
            image *= np.float32(1 - 2 * weight)
            if axis == 0:
                image[1:] += work[:-1]
                image[:-1] += work[1:]
            else:
                image[:, 1:] += work[:, :-1]
                image[:, :-1] += work[:, 1:]

"""Lesions put into a film by adding attenuation along the ray, with their truth per pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Parameters, Step, field
from napari_tbcad.simulate import lesion_shapes as shapes
from napari_tbcad.simulate.lesion_shapes import Ground
from napari_tbcad.simulate.lesion_statistics import HEIGHT_BANDS, SIDE_BANDS, soft_tissue_level

Array = NDArray[np.float64]
Kind = Literal["mixed", "consolidation", "nodules", "miliary", "cavity", "effusion"]
KINDS: dict[str, int] = {"consolidation": 1, "nodules": 2, "miliary": 3, "cavity": 4, "effusion": 5}
"""Value of every kind of lesion in the truth."""

# Measured on 66 films with pneumonia drawn by radiologists (../shared/data/chest/pneumonia_lesions,
# CC BY 4.0; `python benchmarks/simulated_lesions.py --measure`, 2026-11-21). Quantiles at 0, 5, 10, 25,
# 50, 75, 90, 95, 100 %.
QUANTILES = (0.0, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 1.0)
MEASURED_AREA = (0.018, 0.050, 0.063, 0.151, 0.229, 0.473, 0.584, 0.683, 0.771)
MEASURED_CONTRAST = (-0.889, -0.302, -0.238, -0.041, 0.081, 0.209, 0.353, 0.450, 0.958)
MEASURED_POSITION = np.array(
    [
        [0.008, 0.021, 0.017],
        [0.022, 0.050, 0.057],
        [0.026, 0.065, 0.084],
        [0.038, 0.110, 0.118],
        [0.044, 0.143, 0.128],
        [0.012, 0.018, 0.038],
    ]
)
_UPPER = np.array([0.20, 0.40, 0.27, 0.09, 0.03, 0.01])[:, None] * np.array([0.25, 0.4, 0.35])
_LOWER = np.array([0.01, 0.03, 0.09, 0.27, 0.40, 0.20])[:, None] * np.array([0.25, 0.4, 0.35])
_PRIORS = {
    "measured": MEASURED_POSITION,
    "upper": _UPPER,
    "lower": _LOWER,
    "anywhere": np.ones((HEIGHT_BANDS, SIDE_BANDS)),
}
# Contrast that is put in: log-normal. A measured contrast also holds the unevenness of the lung beneath,
# so this one is fitted until the measured values of simulated films agree (benchmarks/simulated_lesions.py).
CONTRAST_MEDIAN, CONTRAST_SIGMA, CONTRAST_MOST = 0.04, 2.2, 0.8

LUNG_TO_SOFT = 1.6
"""Step of the natural log exposure from lung to mediastinum that a film is taken to have, scatter included
(phantom: see docs/simulation.md). It only sets the scale of the noise, not that of the contrast."""


class LesionParameters(Parameters):
    """Parameters of :func:`insert_lesions`."""

    kind: Kind = field("mixed", title="Kind", description="Kind of lesion; mixed draws one of the five.")
    area: float = field(
        0.0,
        title="Area",
        ge=0,
        le=0.9,
        description="Lesion over lung area; 0 draws it as measured.",
    )
    contrast: float = field(
        0.0,
        title="Contrast",
        ge=0,
        le=2,
        description="Added density, in steps from lung to soft tissue; 0 draws it as measured.",
    )
    contrast_factor: float = field(
        1.0,
        title="Contrast factor",
        ge=0,
        le=8,
        description="Factor of the contrast: below 1 is harder to see.",
    )
    number: int = field(0, title="Number", ge=0, le=5000, description="Number of lesions; 0 draws it.")
    position: Literal["kind", "measured", "upper", "lower", "anywhere"] = field(
        "kind",
        title="Position",
        description="Where lesions lie; 'kind' is upper for cavities and as measured for the others.",
    )
    blur_mm: float = field(
        0.5, title="Blur", unit="mm", ge=0, le=5, description="Blur of the film.", more=True
    )
    noise: bool = field(
        True, title="Noise", description="Add the noise that fewer quanta behind the lesion bring.", more=True
    )


@dataclass(frozen=True, eq=False)
class SimulatedLesions:
    """A film with lesions, and their truth.

    Parameters
    ----------
    film : Radiograph
        The film; outside the lesions every pixel is as it was (an effusion covers
        the last millimetres of chest wall and dome as well).
    labels : (H, W) array of uint8
        0 none, otherwise the value of the kind in :data:`KINDS`.
    contrast : (H, W) array of float32
        Noise-free change of the grey value, in the film's step from lung to soft tissue.
    facts : dict
        Kind, area, contrast asked for, number, seed (JSON values).
    """

    film: Radiograph
    labels: NDArray[np.uint8]
    contrast: NDArray[np.float32]
    facts: dict[str, Any]


def insert_lesions(
    film: Radiograph,
    lungs: NDArray[np.uint8],
    parameters: LesionParameters = LesionParameters(),
    *,
    seed: int = 0,
) -> SimulatedLesions:
    """Insert lesions into the lungs of a film.

    Parameters
    ----------
    film : Radiograph
        A phantom or a real film, pixels (H, W), air dark.
    lungs : (H, W) array of uint8
        1 right lung, 2 left lung.
    parameters : LesionParameters
        Kind, size, contrast, number, place.
    seed : int
        Seed of everything random.

    Returns
    -------
    SimulatedLesions
        The new film and its truth. Whole-numbered films stay whole-numbered.

    Raises
    ------
    BadInput
        If the mask does not fit, has no two lungs, or the film shows no step from lung to soft tissue.

    Notes
    -----
    Attenuation τ along the ray multiplies the exposure by exp(−τ), so it is added to the log exposure,
    which is estimated by undoing a sigmoid film curve between the film's darkest and lightest grey. The
    blurred opacity times the contrast, times the distance of lung and soft tissue on that axis, is added
    and the curve applied again: contrast fades towards white as it does on film.
    """
    labels = np.asarray(lungs)
    if labels.shape != film.shape:
        raise BadInput("lung mask", f"shape {labels.shape} does not fit the film's {film.shape}")
    generator = np.random.default_rng(seed)
    kind = (
        parameters.kind
        if parameters.kind != "mixed"
        else str(generator.choice(list(KINDS), p=[0.45, 0.2, 0.1, 0.15, 0.1]))
    )
    soft = soft_tissue_level(film.pixels, labels)
    level = float(np.median(film.pixels[labels > 0]))
    if soft <= level:
        raise BadInput(film.source or "film", "the tissue between the lungs is not brighter than the lungs")
    area = parameters.area or float(np.interp(generator.random(), QUANTILES, MEASURED_AREA))
    drawn = CONTRAST_MEDIAN * float(np.exp(CONTRAST_SIGMA * np.clip(generator.standard_normal(), -2.5, 2.5)))
    contrast = (parameters.contrast or min(drawn, CONTRAST_MOST)) * parameters.contrast_factor
    position = (
        parameters.position
        if parameters.position != "kind"
        else ("upper" if kind == "cavity" else "measured")
    )
    height = np.flatnonzero((labels > 0).any(axis=1))
    # The scale comes from the lungs, 240 mm high in an adult, as the spacing of a resized film is unknown.
    ground = Ground(labels, 240.0 / (height[-1] - height[0] + 1), _PRIORS[position], generator)
    opacity, region, number = _grow(ground, kind, area, parameters.number)
    support = opacity != 0
    blurred = ndimage.gaussian_filter(opacity, parameters.blur_mm / ground.mm) * support
    if kind == "effusion":
        blurred = _fill(film.pixels, blurred, level, soft, 2.0 / ground.mm)
    pixels, change = _expose_again(
        film.pixels, blurred * contrast, support, level, soft, parameters.noise, generator
    )
    truth = np.where(region, KINDS[kind], 0).astype(np.uint8)
    facts = {
        "kind": kind,
        "area": float(region.sum() / (labels > 0).sum()),
        "contrast": contrast,
        "number": number,
        "position": position,
        "seed": seed,
    }
    step = Step("insert_lesions", {**parameters.model_dump(mode="json"), "seed": seed}, facts=facts)
    return SimulatedLesions(film.after(step, pixels=pixels), truth, change.astype(np.float32), facts)


def _grow(ground: Ground, kind: str, area: float, number: int) -> tuple[Array, NDArray[np.bool_], int]:
    """Return opacity, region and number of lesions of one kind."""
    draw = ground.generator
    if kind == "consolidation":
        number = number or int(draw.integers(1, 5))
        return *shapes.consolidation(ground, area, number), number
    if kind == "nodules":
        # Nodules are small whatever the pneumonia: at most a tenth of the lungs.
        number = number or int(draw.integers(3, 11))
        return *shapes.nodules(ground, min(area, 0.10), number), number
    if kind == "miliary":
        number = number or int(draw.integers(700, 1500))
        return *shapes.miliary(ground, number), number
    if kind == "cavity":
        number = number or int(draw.integers(1, 4))
        return *shapes.cavity(ground, min(area, 0.15), number), number
    return *shapes.effusion(ground, min(area, 0.35)), 1


def _fill(pixels: NDArray[np.float32], opacity: Array, level: float, soft: float, sigma: float) -> Array:
    """Return what fluid adds: it replaces air, so most where the film shows lung."""
    shown = (pixels.astype(float) - level) / (soft - level)
    # Smoothed, so that ribs show through the fluid; not beyond an edge, so that heart and dome get no rim.
    shown = np.maximum(shown - 0.25, ndimage.gaussian_filter(shown, sigma))
    return opacity * np.clip(0.9 - shown, 0, 1)


def _expose_again(
    pixels: NDArray[np.float32],
    opacity: Array,
    support: NDArray[np.bool_],
    level: float,
    soft: float,
    noise: bool,
    generator: np.random.Generator,
) -> tuple[NDArray[np.float32], Array]:
    """Add attenuation on the film's log exposure axis; return the pixels and the noise-free change."""
    old = pixels.astype(float)
    low, high = float(old.min()), float(old.max())
    margin = 0.02 * (high - low)
    low, high = low - margin, high + margin

    def to_log(value: Array) -> Array:
        share = np.clip((value - low) / (high - low), 1e-4, 1 - 1e-4)
        return np.log(share / (1 - share))

    def to_grey(value: Array) -> Array:
        return low + (high - low) / (1 + np.exp(-value))

    span = float(to_log(np.array(soft)) - to_log(np.array(level)))
    axis = to_log(old)
    clean = to_grey(axis + span * opacity)
    change = np.where(support, (clean - to_grey(axis)) / (soft - level), 0.0)
    new = clean
    if noise:
        # Quantum noise on the log axis has variance 1/N; behind the lesion N falls by exp(−τ).
        local = ndimage.median_filter(axis, 3, mode="nearest")
        grain = np.median(np.abs(axis - local)[support]) * 1.4826 if support.any() else 0.0
        added = np.sqrt(np.expm1(np.clip(LUNG_TO_SOFT * opacity, 0, None)))
        new = to_grey(axis + span * opacity + grain * added * generator.standard_normal(old.shape))
    if (old == np.rint(old)).all():
        new = np.clip(np.rint(new), old.min(), max(old.max(), 255.0 if old.max() <= 255 else old.max()))
    return np.where(support, new, old).astype(np.float32), change

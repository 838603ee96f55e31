"""Statistical shape model of the two lungs' outline.

Each lung's outline is resampled to points that correspond between films: it starts at the apex and runs
clockwise in the image by arc length. Both lungs together are centred, scaled (and, if asked, turned) to
a common frame, and the principal modes of what is left describe the shape of a film in a few numbers.

References
----------
T. F. Cootes, C. J. Taylor, D. H. Cooper, J. Graham, Active shape models, their training and
application, Comput. Vis. Image Underst. 61 (1995) 38-59.
J. C. Gower, Generalized Procrustes analysis, Psychometrika 40 (1975) 33-51.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, LungMasks
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import written_whole
from napari_tbcad.plain_text import parse_json
from napari_tbcad.record import Parameters, field

SHAPE_MODEL_VERSION = 1
LUNG_ORDER = (RIGHT, LEFT)


class ShapeModelParameters(Parameters):
    """Parameters of :func:`fit_shape_model`."""

    n_points: int = field(
        100, title="Outline points", description="Points on each lung's outline.", ge=16, le=1000
    )
    n_modes: int = field(20, title="Modes", description="Number of principal modes kept.", ge=1, le=200)
    scale: bool = field(
        True, title="Remove size", description="Scale every pair of lungs to unit size before comparing."
    )
    rotate: bool = field(
        False, title="Remove rotation", description="Turn every pair of lungs onto the mean shape.", more=True
    )
    apart: bool = field(
        False,
        title="Align lungs apart",
        description="Centre and scale each lung by itself, dropping how the two lie to each other.",
        more=True,
    )
    whiten: bool = field(
        True,
        title="Unit variance",
        description="Divide each mode by its standard deviation over the training shapes.",
        more=True,
    )


def rasterise(outlines: Mapping[int, NDArray[np.floating]], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Fill given outlines, so that they take the same way as segmented masks.

    Parameters
    ----------
    outlines : mapping of int to (n, 2) array
        Label (1 right, 2 left) → polygon of (x, y) points in pixels.
    shape : (int, int)
        Rows and columns of the result.

    Returns
    -------
    (H, W) array of uint8
        0 background, 1 right lung, 2 left lung.
    """
    from skimage.draw import polygon

    labels = np.zeros(shape, dtype=np.uint8)
    for value, points in outlines.items():
        rows, columns = polygon(points[:, 1], points[:, 0], shape)
        labels[rows, columns] = value
    return labels


def outline_points(masks: LungMasks | NDArray[np.uint8], *, n_points: int = 100) -> NDArray[np.float64]:
    """Resample the outlines of both lungs.

    Parameters
    ----------
    masks : LungMasks or (H, W) array of uint8
        0 background, 1 right lung, 2 left lung.
    n_points : int, optional
        Points a lung.

    Returns
    -------
    (2 · n_points, 2) array of float64
        (x, y) in pixels, right lung first; each outline starts at its apex and runs clockwise as seen
        in the image, equally spaced by arc length. Of a lung in several pieces the longest outline counts.

    Raises
    ------
    BadInput
        If a lung is missing or is a speck without an outline.
    """
    labels = masks.labels if isinstance(masks, LungMasks) else masks
    return np.concatenate([_outline(labels == value, value, n_points) for value in LUNG_ORDER])


def _outline(mask: NDArray[np.bool_], value: int, n_points: int) -> NDArray[np.float64]:
    from skimage.measure import find_contours

    name = {RIGHT: "right", LEFT: "left"}[value]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if rows.size == 0:
        raise BadInput("mask", f"the {name} lung is missing")
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    contours = find_contours(np.pad(cut, 1).astype(np.float32), 0.5)
    contour = max(contours, key=_length)
    points = contour[:-1, ::-1] + (columns[0] - 1, rows[0] - 1)
    x, y = points.T
    if len(points) < 8:
        raise BadInput("mask", f"the {name} lung is too small for an outline")
    if x @ np.roll(y, -1) - y @ np.roll(x, -1) < 0:  # signed area: positive is clockwise as y grows downwards
        points = points[::-1]
    return _resample(np.roll(points, -_apex(points), axis=0), n_points)


def _length(points: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def _apex(points: NDArray[np.float64]) -> int:
    """Index of the apex: the middle of the points within 1 % of the height below the top."""
    y = points[:, 1]
    near = np.flatnonzero(y <= y.min() + 0.01 * np.ptp(y))
    x = points[near, 0]
    return int(near[np.argmin(abs(x - np.median(x)))])


def _resample(points: NDArray[np.float64], n_points: int) -> NDArray[np.float64]:
    """Resample a closed polygon to points equally spaced by arc length, beginning with its first point."""
    closed = np.vstack([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0, along[-1], n_points, endpoint=False)
    return np.column_stack([np.interp(at, along, closed[:, k]) for k in (0, 1)])


def _normalised(points: NDArray[np.float64], *, scale: bool) -> NDArray[np.float64]:
    """Centre a point set and, if asked, give it root-mean-square radius 1."""
    centred = points - points.mean(axis=0)
    return centred / np.sqrt((centred**2).sum(axis=1).mean()) if scale else centred


def _turned(points: NDArray[np.float64], onto: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotate a centred point set onto another (Kabsch)."""
    u, _, vt = np.linalg.svd(points.T @ onto)
    u[:, -1] *= np.sign(np.linalg.det(u @ vt))
    return points @ (u @ vt)


def _aligned(
    points: NDArray[np.float64], parameters: ShapeModelParameters, onto: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    half = len(points) // 2
    groups = (slice(0, half), slice(half, None)) if parameters.apart else (slice(None),)
    result = np.empty_like(points)
    for group in groups:
        part = _normalised(points[group], scale=parameters.scale)
        result[group] = part if onto is None or not parameters.rotate else _turned(part, onto[group])
    return result


@dataclass(frozen=True, eq=False)
class ShapeModel:
    """Mean outline and its principal modes.

    Parameters
    ----------
    mean : (P, 2) array of float64
        Mean aligned outline, P = 2 · n_points.
    modes : (M, P, 2) array of float64
        Orthonormal modes, largest variance first.
    variances : (M,) array of float64
        Variance of the training shapes along each mode.
    total_variance : float
        Variance of the training shapes in all directions.
    parameters : ShapeModelParameters
        How it was made.
    n_shapes : int
        Number of training shapes.
    sources : str
        What it was trained on and under which terms.
    """

    mean: NDArray[np.float64]
    modes: NDArray[np.float64]
    variances: NDArray[np.float64]
    total_variance: float
    parameters: ShapeModelParameters
    n_shapes: int
    sources: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names, ``mode_01`` and so on."""
        return mode_names(len(self.modes))

    def align(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bring an outline (P, 2) of any position and size into the model's frame."""
        if points.shape != self.mean.shape:
            raise BadInput(
                "outline", f"the shape model has {len(self.mean)} points, this outline {points.shape}"
            )
        return _aligned(np.asarray(points, dtype=np.float64), self.parameters, self.mean)

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Express an outline by the model's modes.

        Parameters
        ----------
        points : (P, 2) array
            Outline from :func:`outline_points`.

        Returns
        -------
        (M,) array of float64
            Weight of each mode: in standard deviations with `whiten`, else in units of the aligned frame.
        """
        weights = self.modes.reshape(len(self.modes), -1) @ (self.align(points) - self.mean).ravel()
        return weights / np.sqrt(self.variances) if self.parameters.whiten else weights

    def features(self, masks: LungMasks | NDArray[np.uint8]) -> NDArray[np.float64]:
        """Weights (M,) of the outline of two lung masks."""
        return self.project(outline_points(masks, n_points=self.parameters.n_points))

    def outline(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the outline (P, 2) that has these weights, for pictures of the modes."""
        weights = np.asarray(weights, dtype=np.float64)
        if self.parameters.whiten:
            weights = weights * np.sqrt(self.variances)
        return self.mean + np.tensordot(weights, self.modes, axes=1)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the model as named arrays, to travel inside another file."""
        meta = np.frombuffer(json.dumps(self._meta()).encode(), dtype=np.uint8)
        return {"mean": self.mean, "modes": self.modes, "variances": self.variances, "meta": meta}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], source: str | Path) -> ShapeModel:
        """Build what :meth:`to_arrays` took apart; raises :class:`ModelRefused` when it does not fit."""
        try:
            meta = parse_json(np.asarray(arrays["meta"], dtype=np.uint8).tobytes())
        except (KeyError, ValueError) as error:
            raise ModelRefused(source, f"not a shape model ({error})") from error
        return cls.from_parts(arrays, meta, source)

    def _meta(self) -> dict[str, str]:
        return {
            "napari_tbcad_shape_model": str(SHAPE_MODEL_VERSION),
            "parameters": self.parameters.model_dump_json(),
            "n_shapes": str(self.n_shapes),
            "total_variance": repr(self.total_variance),
            "sources": self.sources,
        }

    def save(self, path: str | Path) -> None:
        """Write the model as safetensors, whole or not at all."""
        from safetensors.numpy import save_file

        meta = self._meta()
        arrays = {"mean": self.mean, "modes": self.modes, "variances": self.variances}
        with written_whole(path) as temporary:
            save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, temporary, metadata=meta)

    @classmethod
    def load(cls, path: str | Path) -> ShapeModel:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ModelRefused
            If the file is broken or is not a shape model of this program.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                meta = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in ("mean", "modes", "variances")}
        except (SafetensorError, OSError, KeyError) as error:
            raise ModelRefused(path, f"not a shape model ({error})") from error
        return cls.from_parts(arrays, meta, path)

    @classmethod
    def from_parts(cls, arrays: Mapping[str, Any], meta: Mapping[str, str], source: str | Path) -> ShapeModel:
        """Build a model from arrays and metadata, checking that they fit together."""
        try:
            if int(meta["napari_tbcad_shape_model"]) > SHAPE_MODEL_VERSION:
                raise ModelRefused(source, "written by a newer version of this program")
            parameters = ShapeModelParameters(**parse_json(meta["parameters"]))
            mean, modes, variances = (np.asarray(arrays[k], float) for k in ("mean", "modes", "variances"))
            n_shapes, total = int(meta["n_shapes"]), float(meta["total_variance"])
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, ModelRefused):
                raise
            raise ModelRefused(source, f"not a shape model ({error})") from error
        m = len(variances)
        fits = mean.shape == (2 * parameters.n_points, 2) and modes.shape == (m, *mean.shape)
        if not fits or not all(np.isfinite(a).all() for a in (mean, modes, variances)):
            raise ModelRefused(source, "the arrays of the shape model do not fit together")
        return cls(mean, modes, variances, total, parameters, n_shapes, meta.get("sources", ""))


def mode_names(n_modes: int) -> tuple[str, ...]:
    """Return the feature names of so many modes: ``mode_01``, ``mode_02`` and so on."""
    return tuple(f"mode_{k:02d}" for k in range(1, n_modes + 1))


def fit_shape_model(
    shapes: NDArray[np.floating],
    parameters: ShapeModelParameters = ShapeModelParameters(),
    *,
    sources: str = "",
) -> ShapeModel:
    """Fit the mean and the principal modes of outlines.

    Parameters
    ----------
    shapes : (N, P, 2) array
        Outlines from :func:`outline_points`, N ≥ 2, P = 2 · `parameters.n_points`.
    parameters : ShapeModelParameters
        Alignment and number of modes; no more than N − 1 modes can be had.
    sources : str, optional
        What the shapes are, with their terms; kept in the file.

    Returns
    -------
    ShapeModel
        Deterministic; the sign of a mode makes its largest component positive.

    Raises
    ------
    BadInput
        If the shapes do not fit the parameters or are fewer than two.
    """
    shapes = np.asarray(shapes, dtype=np.float64)
    if shapes.ndim != 3 or len(shapes) < 2 or shapes.shape[1:] != (2 * parameters.n_points, 2):
        cause = f"a shape model needs (N ≥ 2, {2 * parameters.n_points}, 2) points, these are {shapes.shape}"
        raise BadInput("outlines", cause)
    aligned = np.stack([_aligned(points, parameters, None) for points in shapes])
    mean = aligned.mean(axis=0)
    for _ in range(5 if parameters.rotate else 0):
        aligned = np.stack([_aligned(points, parameters, mean) for points in aligned])
        mean = aligned.mean(axis=0)
    flat = (aligned - mean).reshape(len(shapes), -1)
    _, singular, modes = np.linalg.svd(flat, full_matrices=False)
    variances = singular**2 / (len(shapes) - 1)
    keep = min(parameters.n_modes, len(shapes) - 1, int((variances > 1e-12 * variances[0]).sum()))
    modes = modes[:keep]
    modes = modes * np.sign(modes[np.arange(keep), abs(modes).argmax(axis=1)])[:, None]
    return ShapeModel(
        mean,
        modes.reshape(keep, *mean.shape),
        variances[:keep],
        float(variances.sum()),
        parameters,
        len(shapes),
        sources,
    )

"""All features of one film: which ones, in which order, from which mask.

Shape comes from the sensitive mask, first order and texture from the insensitive one, everything on one
grid. A feature set is a list of names; :func:`feature_names` gives it, and a model checks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.band_texture import band_features
from napari_tbcad.chest.feature_sets import (
    DEFAULT_MODES,
    PROJECT_GLCM_NAMES,
    FeatureParameters,
    FeatureSet,
    Group,
    feature_groups,
    feature_names,
    has_bands,
    has_modes,
    has_opacities,
    named_features,
    redundant_names,
)
from napari_tbcad.chest.firstorder import GREY_LEVELS, first_order, grey_histogram
from napari_tbcad.chest.glcm import DIRECTIONS, GLCM_NAMES, bin_edges_table, cooccurrence, glcm_features
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, LungMasks, MaskKind
from napari_tbcad.chest.opacities import NoOpacities, Opacities, opacity_features
from napari_tbcad.chest.shape import cut_out, project_shape_features, shape_features
from napari_tbcad.chest.shape_model import ShapeModel
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.arrays import to_device, to_numpy
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.memory import Memory, recall, resized_labels
from napari_tbcad.record import Record, Step

__all__ = [
    "ChestFeatures",
    "FeatureParameters",
    "FeatureSet",
    "Group",
    "chest_features",
    "eight_bit",
    "feature_groups",
    "feature_names",
    "redundant_names",
]


@dataclass(frozen=True, eq=False)
class ChestFeatures:
    """The features of one film.

    Parameters
    ----------
    names : tuple of str
        Names, in the order of the feature set.
    values : (n,) array of float64
        Finite numbers.
    groups : tuple of str
        ``"shape"``, ``"modes"``, ``"firstorder"``, ``"glcm"``, ``"opacity"`` or ``"bands"`` of each.
    feature_set, definition : str
        What was asked for.
    grid : int
        Longest side of the grid asked for, in pixels.
    warnings : tuple of str
        Complaints for the person, one sentence each.
    record : Record
        The image's steps and this one.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    groups: tuple[str, ...]
    feature_set: str
    definition: str
    grid: int
    warnings: tuple[str, ...] = ()
    record: Record = Record()

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.values) == len(self.groups):
            raise BadInput("features", "names, values and groups differ in length")

    def as_dict(self) -> dict[str, float]:
        """Return name → value."""
        return dict(zip(self.names, self.values.tolist(), strict=True))

    def select(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the values (n,) of these features, in this order.

        Raises
        ------
        BadInput
            If a name is not among them.
        """
        own = self.as_dict()
        missing = [name for name in names if name not in own]
        if missing:
            raise BadInput("features", f"not computed: {', '.join(missing[:5])}{' …' if missing[5:] else ''}")
        return np.array([own[name] for name in names], dtype=np.float64)

    def of_group(self, *groups: str) -> tuple[str, ...]:
        """Return the names that belong to these groups."""
        return tuple(name for name, group in zip(self.names, self.groups, strict=True) if group in groups)


def chest_features(
    image: Radiograph,
    sensitive: LungMasks,
    insensitive: LungMasks,
    parameters: FeatureParameters = FeatureParameters(),
    *,
    shape_model: ShapeModel | None = None,
    opacities: Opacities | NoOpacities | None = None,
    work: Radiograph | None = None,
    only: Literal["shape"] | None = None,
    device: str | None = None,
    memory: Memory | None = None,
) -> ChestFeatures:
    """Measure the features of one film.

    Parameters
    ----------
    image : Radiograph
        The film on the feature grid, 0…255 when ``parameters.image`` is ``"enhanced"``. Grey levels are
        rounded to whole numbers (8 bits).
    sensitive, insensitive : LungMasks
        Masks on the film's own grid (or any grid over the same field of view); they are resized to the
        image here. Shape reads the sensitive mask, everything else the insensitive one.
    parameters : FeatureParameters
        What to measure and how.
    shape_model : ShapeModel, optional
        Needed by the sets with shape modes only.
    opacities : Opacities, optional
        Needed by the sets with opacities only; read inside the insensitive mask.
    work : Radiograph, optional
        The film on the feature grid before enhancement, read by the set ``"extended_bands"`` only; `image`
        when left out.
    only : "shape", optional
        Stop after the features of the first stage (shape and modes); the image's pixels are not read.
    device : str, optional
        Compute first-order and texture features with torch on this device (``"cpu"``, ``"cuda"``,
        ``"mps"``); numpy when left out. The results agree to 1e-5.
    memory : Memory, optional
        What earlier calls for the same film worked out: only what a changed mask, image or parameter
        touches is computed, with the same values as without.

    Returns
    -------
    ChestFeatures
        In the order of :func:`feature_names`.

    Raises
    ------
    BadInput
        If a lung is missing or a feature cannot be computed (grey levels constant inside the lungs, …):
        never a NaN, never a row of zeros.
    """
    warnings = _grid_warnings(image, parameters.grid)
    labels = _on_grid(sensitive, image, memory)
    values = recall(
        memory,
        "shape",
        (labels, parameters, shape_model),
        lambda: _shape_values(labels, parameters, shape_model, image),
    )
    if only is None:
        inside = _on_grid(insensitive, image, memory)
        values = values | recall(
            memory,
            "grey",
            (image, inside, parameters, device),
            lambda: _grey_values(image, inside > 0, parameters, device, memory),
        )
        if has_opacities(parameters.feature_set):
            values |= opacity_features(opacities, insensitive, source=image.source)
        if has_bands(parameters.feature_set):
            plain = image if work is None else work
            values |= recall(
                memory, "bands", (plain, inside), lambda: band_features(plain.pixels, inside > 0)
            )
    n_modes = len(shape_model.modes) if shape_model is not None else DEFAULT_MODES
    named = named_features(parameters.feature_set, n_modes, only)
    vector = np.array([values[name] for name, _ in named], dtype=np.float64)
    lost = [name for (name, _), value in zip(named, vector, strict=True) if not np.isfinite(value)]
    if lost:
        raise BadInput(image.source or "film", f"features cannot be computed: {', '.join(lost[:5])}")
    facts = {"shape": list(image.shape), "masks": {m.kind: m.origin for m in (sensitive, insensitive)}}
    return ChestFeatures(
        names=tuple(name for name, _ in named),
        values=vector,
        groups=tuple(group for _, group in named),
        feature_set=parameters.feature_set,
        definition=parameters.definition,
        grid=parameters.grid,
        warnings=warnings,
        record=image.record + Step("features", parameters.model_dump(mode="json"), facts=facts),
    )


def _grid_warnings(image: Radiograph, grid: int) -> tuple[str, ...]:
    longest = max(image.shape)
    if longest > grid:
        cause = (
            f"the longest side is {longest} px, the feature grid's {grid} px: resample it with to_grid first"
        )
        raise BadInput(image.source or "film", cause)
    if longest < grid:
        return (
            f"Features were measured at {longest} px, less than the grid of {grid} px: the film is smaller.",
        )
    return ()


def _on_grid(masks: LungMasks, image: Radiograph, memory: Memory | None) -> NDArray[np.uint8]:
    """Resize labels to the image and make sure that both lungs are there."""
    kind: MaskKind = masks.kind
    labels = resized_labels(memory, kind, masks.labels, image.shape)
    absent = [name for name, value in (("right", RIGHT), ("left", LEFT)) if not (labels == value).any()]
    if absent:
        which = "both lungs are" if len(absent) == 2 else f"the {absent[0]} lung is"
        raise BadInput(image.source or f"{kind} mask", f"{which} missing from the {kind} mask")
    return labels


def _shape_values(
    labels: NDArray[np.uint8], parameters: FeatureParameters, model: ShapeModel | None, image: Radiograph
) -> dict[str, float]:
    if parameters.feature_set == "project21":
        return project_shape_features(labels, unit=parameters.shape_unit)
    extended = has_modes(parameters.feature_set)
    values = shape_features(
        labels, extras=extended, shared_rows=parameters.shared_rows, unit=parameters.shape_unit
    )
    if extended:
        if model is None:
            cause = f"the feature set {parameters.feature_set!r} needs a shape model"
            raise BadInput(image.source or "film", cause)
        values |= dict(zip(model.names, model.features(labels).tolist(), strict=True))
    return values


def eight_bit(image: Radiograph, kind: Literal["enhanced", "raw"] = "enhanced") -> NDArray[np.uint8]:
    """Round grey levels to 8 bits.

    Parameters
    ----------
    image : Radiograph
        Pixels (H, W).
    kind : {"enhanced", "raw"}
        ``"enhanced"`` pixels are 0…255 already; ``"raw"`` ones are stretched from their smallest and
        largest value to 0…255.

    Returns
    -------
    (H, W) array of uint8

    Raises
    ------
    BadInput
        If an enhanced film has values outside 0…255.
    """
    pixels = image.pixels
    low, high = float(pixels.min()), float(pixels.max())
    if kind == "raw":
        pixels = (pixels - low) * (255 / (high - low) if high > low else 0)
    elif low < 0 or high > 255:
        cause = f"an enhanced film has grey levels 0…255, this one {low:g}…{high:g}"
        raise BadInput(image.source or "film", cause)
    return np.rint(pixels).astype(np.uint8)


def _grey_values(
    image: Radiograph,
    mask: NDArray[np.bool_],
    parameters: FeatureParameters,
    device: str | None,
    memory: Memory | None,
) -> dict[str, float]:
    """First-order and texture features inside a mask; only its bounding box is looked at."""
    region = cut_out(mask)
    assert region is not None  # _on_grid has found both lungs
    height, width = region.mask.shape
    box = (slice(region.row, region.row + height), slice(region.column, region.column + width))
    kind = parameters.image
    grey = recall(memory, "eight bit", (image, kind), lambda: eight_bit(image, kind))[box]
    inside = to_device(region.mask, device)
    histogram = grey_histogram(to_device(grey, device), inside, GREY_LEVELS)
    present = np.flatnonzero(to_numpy(histogram))
    low, high = (
        (int(present[0]), int(present[-1])) if parameters.discretisation == "mask" else (0, GREY_LEVELS - 1)
    )
    if present.size == 1:
        raise BadInput(image.source or "film", "the film has one single grey level inside the lungs")
    levels = bin_edges_table(low, high, parameters.levels)[grey]
    counts = cooccurrence(to_device(levels, device), inside, parameters.levels, distance=parameters.distance)
    texture = {
        name: to_numpy(v) for name, v in glcm_features(counts, definition=parameters.definition).items()
    }
    values = {f"firstorder_{name}": float(to_numpy(v)) for name, v in first_order(histogram).items()}
    for name in GLCM_NAMES:
        values |= {
            f"glcm_{name}_{angle}": float(v) for angle, v in zip(DIRECTIONS, texture[name], strict=True)
        }
    return values | _project_texture(texture)


def _project_texture(texture: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    """The student project's six, averaged over directions, by scikit-image's definitions."""
    six = (
        texture["contrast"],
        texture["dissimilarity"],
        texture["homogeneity_2"],
        np.sqrt(texture["energy"]),
        texture["correlation_1"],
        texture["energy"],
    )
    return {f"glcm_{name}_mean": float(v.mean()) for name, v in zip(PROJECT_GLCM_NAMES, six, strict=True)}

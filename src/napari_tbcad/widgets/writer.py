"""napari's door to saved lung masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput

FILM_KEY = "napari-tbcad-film-file"
"""Under this key of ``layer.metadata`` a mask's layer may name the file of its film."""

_TO_MM = {"millimeter": 1.0, "centimeter": 10.0, "meter": 1000.0, "micrometer": 1e-3}


def write_lung_mask(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write one Labels layer as an 8-bit PNG: 0 background, 1 right lung, 2 left lung.

    Parameters
    ----------
    path : str
        Wanted file; ``.png`` is added when it has no suffix.
    data : (H, W) array of int
        The labels.
    meta : dict
        napari's description of the layer; its name appears in messages.

    Returns
    -------
    list of str
        The file written.

    Raises
    ------
    BadInput
        If the layer is no lung mask, or the file cannot be written.
    """
    from napari_tbcad.io.masks import write_mask

    labels = _lungs(data, meta)
    target = Path(path) if Path(path).suffix else Path(path).with_suffix(".png")
    try:
        write_mask(target, labels)
    except OSError as error:
        raise BadInput(target, f"cannot write it ({error.strerror or error})") from error
    return [str(target)]


def write_lung_segmentation(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write one Labels layer as a segmentation that 3D Slicer opens (``.seg.nrrd``).

    Parameters
    ----------
    path : str
        Wanted file; ``.seg.nrrd`` takes the place of ``.nrrd`` or of no suffix, since Slicer knows a
        segmentation by it.
    data : (H, W) array of int
        The labels.
    meta : dict
        napari's description of the layer: its scale is the spacing where its units are lengths, and unknown
        otherwise.

    Returns
    -------
    list of str
        The file written.

    Raises
    ------
    BadInput
        If the layer is no lung mask, or the file cannot be written.
    """
    from napari_tbcad.io.slicer import SUFFIX, write_segmentation

    labels = _lungs(data, meta)
    target = Path(path)
    if not target.name.lower().endswith(SUFFIX):
        name = target.stem if target.suffix.lower() == ".nrrd" else target.name
        target = target.with_name(name + SUFFIX)
    try:
        write_segmentation(
            target,
            labels,
            spacing_mm=_spacing(meta),
            source=str(meta.get("name", "")),
            film_file=_film_of(meta),
        )
    except OSError as error:
        raise BadInput(target, f"cannot write it ({error.strerror or error})") from error
    return [str(target)]


def _lungs(data: Any, meta: dict[str, Any]) -> NDArray[np.uint8]:
    labels = np.asarray(data)
    name = str(meta.get("name", "mask"))
    if labels.ndim != 2:
        raise BadInput(name, f"a lung mask is 2-D, this layer has shape {labels.shape}")
    if labels.size and (labels.min() < 0 or labels.max() > 2):
        raise BadInput(name, f"lung masks hold 0, 1 (right) and 2 (left), not {int(labels.max())}")
    return labels.astype(np.uint8)


def _spacing(meta: dict[str, Any]) -> tuple[float, float] | None:
    """Return the layer's row and column spacing in mm; None when its units are no lengths."""
    factors = [_TO_MM.get(str(unit)) for unit in meta.get("units") or ()][-2:]
    scale = [abs(float(part)) for part in meta.get("scale", ())][-2:]
    if len(factors) != 2 or len(scale) != 2 or None in factors:
        return None
    row, column = (part * factor for part, factor in zip(scale, factors, strict=True) if factor is not None)
    return (row, column) if row > 0 and column > 0 else None


def _film_of(meta: dict[str, Any]) -> str | None:
    """Return the file of the film that a mask belongs to, where its layer tells."""
    return (meta.get("metadata") or {}).get(FILM_KEY)

"""napari's door to saved lung masks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.films import spacing_in_mm

FILM_KEY = "napari-tbcad-film-file"
"""Under this key of ``layer.metadata`` a mask's layer may name the file of its film."""


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
    with _named(target):
        write_mask(target, labels)
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
    with _named(target):
        write_segmentation(
            target,
            labels,
            spacing_mm=spacing_in_mm(meta.get("scale", ()), meta.get("units") or ()),
            source=str(meta.get("name", "")),
            film_file=_film_of(meta),
        )
    return [str(target)]


def _lungs(data: Any, meta: dict[str, Any]) -> NDArray[np.uint8]:
    labels = np.asarray(data)
    name = str(meta.get("name", "mask"))
    if labels.ndim != 2:
        raise BadInput(name, f"a lung mask is 2-D, this layer has shape {labels.shape}")
    if labels.size and (labels.min() < 0 or labels.max() > 2):
        raise BadInput(name, f"lung masks hold 0, 1 (right) and 2 (left), not {int(labels.max())}")
    return labels.astype(np.uint8)


@contextmanager
def _named(target: Path) -> Iterator[None]:
    """Name the file that could not be written, and why."""
    try:
        yield
    except OSError as error:
        raise BadInput(target, f"cannot write it ({error.strerror or error})") from error


def _film_of(meta: dict[str, Any]) -> str | None:
    """Return the file of the film that a mask belongs to, where its layer tells."""
    return (meta.get("metadata") or {}).get(FILM_KEY)

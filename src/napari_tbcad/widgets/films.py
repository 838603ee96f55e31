"""From an Image layer to the film the chain works on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Step
from napari_tbcad.widgets.reader import METADATA_KEY

_TO_MM = {"millimeter": 1.0, "centimeter": 10.0, "meter": 1000.0, "micrometer": 1e-3}


def film_of(layer: Image) -> Radiograph:
    """Return the film in a layer.

    A layer of our reader carries its film. Any other is read again from its file where that gives the
    same pixels, so that panel and command line start from the same thing (resolution, warnings);
    else its pixels are taken as they are.

    Parameters
    ----------
    layer : napari.layers.Image
        A 2-D grey or RGB(A) image.

    Returns
    -------
    Radiograph
        The film, with the layer's mm spacing when the file states none.

    Raises
    ------
    BadInput
        If the layer is not a 2-D image; says what to do.
    """
    from napari_tbcad.io.raster import to_grey

    data = layer.data[0] if layer.multiscale else layer.data
    own = layer.metadata.get(METADATA_KEY)
    if isinstance(own, Radiograph) and own.pixels is data:
        return own
    shape = tuple(data.shape)
    if len(shape) - bool(layer.rgb) != 2:
        raise BadInput(
            layer.name,
            f"a film is one 2-D image, this layer has {len(shape) - bool(layer.rgb)} dimensions {shape}; "
            "choose a single film (Layers → Split stack takes a stack apart)",
        )
    warnings: list[str] = []
    pixels = to_grey(layer.name, np.asarray(data), warnings)
    if not np.isfinite(pixels).all():
        raise BadInput(layer.name, "the film has NaN or infinite pixels")
    from_file = _again_from_file(layer, pixels)
    if from_file is not None:
        return from_file
    spacing = _spacing(layer)
    facts: dict[str, Any] = {"layer": layer.name, "shape": list(shape)}
    source = str(layer.source.path or layer.name)
    film = Radiograph(pixels=pixels, spacing_mm=spacing, source=source, warnings=tuple(warnings))
    return film.after(Step("take layer", facts=facts))


def facts_of(film: Radiograph) -> str:
    """Return one line of facts: size, spacing, view."""
    rows, columns = film.shape
    said = [f"{columns} × {rows} px"]
    if film.spacing_mm is None:
        said[0] += ", no mm"
    else:
        row, column = film.spacing_mm
        said.append(f"{row:.3g} mm" if np.isclose(row, column) else f"{row:.3g} × {column:.3g} mm")
    if film.view:
        said.append(film.view)
    return " · ".join(said)


def _again_from_file(layer: Image, pixels: np.ndarray) -> Radiograph | None:
    from napari_tbcad.io.read import read_film

    path = layer.source.path
    if not path or not Path(path).is_file():
        return None
    try:
        film = read_film(path)
    except BadInput:
        return None
    return film if film.shape == pixels.shape and np.array_equal(film.pixels, pixels) else None


def _spacing(layer: Image) -> tuple[float, float] | None:
    """Return the layer's spacing in mm when its units are lengths."""
    factors = [_TO_MM.get(str(unit)) for unit in layer.units[-2:]]
    if None in factors:
        return None
    row, column = (abs(float(s)) * f for s, f in zip(layer.scale[-2:], factors, strict=True) if f is not None)
    return (row, column) if row > 0 and column > 0 else None

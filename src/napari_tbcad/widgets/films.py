"""From an Image layer to the film the chain works on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Step
from napari_tbcad.widgets.reader import METADATA_KEY, SCAN_KEY

PREVIEW = "napari-tbcad-preview"
"""Layers with this key in their metadata are our own pictures, not films."""

_SAME = 0.95
_TO_MM = {"micrometer": 1e-3, "millimeter": 1.0, "centimeter": 10.0, "meter": 1000.0, "inch": 25.4}


def film_of(layer: Image) -> Radiograph:
    """Return the film in a layer.

    A layer of our reader carries its film. Any other is read again from its file where that gives the
    same pixels, so that panel and command line start from the same thing (resolution, warnings);
    else its pixels are taken as they are. This takes as long as reading does: a panel asks
    :func:`film_in` and has a worker ask :func:`film_in_file`.

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
    film = film_in(layer)
    return film_in_file(file_of(layer), film) or film


def film_in(layer: Image) -> Radiograph:
    """Return the film in a layer without looking at its file; as :func:`film_of` in all else."""
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
    spacing = spacing_in_mm(layer.scale, layer.units)
    facts: dict[str, Any] = {"layer": layer.name, "shape": list(shape)}
    source = str(layer.source.path or layer.name)
    film = Radiograph(pixels=pixels, spacing_mm=spacing, source=source, warnings=tuple(warnings))
    return film.after(Step("take layer", facts=facts))


def films_of(viewer: Any) -> list[Image]:
    """Return the Image layers of a viewer that may be films, the topmost first.

    Our own pictures are none, nor are the views of a bone scan.
    """
    none = {PREVIEW, SCAN_KEY}
    return [x for x in reversed(viewer.layers) if isinstance(x, Image) and not none & set(x.metadata)]


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


def file_of(layer: Image) -> Path | None:
    """Return the file that a layer should be read again from; None for one that carries its film."""
    data = layer.data[0] if layer.multiscale else layer.data
    own = layer.metadata.get(METADATA_KEY)
    if isinstance(own, Radiograph) and own.pixels is data:
        return None
    return Path(layer.source.path) if layer.source.path else None


def film_in_file(path: Path | None, film: Radiograph) -> Radiograph | None:
    """Return the film in a file when its pixels are those of `film`, else None."""
    from napari_tbcad.io.read import read_film

    if path is None or not path.is_file():
        return None
    try:
        again = read_film(path)
    except BadInput:
        return None
    return again if again.shape == film.shape and np.array_equal(again.pixels, film.pixels) else None


def geometry_events(film: Image) -> tuple[Any, ...]:
    """Return the events by which a layer tells that it was moved, turned, scaled or measured otherwise."""
    events = film.events
    return events.scale, events.translate, events.rotate, events.shear, events.affine, events.units


def same_picture(one: Radiograph, other: Radiograph) -> bool:
    """Tell whether two films show the same thing, perhaps filtered or with another grey scale.

    Their shapes must be equal and their pixels correlate, to either side, by 0.95 or more; films of
    different people do so far less.
    """
    if one.shape != other.shape:
        return False
    step = max(1, max(one.shape) // 256)
    first, second = (film.pixels[::step, ::step].ravel().astype(np.float64) for film in (one, other))
    if first.std() == 0 or second.std() == 0:
        return False
    return bool(abs(np.corrcoef(first, second)[0, 1]) >= _SAME)


def spacing_in_mm(scale: Iterable[float], units: Iterable[Any]) -> tuple[float, float] | None:
    """Return the row and column spacing of a layer.

    Parameters
    ----------
    scale : iterable of float
        The layer's; the last two are of rows and columns.
    units : iterable of pint units or str
        The layer's: micrometer, millimeter, centimeter, meter or inch.

    Returns
    -------
    (float, float) or None
        In mm; None when the units are no lengths or a scale is 0.
    """
    factors = [_TO_MM.get(str(unit)) for unit in units][-2:]
    steps = [abs(float(step)) for step in scale][-2:]
    if len(factors) != 2 or len(steps) != 2 or None in factors:
        return None
    row, column = (step * factor for step, factor in zip(steps, factors, strict=True) if factor is not None)
    return (row, column) if row > 0 and column > 0 else None

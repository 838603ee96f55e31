"""DICOM segmentations as Labels layers: lungs, skeleton regions or hotspots, each in its colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.segmentation_labels import hotspots_of, lungs_of, regions_of
from napari_tbcad.io.clinic.segmentation_reading import spacing_of
from napari_tbcad.schemes import HOTSPOT_COLOURS, LUNG_COLOURS

LayerData = tuple[Any, dict[str, Any], str]


def layers_of_segmentation(path: Path) -> list[LayerData]:
    """Return the layer of a DICOM segmentation.

    Parameters
    ----------
    path : Path
        One whose segments are lungs, skeleton regions, or anything else, which is taken for hotspots. Its
        pixel size becomes the layer's scale, so that it lies on its image.

    Raises
    ------
    BadInput
        If it cannot be read.
    """
    labels, colours = _labels(path)
    options: dict[str, Any] = {"name": path.stem, "opacity": 0.5}
    if colours:
        table: dict[Any, Any] = {None: "transparent", 0: "transparent"}
        options["colormap"] = DirectLabelColormap(color_dict=table | colours)
    if (spacing := spacing_of(path)) is not None:
        options |= {"scale": spacing, "units": ("mm", "mm")}
    return [(labels, options, "labels")]


def _labels(path: Path) -> tuple[NDArray[Any], dict[int, str]]:
    try:
        return lungs_of(path), dict(LUNG_COLOURS)
    except BadInput as error:
        if "no segment in it is a lung" not in error.cause:
            raise
    try:
        return regions_of(path), {}
    except BadInput as error:
        if "no segment in it is a skeleton region" not in error.cause:
            raise
        labels, classes = hotspots_of(path)
        return labels.astype(np.uint16), {n: HOTSPOT_COLOURS[label] for n, label in classes.items()}

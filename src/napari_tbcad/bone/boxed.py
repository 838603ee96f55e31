"""Hotspots from labelled boxes, and boxes of hotspots, as the BS-80K data set keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from napari_tbcad.bone.box import BoxParameters, box_hotspot
from napari_tbcad.bone.editing import add
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.io.voc import LabelledBox, write_voc
from napari_tbcad.schemes import HOTSPOT_CLASSES

_NAMES = {"abnormal": "Abnormal", "normal": "Normal", "non_bone": "Normal"}
"""The data set calls non-bone uptake normal; an ignored hotspot has no box."""


def hotspots_from_boxes(
    scan: BoneScan,
    boxes: Mapping[ViewName, Iterable[LabelledBox]],
    parameters: BoxParameters = BoxParameters(),
    *,
    source: str | Path | None = None,
) -> Hotspots:
    """Make hotspots of boxes by the data set's recipe (:func:`~napari_tbcad.bone.box.box_hotspot`).

    Where boxes overlap the earlier one keeps the pixels; a box without contrast, or without a pixel left,
    gives none, with a warning.

    Parameters
    ----------
    scan : BoneScan
    boxes : mapping of str to iterable of LabelledBox
        By view.
    parameters : BoxParameters
    source : str or Path, optional
        What an error names; the scan's source when not given.

    Raises
    ------
    BadInput
        If a box lies outside its view or has a name that is no class.
    """
    blank = {name: np.zeros(view.counts.shape, np.uint16) for name, view in scan}
    hotspots = Hotspots(blank.get("anterior"), blank.get("posterior"), record=scan.record)
    warnings: list[str] = []
    for name, view in scan:
        for box in boxes.get(name, ()):
            label = _label_of(box, source or scan.source or "boxes")
            mask = box_hotspot(view, box.bounds, parameters)
            if (mask & (hotspots.labels(name) == 0)).any():
                hotspots = add(hotspots, name, mask, label=label, origin="box", over="keep")
            else:
                warnings.append(f"The {name} box {box.bounds} holds no hotspot.")
    return replace(hotspots, warnings=tuple(warnings))


def _label_of(box: LabelledBox, source: str | Path) -> str:
    label = box.label.strip().lower().replace("-", "_").replace(" ", "_")
    if label not in HOTSPOT_CLASSES:
        raise BadInput(source, f"a box is called {box.label!r}, not Abnormal or Normal")
    return label


def boxes_of(hotspots: Hotspots, view: ViewName) -> tuple[LabelledBox, ...]:
    """Return the bounding boxes of a view's hotspots with the data set's names, in order of id.

    Non-bone uptake is called Normal, as there; ignored hotspots are left out.
    """
    labels = hotspots.labels(view)
    places = ndimage.find_objects(labels) if labels is not None else []
    return tuple(
        LabelledBox(_NAMES[mark.label], rows.start, columns.start, rows.stop, columns.stop)
        for mark in hotspots.marks
        if mark.view == view and mark.label in _NAMES
        for rows, columns in [places[mark.id - 1]]
    )


def mirrored(box: LabelledBox, width: int) -> LabelledBox:
    """Return a box in an image of `width` columns that is mirrored left to right."""
    return replace(box, left=width - box.right, right=width - box.left)


def write_box_files(
    folder: str | Path, name: str, hotspots: Hotspots, scan: BoneScan | None = None
) -> list[Path]:
    """Write ``NAME_{view}_boxes.xml`` (Pascal VOC), one a view there is.

    Parameters
    ----------
    folder, name : str
        Where to, and NAME.
    hotspots : Hotspots
    scan : BoneScan, optional
        Tells which views were mirrored on reading: their boxes are written as they lie in the file.

    Returns
    -------
    list of Path
        The files written.
    """
    written = []
    for view in VIEWS:
        labels = hotspots.labels(view)
        if labels is not None:
            boxes = boxes_of(hotspots, view)
            image = None if scan is None else scan.view(view)
            if image is not None and image.mirrored:
                boxes = tuple(mirrored(box, labels.shape[1]) for box in boxes)
            path = Path(folder) / f"{name}_{view}_boxes.xml"
            write_voc(path, boxes, (labels.shape[0], labels.shape[1]), filename=name)
            written.append(path)
    return written

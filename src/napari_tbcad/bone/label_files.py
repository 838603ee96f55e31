"""Hotspots, classes and regions in label files beside a scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.axis import body
from napari_tbcad.bone.box import BoxParameters, box_hotspot
from napari_tbcad.bone.classes import ClassImages
from napari_tbcad.bone.editing import MOST_IDS, add
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.io.labels import LABEL_SUFFIXES, read_labels, write_labels
from napari_tbcad.io.voc import LabelledBox, read_voc
from napari_tbcad.schemes import FOUR_CLASS, REGION_NAMES

_BINARY = (1, 255, 65535)
_MOST_OUTSIDE = 0.5
_BOX_LABELS = {"abnormal": "abnormal", "normal": "normal", "non_bone": "non_bone", "ignore": "ignore"}


@dataclass(frozen=True)
class LabelFiles:
    """The label files of one scan, by view.

    Parameters
    ----------
    hotspots, classes, regions, boxes : mapping of str to Path
        By view; a view without a file is missing.
    """

    hotspots: Mapping[str, Path] = field(default_factory=dict)
    classes: Mapping[str, Path] = field(default_factory=dict)
    regions: Mapping[str, Path] = field(default_factory=dict)
    boxes: Mapping[str, Path] = field(default_factory=dict)

    @property
    def has_hotspots(self) -> bool:
        """Whether hotspots are given, as instances, classes or boxes."""
        return bool(self.hotspots or self.classes or self.boxes)


def find_label_files(folder: str | Path, name: str) -> LabelFiles:
    """Find ``NAME_{view}_{hotspots,classes,regions}`` (.png, .tif, .tiff) and ``NAME_{view}_boxes.xml``.

    Parameters
    ----------
    folder : str or Path
    name : str
        The scan's name, as the files of a run are called.
    """
    folder = Path(folder)
    found: dict[str, dict[str, Path]] = {"hotspots": {}, "classes": {}, "regions": {}, "boxes": {}}
    for kind, paths in found.items():
        for view in VIEWS:
            for suffix in (".xml",) if kind == "boxes" else LABEL_SUFFIXES:
                path = folder / f"{name}_{view}_{kind}{suffix}"
                if path.is_file():
                    paths[view] = path
                    break
    return LabelFiles(**found)


def read_hotspots(files: LabelFiles, scan: BoneScan, automatic: Hotspots | None = None) -> Hotspots | None:
    """Make hotspots of label files; None where no file says anything of hotspots.

    Parameters
    ----------
    files : LabelFiles
    scan : BoneScan
    automatic : Hotspots, optional
        What holds in a view without files; empty when left out.

    Raises
    ------
    BadInput
        Naming the file that has another size than the scan, or other values.
    """
    if not files.has_hotspots:
        return None
    warnings: list[str] = []
    arrays: dict[ViewName, NDArray[np.int64]] = {}
    marks: dict[ViewName, dict[int, Mark]] = {}
    for name, view in scan:
        if any(name in kind for kind in (files.hotspots, files.classes, files.boxes)):
            arrays[name], classes = _given(files, name, view.counts, warnings)
            warnings.extend(_outside(arrays[name], view.counts, files, name))
            marks[name] = {
                number: Mark(number, name, classes.get(number, "abnormal"), "file", judged=True)
                for number in _ids(arrays[name])
            }
        else:
            own = None if automatic is None else automatic.labels(name)
            arrays[name] = np.zeros(view.counts.shape, np.int64) if own is None else own.astype(np.int64)
            known = {} if automatic is None else automatic.by_id()
            marks[name] = {number: replace(known[number], linked=None) for number in _ids(arrays[name])}
    _part_ids(arrays, marks)
    stored = {name: labels.astype(np.uint16) for name, labels in arrays.items()}
    found = tuple(mark for view_marks in marks.values() for mark in view_marks.values())
    return Hotspots(
        stored.get("anterior"), stored.get("posterior"), found, tuple(warnings), record=scan.record
    )


def _ids(labels: NDArray[Any]) -> list[int]:
    return [int(number) for number in np.unique(labels) if number]


def _part_ids(arrays: dict[ViewName, NDArray[np.int64]], marks: dict[ViewName, dict[int, Mark]]) -> None:
    """Give the posterior hotspots whose id occurs in the anterior view, too, the ids after the largest."""
    if len(arrays) < 2:
        return
    labels = arrays["posterior"].copy()
    following = max((*marks["anterior"], *marks["posterior"]), default=0) + 1
    for number in sorted(marks["anterior"].keys() & marks["posterior"].keys()):
        if following > MOST_IDS:
            raise BadInput("hotspots", f"ids are 1 to {MOST_IDS}, the two views together need more")
        labels[arrays["posterior"] == number] = following
        marks["posterior"][following] = replace(marks["posterior"].pop(number), id=following)
        following += 1
    arrays["posterior"] = labels


def _given(
    files: LabelFiles, view: ViewName, counts: NDArray[Any], warnings: list[str]
) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Return the instances of one view and the class of each."""
    shape = (counts.shape[0], counts.shape[1])
    image = None
    if view in files.classes:
        path = files.classes[view]
        image = read_labels(path, shape, most=255)
        _known_values(path, image)
    if view in files.hotspots:
        path = files.hotspots[view]
        labels = read_labels(path, shape).astype(np.int64)
        values = np.unique(labels[labels > 0])
        if values.size == 1 and values[0] in _BINARY:
            labels, number = ndimage.label(labels > 0, np.ones((3, 3)))
            if number > 1:
                warnings.append(f"{path.name} has one value only: each of its {number} pieces is a hotspot.")
            elif number == 1:
                labels = labels * int(values[0]) if values[0] == 1 else labels
        return labels.astype(np.int64), {} if image is None else _classes_of(labels, image)
    if image is not None:
        return _pieces(image)
    return _boxed(files.boxes[view], shape, counts)


def _known_values(path: Path, image: NDArray[Any]) -> None:
    strange = sorted(set(np.unique(image).tolist()) - set(FOUR_CLASS.ids.values()))
    if strange:
        raise BadInput(
            path, f"classes are 0 background, 1 bone, 2 abnormal, 3 normal; this has {strange[:6]}"
        )


def _classes_of(labels: NDArray[Any], image: NDArray[Any]) -> dict[int, str]:
    """Return the class of each instance by most of its pixels; bone and background say ignore."""
    names = {FOUR_CLASS.ids["abnormal"]: "abnormal", FOUR_CLASS.ids["normal"]: "normal"}
    return {
        int(n): names.get(int(np.bincount(image[labels == n]).argmax()), "ignore")
        for n in np.unique(labels)
        if n
    }


def _pieces(image: NDArray[Any]) -> tuple[NDArray[np.int64], dict[int, str]]:
    labels = np.zeros(image.shape, np.int64)
    classes: dict[int, str] = {}
    for label in ("abnormal", "normal"):
        pieces, number = ndimage.label(image == FOUR_CLASS.ids[label], np.ones((3, 3)))
        first = len(classes)
        labels[pieces > 0] = pieces[pieces > 0] + first
        classes.update({first + k: label for k in range(1, number + 1)})
    return labels, classes


def _boxed(
    path: Path, shape: tuple[int, int], counts: NDArray[Any]
) -> tuple[NDArray[np.int64], dict[int, str]]:
    labels, classes = np.zeros(shape, np.int64), {}
    for number, box in enumerate(read_voc(path, shape).boxes, start=1):
        mask = box_hotspot(counts, box.bounds) & (labels == 0)
        if mask.any():
            labels[mask] = number
            classes[number] = _label_of(box, path)
    return labels, classes


def _label_of(box: LabelledBox, source: str | Path) -> str:
    label = _BOX_LABELS.get(box.label.strip().lower().replace("-", "_").replace(" ", "_"))
    if label is None:
        raise BadInput(source, f"a box is called {box.label!r}, not Abnormal or Normal")
    return label


def _outside(labels: NDArray[Any], counts: NDArray[Any], files: LabelFiles, view: ViewName) -> Iterable[str]:
    """Warn of hotspots that lie beside the patient."""
    path = next(kind[view] for kind in (files.hotspots, files.classes, files.boxes) if view in kind)
    inside = body(counts)
    for number in np.unique(labels[labels > 0]):
        share = 1 - inside[labels == number].mean()
        if share > _MOST_OUTSIDE:
            yield f"{path.name}: hotspot {number} lies outside the body."


def hotspots_from_boxes(
    scan: BoneScan,
    boxes: Mapping[ViewName, Iterable[LabelledBox]],
    parameters: BoxParameters = BoxParameters(),
) -> Hotspots:
    """Make hotspots of boxes by the data set's recipe (:func:`~napari_tbcad.bone.box.box_hotspot`).

    Where boxes overlap the earlier one keeps the pixels; a box without contrast gives none, with a warning.
    """
    blank = {name: np.zeros(view.counts.shape, np.uint16) for name, view in scan}
    hotspots = Hotspots(blank.get("anterior"), blank.get("posterior"), record=scan.record)
    warnings: list[str] = []
    for name, view in scan:
        for box in boxes.get(name, ()):
            mask = box_hotspot(view, box.bounds, parameters)
            label = _label_of(box, scan.source or "boxes")
            try:
                hotspots = add(hotspots, name, mask, label=label, origin="box", over="keep")
            except BadInput:
                warnings.append(f"The {name} box {box.bounds} holds no hotspot.")
    return replace(hotspots, warnings=tuple(warnings))


def read_regions(
    files: LabelFiles, scan: BoneScan, automatic: SkeletonRegions | None = None
) -> SkeletonRegions | None:
    """Make skeleton regions of label files; None where there are none.

    Raises
    ------
    BadInput
        Naming the file that has another size than the scan, or values above 12.
    """
    if not files.regions:
        return None
    arrays: dict[ViewName, NDArray[np.uint8] | None] = dict.fromkeys(VIEWS)
    warnings = []
    for name, view in scan:
        if name in files.regions:
            shape = (view.counts.shape[0], view.counts.shape[1])
            arrays[name] = read_labels(files.regions[name], shape, most=len(REGION_NAMES)).astype(np.uint8)
        elif automatic is not None:
            arrays[name] = automatic.labels(name)
        if arrays[name] is None:
            arrays[name] = np.zeros(view.counts.shape, np.uint8)
            warnings.append(f"No regions were given for the {name} view.")
    return SkeletonRegions(
        arrays["anterior"], arrays["posterior"], warnings=tuple(warnings), record=scan.record
    )


def write_label_files(
    folder: str | Path,
    name: str,
    *,
    hotspots: Hotspots | None = None,
    classes: ClassImages | None = None,
    regions: SkeletonRegions | None = None,
) -> list[Path]:
    """Write ``NAME_{view}_{hotspots,classes,regions}.png``: hotspots with 16 bits, the others with 8.

    Returns
    -------
    list of Path
        The files written.
    """
    written = []
    for kind, given, bits in (("hotspots", hotspots, 16), ("classes", classes, 8), ("regions", regions, 8)):
        for view in VIEWS:
            labels = None if given is None else given.labels(view)  # type: ignore[attr-defined]
            if labels is not None:
                path = Path(folder) / f"{name}_{view}_{kind}.png"
                write_labels(path, labels, bits=bits)
                written.append(path)
    return written

"""Hotspots, classes and regions in label files beside a scan, on the pixels of the scan's own files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.axis import body
from napari_tbcad.bone.boxed import hotspots_from_boxes, mirrored
from napari_tbcad.bone.classes import ClassImages
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.label_arrays import MOST_IDS
from napari_tbcad.bone.label_makers import by_file, facts_in
from napari_tbcad.bone.partner import link_partners
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.io.labels import LABEL_SUFFIXES, read_labels, write_labels
from napari_tbcad.io.voc import read_voc
from napari_tbcad.schemes import FOUR_CLASS, REGION_NAMES

_BINARY = (1, 255, 65535)
_SUFFIXES = {
    "hotspots": (*LABEL_SUFFIXES, ".dcm"),
    "classes": LABEL_SUFFIXES,
    "regions": (*LABEL_SUFFIXES, ".dcm"),
    "boxes": (".xml",),
}
_MOST_OUTSIDE = 0.5


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

    Hotspots and regions may also be DICOM segmentations (.dcm); those of hotspots hold their classes.

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
            for suffix in _SUFFIXES[kind]:
                path = folder / f"{name}_{view}_{kind}{suffix}"
                if path.is_file():
                    paths[view] = path
                    break
    return LabelFiles(**found)


def read_hotspots(
    files: LabelFiles, scan: BoneScan, automatic: Hotspots | None = None, *, scheme: str = "4"
) -> Hotspots | None:
    """Make hotspots of label files; None where no file says anything of hotspots.

    What label images cannot say: links are proposed anew
    (:func:`~napari_tbcad.bone.partner.link_partners`); a hotspot with the very pixels of an automatic one
    keeps its probability and uncertainty, its class where no class image is given, and non-bone uptake where
    the image says normal, which stands for both. Any other hotspot without a class is abnormal.

    Parameters
    ----------
    files : LabelFiles
    scan : BoneScan
    automatic : Hotspots, optional
        What the program found: holds in a view without files, which is empty when this is left out.
    scheme : {"4", "3"}, optional
        Scheme of the class images. A hotspot instance on their bone is a normal one by the 3-class scheme,
        an ignored one by the other.

    Raises
    ------
    BadInput
        Naming the file that has another size than the scan, lies the other way round, has other values, or a
        view that the scan lacks when no file has another.
    """
    if not files.has_hotspots:
        return None
    warnings = _unused((files.hotspots, files.classes, files.boxes), scan)
    arrays: dict[ViewName, NDArray[np.int64]] = {}
    marks: dict[ViewName, dict[int, Mark]] = {}
    for name, view in scan:
        if any(name in kind for kind in (files.hotspots, files.classes, files.boxes)):
            arrays[name], classes = _given(files, name, scan, scheme, warnings)
            warnings.extend(_outside(arrays[name], view.counts, files, name))
            found = {} if automatic is None else _as_found(arrays[name], automatic, name)
            said = facts_in(files, name)
            marks[name] = {
                number: by_file(_mark(number, name, classes.get(number), found.get(number)), said.get(number))
                for number in _ids(arrays[name])
            }
        else:
            own = None if automatic is None else automatic.labels(name)
            arrays[name] = np.zeros(view.counts.shape, np.int64) if own is None else own.astype(np.int64)
            known = {} if automatic is None else automatic.by_id()
            marks[name] = {number: replace(known[number], linked=None) for number in _ids(arrays[name])}
    _part_ids(arrays, marks)
    given = Hotspots(
        arrays.get("anterior"),  # type: ignore[arg-type]
        arrays.get("posterior"),  # type: ignore[arg-type]
        tuple(mark for of_view in marks.values() for mark in of_view.values()),
        tuple(warnings),
        scan.record,
    )
    return link_partners(scan, given)


def _unused(kinds: tuple[Mapping[str, Path], ...], scan: BoneScan) -> list[str]:
    """Tell of files for a view that the scan lacks; raises when there are no others."""
    there = {view for view, _ in scan}
    unused = [(view, path) for kind in kinds for view, path in kind.items() if view not in there]
    if unused and not any(view in there for kind in kinds for view in kind):
        view, path = unused[0]
        raise BadInput(path, f"the scan has no {view} view")
    return [f"{path.name} was not used: the scan has no {view} view." for view, path in unused]


def _as_found(labels: NDArray[np.int64], automatic: Hotspots, view: ViewName) -> dict[int, Mark]:
    """Return the automatic marks of those hotspots that have the very pixels of an automatic one."""
    own = automatic.labels(view)
    if own is None:
        return {}
    areas, own_areas = np.bincount(labels.ravel()), np.bincount(own.ravel())
    pairs, shared = np.unique(labels * (MOST_IDS + 1) + own, return_counts=True)
    known = automatic.by_id()
    return {
        int(number): known[int(there)]
        for number, there, n in zip(*np.divmod(pairs, MOST_IDS + 1), shared, strict=True)
        if number and there and n == areas[number] == own_areas[there]
    }


def _mark(number: int, view: ViewName, label: str | None, found: Mark | None) -> Mark:
    """Return the mark of a given hotspot by its class in the file and the automatic one it is, if any."""
    judged = label is not None or found is None
    if found is not None and (label is None or (label, found.label) == ("normal", "non_bone")):
        label = found.label
    mark = Mark(number, view, label or "abnormal", "file", judged)
    if found is None:
        return mark
    return replace(mark, probability=found.probability, uncertainty=found.uncertainty)


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
    files: LabelFiles, view: ViewName, scan: BoneScan, scheme: str, warnings: list[str]
) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Return the instances of one view and the class of each."""
    shape, own = scan.shape, scan.view(view)
    assert own is not None
    if view not in files.hotspots and view not in files.classes:
        boxes = read_voc(files.boxes[view], shape).boxes
        if own.mirrored:
            boxes = tuple(mirrored(box, shape[1]) for box in boxes)
        found = hotspots_from_boxes(scan, {view: boxes}, source=files.boxes[view])
        warnings.extend(found.warnings)
        return np.asarray(found.labels(view), np.int64), {mark.id: mark.label for mark in found.marks}
    image = None
    if view in files.classes:
        image = own.stored(read_labels(files.classes[view], shape, most=255))
        _known_values(files.classes[view], image)
    if view not in files.hotspots:
        assert image is not None
        return _pieces(image)
    path = files.hotspots[view]
    if path.suffix == ".dcm":
        from napari_tbcad.io.clinic.segmentation_labels import hotspots_of
        from napari_tbcad.io.clinic.segmentation_subject import subject_notes

        warnings.extend(subject_notes(path, own.source))
        found_labels, named = hotspots_of(path, shape)
        labels = own.stored(found_labels).astype(np.int64)
        return labels, named if image is None else _classes_of(labels, image, scheme)
    labels = own.stored(read_labels(path, shape)).astype(np.int64)
    values = np.unique(labels[labels > 0])
    if values.size == 1 and values[0] in _BINARY:
        pieces, number = ndimage.label(labels > 0, np.ones((3, 3)))
        if number > 1:
            warnings.append(f"{path.name} has one value only: each of its {number} pieces is a hotspot.")
            labels = pieces.astype(np.int64)
    if image is None:
        if values.size:
            warnings.append(
                f"{path.name} comes without classes: its hotspots are taken for abnormal, but for those that "
                "are as the program found them."
            )
        return labels, {}
    if stray := np.count_nonzero((image == FOUR_CLASS.ids["abnormal"]) & (labels == 0)):
        said = f"{files.classes[view].name}: {stray} abnormal pixels are in no hotspot of {path.name}"
        warnings.append(f"{said}; they do not count.")
    classes = _classes_of(labels, image, scheme)
    if ignored := [number for number, label in classes.items() if label == "ignore"]:
        warnings.append(
            f"{files.classes[view].name} has no class for most pixels of hotspot "
            f"{', '.join(map(str, ignored))} of {path.name}: taken as ignored."
        )
    return labels, classes


def _known_values(path: Path, image: NDArray[Any]) -> None:
    strange = sorted(set(np.unique(image).tolist()) - set(FOUR_CLASS.ids.values()))
    if strange:
        raise BadInput(
            path, f"classes are 0 background, 1 bone, 2 abnormal, 3 normal; this has {strange[:6]}"
        )


def _classes_of(labels: NDArray[np.int64], image: NDArray[Any], scheme: str) -> dict[int, str]:
    """Return the class of each instance by most of its pixels (the lowest value in a tie)."""
    n = max(FOUR_CLASS.ids.values()) + 1
    on_bone = "normal" if scheme == "3" else "ignore"
    names = {0: "ignore", FOUR_CLASS.ids["bone"]: on_bone, FOUR_CLASS.ids["abnormal"]: "abnormal"}
    votes = np.bincount((labels * n + image).ravel())
    votes = np.pad(votes, (0, -votes.size % n)).reshape(-1, n)
    return {number: names.get(int(votes[number].argmax()), "normal") for number in _ids(labels)}


def _pieces(image: NDArray[Any]) -> tuple[NDArray[np.int64], dict[int, str]]:
    labels = np.zeros(image.shape, np.int64)
    classes: dict[int, str] = {}
    for label in ("abnormal", "normal"):
        pieces, number = ndimage.label(image == FOUR_CLASS.ids[label], np.ones((3, 3)))
        first = len(classes)
        labels[pieces > 0] = pieces[pieces > 0] + first
        classes.update({first + k: label for k in range(1, number + 1)})
    return labels, classes


def _outside(labels: NDArray[Any], counts: NDArray[Any], files: LabelFiles, view: ViewName) -> Iterator[str]:
    """Warn of hotspots that lie beside the patient."""
    path = next(kind[view] for kind in (files.hotspots, files.classes, files.boxes) if view in kind)
    inside = body(counts)
    for number in np.unique(labels[labels > 0]):
        share = 1 - inside[labels == number].mean()
        if share > _MOST_OUTSIDE:
            yield f"{path.name}: hotspot {number} lies outside the body."


def read_regions(
    files: LabelFiles, scan: BoneScan, automatic: SkeletonRegions | None = None
) -> SkeletonRegions | None:
    """Make skeleton regions of label files; None where there are none.

    Raises
    ------
    BadInput
        Naming the file that has another size than the scan, lies the other way round, has values above 12 or
        overlapping regions, or a view that the scan lacks when no file has another.
    """
    if not files.regions:
        return None
    arrays: dict[ViewName, NDArray[np.uint8] | None] = dict.fromkeys(VIEWS)
    warnings = _unused((files.regions,), scan)
    for name, view in scan:
        if name in files.regions:
            shape = (view.counts.shape[0], view.counts.shape[1])
            path = files.regions[name]
            if path.suffix == ".dcm":
                from napari_tbcad.io.clinic.segmentation_labels import regions_of
                from napari_tbcad.io.clinic.segmentation_subject import subject_notes

                warnings.extend(subject_notes(path, view.source))
                labels = regions_of(path, shape)
            else:
                labels = read_labels(path, shape, most=len(REGION_NAMES))
            arrays[name] = view.stored(labels).astype(np.uint8)
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
    scan: BoneScan | None = None,
) -> list[Path]:
    """Write ``NAME_{view}_{hotspots,classes,regions}.png``: hotspots with 16 bits, the others with 8.

    Parameters
    ----------
    folder, name : str
        Where to, and NAME.
    hotspots, classes, regions : optional
        What there is to write.
    scan : BoneScan, optional
        Tells which views were mirrored on reading: their labels are written as they lie in the file.

    Returns
    -------
    list of Path
        The files written.
    """
    written = []
    for kind, given, bits in (("hotspots", hotspots, 16), ("classes", classes, 8), ("regions", regions, 8)):
        for view in VIEWS:
            labels = None if given is None else given.labels(view)  # type: ignore[attr-defined]
            own = None if scan is None else scan.view(view)
            if labels is not None:
                path = Path(folder) / f"{name}_{view}_{kind}.png"
                write_labels(path, labels if own is None else own.stored(labels), bits=bits)
                written.append(path)
    return written

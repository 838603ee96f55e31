"""One image of a BS-80K data set turned into an image with a label image to learn from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.box import BoxParameters
from napari_tbcad.bone.skeleton import RegionParameters
from napari_tbcad.content import content_key, digest
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.imaging.bonescan import BoneScan, ScanView
from napari_tbcad.io.bs80k import Bs80kImage, Problem, below
from napari_tbcad.plain_text import parse_json
from napari_tbcad.record import Parameters, field
from napari_tbcad.schemes import FOUR_CLASS, IGNORE, REGION_IDS, REGION_NAMES

What = Literal["hotspots", "regions"]

SHAPE = (1024, 256)
"""Rows and columns of the data set's images."""

_RECIPE = "1"
"""Of the label images: another one makes them anew."""


class BoneSetParameters(Parameters):
    """How label images are made of a data set's boxes and labels."""

    contradicting: Literal["leave out", "boxes"] = field(
        "leave out",
        title="Contradictions",
        description="An image whose label says normal but that has an abnormal box, or the other way round. "
        "leave out: not used. boxes: the boxes are believed.",
    )
    bone: Literal["regions", "counts"] = field(
        "regions",
        title="Bone",
        description="What counts as bone beside the hotspots. regions: the skeleton regions and where the "
        "counts say so. counts: where the counts say so alone, which takes no region segmenter.",
    )
    folds: int = field(
        5, title="Folds", ge=2, le=50, description="Number of folds; a patient is in one, in both views."
    )
    box: BoxParameters = BoxParameters()


@dataclass(frozen=True)
class LabelJob:
    """What is made of every image.

    Parameters
    ----------
    folder : Path
        The data set.
    out : Path
        The set that is made.
    what : {"hotspots", "regions"}
    parameters : BoneSetParameters
    regions : RegionParameters
        How the regions are found that count as bone beside the hotspots.
    """

    folder: Path
    out: Path
    what: What = "hotspots"
    parameters: BoneSetParameters = BoneSetParameters()
    regions: Any = RegionParameters()


@dataclass(frozen=True)
class LabelItem:
    """An image and a person's region mask of it, if there is one."""

    image: Bs80kImage
    regions: Path | None = None


@dataclass(frozen=True)
class Labelled:
    """What became of an image.

    Parameters
    ----------
    key : str
        Digest of all it was made from.
    row : mapping or None
        Its row of the table; None where it is left out.
    problems : tuple of Problem
    """

    key: str
    row: Mapping[str, Any] | None
    problems: tuple[Problem, ...] = ()

    def to_json(self) -> str:
        """Return a line of text without line breaks."""
        return json.dumps({**asdict(self), "problems": [asdict(one) for one in self.problems]})

    @classmethod
    def from_json(cls, text: str) -> Labelled:
        """Read what :meth:`to_json` wrote; raises ValueError, KeyError or TypeError for anything else."""
        content = parse_json(text)
        row = content["row"]
        if row is not None and not isinstance(row["label"], str):
            raise TypeError("label")
        return cls(str(content["key"]), row, tuple(Problem(**one) for one in content["problems"]))


class _LeftOut(Exception):
    """An image is not used; with the kind of the cause and a sentence."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


def label_key(item: LabelItem, job: LabelJob) -> str:
    """Return a digest of an image's files, what is said of it and the parameters.

    Raises
    ------
    OSError
        If a file is gone.
    """
    files = [path for path in (item.image.image, item.image.boxes, item.regions) if path is not None]
    stats = [
        f"{below(path, job.folder)}|{(stat := path.stat()).st_mtime_ns}|{stat.st_size}" for path in files
    ]
    parts = (job.what, repr(item.image.abnormal), item.image.patient, content_key(job.parameters.box))
    # The device changes no label worth the name: another one does not make all of them anew.
    network = job.regions.network.model_copy(update={"device": "auto"})
    regions = job.regions.model_copy(update={"network": network})
    bone = content_key(regions) if job.parameters.bone == "regions" else ""
    rest = (job.parameters.contradicting, job.parameters.bone, bone)
    return digest(_RECIPE, *stats, *parts, *rest)


def label_name(image: Bs80kImage) -> str:
    """Return the place of an image's label image in the set."""
    return f"labels/{image.number}_{image.view}.png"


def make_label(item: LabelItem, job: LabelJob) -> Labelled:
    """Read an image, make its label image and write it; every trouble becomes a problem.

    Parameters
    ----------
    item : LabelItem
    job : LabelJob

    Raises
    ------
    BadInput
        If the label image cannot be written: then none can.
    """
    from napari_tbcad.io.labels import write_labels

    problems: list[Problem] = []
    name = below(item.image.image, job.folder)
    key = ""
    try:
        key = label_key(item, job)
        labels, facts = (_hotspots if job.what == "hotspots" else _regions)(item, job, name, problems)
    except _LeftOut as error:
        return Labelled(key, None, (*problems, Problem(name, error.kind, error.message)))
    except (TbcadError, OSError, MemoryError) as error:
        said = str(error) or type(error).__name__
        return Labelled(key, None, (*problems, Problem(name, "unreadable", said)))
    try:
        write_labels(job.out / label_name(item.image), labels)
    except OSError as error:
        raise BadInput(job.out, f"cannot write there ({error.strerror or error})") from error
    return Labelled(key, {"label": label_name(item.image), **facts}, tuple(problems))


def _read(item: LabelItem, name: str, problems: list[Problem]) -> NDArray[np.float32]:
    from napari_tbcad.io.scan_images import read_scan_image

    said: list[str] = []
    views, facts = read_scan_image(item.image.image, said)
    if facts["parted"] or len(views) != 1:
        raise _LeftOut("unreadable", "two bodies in one image")
    if facts["inverted"]:
        raise _LeftOut("unreadable", "the body is dark on a light ground; save it with a bright body")
    problems += [Problem(name, "image", text, used=True) for text in said]
    if views[0].shape != SHAPE:
        rows, columns = views[0].shape
        text = f"{columns} × {rows} pixels, usual are {SHAPE[1]} × {SHAPE[0]}"
        problems.append(Problem(name, "other size", text, used=True))
    return views[0]


def _scan(item: LabelItem, pixels: NDArray[np.float32]) -> BoneScan:
    view = ScanView(pixels, rule="file_name", source=str(item.image.image))
    views = {"anterior": None, "posterior": None, item.image.view: view}
    return BoneScan(**views, unit="grey", source=str(item.image.image))  # type: ignore[arg-type]


def _hotspots(
    item: LabelItem, job: LabelJob, name: str, problems: list[Problem]
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Four classes of one image: its hotspots by box and threshold, bone beside them."""
    from napari_tbcad.bone.boxed import hotspots_from_boxes
    from napari_tbcad.bone.classes import class_images
    from napari_tbcad.bone.skeleton import find_regions
    from napari_tbcad.io.voc import read_voc

    image = item.image
    pixels = _read(item, name, problems)
    shape = (pixels.shape[0], pixels.shape[1])
    boxes = () if image.boxes is None else read_voc(image.boxes, shape).boxes
    n_abnormal = sum(box.label.strip().lower() == "abnormal" for box in boxes)
    _require_agreement(image.abnormal, n_abnormal, len(boxes), job, name, problems)
    scan = _scan(item, pixels)
    hotspots = hotspots_from_boxes(scan, {image.view: boxes}, job.parameters.box, source=image.boxes)
    regions, bone = None, "counts"
    if item.regions is not None:
        regions, bone = _given_regions(item, shape), "given"
    elif job.parameters.bone == "regions":
        regions = find_regions(scan, None, job.regions)
        bone = regions.segmenter or "atlas"
        problems += [Problem(name, "regions", text, used=True) for text in regions.warnings]
    labels = class_images(hotspots, regions, scan).labels(image.view)
    assert labels is not None
    labels = labels.copy()
    for box in boxes:
        part = labels[box.top : box.bottom, box.left : box.right]
        if not np.isin(part, (FOUR_CLASS.ids["abnormal"], FOUR_CLASS.ids["normal"])).any():
            part[:] = IGNORE  # something was seen there, but not which pixels
            text = f"the box {box.bounds} has one grey value: its pixels are left out"
            problems.append(Problem(name, "box without contrast", text, used=True))
    return labels, {"n_abnormal": n_abnormal, "n_normal": len(boxes) - n_abnormal, "bone": bone}


def _require_agreement(
    abnormal: bool | None, n_abnormal: int, n_boxes: int, job: LabelJob, name: str, problems: list[Problem]
) -> None:
    """Leave out an image whose hotspots are not known, or whose label and boxes contradict each other."""
    if abnormal is None:
        if not n_boxes:
            raise _LeftOut("no label", "neither label nor boxes: whether it is clean is not known")
        problems.append(Problem(name, "no label", "it has boxes but no label", used=True))
        return
    if abnormal and not n_boxes:
        raise _LeftOut("abnormal without boxes", "labelled abnormal without boxes: where is not known")
    if abnormal == bool(n_abnormal):
        return
    one, other = ("abnormal", "no abnormal box") if abnormal else ("normal", f"{n_abnormal} abnormal boxes")
    text = f"labelled {one} but has {other}"
    if job.parameters.contradicting == "leave out":
        raise _LeftOut("label against boxes", text)
    problems.append(Problem(name, "label against boxes", text, used=True))


def _given_regions(item: LabelItem, shape: tuple[int, int]) -> Any:
    from napari_tbcad.bone.regions import SkeletonRegions
    from napari_tbcad.io.labels import read_labels

    assert item.regions is not None
    labels = read_labels(item.regions, shape, most=len(REGION_NAMES))
    views = {"anterior": None, "posterior": None, item.image.view: labels}
    return SkeletonRegions(**views)  # type: ignore[arg-type]


def _regions(
    item: LabelItem, job: LabelJob, name: str, problems: list[Problem]
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """The twelve regions of one image, as a person's mask has them."""
    if item.regions is None:
        raise _LeftOut("no region mask", f"there is no region mask of {item.image.number}, {item.image.view}")
    pixels = _read(item, name, problems)
    labels = _given_regions(item, (pixels.shape[0], pixels.shape[1])).labels(item.image.view)
    if not labels.any():
        raise _LeftOut("no region mask", f"the mask {item.regions.name} is empty")
    labels = labels.copy()
    if item.image.view == "posterior":
        # What a posterior view shows of the sternum lies behind the spine: no statement.
        labels[labels == REGION_IDS["sternum"]] = IGNORE
    return labels, {"n_abnormal": None, "n_normal": None}

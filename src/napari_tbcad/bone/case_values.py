"""The values of the bone chain as label images, arrays and JSON values of a case, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from napari_tbcad.bone.bsi import BoneScanIndex
from napari_tbcad.bone.classes import ClassImages
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.measure import HotspotRow, HotspotTable
from napari_tbcad.bone.quality import ScanQuality
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.case_readings import RECORD, plain
from napari_tbcad.content import content_key
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView
from napari_tbcad.io.scans import Study

Arrays = dict[str, NDArray[Any]]

LABELLED = ("regions", "hotspots", "classes")
"""Values that are label images of both views."""

INDEX: TypeAdapter[BoneScanIndex] = TypeAdapter(BoneScanIndex)
QUALITY: TypeAdapter[ScanQuality] = TypeAdapter(ScanQuality)
_MARKS: TypeAdapter[tuple[Mark, ...]] = TypeAdapter(tuple[Mark, ...])
_ROWS: TypeAdapter[tuple[HotspotRow, ...]] = TypeAdapter(tuple[HotspotRow, ...])


def label_name(view: str, name: str) -> str:
    """Return what the label image of a view is called in a case, such as ``"anterior_hotspots"``."""
    return f"{view}_{name}"


def labels_of(name: str, value: Any) -> Arrays:
    """Return the label images of a value by their names in a case."""
    return {label_name(view, name): array for view in VIEWS if (array := value.labels(view)) is not None}


def said_of(value: Any) -> tuple[dict[str, Any], Arrays]:
    """Return what else there is to say of regions, hotspots or class images: JSON values, and arrays."""
    said: dict[str, Any] = {"warnings": list(value.warnings), "record": plain(value.record)}
    if isinstance(value, Hotspots):
        return said | {"marks": _MARKS.dump_python(value.marks, mode="json")}, {}
    if isinstance(value, ClassImages):
        return said | {"scheme": value.scheme}, {}
    arrays = {array_name(view, array): array for view, array in value.uncertainty.items()}
    names = {view: array_name(view, array) for view, array in value.uncertainty.items()}
    return said | {"scores": value.scores, "segmenter": value.segmenter, "uncertainty": names}, arrays


def array_name(view: str, array: NDArray[Any]) -> str:
    """Return what the uncertainty of a view's regions is called: readings that share it keep it once."""
    return f"{label_name(view, 'regions')}_uncertainty_{content_key(array)[:12]}"


def labelled(name: str, said: Mapping[str, Any], labels: Arrays, arrays: Arrays) -> Any:
    """Return regions, hotspots or class images from what :func:`labels_of` and :func:`said_of` gave.

    Raises
    ------
    KeyError, TypeError, ValueError
        If parts are missing or do not fit each other.
    """
    images: dict[str, Any] = {view: labels.get(label_name(view, name)) for view in VIEWS}
    common: dict[str, Any] = {
        "warnings": tuple(said["warnings"]),
        "record": RECORD.validate_python(said["record"]),
    }
    if name == "hotspots":
        return Hotspots(**images, marks=_MARKS.validate_python(said["marks"]), **common)
    if name == "classes":
        return ClassImages(**images, scheme=said["scheme"], **common)
    unsure = {view: arrays[array] for view, array in said["uncertainty"].items()}
    for view, array in unsure.items():
        if array.dtype != np.float32 or array.shape != np.shape(images[view]):
            raise ValueError(f"the uncertainty of the {view} regions does not fit them")
    return SkeletonRegions(
        **images, scores=dict(said["scores"]), segmenter=said["segmenter"], uncertainty=unsure, **common
    )


def scan_said(scan: BoneScan, study: Study) -> dict[str, Any]:
    """Return how the views of a study were named, without their pixels, which the study has."""
    frames = {(frame.facts.source, frame.facts.frame): n for n, frame in enumerate(study.frames)}
    return {
        "views": {
            name: {
                "frame": _frame_of(view, study, frames.get((view.source, view.frame))),
                "rule": view.rule,
                "confidence": view.confidence,
                "mirrored": view.mirrored,
            }
            for name, view in scan
        },
        "spacing_mm": None if scan.spacing_mm is None else list(scan.spacing_mm),
        "warnings": list(scan.warnings),
        "record": plain(scan.record),
    }


def _frame_of(view: ScanView, study: Study, likely: int | None) -> int:
    """Return which frame a view is; both halves of one image have one source."""
    order = range(len(study.frames)) if likely is None else [likely, 1 - likely][: len(study.frames)]
    stored = view.stored(view.counts)
    return next(n for n in order if np.array_equal(study.frames[n].pixels, stored))


def scan_back(said: Mapping[str, Any], study: Study) -> BoneScan:
    """Return the named views of a study; raises as :func:`labelled` does."""
    views: dict[str, ScanView] = {}
    for name, one in said["views"].items():
        frame = study.frames[one["frame"]]
        pixels = frame.pixels[:, ::-1] if one["mirrored"] else frame.pixels
        views[name] = ScanView(
            pixels,
            rule=one["rule"],
            confidence=one["confidence"],
            mirrored=one["mirrored"],
            source=frame.facts.source,
            frame=frame.facts.frame,
        )
    spacing = said["spacing_mm"]
    return BoneScan(
        views.get("anterior"),
        views.get("posterior"),
        spacing_mm=None if spacing is None else tuple(spacing),
        unit=study.unit,
        date=study.date,
        source=study.source,
        warnings=tuple(said["warnings"]),
        record=RECORD.validate_python(said["record"]),
    )


def table_said(table: HotspotTable) -> dict[str, Any]:
    """Return a table of hotspots as JSON values."""
    rows = _ROWS.dump_python(table.rows, mode="json")
    return {"rows": rows, "warnings": list(table.warnings), "record": plain(table.record)}


def table_back(said: Mapping[str, Any]) -> HotspotTable:
    """Return the table of hotspots; raises as :func:`labelled` does."""
    record = RECORD.validate_python(said["record"])
    return HotspotTable(_ROWS.validate_python(said["rows"]), tuple(said["warnings"]), record)


def tables(table: HotspotTable | None, index: BoneScanIndex | None) -> dict[str, dict[str, list[Any]]]:
    """Return the tables for people: hotspots, and each region's part in the index, column by column."""
    found: dict[str, dict[str, list[Any]]] = {}
    if table is not None:
        rows = table.as_dicts()
        found["hotspots"] = {name: [row[name] for row in rows] for name in table.columns()}
    if index is not None:
        names = [name for name in vars(index.regions[0]) if name != "pooled_with"] if index.regions else []
        found["regions"] = {name: [getattr(row, name) for row in index.regions] for name in names}
    return found

"""What a comparison of two scans needs of each, and how it is read from a folder of results."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.bsi import BoneScanIndex, RegionShare
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.label_files import find_label_files
from napari_tbcad.bone.measure import HotspotRow, HotspotTable
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput
from napari_tbcad.files import read_rows
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView
from napari_tbcad.io.labels import read_labels
from napari_tbcad.record import Record, Step


class Comparable(Protocol):
    """What a comparison needs of a scan; a :class:`~napari_tbcad.bone.workflow.BoneAnalysis` is one."""

    @property
    def scan(self) -> BoneScan:
        """The views, for their size, spacing and date."""

    @property
    def regions(self) -> SkeletonRegions:
        """The skeleton regions."""

    @property
    def hotspots(self) -> Hotspots:
        """The hotspots."""

    @property
    def table(self) -> HotspotTable:
        """Their measures."""

    @property
    def index(self) -> BoneScanIndex:
        """The index."""

    @property
    def record(self) -> Record:
        """How all that was made."""


@dataclass(frozen=True, eq=False)
class ComparedScan:
    """One of two scans that are compared; see :class:`Comparable`."""

    scan: BoneScan
    regions: SkeletonRegions
    hotspots: Hotspots
    table: HotspotTable
    index: BoneScanIndex
    record: Record = Record()


def scans_in_results(folder: str | Path) -> dict[str, str]:
    """Return the scans of a folder that ``bone run`` wrote: NAME in the files' names, by path of the scan.

    Raises
    ------
    BadInput
        If it is no such folder, or none of its scans was done.
    """
    folder = Path(folder)
    rows = [row for row in _rows(folder / "results.csv") if row.get("status") == "ok"]
    names = {path.stem for path in (folder / "records").glob("*.json")}
    found = {}
    for row in rows:
        # NAME is the path below some folder with "__" for each "/": the longest one there is.
        parts = Path(row["file"].replace("\\", "/")).with_suffix("").parts
        tails = ("__".join(parts[n:]) for n in range(len(parts)))
        if (name := next((tail for tail in tails if tail in names), None)) is not None:
            found[name] = row["file"]
    if not found:
        raise BadInput(folder, "no scan in it was done, or its files are gone")
    return found


def compared_from_results(folder: str | Path, name: str | None = None) -> ComparedScan:
    """Read what ``bone run`` wrote of a scan; the scan itself is not needed.

    Parameters
    ----------
    folder : str or Path
        With results.csv, hotspots.csv, regions.csv, masks and records.
    name : str, optional
        NAME of the scan in the files' names; not needed where there is one only.

    Returns
    -------
    ComparedScan
        The views have no counts, and spacing and date are unknown: the folder does not say them. Uptake is
        compared by the ratios of hotspots.csv.

    Raises
    ------
    BadInput
        If the folder is of another kind, files are missing, or there are several scans and none is named.
    """
    folder = Path(folder)
    known = scans_in_results(folder)
    if name is None and len(known) > 1:
        raise BadInput(folder, f"it has {len(known)} scans; say which")
    name = next(iter(known)) if name is None else name
    if name not in known:
        raise BadInput(folder, f"it has no scan {name}")
    file = known[name]
    try:
        row = next(one for one in _rows(folder / "results.csv") if one["file"] == file)
        regions_rows = [one for one in _rows(folder / "regions.csv") if one["file"] == file]
        hotspot_rows = [one for one in _rows(folder / "hotspots.csv") if one["file"] == file]
        record = Record.load(folder / "records" / f"{name}.json")
        mirrored = _mirrored(record)
        files = find_label_files(folder / "masks", name)
        regions, spots = (_labels(kind, mirrored) for kind in (files.regions, files.hotspots))
        widths = {view: labels.shape[1] for view, labels in regions.items()}
        table = tuple(sorted((_hotspot(one, mirrored, widths) for one in hotspot_rows), key=lambda r: r.id))
        views = {view: _view(labels, row, view, mirrored) for view, labels in regions.items()}
        return ComparedScan(
            BoneScan(
                views.get("anterior"),
                views.get("posterior"),
                unit="grey" if row["unit"] == "grey" else "counts",
                source=file,
            ),
            SkeletonRegions(regions.get("anterior"), regions.get("posterior")),
            Hotspots(spots.get("anterior"), spots.get("posterior"), tuple(map(_mark, table))),
            HotspotTable(table),
            _index(row, regions_rows, table),
            record,
        )
    except (KeyError, StopIteration, ValueError, OSError) as error:
        cause = error.cause if isinstance(error, BadInput) else repr(error)
        raise BadInput(folder, f"its results of {name} cannot be read ({cause})") from error


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(read_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, "this is no folder that `bone run` wrote") from error


def _mirrored(record: Record) -> set[str]:
    """Return the views that were turned on reading: label images and places are those of the files."""
    facts: dict[str, Any] = {}
    for entry in record:
        if isinstance(entry, Step) and entry.name == "views":
            facts = dict(entry.facts)
    return {view for view in VIEWS if isinstance(facts.get(view), dict) and facts[view].get("mirrored")}


def _labels(files: Mapping[str, Path], mirrored: set[str]) -> dict[str, NDArray[Any]]:
    found = {view: read_labels(path) for view, path in files.items()}
    return {view: image[:, ::-1] if view in mirrored else image for view, image in found.items()}


def _view(labels: NDArray[Any], row: Mapping[str, str], view: str, mirrored: set[str]) -> ScanView:
    rule = row.get(f"{view}_rule") or "person"
    return ScanView(np.zeros(labels.shape, np.float32), rule, mirrored=view in mirrored)


def _hotspot(row: Mapping[str, str], mirrored: set[str], widths: Mapping[str, int]) -> HotspotRow:
    """Return a row of hotspots.csv as it was."""
    values: dict[str, Any] = {}
    for field in fields(HotspotRow):
        text, kind = row.get(field.name) or "", str(field.type)
        if not text and "None" in kind:
            values[field.name] = None
        elif kind == "bool":
            values[field.name] = text.lower() in ("true", "1")
        elif kind.startswith("int"):
            values[field.name] = int(text)
        elif kind.startswith("float"):
            values[field.name] = float(text)
        else:
            values[field.name] = text
    if values["view"] in mirrored:
        width = widths[values["view"]]
        left, right = values["left"], values["right"]
        values |= {"column": width - 1 - values["column"], "left": width - right, "right": width - left}
    return HotspotRow(**values)


def _mark(row: HotspotRow) -> Mark:
    return Mark(
        row.id,
        row.view,
        row.label,
        row.origin,  # type: ignore[arg-type]
        row.judged,
        row.probability,
        row.linked,
        row.uncertainty,
    )


def _index(
    row: Mapping[str, str], regions: list[dict[str, str]], table: tuple[HotspotRow, ...]
) -> BoneScanIndex:
    shares = tuple(
        RegionShare(
            one["region"],
            _number(one["fraction_anterior"]),
            _number(one["fraction_posterior"]),
            float(one["weight"]),
            _number(one["contribution"]),
            tuple(filter(None, one["pooled_with"].split("+"))),
            _number(one["contribution_judged"]),
        )
        for one in regions
    )
    outside = tuple(one.id for one in table if one.label == "abnormal" and one.region == "outside")
    return BoneScanIndex(
        value=float(row["bsi"]),
        judged_value=_number(row["bsi_judged"]),
        weights=row["weights"],
        combine=row["combine"],  # type: ignore[arg-type]
        regions=shares,
        n_abnormal=int(row["n_abnormal"]),
        n_lesions=int(row["n_lesions"]),
        n_judged=int(row["n_judged"]),
        excluded={label: int(row[f"n_{label}"]) for label in ("normal", "non_bone", "ignore")},
        outside=outside[: int(row["n_outside"])],
        outside_pixels={},
        counts={view: _number(row[f"counts_{view}"]) for view in VIEWS if row.get(f"{view}_rule")},
    )


def _number(text: str) -> float | None:
    return float(text) if text else None

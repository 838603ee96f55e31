"""What a report of a bone scan tells, gathered from its case and, where it is at hand, its scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.bone.bsi import BoneScanIndex
from napari_tbcad.bone.case_values import INDEX, QUALITY, labelled, scan_back, table_back
from napari_tbcad.bone.cases import GIVEN, analysis_of, mismatches, study_for
from napari_tbcad.bone.compare import ComparisonResult, compare_scans
from napari_tbcad.bone.compared import ComparedScan
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.measure import HotspotTable
from napari_tbcad.bone.quality import ScanQuality
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.case import Case, Reading
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.case_parts import CaseSubject, at_hand, cause_of
from napari_tbcad.evaluate.reports.case_privacy import bare, folders_of
from napari_tbcad.evaluate.reports.case_reading import chosen
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan

if TYPE_CHECKING:
    from napari_tbcad.io.scans import Study


@dataclass(frozen=True, eq=False, kw_only=True)
class ScanSubject(CaseSubject):
    """What a report of a bone scan tells, beside what every report of a case does.

    Parameters
    ----------
    scan : BoneScan or None
        Its named views; None where it is not at hand or its views were not named.
    automatic, used : mapping of str to SkeletonRegions or Hotspots
        By name: as the program found them, and as they stand.
    table : HotspotTable or None
    value : BoneScanIndex or None
        As it was saved.
    quality : ScanQuality or None
    compared : ComparisonResult or None
        With an earlier scan.
    earlier : str
        What that is called.
    """

    scan: BoneScan | None = None
    automatic: dict[str, Any] = field(default_factory=dict)
    used: dict[str, Any] = field(default_factory=dict)
    table: HotspotTable | None = None
    value: BoneScanIndex | None = None
    quality: ScanQuality | None = None
    compared: ComparisonResult | None = None
    earlier: str = ""

    @property
    def corrected(self) -> tuple[str, ...]:
        """What stands as a person left it: regions, hotspots, both or none."""
        return tuple(name for name in GIVEN if name in self.reading.values.get("given", {}))

    @property
    def regions(self) -> SkeletonRegions | None:
        """The regions as they stand."""
        return self.used.get("regions")

    @property
    def hotspots(self) -> Hotspots | None:
        """The hotspots as they stand."""
        return self.used.get("hotspots")

    @property
    def views(self) -> tuple[str, ...]:
        """The views that there is something of."""
        if self.scan is not None:
            return tuple(view for view, _ in self.scan)
        known = [one for one in (self.regions, self.hotspots) if one is not None]
        return tuple(view for view in VIEWS if any(one.labels(view) is not None for one in known))


def scan_subject(
    case: Case,
    path: str | Path,
    *,
    reading: int | None = None,
    study: Study | None = None,
    earlier: str | Path | None = None,
    compared: ComparisonResult | None = None,
    blind: bool = False,
) -> ScanSubject:
    """Gather what a report of a bone scan tells; nothing is searched for anew.

    Parameters
    ----------
    case : Case
        A bone case.
    path : str or Path
        Where it was read from, or would be saved.
    reading : int, optional
        Counted from 1; see :func:`~napari_tbcad.evaluate.reports.case_reading.chosen`.
    study : Study, optional
        Its scan, where it is at hand already.
    earlier : str or Path, optional
        Case of an earlier scan, to be compared with.
    compared : ComparisonResult, optional
        A comparison that was made already.
    blind : bool, optional
        Compare with nothing.

    Raises
    ------
    BadInput
        If the case has no such reading, its content cannot be used, or the earlier case cannot.
    """
    index = chosen(case, reading, path)
    one = case.readings[index]
    folders = folders_of(case, path, *([earlier] if earlier else []))
    study, missing = at_hand(study_for, case, path, folders) if study is None else (study, "")
    try:
        automatic, used = _labels(case, one)
        said = one.values
        scan = scan_back(said["scan"], study) if study is not None and "scan" in said else None
        subject = ScanSubject(
            case=case,
            index=index,
            folders=folders,
            scan=scan,
            missing=missing,
            automatic=automatic,
            used=used,
            table=table_back(said["table"]) if "table" in said else None,
            value=None if blind or one.result is None else INDEX.validate_python(one.result),
            quality=QUALITY.validate_python(said["quality"]) if "quality" in said else None,
            notes=tuple(bare(note, folders) for note in mismatches(case, reader=index)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(path, f"its content cannot be used ({cause_of(error)})") from error
    return subject if blind else _with_earlier(subject, earlier, compared)


def _labels(case: Case, one: Reading) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return regions and hotspots of a reading, automatic and as they stand."""
    arrays = dict(case.arrays)
    labels = {**case.labels, **one.automatic}
    said, given = one.values["automatic"], one.values["given"]
    automatic = {name: labelled(name, said[name], labels, arrays) for name in GIVEN if name in said}
    own = {name: labelled(name, given[name], dict(one.labels), arrays) for name in GIVEN if name in given}
    return automatic, {**automatic, **own}


def _with_earlier(
    subject: ScanSubject, earlier: str | Path | None, compared: ComparisonResult | None
) -> ScanSubject:
    from dataclasses import replace

    if compared is not None:
        return replace(subject, compared=compared)
    if earlier is None:
        return subject
    parts = (subject.scan, subject.regions, subject.hotspots, subject.table, subject.value)
    if any(part is None for part in parts):
        note = "No comparison with the earlier scan: this case lacks its scan, hotspots or index."
        return replace(subject, notes=(*subject.notes, note))
    later = ComparedScan(*parts, subject.reading.record)  # type: ignore[arg-type]
    found = compare_scans(analysis_of(earlier), later)
    return replace(subject, compared=found, earlier=Path(earlier).name)

"""Two scans of one patient: which hotspots are new, gone or changed, and whether the index changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from typing import Any, Literal

import numpy as np

from napari_tbcad.bone.bsi import DETECTABLE_CHANGE, BoneScanIndex
from napari_tbcad.bone.compared import Comparable
from napari_tbcad.bone.correspondence import Correspondence, corresponding
from napari_tbcad.bone.grow import USUAL_SPACING_MM
from napari_tbcad.bone.pairing import COMPARED, CompareParameters, Pairing, State, pair_hotspots
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.memory import Memory, recall
from napari_tbcad.record import Record, Step

Verdict = Literal["increase", "decrease", "within the detectable change", "not comparable"]

_GREAT_RESIDUAL_MM = 25.0
_GREAT_SCALE = 0.06
_GREAT_COUNT_RATIO = 2.0
_FEW_COUNTS = 1e6


@dataclass(frozen=True)
class ComparisonResult:
    """What changed between two scans.

    Parameters
    ----------
    bsi_earlier, bsi_later : float
        In %.
    change : float
        Later minus earlier.
    verdict : {"increase", "decrease", "within the detectable change", "not comparable"}
        Against ±0.30 %, which repeated scans stay within; not comparable where weights, view rule or views
        differ.
    judged_change : float or None
        The same from hotspots that a person judged; None unless every hotspot of both scans was.
    regions : dict of str to float or None
        Change of each region's contribution.
    pairings : tuple of Pairing
    days : int or None
        From the earlier to the later date, where both are known.
    warnings : tuple of str
    record : Record
    places : dict of int to (float, float)
        Where the centre of each compared hotspot of the earlier scan lies in its view of the later one (row,
        column), by its id.
    """

    bsi_earlier: float
    bsi_later: float
    change: float
    verdict: Verdict
    judged_change: float | None
    regions: dict[str, float | None]
    pairings: tuple[Pairing, ...]
    days: int | None
    warnings: tuple[str, ...] = ()
    record: Record = Record()
    places: dict[int, tuple[float, float]] = field(default_factory=dict)

    def number(self, state: State) -> int:
        """Return how many places with an abnormal hotspot have this state."""
        return sum(p.state == state and "abnormal" in (p.label_earlier, p.label_later) for p in self.pairings)

    def summary(self) -> str:
        """Return the comparison as one sentence."""
        states: tuple[State, ...] = ("new", "gone", "changed", "unchanged")
        limit = f"the smallest detectable change of ±{DETECTABLE_CHANGE:.2f}"
        said = {
            "increase": f"an increase beyond {limit}",
            "decrease": f"a decrease beyond {limit}",
            "not comparable": "which are not comparable",
        }.get(self.verdict, f"within {limit}")
        numbers = ", ".join(f"{self.number(state)} {state}" for state in states)
        return (
            f"BSI {self.bsi_earlier:.2f} % to {self.bsi_later:.2f} %: {self.change:+.2f}, {said}; "
            f"abnormal hotspots: {numbers}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return all but the record as JSON values."""
        content = asdict(self)
        content.pop("record")
        return content


def compare_scans(
    earlier: Comparable,
    later: Comparable,
    parameters: CompareParameters = CompareParameters(),
    *,
    memory: Memory | None = None,
) -> ComparisonResult:
    """Compare two analysed scans of one patient.

    Each view of the earlier scan is registered to that of the later one by their skeleton regions
    (:mod:`napari_tbcad.bone.correspondence`). Hotspots that overlap then belong together; of the others,
    the nearest within the tolerance are paired. Non-bone uptake and ignored hotspots are not compared.

    Parameters
    ----------
    earlier, later : BoneAnalysis
        From :func:`napari_tbcad.bone.workflow.analyse` or ``finish``.
    parameters : CompareParameters
        Tolerance and what counts as a change.
    memory : Memory, optional
        Of the comparisons of one scan: bodies are laid on each other anew only where regions differ.

    Returns
    -------
    ComparisonResult

    Raises
    ------
    BadInput
        If the two have no view, or hardly a skeleton region, in common.
    """
    views = [view for view, _ in earlier.scan if later.scan.view(view) is not None]
    if not views:
        raise BadInput("comparison", "the two scans have no view in common")
    warnings = list(_differences(earlier, later))
    pairings: list[Pairing] = []
    places: dict[int, tuple[float, float]] = {}
    for view in views:
        drawn = (earlier.regions.labels(view), later.regions.labels(view))
        there = recall(
            memory, ("there", view), drawn, partial(corresponding, earlier.regions, later.regions, view)
        )
        warnings += _misfits(there, view, earlier, later)
        pairings += pair_hotspots(earlier, later, view, there, parameters)
        places |= _places(earlier, view, there)
    change = later.index.value - earlier.index.value
    before = {row.region: row.contribution for row in earlier.index.regions}
    return ComparisonResult(
        bsi_earlier=earlier.index.value,
        bsi_later=later.index.value,
        change=change,
        verdict=_verdict(change, earlier, later),
        judged_change=_judged_change(later.index, earlier.index),
        regions={row.region: _minus(row.contribution, before[row.region]) for row in later.index.regions},
        pairings=tuple(pairings),
        days=_days(earlier.scan.date, later.scan.date),
        warnings=tuple(dict.fromkeys(warnings)),
        record=later.record + Step("compare", parameters),
        places=places,
    )


def _places(earlier: Comparable, view: ViewName, there: Correspondence) -> dict[int, tuple[float, float]]:
    """Return where the earlier hotspots of a view lie in the later scan."""
    rows = [row for row in earlier.table if row.view == view and row.label in COMPARED]
    moved = there.map(np.array([(row.row, row.column) for row in rows], float).reshape(-1, 2))
    return {row.id: (float(r), float(c)) for row, (r, c) in zip(rows, moved.tolist(), strict=True)}


def _verdict(change: float, earlier: Comparable, later: Comparable) -> Verdict:
    one, other = earlier.index, later.index
    alike = (one.weights, one.combine) == (other.weights, other.combine)
    if not alike or _views(earlier) != _views(later):
        return "not comparable"
    if abs(change) <= DETECTABLE_CHANGE + 1e-9:
        return "within the detectable change"
    return "increase" if change > 0 else "decrease"


def _views(analysis: Comparable) -> set[str]:
    """Return the views that an index is of."""
    rule = analysis.index.combine
    return {rule} if rule in VIEWS else {view for view, _ in analysis.scan}


def _judged_change(later: BoneScanIndex, earlier: BoneScanIndex) -> float | None:
    """Return the difference of what persons judged; None unless every hotspot of both scans was judged.

    Of a scan that is half judged the judged part alone is low, which is no decrease.
    """
    whole = all(one.n_judged == one.n_abnormal + sum(one.excluded.values()) for one in (later, earlier))
    return _minus(later.judged_value, earlier.judged_value) if whole else None


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _days(earlier: str | None, later: str | None) -> int | None:
    if not earlier or not later:
        return None
    try:
        return (date.fromisoformat(later[:10]) - date.fromisoformat(earlier[:10])).days
    except ValueError:
        return None


def _differences(earlier: Comparable, later: Comparable) -> Iterator[str]:
    """Say what makes two indices differ that is not the disease."""
    one, other = earlier.index, later.index
    if _same_scan(earlier.scan, later.scan):
        yield "Both are the same scan, not two dates: what differs is how it was read."
    if one.weights != other.weights:
        yield f"The weights differ ({one.weights}, {other.weights}): the indices cannot be compared."
    if one.combine != other.combine:
        yield f"The view rules differ ({one.combine}, {other.combine}): the indices cannot be compared."
    if earlier.scan.unit != later.scan.unit:
        yield "One scan has counts and the other grey values: uptake cannot be compared well."
    if (days := _days(earlier.scan.date, later.scan.date)) is not None and days < 0:
        yield "The scan given as the later one has the earlier date."
    if _views(earlier) != _views(later) and one.combine == other.combine:
        yield "One scan lacks a view that the other has: the indices are of different views."
    few: list[str] = []
    for view in VIEWS:
        counts = [index.counts.get(view) for index in (one, other)]
        known = [n for n in counts if n]
        if len(known) == 2 and max(known) > _GREAT_COUNT_RATIO * min(known):
            yield f"The {view} views differ much in counts ({known[0] / 1e6:.2f} and {known[1] / 1e6:.2f} M)."
        elif known and min(known) < _FEW_COUNTS:
            few.append(view)
    if few:
        views = f"{' and '.join(few)} view{'s' if len(few) > 1 else ''}"
        yield f"Few counts in the {views}: a change near ±{DETECTABLE_CHANGE:.2f} may be chance."
    spacings = [analysis.scan.spacing_mm for analysis in (earlier, later)]
    if None not in spacings and not np.allclose(spacings[0], spacings[1], rtol=0.02):  # type: ignore[arg-type]
        yield "The pixel sizes differ: perhaps another camera or acquisition."
    elif earlier.scan.shape != later.scan.shape:
        yield "The image sizes differ: perhaps another camera or acquisition."


def _same_scan(one: BoneScan, other: BoneScan) -> bool:
    """Tell whether the counts are the same; a folder of results has none."""
    pairs = [(one.view(view), other.view(view)) for view in VIEWS]
    both = [(a.counts, b.counts) for a, b in pairs if a is not None and b is not None]
    return any(a.any() for a, _ in both) and all(np.array_equal(a, b) for a, b in both)


def _misfits(there: Correspondence, view: ViewName, earlier: Comparable, later: Comparable) -> list[str]:
    """Say where the two bodies do not look like one."""
    said = []
    spacing = later.scan.spacing_mm or USUAL_SPACING_MM
    before = earlier.scan.spacing_mm or USUAL_SPACING_MM
    height = there.scale[0] * spacing[0] / before[0]
    if abs(height - 1) > _GREAT_SCALE:
        said.append(
            f"The bodies differ in length by {abs(height - 1):.0%} in the {view} view: one patient's?"
        )
    if there.residual * float(np.mean(spacing)) > _GREAT_RESIDUAL_MM:
        said.append(f"The skeletons of the {view} views fit badly: check the regions and the pairs.")
    return said

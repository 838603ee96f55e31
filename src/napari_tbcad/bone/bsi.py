"""The Bone Scan Index: how much of the skeleton the abnormal hotspots take, in % of its mass.

    BSI = Σ_g w_g · f_g,   f_g = abnormal hotspot area in the regions of g / area of those regions

over the groups g of a weight table (one region each; Spiers weighs cervical, thoracic, lumbar spine and
sacrum together against 8.3 %). A view gives f in [0, 1]; the rule says how two views make one:

    mean        mean over the views in which the group has pixels (the default)
    pooled      areas of both views added before dividing
    max         the view with the greater fraction
    anterior    the anterior view alone
    posterior   the posterior view alone

The sternum is read from the anterior view only, whatever a label image has in the posterior one; under the
rule ``posterior`` it is no part of the index. A hotspot counts pixel by pixel: one that spans two regions
counts in both, one that leaves the skeleton only with what lies inside. A group without a pixel in any view
the rule asks for has no contribution, which is None and not zero.

Worked by hand (weights ICRP 110 male, rule mean): the lumbar spine has 100 px in the anterior and 80 px in
the posterior view, of which 10 and 20 px are abnormal. f = 0.10 and 0.25, their mean 0.175, times 4.74 % is
0.8295 %. Pooled: 30 / 180 · 4.74 = 0.79; max: 0.25 · 4.74 = 1.185.

References
----------
M. Imbriaco et al., A new parameter for measuring metastatic bone involvement by prostate cancer: the Bone
Scan Index, Clin Cancer Res 4:1765-1772, 1998.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from pydantic import field_validator

from napari_tbcad.bone.bsi_warnings import index_warnings
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.region_areas import (
    Areas,
    Rule,
    SharedAreas,
    contributions,
    region_areas,
    shared_areas,
)
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.words import abnormal_words
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView, ViewName
from napari_tbcad.memory import Memory, recall
from napari_tbcad.record import Parameters, Record, Step, field
from napari_tbcad.schemes import HOTSPOT_CLASSES, REGION_IDS, REGION_NAMES
from napari_tbcad.skeletal_mass import (
    DEFAULT_WEIGHTS,
    WEIGHT_TABLES,
    WeightTable,
    weight_table,
)

RULES: dict[Rule, str] = {
    "mean": "mean over the views that show the region",
    "pooled": "areas of both views added",
    "max": "the view with the greater fraction",
    "anterior": "anterior view only",
    "posterior": "posterior view only",
}

DETECTABLE_CHANGE = 0.30
"""Smallest change of a BSI, in %, that repeated scans do not make by chance."""


class IndexParameters(Parameters):
    """How the Bone Scan Index is computed."""

    weights: str = field(
        DEFAULT_WEIGHTS,
        title="Weights",
        description="Share of the skeleton's mass by region: "
        + "; ".join(f"{t.name}: {t.title}" for t in WEIGHT_TABLES.values())
        + ". The same lesion in the spine may double its index by the choice of table.",
    )
    combine: Rule = field(
        "mean",
        title="Views",
        description="How two views make one fraction: "
        + "; ".join(f"{name}: {text}" for name, text in RULES.items())
        + ".",
    )

    @field_validator("weights")
    @classmethod
    def _known(cls, name: str) -> str:
        return weight_table(name).name


@dataclass(frozen=True)
class RegionShare:
    """One region's part in the index.

    Parameters
    ----------
    region : str
        Its name.
    fraction_anterior, fraction_posterior : float or None
        Abnormal share of its pixels, in [0, 1]; None where the view is missing or has none of its pixels.
    weight : float
        Weight of its group in %.
    contribution : float or None
        What it adds to the index, in %; the contributions add up to the index. None when it could not be
        computed.
    pooled_with : tuple of str
        The other regions that share the weight.
    judged_contribution : float or None
        The same from hotspots that a person judged; None when a person judged none.
    """

    region: str
    fraction_anterior: float | None
    fraction_posterior: float | None
    weight: float
    contribution: float | None
    pooled_with: tuple[str, ...] = ()
    judged_contribution: float | None = None


@dataclass(frozen=True)
class BoneScanIndex:
    """A Bone Scan Index with all that it was made of.

    Parameters
    ----------
    value : float
        From all abnormal hotspots, in % of the skeleton's mass.
    judged_value : float or None
        From the abnormal hotspots that a person judged; None when a person judged none of the hotspots, 0
        when there are none to judge.
    weights, combine : str
        Weight table and view rule; no index is comparable without them.
    regions : tuple of RegionShare
        One for each of the twelve regions.
    n_abnormal : int
        Abnormal hotspots, both views.
    n_lesions : int
        The same with linked pairs counted once.
    n_judged : int
        Hotspots that a person judged, of whatever class.
    excluded : dict of str to int
        How many hotspots each other class has.
    outside : tuple of int
        Ids of abnormal hotspots without a pixel in any region: listed, not part of the value.
    outside_pixels : dict of str to int
        By view, abnormal pixels outside all regions, those of partly outlying hotspots included.
    counts : dict of str to float or None
        Total counts by view; None where pixels are grey values, not counts.
    warnings : tuple of str
        Of regions and hotspots; what there is to say of views and counts,
        :func:`napari_tbcad.bone.quality.check_scan` says.
    record : Record
    """

    value: float
    judged_value: float | None
    weights: str
    combine: Rule
    regions: tuple[RegionShare, ...]
    n_abnormal: int
    n_lesions: int
    n_judged: int
    excluded: dict[str, int]
    outside: tuple[int, ...]
    outside_pixels: dict[str, int]
    counts: dict[str, float | None]
    warnings: tuple[str, ...] = ()
    record: Record = Record()

    def summary(self) -> str:
        """Return the index as one sentence with what it depends on."""
        known = {view: n for view, n in self.counts.items() if n is not None}
        counts = ", ".join(f"{n / 1e6:.2f} M counts {view}" for view, n in known.items())
        excluded = ", ".join(f"{n} {name.replace('_', '-')}" for name, n in self.excluded.items() if n)
        parts = [
            f"BSI {self.value:.2f} % (weights {self.weights}, views {self.combine})",
            abnormal_words(self.n_abnormal),
            f"excluded: {excluded}" if excluded else "",
            f"{len(self.outside)} outside all regions" if self.outside else "",
            counts,
        ]
        return "; ".join(part for part in parts if part)


def bone_scan_index(
    hotspots: Hotspots,
    regions: SkeletonRegions,
    scan: BoneScan,
    parameters: IndexParameters = IndexParameters(),
    *,
    memory: Memory | None = None,
) -> BoneScanIndex:
    """Compute the Bone Scan Index of a scan.

    Parameters
    ----------
    hotspots : Hotspots
        Instances and classes of both views; only the abnormal ones count.
    regions : SkeletonRegions
        Regions of both views, on the same grid.
    scan : BoneScan
        For the counts, and for which views there are.
    parameters : IndexParameters
        Weight table and view rule.
    memory : Memory, optional
        Of this stage for this scan: after a change of classes no pixel is counted anew. The result is the
        same, to the last bit, as without.

    Returns
    -------
    BoneScanIndex
        The index in %, its parts and what was left out.

    Raises
    ------
    BadInput
        If the label images are not on the scan's grid, or the rule asks for a view the scan lacks.

    References
    ----------
    See the module's text for the formula, a worked example and its source.
    """
    _require_grid(hotspots, regions, scan)
    views = _views_of(scan, parameters.combine)
    table = weight_table(parameters.weights)
    abnormal = [mark for mark in hotspots.marks if mark.label == "abnormal"]
    shared = shared_areas(hotspots, regions, scan, memory=memory)
    areas = region_areas(shared, abnormal)
    parts = contributions(areas, views, table, parameters.combine)
    n_judged = sum(mark.judged for mark in hotspots.marks)
    judged_parts: dict[str, float | None] | None = None
    if n_judged or not hotspots.marks:
        judged = [mark for mark in abnormal if mark.judged]
        judged_areas = region_areas(shared, judged)
        judged_parts = contributions(judged_areas, views, table, parameters.combine)
    rows = tuple(_row(name, areas, table, parts, judged_parts) for name in REGION_NAMES)
    index = BoneScanIndex(
        value=_total(parts),
        judged_value=None if judged_parts is None else _total(judged_parts),
        weights=table.name,
        combine=parameters.combine,
        regions=rows,
        n_abnormal=len(abnormal),
        n_lesions=_n_lesions(abnormal),
        n_judged=n_judged,
        excluded={
            label: sum(mark.label == label for mark in hotspots.marks)
            for label in HOTSPOT_CLASSES
            if label != "abnormal"
        },
        outside=tuple(mark.id for mark in abnormal if not _inside(mark, shared)),
        outside_pixels={view: int(hit[0]) for view, (_, hit) in areas.items()},
        counts=_counts(scan, memory),
        record=scan.record + Step("index", parameters),
    )
    return replace(index, warnings=index_warnings(index, areas, views))


def _require_grid(hotspots: Hotspots, regions: SkeletonRegions, scan: BoneScan) -> None:
    for view, image in scan:
        for name, given in (("hotspots", hotspots), ("regions", regions)):
            labels = given.labels(view)  # type: ignore[attr-defined]
            if labels is not None and labels.shape != image.counts.shape:
                raise BadInput(
                    f"{view} {name}", f"its grid is {labels.shape}, the scan's is {image.counts.shape}"
                )


def _views_of(scan: BoneScan, rule: Rule) -> tuple[ViewName, ...]:
    there = tuple(view for view, _ in scan)
    if rule not in VIEWS:
        return there
    if rule not in there:
        raise BadInput(scan.source or "scan", f"the index is to be of the {rule} view, which the scan lacks")
    return (rule,)


def _total(parts: dict[str, float | None]) -> float:
    return float(sum(part for part in parts.values() if part is not None))


def _row(
    region: str,
    areas: Areas,
    table: WeightTable,
    parts: dict[str, float | None],
    judged: dict[str, float | None] | None,
) -> RegionShare:
    group, number = table.group_of(region), REGION_IDS[region]

    def fraction(view: ViewName) -> float | None:
        if view not in areas or not areas[view][0][number]:
            return None
        return float(areas[view][1][number] / areas[view][0][number])

    return RegionShare(
        region,
        fraction("anterior"),
        fraction("posterior"),
        group.percent,
        parts[region],
        tuple(other for other in group.regions if other != region),
        None if judged is None else judged[region],
    )


def _n_lesions(abnormal: list[Mark]) -> int:
    ids = {mark.id for mark in abnormal}
    pairs = {tuple(sorted((m.id, m.linked))) for m in abnormal if m.linked is not None and m.linked in ids}
    return len(ids) - len(pairs)


def _inside(mark: Mark, shared: dict[ViewName, SharedAreas]) -> bool:
    """Tell whether a hotspot has a pixel in a region."""
    return mark.view in shared and shared[mark.view].inside(mark.id)


def _counts(scan: BoneScan, memory: Memory | None) -> dict[str, float | None]:
    if scan.unit != "counts":
        return {view: None for view, _ in scan}
    return {
        view: recall(memory, ("counts", view), (image,), partial(_total_of, image)) for view, image in scan
    }


def _total_of(image: ScanView) -> float:
    return image.total

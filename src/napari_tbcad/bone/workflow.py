"""The bone chain: study → views → regions → hotspots → index; the same for panel, Python and command line."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_tbcad.bone.account import gather_warnings as gather_warnings
from napari_tbcad.bone.account import history as history
from napari_tbcad.bone.bsi import BoneScanIndex, IndexParameters, bone_scan_index
from napari_tbcad.bone.candidates import HotspotParameters, find_hotspots
from napari_tbcad.bone.classes import ClassImages, SchemeParameters, class_images
from napari_tbcad.bone.edits import give_hotspots as give_hotspots
from napari_tbcad.bone.edits import give_regions as give_regions
from napari_tbcad.bone.edits import take_back as take_back
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.measure import HotspotTable, measure_hotspots
from napari_tbcad.bone.quality import ScanQuality, check_scan
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.skeleton import RegionParameters, find_regions, with_todays_names
from napari_tbcad.bone.views import ViewParameters, name_views
from napari_tbcad.chain import Chain, Probe, Progress, Run, Stage
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan
from napari_tbcad.record import Parameters, Record
from napari_tbcad.settings import assigned

if TYPE_CHECKING:
    from napari_tbcad.bone.label_files import LabelFiles
    from napari_tbcad.bone.skeleton_atlas import SkeletonAtlas
    from napari_tbcad.io.scans import Study

CHAIN = Chain(
    Stage("views", name_views, ("study",), "scan", ViewParameters),
    Stage("quality", check_scan, ("scan",), "quality"),
    Stage("regions", find_regions, ("scan", "atlas"), "regions", RegionParameters),
    Stage("hotspots", find_hotspots, ("scan", "regions"), "hotspots", HotspotParameters),
    Stage("table", measure_hotspots, ("hotspots", "scan", "regions"), "table"),
    Stage("classes", class_images, ("hotspots", "regions", "scan"), "classes", SchemeParameters),
    Stage("index", bone_scan_index, ("hotspots", "regions", "scan"), "index", IndexParameters),
    inputs=("study", "atlas"),
)
"""The graph; values: study, scan, quality, regions, hotspots, table, classes, index."""

BoneSettings = CHAIN.settings_model("BoneSettings", "Parameters of every stage of the bone chain.")


@dataclass(frozen=True, eq=False)
class BoneAnalysis:
    """All that one pass of the chain made.

    Parameters
    ----------
    scan : BoneScan
        The views as the camera saw them, with the rule that named each.
    quality : ScanQuality
        What can be said of the counts, pixel size, saturation and truncation.
    regions : SkeletonRegions
        The regions used (a person's where given).
    hotspots : Hotspots
        The hotspots used (a person's where given).
    table : HotspotTable
        Measurements of each hotspot.
    classes : ClassImages
        Label images of the chosen scheme.
    index : BoneScanIndex
        The index with its parts.
    given : tuple of str
        Which of ``"regions"`` and ``"hotspots"`` are a person's.
    warnings : tuple of str
        Complaints of all stages.
    record : Record
        Every step with its parameters, and every edit.
    seconds : float
        Wall time.
    """

    scan: BoneScan
    quality: ScanQuality
    regions: SkeletonRegions
    hotspots: Hotspots
    table: HotspotTable
    classes: ClassImages
    index: BoneScanIndex
    given: tuple[str, ...]
    warnings: tuple[str, ...]
    record: Record
    seconds: float


def settings_from(assignments: Mapping[str, Any], base: Parameters | None = None) -> Any:
    """Return the settings with some values replaced.

    Parameters
    ----------
    assignments : mapping
        Dotted names and values, such as ``{"index.weights": "icrp110-male"}``; text is converted.
    base : BoneSettings, optional
        What is not assigned; the defaults when not given.

    Raises
    ------
    BadInput
        If a name does not exist or a value is out of bounds; the message names both.
    """
    return assigned(base or BoneSettings(), with_todays_names(assignments))


def start(
    study: Study,
    settings: Any = None,
    *,
    atlas: SkeletonAtlas | None = None,
    study_key: str | None = None,
) -> Run:
    """Return a run of the chain for one study.

    Parameters
    ----------
    study : Study
        As read.
    settings : BoneSettings, optional
        The defaults when not given.
    atlas : SkeletonAtlas, optional
        For the segmenter of regions that registers one; the packaged one when not given.
    study_key : str, optional
        The study's content key where that is known already.
    """
    run = Run(CHAIN, BoneSettings() if settings is None else settings)
    run.put("study", study, key=study_key)
    run.put("atlas", atlas)
    return run


def finish(run: Run, *, progress: Progress | None = None, cancelled: Probe | None = None) -> BoneAnalysis:
    """Bring a run up to date and gather what it made."""
    began = time.perf_counter()
    wanted = ("scan", "quality", "regions", "hotspots", "table", "classes", "index")
    values = dict(zip(wanted, run.compute(*wanted, progress=progress, cancelled=cancelled), strict=True))
    return BoneAnalysis(
        **values,
        given=tuple(name for name in ("regions", "hotspots") if run.edited(name)),
        warnings=gather_warnings(run),
        record=history(run),
        seconds=time.perf_counter() - began,
    )


def analyse(
    study: Study,
    *,
    settings: Any = None,
    atlas: SkeletonAtlas | None = None,
    masks: LabelFiles | None = None,
    progress: Progress | None = None,
    cancelled: Probe | None = None,
) -> BoneAnalysis:
    """Take one study through the whole chain.

    Parameters
    ----------
    study : Study
        As read by :func:`napari_tbcad.io.scans.read_study`.
    settings : BoneSettings, optional
        Parameters of all stages; the defaults when not given.
    atlas : SkeletonAtlas, optional
        For the segmenter of regions that registers one; the packaged one when not given.
    masks : LabelFiles, optional
        A person's label files; each kind and view replaces the automatic one.
    progress, cancelled : callable, optional
        See :meth:`napari_tbcad.chain.Run.compute`.

    Returns
    -------
    BoneAnalysis
        Views, regions, hotspots, index, warnings, record.

    Raises
    ------
    BadInput
        If the study or a mask cannot be used; names it.
    UndecidedViews
        If it cannot be told which view is which and a person must say.
    """
    began = time.perf_counter()
    run = start(study, settings, atlas=atlas)
    if masks is not None:
        give_files(run, masks, cancelled)
    done = finish(run, progress=progress, cancelled=cancelled)
    return replace(done, seconds=time.perf_counter() - began)


def give_files(run: Run, files: LabelFiles, cancelled: Probe | None = None, *, tool: str = "file") -> None:
    """Put given label files before the automatic labels; a view without a file keeps those.

    The automatic ones are made in any case, so that the record can tell how far the files are from them.
    """
    from napari_tbcad.bone.label_files import read_hotspots, read_regions
    from napari_tbcad.bone.label_makers import facts_of_hotspots, facts_of_regions

    (scan,) = run.compute("scan", cancelled=cancelled)
    views = {view for view, _ in scan}

    def automatic(name: str, *kinds: Mapping[str, Any]) -> Any:
        try:
            return run.compute(name, automatic=True, cancelled=cancelled)[0]
        except BadInput:
            if views <= {view for kind in kinds for view in kind}:
                return None  # not needed: the files say all
            raise

    if files.regions:
        regions = read_regions(files, scan, automatic("regions", files.regions))
        if regions is not None:
            give_regions(run, regions, tool=tool, facts=facts_of_regions(files, scan))
    if files.has_hotspots:
        kinds = (files.hotspots, files.classes, files.boxes)
        scheme = run.settings.classes.scheme  # type: ignore[attr-defined]
        hotspots = read_hotspots(files, scan, automatic("hotspots", *kinds), scheme=scheme)
        if hotspots is not None:
            give_hotspots(run, hotspots, tool=tool, facts=facts_of_hotspots(files, scan))

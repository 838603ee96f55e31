"""Bone scans as cases: from a run to a file and back, so that nothing needs computing again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from napari_tbcad.bone.account import gather_warnings, history
from napari_tbcad.bone.case_models import differences, models_of
from napari_tbcad.bone.case_scan import reference
from napari_tbcad.bone.case_scan import study_for as study_for
from napari_tbcad.bone.case_scan import study_key as study_key
from napari_tbcad.bone.case_values import (
    INDEX,
    LABELLED,
    QUALITY,
    labelled,
    labels_of,
    said_of,
    scan_back,
    scan_said,
    table_back,
    table_said,
    tables,
)
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.workflow import BoneSettings, start
from napari_tbcad.case import Case, Reading, Verdict
from napari_tbcad.case_readings import progress_of, readings_before, restore
from napari_tbcad.chain import Run
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.record import now

if TYPE_CHECKING:
    from napari_tbcad.bone.skeleton_atlas import SkeletonAtlas
    from napari_tbcad.io.scans import Study

WORKFLOW = "bone"
GIVEN = ("regions", "hotspots")
"""Values of which a person may have a version."""


def case_of(
    run: Run,
    *,
    reader: str = "",
    verdict: Verdict = "made",
    earlier: Case | None = None,
    warnings: tuple[str, ...] | None = None,
) -> Case:
    """Gather a run as a case.

    Parameters
    ----------
    run : Run
        A run of the bone chain; may be in use by other threads.
    reader : str, optional
        Whose reading it is.
    verdict : {"in progress", "made", "accepted", "changed"}, optional
        How far the reader has come.
    earlier : Case, optional
        The case this one continues; which of its readings stay,
        :func:`~napari_tbcad.case_readings.readings_before` tells.
    warnings : tuple of str, optional
        Complaints that stand, where they are known already.

    Returns
    -------
    Case
        The result of its last reading is the :class:`~napari_tbcad.bone.bsi.BoneScanIndex`, field by field.

    Raises
    ------
    BadInput
        If `earlier` is a case of another scan.
    """
    run = run.snapshot()
    study: Study = run.get("study")
    images, arrays = reference(study)
    key = next(iter(images.values())).content_key
    if earlier is not None and earlier.image.content_key != key:
        raise BadInput(study.source, "the case to continue is of another scan")
    labels: dict[str, NDArray[Any]] = {}
    automatic: dict[str, Any] = {}
    for name in LABELLED:
        if (value := run.get(name, automatic=True)) is not None:
            labels |= labels_of(name, value)
            automatic[name], more = said_of(value)
            arrays |= more
    reading, more = _reading(run, automatic, reader, verdict, warnings)
    arrays |= more
    before = readings_before(earlier, reading, labels)
    # Arrays are named by their content: readings share what they have in common.
    arrays |= {name: earlier.arrays[name] for one in before for name in _arrays_of(one)} if earlier else {}
    return Case(
        workflow=WORKFLOW,
        images=images,
        readings=(*before, reading),
        labels=labels,
        arrays=arrays,
        tables=tables(run.get("table"), run.get("index")),
    )


def _reading(
    run: Run, automatic: dict[str, Any], reader: str, verdict: Verdict, warnings: tuple[str, ...] | None
) -> tuple[Reading, dict[str, NDArray[Any]]]:
    """Return a run as a reading, and the arrays that it needs."""
    labels: dict[str, NDArray[Any]] = {}
    arrays: dict[str, NDArray[Any]] = {}
    given: dict[str, Any] = {}
    for name in GIVEN:
        if run.edited(name):
            value = run.get(name)
            labels |= labels_of(name, value)
            given[name], more = said_of(value)
            arrays |= more
    values = {**progress_of(run), "automatic": automatic, "given": given}
    if (scan := run.get("scan")) is not None:
        values["scan"] = scan_said(scan, run.get("study"))
    if (quality := run.get("quality")) is not None:
        values["quality"] = QUALITY.dump_python(quality, mode="json")
    if (table := run.get("table")) is not None:
        values["table"] = table_said(table)
    index = run.get("index")
    reading = Reading(
        reader=reader,
        when=now(),
        verdict=verdict,
        labels=labels,
        record=history(run),
        result=None if index is None else INDEX.dump_python(index, mode="json"),
        values=values,
        settings=run.settings.model_dump(mode="json"),
        models=models_of(run),
        warnings=gather_warnings(run) if warnings is None else warnings,
    )
    return reading, arrays


def _arrays_of(one: Reading) -> list[str]:
    """Return the names of the arrays that a reading needs."""
    kinds = (one.values.get("automatic", {}), one.values.get("given", {}))
    return [name for said in kinds for name in said.get("regions", {}).get("uncertainty", {}).values()]


# -- back to a run ------------------------------------------------------------------------------------


def run_from(
    case: Case, study: Study, *, atlas: SkeletonAtlas | None = None, reader: int = -1, key: str | None = None
) -> Run:
    """Return the run that a reading was saved from.

    Parameters
    ----------
    case : Case
        A bone case.
    study : Study
        Its scan, as :func:`study_for` gives it.
    atlas : SkeletonAtlas, optional
        As for :func:`~napari_tbcad.bone.workflow.start`.
    reader : int, optional
        Which reading; the last by default.
    key : str, optional
        The study's content key in the chain, where that is known already.

    Returns
    -------
    Run
        Settings, views, automatic values, the person's hotspots and regions, journal, table and index as they
        were; up to date where they were and everything they were made with is at hand (:func:`mismatches`
        tells what is not), else out of date.

    Raises
    ------
    BadInput
        If the case is of another scan or workflow, or its content cannot be used.
    """
    _require_bone(case)
    if study_key(study) != case.image.content_key:
        raise BadInput(study.source, "this is another image than the one this case was made with")
    one = case.readings[reader]
    try:
        run = start(study, BoneSettings.model_validate(one.settings), atlas=atlas, study_key=key)
        outputs = _outputs(case, one, study)
        for name, said in one.values["given"].items():
            value = labelled(name, said, dict(one.labels), dict(case.arrays))
            _require_grid(value, study)
            run.put(name, value)
        restore(run, one, outputs, _still_fresh(run, one))
    except (AttributeError, LookupError, TypeError, ArithmeticError, ValueError) as error:
        raise BadInput(case.image.name, f"its case cannot be used here ({_said(error)})") from error
    return run


def _outputs(case: Case, one: Reading, study: Study) -> dict[str, Any]:
    """Return the outputs of a reading by name, in the order of the chain."""
    said = one.values
    outputs: dict[str, Any] = {}
    if "scan" in said:
        outputs["scan"] = scan_back(said["scan"], study)
    if "quality" in said:
        outputs["quality"] = QUALITY.validate_python(said["quality"])
    labels = {**case.labels, **one.automatic}
    for name, own in said["automatic"].items():
        outputs[name] = labelled(name, own, labels, dict(case.arrays))
        _require_grid(outputs[name], study)
    if "table" in said:
        outputs["table"] = table_back(said["table"])
    if one.result is not None:
        outputs["index"] = INDEX.validate_python(one.result)
    return outputs


def _still_fresh(run: Run, one: Reading) -> set[str]:
    """Return the outputs that a computation now would give as they are."""
    fresh = set(one.values["up_to_date"])
    stale = {name for _, names in differences(one, run.get("atlas")) for name in names}
    for stage in run.chain.stages:
        made_of_stale = any(name in stale and not run.edited(name) for name in stage.taken(run.settings))
        if made_of_stale:
            stale.add(stage.writes)
    return fresh - stale


def _require_grid(value: Any, study: Study) -> None:
    shape = study.frames[0].pixels.shape
    for view in VIEWS:
        labels = value.labels(view)
        if labels is not None and labels.shape != shape:
            raise BadInput(study.source, f"{view} labels in its case have the shape {labels.shape}")


def _require_bone(case: Case) -> None:
    if case.workflow != WORKFLOW:
        raise BadInput(case.image.name, f"this is a case of the {case.workflow} workflow")


def _said(error: Exception) -> str:
    return error.cause if isinstance(error, BadInput) else str(error)


def mismatches(case: Case, atlas: SkeletonAtlas | None = None, *, reader: int = -1) -> tuple[str, ...]:
    """Say what is at hand now that is not what a reading was made with.

    Parameters
    ----------
    case : Case
        A bone case.
    atlas : SkeletonAtlas, optional
        What is at hand; the packaged one when not given.
    reader : int, optional
        Which reading; the last by default.

    Returns
    -------
    tuple of str
        A sentence each; empty when everything is as it was.
    """
    return tuple(said for said, _ in differences(case.readings[reader], atlas))


def hotspots_of(case: Case, *, reader: int = -1) -> Hotspots | None:
    """Return the hotspots of a reading, a person's before the automatic ones; None where it has none.

    The scan itself is not needed.

    Raises
    ------
    BadInput
        If the case is of another workflow, or they cannot be used.
    """
    return _of_reading(case, "hotspots", reader)


def _of_reading(case: Case, name: str, reader: int) -> Any:
    _require_bone(case)
    one = case.readings[reader]
    try:
        given: Mapping[str, Any] = one.values["given"]
        said = given.get(name, one.values["automatic"].get(name))
        if said is None:
            return None
        labels = one.labels if name in given else {**case.labels, **one.automatic}
        return labelled(name, said, dict(labels), dict(case.arrays))
    except (AttributeError, LookupError, TypeError, ArithmeticError, ValueError) as error:
        raise BadInput(case.image.name, f"the {name} in its case cannot be used ({_said(error)})") from error


def analysis_of(path: str | Path, *, reader: int = -1) -> Any:
    """Return what a case holds as an analysis, to be compared with another scan or exported.

    Parameters
    ----------
    path : str or Path
        The case file.
    reader : int, optional
        Which reading; the last by default.

    Returns
    -------
    BoneAnalysis
        As it was saved, also where something is out of date. What is measured in a moment is measured where
        the case lacks it; no network is asked and nothing is searched for.

    Raises
    ------
    BadInput
        If the case cannot be used, its scan is not to be found, or regions or hotspots were not found yet.
    """
    from napari_tbcad.bone.bsi import bone_scan_index
    from napari_tbcad.bone.classes import class_images
    from napari_tbcad.bone.measure import measure_hotspots
    from napari_tbcad.bone.quality import check_scan
    from napari_tbcad.bone.workflow import BoneAnalysis

    case = Case.load(path)
    _require_bone(case)
    run = run_from(case, study_for(case, path), reader=reader)
    scan, regions, hotspots = (run.get(name) for name in ("scan", "regions", "hotspots"))
    if scan is None or regions is None or hotspots is None:
        lacking = "views" if scan is None else "skeleton regions" if regions is None else "hotspots"
        raise BadInput(path, f"has no {lacking} yet: run it first")
    settings: Any = run.settings
    quality, table = run.get("quality"), run.get("table")
    classes, index = run.get("classes"), run.get("index")
    return BoneAnalysis(
        scan=scan,
        quality=check_scan(scan) if quality is None else quality,
        regions=regions,
        hotspots=hotspots,
        table=measure_hotspots(hotspots, scan, regions) if table is None else table,
        classes=class_images(hotspots, regions, scan, settings.classes) if classes is None else classes,
        index=bone_scan_index(hotspots, regions, scan, settings.index) if index is None else index,
        given=tuple(name for name in GIVEN if run.edited(name)),
        warnings=tuple(case.readings[reader].warnings),
        record=case.readings[reader].record,
        seconds=0.0,
    )

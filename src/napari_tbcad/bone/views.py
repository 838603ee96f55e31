"""Which view of a bone scan is which: a cascade of rules, and a question when none is sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from napari_tbcad.bone.views_content import MIRRORED, facing_agreement, measure_content
from napari_tbcad.bone.views_pose import Pose, distance
from napari_tbcad.bone.views_rules import RULE_CONFIDENCE, Evidence, decide, evidence_of, opposite
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ScanView, ViewName
from napari_tbcad.io.scans import Frame, Study
from napari_tbcad.record import Parameters, Step, field

__all__ = ["RULE_CONFIDENCE", "Evidence", "UndecidedViews", "ViewParameters", "name_views"]

BODY_LENGTH_MM, BODY_WIDTH_MM = (300.0, 2250.0), (100.0, 1100.0)
"""A body measured outside these shows that the pixel size is not true."""

_DIFFERENT_PARTS = 0.25  # root mean square difference of the two views' row profiles; real pairs: up to 0.17


class UndecidedViews(BadInput):
    """Nothing tells anterior from posterior; a person must be asked."""


class ViewParameters(Parameters):
    """Parameters of :func:`name_views`: what a person says about the views."""

    first_view: Literal["auto", "anterior", "posterior"] = field(
        "auto",
        title="First view",
        description="What the first image is when neither file nor content tells; auto asks instead.",
    )
    swap: bool = field(
        False, title="Swap views", description="Exchange anterior and posterior after they were named."
    )
    mirrored_anterior: bool = field(
        False,
        title="Anterior is mirrored",
        more=True,
        description="Turn the anterior image back left to right; some exports mirror it.",
    )
    mirrored_posterior: bool = field(
        False,
        title="Posterior is mirrored",
        more=True,
        description="Turn the posterior image back left to right; some exports show it as if from the front.",
    )


def name_views(study: Study, parameters: ViewParameters = ViewParameters()) -> BoneScan:
    """Tell which frame is anterior and which posterior, with the rule that said so and how sure it is.

    Parameters
    ----------
    study : Study
        One or two frames with what their files say.
    parameters : ViewParameters
        What a person says.

    Returns
    -------
    BoneScan
        The named views; rules, confidences and flips are in the record.

    Raises
    ------
    UndecidedViews
        If nothing tells, or rules of equal rank contradict each other, and no person said.
    BadInput
        If a frame is of another view (lateral, oblique), or both are the same image.
    """
    _refuse_other_views(study)
    warnings = list(study.warnings)
    contents = [measure_content(frame.pixels) for frame in study.frames]
    named = decide(evidence_of(study.frames, contents), warnings) or _asked(study, parameters, warnings)
    if parameters.swap:
        named = [Evidence("person", opposite(one.view), 1.0) for one in named]
    views = {one.view: _view(frame, one, parameters) for frame, one in zip(study.frames, named, strict=True)}
    poses = {one.view: content.pose for one, content in zip(named, contents, strict=True)}
    facts: dict[str, Any] = {
        name: {"rule": view.rule, "confidence": round(view.confidence, 3), "mirrored": view.mirrored}
        for name, view in views.items()
    }
    spacing = _credible_spacing(study.spacing_mm, poses, facts, warnings)
    _check_pair(views, poses, facts, warnings)
    if any(view.rule == "content" for view in views.values()):
        warnings.append("The image alone told which view it is; check that, swap the views if it is wrong.")
    if any(content.upside_down for content in contents):
        warnings.append("The body seems to be upside down; views are expected head up.")
    return BoneScan(
        anterior=views.get("anterior"),
        posterior=views.get("posterior"),
        spacing_mm=spacing,
        unit=study.unit,
        date=study.date,
        source=study.source,
        warnings=tuple(dict.fromkeys(warnings)),
        record=study.record,
    ).after(Step("name views", parameters, facts=facts))


def _refuse_other_views(study: Study) -> None:
    for frame in study.frames:
        if frame.facts.other_view:
            raise BadInput(study.source, "the header names a view other than anterior and posterior")
    if len(study.frames) == 2 and np.array_equal(study.frames[0].pixels, study.frames[1].pixels):
        raise BadInput(study.source, "both views are the same image; export the two views again")


def _asked(study: Study, parameters: ViewParameters, warnings: list[str]) -> list[Evidence]:
    """Return what a person said; raise UndecidedViews when nobody did."""
    if parameters.first_view == "auto":
        why = " ".join(w for w in warnings if w not in study.warnings)
        cause = f"which view is which? {why or 'Neither the file nor the image tells.'}"
        raise UndecidedViews(study.source, f"{cause} Say which view {_first_image(study)} is")
    first: ViewName = parameters.first_view
    views: list[ViewName] = [first, opposite(first)]
    return [Evidence("person", view, 1.0) for view in views[: len(study.frames)]]


def _first_image(study: Study) -> str:
    """Name the image that `first_view` is about."""
    facts = study.frames[0].facts
    if facts.half:
        return f"the {facts.half} half"
    if len(study.frames) == 2 and study.frames[1].facts.source != facts.source:
        return Path(facts.source).name or "the first image"
    return "the first image" if len(study.frames) == 2 else "the image"


def _view(frame: Frame, evidence: Evidence, parameters: ViewParameters) -> ScanView:
    anterior = evidence.view == "anterior"
    mirrored = parameters.mirrored_anterior if anterior else parameters.mirrored_posterior
    view = ScanView(
        counts=frame.pixels,
        rule=evidence.rule,
        confidence=evidence.confidence,
        source=frame.facts.source,
        frame=frame.facts.frame,
    )
    return replace(view, counts=view.counts[:, ::-1], mirrored=True) if mirrored else view


def _credible_spacing(
    spacing: tuple[float, float] | None,
    poses: Mapping[ViewName, Pose | None],
    facts: dict[str, Any],
    warnings: list[str],
) -> tuple[float, float] | None:
    """Return the pixel size unless the body would have an impossible length by it."""
    found = [pose for pose in poses.values() if pose is not None]
    if spacing is None or not found:
        return spacing
    length, width = max(p.length for p in found) * spacing[0], max(p.width for p in found) * spacing[1]
    facts["body_mm"] = [round(length), round(width)]
    if BODY_LENGTH_MM[0] <= length <= BODY_LENGTH_MM[1] and BODY_WIDTH_MM[0] <= width <= BODY_WIDTH_MM[1]:
        return spacing
    facts["spacing_ignored_mm"] = [round(float(s), 4) for s in spacing]
    warnings.append(
        f"With the stated pixel size of {spacing[0]:.3g} × {spacing[1]:.3g} mm the body would be "
        f"{length / 1000:.2f} m long and {width / 1000:.2f} m wide (a resized image?); the pixel size was "
        "ignored, areas are in pixels."
    )
    return None


def _check_pair(
    views: Mapping[ViewName, ScanView],
    poses: Mapping[ViewName, Pose | None],
    facts: dict[str, Any],
    warnings: list[str],
) -> None:
    """Say when the two views do not fit each other."""
    anterior, posterior = poses.get("anterior"), poses.get("posterior")
    if anterior is None or posterior is None:
        return
    if distance(anterior.row_profile(), posterior.row_profile()) > _DIFFERENT_PARTS:
        warnings.append(
            "The two views do not show the same part of a body (other size, cut off, or of another patient)."
        )
        return
    turned = views["anterior"].mirrored != views["posterior"].mirrored
    agreement = facing_agreement(anterior, posterior) * (-1 if turned else 1)
    facts["facing_agreement"] = round(agreement, 3)
    if agreement <= MIRRORED:
        warnings.append(
            "One of the two views seems to be mirrored left to right (in exports it is usually the posterior "
            "one): check the letters R and L and turn it back (Views, Flip posterior; "
            "views.mirrored_posterior=true)."
        )

"""Which view of a bone scan is which: a cascade of rules, and a question when none is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ScanView, ViewName
from napari_tbcad.io.scans import Frame, FrameFacts, Study
from napari_tbcad.io.view_names import named_view
from napari_tbcad.record import Parameters, Step, field

RULE_CONFIDENCE = {
    "view_code": 0.99,
    "view_position": 0.98,
    "image_id": 0.95,
    "series_description": 0.93,
    "private_name": 0.93,
    "start_angle": 0.85,
    "file_name": 0.9,
}
"""How sure each rule of header and name is, the strongest rule first."""

_PARTNER = 0.95


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


@dataclass(frozen=True)
class Evidence:
    """What one rule says about a frame.

    Parameters
    ----------
    rule : str
        See :class:`~napari_tbcad.imaging.bonescan.ScanView`.
    view : ViewName
        The view it names.
    confidence : float
        In [0, 1].
    """

    rule: str
    view: ViewName
    confidence: float


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
        If a frame is of another view (lateral, oblique).
    """
    warnings = list(study.warnings)
    for frame in study.frames:
        if frame.facts.other_view:
            raise BadInput(study.source, "the header names a view other than anterior and posterior")
    named = _named(study, warnings) or _asked(study, parameters)
    if parameters.swap:
        named = [Evidence("person", _opposite(one.view), 1.0) for one in named]
    views = {one.view: _view(frame, one, parameters) for frame, one in zip(study.frames, named, strict=True)}
    scan = BoneScan(
        anterior=views.get("anterior"),
        posterior=views.get("posterior"),
        spacing_mm=study.spacing_mm,
        unit=study.unit,
        date=study.date,
        source=study.source,
        warnings=tuple(dict.fromkeys(warnings)),
        record=study.record,
    )
    facts: dict[str, Any] = {
        name: {"rule": view.rule, "confidence": round(view.confidence, 3), "mirrored": view.mirrored}
        for name, view in scan
    }
    return scan.after(Step("name views", parameters, facts=facts))


def header_evidence(facts: FrameFacts, frames: Sequence[Frame]) -> list[Evidence]:
    """Return what header and file name say about a frame, the strongest rule first."""
    said = [(rule, view) for rule, view in facts.header_views()]
    if (view := _by_angle(facts)) is not None:
        said.append(("start_angle", view))
    alone = sum(frame.facts.source == facts.source for frame in frames) == 1
    if alone and (view := named_view(facts.file_name, suffixes=False) or _by_folder(facts)) is not None:
        said.append(("file_name", view))
    return [Evidence(rule, view, RULE_CONFIDENCE[rule]) for rule, view in said]


def _by_angle(facts: FrameFacts) -> ViewName | None:
    if facts.start_angle is None or not facts.ge:
        return None
    angle = facts.start_angle % 360
    return "anterior" if abs(angle - 180) < 1 else "posterior" if min(angle, 360 - angle) < 1 else None


def _by_folder(facts: FrameFacts) -> ViewName | None:
    return named_view(Path(facts.source).absolute().parent.name, suffixes=False) if facts.source else None


def _named(study: Study, warnings: list[str]) -> list[Evidence] | None:
    """Return what names each frame; None when a person must be asked."""
    says = [header_evidence(frame.facts, study.frames) for frame in study.frames]
    for evidence in says:
        if evidence and (against := [e for e in evidence[1:] if e.view != evidence[0].view]):
            rule = evidence[0].rule
            warnings.append(
                f"{rule} says {evidence[0].view}, {against[0].rule} says {against[0].view}; "
                f"{rule} was followed."
            )
    best: list[Evidence | None] = [evidence[0] if evidence else None for evidence in says]
    if len(best) == 1:
        return [one] if (one := best[0]) else None
    first, second = best
    if first is None and second is None:
        return None
    if first is None or second is None:
        known = first or second
        assert known is not None
        partner = Evidence("partner", _opposite(known.view), known.confidence * _PARTNER)
        return [known, partner] if first else [partner, known]
    return [first, second] if first.view != second.view else None


def _asked(study: Study, parameters: ViewParameters) -> list[Evidence]:
    if parameters.first_view == "auto":
        raise UndecidedViews(
            study.source, "nothing tells anterior from posterior; say which view the first image is"
        )
    first: ViewName = parameters.first_view
    views = [first, _opposite(first)][: len(study.frames)]
    return [Evidence("person", view, 1.0) for view in views]


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


def _opposite(view: ViewName) -> ViewName:
    return "posterior" if view == "anterior" else "anterior"

"""The rules that name a view: what headers, file names and pixels say, and which of them is followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_tbcad.bone.views_content import Content, compare_views, confidence
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.io.scans import Frame, FrameFacts
from napari_tbcad.io.view_names import named_view

RULE_CONFIDENCE = {
    "view_code": 0.99,
    "view_position": 0.98,
    "image_id": 0.95,
    "series_description": 0.93,
    "private_name": 0.93,
    "start_angle": 0.85,
    "file_name": 0.9,
}
"""How sure each rule of header and name is, the one that is followed first coming first."""

_PARTNER = 0.95
_CONTRADICTION = 0.95  # confidence of the content at which it is held against another rule
_WEAK = ("start_angle", "file_name")  # makers count angles differently, "post" may mean after a treatment
_ORDER = (*RULE_CONFIDENCE, "content")


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


def evidence_of(frames: Sequence[Frame], contents: Sequence[Content]) -> list[list[Evidence]]:
    """Return what every rule says about every frame, the rule that is followed first coming first.

    Parameters
    ----------
    frames : sequence of one or two Frame
        With what their files say.
    contents : sequence of Content
        What was measured on them.
    """
    says = [_said(frame, frames) for frame in frames]
    for evidence, content in zip(says, _by_content(contents), strict=True):
        if content is not None:
            evidence.append(content)
    return says


def decide(says: Sequence[list[Evidence]], warnings: list[str]) -> list[Evidence] | None:
    """Choose the rule that names each frame.

    Parameters
    ----------
    says : sequence of one or two lists of Evidence
        From :func:`evidence_of`.
    warnings : list of str
        Contradictions are appended here; the rule named first is the one followed.

    Returns
    -------
    list of Evidence or None
        None when nothing tells, or when two rules of one rank contradict each other: a person must say.
    """
    followed = [evidence[0] if evidence else None for evidence in says]
    for evidence in says:
        if not _stands(evidence, warnings):
            return None
    if len(followed) == 1:
        return [one] if (one := followed[0]) else None
    first, second = followed
    if first is None and second is None:
        return None
    if first is None or second is None:
        return _with_partner(first, second)
    if first.view != second.view:
        return [first, second]
    ranks = [_ORDER.index(one.rule) for one in (first, second)]
    if ranks[0] == ranks[1] or first.rule == "content" or second.rule == "content":
        warnings.append(f"Both images are called {first.view} ({first.rule}, {second.rule}).")
        return None
    strong, weak = (first, second) if ranks[0] < ranks[1] else (second, first)
    warnings.append(
        f"Both images are called {strong.view}, by {strong.rule} and by {weak.rule}; {strong.rule} was "
        "followed."
    )
    return _with_partner(first, None) if strong is first else _with_partner(None, second)


def opposite(view: ViewName) -> ViewName:
    """Return the other view."""
    return "posterior" if view == "anterior" else "anterior"


def _said(frame: Frame, frames: Sequence[Frame]) -> list[Evidence]:
    """Return what header and file name say about a frame."""
    facts = frame.facts
    said = [*facts.header_views()]
    if (view := _by_angle(facts, frames)) is not None:
        said.append(("start_angle", view))
    if (view := _by_name(facts, frames)) is not None:
        said.append(("file_name", view))
    return [Evidence(rule, view, RULE_CONFIDENCE[rule]) for rule, view in said]


def _by_angle(facts: FrameFacts, frames: Sequence[Frame]) -> ViewName | None:
    """Return the view by the detector's place; 0 degrees is at the patient's back (PS3.3, C.8.4.11).

    Makers other than GE are believed only where the two detectors stand opposite each other.
    """
    views = [_angle_view(frame.facts.start_angle) for frame in frames]
    both = len(views) == 2 and None not in views and views[0] != views[1]
    return _angle_view(facts.start_angle) if both or (facts.ge and len(set(views)) == len(views)) else None


def _angle_view(angle: float | None) -> ViewName | None:
    if angle is None:
        return None
    if abs(angle % 360 - 180) < 1:
        return "anterior"
    return "posterior" if min(angle % 360, 360 - angle % 360) < 1 else None


def _by_name(facts: FrameFacts, frames: Sequence[Frame]) -> ViewName | None:
    """Return the view that the file's name, else its folder's, names; ``_E`` and ``_F`` only as a pair."""
    if not facts.source or sum(frame.facts.source == facts.source for frame in frames) > 1:
        return None
    if (view := named_view(facts.file_name, suffixes=False)) is not None:
        return view
    if len(frames) == 2:
        ends = [named_view(frame.facts.file_name) for frame in frames]
        if None not in ends and ends[0] != ends[1]:
            return named_view(facts.file_name)
    return named_view(Path(facts.source).absolute().parent.name, suffixes=False)


def _by_content(contents: Sequence[Content]) -> list[Evidence | None]:
    if len(contents) == 2 and (found := compare_views(contents[0], contents[1])) is not None:
        view, sure = found
        return [Evidence("content", view, sure), Evidence("content", opposite(view), sure)]
    alone: list[Evidence | None] = []
    for content in contents:
        if content.view is None or content.score is None:
            alone.append(None)
        else:
            alone.append(Evidence("content", content.view, confidence(content.score)))
    return alone


def _stands(evidence: list[Evidence], warnings: list[str]) -> bool:
    """Say where the rules contradict each other; False when a weak rule meets contrary content."""
    if not evidence:
        return True
    first = evidence[0]
    for other in evidence[1:]:
        if other.view == first.view:
            continue
        if other.rule == "content" and other.confidence < _CONTRADICTION:
            continue
        if first.rule in _WEAK and other.rule == "content":
            warnings.append(f"{first.rule} says {first.view}, the image looks {other.view}.")
            return False
        says = "the image looks" if other.rule == "content" else f"{other.rule} says"
        warnings.append(
            f"{first.rule} says {first.view}, {says} {other.view}; {first.rule} was followed, swap the views "
            "if it is wrong."
        )
        break
    return True


def _with_partner(first: Evidence | None, second: Evidence | None) -> list[Evidence]:
    known = first or second
    assert known is not None
    partner = Evidence("partner", opposite(known.view), known.confidence * _PARTNER)
    return [known, partner] if first else [partner, known]

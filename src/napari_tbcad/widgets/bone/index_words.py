"""The words of an index: which number is which, what it rests on, what it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from napari_tbcad.widgets.parts.index_scale import Reading
from napari_tbcad.widgets.parts.link_label import Link

_MOST_NAMED = 6
"""So many hotspots outside all regions are named one by one; the rest is one link."""


@dataclass(frozen=True)
class Caption:
    """What stands around one large number."""

    head: str
    value: str
    foot: tuple[str | Link, ...]
    tip: str = ""


def captions_of(index: Any, n_unjudged: int) -> tuple[Caption | None, Caption]:
    """Return the words of the two numbers; the first is None where one number says all."""
    total = index.n_abnormal + sum(index.excluded.values())
    tip = index.summary()
    if not n_unjudged:
        said = f"all {total} hotspots judged" if total else "no hotspots"
        return None, Caption("Bone Scan Index", f"BSI {index.value:.2f} %", (f"● {said}",), tip)
    link = Link(f"{n_unjudged} not judged", "unjudged", "Choose the hotspots that nobody judged yet.")
    whole = Caption("With the candidates", f"{index.value:.2f} %", ("◇ ", link), tip)
    if index.judged_value is None:
        return Caption("Judged", "–", (f"● none of {total} yet",), "No class was judged yet."), whole
    tip = f"From the abnormal hotspots among the {index.n_judged} that you judged; nothing else counts."
    foot = (f"● {index.n_judged} of {total}",)
    return Caption("Judged", f"{index.judged_value:.2f} %", foot, tip), whole


def summary_of(index: Any, *, fresh: bool) -> str:
    """Return the index in a line."""
    late = "" if fresh else ", out of date"
    total = index.n_abnormal + sum(index.excluded.values())
    if index.n_judged == total:
        return f"BSI {index.value:.2f} %{late}"
    if index.judged_value is None:
        return f"BSI {index.value:.2f} %, not judged{late}"
    return f"judged {index.judged_value:.2f}, all {index.value:.2f} %{late}"


def answer_of(index: Any, *, fresh: bool = True) -> str:
    """Return the index as a sentence that is always in sight: both numbers where they differ in kind."""
    late = "" if fresh else " (out of date)"
    open_ = index.n_abnormal + sum(index.excluded.values()) - index.n_judged
    if not open_:
        return f"BSI {index.value:.2f} %{late}"
    if index.judged_value is None:
        return f"BSI {index.value:.2f} %, none judged{late}"
    return f"BSI {index.judged_value:.2f} %, with {open_} not judged {index.value:.2f} %{late}"


def readings_of(index: Any, before: Any = None) -> list[Reading]:
    """Return the numbers for the scale, that of an earlier scan first where it can be compared.

    Parameters
    ----------
    index : BoneScanIndex
    before : ComparisonResult, optional
        The comparison with an earlier scan.
    """
    total = index.n_abnormal + sum(index.excluded.values())
    found = []
    if before is not None and before.verdict != "not comparable":
        found.append(Reading(before.bsi_earlier, "tick", "Earlier scan"))
    if index.n_judged == total:
        return [*found, Reading(index.value, "dot", "Bone Scan Index")]
    found.append(Reading(index.value, "ring", "With the candidates"))
    if index.judged_value is not None:
        found.append(Reading(index.judged_value, "dot", "Judged"))
    return found


def basis_text(index: Any, *, fresh: bool = True) -> str:
    """Return what the number depends on."""
    from napari_tbcad.bone.bsi import DETECTABLE_CHANGE

    late = "" if fresh else "Out of date. "
    return f"{late}± {DETECTABLE_CHANGE:.2f} may be chance. Weights {index.weights}, views {index.combine}."


def basis_tip(index: Any) -> str:
    """Return the same at length."""
    from napari_tbcad.bone.bsi import DETECTABLE_CHANGE

    return (
        f"Two scans of one patient may differ by {DETECTABLE_CHANGE:.2f} without a change of the disease. "
        f"An index is comparable only with one of the same weights ({index.weights}) and view rule "
        f"({index.combine})."
    )


def doubts_of(regions: Any, quality: Any) -> list[str]:
    """Return what makes the number less certain than its band says."""
    said = []
    if quality is not None and quality.level in ("amber", "red"):
        said.append("Few counts: a repeated scan may differ by more than the band.")
    unsure = [text for text in getattr(regions, "warnings", ()) if "unsure" in text]
    if unsure:
        said.append("The regions are uncertain: check them in step 2, every share rests on them.")
    return said


def left_out_pieces(index: Any, groups: Sequence[Any], table: Any) -> list[str | Link]:
    """Return how many hotspots count and which do not, each reason a link that chooses them."""
    pairs = index.n_abnormal - index.n_lesions
    said = f"{index.n_abnormal} abnormal"
    if pairs:
        said += (
            f" ({index.n_lesions} lesion{'s' if index.n_lesions != 1 else ''}, {pairs} seen in both views)"
        )
    pieces: list[str | Link] = [f"{said}. "]
    shown = [group for group in groups if group.reason != "outside all regions"]
    pieces.append("Not counted: " if shown else "")
    for number, group in enumerate(shown):
        pieces += [", " if number else "", Link(f"{len(group.ids)} {group.reason}", group.reason, group.why)]
    if shown:
        pieces.append(". ")
    outside = next((group for group in groups if group.reason == "outside all regions"), None)
    if outside is not None:
        pieces += ["Outside all regions, so no part of the index: ", *_named(outside, table), "."]
    partly = {view: n for view, n in index.outside_pixels.items() if n}
    if partly:
        said = ", ".join(f"{n} px {view}" for view, n in partly.items())
        pieces.append(f" Of abnormal hotspots, {said} lie outside the regions.")
    return pieces


def _named(group: Any, table: Any) -> Iterable[str | Link]:
    near = {row.id: row.nearest_region for row in table or ()}
    for number, one in enumerate(group.ids[:_MOST_NAMED]):
        place = f" near {near[one]}" if near.get(one) else ""
        yield ", " if number else ""
        yield Link(f"#{one}{place}", str(one), "Choose it; draw the region over it, or judge it non-bone.")
    if len(group.ids) > _MOST_NAMED:
        yield " and "
        yield Link(f"{len(group.ids) - _MOST_NAMED} more", group.reason, "Choose all of them.")

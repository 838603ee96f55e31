"""The words of a comparison with an earlier scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_tbcad.widgets.parts.link_label import Link

STATES = {"new": "new", "changed": "changed", "gone": "gone", "unchanged": "unchanged"}
"""States of a place in the order in which a person wants to see them."""

SIGNS = {"new": "+", "changed": "±", "gone": "−", "unchanged": "="}
"""A sign beside each word: colour alone says nothing."""

_VERDICTS = {
    "increase": "An increase: more than two scans of one patient differ by without a change.",
    "decrease": "A decrease: more than two scans of one patient differ by without a change.",
    "within the detectable change": "Within ±{band:.2f}: it may be chance.",
    "not comparable": "These two numbers cannot be compared.",
}


def signed(value: float) -> str:
    """Return a change with its sign, the minus as long as the plus."""
    return f"{value:+.2f}".replace("-", "−")


def verdict_text(result: Any) -> str:
    """Return what the difference means."""
    from napari_tbcad.bone.bsi import DETECTABLE_CHANGE

    said = _VERDICTS[result.verdict].format(band=DETECTABLE_CHANGE)
    return f"From {result.bsi_earlier:.2f} % to {result.bsi_later:.2f} %. {said}"


def judged_text(result: Any) -> str:
    """Return the difference by what a person judged, where both scans have it; else what is missing."""
    if result.judged_change is None:
        return "Not all is judged in both scans: candidates count here as the program classed them."
    if abs(result.judged_change - result.change) < 5e-4:
        return ""
    return f"By the judged hotspots alone: {signed(result.judged_change)}."


def interval_text(result: Any) -> str:
    """Return how much time lies between the scans."""
    if result.days is None:
        return ""
    days = abs(result.days)
    said = f"{days} days" if days < 60 else f"{days / 30.44:.0f} months"
    return f"{said} {'before' if result.days >= 0 else 'after'}"


def counted_pieces(result: Any) -> list[str | Link]:
    """Return how many places are new, changed, gone and unchanged, each a link."""
    pieces: list[str | Link] = []
    for number, state in enumerate(STATES):
        n = result.number(state)
        pieces.append(" · " if number else "")
        words = f"{SIGNS[state]} {n} {state}"
        tip = f"Choose the hotspots that are {state}." if state != "gone" else "Go to the first that is gone."
        pieces.append(Link(words, state, tip) if n else words)
    return pieces


def regions_text(result: Any, *, most: int = 4) -> str:
    """Return the regions whose part changed most."""
    changes = [(name, value) for name, value in result.regions.items() if value and abs(value) >= 0.005]
    changes.sort(key=lambda item: -abs(item[1]))
    said = ", ".join(f"{name} {signed(value)}" for name, value in changes[:most])
    return f"Most by region: {said}." if said else ""


def listed(pairings: Sequence[Any]) -> list[Any]:
    """Return pairings in the order of the list: abnormal ones first, then as the states stand."""
    order = list(STATES)
    return sorted(
        pairings,
        key=lambda p: ("abnormal" not in (p.label_earlier, p.label_later), order.index(p.state), p.view),
    )


def row_words(pairing: Any) -> tuple[str, str, str, str]:
    """Return the four cells of a pairing, and its tooltip as the last."""
    place = f"{pairing.region or 'no region'}, {'ant.' if pairing.view == 'anterior' else 'post.'}"
    known = (("area", pairing.area_ratio), ("uptake", pairing.uptake_ratio))
    ratios = [(name, value) for name, value in known if value is not None]
    cell = " · ".join(f"×{value:.2f}" for _, value in ratios)
    said = ", ".join(f"{name} ×{value:.2f}" for name, value in ratios)
    if pairing.label_earlier != pairing.label_later and pairing.label_earlier and pairing.label_later:
        said += f", {pairing.label_earlier} → {pairing.label_later}"
        cell = f"{pairing.label_earlier} → {pairing.label_later}"
    ids = " → ".join(
        ", ".join(f"#{n}" for n in numbers) or "none" for numbers in (pairing.earlier, pairing.later)
    )
    tip = f"{place}: {pairing.state}. Earlier and now: {ids}."
    if said:
        tip += f" Now by then: {said}."
    if pairing.distance_mm is not None:
        tip += f" {pairing.distance_mm:.0f} mm apart after the bodies were laid on each other."
    return f"{SIGNS[pairing.state]} {pairing.state}", place, cell, tip

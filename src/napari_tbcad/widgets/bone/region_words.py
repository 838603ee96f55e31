"""The words of the regions step: what found them, how sure it was, what a person changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_tbcad.widgets.parts.networks import shortened

_SCORE = {"network": "Certainty of the network", "atlas": "Agreement of atlas and scan"}


def model_of(regions: Any) -> str:
    """Return the network that found regions; empty for none."""
    return next((step.model for step in reversed(tuple(regions.record)) if getattr(step, "model", "")), "")


def found_text(regions: Any, chosen: str) -> str:
    """Return what found the regions and how far they can be trusted.

    Parameters
    ----------
    regions : SkeletonRegions
    chosen : str
        The segmenter that was asked for; empty where nothing is known of it.
    """
    used = regions.segmenter
    model = model_of(regions)
    said = [f"Found by {shortened(model) if model else used}." if used else ""]
    if used and chosen and used != chosen:
        said = [f"Found by the {used}: the {chosen} could not be used."]
    if regions.scores:
        scores = ", ".join(f"{view} {score:.2f}" for view, score in regions.scores.items())
        said.append(f"{_SCORE.get(used, 'Score')} (1 is best): {scores}.")
    return " ".join(filter(None, said))


def corrected_text(journal: Sequence[Any]) -> str:
    """Return what a person did to the regions."""
    edits = [edit for edit in journal if edit.target == "regions"]
    dice = edits[-1].dice_after if edits else None
    same = "" if dice is None else f" Dice {_share(dice)} with the automatic ones."
    strokes = f" {len(edits)} edit{'s' if len(edits) != 1 else ''}." if edits else ""
    return f"Corrected by hand.{strokes}{same}"


def summary_of(regions: Any) -> str:
    """Return what found the regions in a line, with the lowest of its scores."""
    lowest = f" {min(regions.scores.values()):.2f}" if regions.scores else ""
    return f"{regions.segmenter}{lowest}"


def _share(dice: float) -> str:
    """Return a Dice with three digits; what is not the same is not called 1."""
    return "> 0.999" if 0.9995 <= dice < 1 else f"{dice:.3f}"

"""An explanation as a sentence."""

from __future__ import annotations

from collections.abc import Mapping

SHARE = 0.35
"""Share of all evidence for one side from which a single zone is named as its place."""
LITTLE = 0.05
"""Log-odds below which nothing is said: a change of about one per cent of probability at most."""


def sentence(
    zones: Mapping[str, float],
    not_local: float,
    *,
    suspect: bool,
    stage: int,
    outline: bool = False,
    placed: bool = True,
) -> str:
    """Say where most of what speaks for the decision lies.

    Parameters
    ----------
    zones : mapping of str to float
        Log-odds of each zone, such as ``"right_upper"``.
    not_local : float
        Log-odds of what has no place.
    suspect : bool
        Whether the film was called suspect; what speaks for that is positive.
    stage : int
        Which stage decided.
    outline : bool, optional
        Whether the shape decided, and the zones hold what lies along the outline.
    placed : bool, optional
        Whether the stage reads anything that has a place.
    """
    what = "for tuberculosis" if suspect else "against tuberculosis"
    if not placed:
        return f"Stage {stage} decided by the shape of whole lungs, which has no place in them."
    side = 1 if suspect else -1
    for_it = {zone: side * value for zone, value in zones.items() if side * value > 0}
    total = sum(for_it.values())
    if total < LITTLE:
        said = f"Nothing {'along the outline of' if outline else 'inside'} the lungs speaks {what}."
    else:
        said = f"Most of what speaks {what} {_where(for_it, total)}"
        said += ", along the outline of the lungs." if outline else "."
    if not outline and side * not_local > max(total, LITTLE):
        return f"{said} The shape of the lungs speaks more {what} than what lies inside them."
    return said


def _where(for_it: Mapping[str, float], total: float) -> str:
    order = sorted(for_it, key=lambda zone: -for_it[zone])
    if for_it[order[0]] >= SHARE * total and (len(order) < 2 or for_it[order[0]] > 1.25 * for_it[order[1]]):
        return f"lies in the {_zone(order[0])} zone"
    if sum(for_it[zone] for zone in order[:2]) >= 0.5 * total and len(order) > 1:
        return f"lies in the {_zone(order[0])} and {_zone(order[1])} zones"
    return "is spread over the lungs"


def _zone(name: str) -> str:
    side, third = name.split("_")
    return f"{third} {side}"

"""What the automatic masks alone would say, once a person has corrected them."""

from __future__ import annotations

from napari_tbcad.chain import Run
from napari_tbcad.chest.workflow import CHAIN
from napari_tbcad.errors import BadInput

_KEPT = ("upright", "work", "enhanced", "soft", "opacities")
"""Values that no correction touches, taken over as they are."""


def automatic_probability(run: Run) -> float | None:
    """Return the probability that the automatic masks of a run give, with the settings of today.

    Parameters
    ----------
    run : Run
        A run of :data:`napari_tbcad.chest.workflow.CHAIN`.

    Returns
    -------
    float or None
        None when there is no fresh result to compare with, no probability, or when the automatic masks
        cannot be measured (one lung was not found).
    """
    result = run.get("result")
    if result is None or not run.fresh("result"):
        return None
    if not (run.edited("sensitive") or run.edited("insensitive")):
        return result.probability
    masks = ("sensitive", "insensitive")
    if not all(run.fresh(name, automatic=True) for name in masks):
        return None
    other = Run(CHAIN, run.settings)
    for name in CHAIN.inputs:
        other.put(name, run.get(name), key=run.key(name))
    for name in (*_KEPT, *masks):
        if run.fresh(name, automatic=True):
            other.restore(name, run.get(name, automatic=True))
    try:
        return other.compute("result")[0].probability
    except BadInput:
        return None

"""The Bone Scan Index that a method's masks give, beside that of the labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_tbcad.bone.region_areas import Areas, Rule, contributions
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.run_scores import ImageRow, RunScores
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.skeletal_mass import DEFAULT_WEIGHTS, weight_table


@dataclass(frozen=True)
class IndexRow:
    """One patient's index, in % of the skeleton's mass.

    Parameters
    ----------
    patient, source : str
    index : float
        From what was found.
    reference : float
        From the labels, with the same regions, weights and rule.
    """

    patient: str
    source: str
    index: float
    reference: float


def index_rows(
    anterior: RunScores,
    posterior: RunScores,
    *,
    weights: str = DEFAULT_WEIGHTS,
    rule: Rule = "mean",
    reference_rule: Rule | None = None,
) -> tuple[IndexRow, ...]:
    """Compute the index of every patient whom both runs have seen.

    Both indices are made with the same regions, so that they differ by the hotspots alone; the reference is
    the labels' index, not the mass of metastases in the body.

    Parameters
    ----------
    anterior, posterior : RunScores
        The runs of one method, scheme and seed on the two views, scored with regions.
    weights : str, optional
        Name of a weight table.
    rule : str, optional
        How two views make one index; ``"anterior"`` and ``"posterior"`` take one view alone.
    reference_rule : str, optional
        The same for the labels' index; `rule` when not given.

    Returns
    -------
    tuple of IndexRow
        Sorted by source and patient. Patients with one view, without regions, or with several images of a
        view are left out.

    Raises
    ------
    BadInput
        If the runs are of different methods, schemes or seeds, or not of these views.
    """
    _require_pair(anterior, posterior)
    table, rows = weight_table(weights), []
    by_view = {view: _single(run) for view, run in zip(VIEWS, (anterior, posterior), strict=True)}
    for source, patient in sorted(by_view["anterior"].keys() & by_view["posterior"].keys()):
        pair = {view: by_view[view][source, patient] for view in VIEWS}

        def index(name: str, chosen: Rule, pair: dict[ViewName, ImageRow] = pair) -> float:
            areas: Areas = {
                v: (np.array(row.regions.all, np.int64), np.array(getattr(row.regions, name), np.int64))
                for v, row in pair.items()
                if row.regions is not None
            }
            views: tuple[ViewName, ...] = VIEWS if chosen not in VIEWS else (chosen,)
            parts = contributions(areas, views, table, chosen).values()
            return float(sum(part for part in parts if part is not None))

        rows.append(IndexRow(patient, source, index("found", rule), index("true", reference_rule or rule)))
    return tuple(rows)


def _single(run: RunScores) -> dict[tuple[str, str], ImageRow]:
    """Return the image of every patient who has exactly one, with regions."""
    found: dict[tuple[str, str], list[ImageRow]] = {}
    for row in run.images:
        found.setdefault((row.source, row.patient), []).append(row)
    return {key: rows[0] for key, rows in found.items() if len(rows) == 1 and rows[0].regions is not None}


def _require_pair(anterior: RunScores, posterior: RunScores) -> None:
    for view, run in zip(VIEWS, (anterior, posterior), strict=True):
        if run.view != view:
            raise BadInput(run.name, f"this run is of the {run.view} view, not of the {view} one")
    if len({(run.method, run.scheme, run.seed) for run in (anterior, posterior)}) > 1:
        raise BadInput(posterior.name, f"it does not belong to {anterior.name}")

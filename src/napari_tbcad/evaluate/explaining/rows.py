"""Scores of films put together: the rows of explanation.csv."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from napari_tbcad.evaluate.columns import TABLES
from napari_tbcad.evaluate.explaining.films import FilmScores
from napari_tbcad.evaluate.resampling import N_BOOTSTRAP, Draws, percentile_interval

WHAT = {
    "pixel_auc": "AUC of drawn lesions against other pixels of the lungs, mean over films",
    "pixel_auc_either_side": "the same of the size of the evidence, whichever side it speaks for",
    "pointing_lesions": "share of films whose highest point lies in a drawn lesion",
    "pointing_nodules": "share of films whose highest point lies within the nodule's radius",
    "removal_probability": "change of the probability towards the other answer without the tenth of the "
    "lungs that speaks most for the decision; chance: a tenth at random",
    "removal_log_odds": "the same, of the log-odds",
    "removal_right_side": "share of films in which that moves towards the other answer",
    "removal_beats_random": "share of random removals that move the log-odds less",
    "erasure_probability": "as removal, with the tenth erased in the insensitive mask and all measured anew",
    "erasure_log_odds": "the same, of the log-odds",
    "erasure_right_side": "share of films in which that moves towards the other answer",
    "erasure_beats_random": "share of random erasures that move the log-odds less",
    "decided_by_outline": "share of films decided by the outline alone, in which nothing was removed",
}
"""What each measure is."""


def explanation_rows(
    films: Sequence[FilmScores], *, n_bootstrap: int = N_BOOTSTRAP, seed: int = 0, prefix: str = ""
) -> pd.DataFrame:
    """Return the means over films with intervals by patient.

    Parameters
    ----------
    films : sequence of FilmScores
        Of as many films as were tested.
    n_bootstrap, seed : int, optional
        Times that patients are drawn again, and the seed.
    prefix : str, optional
        Put before each measure's name, where one table holds several groups of films.

    Returns
    -------
    DataFrame
        measure, value, low, high, chance, centre_prior, n, what.
    """
    names = [name for name in WHAT if any(name in film.scores for film in films)]
    rows = [_row(name, [film for film in films if name in film.scores], n_bootstrap, seed) for name in names]
    if films:
        outline = np.array([float(film.stage == 1) for film in films])
        rows.append(_line("decided_by_outline", outline, films, n_bootstrap, seed))
    table = pd.DataFrame(rows, columns=list(TABLES["explanation.csv"]))
    return table.assign(measure=prefix + table["measure"])


def _row(name: str, films: list[FilmScores], n_bootstrap: int, seed: int) -> dict[str, object]:
    scores = [film.scores[name] for film in films]
    row = _line(name, np.array([score.value for score in scores]), films, n_bootstrap, seed)
    centre = np.array([score.centre for score in scores])
    row["chance"] = float(np.mean([score.chance for score in scores]))
    row["centre_prior"] = float(np.nanmean(centre)) if np.isfinite(centre).any() else float("nan")
    return row


def _line(
    name: str, values: np.ndarray, films: Sequence[FilmScores], n_bootstrap: int, seed: int
) -> dict[str, object]:
    patients = [film.patient for film in films]
    draws = Draws.of(patients, n_bootstrap, seed)
    weights = draws.weights[:, draws.owners(patients)].astype(float)
    with np.errstate(invalid="ignore"):
        drawn = weights @ values / weights.sum(axis=1)
    low, high = percentile_interval(float(values.mean()), drawn, len(draws.patients))
    return {
        "measure": name,
        "value": float(values.mean()),
        "low": low,
        "high": high,
        "chance": float("nan"),
        "centre_prior": float("nan"),
        "n": len(films),
        "what": WHAT[name],
    }

"""Every test of the explanation of one film."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chain import Run
from napari_tbcad.chest.explain import ExplainParameters, Explanation, explain
from napari_tbcad.chest.explain.removal import Removal
from napari_tbcad.evaluate.explaining.pointing import (
    centre_prior,
    disc,
    middles,
    pixel_auc,
    share_in,
    top_point,
)
from napari_tbcad.evaluate.explaining.removing import N_RANDOM, Moved, removal_test
from napari_tbcad.imaging.grid import resize_labels


class Score(NamedTuple):
    """One measure of one film, what chance reaches, and what the middle of the lungs reaches."""

    value: float
    chance: float
    centre: float = float("nan")


@dataclass(frozen=True, eq=False)
class Marked:
    """What a reader marked on a film.

    Parameters
    ----------
    lesions : (h, w) array of bool, optional
        Drawn lesions, on any grid over the film's field of view.
    lungs : (h, w) array of bool, optional
        Drawn lungs; the insensitive mask is used where there are none.
    nodule : (float, float, float), optional
        Row, column and radius of a nodule, as shares of the film's height, width and height.
    """

    lesions: NDArray[np.bool_] | None = None
    lungs: NDArray[np.bool_] | None = None
    nodule: tuple[float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class FilmScores:
    """The measures of one film.

    Parameters
    ----------
    name, patient : str
        Which film, of whom.
    stage : int
        Which stage decided.
    probability : float
        What it said.
    scores : mapping of str to Score
        Measures, as in explanation.csv.
    """

    name: str
    patient: str
    stage: int
    probability: float
    scores: Mapping[str, Score] = dataclass_field(default_factory=dict)


def score_film(
    run: Run,
    *,
    name: str = "",
    patient: str = "",
    marked: Marked | None = None,
    parameters: ExplainParameters = ExplainParameters(),
    n_random: int = N_RANDOM,
    seed: int = 0,
    erased: bool = True,
    told: Explanation | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> FilmScores:
    """Explain the decision about one film and test the explanation.

    Parameters
    ----------
    run : Run
        The film in the chest chain, with a model that did not learn from it.
    name, patient : str, optional
        Kept with the scores; a film without a patient is its own.
    marked : Marked, optional
        Without it only the removal is tested.
    parameters : ExplainParameters, optional
        Of the explanation; what stands in a part's place is the same for the removal.
    n_random, seed : int, optional
        Of the removal test.
    erased : bool, optional
        Test also the removal that a person can make: the part is erased in the insensitive mask, and all is
        measured again by the function that measures films.
    told : Explanation, optional
        The explanation, where there is one of just this run and these parameters.
    cancelled : callable, optional
        As for every stage.

    Returns
    -------
    FilmScores
        Where stage 1 decided there is no removal: what lies inside the lungs did not decide.
    """
    told = told or explain(run, cancelled=cancelled, parameters=parameters)
    removal = Removal.of(run, neutral=parameters.neutral)
    scores = pointing_scores(told.map, removal.lungs, marked) if marked is not None else {}
    if removal.measurers:
        scores |= _removed("removal", removal, told, n_random, seed)
        if erased:
            again = Removal.of(run, neutral="rest", remeasure=True)
            scores |= _removed("erasure", again, told, n_random, seed)
    return FilmScores(name, patient or name, told.stage, told.probability, scores)


def pointing_scores(
    values: NDArray[np.floating], labels: NDArray[np.uint8], marked: Marked
) -> dict[str, Score]:
    """Hold a map against what a reader marked.

    Parameters
    ----------
    values : (H, W) array
        The map.
    labels : (H, W) array of uint8
        Lungs on its grid, 1 right, 2 left; the top point is looked for in them.
    marked : Marked
        What was marked.
    """
    shape = values.shape
    point, middle = top_point(values, labels > 0), middles(labels)
    scores: dict[str, Score] = {}
    if marked.lesions is not None:
        lesions = _on(marked.lesions, shape)
        lungs = labels > 0 if marked.lungs is None else _on(marked.lungs, shape)
        auc = pixel_auc(values, lesions, lungs)
        if np.isfinite(auc):
            prior = pixel_auc(centre_prior(labels), lesions, lungs)
            scores["pixel_auc"] = Score(auc, 0.5, prior)
            scores["pixel_auc_either_side"] = Score(pixel_auc(np.abs(values), lesions, lungs), 0.5, prior)
            share = float(lesions[labels > 0].mean())
            scores["pointing_lesions"] = Score(float(lesions[point]), share, share_in(middle, lesions))
    if marked.nodule is not None:
        row, column, radius = marked.nodule
        place = disc(shape, (row * shape[0] - 0.5, column * shape[1] - 0.5), radius * shape[0])
        share = float(place[labels > 0].mean())
        scores["pointing_nodules"] = Score(float(place[point]), share, share_in(middle, place))
    return scores


def _on(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    return resize_labels(np.asarray(mask).astype(np.uint8), (shape[0], shape[1])) > 0


def _removed(what: str, removal: Removal, told: Explanation, n_random: int, seed: int) -> dict[str, Score]:
    """Take away the map's part, the middle of the lungs, and as much at random."""

    def test(values: NDArray[np.floating], n: int) -> Moved:
        return removal_test(removal, values, suspect=told.suspect, n_random=n, seed=seed)

    own = test(told.map, n_random)
    side = 1 if told.suspect else -1
    middle = test(side * centre_prior(removal.lungs), 1)
    return {
        f"{what}_probability": Score(own.probability, own.random_probability, middle.probability),
        f"{what}_log_odds": Score(own.log_odds, own.random_log_odds, middle.log_odds),
        f"{what}_right_side": Score(
            float(own.log_odds > 0), own.random_right_side, float(middle.log_odds > 0)
        ),
        f"{what}_beats_random": Score(own.beaten, 0.5),
    }

"""The test of the explanation on some films, each with the model that did not learn from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad import __version__
from napari_tbcad.batch.evaluating.film import atlas_digest, read_atlas
from napari_tbcad.batch.evaluating.found import FoundFilm
from napari_tbcad.batch.evaluating.plans import plans_for
from napari_tbcad.batch.evaluating.store import WORK
from napari_tbcad.batch.faults import said_of
from napari_tbcad.batch.pool import each
from napari_tbcad.content import digest
from napari_tbcad.errors import Cancelled
from napari_tbcad.files import sha256
from napari_tbcad.journal import Journal, read_journal

if TYPE_CHECKING:
    import pandas as pd

    from napari_tbcad.batch.evaluating.measured import MeasuredFilms
    from napari_tbcad.batch.evaluating.models import FoldModels
    from napari_tbcad.batch.evaluating.run import Run
    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.evaluate.evaluation import Evaluation
    from napari_tbcad.evaluate.explaining import FilmScores, Marked

Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class ExplainTask:
    """One film to explain.

    Parameters
    ----------
    film : FoundFilm
    model : str
        Name or file of a model that did not learn from the film.
    key : str
        Digest of all that the outcome depends on.
    """

    film: FoundFilm
    model: str
    key: str


@dataclass(frozen=True)
class ExplainJob:
    """Explains a film and tests the explanation; small enough to be sent to other processes.

    Parameters
    ----------
    assignments : mapping
        Settings of the main variant.
    atlas : str, optional
        Path of an atlas.
    seed : int
        Of what is removed at random.
    """

    assignments: Mapping[str, Any] = field(default_factory=dict)
    atlas: str | None = None
    seed: int = 0

    def __call__(self, task: ExplainTask) -> FilmScores | str:
        """Return the measures of one film, or why there are none."""
        from napari_tbcad.chest.workflow import settings_from, start
        from napari_tbcad.evaluate.explaining import score_film
        from napari_tbcad.io.read import read_film

        try:
            run = start(
                read_film(task.film.path),
                settings_from(self.assignments),
                model=_model(task.model),
                library=read_atlas(self.atlas),
            )
            marked = marks_of(task.film.path)
            return score_film(
                run, name=task.film.file, patient=task.film.patient, marked=marked, seed=self.seed
            )
        except Cancelled:
            raise
        except Exception as error:  # one film's defect of ours must not end the evaluation
            return said_of(task.film.path, error)


def explanation_table(
    films: Sequence[FoundFilm],
    model_of: Mapping[str, str],
    assignments: Mapping[str, Any],
    kept_in: Path,
    *,
    settings: str,
    number: int,
    seed: int = 0,
    n_bootstrap: int = 1000,
    atlas: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    tell: Tell | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Return explanation.csv for some of the films.

    Parameters
    ----------
    films : sequence of FoundFilm
        All films that were tested.
    model_of : mapping
        Name or file of a model by film; films without are not explained.
    assignments : mapping
        Settings of the main variant.
    kept_in : Path
        Journal of what was explained before.
    settings : str
        Digest of the settings.
    number : int
        Films that are explained: of each class half, those with drawn lesions first.
    seed, n_bootstrap : int
        Of the choice, of what is removed at random, and of the intervals.
    atlas, workers, scheduler, cancelled
        As everywhere.
    tell : callable, optional
        Called with the share done and a text.

    Returns
    -------
    table : DataFrame
    notes : list of str
        Films that could not be explained.
    """
    from napari_tbcad.evaluate.explaining import explanation_rows

    tasks = [
        ExplainTask(film, model_of[film.file], _key(film, model_of[film.file], settings, seed))
        for film in chosen_films([f for f in films if f.file in model_of], number, seed)
    ]
    known = {str(line["key"]): _scores(line) for line in read_journal(kept_in)}
    wanted = [task for task in tasks if task.key not in known]
    notes = []
    job = ExplainJob(dict(assignments), atlas, seed)
    with Journal(kept_in) as journal:
        outcomes = each(job, wanted, workers=workers, scheduler=scheduler, cancelled=cancelled)
        for done, (task, found) in enumerate(zip(wanted, outcomes, strict=True), start=1):
            if isinstance(found, str):
                cause = found.removeprefix(f"{task.film.path.name}: ")
                notes.append(f"not explained: {task.film.file}: {cause}")
            else:
                journal.add({"key": task.key, **_line(found)})
                known[task.key] = found
            if tell is not None:
                tell(done / len(wanted), f"explanation {done} of {len(wanted)}: {task.film.path.name}")
    scores = [known[task.key] for task in tasks if task.key in known]
    return explanation_rows(scores, n_bootstrap=n_bootstrap, seed=seed), notes


def with_explanation(
    evaluation: Evaluation,
    given: Run,
    measured: MeasuredFilms,
    model_of: Mapping[str, str],
    facts: dict[str, Any],
    tell: Tell,
) -> Evaluation:
    """Test the explanation on some films; what could not be explained goes to the notes of `facts`."""
    if not given.config.explain or not model_of:
        return evaluation
    main = given.config.variants[0]
    (plan,) = plans_for([main], given.assignments, atlas=atlas_digest(given.atlas))
    table, notes = explanation_table(
        measured.films,
        model_of,
        {**given.assignments, **main.assignments},
        given.out / WORK / "explained.jsonl",
        settings=f"{plan.settings} {plan.networks} {plan.feature_set}",
        number=given.config.explain,
        seed=given.config.seed,
        n_bootstrap=given.config.bootstrap,
        atlas=given.atlas,
        workers=given.workers,
        scheduler=given.scheduler,
        tell=tell,
        cancelled=given.cancelled,
    )
    facts["notes"] = [*facts["notes"], *notes]
    return replace(evaluation, explanation=table)


def models_of(evaluation: Evaluation, models: FoldModels) -> dict[str, str]:
    """Return for each test film of the first repeat the model of the leading method that did not see it."""
    rows = evaluation.main_predictions(evaluation.methods[0])
    files = {fold: models.of(evaluation.methods[0], str(fold)) for fold in set(rows["fold"])}
    return {
        str(row["file"]): str(files[row["fold"]])
        for row in rows.to_dict("records")
        if files[row["fold"]] is not None
    }


def chosen_films(films: Sequence[FoundFilm], number: int, seed: int) -> list[FoundFilm]:
    """Return films of both classes in turn, those with drawn lesions before others, else at random."""
    generator = np.random.default_rng(seed)
    shuffled = [films[int(i)] for i in generator.permutation(len(films))]
    shuffled.sort(key=lambda film: marks_file(film.path) is None)
    sick = [film for film in shuffled if film.row.label == 1]
    well = [film for film in shuffled if film.row.label != 1]
    half = max(number - len(well), min(len(sick), (number + 1) // 2))
    return [*sick[:half], *well[: max(0, number - half)]]


def marks_file(film: Path) -> Path | None:
    """Return a film's drawn lesions: ``lesions/NAME`` or ``truth/STEM_lesions.png`` beside its folder."""
    places = (
        film.parent.parent / "lesions" / film.name,
        film.parent.parent / "truth" / f"{film.stem}_lesions.png",
    )
    return next((place for place in places if place.is_file()), None)


def marks_of(film: Path) -> Marked | None:
    """Read the drawn lesions of a film; None where there are none."""
    from napari_tbcad.evaluate.explaining import Marked
    from napari_tbcad.io.masks import mask_values

    place = marks_file(film)
    if place is None:
        return None
    lesions = mask_values(place) > 0
    return Marked(lesions=lesions) if lesions.any() else None


def _key(film: FoundFilm, model: str, settings: str, seed: int) -> str:
    marks = marks_file(film.path)
    drawn = "" if marks is None else str(marks.stat().st_mtime_ns)
    path = Path(model)
    learned = sha256(path) if path.is_file() else model  # a packaged one is part of this version
    return digest(__version__, film.content, learned, settings, str(seed), drawn)


def _line(found: FilmScores) -> dict[str, Any]:
    return {
        "name": found.name,
        "patient": found.patient,
        "stage": found.stage,
        "probability": found.probability,
        "scores": {name: [float(v) for v in score] for name, score in found.scores.items()},
    }


def _scores(line: Mapping[str, Any]) -> FilmScores:
    from napari_tbcad.evaluate.explaining import FilmScores
    from napari_tbcad.evaluate.explaining.films import Score

    scores = {name: Score(*values) for name, values in line["scores"].items()}
    return FilmScores(line["name"], line["patient"], line["stage"], line["probability"], scores)


@lru_cache(maxsize=2)
def _model(name: str) -> ChestModel:
    from napari_tbcad.chest.classify.packaged import find_model

    return find_model(name)

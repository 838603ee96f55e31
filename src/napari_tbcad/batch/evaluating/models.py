"""The classifiers of the folds, kept so that a film can be opened with the one that did not see it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.evaluate.fitting import FitJob, Fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tbcad.chest.classify.card import Score

MODELS = "models"


def model_file(method: str, fold: str) -> str:
    """Return the name of a fold's model in the folder ``models``: METHOD_FOLD.skops."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "-", f"{method}_{fold}") + ".skops"


class FoldModels:
    """Keeps what each fold fitted, and at the end writes it with its card.

    Parameters
    ----------
    work : Path
        Where models lie until the scores of the run are known.
    facts : mapping
        Fields of the card that all folds share.
    shape_model : mapping, optional
        Of the feature sets with shape modes.
    """

    def __init__(
        self, work: Path, facts: Mapping[str, Any], shape_model: Mapping[str, NDArray[Any]] | None
    ) -> None:
        self._work, self._facts, self._shape_model = work, facts, shape_model
        self._kept: dict[tuple[str, str], Path] = {}

    def have(self, key: str, job: FitJob) -> bool:
        """Tell whether the classifier of a fit is kept, and remember it for its fold."""
        path = self._work / f"{key}.skops"
        if not path.is_file():
            return False
        self._kept[job.name, job.fold.name] = path
        return True

    def of(self, method: str, fold: str) -> Path | None:
        """Return where the model of a fold is kept; None where it is not."""
        return self._kept.get((method, fold))

    def take(self, key: str, job: FitJob, fitted: Fitted) -> None:
        """Keep a classifier that was fitted now."""
        from napari_tbcad.chest.classify.store import save_model
        from napari_tbcad.chest.classify.train import fitted_model

        if fitted.model is None:
            return
        train = job.fold.train
        model = fitted_model(
            job.X.iloc[train],
            job.y[train],
            estimator=fitted.model,
            card_info={**self._facts, "name": f"{job.name}, fold {job.fold.name}"},
            shape_model=self._shape_model,
        )
        path = self._work / f"{key}.skops"
        save_model(model, path)
        self._kept[job.name, job.fold.name] = path

    def write(self, folder: Path, scores: Mapping[str, Sequence[Score]], design: str) -> list[Path]:
        """Write every model with the scores of the run on its card; models of earlier runs are taken away.

        Parameters
        ----------
        folder : Path
            ``DIR/models``.
        scores : mapping
            Scores of the run by method.
        design : str
            How the splits were made.
        """
        from napari_tbcad.chest.classify.store import load_model, save_model

        written = []
        for (method, fold), kept in self._kept.items():
            model = load_model(kept)
            card = model.card.model_copy(
                update={
                    "scores": tuple(scores.get(method, ())),
                    "splits": design,
                    "description": f"Trained in fold {fold} of an evaluation ({design}); the scores are "
                    "those of the evaluation, each film judged by a model that did not see it.",
                }
            )
            path = folder / model_file(method, fold)
            save_model(replace(model, card=card), path)
            written.append(path)
        for old in folder.glob("*.skops"):
            if old not in written:
                old.unlink()
        return written

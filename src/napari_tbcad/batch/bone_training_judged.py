"""Judging networks that were started from one that knows some of the held-out patients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.errors import BadInput

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.evaluate import Evaluation
    from napari_tbcad.networks.predict import PredictParameters

_TABLES = ("scores.csv", "summary.csv", "calibration.csv")


def judge_others(
    config: TrainingConfig,
    out: Path,
    known: frozenset[str],
    fold: int | None,
    parameters: PredictParameters,
    say: Callable[[str], None] = print,
    cancelled: Callable[[], bool] | None = None,
) -> Evaluation | None:
    """Train a network for every fold, and judge it on the held-out patients that are not known.

    Parameters
    ----------
    config : TrainingConfig
    out : Path
        A folder below it for each fold.
    known : frozenset of str
        Patients that the network started from has learned from.
    fold : int or None
        The fold held out; None takes all.
    parameters : PredictParameters
    say, cancelled : callable, optional

    Returns
    -------
    Evaluation or None
        Scores of all folds together; None where one was held out, or nobody is left.

    Raises
    ------
    BadInput
        If the fold does not exist, or `out` holds folds of another training.
    """
    # The way of a fold is that of any cross-validation; who is judged is not.
    from napari_tbcad.networks.crossvalidate import held_out_of, place_of, trained
    from napari_tbcad.networks.evaluate import evaluate, joined

    folds = range(config.data.folds)
    if fold is not None and fold not in folds:
        raise BadInput("--fold", f"{fold} is not one of 0 to {config.data.folds - 1}")
    parts: dict[str, Evaluation] = {}
    for one in folds if fold is None else [fold]:
        say(f"fold {one} of {config.data.folds}")
        network, samples = trained(config, out, one, say, cancelled), held_out_of(config, one)
        _remove_tables(place_of(out, one))
        held = {sample.patient for sample in samples}
        if held & known:
            say(
                f"{len(held & known)} of {len(held)} held-out patients are not judged: the packaged network "
                "learned from them; --from none judges all"
            )
        judged = [sample for sample in samples if sample.patient not in known]
        if judged:
            parts[str(one)] = evaluate(network, judged, parameters=parameters, cancelled=cancelled)
            parts[str(one)].write(place_of(out, one))
    if fold is not None:
        return None
    _remove_tables(out)
    if not parts:
        return None
    result = joined(list(parts.values()), folds=list(parts))
    result.write(out)
    return result


def _remove_tables(place: Path) -> None:
    """Remove the scores of an earlier call: they may be of other patients."""
    for name in _TABLES:
        (place / name).unlink(missing_ok=True)
    for picture in (place / "overlays").glob("*.png"):
        picture.unlink()

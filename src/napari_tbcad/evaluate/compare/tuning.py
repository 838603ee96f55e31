"""Choosing a learning rate: the same trials for every method, judged on watched patients alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.config import CompareConfig
from napari_tbcad.evaluate.compare.locks import claimed
from napari_tbcad.evaluate.compare.plan import Run, training_config
from napari_tbcad.files import write_csv
from napari_tbcad.networks.config import TrainingConfig

COLUMNS = ("method", "scheme", "view", "learning_rate", "epochs", "score", "seconds", "chosen")
TABLE = "tuning.csv"
CLOSE = 0.02
"""Difference of two trials' scores (Dice, AUC) below which chance chose between them."""
Trial = Callable[[TrainingConfig, Path], tuple[float, float]]
"""Trains in a folder, or goes on with what is there; returns the score (more is better) and seconds."""


class Busy(Exception):
    """Another process is at work on this."""


def diverged(error: Exception) -> bool:
    """Return whether a training stopped because its loss became NaN or infinite."""
    from napari_tbcad.networks.module import LossNotFinite

    return isinstance(error.__cause__, LossNotFinite)


def with_rate(config: TrainingConfig, rate: float, *, epochs: int | None = None) -> TrainingConfig:
    """Return a training with another learning rate, and length where one is given."""
    changes: dict[str, Any] = {"learning_rate": rate}
    if epochs is not None:
        # A trial ends as it is: its last weights are judged.
        changes |= {"epochs": epochs, "keep": "last", "patience": 0}
    return config.model_copy(update={"fit": config.fit.model_copy(update=changes)})


def tuned_rate(
    config: CompareConfig,
    run: Run,
    out: Path,
    split: Path,
    trial: Trial,
    *,
    say: Callable[[str], None] = print,
) -> float:
    """Return the learning rate of a run, tried once for its method, scheme and view, whatever the seed.

    Parameters
    ----------
    config : CompareConfig
    run : Run
    out : Path
        Trials lie in ``out/tuning/METHOD-SCHEME-VIEW/lrRATE``.
    split : Path
    trial : callable
        Trains and judges one.
    say : callable, optional

    Raises
    ------
    Busy
        If another process is trying just these.
    BadInput
        If no rate gives a finite loss.
    """
    rates = config.tuning.learning_rates
    if len(rates) == 1:
        return rates[0]
    home = out / "tuning" / f"{run.method}-{run.scheme}-{run.view}"
    base = training_config(config, run, split=split)
    base = base.model_copy(update={"seed": config.training.seed})
    with claimed(home) as own:
        if not own:
            raise Busy(home)
        rows = [_tried(base, run, rate, config.tuning.epochs, home, trial, say) for rate in rates]
    best = max(rows, key=lambda row: row["score"])
    if not math.isfinite(best["score"]):
        raise BadInput(home, "the loss became NaN or infinite with every learning rate; name lower ones")
    return float(best["learning_rate"])


def _tried(
    base: TrainingConfig,
    run: Run,
    rate: float,
    epochs: int,
    home: Path,
    trial: Trial,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Return the row of one trial; what was tried before is read, not repeated."""
    from napari_tbcad.networks.fit import TrainingStopped
    from napari_tbcad.result_tables import read_rows

    place = home / f"lr{rate:g}"
    row_file = place / "trial.csv"
    if row_file.is_file():
        row: dict[str, Any] = dict(read_rows(row_file, COLUMNS[:-1])[0])
        return row | {"score": float(row["score"]), "learning_rate": float(row["learning_rate"])}
    say(f"{run.method}, {run.scheme} classes, {run.view}: trial of learning rate {rate:g}")
    try:
        score, seconds = trial(with_rate(base, rate, epochs=epochs), place)
    except TrainingStopped as error:
        if not diverged(error):
            raise
        say(f"{error}")
        score, seconds = -math.inf, math.nan
    row = {
        "method": run.method,
        "scheme": run.scheme,
        "view": run.view,
        "learning_rate": rate,
        "epochs": epochs,
        "score": score,
        "seconds": round(seconds, 1),
    }
    write_csv(row_file, COLUMNS[:-1], [row])
    return row


def close_trials(out: Path) -> tuple[list[str], int]:
    """Return what was tuned without telling the rates apart, and how many were tuned in all.

    Parameters
    ----------
    out : Path
        The comparison's folder.

    Returns
    -------
    list of str
        ``METHOD-SCHEME-VIEW`` of those whose two best trials differ by less than :data:`CLOSE`.
    int
    """
    scores: dict[str, list[float]] = {}
    for row in _trials(out):
        scores.setdefault("-".join(_tuned(row)), []).append(float(row["score"]))
    tuned = {name: sorted(some, reverse=True) for name, some in scores.items() if len(some) > 1}
    return [name for name, (best, next_, *_) in tuned.items() if best - next_ < CLOSE], len(tuned)


def write_tuning(out: Path) -> list[dict[str, Any]]:
    """Write ``out/tuning.csv`` from the trials that are done; returns its rows."""
    trials = _trials(out)
    best: dict[tuple[str, ...], float] = {}
    for row in trials:
        best[_tuned(row)] = max(best.get(_tuned(row), -math.inf), float(row["score"]))
    rows: list[dict[str, Any]] = []
    for row in trials:
        chosen = float(row["score"]) == best.get(_tuned(row))
        if chosen:
            del best[_tuned(row)]  # of equal ones the first
        rows.append({**row, "chosen": int(chosen)})
    write_csv(out / TABLE, COLUMNS, rows)
    return rows


def _trials(out: Path) -> list[dict[str, str]]:
    """Return the rows of all trials that are done."""
    from napari_tbcad.result_tables import read_rows

    places = sorted((out / "tuning").glob("*/lr*/trial.csv"))
    return [dict(read_rows(path, COLUMNS[:-1])[0]) for path in places]


def _tuned(row: Mapping[str, str]) -> tuple[str, ...]:
    return row["method"], row["scheme"], row["view"]

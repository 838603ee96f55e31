"""What a training writes and tells while it runs: a row an epoch, events, and pauses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning

from napari_tbcad.files import write_csv
from napari_tbcad.networks.listeners import Listeners
from napari_tbcad.networks.training_folder import read_log


class Log(lightning.Callback):
    """Writes log.csv after every epoch, tells how far it is, waits while it is paused, stops when asked to.

    Parameters
    ----------
    path : Path
        The log.
    listeners : Listeners
        Who is told and who is asked.
    about : mapping, optional
        What the event ``begun`` says beside steps and epochs; see :meth:`on_train_start`.

    Notes
    -----
    The events are, in this order: ``begun`` with the steps and epochs done before and in all, the number of
    parameters and `about`; after every step ``step``; where a validation begins ``watching``; after every
    epoch ``epoch`` with its row of the log. ``paused`` and ``going_on`` come between steps. A pause counts
    neither in an epoch's seconds nor in what is left.
    """

    def __init__(
        self,
        path: Path,
        listeners: Listeners | Callable[[str], None],
        progress: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        *,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(listeners, Listeners):
            listeners = Listeners(listeners, progress, cancelled)
        self._listeners = listeners
        self._path, self._about, self._pace = path, dict(about or {}), Pace()
        self._began = self._mark = 0.0
        self._between = False

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Tell what there is to be done."""
        self._listeners.tell(
            "begun",
            **self._about,
            step=trainer.global_step,
            steps=_steps(trainer),
            epoch=trainer.current_epoch,
            epochs=trainer.max_epochs,
            parameters=sum(p.numel() for p in pl_module.network.parameters()),
        )

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Start the clock."""
        now = time.perf_counter()
        if self._between:
            self._pace.epoch_ended(now - self._mark)
        self._began = self._mark = now

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        """Tell how far it is; wait or stop when asked to."""
        self._pace.step_done(time.perf_counter() - self._mark)
        epoch, step, steps = trainer.current_epoch + 1, trainer.global_step, _steps(trainer)
        if self._listeners.progress is not None:
            self._listeners.progress(step / steps, f"epoch {epoch} of {trainer.max_epochs}")
        self._listeners.tell(
            "step",
            step=step,
            steps=steps,
            epoch=epoch,
            epochs=trainer.max_epochs,
            loss=pl_module.last_loss,
            seconds_left=self._pace.left(steps - step, trainer.max_epochs - trainer.current_epoch),
        )
        self._began += self._listeners.wait(f"the training in epoch {epoch}")
        self._mark = time.perf_counter()

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Tell that the watched images are looked at."""
        self._listeners.tell("watching", epoch=trainer.current_epoch + 1)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Write the epoch's row."""
        self._between = True
        seen = {name: float(value) for name, value in trainer.callback_metrics.items()}
        row = {
            "epoch": trainer.current_epoch + 1,
            "loss": pl_module.mean_loss(),
            **{name: seen.get(name) for name in pl_module.watched_columns},
            "learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            "seconds": time.perf_counter() - self._began,
        }
        rows = [r for r in read_log(self._path) if int(r["epoch"]) < row["epoch"]]
        write_csv(self._path, tuple(row), [*rows, row])
        watched = seen.get(pl_module.decides)
        note = f", validation {pl_module.told} {watched:.4f}" if watched is not None else ""
        self._listeners.say(
            f"epoch {row['epoch']}/{trainer.max_epochs}: loss {row['loss']:.4f}{note}, {row['seconds']:.0f} s"
        )
        self._listeners.tell("epoch", **row)


def _steps(trainer: Any) -> int:
    return max(1, int(trainer.estimated_stepping_batches))


class Pace:
    """How long steps take, and what lies between two epochs (validation, checkpoints)."""

    def __init__(self) -> None:
        self._steps: list[float] = []
        self._ends: list[float] = []

    def step_done(self, seconds: float) -> None:
        """Take a step's time."""
        self._steps.append(seconds)

    def epoch_ended(self, seconds: float) -> None:
        """Take the time from an epoch's last step to the next epoch."""
        self._ends.append(seconds)

    def left(self, steps: int, epochs: int) -> float:
        """Return the seconds that so many steps, and the ends of so many epochs, will take."""
        # The first step takes longer than all others: kernels are chosen, memory is asked for.
        known = self._steps[1:] or self._steps
        step = sum(known) / max(1, len(known))
        end = sum(self._ends) / max(1, len(self._ends))
        return steps * step + epochs * end

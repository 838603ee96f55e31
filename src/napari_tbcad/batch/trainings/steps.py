"""The steps of a training's own process (:mod:`~napari_tbcad.batch.trainings.job`), one after the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.child.channel import Channel
from napari_tbcad.batch.trainings.data import find_data
from napari_tbcad.batch.trainings.plan import fit_epochs, plan_notes, time_note, training_plan
from napari_tbcad.batch.trainings.state import (
    CACHE,
    CONFIG,
    DATA,
    ESTIMATE,
    KEY,
    LAST,
    LOG,
    MODEL,
    SURVEY,
    keep_survey,
    read_job,
    read_json,
    survey_json,
    write_job,
    write_json,
)
from napari_tbcad.batch.trainings.tasks import FoundData
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.networks.config import load_config, save_config
from napari_tbcad.networks.training_folder import TEMPORARY, read_log

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig

_FOUND = "data"


class Job:
    """One run of a training's folder.

    Parameters
    ----------
    folder : Path
    channel : Channel
    """

    def __init__(self, folder: Path, channel: Channel) -> None:
        self.folder, self.channel = folder, channel
        self.job = read_job(folder)
        self.doing = ""

    def run(self) -> dict[str, str | None]:
        """Do the steps in their order.

        Returns
        -------
        dict
            ``model``: the file of the network, None where there is none.

        Raises
        ------
        Cancelled
            If a person, or the end of the window, stopped it.
        BadInput
            If a step cannot be done.
        """
        steps: dict[str, Callable[[], None]] = {
            "find": self.find,
            "plan": self.plan,
            "survey": self.survey,
            "estimate": self.estimate,
            "train": self.train,
            "judge": self.judge,
        }
        for left in self.folder.glob(f"{TEMPORARY}*"):  # of an estimate that was killed
            shutil.rmtree(left, ignore_errors=True)
        for name in self.job["do"]:
            self.enter(name)
            steps[name]()
        model = self.folder / MODEL
        return {"model": str(model) if model.is_file() else None}

    def enter(self, what: str) -> None:
        """Tell what is done now."""
        if self.channel.held():
            raise Cancelled("stopped before it began")
        self.doing = what
        self.channel.tell({"event": "stage", "what": what})

    def progress(self, share: float, text: str) -> None:
        """Tell how far a step is that has no steps of its own."""
        self.channel.tell({"event": "progress", "what": self.doing, "share": round(share, 4), "text": text})

    @property
    def config(self) -> TrainingConfig:
        """The training, as it stands now."""
        return load_config(self.folder / CONFIG)

    @property
    def begun(self) -> bool:
        """Whether there is something to go on with: then the configuration stays as it is."""
        return (self.folder / LAST).is_file()

    def find(self) -> None:
        """Find the images that a person named."""
        given = self.job.get("find") or {}
        found = find_data(
            given.get("task", ""),
            given.get("kind", ""),
            [Path(path) for path in given.get("paths", ())],
            out=self.folder / _FOUND,
            view=given.get("view", ""),
            scheme=given.get("scheme", ""),
            key=self.folder.parent / KEY,
            say=self.channel.say,
            progress=self.progress,
            cancelled=self.channel.held,
        )
        write_json(self.folder / DATA, found.to_json())
        self.channel.tell({"event": "found", **found.to_json()})

    def plan(self) -> None:
        """Make the configuration."""
        stored = read_json(self.folder / DATA)
        if stored is None:
            raise BadInput(self.folder / DATA, "it is not known what to learn from (step find)")
        data = FoundData.from_json(stored)
        config = training_plan(data.task, data, out=self.folder, **(self.job.get("plan") or {}))
        write_job(self.folder, config, self.job["do"])
        notes = plan_notes(config, data, home=self.folder.parent)
        self.channel.tell({"event": "plan", "epochs": config.fit.epochs, "notes": notes})

    def survey(self) -> None:
        """Look at every image, and leave out what cannot be read."""
        from napari_tbcad.networks.survey import survey, without_unreadable

        config = self.config

        def progress(done: int, of: int, name: str) -> None:
            self.progress(done / max(1, of), name)

        found = survey(config, progress=progress, cancelled=self.channel.held)
        self.channel.tell({"event": "survey", **survey_json(found)})
        if found.refusals:
            # Nothing is kept: the images are looked at again when somebody has put them right.
            (self.folder / SURVEY).unlink(missing_ok=True)
            raise BadInput("images", "; ".join(found.refusals))
        if found.unreadable and self.job.get("leave_out", True) and not self.begun:
            save_config(without_unreadable(config, found, self.folder / _FOUND), self.folder / CONFIG)
            self.channel.say(f"images that cannot be read and are left out: {len(found.unreadable)}")
        keep_survey(self.folder, found)

    def surveyed(self) -> dict[str, Any]:
        """Return what the survey found; it is done where nobody has done it."""
        if (read_json(self.folder / SURVEY) or {"possible": False}).get("possible") is False:
            doing = self.doing
            self.enter("survey")
            self.survey()
            self.enter(doing)
        return read_json(self.folder / SURVEY) or {}

    def estimate(self) -> None:
        """Measure how long it will take; take fewer epochs where there is not so much time."""
        from napari_tbcad.networks.estimate import estimate

        seen = self.surveyed()
        config = self.config
        watched = (seen.get("roles") or {}).get("validation") or {}
        found = estimate(
            config,
            images=float(seen.get("images_an_epoch") or 0.0),
            watched=int(watched.get("images") or 0),
            device=config.fit.device,
            cancelled=self.channel.stopped,
            folder=self.folder,
        )
        fitted = config
        if self.job.get("minutes") and not self.begun:
            fitted = fit_epochs(config, seconds=found.seconds, minutes=float(self.job["minutes"]))
            if fitted != config:
                write_job(self.folder, fitted, self.job["do"])
        share = fitted.fit.epochs / config.fit.epochs
        seconds = found.seconds_decoding + share * (found.seconds - found.seconds_decoding)
        said: dict[str, Any] = {
            "epochs": fitted.fit.epochs,
            "asked": config.fit.epochs,
            "seconds": round(seconds, 1),
        }
        said["note"] = time_note(config.fit.epochs, fitted.fit.epochs)
        write_json(self.folder / ESTIMATE, asdict(found) | said)
        self.channel.tell({"event": "estimate", **asdict(found), **said})

    def train(self) -> None:
        """Train, or go on."""
        from napari_tbcad.networks.fit import train

        if not (self.folder / MODEL).is_file():
            if not self.begun:
                self.surveyed()
            given = self.channel.listeners()
            train(
                self.config,
                self.folder,
                resume=True,
                say=given.say,
                cancelled=given.cancelled,
                on_event=given.on_event,
                paused=given.paused,
            )
        rows = read_log(self.folder / LOG)
        seconds = sum(float(row["seconds"] or 0) for row in rows)
        model = str(self.folder / MODEL)
        self.channel.tell(
            {"event": "trained", "model": model, "epochs": len(rows), "seconds": round(seconds, 1)}
        )
        # Copies of images are kept no longer than they are needed.
        shutil.rmtree(self.folder / CACHE, ignore_errors=True)

    def judge(self) -> None:
        """Compare the network with the packaged one on the patients held out."""
        from napari_tbcad.batch.trainings.judged import judge_training

        judged = judge_training(
            self.folder,
            device=self.config.fit.device,
            progress=self.progress,
            cancelled=self.channel.held,
        )
        self.channel.tell(judged)

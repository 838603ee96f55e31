"""What is done in a training's own process: ``python -m napari_tbcad.batch.trainings.job FOLDER``.

The folder holds ``job.json`` (:func:`~napari_tbcad.batch.trainings.state.write_job`)::

    {"version": 1, "do": ["survey", "estimate", "train", "judge"], "name": "my-lungs",
     "task": "lungs", "view": "", "epochs": 60, "start": "lungs", "made": "2026-11-22T19:00:00+00:00",
     "minutes": 30,        fewer epochs where the estimate says that they take longer; left out: as
                           many as config.yaml says
     "leave_out": true,    train without the images that cannot be read (default)
     "find": {"task": "lungs", "kind": "folder", "paths": ["/data/films"], "view": "", "scheme": ""},
     "plan": {"start": "packaged", "held_out": 0.2, "watched": 0.2, "device": "auto", "name": ""}}

``find`` and ``plan`` stand there only where these steps are to be done (they can be called instead:
:func:`~napari_tbcad.batch.trainings.data.find_data`,
:func:`~napari_tbcad.batch.trainings.plan.training_plan`).
The data are surveyed before the first epoch in any case, unless ``survey.json`` is there; ``train`` goes on
from the last checkpoint, and does nothing where ``model.safetensors`` is there.

**Standard output** is one JSON object a line (UTF-8), flushed::

    {"event": "working", "pid": 4711, "do": ["survey", "estimate", "train", "judge"]}
    {"event": "stage", "what": "find"|"plan"|"survey"|"estimate"|"train"|"judge"}
    {"event": "progress", "what": "survey", "share": 0.25, "text": "film12.png"}
    {"event": "say", "text": "64 images to train on, 16 watched, 20 held out"}
    {"event": "found", "task": "lungs", "scheme": "lungs", "view": "", "sources": [...],
     "notes": ["..."], "passed_over": [["film9.png", "has no label image"]],
     "learned": ["JPCLN001"], "told": false}            as FoundData.to_json
    {"event": "plan", "epochs": 60, "notes": ["..."]}
    {"event": "survey", "possible": true, "refusals": [], "warnings": ["..."], ...}  as networks.survey.Survey
    {"event": "estimate", "seconds": 1310.0, "epochs": 60, "asked": 75, "seconds_per_step": 1.1,
     "seconds_decoding": 9.0, "steps": 1200, "device": "cpu", "n_parameters": 2000000, "note": ""}
                         as networks.estimate.Estimate; epochs: what is taken, asked: what was wished,
                         seconds: of what is taken
    {"event": "decoding", "done": 12, "of": 84}
    {"event": "begun", "images": 64, "watched": 16, "held_out": 20, "step": 0, "steps": 480,
     "epoch": 0, "epochs": 60, "classes": ["right lung", "left lung"], "parameters": 2000000}
    {"event": "step", "step": 12, "steps": 480, "epoch": 2, "epochs": 60, "loss": 0.41,
     "seconds_left": 812.0}
    {"event": "watching", "epoch": 2}
    {"event": "epoch", "epoch": 2, "loss": 0.4, "validation_loss": 0.5, "validation_dice": 0.81,
     "learning_rate": 0.002, "seconds": 11.0, "iou_right lung": 0.7, "iou_left lung": 0.66}
    {"event": "paused"}
    {"event": "going_on"}
    {"event": "trained", "model": "/trainings/x/model.safetensors", "epochs": 60, "seconds": 1290.0}
    {"event": "judged", ...}             see :mod:`~napari_tbcad.batch.trainings.judged`
    {"event": "done", "model": "/trainings/x/model.safetensors"|null}
    {"event": "stopped", "what": "train"}
    {"event": "failed", "source": "film9.png", "cause": "...", "kind": "BadInput", "what": "train"}

The events from ``decoding`` to ``going_on`` are those of :func:`~napari_tbcad.networks.fit.train`. The last
line is ``done``, ``stopped`` or ``failed``, the exit status 0, 3 or 1. A process that was killed says none of
them, and :func:`~napari_tbcad.batch.trainings.state.state_of` finds it interrupted. Judging that fails leaves
the network that was trained: then ``failed`` has ``what`` judge.

**Standard input** takes ``pause``, ``go on`` and ``stop``, a line each. Where it ends the window is gone: the
process stops after the step, and 15 s later at the latest (``--alone`` does without). What libraries
print goes to ``job.log``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_tbcad.batch.child.channel import Channel
from napari_tbcad.batch.child.work import DONE as DONE
from napari_tbcad.batch.child.work import FAILED as FAILED
from napari_tbcad.batch.child.work import STOPPED as STOPPED
from napari_tbcad.batch.child.work import carry_out, in_child, leave
from napari_tbcad.batch.trainings.state import read_job
from napari_tbcad.batch.trainings.steps import Job

_NO_SPACE = "not enough memory: choose a smaller batch (fit.batch)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a folder's ``job.json`` says.

    Returns
    -------
    int
        0 done, 1 failed, 3 stopped; 2 where there is no such folder.
    """
    return in_child(arguments, work, program="training_job")


def work(folder: Path, channel: Channel) -> int:
    """Do what a folder says, with the folder to oneself; a second process changes nothing in it.

    Parameters
    ----------
    folder : Path
    channel : Channel
        Told what happens; says when to stop.

    Returns
    -------
    int
        Exit status.
    """
    return carry_out(
        folder, channel, lambda: Job(folder, channel), what="training", read=read_job, no_space=_NO_SPACE
    )


if __name__ == "__main__":
    leave(main())

"""What is done in a training's own process: ``python -m napari_tbcad.batch.training_job FOLDER``.

The folder holds ``job.json`` (:func:`~napari_tbcad.batch.training_state.write_job`)::

    {"version": 1, "do": ["survey", "estimate", "train", "judge"], "name": "my-lungs", "task": "lungs",
     "view": "", "epochs": 60, "start": "lungs", "made": "2026-11-22T19:00:00+00:00",
     "minutes": 30,                        fewer epochs where the estimate says that they take longer; left out:
                                           as many as config.yaml says
     "leave_out": true,                    train without the images that cannot be read (default)
     "find": {"task": "lungs", "kind": "folder", "paths": ["/data/films"], "view": "", "scheme": ""},
     "plan": {"start": "packaged", "epochs": null, "held_out": 0.2, "watched": 0.2, "device": "auto"}}

``find`` and ``plan`` stand there only where these steps are to be done (they can be called instead:
:func:`~napari_tbcad.batch.training_data.find_data`, :func:`~napari_tbcad.batch.training_plan.training_plan`).
A step that is done is not done again; ``train`` goes on from the last checkpoint.

**Standard output** is one JSON object a line (UTF-8, flushed)::

    {"event": "begun", "pid": 4711, "do": ["survey", "estimate", "train", "judge"]}
    {"event": "stage", "what": "find"|"plan"|"survey"|"estimate"|"train"|"judge"}
    {"event": "progress", "what": "survey", "share": 0.25, "text": "film12.png"}
    {"event": "say", "text": "64 images to train on, 16 watched, 20 held out"}
    {"event": "found", "task": "lungs", "scheme": "lungs", "view": "", "sources": [...], "notes": ["..."],
     "passed_over": [["film9.png", "has no label image"]], "learned": ["JPCLN001"]}
    {"event": "plan", "epochs": 60, "notes": ["..."]}
    {"event": "survey", "refusals": ["..."], "warnings": ["..."], ...}    fields of networks.survey.Survey
    {"event": "estimate", "seconds": 1310.0, "epochs": 60, "asked": 60, ...}    fields of networks.estimate.Estimate;
                                                     epochs: what was taken, asked: what was wished
    {"event": "step", "step": 12, "steps": 480, "epoch": 2, "epochs": 60, "loss": 0.41, "seconds_left": 812.0}
    {"event": "epoch", "epoch": 2, "loss": 0.4, "validation_dice": 0.81, "iou_right_lung": 0.7, ...}
    {"event": "paused"}
    {"event": "going_on"}
    {"event": "trained", "model": "/trainings/x/model.safetensors", "epochs": 60, "seconds": 1290.0}
    {"event": "judged", ...}                         see :mod:`~napari_tbcad.batch.training_judged`
    {"event": "done", "model": "/trainings/x/model.safetensors" | null}
    {"event": "stopped", "epoch": 17, "what": "train"}
    {"event": "failed", "source": "film9.png", "cause": "...", "kind": "BadInput", "what": "train"}

The last line is ``done``, ``stopped`` or ``failed``; the exit status 0, 3 or 1. A process that was killed says
none of them, and :func:`~napari_tbcad.batch.training_state.state_of` finds it interrupted. Judging that fails
leaves the network that was trained: then ``failed`` has ``what`` judge.

**Standard input** takes ``pause``, ``go on`` and ``stop``, a line each. Where it ends, the window is gone: the
process stops after the step (``--alone`` does without). All that libraries print goes to ``job.log``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a folder's ``job.json`` says; returns the exit status."""
    raise NotImplementedError


if __name__ == "__main__":
    sys.exit(main())

"""A freshly trained network and the packaged one on the patients that were held out.

The event, which is also kept as ``judged.json``::

    {"event": "judged", "task": "lungs", "view": "", "images": 20, "patients": 20,
     "names": {"packaged": "lungs", "start": ""},     "" where there is none, or it is the packaged one
     "learned": 20,         held-out patients the packaged network learned from; 0 none, null not known
     "warnings": ["fewer than 10 held-out patients: ..."],
     "table": [{"class": "mean"|"right lung"|..., "metric": "dice"|"iou", "new": 0.95, "packaged": 0.96,
                "difference": -0.01, "low": -0.02, "high": 0.004, "images": 20, "patients": 20}],
     "overlays": [{"name": "film1", "image": "/data/film1.png", "patient": "p1", "view": "", "new": 0.91,
                   "packaged": 0.93, "picture_new": "...png", "picture_packaged": "...png",
                   "labels": "...png", "mask_new": "...png", "mask_packaged": "...png"}],
     "failed": [["film9.png", "cause"]]}

``difference`` is new − packaged with a 95 % interval (``low``, ``high``). Where the training was started from
another network, rows also have ``start``, ``start_difference``, ``start_low`` and ``start_high``. A score that is
not defined, or a network that is not there, is null. ``new`` and ``packaged`` of an overlay are the mean Dice of
the image's classes; label images lie on the image's own grid (uint8, 255 no statement), the worst image first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

N_OVERLAYS = 8


def judge_training(
    folder: Path,
    *,
    device: str = "auto",
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Judge the network of a training's folder on the patients held out; see the module for what it returns.

    Raises
    ------
    BadInput
        If there is no network there, or not one image could be judged.
    Cancelled
        If `cancelled` says so.
    """
    raise NotImplementedError

"""Where evaluations are kept: with the person's own data."""

from __future__ import annotations

from pathlib import Path

from napari_tbcad.batch.evaluating import jobs


def evaluations_folder() -> Path:
    """Return the folder in which each evaluation has its own."""
    return jobs.evaluations_home()

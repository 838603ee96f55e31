"""Which of the masks that a run is given were made by a program, as their files say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import Job
from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.segmentation_labels import maker_of_file


def by_programs(studies: Sequence[Study], job: Job) -> str:
    """Say which of the masks that a job is given for some studies were made by a program; "" where none were.

    What cannot be read is told when its study is worked on.
    """
    paths = [path for study in studies for path in job.given(study.name)]
    names = [name for path in paths if (name := _program(path)) is not None]
    if not names:
        return ""
    which = "masks" if len(names) == len(paths) else f"{len(names)} of {len(paths)} masks"
    algorithms = ", ".join(dict.fromkeys(names))
    return (
        f"{which} in {paths[0].parent} were made by a program ({algorithms}), as their files say: "
        "they do not count as a person's"
    )


def _program(path: Path) -> str | None:
    """Return the name of the algorithm that made a mask, None where its file does not say that one did."""
    try:
        maker = maker_of_file(path, kind_of(path))
    except (BadInput, OSError):
        return None
    return maker.finder.name if maker is not None and maker.made == "AUTOMATIC" else None


def kind_of(path: Path) -> str:
    """Return what is read of a mask file, by its name."""
    what = path.stem.rpartition("_")[2]
    return what if what in ("hotspots", "regions") else "lungs"

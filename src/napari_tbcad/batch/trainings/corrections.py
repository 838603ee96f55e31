"""Corrections gathered for a training, so that a patient is called the same in every one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_tbcad.batch.corrected import places_in
from napari_tbcad.batch.corrections import Gathered, gather_corrections
from napari_tbcad.batch.corrections_patients import KEY
from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole


def gathered(
    places: Sequence[Path],
    folder: Path,
    *,
    what: Any,
    unfinished: bool,
    key: Path | None,
    say: Callable[[str], None],
    step: Callable[[float, str], None],
) -> tuple[Gathered, list[tuple[str, str]]]:
    """Gather corrections; see :func:`~napari_tbcad.batch.corrections.gather_corrections`.

    Parameters
    ----------
    places : sequence of Path
        Cases and folders. One without any is passed over where another has some.
    folder : Path
        Of the data set that is written.
    what : {"lungs", "hotspots", "regions"}
    unfinished : bool
        Also readings in progress.
    key : Path or None
        Where the key of the patients' digests is kept between trainings.
    say : callable
    step : callable
        Told the share done and what is read; raises where the work is not wanted any more.

    Returns
    -------
    Gathered
    list of (str, str)
        File and cause of what is not learned from.
    """
    there: list[Path] = []
    passed: list[tuple[str, str]] = []
    for place in places:
        try:
            there += places_in([place])
        except BadInput as error:
            passed.append((place.name, error.cause))
    if not there:
        name, why = passed[0]
        raise BadInput(name, why)
    _lend(key, folder / KEY)
    made = gather_corrections(there, folder, what=what, unfinished=unfinished, say=say, step=step)
    _lend(folder / KEY, key)
    # Each is one sentence that begins with the file's name.
    lines = (*made.passed_over, *made.skipped)
    passed += [
        (name, why or name) for name, _, why in (one.partition(": ")[2].partition(": ") for one in lines)
    ]
    return made, passed


def _lend(key: Path | None, to: Path | None) -> None:
    """Copy a key to where there is none, for this user alone."""
    if key is None or to is None or not key.is_file() or to.is_file():
        return
    try:
        with written_whole(to) as temporary:
            temporary.chmod(0o600)
            shutil.copyfile(key, temporary)
    except OSError as error:
        raise BadInput(to, f"cannot be written ({error.strerror or error})") from error

"""What the studies of a run were made from, by its journal: another image may lie at their paths by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from napari_tbcad.batch.runs.job import FileState
from napari_tbcad.errors import BadInput
from napari_tbcad.journal import read_journal
from napari_tbcad.run_folder import JOURNAL, RUN
from napari_tbcad.run_images import content_alone, content_of, exported_in


class Made(NamedTuple):
    """What a study of a run was made from, as a content key, and the files that were written for it."""

    key: str
    files: tuple[FileState, ...]


def journaled(folder: Path, name: str = "") -> dict[str, Made]:
    """Return what a folder of results says of each study, by name: a run's journal, and the exports' list.

    With a name it is read for that study, in a tenth of the time; others may be in it.
    """
    made = {one: Made(exported.key, ()) for one, exported in exported_in(folder).items()}
    for line in read_journal(folder / RUN / JOURNAL, having=name):
        with suppress(TypeError, KeyError, ValueError):  # a line of another kind
            made[str(line["name"])] = Made(
                content_alone(line["key"]), tuple(FileState(*one) for one in line["files"])
            )
    return made


def require_same_image(made: Mapping[str, Made], name: str, paths: Sequence[Path], then: str) -> None:
    """Refuse an image that is another than the run's; what cannot be read is told by its reader.

    Parameters
    ----------
    made : mapping of str to Made
        From :func:`journaled`.
    name : str
        Of the study.
    paths : sequence of Path
        Its files.
    then : str
        What to do once the run was done again, such as ``"export it"``.

    Raises
    ------
    BadInput
        If a file has other bytes than the run read.
    """
    known, now = made.get(name), content_of(paths)
    if known is not None and known.key and now and now != known.key:
        which = "" if len(paths) == 1 else f", or {paths[1].name} did"
        raise BadInput(paths[0], f"changed since the run{which}: do that again, then {then}")

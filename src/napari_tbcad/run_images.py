"""Which images the studies of a folder of results are of: others may lie at their paths by now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from napari_tbcad.errors import BadInput
from napari_tbcad.files import sha256
from napari_tbcad.journal import Journal, read_journal
from napari_tbcad.run_folder import JOURNAL, RUN

EXPORTED = "exported.jsonl"
"""File with a line for each study that a person exported into the folder; of a run's folder it is in RUN."""
_AND = "+"
"""Between the two parts of a content key."""


def content_of(paths: Iterable[Path], given: Iterable[Path] = ()) -> str:
    """Return a key of the bytes of a study's files and of given masks; "" when one cannot be read.

    The names of the study's files do not matter; that of a mask says what it is. :func:`content_alone` takes
    the masks out again.
    """
    try:
        study = _digest(f"study {sha256(path)}" for path in paths)
        masks = [f"given {path.name} {sha256(path)}" for path in given]
    except OSError:
        return ""
    return with_given(study, _digest(masks)) if masks else study


def content_alone(key: str) -> str:
    """Return the part of a key that is of the study's files."""
    return key.partition(_AND)[0]


def with_given(alone: str, given: str) -> str:
    """Return a key of study and given masks, of their parts; the second may be a whole key."""
    return alone + _AND + given.rpartition(_AND)[2]


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


class Exported(NamedTuple):
    """A study that a person exported into the folder of a run.

    Parameters
    ----------
    files : tuple of Path
        Of its image.
    key : str
        Their content key when it was exported.
    """

    files: tuple[Path, ...]
    key: str


def note_exported(folder: Path, name: str, files: Sequence[Path], *, shown: bool = True) -> None:
    """Note in a folder of results that a person exports a study into it, and of which image.

    A row that a run did not put into its tables is taken for a person's by that, not for one of a run whose
    journal is lost, and whoever reads the folder later knows whose it is.

    Parameters
    ----------
    folder : Path
    name : str
    files : sequence of Path
        Of the study's image.
    shown : bool, optional
        Whether they hold what the person saw; else nothing says which image it was.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    key = content_of(files) if shown else ""
    with Journal(_list_of(folder)) as journal:
        paths = [_text(str(path.absolute())) for path in files]
        journal.add({"name": _text(name), "files": paths, "key": key})


def _text(name: str) -> str:
    """Return a file's name as UTF-8 can hold it; bytes that are no text are escaped."""
    return name.encode("utf-8", "backslashreplace").decode()


def _list_of(folder: Path) -> Path:
    return folder / RUN / EXPORTED if (folder / RUN).is_dir() else folder / EXPORTED


def exported_in(folder: Path) -> dict[str, Exported]:
    """Return what a person exported into a folder of results, by name."""
    found = {}
    for line in read_journal(_list_of(folder)):
        with suppress(KeyError, TypeError):  # a line of another hand
            found[str(line["name"])] = Exported(tuple(map(Path, line["files"])), str(line["key"]))
    return {name: one for name, one in found.items() if one.files}


def image_key(folder: Path, name: str) -> str:
    """Return the content key of the image that a study of a run's folder is of; "" where nothing says it."""
    key = ""
    for line in read_journal(folder / RUN / JOURNAL, having=name):
        if line.get("name") == name:
            key = content_alone(str(line.get("key") or "")) or key
    return key or exported_in(folder).get(name, Exported((), "")).key


def require_run_image(folder: Path, name: str, paths: Sequence[Path], *, shown: bool, thing: str) -> None:
    """Refuse to write a study's files into a folder of results that has another image by that name.

    Parameters
    ----------
    folder : Path
        Of results. That of a run takes only what can be compared with its images.
    name : str
    paths : sequence of Path
        The files of the study's image.
    shown : bool
        Whether they hold, to the pixel, what the person saw.
    thing : str
        What a study is: ``"film"`` or ``"scan"``.

    Raises
    ------
    BadInput
        If the person saw another image than lies there, or the folder's is another.
    """
    if not (folder / RUN).is_dir():
        known = image_key(folder, name) if shown else ""
        if known and known != content_of(paths):
            cause = f"is another {thing} than the one that was exported as {name}: choose another folder"
            raise BadInput(paths[0], cause)
        return
    gone = next((path for path in paths if not path.is_file()), None)
    if gone is not None:
        cause = f"is not there now: into a run's folder goes only what can be compared with its {thing}"
        raise BadInput(gone, f"{cause}; save the case, or choose another folder")
    if not shown:
        cause = f"another {thing} lies there than is shown: save the case, or choose another folder"
        raise BadInput(paths[0], cause)
    known = image_key(folder, name)
    if known and known != content_of(paths):
        cause = f"is another {thing} than {folder.name} was made from: do that run again first"
        raise BadInput(paths[0], cause)

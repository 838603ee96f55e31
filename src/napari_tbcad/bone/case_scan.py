"""The scan of a case: by reference to its one or two files, or in the case when no file gives its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.case import Case, ImageReference
from napari_tbcad.case_images import find_again
from napari_tbcad.case_readings import RECORD, plain
from napari_tbcad.content import content_key, digest
from napari_tbcad.errors import BadInput
from napari_tbcad.files import sha256
from napari_tbcad.io.nuclear import FrameFacts
from napari_tbcad.io.scans import Frame, Study, read_study
from napari_tbcad.io.view_names import named_view
from napari_tbcad.record import Step

SCAN, SECOND = "scan", "second"
"""Roles of the images in a bone case: the file, or the first of two, and the other."""

_TEXTS = ("view_position", "image_id", "series_description", "private_name")
"""Header texts, of which a case keeps no more than which view they name."""


def study_key(study: Study) -> str:
    """Return the key by which a case knows its scan: a digest of the pixels of all views."""
    return digest("views", *(content_key(frame.pixels) for frame in study.frames))


def reference(study: Study) -> tuple[dict[str, ImageReference], dict[str, NDArray[Any]]]:
    """Return where the files of a scan lie, or the pixels themselves when no file gives them.

    Returns
    -------
    images : dict of str to ImageReference
        By role; the `content_key` of each is that of the whole scan.
    arrays : dict of str to array
        Empty, or the pixels (views, H, W).
    """
    key = study_key(study)
    sources = dict.fromkeys(frame.facts.source for frame in study.frames)
    paths = tuple(Path(source).absolute() for source in sources if source)
    as_read = all(isinstance(step, Step) and step.name == "read bone scan" for step in study.record)
    if paths and len(study.record) == len(paths) == len(sources) and as_read:
        if all(path.is_file() for path in paths):
            digests, there = _in_files(paths)
            if there == key:
                images = (
                    ImageReference(path.name, str(path), sha256=one, content_key=key)
                    for path, one in zip(paths, digests, strict=True)
                )
                return dict(zip((SCAN, SECOND), images, strict=False)), {}
        place = str(paths[0])
    else:
        place = ""
    return embedded_reference(study, name=Path(study.source).name or SCAN, place=place)


def embedded_reference(
    study: Study, *, name: str = SCAN, place: str = ""
) -> tuple[dict[str, ImageReference], dict[str, NDArray[Any]]]:
    """Return the scan itself as it lies in a case, and where it was before, if that is to be said."""
    facts = {
        "spacing_mm": None if study.spacing_mm is None else list(study.spacing_mm),
        "unit": study.unit,
        "source": study.source,
        "warnings": list(study.warnings),
        "record": plain(study.record),
        "frames": [_plain_facts(frame.facts) for frame in study.frames],
    }
    image = ImageReference(name, place, content_key=study_key(study), embedded=SCAN, facts=facts)
    return {SCAN: image}, {SCAN: np.stack([frame.pixels for frame in study.frames])}


def without_places(study: Study) -> Study:
    """Return a study that does not say where its files lie nor what they are called, but for a view."""
    frames = (
        Frame(one.pixels, replace(one.facts, source="", file_name=named_view(one.facts.file_name) or ""))
        for one in study.frames
    )
    return replace(study, frames=tuple(frames), source="", date=None)


def files_of(study: Study) -> tuple[Path, ...]:
    """Return the one or two files that a scan came from, if it still lies there; else nothing.

    A scan that lay in a case says where it was when it was read; another patient's may lie there by now.
    """
    sources = dict.fromkeys(frame.facts.source for frame in study.frames)
    paths = tuple(Path(source).absolute() for source in sources)
    if not all(sources) or not all(path.is_file() for path in paths):
        return ()
    return paths if _in_files(paths)[1] == study_key(study) else ()


def _in_files(paths: tuple[Path, ...]) -> tuple[tuple[str, ...], str]:
    """Return the hashes of files and the key of the scan in them, empty where one cannot be read now."""
    try:
        states = tuple((stat.st_mtime_ns, stat.st_size) for stat in (path.stat() for path in paths))
        return _read_once(paths, states)
    except (BadInput, OSError):
        # Not remembered: what failed may be the network, and the files are there again a moment later.
        return (), ""


@lru_cache(maxsize=16)
def _read_once(paths: tuple[Path, ...], states: tuple[tuple[int, int], ...]) -> tuple[tuple[str, ...], str]:
    """Return that of files as they were changed last: they may have been replaced since they were read."""
    return tuple(map(sha256, paths)), study_key(read_study(paths))


def _plain_facts(facts: FrameFacts) -> dict[str, Any]:
    """Return what tells which view a frame is, but no text of a header."""
    named = {name: named_view(getattr(facts, name)) or "" for name in _TEXTS}
    return asdict(replace(facts, view_code="", **named))  # type: ignore[arg-type]


def study_for(
    case: Case, case_path: str | Path, *, paths: str | Path | Sequence[str | Path] | None = None
) -> Study:
    """Return the scan of a case.

    Parameters
    ----------
    case : Case
        A bone case.
    case_path : str or Path
        Where it was read from: the files are looked for beside it first, then where they were, then in the
        case.
    paths : path or sequence of path, optional
        Where the person says that they are; then nowhere else.

    Raises
    ------
    BadInput
        If a file is nowhere, or what is there is another scan than the case was made with.
    """
    given = () if paths is None else (paths,) if isinstance(paths, str | Path) else tuple(paths)
    return find_again(
        case, case_path, read_study, study_key, lambda: _embedded(case, case_path), thing="scan", paths=given
    )


def _embedded(case: Case, case_path: str | Path) -> Study:
    """Return the scan in a case; its source says where it was, and another image may lie there by now."""
    facts = case.image.facts
    try:
        pixels = case.arrays[case.image.embedded]
        spacing = facts["spacing_mm"]
        study = Study(
            frames=tuple(
                Frame(np.asarray(one, np.float32), FrameFacts(**said))
                for one, said in zip(pixels, facts["frames"], strict=True)
            ),
            spacing_mm=None if spacing is None else tuple(spacing),
            unit=facts["unit"],
            source=facts["source"],
            warnings=tuple(facts["warnings"]),
            record=RECORD.validate_python(facts["record"]),
        )
    except (LookupError, TypeError, ArithmeticError, ValueError) as error:
        raise BadInput(case_path, f"the scan in it cannot be used ({error})") from error
    if study_key(study) != case.image.content_key:
        raise BadInput(case_path, "the scan in it is another one than this case was made with")
    return study

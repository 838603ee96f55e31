"""What a report leaves out of texts that a program or a person wrote: the folders that files lie in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from napari_tbcad.case import Case

_FOLDERS = re.compile(r"(?<![\w.)/\\])(?:[A-Za-z]:[\\/]|~?[\\/])(?:[^\\/\s\"'<>|:;,]+[\\/])*(?=[^\\/\s])")
"""The folders of an absolute path inside a sentence, up to its last part."""


def folders_of(case: Case, *more: str | Path) -> tuple[str, ...]:
    """Return the folders that a case names, the longest first; `more` are paths of files."""
    paths = [path for image in case.images.values() for path in (image.path, image.facts.get("source"))]
    return folders_above(*(path for path in (*paths, *more) if path))


def folders_above(*paths: str | Path) -> tuple[str, ...]:
    """Return the folders of files, the longest first."""
    found = {str(kind(str(path)).parent) for path in paths for kind in (PurePosixPath, PureWindowsPath)}
    return tuple(sorted((one for one in found if len(one) > 1), key=len, reverse=True))


def bare(text: str, folders: Iterable[str] = ()) -> str:
    """Return a text in which files are named without the folders they lie in.

    Parameters
    ----------
    text : str
        Such as a warning.
    folders : iterable of str, optional
        Folders that are known to be named, which may hold blanks.
    """
    for folder in folders:
        text = re.sub(re.escape(folder) + r"[\\/]", "", text)
    return _FOLDERS.sub("", text)


def bare_value(value: Any, folders: Iterable[str] = ()) -> Any:
    """Return JSON values with every text in them as :func:`bare` gives it."""
    if isinstance(value, dict):
        return {bare(str(name), folders): bare_value(item, folders) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [bare_value(item, folders) for item in value]
    if not isinstance(value, str):
        return value
    if PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute():
        return PureWindowsPath(value).name
    return bare(value, folders)


def base_name(path: str) -> str:
    """Return the last part of a path of any system."""
    return PureWindowsPath(path).name or path

"""What is said of a film or scan that could not be worked on."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from napari_tbcad.errors import TbcadError

log = logging.getLogger(__name__)

_FOLDERS = re.compile(r"(?<!\w)(?:[A-Za-z]:)?[/\\](?:[^\s/\\:'\"]+[/\\]+)*(?=[^\s/\\])")
"""The folders of a path in a text."""


def said_of(path: Path, error: Exception) -> str:
    """Return what went wrong with a film in one line, without folders, which may be private."""
    if isinstance(error, TbcadError):
        return str(error)
    if isinstance(error, OSError):
        return f"{path.name}: {error.strerror or type(error).__name__}"
    if isinstance(error, MemoryError):
        return f"{path.name}: {str(error) or 'not enough memory'}"
    log.error("%s", path.name, exc_info=error)
    line = (str(error).strip().splitlines() or [""])[0]
    text = _FOLDERS.sub("", line.replace(str(path.parent), ""))
    return f"{path.name}: unexpected {type(error).__name__}{': ' * bool(text)}{text} (please report it)"

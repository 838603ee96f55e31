"""Names of studies that can be part of a file's name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f\\/\ud800-\udfff]")
_LONGEST_NAME = 160
"""Bytes of a NAME; with what is added to it, a file's name stays below the 255 that file systems take."""


def safe_names(names: Sequence[str]) -> list[str]:
    """Return names of which each can be part of a file's name in one folder, still unique.

    A separator, a control character, or a byte that is no text becomes ``_``. A name longer than
    160 bytes is cut and gets a digest of the whole, so that the same input has the same name in every run.
    Names that were fine stay as they are.
    """
    made = [_safe(name) for name in names]
    taken = {name.casefold() for name, was in zip(made, names, strict=True) if name == was}
    for place, (name, was) in enumerate(zip(list(made), names, strict=True)):
        if name == was:
            continue
        number, one = 1, name
        while one.casefold() in taken:
            number += 1
            one = f"{name}~{number}"
        taken.add(one.casefold())
        made[place] = one
    return made


def _safe(name: str) -> str:
    said = _NOT_IN_NAMES.sub("_", name)
    if not said.strip(". "):
        said = f"_{said}"
    raw = said.encode()
    if len(raw) <= _LONGEST_NAME:
        return said
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{raw[: _LONGEST_NAME - 13].decode(errors='ignore')}~{mark}"

"""The small JSON files of a folder of long work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_tbcad.files import written_whole

JOB, LIBRARIES, ENDED = "job.json", "job.log", "ended.json"
"""What is to be done, what libraries said, how the last run ended."""


def new_folder(home: Path, name: str, *, otherwise: str) -> Path:
    """Return a folder below `home` that is not there yet, named by date and `name`; it is not made."""
    said = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name).strip(".-")
    stem = f"{datetime.now(UTC):%Y-%m-%d}_{said or otherwise}"[:80]
    names = (stem, *(f"{stem}-{number}" for number in range(2, 10_000)))
    return next(path for path in (home / one for one in names) if not path.exists())


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file; None where there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object as JSON, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def now() -> str:
    """Return the time (UTC, ISO 8601, seconds)."""
    return datetime.now(UTC).isoformat(timespec="seconds")

"""When an evaluation began and how long it took, over all the sessions it was made in."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_tbcad.files import written_whole

SESSIONS = "sessions.json"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """The time of one evaluation.

    Parameters
    ----------
    first : datetime
        Start of its first session, UTC.
    earlier : float
        Seconds of the sessions before this one.
    number : int
        Sessions with this one.
    began : datetime
        Start of this one, UTC.
    """

    first: datetime = field(default_factory=_now)
    earlier: float = 0.0
    number: int = 1
    began: datetime = field(default_factory=_now)

    @property
    def seconds(self) -> float:
        """Seconds of all sessions up to now."""
        return round(self.earlier + (_now() - self.began).total_seconds(), 1)


@contextlib.contextmanager
def session(work: Path, key: str) -> Iterator[Clock]:
    """Count a session of the evaluation `key` while the block lasts.

    Parameters
    ----------
    work : Path
        ``DIR/work``, where sessions are kept. One that was killed has ended when the last file was written
        there or in ``DIR/measured``.
    key : str
        Digest of what was asked for; sessions of another evaluation are forgotten.
    """
    path = work / SESSIONS
    known = [_ended(one, work) for one in _read(path, key)]
    began = _now()
    first = datetime.fromisoformat(known[0]["started"]) if known else began
    clock = Clock(first, sum(one["seconds"] for one in known), len(known) + 1, began)
    mine: dict[str, Any] = {"started": began.isoformat(), "seconds": None}
    _write(path, key, [*known, mine])
    try:
        yield clock
    finally:
        mine["seconds"] = (_now() - began).total_seconds()
        _write(path, key, [*known, mine])


def _read(path: Path, key: str) -> list[dict[str, Any]]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return list(kept["sessions"]) if kept["evaluation"] == key else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _write(path: Path, key: str, sessions: list[dict[str, Any]]) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps({"evaluation": key, "sessions": sessions}, indent=1))


def _ended(one: dict[str, Any], work: Path) -> dict[str, Any]:
    if one["seconds"] is not None:
        return one
    files = [*work.glob("*.jsonl"), *work.parent.glob("measured/*.jsonl")]
    last = max((file.stat().st_mtime for file in files), default=0.0)
    return {**one, "seconds": max(0.0, last - datetime.fromisoformat(one["started"]).timestamp())}

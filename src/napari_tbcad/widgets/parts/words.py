"""Numbers, times and lists of files as a person would say them."""

from __future__ import annotations

from typing import Any

_MINUTE, _HOUR = 60, 3600


def duration(seconds: float) -> str:
    """Return a length of time as a person would say it."""
    if seconds < _MINUTE:
        return "less than a minute"
    minutes = round(seconds / _MINUTE)
    if minutes < 2 * _MINUTE:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 10 else f"{round(seconds / _HOUR)} h"


def count(number: int, one: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def listed(pairs: Any, most: int) -> str:
    """Return files with their causes, a line each, and how many more there are."""
    pairs = list(pairs)
    lines = [f"{name}: {cause}" for name, cause in pairs[:most]]
    if len(pairs) > most:
        lines.append(f"and {len(pairs) - most} more")
    return "\n".join(lines)

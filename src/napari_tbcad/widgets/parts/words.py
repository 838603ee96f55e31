"""Numbers and lists of files as a person would say them."""

from __future__ import annotations

from typing import Any


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

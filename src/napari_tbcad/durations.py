"""Lengths of time as a person would say them, the same way in every place."""

from __future__ import annotations

_MINUTE, _HOUR = 60, 3600


def in_words(seconds: float) -> str:
    """Return a length of time: ``"40 s"``, ``"1 min 37 s"``, ``"3 h 5 min"``."""
    whole = round(seconds)
    if whole >= _HOUR:  # seconds are no news any more
        whole = _MINUTE * round(seconds / _MINUTE)
    parts = ((whole // _HOUR, "h"), (whole // _MINUTE % 60, "min"), (whole % _MINUTE, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def left_in_words(seconds: float) -> str:
    """Return the time left, told no more exactly than it is known: ``"about 1 min 40 s left"``."""
    if seconds < 10:
        return "a few seconds left"
    step = next(step for below, step in ((120, 10), (5400, _MINUTE), (float("inf"), 1800)) if seconds < below)
    return f"about {in_words(step * round(seconds / step))} left"


def estimated(seconds: float) -> str:
    """Return how long something will take, as a guess is worth telling: ``"1 h 5 min"``, ``"12 h"``."""
    if seconds < _MINUTE:
        return "less than a minute"
    step = _MINUTE if seconds < 10 * _HOUR else _HOUR
    return in_words(step * round(seconds / step))

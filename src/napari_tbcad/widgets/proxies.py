"""napari hands plugins a proxy of its viewer; what is behind it is what we keep."""

from __future__ import annotations

from typing import Any


def bare(thing: Any) -> Any:
    """Return the object behind napari's proxy, which cannot be referenced weakly."""
    return getattr(thing, "__wrapped__", thing)

"""Keeping a press from whoever else would answer it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QTimer


def withhold(callbacks: list[Any], *, keep: Any = None) -> None:
    """Empty a list of napari's mouse callbacks until the event under way is over.

    Parameters
    ----------
    callbacks : list
        Of a layer or a viewer; what is added meanwhile stays.
    keep : callable, optional
        This one stays.
    """
    saved = list(callbacks)
    callbacks[:] = [callback for callback in callbacks if callback is keep]

    def give_back() -> None:
        added = [callback for callback in callbacks if callback not in saved]
        callbacks[:] = [*saved, *added]

    QTimer.singleShot(0, give_back)

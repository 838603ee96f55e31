"""The code of the panel that studies are going to be opened in, read before anybody waits for it."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from qtpy.QtCore import QObject

from napari_tbcad.widgets.work import timer

_PAUSE_MS = 50
"""Time for the window between two modules."""


class Warming(QObject):
    """Imports a package of panels module by module: at once, at the first opening, it holds the window up.

    Not on a worker: a module that two threads import from two ends is seen half made.

    Parameters
    ----------
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    left : list of str
        Modules that are still to be imported.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.left: list[str] = []
        self._begun: set[str] = set()
        self._next = timer(self, self._import_next)

    def begin(self, workflow: str) -> None:
        """Import the panels of a workflow (chest or bone), unless that was begun before."""
        if workflow not in ("chest", "bone") or workflow in self._begun:
            return
        self._begun.add(workflow)
        name = f"napari_tbcad.widgets.{workflow}"
        found = pkgutil.iter_modules(import_module(name).__path__, f"{name}.")
        self.left += [one.name for one in found]
        self._next.start(_PAUSE_MS)

    def _import_next(self) -> None:
        if self.left:
            import_module(self.left.pop(0))
            self._next.start(_PAUSE_MS)

"""The panels as napari's menu finds them: their code is imported when one is asked for, beside the window.

The manifest names the classes here; napari gets the class itself, with everything that making one needs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari_tbcad.networks.libraries import load_ahead
from napari_tbcad.widgets.importing import import_alive, import_soon

_ROOM = "napari_tbcad.widgets."
_FEATURES = "pandas"
"""napari keeps in it the features of points and shapes, such as a ruler's, and imports it for the first."""


@dataclass(frozen=True)
class _Code:
    """Where a panel's class is, and what making one needs besides.

    Parameters
    ----------
    home : str
        Module, below ``napari_tbcad.widgets``.
    name : str
        Class.
    makes : tuple of str, optional
        Modules that are imported when the panel is made.
    networks : bool, optional
        Whether networks run in this process.
    """

    home: str
    name: str
    makes: tuple[str, ...] = ()
    networks: bool = False

    @property
    def modules(self) -> tuple[str, ...]:
        """Full names of all modules."""
        return (_ROOM + self.home, *self.makes)

    @property
    def then(self) -> Callable[[], object] | None:
        """What is done once the modules are there."""
        # Not later, when a worker imports torch: whoever loads another library meanwhile has to wait for it.
        return load_ahead if self.networks else None


def _of(workflow: str, home: str, name: str) -> _Code:
    """Return a panel of the chest or bone workflow."""
    makes = (f"{_ROOM}{workflow}.viewing", f"{_ROOM}{workflow}.actions", "threadpoolctl", _FEATURES)
    return _Code(f"{workflow}.{home}", name, makes, networks=True)


_STEPS = ("EnhancePanel", "MasksPanel", "CorrectPanel", "FeaturesPanel", "ResultPanel")
_PANELS = {
    **{name: _of("chest", "panel", name) for name in ("ChestPanel", *_STEPS)},
    "ChestWorklistPanel": _of("chest", "worklist", "WorklistPanel"),
    "BonePanel": _of("bone", "panel", "BonePanel"),
    "BoneWorklistPanel": _of("bone", "worklist", "BoneWorklistPanel"),
    "TrainingPanel": _Code("training.panel", "TrainingPanel"),
    "EvaluatingPanel": _Code("evaluating.panel", "EvaluatingPanel"),
    "BatchPanel": _Code("batch.panel", "BatchPanel"),
}


def __getattr__(name: str) -> Any:
    code = _PANELS.get(name)
    if code is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_alive(*code.modules, then=code.then)
    return getattr(sys.modules[code.modules[0]], code.name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PANELS])


def make_ready(name: str) -> None:
    """Begin to import the code of a panel (such as ``"ChestPanel"``), before anybody waits for it."""
    code = _PANELS[name]
    import_soon(*code.modules, then=code.then)

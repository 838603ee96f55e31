"""The automatic hotspot segmenters by name; a new one is one function and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Parameters


@dataclass(frozen=True)
class DetectorEntry:
    """A hotspot segmenter, imported only when it is asked for.

    Parameters
    ----------
    name : str
        Registered name, as in ``--segmenter NAME``.
    module : str
        Module that holds the function and its parameters.
    function_name, parameters_name : str
        Their names in that module.
    description : str
        One sentence for the person who chooses.
    """

    name: str
    module: str
    function_name: str
    parameters_name: str
    description: str

    @property
    def function(self) -> Callable[..., Hotspots]:
        """``function(scan, regions, parameters, *, progress, cancelled) -> Hotspots``."""
        return getattr(import_module(self.module), self.function_name)

    @property
    def parameters_class(self) -> type[Parameters]:
        """The pydantic model of its parameters."""
        return getattr(import_module(self.module), self.parameters_name)


_ENTRIES = (
    DetectorEntry(
        "classical",
        "napari_tbcad.bone.candidates_classical",
        "classical",
        "ClassicalParameters",
        "Local contrast against each region's own statistics; a small linear model, no network.",
    ),
)

DETECTORS: Mapping[str, DetectorEntry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})


def detector(name: str) -> DetectorEntry:
    """Return the hotspot segmenter of this name.

    Raises
    ------
    BadInput
        If there is none; the message lists those there are.
    """
    if name not in DETECTORS:
        raise BadInput("segmenter", f"there is no segmenter {name!r}; there are {', '.join(DETECTORS)}")
    return DETECTORS[name]

"""The lung segmenters by name; a new one is one function and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Parameters


@dataclass(frozen=True)
class SegmenterEntry:
    """A lung segmenter, imported only when it is asked for.

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
    def function(self) -> Callable[..., SoftLungs]:
        """``function(film, parameters, **more) -> SoftLungs``."""
        return getattr(import_module(self.module), self.function_name)

    @property
    def parameters_class(self) -> type[Parameters]:
        """The pydantic model of its parameters."""
        return getattr(import_module(self.module), self.parameters_name)


_LUNGS = "napari_tbcad.chest.lungs"
_ENTRIES = (
    SegmenterEntry(
        "otsu", f"{_LUNGS}.otsu", "otsu", "OtsuParameters", "Threshold and morphology; no training data."
    ),
    SegmenterEntry(
        "atlas", f"{_LUNGS}.atlas", "atlas", "AtlasParameters", "Registers films of an atlas to this one."
    ),
)

SEGMENTERS: Mapping[str, SegmenterEntry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})


def segmenter(name: str) -> SegmenterEntry:
    """Return the segmenter of this name.

    Raises
    ------
    BadInput
        If there is none; the message lists those there are.
    """
    if name not in SEGMENTERS:
        raise BadInput("segmenter", f"there is no segmenter {name!r}; there are {', '.join(SEGMENTERS)}")
    return SEGMENTERS[name]

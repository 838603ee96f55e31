"""Segmenting the lungs with the chosen segmenter, or with the one that stands in for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.chest.lungs.registry import segmenter
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Record, Step
from napari_tbcad.segmenters import SegmenterEntry, Unusable

if TYPE_CHECKING:
    from napari_tbcad.chest.lungs.atlas import Atlas


def segment(
    film: Radiograph,
    library: Atlas | None,
    parameters: Any,
    *,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SoftLungs:
    """Segment the lungs with the chosen segmenter.

    One that cannot be used here and now is replaced by the one its registry entry names, with a warning;
    `segmenter` and the record of what is returned say which one it was.

    Parameters
    ----------
    film : Radiograph
        Film with the polarity right.
    library : Atlas or None
        Atlas for segmenters that need one; None takes the packaged one. A film of the same name is left
        out, so that a film never votes for itself.
    parameters : LungParameters
        The choice and each segmenter's parameters.
    progress : callable, optional
        Called with the share done and a text.
    cancelled : callable, optional
        Asked now and then.

    Returns
    -------
    SoftLungs
        Soft lung fields.
    """
    offered = {
        "library": library,
        "exclude": Path(film.source).stem or None,
        "progress": progress,
        "cancelled": cancelled,
    }
    chosen = segmenter(parameters.segmenter)
    try:
        return _by(chosen, film, parameters, offered)
    except Unusable as error:
        if not chosen.instead:
            raise
        found = _by(segmenter(chosen.instead), film, parameters, offered)
        return _standing_in(found, chosen.name, error)


def _by(entry: SegmenterEntry, film: Radiograph, parameters: Any, offered: Mapping[str, Any]) -> SoftLungs:
    """Call a segmenter with its own parameters and what it knows of the rest."""
    known = inspect.signature(entry.function).parameters
    wanted = {name: value for name, value in offered.items() if name in known}
    if "library" in wanted and wanted["library"] is None:
        from napari_tbcad.chest.lungs.atlas import packaged_atlas

        wanted["library"] = packaged_atlas()
    soft: SoftLungs = entry.function(film, getattr(parameters, entry.name), **wanted)
    return soft


def _standing_in(found: SoftLungs, wanted: str, error: Unusable) -> SoftLungs:
    """Say in warnings and record that another segmenter was wanted, and why it was not used."""
    said = f"The {wanted} could not be used ({error}); the {found.segmenter} found the lungs instead."
    *before, last = found.record
    if isinstance(last, Step):
        last = replace(last, facts={**last.facts, "instead_of": wanted, "because": str(error)})
    return replace(found, warnings=(said, *found.warnings), record=Record((*before, last)))

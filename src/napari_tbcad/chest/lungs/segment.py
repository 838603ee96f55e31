"""Segmenting the lungs with the chosen segmenter, or with the one that stands in for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.chest.lungs.registry import SEGMENTERS
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.segmenters import SegmenterEntry, call_or_instead

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

    def by(entry: SegmenterEntry) -> SoftLungs:
        return _by(entry, film, parameters, offered)

    return call_or_instead(SEGMENTERS, parameters.segmenter, by, what="the lungs")


def _by(entry: SegmenterEntry, film: Radiograph, parameters: Any, offered: Mapping[str, Any]) -> SoftLungs:
    """Call a segmenter with its own parameters and what it knows of the rest."""
    known = inspect.signature(entry.function).parameters
    wanted = {name: value for name, value in offered.items() if name in known}
    if "library" in wanted and wanted["library"] is None:
        from napari_tbcad.chest.lungs.atlas import packaged_atlas

        wanted["library"] = packaged_atlas()
    soft: SoftLungs = entry.function(film, getattr(parameters, entry.name), **wanted)
    return soft

"""A person's hotspots and regions: put before the automatic ones, taken back, each edit in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad import edits
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.chain import Run
from napari_tbcad.content import content_key
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.record import Edit
from napari_tbcad.schemes import HOTSPOT_CLASSES

JUDGING = frozenset({"class", "confirm", "link", "unlink"})
"""Tools that move no pixel."""

_CLASS_IDS = {name: number for number, name in enumerate(HOTSPOT_CLASSES, start=1)}


def give_hotspots(
    run: Run,
    hotspots: Hotspots,
    *,
    tool: str = "brush",
    reader: str = "",
    base: Hotspots | None = None,
    replaces: Edit | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Edit | None:
    """Put a person's hotspots before the automatic ones and note the edit in the run's journal.

    Parameters
    ----------
    run : Run
        A run of :data:`napari_tbcad.bone.workflow.CHAIN`; may be in use by other threads.
    hotspots : Hotspots
        Of both views, on the scan's grid.
    tool, reader : str, optional
        With what and by whom.
    base : Hotspots, optional
        Those before the edit; the ones that stand when not given.
    replaces : Edit, optional
        An entry of the journal that this edit continues.
    facts : mapping, optional
        What a file says of who made them (:mod:`napari_tbcad.bone.label_makers`).

    Returns
    -------
    Edit or None
        The entry in the journal: pixels whose class changed (0 where only instances or links did), Dice of
        the class images with the automatic ones. None when nothing differs from `base` and a person's
        version stood already.

    Raises
    ------
    BadInput
        If the hotspots are not on the scan's grid.
    """
    _require_grid(run, hotspots, "hotspots")

    def same(one: Hotspots, other: Hotspots) -> bool:
        return content_key(one) == content_key(other)

    return edits.give(
        run,
        "hotspots",
        hotspots,
        class_pixels,
        tool=tool,
        reader=reader,
        base=base,
        replaces=replaces,
        same=same,
        facts=facts,
    )


def give_regions(
    run: Run,
    regions: SkeletonRegions,
    *,
    tool: str = "brush",
    reader: str = "",
    base: SkeletonRegions | None = None,
    replaces: Edit | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Edit | None:
    """Put a person's skeleton regions before the automatic ones; see :func:`give_hotspots`."""
    _require_grid(run, regions, "regions")
    return edits.give(
        run,
        "regions",
        regions,
        region_pixels,
        tool=tool,
        reader=reader,
        base=base,
        replaces=replaces,
        facts=facts,
    )


def take_back(
    run: Run,
    name: Literal["hotspots", "regions"],
    *,
    tool: str = "back to automatic",
    reader: str = "",
) -> Edit | None:
    """Go back to the automatic version and note that; None where no person's version stood."""
    pixels_of = class_pixels if name == "hotspots" else region_pixels
    return edits.take_back(run, name, pixels_of, tool=tool, reader=reader)


def class_pixels(hotspots: Hotspots) -> NDArray[np.uint8]:
    """Return the class of every pixel, (views, H, W): 0 none, else its place in `HOTSPOT_CLASSES` from 1."""
    highest = max((mark.id for mark in hotspots.marks), default=0)
    table = np.zeros(highest + 1, np.uint8)
    for mark in hotspots.marks:
        table[mark.id] = _CLASS_IDS[mark.label]
    return np.stack([table[labels] for labels in _views(hotspots)])


def region_pixels(regions: SkeletonRegions) -> NDArray[np.uint8]:
    """Return the region of every pixel, (views, H, W)."""
    return np.stack(_views(regions))


def _views(given: Any) -> list[NDArray[Any]]:
    return [labels for view in VIEWS if (labels := given.labels(view)) is not None]


def _require_grid(run: Run, given: Any, name: str) -> None:
    scan: BoneScan | None = run.get("scan")
    if scan is None:
        return
    for view in VIEWS:
        labels, image = given.labels(view), scan.view(view)
        if (labels is None) != (image is None):
            raise BadInput(name, f"the {view} view is there in one of scan and {name} only")
        if labels is not None and image is not None and labels.shape != image.counts.shape:
            raise BadInput(
                f"{view} {name}", f"its grid is {labels.shape}, the scan's is {image.counts.shape}"
            )

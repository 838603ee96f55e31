"""Bone scans as layers: both views side by side, the study itself in their metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image

from napari_tbcad.bone.views import UndecidedViews, ViewParameters, name_views
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, Unit, ViewName
from napari_tbcad.io.scans import Frame, FrameFacts, ScanFiles, Study, find_scans, read_study
from napari_tbcad.io.view_names import named_parts, named_view
from napari_tbcad.record import Step
from napari_tbcad.widgets.films import spacing_in_mm
from napari_tbcad.widgets.reader import SCAN_KEY, LayerData

GAP = 0.06
"""Room between the two views, as a share of a view's width."""

_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}

_SHOWN = 0.8
"""Share of the body's 99.5th percentile that is drawn black at first: faint uptake stays visible."""


@dataclass(frozen=True, eq=False)
class ScanPart:
    """Which scan an image layer belongs to, and which view it is.

    Parameters
    ----------
    study : Study
        The scan, shared by the layers of both views.
    view : {"anterior", "posterior"}
        The view, or for a scan whose views are not known yet the place it is shown at.
    name : str
        Name of the scan; layers are named after it.
    views : ViewParameters
        What a person said of the views already.
    """

    study: Study
    view: ViewName
    name: str
    views: ViewParameters = ViewParameters()


def part_of(layer: Any) -> ScanPart | None:
    """Return what a layer is of a scan; None for any other layer."""
    part = layer.metadata.get(SCAN_KEY) if isinstance(layer, Image) else None
    return part if isinstance(part, ScanPart) else None


def read_layers(paths: Path | Sequence[Path]) -> list[LayerData]:
    """Read all bone scans among files and folders as layers.

    Raises
    ------
    BadInput
        If one cannot be read, or there is none.
    """
    return [layer for files in find_scans(paths) for layer in scan_layers(files)]


def partnered(path: Path) -> ScanFiles:
    """Return the scan that a file or folder is, with the file of the other view where it lies near by.

    Raises
    ------
    BadInput
        If a folder holds several scans, or none.
    """
    if path.is_dir():
        found = find_scans(path)
        if len(found) > 1:
            raise BadInput(
                path,
                f"a folder with {len(found)} scans: open a file of one, or the folder as a Bone worklist",
            )
        return found[0]
    own = find_scans(path)[0]
    try:
        near = [files for files in find_scans(_beside(path)) if path in files.paths]
    except (BadInput, OSError):
        return own
    return next((files for files in near if len(files.paths) > 1), own)


def _beside(path: Path) -> list[Path]:
    """Return a file and where the other view may be, as far as names tell: a folder may hold thousands."""
    beside = [path]
    folder = path.parent
    bare = _without_view(folder.name)
    if bare is not None and named_view(path.stem) is None:
        # wholeBodyANT/2.jpg and wholeBodyPOST/2.jpg
        twins = [
            o / path.name for o in folder.parent.iterdir() if o != folder and _without_view(o.name) == bare
        ]
        beside += [twin for twin in twins if twin.is_file()]
    if path.suffix.lower() not in _PICTURES:
        return [*beside, folder]
    # A picture has no header: nothing but its name can tell that it is the other view.
    bare = _without_view(path.stem)
    if bare is not None:
        beside += [o for o in sorted(folder.iterdir()) if o != path and _without_view(o.stem) == bare]
    return beside


def _without_view(stem: str) -> str | None:
    """Return a name without the word for a view; None when it has none."""
    parts = list(named_parts(stem, suffixes=True))
    if len(parts) != 1:
        return None
    return re.sub(r"[ _.-]+", "", stem[: parts[0].start] + stem[parts[0].end :]).casefold()


def scan_layers(files: ScanFiles, *, name: str = "") -> list[LayerData]:
    """Read one scan as one layer a view.

    Raises
    ------
    BadInput
        If it cannot be read.
    """
    return layers_of_study(read_study(files), name or Path(files.name).name)


def layers_of_study(study: Study, name: str, views: ViewParameters = ViewParameters()) -> list[LayerData]:
    """Return the layers of a study: inverse grey, anterior on the left, posterior beside it.

    Parameters
    ----------
    study : Study
        As read.
    name : str
        What the layers are called.
    views : ViewParameters, optional
        What a person said of the views.

    Returns
    -------
    list of layer tuples
        While nothing tells which view is which they are called "view 1" and "view 2".
    """
    try:
        pictures = {view: image.counts for view, image in name_views(study, views)}
        words: dict[ViewName, str] = {view: view for view in VIEWS}
    except UndecidedViews:
        pictures = {view: frame.pixels for view, frame in zip(VIEWS, study.frames, strict=False)}
        words = {view: f"view {number}" for number, view in enumerate(VIEWS, start=1)}
    return [
        (pixels, options_of(ScanPart(study, view, name, views), pixels, words[view]), "image")
        for view, pixels in pictures.items()
    ]


def options_of(part: ScanPart, pixels: Any, word: str) -> dict[str, Any]:
    """Return the options of a view's layer."""
    spacing = part.study.spacing_mm
    scale = (1.0, 1.0) if spacing is None else spacing
    away = pixels.shape[1] * scale[1] * (1 + GAP) if part.view == "posterior" else 0.0
    return {
        "name": f"{part.name} {word}",
        "colormap": "gray_r",
        "contrast_limits": (0.0, first_top(pixels)),
        "interpolation2d": "linear",
        "scale": scale,
        "translate": (0.0, away),
        "metadata": {SCAN_KEY: part},
        **({"units": ("mm", "mm")} if spacing is not None else {}),
    }


def first_top(pixels: Any) -> float:
    """Return the counts that are drawn black at first."""
    body = pixels[pixels > 0]
    return max(_SHOWN * float(np.quantile(body, 0.995)), 1.0) if body.size else 1.0


def study_of_layers(anterior: Image | None, posterior: Image | None) -> tuple[Study, ViewParameters]:
    """Return the scan that two open layers are, as a person said.

    Parameters
    ----------
    anterior, posterior : napari.layers.Image or None
        2-D grey images of one size; one of them may be missing.

    Returns
    -------
    Study
        Eight-bit pixels are taken as grey values, all others as counts.
    ViewParameters
        With which its views are named as the person said.

    Raises
    ------
    BadInput
        If a layer is no 2-D grey image, or they differ in size.
    """
    chosen = [layer for layer in (anterior, posterior) if layer is not None]
    if not chosen or anterior is posterior:
        raise BadInput("layers", "choose one layer for each view, not the same for both")
    frames = tuple(Frame(_pixels(layer), FrameFacts(frame=n)) for n, layer in enumerate(chosen))
    unit: Unit = "grey" if any(np.asarray(layer.data).dtype == np.uint8 for layer in chosen) else "counts"
    study = Study(
        frames=frames,
        spacing_mm=spacing_in_mm(chosen[0].scale, chosen[0].units),
        unit=unit,
        source=chosen[0].name,
    )
    study = replace(study, record=study.record + Step("take layers", facts={"views": len(chosen)}))
    views = ViewParameters(first_view="posterior" if anterior is None else "anterior")
    first: ViewName = "posterior" if anterior is None else "anterior"
    named = name_views(study, views).view(first)
    if named is None or not np.array_equal(named.counts, frames[0].pixels):
        views = views.model_copy(update={"swap": True})
    return study, views


def _pixels(layer: Image) -> Any:
    data = np.asarray(layer.data[0] if layer.multiscale else layer.data)
    if layer.rgb or data.ndim != 2:
        raise BadInput(layer.name, "a view is one 2-D grey image; choose another layer")
    pixels = data.astype(np.float32)
    if not np.isfinite(pixels).all() or pixels.min() < 0:
        raise BadInput(layer.name, "a view has no negative or missing counts")
    return pixels

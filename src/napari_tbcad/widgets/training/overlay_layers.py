"""A held-out image in the viewer, with its labels and the masks of the networks as layers."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils import DirectLabelColormap
from napari.utils.notifications import show_error
from numpy.typing import NDArray
from qtpy.QtCore import QObject
from scipy import ndimage

from napari_tbcad.errors import BadInput
from napari_tbcad.schemes import BONE_SCHEMES, IGNORE, NETWORK_SCHEMES, REGIONS
from napari_tbcad.widgets.films import PREVIEW
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.training.plot import class_colours
from napari_tbcad.widgets.work import start_call, timer

MASKS = {
    "labels": "labels",
    "mask_packaged": "packaged",
    "mask_start": "start",
    "mask_new": "new",
}
"""Keys of an entry, and what the layer is called; the later lie above."""
_NOTHING = "#00000000"
_SIDE = 1024
"""Masks are shown with no more pixels a side: networks see less, and napari takes its time for each."""
_LINE_PX = 300
"""Pixels of an image for each pixel of an outline's width."""


@dataclass(frozen=True, eq=False)
class Opened:
    """What was read of one image.

    Parameters
    ----------
    name : str
        The image.
    task : str
        Label scheme of the masks.
    pixels : (H, W) array of float32
        The image.
    masks : dict of str to (H, W) array of uint8
        By their layers' names.
    limits : (float, float)
        Pixel values shown darkest and brightest.
    """

    name: str
    task: str
    pixels: NDArray[np.float32]
    masks: dict[str, NDArray[np.uint8]]
    limits: tuple[float, float]


class OverlayLayers(QObject):
    """Opens images of a comparison in one viewer; the one opened before is taken out.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    parent : QObject, optional
        Qt parent.
    """

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(bare(viewer))
        self._layers: list[weakref.ref[Layer]] = []
        self._waiting: list[Layer] = []
        self._turn = timer(self, self._next)
        self._asked = object()

    def open(self, entry: Mapping[str, Any], task: str) -> None:
        """Read an image and its masks on a worker and show them."""
        token = self._asked = object()

        def read() -> tuple[object, Opened | Exception]:
            try:
                opened = read_overlay(entry, task)
                return token, replace(opened, masks=drawn(opened.masks))
            except (BadInput, OSError) as error:
                return token, error

        start_call(read, on_result=self._show, on_error=self._fail)

    def _show(self, came: tuple[object, Opened | Exception]) -> None:
        token, opened = came
        viewer = self._viewer()
        if token is not self._asked or viewer is None:
            return
        if isinstance(opened, Exception):
            show_error(str(opened))
            return
        for known in self._layers:
            layer = known()
            if layer is not None and layer in viewer.layers:
                viewer.layers.remove(layer)
        self._layers, self._waiting = [], layers_of(opened)
        # Beside what the person has open, not on it.
        shift = _right_of(viewer.layers)
        for layer in self._waiting:
            layer.translate = np.add(layer.translate, (0, shift))
        self._next()

    def _next(self) -> None:
        """Add one layer: napari takes its time for each, and the window is drawn between them."""
        viewer = self._viewer()
        if viewer is None or not self._waiting:
            return
        layer = self._waiting.pop(0)
        viewer.add_layer(layer)
        self._layers.append(weakref.ref(layer))
        if len(self._layers) == 1:
            _look_at(viewer, layer)
        if self._waiting:
            self._turn.start(0)
        elif (first := self._layers[0]()) is not None:
            viewer.layers.selection = {first}

    def _fail(self, error: Exception) -> None:
        raise error


def _right_of(layers: Iterable[Layer]) -> float:
    """Return where in the second of the two shown axes there is nothing yet, 0 where nothing is open."""
    ends = [float(layer.extent.world[1][-1]) for layer in layers]
    return 1.05 * max(ends) if ends else 0.0


def _look_at(viewer: Any, layer: Layer) -> None:
    """Show one layer as large as the window allows."""
    viewer.reset_view()
    low, high = viewer.layers.extent.world
    shown, own = high[-2:] - low[-2:], layer.extent.world[1][-2:] - layer.extent.world[0][-2:]
    # What fits all of it fits the larger of the two ratios; the window's own shape is not asked.
    viewer.scene.camera.zoom *= float(np.min(shown / np.maximum(own, 1e-6)))
    viewer.scene.camera.center = (0.0, *(layer.extent.world[0][-2:] + own / 2))


def read_overlay(entry: Mapping[str, Any], task: str) -> Opened:
    """Read an image and its masks.

    Raises
    ------
    BadInput
        If the image, or every mask, is gone or cannot be read.
    """
    from napari_tbcad.io.masks import mask_values
    from napari_tbcad.io.read import read_film

    path = Path(str(entry.get("image", "")))
    if not path.is_file():
        raise BadInput(path, "the image is not there any more")
    pixels = read_film(path).pixels
    masks = {}
    for key, name in MASKS.items():
        if entry.get(key) and Path(entry[key]).is_file():
            mask = mask_values(Path(entry[key])).astype(np.uint8)
            if mask.shape == pixels.shape:
                masks[name] = mask
    if not masks:
        raise BadInput(path, "its masks are not there any more: compare again")
    low, high = (float(value) for value in np.percentile(pixels, (0.5, 99.5)))
    limits = (low, max(high, low + 1e-6))
    return Opened(str(entry.get("name") or path.name), task, pixels, masks, limits)


def drawn(masks: Mapping[str, NDArray[np.uint8]]) -> dict[str, NDArray[np.uint8]]:
    """Return label images as they are shown, so that they are told apart where they lie on each other.

    The new network's is filled, the labels are thick lines, another network's thin ones. Drawn here, on a
    worker: napari's own outlines take seconds on a large film.
    """
    return {name: mask if name == "new" else _outline(mask, name == "labels") for name, mask in masks.items()}


def _outline(mask: NDArray[np.uint8], thick: bool) -> NDArray[np.uint8]:
    width = max(1, round(max(mask.shape) / _LINE_PX)) * (2 if thick else 1)
    size = 2 * width + 1
    inside = ndimage.minimum_filter(mask, size) == ndimage.maximum_filter(mask, size)
    return np.where(inside | (mask == IGNORE), 0, mask).astype(np.uint8)


def is_bone(task: str) -> bool:
    """Return whether images of a task are counts of a bone scan."""
    return task in (*BONE_SCHEMES, REGIONS.name)


def layers_of(opened: Opened) -> list[Layer]:
    """Return the layers of an image: outlines of the labels, and what each network found."""
    image = Image(
        opened.pixels,
        name=opened.name,
        colormap="gray_r" if is_bone(opened.task) else "gray",
        # The root of counts, as the networks see them: a bladder would leave all else white.
        gamma=0.5 if is_bone(opened.task) else 1.0,
        contrast_limits=opened.limits,
        metadata={PREVIEW: True},
    )
    table = _table(opened.task)
    layers: list[Layer] = [image]
    for name, mask in opened.masks.items():
        step = -(-max(opened.pixels.shape) // _SIDE)
        layer = Labels(
            mask[step // 2 :: step, step // 2 :: step],
            scale=(step, step),
            translate=(step // 2, step // 2),
            name=f"{opened.name} {name}",
            colormap=DirectLabelColormap(color_dict=table),
            opacity=0.4 if name == "new" else 0.9,
            metadata={PREVIEW: True},
        )
        layer.editable = False
        layers.append(layer)
    return layers


def _table(task: str) -> dict[int | None, Any]:
    names = NETWORK_SCHEMES[task].names
    colours = class_colours(task)
    if task in BONE_SCHEMES:
        # Its outlines alone would cover the skeleton, in which one looks for hotspots.
        colours = {name: colour for name, colour in colours.items() if name != "bone"}
    table: dict[int | None, Any] = {None: _NOTHING} | dict.fromkeys((*names, IGNORE), _NOTHING)
    table.update({value: colours[name] for value, name in names.items() if name in colours})
    return table

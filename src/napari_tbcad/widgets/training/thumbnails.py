"""Small pictures of a held-out image: what a network found in full lines, the labels in broken ones.

Drawn at the size at which they are shown: lines of a larger picture would be lost when it is made smaller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.grid import resize_labels, resize_soft
from napari_tbcad.imaging.overlay import draw_outlines
from napari_tbcad.schemes import IGNORE, NETWORK_SCHEMES
from napari_tbcad.widgets.training.overlay_layers import Opened, is_bone, read_overlay
from napari_tbcad.widgets.training.plot import class_colours

_DASH = 3

Thumbnails = tuple[QImage | None, ...]


def networks_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the networks whose pictures of an image stand side by side: the new one and one other."""
    return "new", *[name for name in ("packaged", "start") if entry.get(f"mask_{name}")][:1]


def thumbnails(entry: Mapping[str, Any], task: str, *, wide: int, high: int) -> Thumbnails:
    """Return a picture for each of :func:`networks_of`, no larger than `wide` × `high` pixels; on a worker.

    Where image or masks are gone they are the pictures that the comparison has written; None without any.
    """
    networks = networks_of(entry)
    try:
        opened = read_overlay(entry, task)
        return tuple(_drawn(opened, name, wide, high) for name in networks)
    except (BadInput, OSError):
        written = (QImage(str(entry.get(f"picture_{name}") or "")) for name in networks)
        return tuple(_within(image, wide, high) for image in written)


def _drawn(opened: Opened, network: str, wide: int, high: int) -> QImage | None:
    found = opened.masks.get(network)
    if found is None:
        return None
    rows, columns = opened.pixels.shape
    scale = min(wide / columns, high / rows)
    shape = (max(1, round(rows * scale)), max(1, round(columns * scale)))
    truth = opened.masks.get("labels", np.zeros_like(found))
    small = [
        resize_labels(np.where(mask == IGNORE, 0, mask), shape).astype(np.uint8) for mask in (found, truth)
    ]
    names, colours = NETWORK_SCHEMES[opened.task].names, class_colours(opened.task)
    table = {value: colours[name] for value, name in names.items() if name in colours}
    return _image(draw_outlines(_grey(opened, shape), *small, colours=table, dash=_DASH))


def _grey(opened: Opened, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the image as it is read: counts dark on light, their root as in the networks' input."""
    bone = is_bone(opened.task)
    small = resize_soft(opened.pixels, shape)
    if bone:
        small = np.sqrt(np.clip(small, 0, None))
    low, high = np.percentile(small, (0.5, 99.5))
    share = np.clip((small - low) / max(float(high - low), 1e-9), 0, 1)
    grey: NDArray[np.uint8] = np.rint(255 * (1 - share if bone else share)).astype(np.uint8)
    return grey


def _image(pixels: NDArray[np.uint8]) -> QImage:
    rows, columns, _ = pixels.shape
    data = np.ascontiguousarray(pixels).tobytes()
    # A copy of its own: what Qt is given here is Python's.
    return QImage(data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()


def _within(image: QImage, wide: int, high: int) -> QImage | None:
    if image.isNull():
        return None
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(wide, high, keep, smooth)

"""Where a picture on another grid lies in the viewer, to cover a film."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image


def covering(film: Image, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return where a picture of another size lies, to cover the field of view of a film."""
    # Pixel centres differ by half a pixel step.
    ratio = np.asarray(film.data.shape[:2]) / np.asarray(shape)
    corner = (ratio - 1) / 2
    origin, down, right = (np.asarray(film.data_to_world(point)) for point in ((0, 0), (1, 0), (0, 1)))
    affine = film.affine.affine_matrix.copy()
    # napari applies the affine transform after scale, rotation, shear and translation.
    step = np.linalg.solve(affine[:2, :2], np.column_stack((down - origin, right - origin)) @ corner)
    return {
        "scale": np.asarray(film.scale) * ratio,
        "translate": np.asarray(film.translate) + step,
        "rotate": film.rotate,
        "shear": film.shear,
        "affine": affine,
        "units": film.units,
    }

"""Self-check of the grey-level features against the IBSI-1 digital phantom.

The phantom is 3-D (4 slices of 4 × 5); the standard publishes values for four ways to combine slices
and directions of a planar analysis, and all of them pass through the functions that measure a film.

References
----------
A. Zwanenburg et al., The Image Biomarker Standardization Initiative, Radiology 295 (2020) 328-338;
reference manual arXiv:1612.07003.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.firstorder import first_order, grey_histogram
from napari_tbcad.chest.glcm import cooccurrence, glcm_features
from napari_tbcad.imaging.arrays import to_device, to_numpy

AGGREGATIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "2D, averaged": lambda counts: counts.reshape(-1, *counts.shape[2:]),
    "2D, slice-merged": lambda counts: counts.sum(axis=1),
    "2.5D, direction-merged": lambda counts: counts.sum(axis=0),
    "2.5D, merged": lambda counts: counts.sum(axis=(0, 1))[None],
}
"""Name → how (slices, directions, Ng, Ng) counts become the matrices whose features are averaged."""


@dataclass(frozen=True)
class Comparison:
    """One feature against its published value.

    Parameters
    ----------
    family : {"glcm", "firstorder"}
        Which module computed it.
    feature : str
        Our name.
    code : str
        IBSI's four-character code.
    aggregation : str
        How slices and directions were combined; ``"whole"`` for first order.
    ours, reference : float
        Computed and published value.
    tolerance : float
        Half a unit of the published value's third significant digit.
    """

    family: str
    feature: str
    code: str
    aggregation: str
    ours: float
    reference: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """True when ours rounds to the published value."""
        # The small excess lets a value that lies exactly between two roundings count for both.
        return bool(abs(self.ours - self.reference) <= self.tolerance * (1 + 1e-9))


def phantom() -> dict[str, Any]:
    """Read the packaged phantom: ``image`` and ``mask`` (4, 4, 5), and the published values."""
    path = files("napari_tbcad.chest") / "ibsi_phantom" / "phantom.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    return content | {"image": np.array(content["image"]), "mask": np.array(content["mask"], dtype=bool)}


def check_ibsi(*, device: str | None = None) -> tuple[Comparison, ...]:
    """Compare the co-occurrence and first-order features with the published values.

    Parameters
    ----------
    device : str, optional
        Compute with torch on this device; numpy when left out.

    Returns
    -------
    tuple of Comparison
        100 for co-occurrence (25 features × 4 aggregations) and 6 for first order.
    """
    content = phantom()
    image, mask = content["image"], content["mask"]
    n_levels = int(image[mask].max())  # a 9 lies outside the mask
    counts = np.stack(
        [
            to_numpy(cooccurrence(to_device(slice_ - 1, device), to_device(inside, device), n_levels))
            for slice_, inside in zip(image, mask, strict=True)
        ]
    )
    ours: dict[tuple[str, str, str], float] = {}
    for aggregation, combine in AGGREGATIONS.items():
        features = glcm_features(to_device(combine(counts), device))
        ours |= {("glcm", name, aggregation): float(v.mean()) for name, v in features.items()}
    histogram = grey_histogram(to_device(image, device), to_device(mask, device), n_levels + 1)
    ours |= {("firstorder", name, "whole"): float(v) for name, v in first_order(histogram).items()}
    return tuple(
        Comparison(
            family, name, entry["ibsi"], aggregation, ours[family, name, aggregation], value, _half(value)
        )
        for family in ("glcm", "firstorder")
        for name, entry in content[family].items()
        for aggregation, value in entry["values"].items()
    )


def _half(reference: float) -> float:
    """Half a unit of the third significant digit."""
    return float(0.5 * 10.0 ** (np.floor(np.log10(abs(reference))) - 2))

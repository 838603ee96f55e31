"""Where the probabilities of a network are judged: inside the lungs, from masks or by another network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.networks.image_scores import Judged, Region

LUNGS = "lungs"
INSIDE = {"opacities": LUNGS}
"""Region in which a task's probabilities are judged unless something else is asked for."""

NOWHERE = "none"


def region_for(
    task: str, wanted: str | None = None, *, device: str = "auto", say: Callable[[str], None] = print
) -> Region | None:
    """Return the region in which the probabilities of a task are judged.

    Parameters
    ----------
    task : str
        Label scheme of the network that is judged.
    wanted : str, optional
        Folder of lung masks (named as the images), packaged name or file of a lung network, or ``"none"``.
        By default the region of :data:`INSIDE`.
    device : str, optional
        Where the lung network works.
    say : callable, optional
        Told which region it is, and when the default one is not at hand.

    Returns
    -------
    callable or None
        None for the whole image.

    Raises
    ------
    BadInput
        If what was asked for is neither a folder nor a lung network.
    """
    if wanted == NOWHERE or (wanted is None and task not in INSIDE):
        return None
    if wanted is not None and Path(wanted).is_dir():
        say(f"probabilities are judged inside the masks of {wanted}")
        return _masks_in(Path(wanted))
    try:
        region = _of_network(wanted or INSIDE[task], device)
    except ModelRefused as error:
        if wanted is not None:
            raise
        say(f"probabilities are judged in the whole image: no lung network is at hand ({error.cause})")
        return None
    say(f"probabilities are judged inside the lungs as the network {wanted or INSIDE[task]} finds them")
    return region


def _masks_in(folder: Path) -> Region:
    from napari_tbcad.io.masks import mask_values

    def inside(sample: Judged, pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
        stem = Path(sample.name).stem
        path = next((path for path in sorted(folder.iterdir()) if path.stem == stem), None)
        if path is None:
            raise BadInput(sample.name, f"no mask of this name in {folder}")
        mask = mask_values(path) > 0
        if mask.shape != pixels.shape:
            raise BadInput(path, f"the mask has {mask.shape} pixels, its image {pixels.shape}")
        return np.asarray(mask, bool)

    return inside


def _of_network(name: str, device: str) -> Region:
    from napari_tbcad.networks.models import find_network
    from napari_tbcad.networks.predict import PredictParameters, predict

    network = find_network(name, task=LUNGS)
    settings = PredictParameters.model_validate({"device": device})

    def inside(_: Judged, pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
        probabilities = predict(network, pixels, settings).probabilities
        return resize_soft(probabilities[0], (pixels.shape[0], pixels.shape[1])) < 0.5

    return inside

"""What a hotspot network says of one view, on the view's own grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chain import Probe, Progress
from napari_tbcad.errors import ModelRefused
from napari_tbcad.imaging.bonescan import ScanView, ViewName
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.networks.asking import ask, asked_view
from napari_tbcad.networks.devices import Device
from napari_tbcad.networks.listing import locate
from napari_tbcad.networks.store import read_network_card
from napari_tbcad.schemes import BONE_SCHEMES


@dataclass(frozen=True, eq=False)
class ViewAnswer:
    """What a network said of one view.

    Parameters
    ----------
    probabilities : (2, H, W) array of float32
        Of abnormal and normal hotspots, on the view's own grid; the latter 0 from a network of three classes,
        to which normal hotspots are bone.
    disagreement : (H, W) array of float32 or None
        How far the variants contradict each other, in [0, 1]; None when there was one.
    said : str
        The network's name and hash; empty where it was not asked, since nothing was counted.
    device : str
        Where it ran.
    warnings : tuple of str
        Complaints for the person.
    """

    probabilities: NDArray[np.float32]
    disagreement: NDArray[np.float32] | None
    said: str
    device: str
    warnings: tuple[str, ...] = ()


def ask_view(
    name: ViewName,
    view: ScanView,
    model: str,
    *,
    mirror: bool = False,
    device: Device = "auto",
    progress: Progress | None = None,
    cancelled: Probe | None = None,
) -> ViewAnswer:
    """Ask a network of three or four classes about a view.

    Parameters
    ----------
    name : {"anterior", "posterior"}
        Which view; the network must read it, or be made for images of no certain view.
    view : ScanView
        As the camera saw it.
    model : str
        Name or path of the network.
    mirror : bool, optional
        Average with the answer to the mirrored view.
    device : str, optional
        Where it runs.
    progress, cancelled : callable, optional
        As for every stage.

    Raises
    ------
    Unusable, BadInput, Cancelled
        As :func:`napari_tbcad.networks.asking.ask`.
    """
    shape = view.counts.shape
    if not view.counts.any():
        return ViewAnswer(np.zeros((2, *shape), np.float32), None, "", "")
    answer = ask(
        model,
        view.counts,
        task=tuple(BONE_SCHEMES),
        view=asked_view(model, name),
        mirror=mirror,
        device=device,
        what=f"hotspot network ({name})",
        progress=progress,
        cancelled=cancelled,
    )
    found = answer.prediction
    ids = BONE_SCHEMES[answer.task].ids
    probabilities = np.zeros((2, *shape), np.float32)
    probabilities[0] = resize_soft(found.probabilities[ids["abnormal"]], shape)
    if ids["normal"] != ids["bone"]:
        probabilities[1] = resize_soft(found.probabilities[ids["normal"]], shape)
    apart = found.disagreement
    return ViewAnswer(
        probabilities,
        None if apart is None else resize_soft(apart, shape),
        answer.said,
        found.device,
        answer.warnings,
    )


def require_network(model: str, view: ViewName) -> None:
    """Refuse a network that cannot be used for a view; reads its card only, imports no torch.

    Raises
    ------
    ModelRefused
        If there is no such network, its file is damaged, it is of another task or for another view.
    """
    card = read_network_card(locate(model))
    if card.task not in BONE_SCHEMES:
        raise ModelRefused(model, f"made for the task {card.task}, not for {' or '.join(BONE_SCHEMES)}")
    if (views := card.input.views) and view not in views:
        raise ModelRefused(model, f"made for the {' and '.join(views)} view, not for the {view} one")

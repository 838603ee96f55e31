"""Skeleton regions of a scan by a trained network. torch is imported on the first call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.content import digest
from napari_tbcad.errors import ModelRefused
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.networks.asking import Answer, ask, asked_view
from napari_tbcad.networks.devices import DEVICE_MEANING, Device
from napari_tbcad.networks.listing import file_key_if_any
from napari_tbcad.record import Parameters, Step, field
from napari_tbcad.schemes import ANTERIOR_ONLY, REGION_IDS, REGIONS

PACKAGED = "skeleton"
"""Name of the network that comes with the package."""

_PAIRED = ("femur", "humerus")
_SECOND = 0.4
"""A second bone smaller than this share of the first is none: the other one may be cut off."""

_DOUBTFUL = 0.91
"""Certainty (:func:`certainty`) below which a person should look.

Measured by ``benchmarks/bone_region_doubts.py`` on 2026-11-22, networks that had not seen the patients: real
views 0.95 to 0.96, JPEG originals 0.94, a view of another camera 0.925; scans upside down, lying or of the
legs alone, chest films, noise and blank images at most 0.90, head and chest alone 0.89 to 0.92. A scan
without the head is not told from a whole one (0.92 to 0.95), nor one whose views are exchanged (0.95).
Simulated views 0.96 to 0.97.
"""


class NetworkParameters(Parameters):
    """Parameters of :func:`network`."""

    model: str = field(
        PACKAGED,
        title="Model",
        description="Name of a packaged or installed network, or the path of a network file.",
    )
    augment: bool = field(
        False,
        title="Several looks",
        description="Averages the answers to slightly changed and mirrored copies of the scan: steadier, and "
        "several times slower.",
    )
    device: Device = field("auto", title="Device", description=DEVICE_MEANING, more=True)

    @property
    def content_key(self) -> str:
        """Digest of the values and of the state of the model's file, so that a new file is a new answer."""
        return digest(type(self).__name__, self.model_dump_json(), file_key_if_any(self.model))


@dataclass(frozen=True, eq=False)
class _Found:
    labels: NDArray[np.uint8]
    uncertainty: NDArray[np.float32]
    score: float
    answer: Answer | None


def network(
    scan: BoneScan,
    parameters: NetworkParameters = NetworkParameters(),
    *,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SkeletonRegions:
    """Find the twelve skeleton regions in the views of a scan with a network.

    Parameters
    ----------
    scan : BoneScan
        Views (H, W) of any size; spacing is not needed.
    parameters : NetworkParameters
        Which network, how it is asked, and where it runs.
    progress : callable, optional
        Called with the share done and a text.
    cancelled : callable, optional
        Asked between the network's looks.

    Returns
    -------
    SkeletonRegions
        On the scan's grid, as the camera saw it; `scores` are :func:`certainty`, by view, `uncertainty` the
        entropy of the network's probabilities. The record names the network by its file's SHA-256.

    Raises
    ------
    Unusable
        If the network is missing or refused, is not made for a view of this scan, its library is broken, or
        memory is short everywhere.
    BadInput
        If the device is not there.
    Cancelled
        If `cancelled` said so.
    """
    views = list(scan)
    found: dict[ViewName, _Found] = {}
    for number, (name, view) in enumerate(views):
        part = None if progress is None else partial(_part, progress, number, len(views))
        found[name] = _find(view.counts, name, parameters, part, cancelled)
        if progress is not None:
            progress((number + 1) / len(views), f"regions of the {name} view")
    answers = [one.answer for one in found.values() if one.answer is not None]
    facts: dict[str, Any] = {name: {"score": round(one.score, 3)} for name, one in found.items()}
    if answers:
        facts["device"] = answers[-1].prediction.device
    warnings = [text for answer in answers for text in answer.warnings]
    warnings += [
        f"The network is unsure of the skeleton regions of the {name} view (certainty {one.score:.2f}, usual "
        f"above {_DOUBTFUL}): check them."
        for name, one in found.items()
        if one.score < _DOUBTFUL
    ]
    labels = {name: one.labels for name, one in found.items()}
    return SkeletonRegions(
        labels.get("anterior"),
        labels.get("posterior"),
        scores={name: round(one.score, 4) for name, one in found.items()},
        warnings=tuple(dict.fromkeys(warnings)),
        record=scan.record
        + Step("regions", parameters, model=answers[0].said if answers else None, facts=facts),
        segmenter="network",
        uncertainty={name: one.uncertainty for name, one in found.items()},
    )


def require_named(regions: Any) -> None:
    """Refuse a network that a person named and that cannot be used, before the first of many scans.

    The atlas does not stand in for it there: all rows of a table would say something that nobody asked for.
    Imports no torch.

    Parameters
    ----------
    regions : RegionParameters
        Which segmenter, and its parameters.

    Raises
    ------
    ModelRefused
        If there is no such network, its file is damaged, it is of another task, or made for one view only:
        the regions of both views come from one network.
    """
    name = regions.network.model
    if regions.segmenter != "network" or name == PACKAGED:
        return
    from napari_tbcad.networks.models import locate
    from napari_tbcad.networks.store import read_network_card

    card = read_network_card(locate(name))
    if card.task != REGIONS.name:
        raise ModelRefused(name, f"made for the task {card.task}, not for {REGIONS.name}")
    if (views := card.input.views) and set(views) != set(VIEWS):
        only = " and ".join(views)
        raise ModelRefused(name, f"made for the {only} view only; skeleton regions need one of both views")


def _part(progress: Callable[[float, str], None], number: int, of: int, share: float, text: str) -> None:
    progress((number + share) / of, text)


def _find(
    counts: NDArray[np.float32],
    view: ViewName,
    parameters: NetworkParameters,
    progress: Callable[[float, str], None] | None,
    cancelled: Callable[[], bool] | None,
) -> _Found:
    if not counts.any():
        return _Found(np.zeros(counts.shape, np.uint8), np.ones(counts.shape, np.float32), 0.0, None)
    answer = ask(
        parameters.model,
        counts,
        task=(REGIONS.name,),
        view=asked_view(parameters.model, view),
        augment=parameters.augment,
        mirror=parameters.augment,
        device=parameters.device,
        what="skeleton network",
        progress=progress,
        cancelled=cancelled,
    )
    probabilities = tidied(answer.prediction.probabilities, view)
    uncertainty = resize_soft(answer.prediction.uncertainty, counts.shape)
    return _Found(labels_on(probabilities, counts.shape), uncertainty, certainty(probabilities), answer)


def tidied(probabilities: NDArray[np.float32], view: ViewName) -> NDArray[np.float32]:
    """Take from a view what it cannot show, so that the next probable class has those pixels.

    That is the sternum in a posterior view, and of the paired limb bones what lies apart from the two: the
    network sees a femur in a shin and a humerus in a forearm, neither of which is a region. Of other
    regions small pieces stay: to take those away lowered Dice on held-out real scans
    (``benchmarks/bone_region_doubts.py``).

    Parameters
    ----------
    probabilities : (13, h, w) array of float32
        Background and the regions.
    view : {"anterior", "posterior"}
        A posterior view has no sternum.

    Returns
    -------
    (13, h, w) array of float32
        A copy, no longer adding up to one where something was taken.
    """
    kept = probabilities.copy()
    if view != "anterior":
        kept[REGION_IDS[ANTERIOR_ONLY]] = 0
    labels = kept.argmax(0)
    for name in _PAIRED:
        pieces, number = ndimage.label(labels == REGION_IDS[name], np.ones((3, 3)))
        sizes = np.bincount(pieces.ravel(), minlength=number + 1)[1:]
        order = np.argsort(-sizes, kind="stable")
        apart = [i + 1 for rank, i in enumerate(order) if rank > 1 or sizes[i] < _SECOND * sizes[order[0]]]
        kept[REGION_IDS[name]][np.isin(pieces, apart)] = 0
    return kept


def labels_on(probabilities: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the most probable class on another grid, (H, W); the lower one in a tie."""
    return resize_soft(probabilities, shape).argmax(0).astype(np.uint8)


def certainty(probabilities: NDArray[np.float32]) -> float:
    """Return the mean probability of the chosen region over all pixels that have one; 0 without any."""
    best = probabilities.argmax(0)
    inside = best > 0
    return float(probabilities.max(0)[inside].mean()) if inside.any() else 0.0

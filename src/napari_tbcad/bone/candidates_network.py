"""Hotspots by networks, one for each view. torch is imported on the first call, which takes seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.candidates_answer import ViewAnswer, ask_view, require_network
from napari_tbcad.bone.candidates_classes import NON_BONE, outside_bone
from napari_tbcad.bone.candidates_classical import drawn_regions
from napari_tbcad.bone.candidates_grow import candidate_at
from napari_tbcad.bone.candidates_instances import Instance, find_instances
from napari_tbcad.bone.candidates_maps import FINE_MM, ViewMaps, pixel_mm
from napari_tbcad.bone.candidates_unsure import unsure
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.partner import link_partners
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.chain import Probe, Progress
from napari_tbcad.content import digest
from napari_tbcad.errors import Cancelled
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView, ViewName
from napari_tbcad.memory import Memory, recall
from napari_tbcad.networks.devices import Device
from napari_tbcad.networks.listing import file_key_if_any
from napari_tbcad.record import Parameters, Step, field

PACKAGED: dict[ViewName, str] = {"anterior": "hotspots-anterior", "posterior": "hotspots-posterior"}
"""Names of the networks that come with the package."""

SCORE_MM = FINE_MM
"""Standard deviation of the smoothing for scores: how far the camera spreads a point."""


class NetworkParameters(Parameters):
    """Parameters of :func:`network`."""

    threshold: float = field(
        0.6,
        title="Threshold",
        description="Hotspots of which the network is at least so sure are kept: its probability, smoothed, "
        "at their peak. Lower finds fainter ones and marks more places that are none: on 96 real views 0.6 "
        "gave 2 of these a view, 0.4 gave 3.",
        ge=0.02,
        le=0.99,
        slider=True,
    )
    edge: float = field(
        0.3,
        title="Edge at",
        description="A hotspot ends where the network's probability falls to this share of its peak. Lower "
        "takes more.",
        ge=0.01,
        le=0.95,
        more=True,
    )
    anterior: str = field(
        PACKAGED["anterior"],
        title="Anterior model",
        description="Name of a packaged or installed network for anterior views, or the path of a network "
        "file.",
        more=True,
    )
    posterior: str = field(
        PACKAGED["posterior"],
        title="Posterior model",
        description="The same for posterior views.",
        more=True,
    )
    augment: bool = field(
        True,
        title="Mirrored, too",
        description="Averages the answers to the image and its mirror image: finds more with as few false "
        "ones, and takes twice as long.",
        more=True,
    )
    device: Device = field(
        "auto",
        title="Device",
        description="Where the networks run; auto takes the graphics card where there is one.",
        more=True,
    )

    def model(self, view: ViewName) -> str:
        """Return the name of the network for a view."""
        return self.anterior if view == "anterior" else self.posterior

    @property
    def content_key(self) -> str:
        """Digest of the values and of the state of both files, so that a new file is a new answer."""
        keys = [file_key_if_any(name) for name in (self.anterior, self.posterior)]
        return digest(type(self).__name__, self.model_dump_json(), *keys)


def network(
    scan: BoneScan,
    regions: SkeletonRegions | None,
    parameters: NetworkParameters | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Probe | None = None,
    memory: Memory | None = None,
) -> Hotspots:
    """Find hotspots with the network of each view.

    Parameters
    ----------
    scan : BoneScan
        One or both views as the camera saw them; counts or grey values alike.
    regions : SkeletonRegions or None
        On the scan's grid; they only tell which places are no bone.
    parameters : NetworkParameters, optional
        Which networks, how they are asked, and what is kept of their answers.
    progress, cancelled : callable, optional
        As for every stage.
    memory : Memory, optional
        Keeps the answers, so that another threshold does not ask again.

    Returns
    -------
    Hotspots
        Marks carry the class (that of the larger sum of probabilities; ``non_bone`` by their place, see
        :func:`~napari_tbcad.bone.candidates_classes.outside_bone`), the probability of being abnormal, the
        uncertainty and the link to the other view. The record names both networks by their files' SHA-256.

    Raises
    ------
    Unusable
        If a network is missing or refused, its library is broken, or memory is short everywhere.
    BadInput
        If the device is not there, or regions and scan differ in size.
    Cancelled
        If `cancelled` said so.
    """
    parameters = parameters or NetworkParameters()
    spacing, warning = pixel_mm(scan)
    labels: dict[ViewName, NDArray[np.uint16]] = {}
    marks: list[Mark] = []
    answers: dict[ViewName, ViewAnswer] = {}
    views = list(scan)
    for number, (name, view) in enumerate(views):
        share = _part(progress, number / len(views), 0.9 / len(views))
        answers[name] = _answer(name, view, parameters, share, cancelled, memory)
        maps = _maps(name, view, drawn_regions(scan, regions, name), spacing, memory)
        labels[name], new = _kept(maps, answers[name], parameters, len(marks) + 1, memory)
        marks += new
    if cancelled is not None and cancelled():
        raise Cancelled("hotspots: stopped")
    said = [text for answer in answers.values() for text in answer.warnings]
    warnings = tuple(dict.fromkeys([*([warning] if warning else []), *said]))
    hotspots = Hotspots(labels.get("anterior"), labels.get("posterior"), tuple(marks), warnings)
    hotspots = link_partners(scan, hotspots)
    if progress is not None:
        progress(1.0, f"{len(marks)} candidates")
    facts = {
        "segmenter": "network",
        "models": {view: answer.said for view, answer in answers.items()},
        "candidates": len(marks),
        "device": {view: answer.device for view, answer in answers.items()},
    }
    models = "; ".join(dict.fromkeys(answer.said for answer in answers.values() if answer.said))
    return hotspots.after(Step("hotspots", parameters, model=models or None, facts=facts))


def require_named(hotspots: Any) -> None:
    """Refuse networks that a person named and that cannot be used, before the first of many scans.

    Nothing stands in for them there: all rows of a table would say something that nobody asked for. Imports
    no torch.

    Parameters
    ----------
    hotspots : HotspotParameters
        Which segmenter, and its parameters.

    Raises
    ------
    ModelRefused
        If there is no such network, its file is damaged, it is of another task or for another view.
    """
    if hotspots.segmenter != "network":
        return
    for view in VIEWS:
        if (model := hotspots.network.model(view)) != PACKAGED[view]:
            require_network(model, view)


def _answer(
    name: ViewName,
    view: ScanView,
    parameters: NetworkParameters,
    progress: Progress | None,
    cancelled: Probe | None,
    memory: Memory | None,
) -> ViewAnswer:
    model, mirror, device = parameters.model(name), parameters.augment, parameters.device
    return recall(
        memory,
        ("answer", name),
        (view.counts, model, file_key_if_any(model), mirror, device),
        lambda: ask_view(
            name, view, model, mirror=mirror, device=device, progress=progress, cancelled=cancelled
        ),
    )


def _maps(
    name: ViewName,
    view: ScanView,
    regions: NDArray[np.uint8],
    spacing: tuple[float, float],
    memory: Memory | None,
) -> ViewMaps:
    made_from = (view.counts, regions, spacing)
    return recall(memory, ("maps", name), made_from, lambda: ViewMaps(name, view.counts, regions, spacing))


def _kept(
    maps: ViewMaps, answer: ViewAnswer, parameters: NetworkParameters, first: int, memory: Memory | None
) -> tuple[NDArray[np.uint16], list[Mark]]:
    """Return the instances from the threshold on, numbered from `first`, with what is known of each."""
    sigma = SCORE_MM / maps.spacing[0], SCORE_MM / maps.spacing[1]
    labels, found = recall(
        memory,
        ("instances", maps.name),
        (answer, parameters.edge, sigma),
        lambda: find_instances(answer.probabilities, edge=parameters.edge, sigma=sigma),
    )
    kept = [one for one in found if one.score >= parameters.threshold]
    table = np.zeros(len(found) + 1, np.uint16)
    table[[one.id for one in kept]] = np.arange(first, first + len(kept))
    marks = []
    for number, one in enumerate(kept, start=first):
        label, probability = _class_of(one, maps)
        apart = 0.0
        if answer.disagreement is not None:
            apart = float(answer.disagreement[labels == one.id].mean())
        marks.append(
            Mark(
                number,
                maps.name,
                label,
                probability=round(probability, 3),
                uncertainty=round(unsure(one.score, one.abnormal, apart), 3),
            )
        )
    return table[labels], marks


def _class_of(one: Instance, maps: ViewMaps) -> tuple[str, float]:
    """Return the class of an instance and how likely it is to be abnormal."""
    if one.abnormal < 0.5 and outside_bone(candidate_at(maps, one.row, one.column, one.area_px), maps):
        return "non_bone", min(one.abnormal, NON_BONE)
    return ("abnormal" if one.abnormal >= 0.5 else "normal"), one.abnormal


def _part(progress: Progress | None, start: float, width: float) -> Progress | None:
    if progress is None:
        return None
    return lambda share, text: progress(start + width * share, f"hotspots: {text}")

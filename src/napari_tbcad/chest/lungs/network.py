"""Lung segmentation by a trained network. torch is imported on the first call, which takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.chest.lungs.masks import LONGEST, InsensitiveParameters
from napari_tbcad.content import digest
from napari_tbcad.errors import ModelRefused
from napari_tbcad.imaging.grid import grid_shape, resize_soft
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.networks.asking import ask
from napari_tbcad.networks.devices import Device
from napari_tbcad.networks.listing import file_key_if_any, hash_if_any
from napari_tbcad.record import Parameters, Step, field
from napari_tbcad.schemes import LUNGS

PACKAGED = "lungs"
"""Name of the network that comes with the package."""

USUAL = InsensitiveParameters().threshold
"""Membership at which the insensitive mask ends."""

_MOST_UNSURE = 0.6
"""Unsure pixels per pixel of lung above which a person should look (:func:`unsure_share`).

Measured by ``benchmarks/network_masks.py`` on 2026-11-22: at most 0.25 on 77 JSRT films and 0.48 on 28 of
pneumonia_lesions that the network had not seen, 0.54 on 83 of tb_multisource; on 20 JSRT films lying on
their side 0.57 to 0.78 (5th to 100th percentile), on photographs, texts and noise 1.07 and more.
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
        description="Averages the answers to slightly changed copies of the film: steadier, and several "
        "times slower.",
    )
    edge: float = field(
        0.4,
        title="Edge at",
        ge=0.05,
        le=0.95,
        more=True,
        description="Probability of lung at which membership is 0.25, the usual threshold of the insensitive "
        "mask. Lower takes more.",
    )
    device: Device = field(
        "auto",
        title="Device",
        description="Where the network runs; auto is a graphics card where there is one, else the processor.",
        more=True,
    )

    @property
    def content_key(self) -> str:
        """Digest of the values and of the state of the model's file, so that a new file is a new answer."""
        return digest(type(self).__name__, self.model_dump_json(), file_key_if_any(self.model))


def network(
    film: Radiograph,
    parameters: NetworkParameters = NetworkParameters(),
    *,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SoftLungs:
    """Segment the lungs with a network.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W), float32, air dark, standard view.
    parameters : NetworkParameters
        Which network, how it is asked, and where it runs.
    progress : callable, optional
        Called with the share done and a text.
    cancelled : callable, optional
        Asked between the network's looks at the film.

    Returns
    -------
    SoftLungs
        Memberships (2, h, w) of right and left lung over the film's field of view, made of the network's
        probabilities (:func:`membership`); `uncertainty` says where it is unsure. The record names the
        network by its file's SHA-256.

    Raises
    ------
    Unusable
        If the network is missing or refused, its library is broken, or memory is short everywhere.
    BadInput
        If the device is not there.
    Cancelled
        If `cancelled` said so.
    """
    answer = ask(
        parameters.model,
        film.pixels,
        task=(LUNGS.name,),
        augment=parameters.augment,
        device=parameters.device,
        what="lung network",
        progress=progress,
        cancelled=cancelled,
    )
    prediction = answer.prediction
    unsure = unsure_share(prediction.probabilities)
    facts = {"unsure": None if unsure is None else round(unsure, 3), "device": prediction.device}
    return SoftLungs(
        membership(_on_mask_grid(prediction.probabilities[1:], film), parameters.edge),
        film.shape,
        segmenter="network",
        warnings=(*answer.warnings, *_doubts(unsure)),
        record=film.record + Step("network", parameters, model=answer.said, facts=facts),
        uncertainty=_on_mask_grid(prediction.uncertainty[None], film)[0],
    )


def require_named(lungs: Any) -> None:
    """Refuse a network that a person named and that cannot be used, before the first of many films.

    Nothing stands in for it there: all rows of a table would say something that nobody asked for. The
    packaged network is left to :func:`napari_tbcad.chest.lungs.segment.segment`. Imports no torch.

    Parameters
    ----------
    lungs : LungParameters
        Which segmenter, and its parameters.

    Raises
    ------
    ModelRefused
        If there is no such network, its file is damaged, or it is of another task.
    """
    parameters = lungs.network
    if lungs.segmenter != "network" or parameters.model == PACKAGED:
        return
    from napari_tbcad.networks.models import locate
    from napari_tbcad.networks.store import read_network_card

    card = read_network_card(locate(parameters.model))
    if card.task != LUNGS.name:
        raise ModelRefused(parameters.model, f"made for the task {card.task}, not for {LUNGS.name}")


def network_at_hand(parameters: NetworkParameters) -> str | None:
    """Return the SHA-256 of the file that would be used now, None when there is none.

    Imports no torch.
    """
    return hash_if_any(parameters.model)


def _on_mask_grid(probabilities: NDArray[np.float32], film: Radiograph) -> NDArray[np.float32]:
    """Return (n, h, w) probabilities on the grid on which masks are cut, never a coarser one.

    Memberships are no straight function of probabilities, so they must not be interpolated: the edge would
    move (155 held-out JSRT films: mean Dice 0.9736 instead of 0.9742).
    """
    shape = grid_shape(film.shape, LONGEST)
    return probabilities if min(shape) < min(probabilities.shape[1:]) else resize_soft(probabilities, shape)


def membership(probabilities: NDArray[np.float32], edge: float) -> NDArray[np.float32]:
    """Turn probabilities of lung into memberships, for which the thresholds of the masks are made.

    The odds are multiplied so that `edge` becomes :data:`USUAL`. So one pair of thresholds suits every
    segmenter: at its own, an atlas needs a low one to keep consolidation, of which a network is sure.

    Parameters
    ----------
    probabilities : (2, h, w) array of float32
        Of right and left lung.
    edge : float
        Probability, above 0 and below 1.

    Returns
    -------
    (2, h, w) array of float32
        In [0, 1], in the same order as the probabilities.
    """
    ratio = np.float32(USUAL / (1 - USUAL) * (1 - edge) / edge)
    given = np.clip(probabilities, 0, 1).astype(np.float32, copy=False)
    return given * ratio / (given * ratio + (1 - given))


def unsure_share(probabilities: NDArray[np.float32]) -> float | None:
    """Return the pixels that are neither lung nor not lung, per pixel of lung.

    Parameters
    ----------
    probabilities : (3, h, w) array of float32
        Background, right and left lung.

    Returns
    -------
    float or None
        Number of pixels with a probability of lung between 0.1 and 0.9 over the number above 0.5; None
        without any lung. A sharp edge gives little, a network that does not know what it sees gives much.
    """
    lung = 1 - probabilities[0]
    inside = np.count_nonzero(lung > 0.5)
    return float(np.count_nonzero((lung > 0.1) & (lung < 0.9)) / inside) if inside else None


def _doubts(unsure: float | None) -> tuple[str, ...]:
    if unsure is None or unsure <= _MOST_UNSURE:
        return ()
    return (
        f"The network is unsure where the lungs are ({unsure:.2f} unsure pixels for each of lung; usual "
        f"below {_MOST_UNSURE}): check the lung masks.",
    )

"""Lung segmentation by a trained network. torch is imported on the first call, which takes seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.files import sha256
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.networks.devices import Device
from napari_tbcad.record import Parameters, Step, field
from napari_tbcad.schemes import LUNGS
from napari_tbcad.segmenters import Unusable

if TYPE_CHECKING:
    from napari_tbcad.networks.predict import Prediction
    from napari_tbcad.networks.store import Network

PACKAGED = "lungs"
"""Name of the network that comes with the package."""

_LOADING = threading.Lock()


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
    softness: float = field(
        1.0,
        title="Softness",
        ge=1,
        le=10,
        more=True,
        description="How gently membership falls at the edge of a lung: the network's log-odds are divided "
        "by this, so that the masks' thresholds move the edge further. The edge at 0.5 stays.",
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
        return digest(type(self).__name__, self.model_dump_json(), _file_key(self.model))


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
        Probabilities (2, h, w) of right and left lung over the film's field of view; `uncertainty` says
        where the network is unsure. The record names the network by its file's SHA-256.

    Raises
    ------
    Unusable
        If the network is missing or refused, its library is broken, or memory is short everywhere.
    BadInput
        If the device is not there.
    Cancelled
        If `cancelled` said so.
    """
    loaded = _load(parameters.model, progress)
    prediction = _ask(loaded, film, parameters, progress, cancelled)
    probabilities = soften(prediction.probabilities, parameters.softness)
    facts = {"uncertainty": round(unsure_share(prediction.probabilities), 4), "device": prediction.device}
    return SoftLungs(
        probabilities[1:],
        film.shape,
        segmenter="network",
        warnings=(*loaded.warnings, *prediction.messages),
        record=film.record + Step("network", parameters, model=said_of(loaded), facts=facts),
        uncertainty=prediction.uncertainty,
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


def said_of(loaded: Network) -> str:
    """Return how a network is named in records: by its card and the SHA-256 of its file."""
    return f"network {loaded.card.name} {loaded.sha256}"


def network_at_hand(parameters: NetworkParameters) -> str | None:
    """Return the SHA-256 of the file that would be used now, None when there is none.

    Imports no torch.
    """
    key = _file_key(parameters.model)
    return _sha256(parameters.model, key) if key else None


def soften(probabilities: NDArray[np.float32], softness: float) -> NDArray[np.float32]:
    """Divide the log-odds of class probabilities, the classes along the first axis.

    Parameters
    ----------
    probabilities : (K, h, w) array of float32
        They sum to 1.
    softness : float
        The divisor, also called temperature; 1 changes nothing.

    Returns
    -------
    (K, h, w) array of float32
        They sum to 1; the largest stays the largest.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017 (temperature scaling).
    """
    if softness == 1:
        return np.clip(probabilities, 0, 1).astype(np.float32, copy=False)
    # float32 tells probabilities down to 1e-38 apart.
    powers = np.clip(probabilities, np.float32(1e-38), 1) ** np.float32(1 / softness)
    return (powers / powers.sum(axis=0)).astype(np.float32, copy=False)


def unsure_share(probabilities: NDArray[np.float32]) -> float:
    """Return the pixels that are neither lung nor not lung, per pixel of lung.

    Parameters
    ----------
    probabilities : (3, h, w) array of float32
        Background, right and left lung.

    Returns
    -------
    float
        Number of pixels with a lung probability between 0.1 and 0.9 over the number above 0.5; infinite
        without any lung. A sharp edge gives little, a network that does not know what it sees gives much.
    """
    lung = 1 - probabilities[0]
    inside = np.count_nonzero(lung > 0.5)
    unsure = np.count_nonzero((lung > 0.1) & (lung < 0.9))
    return unsure / inside if inside else float("inf")


def _load(name: str, progress: Callable[[float, str], None] | None) -> Network:
    if progress is not None:
        progress(0.0, "loading the lung network")
    try:
        # One thread imports torch and reads the file, the others find both done.
        with _LOADING:
            from napari_tbcad.networks.models import find_network

            return find_network(name, task=LUNGS.name)
    except BadInput as error:
        raise Unusable(name, error.cause) from error
    except Exception as error:  # a broken torch raises whatever it likes
        raise Unusable(name, _in_words(error)) from error


def _ask(
    loaded: Network,
    film: Radiograph,
    parameters: NetworkParameters,
    progress: Callable[[float, str], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Prediction:
    from napari_tbcad.networks.predict import PredictParameters, predict

    how = PredictParameters(device=parameters.device, augment=parameters.augment)
    try:
        return predict(loaded, film.pixels, how, progress=progress, cancelled=cancelled)
    except ModelRefused as error:
        raise Unusable(parameters.model, error.cause) from error
    except (BadInput, Cancelled):
        raise
    except Exception as error:  # out of memory even on the processor, a driver that fails
        raise Unusable(parameters.model, _in_words(error)) from error


def _in_words(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _file_key(name: str) -> str:
    """Return what changes with the file behind a name; empty when there is none."""
    try:
        from napari_tbcad.networks.models import file_key

        return file_key(name)
    except (BadInput, OSError, ImportError):
        return ""


@lru_cache(maxsize=8)
def _sha256(name: str, key: str) -> str | None:
    """Return the hash of the file behind a name, read once for each state of it."""
    try:
        from napari_tbcad.networks.models import locate

        return sha256(locate(name))
    except (BadInput, OSError, ImportError):
        return None

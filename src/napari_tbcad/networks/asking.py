"""Asking a network by name, for a workflow that has something else where it cannot be asked.

torch is imported on the first call, which takes seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.networks.devices import Device
from napari_tbcad.networks.prediction import Prediction, PredictParameters
from napari_tbcad.segmenters import Unusable

if TYPE_CHECKING:
    from napari_tbcad.networks.store import Network

Progress = Callable[[float, str], None]
Probe = Callable[[], bool]

_LOADING = threading.Lock()


@dataclass(frozen=True, eq=False)
class Answer:
    """What a network said about one image, and which network it was.

    Parameters
    ----------
    prediction : Prediction
        Probabilities over the image's field of view, uncertainty, device.
    said : str
        How the network is named in records: by its card and the SHA-256 of its file.
    task : str
        Its task, one of those that it was asked for.
    warnings : tuple of str
        Complaints for the person: of its card, and of this prediction.
    """

    prediction: Prediction
    said: str
    task: str
    warnings: tuple[str, ...] = ()


def ask(
    name: str,
    pixels: NDArray[np.float32],
    *,
    task: tuple[str, ...],
    view: str = "",
    augment: bool = False,
    mirror: bool = False,
    device: Device = "auto",
    what: str = "network",
    progress: Progress | None = None,
    cancelled: Probe | None = None,
) -> Answer:
    """Ask a network about an image.

    Parameters
    ----------
    name : str
        Name of a packaged or installed network, or path of a network file.
    pixels : (H, W) array of float32
        Film, air dark, or counts.
    task : tuple of str
        Tasks that will do.
    view : str, optional
        View of a bone scan; one that the network reads.
    augment, mirror : bool, optional
        Average the answers to changed copies of the image; see
        :class:`~napari_tbcad.networks.prediction.PredictParameters`.
    device : str, optional
        Where it runs.
    what : str, optional
        What the network is called while it is loaded, such as ``"lung network"``.
    progress : callable, optional
        Called with the share done and a text.
    cancelled : callable, optional
        Asked between the network's looks at the image.

    Returns
    -------
    Answer
        The prediction and the network's name.

    Raises
    ------
    Unusable
        If the network is missing or refused, of another task or for another view, its library is broken, or
        memory is short everywhere.
    BadInput
        If the device is not there, or the image has nothing to be seen.
    Cancelled
        If `cancelled` said so.
    """
    if progress is not None:
        progress(0.0, f"loading the {what}")
    loaded = _load(name, task, view)
    how = PredictParameters(device=device, augment=augment, mirror=mirror)
    try:
        from napari_tbcad.networks.predict import predict

        found = predict(loaded, pixels, how, view=view, progress=progress, cancelled=cancelled)
    except ModelRefused as error:
        raise Unusable(name, error.cause) from error
    except (BadInput, Cancelled):
        raise
    except Exception as error:  # out of memory even on the processor, a driver that fails
        raise Unusable(name, in_words(error)) from error
    return Answer(found, said_of(loaded), loaded.card.task, (*loaded.warnings, *found.messages))


def said_of(loaded: Network) -> str:
    """Return how a network is named in records: by its card and the SHA-256 of its file."""
    return f"network {loaded.card.name} {loaded.sha256}".strip()


def in_words(error: Exception) -> str:
    """Return the kind of an error and the first line of what it says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def asked_view(model: str, view: str) -> str:
    """Return the view to ask a network for: "" where it is made for no certain views and reads all alike.

    Reads its card only, imports no torch.
    """
    from napari_tbcad.networks.listing import locate
    from napari_tbcad.networks.store import read_network_card

    try:
        return view if read_network_card(locate(model)).input.views else ""
    except (BadInput, OSError):
        return view  # whoever asks it is told what is wrong with it


def _load(name: str, tasks: Sequence[str], view: str) -> Network:
    try:
        # One thread imports torch and reads the file, the others find both done.
        with _LOADING:
            from napari_tbcad.networks.models import find_network

            loaded = find_network(name, view=view)
    except BadInput as error:
        raise Unusable(name, error.cause) from error
    except Exception as error:  # a broken torch raises whatever it likes
        raise Unusable(name, in_words(error)) from error
    if loaded.card.task not in tasks:
        raise Unusable(name, f"made for the task {loaded.card.task}, not for {' or '.join(tasks)}")
    return loaded

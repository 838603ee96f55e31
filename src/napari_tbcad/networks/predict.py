"""Prediction with a segmentation network: images of any size, in tiles, averaged over variants.

When memory runs out the work goes on in smaller parts and at last on the processor, and the answer says so.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby, islice, repeat

import numpy as np
import torch
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.networks.augment_counts import with_views
from napari_tbcad.networks.devices import (
    NotEnoughMemory,
    choose_device,
    is_out_of_memory,
    release_memory,
)
from napari_tbcad.networks.input import NetworkInput, to_input
from napari_tbcad.networks.placed import forget, placed
from napari_tbcad.networks.prediction import Prediction, PredictParameters
from napari_tbcad.networks.store import Network
from napari_tbcad.networks.tiles import Tile, tiles
from napari_tbcad.networks.uncertainty import entropy, mutual_information
from napari_tbcad.networks.variants import variants

__all__ = ["PredictParameters", "Prediction", "predict", "predict_many"]

Tensor = torch.Tensor
Progress = Callable[[float, str], None]
Probe = Callable[[], bool]

SMALLEST_TILE = 64
"""Side in pixels below which tiles are not made smaller: two pixels at the bottom of a network."""

MOST_PIXELS, LARGE_TILE = 2**22, 1024
"""Pixels that a network is given at once, about 2 GB of what it computes, and the tiles of larger images.

Most systems promise more memory than they have and then end the program: no error would come in time.
"""

_CARD = threading.Lock()
"""One prediction at a time on a graphics card: flags of its libraries hold for the whole process."""


def predict(
    network: Network,
    pixels: NDArray[np.float32],
    parameters: PredictParameters = PredictParameters(),
    *,
    view: str = "",
    cancelled: Probe | None = None,
    progress: Progress | None = None,
) -> Prediction:
    """Ask a network about one image.

    Parameters
    ----------
    network : Network
        The network; its card tells grid and normalisation.
    pixels : (H, W) array of float32
        Film, air dark, or counts.
    parameters : PredictParameters
        Device, variants, tiles.
    view : str, optional
        Which view of a bone scan it is; must be one that the network reads.
    cancelled : callable, optional
        Asked before every tile.
    progress : callable, optional
        Told the share done and a text after every tile.

    Returns
    -------
    Prediction
        Probabilities over the image's field of view.

    Raises
    ------
    BadInput
        If the image has no contrast or values that are not finite, or the machine has no such device.
    ModelRefused
        If the network's answer is not finite or has other classes than its card says.
    NotEnoughMemory
        If even the smallest tiles on the processor need more memory than there is.
    Cancelled
        If `cancelled` said so.
    """
    views = [view] if view else None
    return next(
        predict_many(network, [pixels], parameters, views=views, cancelled=cancelled, progress=progress)
    )


def predict_many(
    network: Network,
    images: Iterable[NDArray[np.float32]],
    parameters: PredictParameters = PredictParameters(),
    *,
    views: Iterable[str] | None = None,
    batch: int = 8,
    cancelled: Probe | None = None,
    progress: Progress | None = None,
) -> Iterator[Prediction]:
    """Ask a network about many images, several at once where they have one grid.

    Parameters
    ----------
    network : Network
        The network.
    images : iterable of (H, W) arrays of float32
        Read `batch` at a time, so that they need not fit into memory together.
    parameters : PredictParameters
        Device, variants, tiles.
    views : iterable of str, optional
        View of each image, for networks that read views of bone scans.
    batch : int, optional
        Images (and variants) that the network is given at once.
    cancelled, progress
        As in :func:`predict`; progress is told the share of the present batch.

    Yields
    ------
    Prediction
        In the order of the images. What memory forbade stays forbidden for the images that follow.

    Raises
    ------
    BadInput, ModelRefused, NotEnoughMemory, Cancelled
        As in :func:`predict`.
    """
    work = _Work(network, parameters, batch, cancelled, progress)
    named = repeat("") if views is None else views
    waiting = zip(images, named, strict=views is not None)
    while read := [_read(pixels, network, view) for pixels, view in islice(waiting, batch)]:
        for _, same in groupby(read, key=lambda pair: pair[0].pixels.shape):
            group = list(same)
            members = work.ask([given for given, _ in group])
            yield from (_prediction(members[i], given, shape, work) for i, (given, shape) in enumerate(group))


def _read(pixels: NDArray[np.float32], network: Network, view: str) -> tuple[NetworkInput, tuple[int, int]]:
    pixels = np.asarray(pixels, np.float32)
    if pixels.ndim != 2 or not pixels.size:
        raise BadInput("image", f"a network is given one plane of grey levels, not shape {pixels.shape}")
    if (reads := network.card.input.views) and view not in reads:
        raise ModelRefused(
            network.card.name, f"reads the {' and '.join(reads)} view, not {view or 'an image of no view'}"
        )
    if not np.isfinite(pixels).all():
        raise BadInput("image", "it has values that are not finite")
    given = replace(to_input(pixels, network.card.input), view=view)
    return given, (pixels.shape[0], pixels.shape[1])


def _prediction(members: Tensor, given: NetworkInput, shape: tuple[int, int], work: _Work) -> Prediction:
    """Sum the answers (V, K, h, w) under all variants up."""
    inner = members[..., slice(*given.rows), slice(*given.columns)]
    mean = inner.mean(0)
    return Prediction(
        mean.numpy(),
        shape,
        entropy(mean).numpy(),
        mutual_information(inner).numpy() if len(inner) > 1 else None,
        work.device,
        tuple(work.messages),
    )


class _Work:
    """A network at work, and what memory has forbidden so far."""

    def __init__(
        self,
        network: Network,
        parameters: PredictParameters,
        batch: int,
        cancelled: Probe | None,
        progress: Progress | None,
    ) -> None:
        self.network, self.parameters = network, parameters
        self.variants = variants(network.card.task, augment=parameters.augment, mirror=parameters.mirror)
        self.device = choose_device(parameters.device)
        self.native = network.card.input.fit == "native"
        self.batch, self.tile = max(1, batch), parameters.tile
        self.messages: list[str] = []
        self._cancelled, self._progress = cancelled, progress

    def ask(self, given: list[NetworkInput]) -> Tensor:
        """Return probabilities (N, V, K, h, w) on the processor."""
        images = torch.from_numpy(np.stack([one.pixels for one in given])[:, None])
        posterior = torch.tensor([one.view == "posterior" for one in given])
        changed = torch.cat(
            [
                with_views(variant.change(images), posterior, self.network.card.input)
                for variant in self.variants
            ]
        )
        answers = self._until_it_fits(changed).split(len(given))
        back = [variant.back(answer) for variant, answer in zip(self.variants, answers, strict=True)]
        return torch.stack(back, 1)

    def _until_it_fits(self, images: Tensor) -> Tensor:
        while True:
            try:
                return self._attempt(images)
            except (RuntimeError, MemoryError) as error:
                memory = is_out_of_memory(error)
                # What is wrong with the network itself is wrong on the processor, too, and raised there.
                if not memory and self.device == "cpu":
                    raise
                why = "out of memory" if memory else _first_line(error)
            # Only here: while an error is handled its frames hold the tensors that filled the memory.
            release_memory(self.device)
            step = self._with_less(images) if memory else ""
            if not step and self.device == "cpu":
                side = self._tile(images) or max(images.shape[-2:])
                raise NotEnoughMemory(
                    f"{self.network.card.name}: out of memory on the processor, even for {side} × {side} "
                    "pixels at a time; close other programs and try again"
                )
            said = f"{self.network.card.name}: {why} on {self.device}; "
            self.messages.append(said + (step or self._on_processor()))

    @torch.inference_mode()
    def _attempt(self, images: Tensor) -> Tensor:
        classes = len(self.network.card.classes)
        height, width = images.shape[-2:]
        places = tiles((height, width), tile=self._tile(images), overlap=self.parameters.overlap)
        out = torch.zeros((len(images), classes, height, width))
        batch = self._batch(images)
        parts = [(where, place) for where in range(0, len(images), batch) for place in places]
        with placed(self.network, self.device) as module, full_precision(self.device):
            for number, (first, place) in enumerate(parts):
                if self._cancelled is not None and self._cancelled():
                    raise Cancelled("prediction was stopped")
                chosen = slice(first, first + batch)
                seen = images[chosen, :, place.rows, place.columns]
                out[chosen, :, place.rows, place.columns] += self._answer(module, seen, place)
                if self._progress is not None:
                    self._progress((number + 1) / len(parts), "asking the network")
        if not bool(torch.isfinite(out).all()):
            raise ModelRefused(self.network.path or self.network.card.name, "its answer is not finite")
        return out

    def _answer(self, module: torch.nn.Module, seen: Tensor, place: Tile) -> Tensor:
        logits = module(seen.to(self.device, memory_format=torch.channels_last))
        wanted = (len(seen), len(self.network.card.classes), *seen.shape[-2:])
        if tuple(logits.shape) != wanted:
            raise ModelRefused(
                self.network.path or self.network.card.name,
                f"its answer has shape {tuple(logits.shape)}, not {wanted} as its card says",
            )
        return logits.float().softmax(1).cpu() * torch.from_numpy(place.weights)

    def _with_less(self, images: Tensor) -> str:
        """Make batches, then tiles smaller and return what to tell; "" when this device can do no more.

        A network with a fixed grid has only ever seen whole images and cannot tell one side from the other
        in a part of one: it is not given tiles unless a person asked for them.
        """
        if (batch := self._batch(images)) > 1:
            self.batch = batch // 2
            return f"now {self.batch} image{'s' if self.batch > 1 else ''} at a time."
        smaller = self._smaller_tile(images)
        if not smaller or not (self.tile or self.native):
            return ""
        self.tile = smaller
        return f"now in tiles of {smaller} pixels."

    def _on_processor(self) -> str:
        forget(self.network, self.device)
        release_memory(self.device)
        self.device, self.tile = "cpu", self.parameters.tile
        return "now on the processor, which is slower."

    def _tile(self, images: Tensor) -> int:
        """Return the side of the tiles, 0 for the whole image."""
        height, width = images.shape[-2:]
        return self.tile or (LARGE_TILE if self.native and height * width > MOST_PIXELS else 0)

    def _batch(self, images: Tensor) -> int:
        """Return how many images (or their tiles) are taken at once."""
        tile = self._tile(images) or 2**30
        height, width = (min(side, tile) for side in images.shape[-2:])
        return max(1, min(self.batch, len(images), MOST_PIXELS // (height * width)))

    def _smaller_tile(self, images: Tensor) -> int:
        """Return half the side of the present tiles, 0 when they are as small as they may be."""
        side = min(self._tile(images) or 2**30, max(images.shape[-2:]))
        half = -(-side // 64) * 32
        return half if SMALLEST_TILE <= half < side else 0


def _first_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__} ({text[:120]})" if text else type(error).__name__


@contextlib.contextmanager
def full_precision(device: str) -> Iterator[None]:
    """Keep a graphics card's convolutions from rounding to 10 bits (TF32): answers agree with a processor."""
    if not device.startswith("cuda"):
        yield
        return
    with _CARD, torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield

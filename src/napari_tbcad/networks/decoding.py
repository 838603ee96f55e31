"""Samples brought onto a network's grid, once."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.networks.input import InputParameters, labels_to_input, on_grid, to_input
from napari_tbcad.schemes import IGNORE

if TYPE_CHECKING:
    from napari_tbcad.networks.samples import Sample


@dataclass(frozen=True, eq=False)
class Decoded:
    """Samples on a network's grid, in memory.

    Parameters
    ----------
    images : (n, h, w) array of float32
        Normalised; of counts the counts themselves, since they are thinned before they are normalised.
    labels : (n, h, w) array of uint8
        Values of the scheme, or 255.
    samples : tuple of Sample
        What each is.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    samples: tuple[Sample, ...]

    def __len__(self) -> int:
        return len(self.samples)


def decode(
    samples: list[Sample],
    parameters: InputParameters,
    *,
    cache: Path | None = None,
    told: Callable[[int], None] | None = None,
) -> Decoded:
    """Read samples once and keep them on the network's grid.

    Parameters
    ----------
    samples : list of Sample
        At least one.
    parameters : InputParameters
        The grid; `fit` must not be ``"native"``, since a batch needs one size.
    cache : Path, optional
        Folder in which decoded samples are kept for the next time, keyed by files, their times and the grid.
    told : callable, optional
        Given the number of samples read, after each; what it raises ends the reading.

    Raises
    ------
    BadInput
        As :meth:`Sample.read`.
    """
    require_grid(parameters)
    images = np.empty((len(samples), *parameters.size), np.float32)
    labels = np.empty((len(samples), *parameters.size), np.uint8)
    for index, sample in enumerate(samples):
        images[index], labels[index] = decode_one(sample, parameters, cache=cache)
        if told is not None:
            told(index + 1)
    return Decoded(images, labels, tuple(samples))


def require_grid(parameters: InputParameters) -> None:
    """Refuse an input without a size of its own; raises BadInput."""
    if parameters.fit == "native":
        raise BadInput("input.fit", "native is for prediction; choose stretch or pad to train")


def decode_one(
    sample: Sample, parameters: InputParameters, *, cache: Path | None = None
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the image (h, w) float32 and the labels (h, w) uint8 of a sample on the grid.

    Raises
    ------
    BadInput
        If a file cannot be read or used, or its view is not one that the network reads.
    """
    if parameters.views and sample.view not in parameters.views:
        raise BadInput(
            sample.image,
            f"its view is {sample.view or 'not told'} (column view of the table), but the network reads "
            + " and ".join(parameters.views),
        )
    kept = cache / f"{_key(sample, parameters)}.npz" if cache else None
    if kept is not None and kept.is_file():
        try:
            with np.load(kept, allow_pickle=False) as file:
                return file["image"], file["labels"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            pass  # half a file of an older version: made anew below
    pixels, truth = sample.read()
    counts = parameters.intensity == "counts"
    if counts and not (pixels > 0).any():
        raise BadInput(sample.image, "there is not one count in it")
    try:
        image = (on_grid if counts else to_input)(pixels, parameters).pixels
    except BadInput as fault:  # of one grey level; that the array is called image helps nobody
        raise BadInput(sample.image, fault.cause) from fault
    labels = labels_to_input(truth, parameters, IGNORE)
    if kept is not None:
        # Without room for it the next training decodes again.
        with contextlib.suppress(OSError), written_whole(kept) as temporary:
            np.savez(temporary, image=image, labels=labels)
    return image, labels


def _key(sample: Sample, parameters: InputParameters) -> str:
    files = [sample.image, *sample.labels]
    if sample.lungs is not None:
        files += [p for p in (sample.lungs.right, sample.lungs.left, sample.lungs.both) if p is not None]
    stats = [f"{path.resolve()}|{path.stat().st_mtime_ns}|{path.stat().st_size}" for path in files]
    means = repr((sorted(sample.values.items()), [sample.labels.get(p) for p in sample.labels]))
    return digest(*stats, means, sample.scheme.name, parameters.model_dump_json())

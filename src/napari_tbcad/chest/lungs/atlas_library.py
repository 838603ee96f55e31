"""The atlas: films with known lungs, ready to be registered to a new film, and its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property, lru_cache
from importlib.resources import as_file, files
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.archive import opened_archive
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.files import sha256, written_whole
from napari_tbcad.imaging.grid import resize_labels, resize_soft
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.imaging.registration import affine_map, fit_affine, resample, warp
from napari_tbcad.limits import MAX_MODEL_BYTES
from napari_tbcad.plain_text import first_line, parse_json

ATLAS_VERSION = 1
THUMBNAIL = 64
"""Side in pixels of the frame in which films are compared and posed."""

_GREY_PER_SD = 42.0  # stored byte = 128 + 42 x standardised value, which is clipped to ±3
_ARRAYS = ("films", "masks", "names", "card")


def standardise(pixels: NDArray, size: int) -> NDArray[np.float32]:
    """Bring a film to a square grid and to zero mean, unit contrast in every neighbourhood.

    What is left is edges and shading on the scale of a lung: exposure, detector response and a washed-out
    grey scale are gone, so that films of different machines compare.

    Parameters
    ----------
    pixels : (H, W) array
        Film, air dark, any units.
    size : int
        Side of the square grid. The film is stretched to it: it keeps its field of view, not its aspect;
        the affine step of the registration takes care of that.

    Returns
    -------
    (size, size) array of float32
        Values in [-3, 3]; all 0 for a constant film.
    """
    image = resize_soft(pixels, (size, size))
    low, high = np.percentile(image, [1, 99])
    image = np.clip((image - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
    sigma = size / 16
    deviation = image - ndimage.gaussian_filter(image, sigma, mode="nearest")
    # The floor of 2 % of the grey range keeps noise in an empty neighbourhood from being blown up.
    contrast = np.sqrt(ndimage.gaussian_filter(deviation**2, sigma, mode="nearest") + 0.02**2)
    smooth = ndimage.gaussian_filter(deviation / contrast, size / 256)
    return np.clip(smooth, -3, 3).astype(np.float32)


def landmarks(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return ten points of two lungs: apex, base, both sides and centre of each.

    Parameters
    ----------
    mask : (h, w) array of uint8
        0 background, 1 right lung, 2 left lung; both present.

    Returns
    -------
    (10, 2) array of float64
        (row, column) in the unit square.
    """
    points = []
    for label in (RIGHT, LEFT):
        rows, columns = np.nonzero(mask == label)
        rows, columns = (rows + 0.5) / mask.shape[0], (columns + 0.5) / mask.shape[1]
        top, bottom = np.quantile(rows, [0.02, 0.98])
        for part in (rows <= top, rows >= bottom):
            points.append([rows[part].mean(), columns[part].mean()])
        points += [[rows.mean(), side] for side in (*np.quantile(columns, [0.02, 0.98]), columns.mean())]
    return np.array(points)


@dataclass(frozen=True, eq=False)
class Atlas:
    """Films with known lungs.

    Parameters
    ----------
    films : (n, s, s) array of uint8
        Standardised appearance (:func:`standardise`), 128 + 42 times the value.
    masks : (n, s, s) array of uint8
        0 background, 1 right lung, 2 left lung, on the same grid.
    names : tuple of str
        Name of each film, without folder and extension.
    card : mapping
        What it is made of: title, sources, terms, date, scores (JSON values).
    digest : str
        SHA-256 of the content.
    """

    films: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    names: tuple[str, ...]
    card: Mapping[str, Any] = dataclass_field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.films.shape
        if len(shape) != 3 or 0 in shape or shape != self.masks.shape or len(self.names) != shape[0]:
            raise BadInput("atlas", "films, masks and names do not belong together")
        if self.films.dtype != np.uint8 or self.masks.dtype != np.uint8 or self.masks.max() > LEFT:
            raise BadInput("atlas", "films must be bytes and masks labels 0, 1 (right) and 2 (left)")
        for name, mask in zip(self.names, self.masks, strict=True):
            if not all((mask == label).sum() >= 16 for label in (RIGHT, LEFT)):
                raise BadInput(
                    name, "an atlas film needs both lungs, drawn with labels 1 (right) and 2 (left)"
                )

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, 64 hexadecimal digits."""
        return _digest({"films": self.films, "masks": self.masks, **_texts(self.names, self.card)})

    def film(self, index: int) -> NDArray[np.float32]:
        """Return the standardised film (s, s) of this index."""
        return unpack(self.films[index])

    @cached_property
    def poses(self) -> NDArray[np.float64]:
        """Affine matrix (n, 2, 3) from the common frame to each film, by the landmarks of its lungs."""
        points = np.array([landmarks(mask) for mask in self.masks])
        common = points.mean(0)
        return np.array([fit_affine(common, own) for own in points])

    @cached_property
    def thumbnails(self) -> NDArray[np.float32]:
        """Films (n, 64, 64) brought to the common frame."""
        return np.array([self._thumbnail(unpack(f), m) for f, m in zip(self.films, self.poses, strict=True)])

    @cached_property
    def mean_lungs(self) -> NDArray[np.float32]:
        """Mean lung membership (64, 64) in the common frame."""
        return np.mean(
            [self._thumbnail(m > 0, p) for m, p in zip(self.masks, self.poses, strict=True)], axis=0
        )

    @cached_property
    def region(self) -> NDArray[np.float32]:
        """Weight (64, 64) of each pixel of the common frame in comparisons: lungs and their surroundings."""
        near = ndimage.binary_dilation(self.mean_lungs > 0.1, iterations=4)
        return ndimage.gaussian_filter(near.astype(np.float32), 1.5)

    @staticmethod
    def _thumbnail(image: NDArray, pose: NDArray[np.float64]) -> NDArray[np.float32]:
        frame = (THUMBNAIL, THUMBNAIL)
        return warp(resample(image, frame), affine_map(pose, frame, frame))


def pack(film: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Store a standardised film as bytes."""
    return np.clip(np.rint(128 + _GREY_PER_SD * film), 0, 255).astype(np.uint8)


def unpack(film: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the standardised film that :func:`pack` stored."""
    return (film.astype(np.float32) - 128) / np.float32(_GREY_PER_SD)


def build_atlas(
    films: Sequence[Radiograph],
    masks: Sequence[NDArray[np.uint8]],
    *,
    size: int = 256,
    card: Mapping[str, Any] | None = None,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Atlas:
    """Make an atlas of one's own films and masks.

    Parameters
    ----------
    films : sequence of Radiograph
        Films, air dark, in the standard view. Their `source` gives the names.
    masks : sequence of (H, W) arrays of uint8
        Lungs of each film on its own grid: 0 background, 1 right, 2 left (the patient's).
    size : int, optional
        Side of the square grid the atlas keeps.
    card : mapping, optional
        What to say about it; number and size are added.
    progress : callable, optional
        Called with the share done and a text.
    cancelled : callable, optional
        Asked before each film.

    Returns
    -------
    Atlas

    Raises
    ------
    BadInput
        If there is no film, a mask has another shape than its film or lacks a lung, or two films share
        a name.
    Cancelled
        If `cancelled` said so.
    """
    if not films or len(films) != len(masks):
        raise BadInput(
            "atlas", f"needs as many masks as films, and at least one; got {len(films)}, {len(masks)}"
        )
    names = tuple(PurePath(film.source).stem or f"film{i:04d}" for i, film in enumerate(films))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(twice[0], "two films of the atlas have this name; names tell which film to leave out")
    appearance, labels = [], []
    for i, (film, mask) in enumerate(zip(films, masks, strict=True)):
        if cancelled is not None and cancelled():
            raise Cancelled("building the atlas was stopped")
        if np.shape(mask) != film.shape:
            raise BadInput(names[i], f"the film is {film.shape}, its mask {np.shape(mask)}")
        appearance.append(pack(standardise(film.pixels, size)))
        labels.append(resize_labels(np.asarray(mask, dtype=np.uint8), (size, size)))
        if progress is not None:
            progress((i + 1) / len(films), names[i])
    about = {"title": "Atlas of own films", **(card or {}), "films": len(films), "size": size}
    return Atlas(np.array(appearance), np.array(labels), names, about)


def save_atlas(path: str | Path, library: Atlas) -> None:
    """Write an atlas as a compressed NumPy archive without pickle, whole or not at all.

    Parameters
    ----------
    path : str or Path
        File to write, ``.npz``.
    library : Atlas
        The atlas; its digest goes into the file.
    """
    content = {"films": library.films, "masks": library.masks, **_texts(library.names, library.card)}
    header = np.frombuffer(
        json.dumps({"version": ATLAS_VERSION, "digest": library.digest}).encode(), np.uint8
    )
    with written_whole(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, header=header, allow_pickle=False, **content)


def load_atlas(path: str | Path) -> Atlas:
    """Read what :func:`save_atlas` wrote.

    Raises
    ------
    ModelRefused
        If the file is missing, broken, changed after it was written, or of a newer format.
    """
    try:
        with opened_archive(path, "atlas", most=MAX_MODEL_BYTES) as archive:
            header = parse_json(archive.array("header.npy").tobytes())
            if header["version"] != ATLAS_VERSION:
                raise ModelRefused(
                    path, f"atlas format {header['version']} is not {ATLAS_VERSION}, which this reads"
                )
            content = {name: archive.array(f"{name}.npy") for name in _ARRAYS}
        if _digest(content) != header["digest"]:
            raise ModelRefused(
                path, "the content does not match its checksum; get the atlas again or rebuild it"
            )
        names, card = (parse_json(content[name].tobytes()) for name in ("names", "card"))
        return Atlas(content["films"], content["masks"], tuple(map(str, names)), card)
    except ModelRefused:
        raise
    except BadInput as error:
        raise ModelRefused(path, f"not a usable atlas ({error.cause})") from error
    except (LookupError, TypeError, ValueError) as error:
        raise ModelRefused(path, f"not an atlas of this program ({first_line(error)})") from error


@lru_cache(maxsize=1)
def packaged_atlas() -> Atlas:
    """Return the atlas that comes with the package, read once.

    Raises
    ------
    ModelRefused
        If the file does not match the checksum in its card.
    """
    folder = files("napari_tbcad") / "weights"
    card = json.loads((folder / "atlas.json").read_text(encoding="utf-8"))
    with as_file(folder / card["file"]) as path:
        if sha256(path) != card["sha256"]:
            raise ModelRefused(
                path, "the packaged atlas does not match its checksum; install the package again"
            )
        return load_atlas(path)


def _texts(names: Sequence[str], card: Mapping[str, Any]) -> dict[str, NDArray[np.uint8]]:
    """Names and card as UTF-8 JSON bytes, the only way text is kept in the file."""
    return {
        key: np.frombuffer(json.dumps(value, ensure_ascii=False, sort_keys=True).encode(), np.uint8)
        for key, value in (("names", list(names)), ("card", dict(card)))
    }


def _digest(content: Mapping[str, NDArray]) -> str:
    """SHA-256 over names, types, shapes and bytes of the arrays, in a fixed order."""
    total = hashlib.sha256()
    for key in _ARRAYS:
        array = np.ascontiguousarray(content[key])
        total.update(f"{key} {array.dtype.str} {array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()

"""The skeleton atlas: simulated persons with known regions in one frame, and its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property, lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.skeleton_appearance import unpack
from napari_tbcad.content import content_key
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import sha256, written_whole
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.plain_text import parse_json
from napari_tbcad.schemes import REGION_NAMES

SKELETON_ATLAS_VERSION = 1

_ARRAYS = ("appearance", "labels", "bodies")
_HALF = 128
_META = "napari_tbcad_skeleton_atlas"


@dataclass(frozen=True, eq=False)
class SkeletonAtlas:
    """Persons with known skeleton regions, all brought to one frame.

    Both views are kept as seen from the front (:func:`~napari_tbcad.imaging.bonescan.facing`), so that they
    share the frame.

    Parameters
    ----------
    appearance : (n, 2, h, w) array of uint8
        By person and view (anterior, posterior), packed
        :func:`~napari_tbcad.bone.skeleton_appearance.appearance`.
    labels : (n, 2, m h, m w) array of uint8
        Regions, 0 outside; a whole number of times finer.
    bodies : (2, h, w) array of uint8
        By view, the share of the persons whose body covers a pixel, 255 for all.
    card : mapping
        What it is made of and how (JSON values).

    Raises
    ------
    BadInput
        If the arrays do not belong together.
    """

    appearance: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    bodies: NDArray[np.uint8]
    card: Mapping[str, Any] = dataclass_field(default_factory=dict)

    def __post_init__(self) -> None:
        small, fine = self.appearance.shape, self.labels.shape
        if len(small) != 4 or len(fine) != 4 or 0 in small or small[:2] != fine[:2] or small[1] != 2:
            raise BadInput("skeleton atlas", "appearance and labels do not belong together")
        factor = fine[2] // small[2]
        if factor < 1 or fine[2:] != (factor * small[2], factor * small[3]):
            raise BadInput("skeleton atlas", "labels are not a whole number of times finer")
        if self.bodies.shape != small[1:] or not (self.bodies.max(axis=(1, 2)) >= _HALF).all():
            raise BadInput("skeleton atlas", "has no outline of the body on the grid of the appearance")
        if any(getattr(self, name).dtype != np.uint8 for name in _ARRAYS):
            raise BadInput("skeleton atlas", "all arrays must be bytes")
        if self.labels.max() > len(REGION_NAMES):
            raise BadInput("skeleton atlas", f"region ids are 0 to {len(REGION_NAMES)}")

    def __len__(self) -> int:
        return len(self.appearance)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the frame."""
        return self.appearance.shape[2:]  # type: ignore[return-value]

    @property
    def fine_shape(self) -> tuple[int, int]:
        """Rows and columns of the labels."""
        return self.labels.shape[2:]  # type: ignore[return-value]

    @cached_property
    def content_key(self) -> str:
        """Digest of the content."""
        return content_key(
            (*(getattr(self, name) for name in _ARRAYS), json.dumps(dict(self.card), sort_keys=True))
        )

    def images(self, view: ViewName) -> NDArray[np.float32]:
        """Appearance (n, h, w) of all persons in one view."""
        return self._images[:, VIEWS.index(view)]

    def mean(self, view: ViewName) -> NDArray[np.float32]:
        """Mean appearance (h, w) of one view."""
        return self._images[:, VIEWS.index(view)].mean(0)

    def body(self, view: ViewName) -> NDArray[np.bool_]:
        """Outline (h, w) of the mean person in one view."""
        return self.bodies[VIEWS.index(view)] >= _HALF

    def regions(self, index: int, view: ViewName) -> NDArray[np.uint8]:
        """Regions of one person in one view, on the fine grid."""
        return self.labels[index, VIEWS.index(view)]

    @cached_property
    def _images(self) -> NDArray[np.float32]:
        return unpack(self.appearance)


def save_skeleton_atlas(path: str | Path, atlas: SkeletonAtlas) -> None:
    """Write an atlas as safetensors, whole or not at all; its digest and card go into the file."""
    from safetensors.numpy import save_file

    facts = {
        "version": SKELETON_ATLAS_VERSION,
        "card": dict(atlas.card),
        "digest": atlas.content_key,
    }
    # One entry: the order of several differs from one writing to the next, and with it the checksum.
    meta = {_META: json.dumps(facts, sort_keys=True, ensure_ascii=False)}
    arrays = {name: np.ascontiguousarray(getattr(atlas, name)) for name in _ARRAYS}
    with written_whole(path) as temporary:
        save_file(arrays, temporary, metadata=meta)


def load_skeleton_atlas(path: str | Path) -> SkeletonAtlas:
    """Read what :func:`save_skeleton_atlas` wrote.

    Raises
    ------
    ModelRefused
        If the file is missing, broken, changed after it was written, or of a newer format.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            facts = parse_json((file.metadata() or {})[_META])
            if facts["version"] > SKELETON_ATLAS_VERSION:
                raise ModelRefused(path, "written by a newer version of this program")
            arrays = {name: file.get_tensor(name) for name in _ARRAYS}
        atlas = SkeletonAtlas(**arrays, card=facts["card"])
        if atlas.content_key != facts["digest"]:
            raise ModelRefused(path, "the content does not match its digest; get the atlas again")
    except ModelRefused:
        raise
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelRefused(path, f"not a skeleton atlas of this program ({error})") from error
    return atlas


@lru_cache(maxsize=1)
def packaged_skeleton_atlas() -> SkeletonAtlas:
    """Return the atlas that comes with the package (simulated persons; see its card), read once.

    Raises
    ------
    ModelRefused
        If the file is missing or does not match the checksum in its card.
    """
    folder = files("napari_tbcad") / "weights"
    try:
        card = json.loads((folder / "skeleton_atlas.json").read_text(encoding="utf-8"))
        with as_file(folder / card["file"]) as path:
            if sha256(path) == card["sha256"]:
                return load_skeleton_atlas(path)
    except OSError as error:
        raise ModelRefused("skeleton_atlas.json", f"not in the package ({error})") from error
    raise ModelRefused(path, "the packaged atlas does not match its checksum; install the package again")

"""Variants of an image for test-time augmentation, and the way back from each answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from napari_tbcad.errors import BadInput
from napari_tbcad.schemes import NETWORK_SCHEMES, UNSIDED

Tensor = torch.Tensor

MIRRORED: dict[str, tuple[int, ...]] = {
    "lungs": (0, 2, 1),
    **{task: tuple(sorted(NETWORK_SCHEMES[task].names)) for task in UNSIDED},
}
"""Tasks whose classes survive mirroring, and the class that each is then: the right lung is the left one."""

_EXPONENTS = (0.8, 1.25)
_SHIFTS = ((4, 4), (-4, -4))
"""Rows and columns; not multiples of the stride, so that the network sees other phases."""


@dataclass(frozen=True)
class Variant:
    """One way to change an image (N, C, H, W), and how to bring the answer (N, K, H, W) back."""

    name: str
    change: Callable[[Tensor], Tensor]
    back: Callable[[Tensor], Tensor]


def variants(task: str, *, augment: bool, mirror: bool = False) -> list[Variant]:
    """Return the variants of a task, the image as it is first.

    Parameters
    ----------
    task : str
        Name of the label scheme.
    augment : bool
        Two exponents of the film curve and two shifts.
    mirror : bool, optional
        The mirrored image as well, classes exchanged as in :data:`MIRRORED`.

    Raises
    ------
    BadInput
        If `mirror` is asked of a task whose mirrored images are anatomically false.
    """
    found = [Variant("as it is", _same, _same)]
    if augment:
        found += [Variant(f"exponent {e:g}", _exponent(e), _same) for e in _EXPONENTS]
        found += [Variant(f"shift {s}", _shift(*s), _shift(-s[0], -s[1])) for s in _SHIFTS]
    if mirror:
        if task not in MIRRORED:
            raise BadInput("mirror", f"images for {task} cannot be mirrored: the answer would be false")
        found.append(Variant("mirrored", lambda x: x.flip(-1), _unmirror(MIRRORED[task])))
    return found


def _same(x: Tensor) -> Tensor:
    return x


def _exponent(exponent: float) -> Callable[[Tensor], Tensor]:
    """Bend the film curve between the darkest and the lightest pixel of every image."""

    def change(x: Tensor) -> Tensor:
        low, high = x.amin((-2, -1), keepdim=True), x.amax((-2, -1), keepdim=True)
        width = (high - low).clamp(min=1e-6)
        return ((x - low) / width).clamp(0, 1) ** exponent * width + low

    return change


def _shift(rows: int, columns: int) -> Callable[[Tensor], Tensor]:
    """Shift by whole pixels; what comes in repeats the border."""

    def change(x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        down = (torch.arange(height, device=x.device) - rows).clamp(0, height - 1)
        across = (torch.arange(width, device=x.device) - columns).clamp(0, width - 1)
        return x.index_select(-2, down).index_select(-1, across)

    return change


def _unmirror(classes: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    return lambda x: x.flip(-1)[:, list(classes)]

"""What a person is shown of the opacities of a film: a small map, its zones, and one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.opacities import Opacities
from napari_tbcad.chest.opacity_zones import ZoneReading
from napari_tbcad.imaging.grid import resize_labels


@dataclass(frozen=True, eq=False)
class Evidence:
    """The opacities of one film, read inside one mask.

    Parameters
    ----------
    map : (h, w) array of float32
        Probability of any opacity, 0 to 1, on the network's grid over the film's field of view.
    lungs : (h, w) array of bool
        The insensitive mask on the same grid.
    zones : mapping of str to ZoneReading
        As :meth:`Opacities.zones`.
    shares : mapping of str to float
        As :meth:`Opacities.shares`.
    found, inside : Opacities, LungMasks
        What it was read from.
    """

    map: NDArray[np.float32]
    lungs: NDArray[np.bool_]
    zones: Mapping[str, ZoneReading]
    shares: Mapping[str, float]
    found: Opacities
    inside: LungMasks

    @property
    def sentence(self) -> str:
        """How much of the lungs is opaque, and of which kind."""
        both = self.zones["both"]
        if not both.pixels:
            return "There is no lung in the insensitive mask to read opacities in."
        kinds = ", ".join(f"{name} {_percent(share)}" for name, share in self.shares.items())
        return f"Opaque: {_percent(both.area)} of the lungs ({kinds}); mean probability {both.mean:.2f}."


def evidence(
    found: object, insensitive: LungMasks | None, *, earlier: Evidence | None = None
) -> Evidence | None:
    """Read opacities inside a mask; None where there is one of the two only.

    Parameters
    ----------
    found : Opacities, NoOpacities or None
        What the stage gave.
    insensitive : LungMasks or None
        The anatomical lung field, on the film's grid.
    earlier : Evidence, optional
        What was read before: returned itself when it was read from the same two.
    """
    if not isinstance(found, Opacities) or insensitive is None:
        return None
    if earlier is not None and earlier.found is found and earlier.inside is insensitive:
        return earlier
    opaque = found.any
    height, width = opaque.shape
    # Made small once: a person's mask is read after every stroke.
    lungs = LungMasks(resize_labels(insensitive.labels, (height, width)), insensitive.kind)
    return Evidence(opaque, lungs.labels > 0, found.zones(lungs), found.shares(lungs), found, insensitive)


def zone_text(reading: ZoneReading) -> str:
    """Return a zone's area and mean as ``"12 % · 0.20"``; a dash where there is no lung."""
    return f"{_percent(reading.area)} · {reading.mean:.2f}" if reading.pixels else "–"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.005 else "< 1 %"

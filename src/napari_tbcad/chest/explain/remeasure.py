"""Any feature without a part of the lungs, by the function that measures films: slow, and always right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chain import Run
from napari_tbcad.chest.explain.regions import Region
from napari_tbcad.chest.explain.zones import Normal, normal_zones
from napari_tbcad.chest.features import chest_features
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.opacities import Opacities
from napari_tbcad.chest.opacity_zones import ZONES, zone_labels
from napari_tbcad.chest.workflow import shape_model_of
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.grid import resize_labels
from napari_tbcad.memory import Memory


@dataclass(frozen=True, eq=False)
class Remeasure:
    """Features of one film, measured anew without a part.

    Parameters
    ----------
    names : tuple of str
        Features that are wanted.
    from_opacities : frozenset of str
        Those of them that read opacities, which are replaced where they are; the others are measured without
        the part in the insensitive mask.
    lungs : (H, W) array of uint8
        The insensitive mask on the working grid.
    """

    names: tuple[str, ...]
    from_opacities: frozenset[str]
    lungs: NDArray[np.uint8]
    inputs: dict[str, Any]
    neutral: NDArray[np.float32]
    memories: tuple[Memory, Memory]

    @classmethod
    def of(
        cls,
        run: Run,
        names: Sequence[str],
        lungs: NDArray[np.uint8],
        *,
        replace_opacities: bool,
        normal: Normal,
    ) -> Remeasure:
        """Prepare a film whose masks, image and, where they are read, opacities are at hand."""
        parameters: Any = run.settings.features  # type: ignore[attr-defined]
        inputs = {
            "image": run.get("enhanced" if parameters.image == "enhanced" else "work"),
            "sensitive": run.get("sensitive"),
            "parameters": parameters,
            "shape_model": shape_model_of(run.get("model"), parameters),
            "opacities": run.get("opacities"),
            "work": run.get("work"),
        }
        found, neutral = inputs["opacities"], np.zeros((0, 0), np.float32)
        made = cls(tuple(names), frozenset(), lungs, inputs, neutral, (Memory(), Memory()))
        if not (replace_opacities and isinstance(found, Opacities)):
            return made
        as_it_is = made._measure(lungs, found, 0)
        none = made._measure(lungs, replace(found, probabilities=np.zeros_like(found.probabilities)), 1)
        reads = frozenset(name for name in names if as_it_is[name] != none[name])
        height, width = found.probabilities.shape[1:]
        zones = zone_labels(resize_labels(lungs, (height, width)))
        means = normal_zones(normal)
        values = np.array([0.0, *(means[zone] for zone in ZONES)], np.float32)
        return replace(made, from_opacities=reads, neutral=values[zones])

    def without(self, regions: Sequence[Region]) -> dict[str, NDArray[np.float64]]:
        """Return feature name → values (n,) without each region; NaN where none can be measured."""
        out = {name: np.full(len(regions), np.nan) for name in self.names}
        for number, region in enumerate(regions):
            part = region.mask(self.lungs.shape)
            try:
                rest = self._measure(
                    np.where(part, 0, self.lungs).astype(np.uint8), self.inputs["opacities"], 0
                )
            except BadInput:
                continue  # no lung is left
            changed = self._measure(self.lungs, self._replaced(part), 1) if self.from_opacities else {}
            for name in self.names:
                out[name][number] = changed[name] if name in self.from_opacities else rest[name]
        return out

    def _replaced(self, part: NDArray[np.bool_]) -> Opacities:
        """Return the opacities with those of normal films in a part."""
        found: Opacities = self.inputs["opacities"]
        shape = found.probabilities.shape[1:]
        inside = resize_labels(part.astype(np.uint8), (shape[0], shape[1])) > 0
        probabilities = found.probabilities.copy()
        probabilities[:, inside] = 0
        # Which kind it is does not matter to a sum.
        probabilities[0, inside] = self.neutral[inside]
        return replace(found, probabilities=probabilities)

    def _measure(self, lungs: NDArray[np.uint8], found: Any, memory: int) -> dict[str, float]:
        given = self.inputs | {"opacities": found, "memory": self.memories[memory]}
        return chest_features(insensitive=LungMasks(lungs, "insensitive"), **given).as_dict()

"""The layer of the evidence for a decision: what speaks for and against tuberculosis, over the film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.utils import Colormap
from numpy.typing import NDArray

from napari_tbcad.widgets.chest.map_layer import MapLayer

if TYPE_CHECKING:
    from napari_tbcad.chest.explain import Explanation
    from napari_tbcad.widgets.chest.session import ChestSession

_BLUE, _VERMILION = (0.0, 0.447, 0.698), (0.835, 0.369, 0.0)
DIVERGING = Colormap(
    [
        (*_BLUE, 0.85),
        (*_BLUE, 0.0),
        (*_BLUE, 0.0),
        (*_VERMILION, 0.0),
        (*_VERMILION, 0.0),
        (*_VERMILION, 0.85),
    ],
    name="evidence for the decision",
    controls=[0.0, 0.46, 0.5, 0.5001, 0.54, 1.0],
)
"""Okabe-Ito blue against, nothing in the middle, vermilion for: told apart by every colour vision."""
STRONGEST = 99.5
"""Percentile of the size of the evidence in the lungs that gets the full colour."""


class DecisionLayer(MapLayer):
    """The layer "… evidence" of one film: shown while wanted, up to date, and the answer is not hidden."""

    suffix = "evidence"
    colours = DIVERGING

    def __init__(self, session: ChestSession) -> None:
        super().__init__(session)
        self.wanted = True  # the session's Explaining says whether it is

    def found(self, session: ChestSession) -> Explanation | None:
        """Return what explains the result that stands; nothing where nothing has a place."""
        explaining = session.explaining
        if not explaining.wanted or not explaining.fresh or explaining.found is None:
            return None
        return explaining.found if explaining.found.map.any() else None

    def pixels(self, found: Explanation) -> NDArray[np.float32]:
        """Return the map between 0 (against) and 1 (for), 0.5 where nothing is."""
        return scaled(found)


def scaled(found: Explanation) -> NDArray[np.float32]:
    """Return the map between 0 and 1, scaled to this film's strongest evidence; 0.5 means none."""
    strongest = float(np.percentile(np.abs(found.map[found.lungs]), STRONGEST))
    return np.clip(0.5 + 0.5 * found.map / max(strongest, 1e-9), 0, 1).astype(np.float32)

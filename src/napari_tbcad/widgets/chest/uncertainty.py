"""The layer of uncertainty: where the segmenter of the lungs is unsure, laid over the film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.utils import Colormap
from numpy.typing import NDArray

from napari_tbcad.widgets.chest.map_layer import MapLayer

if TYPE_CHECKING:
    from napari_tbcad.chest.lungs.fields import SoftLungs
    from napari_tbcad.widgets.chest.session import ChestSession

FAINT = Colormap(
    [(0.94, 0.89, 0.26, 0.0), (0.94, 0.89, 0.26, 0.0), (0.94, 0.89, 0.26, 0.75)],
    name="uncertainty",
    controls=[0.0, 0.15, 1.0],
)
"""Nothing below 0.15, Okabe-Ito yellow from there: a thin line along the edge of a lung that is sure."""


class UncertaintyLayer(MapLayer):
    """The layer "… uncertainty" of one film, for a segmenter that says how unsure it is; off at first."""

    suffix = "uncertainty"
    colours = FAINT

    def __init__(self, session: ChestSession) -> None:
        super().__init__(session)
        self.wanted = False

    def found(self, session: ChestSession) -> SoftLungs | None:
        """Return the lungs, when they are up to date and say how sure they are."""
        soft: SoftLungs | None = session.value("soft")
        if soft is None or soft.uncertainty is None or not session.fresh("soft"):
            return None
        return soft

    def pixels(self, found: SoftLungs) -> NDArray[np.float32]:
        """Return the uncertainty, 0 to 1."""
        assert found.uncertainty is not None
        return found.uncertainty

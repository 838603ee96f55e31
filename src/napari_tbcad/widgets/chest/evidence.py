"""The evidence layer: where the opacity network sees something, laid over the film."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils import Colormap
from numpy.typing import NDArray

from napari_tbcad.widgets.chest.map_layer import MapLayer

if TYPE_CHECKING:
    from napari_tbcad.chest.evidence import Evidence
    from napari_tbcad.widgets.chest.session import ChestSession

HEAT = Colormap(
    [(0.8, 0.475, 0.655, 0.0), (0.8, 0.475, 0.655, 0.0), (0.8, 0.475, 0.655, 0.45), (1.0, 0.86, 0.95, 0.95)],
    name="opacity evidence",
    controls=[0.0, 0.1, 0.5, 1.0],
)
"""Nothing below 0.1, Okabe-Ito reddish purple from there, lighter and denser the surer."""


class EvidenceLayer(MapLayer):
    """The layer "… opacities" of one film: shown while wanted, fresh, and the answer is not hidden.

    Parameters
    ----------
    session : ChestSession
        Held weakly.

    Attributes
    ----------
    lungs_only : bool
        Whether what lies outside the insensitive mask is left out.
    hidden : callable
        Returns True while the answer is hidden from who reads.
    was_hidden : bool
        What that said when the layer was last brought up to date.
    """

    suffix = "opacities"
    colours = HEAT

    def __init__(self, session: ChestSession) -> None:
        super().__init__(session)
        self.lungs_only = True
        self.hidden: Callable[[], bool] = lambda: False
        self.was_hidden = False

    def show_lungs_only(self, lungs_only: bool) -> None:
        """Leave out, or show, what lies outside the lungs."""
        self.lungs_only = lungs_only
        self.changed()

    def refresh(self, *, active: bool) -> None:
        """Bring the layer up to what the session holds now."""
        self.was_hidden = self.hidden()
        super().refresh(active=active)

    def found(self, session: ChestSession) -> Evidence | None:
        """Return what the network found, up to date and not hidden."""
        if self.was_hidden or not session.fresh("opacities"):
            return None
        return session.checks.evidence

    def view(self) -> tuple[Any, ...]:
        """Return whether only the lungs are shown."""
        return (self.lungs_only,)

    def pixels(self, found: Evidence) -> NDArray[np.float32]:
        """Return the map, outside the lungs nothing when asked for."""
        return pixels_of(found, lungs_only=self.lungs_only)


def pixels_of(found: Evidence, *, lungs_only: bool) -> NDArray[np.float32]:
    """Return what the layer shows, (h, w) float32: the map, outside the lungs nothing when asked for."""
    return np.where(found.lungs, found.map, np.float32(0)) if lungs_only else found.map

"""The letters R and L over a scan: a layer of its own, so that they are in every picture of the canvas."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Points

from napari_tbcad.bone.picture import SIDES
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.widgets.bone.intake import part_of
from napari_tbcad.widgets.workflow.layers import placed_as

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.layers import BoneLayers

SIDE_ROW, SIDE_COLUMN = 0.03, 0.05
"""Where the letters of the sides stand, as shares of a view."""


class ScanLetters:
    """A Points layer of one scan that cannot be edited: text alone.

    Parameters
    ----------
    layers : BoneLayers
        The layers of the scan, which keep this object.

    Attributes
    ----------
    ink : str
        Colour of the letters of the sides.
    """

    def __init__(self, layers: BoneLayers) -> None:
        self._layers = weakref.ref(layers)
        self._letters: weakref.ref[Points] | None = None
        self._sides_of: Mapping[ViewName, tuple[str, str]] = {}
        self._written: tuple[Any, ...] = ()
        self.ink = "black"

    @property
    def layers(self) -> BoneLayers:
        """The layers of the scan."""
        layers = self._layers()
        assert layers is not None
        return layers

    def present(self) -> list[tuple[Any, Image | None]]:
        """Return the letters while they are in the viewer, and the view whose place they share."""
        layer = self.layers.present(self._letters)
        return [] if layer is None else [(layer, self._base())]

    def show_sides(self, scan: BoneScan) -> None:
        """Write R and L at the patient's sides of both views."""
        self._sides_of = {view: SIDES[view] for view, _ in scan}
        self.write()

    def set_ink(self, colour: str) -> None:
        """Write in another colour, such as on a scan shown in positive grey."""
        self.ink = colour
        self.write()

    def write(self) -> None:
        """Bring the letters up to date: one Points layer without points, only text.

        Written only where something differs: napari takes long for text.
        """
        base, layer = self._base(), self.layers.present(self._letters)
        if base is None:
            return
        places, words = self._texts()
        if not places:
            return
        written = (tuple(places), tuple(words), self.ink)
        if layer is not None and written == self._written:
            return
        self._written = written
        text = {"string": words, "color": self.ink, "size": 9, "anchor": "center"}
        if layer is None:
            layer = Points(
                np.array(places),
                name=f"{self._name()} letters",
                size=1,
                face_color="transparent",
                border_color="transparent",
                text=text,
                metadata={"napari-tbcad": "letters"},
                **placed_as(base),
            )
            self.layers.put(layer, above=self.layers.everything())
            layer.editable = False
            layer.visible = not self.layers.veiled
            self._letters = weakref.ref(layer)
            return
        # Without text while there are more, or fewer, points than words.
        layer.text = None
        layer.data = np.array(places)
        layer.text = text

    def _texts(self) -> tuple[list[tuple[float, float]], list[str]]:
        """Return place and text of each letter."""
        places: list[tuple[float, float]] = []
        words: list[str] = []
        for view, (left, right) in self._sides_of.items():
            image = self.layers.picture(view)
            if image is None:
                continue
            rows, columns = image.data.shape[:2]
            for word, share in ((left, SIDE_COLUMN), (right, 1 - SIDE_COLUMN)):
                place = self._place(view, SIDE_ROW * rows, share * columns)
                if place is not None:
                    places.append(place)
                    words.append(word)
        return places, words

    def _place(self, view: ViewName, row: float, column: float) -> tuple[float, float] | None:
        """Return where a pixel of a view lies, in pixels of the first view."""
        image, base = self.layers.picture(view), self._base()
        if image is None or base is None:
            return None
        world = image.data_to_world((row, column))
        place = base.world_to_data(world)
        return float(place[-2]), float(place[-1])

    def _base(self) -> Image | None:
        return next(iter(self.layers.pictures().values()), None)

    def _name(self) -> str:
        base = self._base()
        part = part_of(base) if base is not None else None
        return part.name if part is not None else "scan"

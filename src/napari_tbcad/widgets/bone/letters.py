"""Letters and a ring over a scan: the patient's sides, each hotspot's class, the hotspot chosen."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Points
from napari.utils.colormaps.standardize_color import transform_color
from numpy.typing import NDArray

from napari_tbcad.bone.picture import LETTERS, SIDES
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.widgets.bone.colours import CLASS_COLOURS, RING
from napari_tbcad.widgets.bone.intake import part_of
from napari_tbcad.widgets.workflow.layers import placed_as

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.layers import BoneLayers

_SIDE_ROW, _SIDE_COLUMN = 0.03, 0.05
"""Where the letters of the sides stand, as shares of a view."""


class ScanLetters:
    """Two Points layers of one scan that cannot be edited: one of text alone, one with a ring.

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
        self._ring: weakref.ref[Points] | None = None
        self._sides_of: Mapping[ViewName, tuple[str, str]] = {}
        self._rows: tuple[Any, ...] = ()
        self.ink = "black"

    @property
    def layers(self) -> BoneLayers:
        """The layers of the scan."""
        layers = self._layers()
        assert layers is not None
        return layers

    def present(self) -> list[tuple[Any, Image | None]]:
        """Return letters and ring while they are in the viewer, and the view whose place they share."""
        layers = (self.layers.present(self._letters), self.layers.present(self._ring))
        return [(layer, self._base()) for layer in layers if layer is not None]

    def show_sides(self, scan: BoneScan) -> None:
        """Write R and L at the patient's sides of both views."""
        self._sides_of = {view: SIDES[view] for view, _ in scan}
        self.write()

    def show_names(self, rows: Iterable[Any]) -> None:
        """Write the letter of its class beside each hotspot of a table, in its colour."""
        self._rows = tuple(rows)
        self.write()

    def set_ink(self, colour: str) -> None:
        """Write in another colour, such as on a scan shown in positive grey."""
        self.ink = colour
        self.write()

    def ring(self, row: Any) -> None:
        """Draw a ring around a hotspot of the table; None takes it away."""
        layer, base = self.layers.present(self._ring), self._base()
        if row is None or base is None or (place := self._place(row.view, row.row, row.column)) is None:
            if layer is not None:
                layer.visible = False
            return
        size = 1.6 * max(row.bottom - row.top, row.right - row.left) + 12
        if layer is None:
            layer = Points(
                np.array([place]),
                name=f"{self._name()} chosen",
                size=size,
                face_color="transparent",
                border_color=RING,
                border_width=0.1,
                symbol="disc",
                metadata={"napari-tbcad": "chosen"},
                **placed_as(base),
            )
            self.layers.put(layer, above=self.layers.everything())
            layer.editable = False
            self._ring = weakref.ref(layer)
        else:
            layer.data = np.array([place])
            layer.size = size
            layer.visible = True

    def write(self) -> None:
        """Bring the letters up to date: one Points layer without points, only text."""
        base, layer = self._base(), self.layers.present(self._letters)
        if base is None:
            return
        places, words, inks = self._texts()
        if not places:
            return
        text = {"string": words, "color": np.array(inks), "size": 9, "anchor": "center"}
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

    def _texts(self) -> tuple[list[tuple[float, float]], list[str], list[Any]]:
        """Return place, text and colour of each letter: the sides, then the classes."""
        places: list[tuple[float, float]] = []
        words: list[str] = []
        inks: list[Any] = []
        for view, (left, right) in self._sides_of.items():
            image = self.layers.picture(view)
            if image is None:
                continue
            rows, columns = image.data.shape[:2]
            for word, share in ((left, _SIDE_COLUMN), (right, 1 - _SIDE_COLUMN)):
                place = self._place(view, _SIDE_ROW * rows, share * columns)
                if place is not None:
                    places.append(place)
                    words.append(word)
                    inks.append(_rgba(self.ink))
        for row in self._rows:
            mark = self.layers.marks.get(row.id)
            wide = 3 + 0.012 * self._columns(row.view)
            place = self._place(row.view, row.row, row.right + wide)
            if place is not None:
                label = mark.label if mark is not None else row.label
                places.append(place)
                words.append(LETTERS[label])
                inks.append(_rgba(CLASS_COLOURS[label]))
        return places, words, inks

    def _columns(self, view: ViewName) -> int:
        image = self.layers.picture(view)
        return 0 if image is None else int(image.data.shape[1])

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


def _rgba(colour: str) -> NDArray[np.float32]:
    """Return a colour as napari's text wants it where there are several."""
    return transform_color(colour)[0]

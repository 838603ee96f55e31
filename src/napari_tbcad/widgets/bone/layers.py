"""The layers of one bone scan: both views, hotspots and regions that can be painted, letters."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Points
from napari.utils import DirectLabelColormap
from napari.utils.colormaps.standardize_color import transform_color
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from napari_tbcad.bone.hotspots import Mark
from napari_tbcad.bone.picture import LETTERS, SIDES
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.schemes import HOTSPOT_COLOURS, REGION_IDS
from napari_tbcad.widgets.bone.intake import options_of, part_of
from napari_tbcad.widgets.workflow.layers import TOOLS, PaintedLayers, placed_as

HOTSPOTS = {view: f"{view} hotspots" for view in VIEWS}
REGIONS = {view: f"{view} regions" for view in VIEWS}
KINDS = (*REGIONS.values(), *HOTSPOTS.values())
"""The label layers; each kind's name begins with its view."""

OUTLINE = "#009E73"
"""Okabe-Ito bluish green, of the skeleton regions."""
IGNORED = "#CC79A7"
"""White, the colour of an ignored hotspot, would not be seen on a scan in inverse grey."""

RING = "#56B4E9"
"""Okabe-Ito sky blue, around the hotspot chosen."""

_COLOURS = "napari-tbcad-colours"
"""Under this key a hotspot layer remembers the colours it was given: giving them anew costs napari time."""

_SIDE_ROW, _SIDE_COLUMN = 0.03, 0.05
"""Where the letters of the sides stand, as shares of a view."""


def view_of(kind: str) -> ViewName:
    """Return the view of a label layer."""
    return "posterior" if kind.startswith("posterior") else "anterior"


class BoneLayers(PaintedLayers):
    """Layers of one scan, found by object and never by name.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    brush_class : str
        Class of what is painted with a new number.
    """

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(viewer, KINDS, parent)
        self._images: dict[ViewName, weakref.ref[Image]] = {}
        self._letters: weakref.ref[Points] | None = None
        self._ring: weakref.ref[Points] | None = None
        self._sides: list[tuple[float, float]] = []
        self._marks: dict[int, Mark] = {}
        self._centres: list[tuple[int, float, float, float]] = []
        self.brush_class = "abnormal"
        self.ink = "black"

    # -- the views ------------------------------------------------------------------------------------

    def adopt(self, view: ViewName, image: Image) -> None:
        """Take an image layer for a view."""
        self._images[view] = weakref.ref(image)
        self.follow(image)

    def picture(self, view: ViewName) -> Image | None:
        """Return the image layer of a view while it is in the viewer."""
        return self.present(self._images.get(view))

    def pictures(self) -> dict[ViewName, Image]:
        """Return the image layers there are, by view."""
        return {view: image for view in VIEWS if (image := self.picture(view)) is not None}

    def image(self, kind: str) -> Image | None:
        """Return the view that a label layer belongs to."""
        return self.picture(view_of(kind))

    def show_scan(self, scan: BoneScan) -> None:
        """Bring the image layers up to the scan: swapped, turned, or put back after one was deleted."""
        viewer = self._viewer()
        known = self.pictures()
        if viewer is None or not known:
            return
        part = part_of(next(iter(known.values())))
        assert part is not None
        for view, shown in scan:
            image = known.get(view)
            if image is None:
                options = options_of(replace(part, view=view), shown.counts, view)
                image = Image(shown.counts, **options)
                self.put(image, above=known.values())
                self.adopt(view, image)
            elif not np.array_equal(image.data, shown.counts):
                image.data = shown.counts
            if image.name.endswith((" view 1", " view 2")):
                image.name = f"{part.name} {view}"
        for view in set(known) - {view for view, _ in scan}:
            # A single view that was named otherwise than it was shown.
            viewer.layers.remove(known[view])
        self.show_sides(scan)

    # -- labels ---------------------------------------------------------------------------------------

    def make(self, kind: str, labels: NDArray[Any]) -> Labels:
        """Return a new label layer: regions as outlines, hotspots filled by class."""
        image = self.image(kind)
        assert image is not None
        word = kind.split(" ")[1]
        if kind in REGIONS.values():
            table: dict[int | None, Any] = {0: "transparent", None: OUTLINE}
            options: dict[str, Any] = {"opacity": 0.8}
        else:
            table, options = self._colours(view_of(kind)), {"opacity": 0.9}
        layer = self.new(labels, word, image, colormap=DirectLabelColormap(color_dict=table), **options)
        layer.metadata[_COLOURS] = table
        below = [*self.pictures().values(), *(self.layer(one) for one in REGIONS.values())]
        self.put(layer, above=[one for one in below if one is not None])
        layer.contour = 1 if kind in REGIONS.values() else 2
        if kind in REGIONS.values():
            layer.selected_label = REGION_IDS["rib"]
        return layer

    def know(self, marks: Iterable[Mark]) -> None:
        """Take the classes of hotspots whose layer is about to be made."""
        self._marks = {mark.id: mark for mark in marks}

    def colour(self, marks: Iterable[Mark]) -> None:
        """Give every hotspot the colour of its class."""
        self.know(marks)
        for view, kind in HOTSPOTS.items():
            layer = self.layer(kind)
            if layer is not None:
                wanted = self._colours(view)
                if self._table_of(layer) != wanted:
                    # napari tells of other colours as it tells of other pixels.
                    self._writing = True
                    try:
                        layer.colormap = DirectLabelColormap(color_dict=wanted)
                    finally:
                        self._writing = False
                    layer.metadata[_COLOURS] = wanted

    def take_brush(self, view: ViewName, number: int, *, size: int = 5) -> bool:
        """Give the person the brush for a hotspot of a view; False when its layer is gone."""
        return self._brush(HOTSPOTS[view], number, size)

    def in_hand(self, kind: str) -> bool:
        """Tell whether the person holds a brush over a layer."""
        viewer, layer = self._viewer(), self.layer(kind)
        active = viewer.layers.selection.active if viewer is not None else None
        return layer is not None and layer is active and str(layer.mode) in TOOLS

    def painted(self) -> int | None:
        """Return the number that the brush in the person's hand paints; None when they hold none."""
        kind = next((kind for kind in HOTSPOTS.values() if self.in_hand(kind)), None)
        layer = self.layer(kind) if kind is not None else None
        return None if layer is None else int(layer.selected_label)

    def take_region_brush(self, view: ViewName, region: str) -> bool:
        """Give the person the brush for a region; False when the layer is gone."""
        return self._brush(REGIONS[view], REGION_IDS[region], 12)

    def _brush(self, kind: str, number: int, size: int) -> bool:
        viewer, layer = self._viewer(), self.layer(kind)
        if viewer is None or layer is None:
            return False
        layer.visible = True
        viewer.layers.selection.active = layer
        # The mode first: napari tells of another label as it tells of other pixels.
        layer.mode = "paint"
        layer.selected_label = number
        layer.brush_size = size
        return True

    def _colours(self, view: ViewName) -> dict[int | None, Any]:
        colours = {**HOTSPOT_COLOURS, "ignore": IGNORED}
        table: dict[int | None, Any] = {0: "transparent", None: colours[self.brush_class]}
        return table | {m.id: colours[m.label] for m in self._marks.values() if m.view == view}

    @staticmethod
    def _table_of(layer: Labels) -> Any:
        return layer.metadata.get(_COLOURS)

    # -- letters --------------------------------------------------------------------------------------

    def beside(self) -> Iterable[tuple[Any, Image | None]]:
        """Return letters and ring, which lie where the anterior view does."""
        base = next(iter(self.pictures().values()), None)
        layers = (self.present(self._letters), self.present(self._ring))
        return [(layer, base) for layer in layers if layer is not None]

    def show_sides(self, scan: BoneScan) -> None:
        """Write R and L at the patient's sides of both views."""
        self._sides_of = {view: SIDES[view] for view, _ in scan}
        self._write()

    def show_names(self, rows: Iterable[Any]) -> None:
        """Write the letter of its class beside each hotspot of a table, in its colour."""
        self._rows = tuple(rows)
        self._write()

    def clear_names(self) -> None:
        """Write no numbers."""
        self.show_names(())

    def set_ink(self, colour: str) -> None:
        """Write in another colour, such as on a scan shown in positive grey."""
        self.ink = colour
        self._write()

    def ring(self, row: Any) -> None:
        """Draw a ring around a hotspot of the table; None takes it away."""
        viewer, layer, base = self._viewer(), self.present(self._ring), self._base()
        if viewer is None:
            return
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
                **self._frame(base),
            )
            self.put(layer, above=self._everything())
            layer.editable = False
            self._ring = weakref.ref(layer)
        else:
            layer.data = np.array([place])
            layer.size = size
            layer.visible = True

    _sides_of: Mapping[ViewName, tuple[str, str]] = {}
    _rows: tuple[Any, ...] = ()

    def _write(self) -> None:
        """Bring the letters up to date: one Points layer without points, only text."""
        viewer, base, layer = self._viewer(), self._base(), self.present(self._letters)
        if viewer is None or base is None:
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
                **self._frame(base),
            )
            self.put(layer, above=self._everything())
            layer.editable = False
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
            image = self.picture(view)
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
            mark = self._marks.get(row.id)
            wide = 3 + 0.012 * self._columns(row.view)
            place = self._place(row.view, row.row, row.right + wide)
            if place is not None:
                label = mark.label if mark is not None else row.label
                places.append(place)
                words.append(LETTERS[label])
                inks.append(_rgba(IGNORED if label == "ignore" else HOTSPOT_COLOURS[label]))
        return places, words, inks

    def _columns(self, view: ViewName) -> int:
        image = self.picture(view)
        return 0 if image is None else int(image.data.shape[1])

    def _place(self, view: ViewName, row: float, column: float) -> tuple[float, float] | None:
        """Return where a pixel of a view lies, in pixels of the first view."""
        image, base = self.picture(view), self._base()
        if image is None or base is None:
            return None
        world = image.data_to_world((row, column))
        place = base.world_to_data(world)
        return float(place[-2]), float(place[-1])

    def _base(self) -> Image | None:
        return next(iter(self.pictures().values()), None)

    def _name(self) -> str:
        base = self._base()
        part = part_of(base) if base is not None else None
        return part.name if part is not None else "scan"

    def _frame(self, base: Image) -> dict[str, Any]:
        return placed_as(base)

    def _everything(self) -> list[Any]:
        layers = [*self.pictures().values(), *map(self.layer, KINDS), *(one for one, _ in self.beside())]
        return [layer for layer in layers if layer is not None]

    def everything(self) -> list[Any]:
        """Return every layer of this scan that is in the viewer."""
        return self._everything()

    def _on_geometry(self, event: Any = None) -> None:
        super()._on_geometry(event)
        self._write()


def _rgba(colour: str) -> NDArray[np.float32]:
    """Return a colour as napari's text wants it where there are several."""
    return transform_color(colour)[0]

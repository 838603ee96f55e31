"""A ruler: lines on the film with their length."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Image, Shapes
from napari.layers.base import ActionType
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal
from superqt.utils import QSignalThrottler

from napari_tbcad.widgets.films import geometry_events, spacing_in_mm
from napari_tbcad.widgets.proxies import bare

RULER = "napari-tbcad-ruler"
"""A Shapes layer with this key in its metadata is a ruler of ours; its value is the id of its film."""

TOOLTIP = (
    "Draw lines on the film; each shows its length. Millimetres hold at the detector: "
    "the projection magnifies, so the patient's anatomy is smaller. Without a known spacing: pixels."
)

# Okabe-Ito vermilion stands out from white bone as well as from black air; yellow does not.
_COLOUR = "#D55E00"
_THROTTLE_MS = 30
_CLICK_PX = 4


def path_length(vertices: NDArray[np.floating], steps: Sequence[float] = (1.0, 1.0)) -> float:
    """Return the length of a line or path.

    Parameters
    ----------
    vertices : (N, 2) array of float
        Row and column of its points, in pixels.
    steps : (float, float)
        Row and column spacing; the length has their unit.

    Returns
    -------
    float
        Sum of the Euclidean lengths of its parts.
    """
    parts = np.diff(np.asarray(vertices, dtype=float)[:, -2:], axis=0) * np.asarray(steps, dtype=float)
    return float(np.hypot(parts[:, 0], parts[:, 1]).sum())


def length_text(vertices: NDArray[np.floating], spacing_mm: tuple[float, float] | None) -> str:
    """Return a length as it is read on the film: "43.2 mm", or "180 px" where spacing is unknown."""
    if spacing_mm is None:
        return f"{path_length(vertices):.0f} px"
    return f"{path_length(vertices, spacing_mm):.1f} mm"


class Ruler(QObject):
    """Lines with lengths over a film, in a Shapes layer of its own for each film.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    film : callable
        Returns the Image layer to measure on now, or None.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    toggled : Signal(bool)
        The ruler went on or off, also because its layer was deleted.
    """

    toggled = Signal(bool)

    def __init__(
        self, viewer: Any, film: Callable[[], Image | None], *, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(bare(viewer))
        self._film = film
        self._on = False
        self._layers: weakref.WeakKeyDictionary[Image, weakref.ref[Shapes]] = weakref.WeakKeyDictionary()
        self._before: weakref.ref[Any] | None = None
        self._writing = self._added = False
        self._throttler = QSignalThrottler(parent=self)
        self._throttler.setTimeout(_THROTTLE_MS)
        self._throttler.triggered.connect(self._write)
        bare(viewer).layers.events.removed.connect(self._on_removed)

    @property
    def is_on(self) -> bool:
        """Whether the ruler shows."""
        return self._on

    @property
    def layer(self) -> Shapes | None:
        """The ruler of the present film while it is in the viewer."""
        film = self._film()
        return None if film is None else self._present(self._layers.get(film))

    @property
    def lengths(self) -> tuple[str, ...]:
        """The lengths of the present film's lines, as shown."""
        film, layer = self._film(), self.layer
        if film is None or layer is None:
            return ()
        return _texts(layer, spacing_in_mm(film.scale, film.units))

    def set_on(self, on: bool) -> None:
        """Show the ruler ready to draw, or hide it and go back to the layer worked on before."""
        if on and self._ready(self._film()) is None:
            on = False
        if not on:
            self._leave()
        if on != self._on:
            self._on = on
            self.toggled.emit(on)

    def film_changed(self) -> None:
        """Show the ruler of the film there is now; to be called when another one is chosen."""
        self._adopt(self._film())
        self._hide_all()
        if self._on:
            self.set_on(self._film() is not None)

    def release(self) -> None:
        """Follow nothing any more and leave the lines where they are; may be called more than once."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.layers.events.removed.disconnect(self._on_removed)
        for film, reference in list(self._layers.items()):
            self._unfollow(film, reference())
        self._layers.clear()
        self._on = False

    # -- inside ---------------------------------------------------------------------------------------

    def _ready(self, film: Image | None) -> Shapes | None:
        """Return the film's ruler, made where there is none, with the line tool in hand."""
        viewer = self._viewer()
        if viewer is None or film is None or film not in viewer.layers or film.ndim != 2:
            return None
        self._adopt(film)
        layer = self._present(self._layers.get(film))
        active = viewer.layers.selection.active
        if layer is None or active is not layer:
            self._before = weakref.ref(active) if active is not None else None
        if layer is None:
            layer = self._new(viewer, film)
        layer.visible = True
        viewer.layers.selection.active = layer
        layer.mode = "add_line"
        self._write()
        return layer

    def _adopt(self, film: Image | None) -> None:
        """Take up the lines that an earlier ruler left on a film."""
        viewer = self._viewer()
        if viewer is None or film is None or self._present(self._layers.get(film)) is not None:
            return
        for layer in viewer.layers:
            if isinstance(layer, Shapes) and layer.metadata.get(RULER) == _id(film):
                self._follow(film, layer)
                self._on_geometry()
                return

    def _new(self, viewer: Any, film: Image) -> Shapes:
        size = max(film.extent.data[1] - film.extent.data[0])
        layer = viewer.add_shapes(
            None,
            ndim=2,
            name="ruler",
            metadata={RULER: _id(film)},
            features=pd.DataFrame({"length": pd.Series(dtype=str)}),
            feature_defaults={"length": ""},
            text={
                "string": "{length}",
                "color": _COLOUR,
                "size": 14,
                "anchor": "center",
                "translation": (-size / 40, 0),
            },
            edge_color=_COLOUR,
            face_color="transparent",
            edge_width=max(1.0, size / 300),
            opacity=1.0,
            scale=film.scale,
            translate=film.translate,
            rotate=film.rotate,
            shear=film.shear,
            affine=film.affine,
            units=film.units,
            axis_labels=film.axis_labels,
        )
        self._follow(film, layer)
        return layer

    def _follow(self, film: Image, layer: Shapes) -> None:
        self._layers[film] = weakref.ref(layer)
        layer.events.data.connect(self._on_data)
        layer.events.set_data.connect(self._on_lines)
        for event in geometry_events(film):
            event.connect(self._on_geometry)

    def _unfollow(self, film: Image, layer: Shapes | None) -> None:
        for event in geometry_events(film):
            event.disconnect(self._on_geometry)
        if layer is not None:
            layer.events.data.disconnect(self._on_data)
            layer.events.set_data.disconnect(self._on_lines)

    def _on_data(self, event: Any) -> None:
        self._added = self._added or event.action == ActionType.ADDED
        self._on_lines()

    def _on_lines(self, event: Any = None) -> None:
        if not self._writing:
            self._throttler.throttle()

    def _on_geometry(self, event: Any = None) -> None:
        """Keep all lines on their films: what a length says must be what lies under it."""
        for film, reference in list(self._layers.items()):
            layer = self._present(reference)
            if layer is not None:
                layer.scale, layer.translate, layer.rotate = film.scale, film.translate, film.rotate
                # A copy: napari keeps the transform it is given.
                layer.shear, layer.affine = film.shear, film.affine.affine_matrix.copy()
                layer.units = film.units
        self._on_lines()

    def _write(self) -> None:
        """Write the lengths beside the lines, where they differ from what stands there."""
        film, layer = self._film(), self.layer
        if film is None or layer is None:
            return
        if self._added:
            self._added = False
            self._forget_click(layer)
        texts = _texts(layer, spacing_in_mm(film.scale, film.units))
        if list(layer.features["length"]) == list(texts):
            return
        self._writing = True
        try:
            layer.features = pd.DataFrame({"length": pd.Series(texts, dtype=str)})
            layer.refresh()
        finally:
            self._writing = False

    def _forget_click(self, layer: Shapes) -> None:
        """Take the line just added away when it is a mere click: napari draws one for that, too."""
        viewer = self._viewer()
        if viewer is None or not layer.nshapes or layer.shape_type[-1] != "line":
            return
        if path_length(layer.data[-1], layer.scale[-2:]) * viewer.scene.camera.zoom < _CLICK_PX:
            layer.selected_data = {layer.nshapes - 1}
            layer.remove_selected()

    def _leave(self) -> None:
        viewer, layer = self._viewer(), self.layer
        self._hide_all()
        before, self._before = (self._before() if self._before is not None else None), None
        if viewer is None or layer is None or viewer.layers.selection.active is not layer:
            return
        back = before if before is not None and before in viewer.layers else self._film()
        if back is not None and back in viewer.layers:
            viewer.layers.selection.active = back

    def _hide_all(self) -> None:
        for layer in [self._present(reference) for reference in self._layers.values()]:
            if layer is not None:
                layer.mode = "pan_zoom"
                layer.visible = False

    def _on_removed(self, event: Any) -> None:
        gone = event.value
        for film, reference in list(self._layers.items()):
            layer = reference()
            if gone is film and layer is not None:
                # Lines on a film that is gone measure nothing.
                self._drop(film, layer)
                viewer = self._viewer()
                if viewer is not None and layer in viewer.layers:
                    viewer.layers.remove(layer)
            elif gone is layer and layer is not None:
                self._drop(film, layer)

    def _drop(self, film: Image, layer: Shapes) -> None:
        shown = self._on and layer.visible
        self._unfollow(film, layer)
        self._layers.pop(film, None)
        if shown:
            self._on = False
            self._before = None
            self.toggled.emit(False)

    def _present(self, reference: weakref.ref[Shapes] | None) -> Shapes | None:
        viewer, layer = self._viewer(), reference() if reference is not None else None
        return layer if viewer is not None and layer is not None and layer in viewer.layers else None


def _id(film: Image) -> str:
    return str(film.unique_id)


def _texts(layer: Shapes, spacing_mm: tuple[float, float] | None) -> tuple[str, ...]:
    """Return one text a shape: the length of a line or path, nothing for areas."""
    return tuple(
        length_text(vertices, spacing_mm) if kind in ("line", "path") else ""
        for vertices, kind in zip(layer.data, layer.shape_type, strict=True)
    )

"""The views of the earlier scan, beside those of the scan that is judged."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels
from napari.utils import DirectLabelColormap
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QPointF, QRectF, Qt, QTimer
from qtpy.QtGui import QColor, QPainter

from napari_tbcad.bone.display import BoneLevel, bone_level, normalised_limits, percent_limits
from napari_tbcad.bone.picture import SIDES
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.bone.colours import CLASS_COLOURS
from napari_tbcad.widgets.films import PREVIEW
from napari_tbcad.widgets.workflow.layers import placed_as

if TYPE_CHECKING:
    from napari_tbcad.bone.compared import Comparable
    from napari_tbcad.widgets.bone.session import BoneSession
    from napari_tbcad.widgets.bone.sight import Sight

WORDS = "earlier views"
"""Under which the overlay knows the words over the views."""
_PLATE, _INK = QColor(30, 32, 36, 215), QColor(255, 255, 255)

_PAINT_MS = 15
"""Time for the window to be drawn between one new layer and the next."""

_GAP = 0.12
"""Room between the two scans, as a share of the width of a view; between two views of one there is less."""


class EarlierViews(QObject):
    """Layers of an earlier scan, to the right of the later one; to be looked at only.

    The grey scale is that of the later scan: by multiples of the bone level the same bone has the same grey
    in both, by percent of the maximum each has its own.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shown: Any = None
        self._session: weakref.ref[BoneSession] | None = None
        self._images: list[tuple[weakref.ref[Image], BoneLevel | None]] = []
        self._names: dict[int, str] = {}
        self._overlay: Any = None
        self._layers: list[weakref.ref[Any]] = []
        self._queue: list[Any] = []
        self._showing = QTimer(self)
        self._showing.setSingleShot(True)
        self._showing.timeout.connect(self._show_next)

    @property
    def settled(self) -> bool:
        """Whether all layers are there."""
        return not self._queue

    @property
    def layers(self) -> list[Any]:
        """The layers that are in the viewer."""
        viewer = self._viewer()
        found = [reference() for reference in self._layers]
        return [layer for layer in found if viewer is not None and layer in viewer.layers]

    def show(self, session: BoneSession, earlier: Comparable, *, overlay: Any = None) -> None:
        """Show the views of an earlier scan that have counts, with their hotspots in outline.

        Parameters
        ----------
        session : BoneSession
            The later scan.
        earlier : Comparable
        overlay : Overlay, optional
            Writes over each of the views what it is: nobody shall judge on the wrong ones.
        """
        before = self._session() if self._session is not None else None
        if earlier is self._shown and before is session:
            self.follow()
            return
        self.hide()
        pictures = session.layers.pictures()
        viewer = session.viewer
        if viewer is None or not pictures:
            return
        self._shown, self._session, self._overlay = earlier, weakref.ref(session), overlay
        session.look.greys.changed.connect(self.follow)
        base = next(iter(pictures.values()))
        right = max(float(one.extent.world[1, -1]) for one in pictures.values())
        for view, image in earlier.scan:
            if not image.counts.any():
                continue
            placed = placed_as(base)
            scale = earlier.scan.spacing_mm or tuple(float(x) for x in base.scale[-2:])
            width = scale[1] * image.counts.shape[1]
            placed |= {"scale": scale, "translate": (float(base.translate[-2]), right + _GAP * width)}
            right += (1 + _GAP) * width
            self._queue.append((self._picture, earlier, view, placed))
            if (labels := earlier.hotspots.labels(view)) is not None and labels.any():
                self._queue.append((self._outlines, earlier, view, placed))
        # The pictures first; each layer takes napari as long as a person notices.
        self._queue.sort(key=lambda entry: entry[0] != self._picture)
        self._showing.start(_PAINT_MS)

    def _show_next(self) -> None:
        """Add one layer; the window can be drawn before the next."""
        viewer = self._viewer()
        if not self._queue or viewer is None:
            self._queue.clear()
            return
        make, *given = self._queue.pop(0)
        layer = make(*given)
        self._layers.append(weakref.ref(layer))
        active = viewer.layers.selection.active
        viewer.add_layer(layer)
        viewer.layers.selection.active = active
        if isinstance(layer, Labels):
            layer.contour = 2
            layer.editable = False
        self.follow()
        if self._queue:
            self._showing.start(_PAINT_MS)
        if isinstance(layer, Image):
            viewer.reset_view()
            self._write()

    def _write(self) -> None:
        """Have the words over the views drawn."""
        if self._overlay is None:
            return
        views = weakref.ref(self)

        def draw(painter: QPainter, sight: Sight) -> None:
            if (here := views()) is not None and isalive(here):
                here._draw(painter, sight)

        self._overlay.draw(WORDS, draw)

    def _draw(self, painter: QPainter, sight: Sight) -> None:
        """Write the sides, and which view of which scan it is, into the head of each view."""
        session = self._session() if self._session is not None else None
        pictures = session.layers.pictures() if session is not None and not session.closed else {}
        base = next(((view, one) for view, one in pictures.items() if view in sight.views), None)
        if base is None:
            return
        font = painter.font()
        font.setPointSizeF(10)
        painter.setFont(font)
        for reference, _ in self._images:
            image = reference()
            if image is None or not image.visible:
                continue
            view = self._names[id(image)]
            columns = image.data.shape[-1]
            left, right = SIDES[view]  # type: ignore[index]
            words = ((left, 0.05), (f"earlier {view}", 0.5), (right, 0.95))
            for word, share in words:
                world = image.data_to_world((0.0, share * columns))
                at = sight.views[base[0]].place(*(float(x) for x in base[1].world_to_data(world)[-2:]))
                _write_above(painter, word, at, plain=share != 0.5)

    def hide(self) -> None:
        """Take the layers away."""
        viewer, layers = self._viewer(), self.layers
        session = self._session() if self._session is not None else None
        if session is not None and isalive(session.look.greys):
            session.look.greys.changed.disconnect(self.follow)
        self._showing.stop()
        self._queue.clear()
        self._names.clear()
        if self._overlay is not None and isalive(self._overlay):
            self._overlay.draw(WORDS, None)
        self._overlay = None
        self._shown, self._session, self._images, self._layers = None, None, [], []
        for layer in layers:
            viewer.layers.remove(layer)
        if layers and viewer.layers:
            viewer.reset_view()

    def follow(self) -> None:
        """Draw in the grey scale of the later scan."""
        session = self._session() if self._session is not None else None
        if session is None or session.closed:
            return
        greys = session.look.greys
        scale = greys.shown
        picture = next(iter(session.layers.pictures().values()), None)
        for reference, level in self._images:
            image = reference()
            if image is None or picture is None:
                continue
            if scale.by == "bone" and level is not None:
                limits = normalised_limits(level, scale.value)
            else:
                limits = percent_limits(image.data, min(max(scale.value, 1.0), 100.0))
            if tuple(image.contrast_limits) != limits:
                image.contrast_limits = limits
            if image.colormap.name != picture.colormap.name:
                image.colormap = picture.colormap.name

    def _viewer(self) -> Any:
        session = self._session() if self._session is not None else None
        return None if session is None else session.viewer

    def _picture(self, earlier: Comparable, view: Any, placed: dict[str, Any]) -> Image:
        image = Image(
            earlier.scan.view(view).counts,  # type: ignore[union-attr]
            name=f"earlier {view}",
            colormap="gray_r",
            interpolation2d="linear",
            metadata={PREVIEW: True},
            **placed,
        )
        self._images.append((weakref.ref(image), _level(earlier, view)))
        self._names[id(image)] = view
        return image

    def _outlines(self, earlier: Comparable, view: Any, placed: dict[str, Any]) -> Labels:
        labels = earlier.hotspots.labels(view)
        assert labels is not None
        colours: dict[int | None, Any] = {0: "transparent", None: "transparent"}
        colours |= {m.id: CLASS_COLOURS[m.label] for m in earlier.hotspots.marks if m.view == view}
        return Labels(
            # napari takes its time over each value that 16 bits may have.
            labels.astype(np.uint8) if labels.max() <= 255 else labels,
            name=f"earlier {view} hotspots",
            colormap=DirectLabelColormap(color_dict=colours),
            opacity=0.9,
            metadata={PREVIEW: True},
            **placed,
        )


def _write_above(painter: QPainter, word: str, at: QPointF, *, plain: bool) -> None:
    """Write a word above a place, on a dark plate: it is read over every theme and picture."""
    metrics = painter.fontMetrics()
    wide, tall = metrics.horizontalAdvance(word) + 8, metrics.height()
    # The word itself a line higher than the letters of the sides: views are narrow when all are in sight.
    top = at.y() - (1 if plain else 2.1) * tall - 3
    # In sight also where the head is not.
    plate = QRectF(at.x() - wide / 2, max(top, 4 + (1.1 * tall if plain else 0)), wide, tall)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, 3, 3)
    painter.setPen(_INK)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, word)


def _level(earlier: Comparable, view: Any) -> BoneLevel | None:
    image = earlier.scan.view(view)
    try:
        return None if image is None else bone_level(image.counts, view, earlier.regions.labels(view))
    except BadInput:
        return None

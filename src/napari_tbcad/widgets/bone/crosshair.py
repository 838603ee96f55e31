"""The linked cross-hair: the place under the pointer, the same in the other view, and the counts there."""

from __future__ import annotations

import weakref
from typing import Any

from qtpy.QtCore import QLineF, QObject, QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen

from napari_tbcad.bone.axis import Pairing, pair_views
from napari_tbcad.bone.picture import LETTERS
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.layers import HOTSPOTS, REGIONS
from napari_tbcad.widgets.bone.overlay import Overlay
from napari_tbcad.widgets.bone.sight import Sight, Under, ViewSight
from napari_tbcad.widgets.work import start_call

LINE = "#E69F00"
_GAP = 11.0
"""Room around the place itself, in Qt's pixels: the uptake must be seen."""
_REGION_OF = {number: name for name, number in REGION_IDS.items()}
_PLATE, _INK = QColor(30, 32, 36, 215), QColor(255, 255, 255)


class CrossHair(QObject):
    """Lines through the place under the pointer and through its partner, with a read-out of both.

    The partner lies in the same row, at the mirrored column; where the views can be laid on each other
    (:func:`napari_tbcad.bone.axis.pair_views`) by the patient's axis and the shift of the rows.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share; held weakly.
    overlay : Overlay
        Where it is drawn.

    Attributes
    ----------
    changed : Signal
        The place differs, or nothing is pointed at any more.
    at : (view, row, column) or None
        The place under the pointer; whole numbers are the centres of pixels.
    """

    changed = Signal()

    def __init__(self, bench: BoneBench, overlay: Overlay) -> None:
        super().__init__()
        self._bench = weakref.ref(bench)
        self._overlay = overlay
        self._scan: weakref.ref[BoneScan] | None = None
        self._pairing: Pairing | None = None
        self.at: Under | None = None
        overlay.moved.connect(self.point)
        overlay.draw("cross-hair", self._draw)

    @property
    def partner(self) -> Under | None:
        """The same place in the other view; None where there is none."""
        session = self._session()
        if self.at is None or session is None or len(session.layers.pictures()) < 2:
            return None
        view, row, column = self.at
        other = VIEWS[1 - VIEWS.index(view)]
        if (pairing := self._pairing_now()) is not None:
            row, column = (float(value) for value in pairing.place(view, row, column))
            return other, row, column
        return other, row, session.layers.pictures()[view].data.shape[1] - 1 - column

    def point(self, at: Under | None) -> None:
        """Point at a place of a view; None at none."""
        if at != self.at:
            self.at = at
            self._overlay.redraw()
            self.changed.emit()

    def lines(self) -> tuple[str, ...]:
        """Return what is read there: a line for each view, the anterior one first wherever the pointer is."""
        session = self._session()
        if session is None:
            return ()
        places = sorted(place for place in (self.at, self.partner) if place is not None)
        said = (read_out(session, place) for place in places)
        return tuple(line for line in said if line is not None)

    def release(self) -> None:
        """Draw no more."""
        self._overlay.moved.disconnect(self.point)
        self._overlay.draw("cross-hair", None)

    # -- inside ---------------------------------------------------------------------------------------

    def _session(self) -> Any:
        bench = self._bench()
        session = bench.session if bench is not None and bench.active else None
        return None if session is None or session.closed else session

    def _pairing_now(self) -> Pairing | None:
        """Return how the views lie on each other; found on a worker, None until then."""
        session = self._session()
        scan = session.value("scan") if session is not None else None
        if scan is None:
            return None
        if self._scan is None or self._scan() is not scan:
            self._scan, self._pairing = weakref.ref(scan), None
            start_call(
                lambda: (weakref.ref(scan), pair_views(scan)),
                on_result=self._on_pairing,
                on_error=self._on_unpaired,
            )
        return self._pairing

    def _on_pairing(self, found: tuple[weakref.ref[BoneScan], Pairing | None]) -> None:
        scan, pairing = found
        if self._scan is not None and scan() is self._scan():
            self._pairing = pairing
            self._overlay.redraw()

    def _on_unpaired(self, error: Exception) -> None:
        raise error

    def _draw(self, painter: QPainter, sight: Sight) -> None:
        session = self._session()
        if session is None or self.at is None:
            return
        if session.look.crosshair:
            # Under a brush the lines would lie where one looks; in the other view they tell where that is.
            places = (self.partner,) if session.layers.painted() is not None else (self.at, self.partner)
            for place in places:
                if place is not None and (seen := sight.views.get(place[0])) is not None:
                    _draw_cross(painter, seen, place[1], place[2])
        _draw_plate(painter, self.lines(), sight)


def read_out(session: Any, place: Under) -> str | None:
    """Return what lies at a place: raw counts of the pixel, region, hotspot; None outside the view.

    Parameters
    ----------
    session : BoneSession
    place : (view, row, column)
    """
    view, row, column = place
    image = session.layers.picture(view)
    pixel = (round(row), round(column))
    if image is None or not _inside(image.data, pixel):
        return None
    study = session.part.study
    unit = "counts" if study.unit == "counts" else "grey"
    said = [f"{view.capitalize()}  {_number(image.data[pixel])} {unit}"]
    if region := _label(session, REGIONS[view], pixel):
        said.append(_REGION_OF.get(region, f"region {region}"))
    if number := _label(session, HOTSPOTS[view], pixel):
        mark = session.layers.marks.get(number)
        said.append(f"hotspot {number}" if mark is None else f"hotspot {LETTERS[mark.label]}{number}")
    return "  ·  ".join(said)


def _label(session: Any, kind: str, pixel: tuple[int, int]) -> int:
    """Return the label painted at a pixel; 0 for none."""
    layer = session.layers.layer(kind)
    return 0 if layer is None or not _inside(layer.data, pixel) else int(layer.data[pixel])


def _inside(image: Any, pixel: tuple[int, int]) -> bool:
    return 0 <= pixel[0] < image.shape[0] and 0 <= pixel[1] < image.shape[1]


def _number(value: Any) -> str:
    value = float(value)
    return f"{value:.0f}" if value.is_integer() or abs(value) >= 100 else f"{value:.3g}"


def _draw_cross(painter: QPainter, seen: ViewSight, row: float, column: float) -> None:
    """Draw a line along the row and one along the column, as far as the view goes, open at the place."""
    rows, columns = seen.shape
    ends = (((row, -0.5), (row, columns - 0.5)), ((-0.5, column), (rows - 0.5, column)))
    lines = []
    middle = seen.place(row, column)
    for start, end in ends:
        for one in (seen.place(*start), seen.place(*end)):
            line = QLineF(middle, one)
            if line.length() > _GAP:
                lines.append(QLineF(line.pointAt(_GAP / line.length()), one))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    painter.setPen(QPen(QColor(LINE), 1))
    painter.drawLines(lines)


def _draw_plate(painter: QPainter, lines: tuple[str, ...], sight: Sight) -> None:
    """Write lines on a dark plate in the lower left corner: it is read on every theme and picture."""
    if not lines:
        return
    font = painter.font()
    font.setPointSizeF(9)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    width = max(metrics.horizontalAdvance(line) for line in lines) + 12
    height = metrics.height() * len(lines) + 6
    plate = QRectF(6, sight.height - height - 6, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, 3, 3)
    painter.setPen(_INK)
    for number, line in enumerate(lines):
        painter.drawText(QPointF(12, plate.top() + 3 + metrics.ascent() + number * metrics.height()), line)

"""How high the table is: in a high window it shows more rows."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QScrollArea, QWidget

from napari_tbcad.widgets.bone.hotspot_table.view import HotspotView

_BELOW_PX = 8
"""Left free below what is to be seen together with the table."""


class TableRoom(QObject):
    """Lets the table grow as long as its step can be seen from head to foot in the area that scrolls it.

    Parameters
    ----------
    step : QWidget
        What is to be seen whole; its parent.
    table : HotspotView
        The table in it.
    foot : QWidget
        The lowest part of the step that is to be seen together with the table.
    """

    def __init__(self, step: QWidget, table: HotspotView, foot: QWidget) -> None:
        super().__init__(step)
        self._step, self._table, self._foot = step, table, foot
        self._area: QScrollArea | None = None
        step.installEventFilter(self)

    def fit(self) -> None:
        """Take the room there is now."""
        if self._area is None or not isalive(self._area) or not self._foot.isVisible():
            return
        foot = self._foot.mapTo(self._step, self._foot.rect().bottomLeft()).y()
        others = foot - self._table.height()
        self._table.fit(self._area.viewport().height() - others - _BELOW_PX)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow step and area."""
        kind = event.type() if event is not None else None
        if kind == QEvent.Type.Show and watched is self._step:
            self._find_area()
        if kind in (QEvent.Type.Show, QEvent.Type.Resize):
            self.fit()
        return False

    def _find_area(self) -> None:
        above = self._step.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        if above is not None and above is not self._area:
            self._area = above
            above.viewport().installEventFilter(self)

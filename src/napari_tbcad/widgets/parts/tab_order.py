"""The Tab key goes through a panel as the eye does, also to what was made later."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLayout, QScrollArea, QWidget


def follow_the_eye(panel: QWidget) -> None:
    """Chain the controls of a panel in the order of its layouts, which is the order of reading.

    Parameters
    ----------
    panel : QWidget
        Has a layout; areas that scroll are gone through.
    """
    for one, other in pairwise(_controls(panel)):
        QWidget.setTabOrder(one, other)


def _controls(widget: QWidget) -> Iterator[QWidget]:
    if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
        yield widget
    inside = widget.widget() if isinstance(widget, QScrollArea) else None
    if inside is not None:
        yield from _controls(inside)
    elif (layout := widget.layout()) is not None:
        yield from _in_layout(layout)


def _in_layout(layout: QLayout) -> Iterator[QWidget]:
    for place in range(layout.count()):
        item = layout.itemAt(place)
        if item is None:
            continue
        if (child := item.widget()) is not None:
            yield from _controls(child)
        elif (below := item.layout()) is not None:
            yield from _in_layout(below)

"""What can be done with hotspots, as a menu: over the table and on the canvas the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QMenu, QWidget

from napari_tbcad.widgets.bone.actions import CLASS_KEYS, take_tool
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.hotspot_sight import go_to, row_of
from napari_tbcad.widgets.bone.hotspot_table import WORDS, chip, place_of
from napari_tbcad.widgets.keys import key_of


def hotspot_menu(bench: BoneBench, numbers: Iterable[int], parent: QWidget | None = None) -> QMenu:
    """Return a menu for hotspots; it is gone once it was closed.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share.
    numbers : iterable of int
        The hotspots; those that are gone meanwhile are left out.
    parent : QWidget, optional
        Qt parent.

    Returns
    -------
    QMenu
        To be shown with ``popup``.
    """
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    session = bench.session
    hotspots = session.value("hotspots") if session is not None else None
    known = hotspots.by_id() if hotspots is not None else {}
    marks = [known[number] for number in dict.fromkeys(numbers) if number in known]
    if session is None or not marks:
        _entry(menu, "No hotspot here", None)
        return menu
    chosen = tuple(mark.id for mark in marks)
    hands = session.hands
    row = row_of(session, chosen[0]) if len(chosen) == 1 else None
    place = f", {place_of(row)}" if row is not None else ""
    _entry(menu, f"Hotspot {chosen[0]}{place}" if len(chosen) == 1 else f"{len(chosen)} hotspots", None)
    menu.addSeparator()
    labels = {mark.label for mark in marks}
    for key, label in CLASS_KEYS.items():
        action = _entry(
            menu, WORDS[label].capitalize(), partial(hands.set_class, chosen, label), key, chip(label)
        )
        if labels == {label}:
            # Beside an icon some styles draw no mark.
            font = action.font()
            font.setBold(True)
            action.setFont(font)
    judged = all(mark.judged for mark in marks)
    _entry(menu, "Confirm class", None if judged else partial(hands.confirm, chosen), "confirm")
    menu.addSeparator()
    _links(menu, session, marks)
    menu.addSeparator()
    if len(marks) == 1:
        _entry(menu, "Correct with the brush", partial(hands.paint, marks[0].view, chosen[0]))
        _entry(menu, "Split with a line", partial(take_tool, bench, "split"), "split_tool")
        _entry(menu, "Go to", partial(go_to, session, chosen[0]))
    _entry(menu, "Delete", partial(hands.delete, chosen), "delete_hotspots")
    return menu


def _links(menu: QMenu, session: Any, marks: list[Any]) -> None:
    """Add what has to do with several hotspots, or with the other view."""
    hands, chosen = session.hands, tuple(mark.id for mark in marks)
    views = {mark.view for mark in marks}
    mergeable = len(marks) > 1 and len(views) == 1
    linkable = len(marks) == 2 and len(views) == 2 and marks[0].linked != marks[1].id
    linked = [mark for mark in marks if mark.linked is not None]
    _entry(menu, "Merge", partial(hands.merge, chosen) if mergeable else None, "merge")
    if len(marks) == 1:
        accept = None if linked else partial(hands.accept_partner, chosen[0])
        _entry(menu, "Accept partner in the other view", accept, "accept_partner")
    else:
        _entry(menu, "Link as one lesion", partial(hands.link, *chosen) if linkable else None)
    text = f"Unlink from {linked[0].linked}" if len(marks) == 1 and linked else "Unlink"
    _entry(menu, text, partial(hands.unlink, chosen) if linked else None)


def _entry(
    menu: QMenu, text: str, act: Callable[[], Any] | None, key: str = "", icon: QIcon | None = None
) -> Any:
    """Add an entry with its key; greyed without anything to do."""
    action = menu.addAction(f"{text}\t{key_of(key).keys}" if key else text)
    if icon is not None:
        action.setIcon(icon)
    action.setEnabled(act is not None)
    if act is not None:
        action.triggered.connect(lambda _=False: act())
    return action

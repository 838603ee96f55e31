"""The row of tools in the panel, and what can be set of the one in hand."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_tbcad.widgets.bone.tools.tool_options import ToolOptions
from napari_tbcad.widgets.keys import KEYS

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.bench import BoneBench

_TOOLS: tuple[tuple[str, str, str, str], ...] = (
    ("box", "Box", "box_tool", "Drag a box around a hotspot: its pixels are found inside it."),
    (
        "grow",
        "Grow",
        "grow_tool",
        "Click on a hotspot: it is grown from there. Without this tool: Shift+Click.",
    ),
    (
        "brush",
        "Brush",
        "brush_tool",
        "Paint in either view. A stroke that begins on a hotspot corrects it, any other makes a new one. "
        "[ and ] change the brush's size.",
    ),
    ("erase", "Erase", "erase_tool", "Take pixels away from hotspots, in either view."),
    ("split", "Split", "split_tool", "Drag a line across a hotspot to part it in two."),
)
"""Tool, its word, its key's name, what it does."""

_ACTS: tuple[tuple[str, str, str, str], ...] = (
    ("merge", "Merge", "merge", "Make one hotspot of those chosen in one view."),
    ("delete", "Delete", "delete_hotspots", "Take the chosen hotspots away."),
    ("undo", "Undo", "undo", "Take the last step back"),
    ("redo", "Redo", "redo", "Do again what was undone last"),
)


class ToolRow(QWidget):
    """Buttons for the tools on the canvas, and for what is done with the hotspots chosen.

    Parameters
    ----------
    bench : BoneBench
        Workbench of the viewer.

    Attributes
    ----------
    buttons : dict of str to QPushButton
        By the name of the tool or act: box, grow, brush, erase, split, merge, delete, undo, redo.
    options : ToolOptions
        What can be set of the tool in hand; ``options.grow`` is the slider of the hotspot grown last.
    """

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self._bench = bench
        self.buttons: dict[str, QPushButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for entries, do in ((_TOOLS, self._take), (_ACTS, self._act)):
            column.addLayout(self._line(entries, do, checkable=do == self._take))
        self.options = ToolOptions(bench)
        column.addWidget(self.options)
        self._heard: list[weakref.ref[Any] | None] = [None, None]
        self.refresh()

    @property
    def tools(self) -> Any:
        """The tools on the canvas; None without."""
        return getattr(self._bench.viewing, "tools", None)

    def refresh(self) -> None:
        """Show what is in hand, and what can be done."""
        self._listen()
        session = self._bench.session
        hands = None if session is None else session.hands
        ready = session is not None and session.value("scan") is not None
        current = None if self.tools is None else self.tools.current
        for name, *_ in _TOOLS:
            button = self.buttons[name]
            button.setEnabled(ready and self.tools is not None)
            with QSignalBlocker(button):
                button.setChecked(name == current)
        chosen = self._chosen()
        one_view = len({mark.view for mark in chosen}) == 1
        self._enable("merge", len(chosen) > 1 and one_view)
        self._enable("delete", bool(chosen))
        for name, text in (
            ("undo", "" if hands is None else hands.undo_text),
            ("redo", "" if hands is None else hands.redo_text),
        ):
            self._enable(name, bool(text))
            self.buttons[name].setToolTip(_tip(name, f": {text}." if text else "."))
        self.options.refresh(current)

    # -- inside ---------------------------------------------------------------------------------------

    def _line(
        self,
        entries: tuple[tuple[str, str, str, str], ...],
        do: Callable[..., None],
        *,
        checkable: bool,
    ) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(3)
        for name, word, _, _ in entries:
            button = QPushButton(word)
            button.setCheckable(checkable)
            button.setStyleSheet("padding: 4px 2px;")
            # A click leaves the keys with the canvas.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(_tip(name))
            button.clicked.connect(partial(do, name))
            line.addWidget(button, 1)
            self.buttons[name] = button
        return line

    def _listen(self) -> None:
        """Hear of the tools and hands there are now."""
        session = self._bench.session
        told = (self.tools, None if session is None else session.hands)
        for place, (one, name) in enumerate(zip(told, ("changed", "told"), strict=True)):
            known = self._heard[place]
            if one is not None and (known is None or known() is not one):
                getattr(one, name).connect(self.refresh)
                self._heard[place] = weakref.ref(one)

    def _enable(self, name: str, on: bool) -> None:
        self.buttons[name].setEnabled(on)

    def _chosen(self) -> list[Any]:
        session = self._bench.session
        hotspots = None if session is None else session.value("hotspots")
        known = {} if hotspots is None else hotspots.by_id()
        return [] if session is None else [known[n] for n in session.look.selected if n in known]

    def _take(self, name: str, checked: bool = False) -> None:
        if self.tools is not None:
            # Of the button: PySide6 does not tell a partial whether it is checked.
            self.tools.take(name if self.buttons[name].isChecked() else None)
        self.refresh()

    def _act(self, name: str, checked: bool = False) -> None:
        session = self._bench.session
        if session is None:
            return
        if name in ("undo", "redo"):
            getattr(session.hands, name)()
        else:
            getattr(session.hands, name)(session.look.selected)


def _tip(name: str, more: str = "") -> str:
    """Return the tooltip of a button, with its key."""
    _, _, key, text = next(entry for entry in (*_TOOLS, *_ACTS) if entry[0] == name)
    keys = next((one.keys for one in KEYS if one.name == key), "")
    return f"{text}{more}{f' ({keys})' if keys else ''}"

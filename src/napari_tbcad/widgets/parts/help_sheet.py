"""The sheet of keys and mouse gestures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from napari_tbcad.widgets.keys import KEYS, Key

SCOPES = {
    "chest": "Chest X-ray",
    "bone": "Bone scan",
    "panel": "Panel",
    "worklist": "Worklist",
    "view": "View",
}

_MARKS = {",": "(comma)", ".": "(full stop)"}

MOUSE: tuple[tuple[str, str], ...] = (
    ("Right drag", "Window: sideways width, down for a higher level (darker). Also while painting."),
    ("Double right click", "Window as stored (in pan and zoom mode)."),
    ("Wheel", "Zoom."),
    ("Drag, or Space held", "Pan; with Space held also while painting."),
)
"""Mouse gestures: ours and napari's, with what they do."""

NAPARI: tuple[tuple[str, str], ...] = (
    ("1 or E", "Eraser."),
    ("2 or P", "Brush."),
    ("3", "Polygon; Enter closes it, Escape drops it."),
    ("4 or F", "Fill."),
    ("5", "Pick a label from the picture."),
    ("6 or Z", "Pan and zoom."),
    ("[ and ]", "Smaller and larger brush; or Alt and move the mouse."),
    ("X", "Switch between the brush's label and background."),
    ("Right click", "Brush: go round an area, back at the start it is filled."),
    ("Ctrl+Z", "Undo; Ctrl+Shift+Z redoes."),
    ("V", "Hide or show the layer."),
    ("Ctrl+R", "Whole film in view."),
)
"""napari's own keys that help with masks, as napari 0.9 sets them."""


def help_html(
    keys: Iterable[Key] = KEYS,
    *,
    mouse: Sequence[tuple[str, str]] = MOUSE,
    napari: Sequence[tuple[str, str]] = NAPARI,
    conflicts: Sequence[str] = (),
) -> str:
    """Return the sheet as rich text: clashes, keys by scope, mouse, napari's own keys.

    Parameters
    ----------
    keys : iterable of Key
        The keys to list.
    mouse, napari : sequence of (str, str)
        Further tables: gesture or key, and what it does.
    conflicts : sequence of str
        Sentences to begin with.

    Returns
    -------
    str
        HTML that names no colours, so that it follows the theme.
    """
    keys = tuple(keys)
    parts = [f"<p>▲ {escape(said)}</p>" for said in conflicts]
    for scope, title in SCOPES.items():
        rows = [
            (
                shown(k),
                f"<b>{escape(k.title)}.</b> {escape(k.description)}",
            )
            for k in keys
            if k.scope == scope
        ]
        parts.append(_table(title, rows))
    parts.append(_table("Mouse", [(what, escape(does)) for what, does in mouse]))
    parts.append(_table("napari's own, on the masks", [(what, escape(does)) for what, does in napari]))
    return "".join(parts)


def shown(key: Key) -> str:
    """Return a key as a person reads it; marks that are easily overlooked get their name."""
    text = f"{key.keys} {_MARKS[key.keys]}" if key.keys in _MARKS else key.keys
    return f"{text} or {key.also}" if key.also else text


class HelpSheet(QDialog):
    """Keys and mouse gestures beside the work: non-modal, closed with Escape.

    Parameters
    ----------
    keys : iterable of Key
        The keys to list, those of :attr:`Bindings.keys` as a rule.
    mouse : sequence of (str, str)
        Mouse gestures and what they do.
    conflicts : sequence of str
        What :func:`napari_tbcad.widgets.keys.conflicts` says.
    parent : QWidget, optional
        Qt parent; of a window of napari it takes the theme.
    """

    def __init__(
        self,
        keys: Iterable[Key] = KEYS,
        *,
        mouse: Sequence[tuple[str, str]] = MOUSE,
        conflicts: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._mouse = mouse
        self.setWindowTitle("Keys and mouse")
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.resize(520, 640)
        self.text = QTextBrowser()
        self.text.setAccessibleName("Keys and mouse")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.show_keys(keys, conflicts=conflicts)

    def show_keys(self, keys: Iterable[Key], *, conflicts: Sequence[str] = ()) -> None:
        """List other keys."""
        self.text.setHtml(help_html(keys, mouse=self._mouse, conflicts=conflicts))

    def toggle(self) -> None:
        """Show the sheet in front, or hide it."""
        if self.isVisible():
            self.hide()
        else:
            self.show()
            self.raise_()
            self.activateWindow()


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return ""
    cells = "".join(
        f'<tr><td width="130" style="padding: 2px 10px 2px 0;"><code><b>{escape(what)}</b></code></td>'
        f'<td style="padding: 2px 0;">{does}</td></tr>'
        for what, does in rows
    )
    return f'<h3>{escape(title)}</h3><table width="100%" cellspacing="0">{cells}</table>'

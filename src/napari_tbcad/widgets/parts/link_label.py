"""A wrapping label in which some words can be clicked, or reached with the Tab key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QLabel, QWidget


@dataclass(frozen=True)
class Link:
    """Words that can be clicked.

    Parameters
    ----------
    text : str
        The words.
    key : str
        What the label sends when they are.
    tip : str
        What a click does, or more about the words.
    """

    text: str
    key: str
    tip: str = ""


class LinkLabel(QLabel):
    """Words and links; links have the colour of the text, underlined: readable in every theme.

    Attributes
    ----------
    pressed : Signal(str)
        The key of a link that was clicked, or chosen with Return.
    """

    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pieces: tuple[str | Link, ...] = ()
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.linkActivated.connect(self.pressed)
        self.linkHovered.connect(self._hover)

    @property
    def pieces(self) -> tuple[str | Link, ...]:
        """What is shown."""
        return self._pieces

    @property
    def words(self) -> str:
        """What is shown, as plain text."""
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self._pieces)

    def show_pieces(self, pieces: Sequence[str | Link]) -> None:
        """Show words and links one after another."""
        if tuple(pieces) != self._pieces:
            self._pieces = tuple(pieces)
            self._write()

    def changeEvent(self, event: QEvent) -> None:
        """Write anew in another theme's colour."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.EnabledChange):
            self._write()

    def _write(self) -> None:
        colour = self.palette().color(QPalette.ColorRole.WindowText).name()
        written = "".join(
            escape(piece)
            if isinstance(piece, str)
            else f'<a href="{escape(piece.key)}" style="color: {colour};">{escape(piece.text)}</a>'
            for piece in self._pieces
        )
        if written != self.text():
            self.setText(written)
            self.setAccessibleName(self.words)

    def _hover(self, key: str) -> None:
        links = [piece for piece in self._pieces if isinstance(piece, Link)]
        self.setToolTip(next((link.tip for link in links if link.key == key), ""))

"""A sentence that a person must know, beside a coloured bar."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel

from napari_tbcad.widgets.parts.quiet import breakable
from napari_tbcad.widgets.parts.step import AMBER, RED


class Notice(QLabel):
    """Something a person must know, beside a bar: amber for a warning, red for what is in the way."""

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        colour = RED if refuses else AMBER
        self.setStyleSheet(f"border-left: 3px solid {colour}; padding: 2px 2px 2px 6px;")
        self._mark = "✕" if refuses else "▲"
        self.hide()

    def tell(self, *texts: str) -> None:
        """Show sentences, a line each; none hides the notice."""
        said = "\n".join(f"{self._mark} {_sentence(text)}" for text in texts if text)
        self.setText(breakable(said))
        self.setToolTip(said)
        self.setVisible(bool(said))
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Be as high as the text is at this width: in a scrolled column a layout leaves more room."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        height = self.heightForWidth(self.width())
        if height > 0 and height != self.height():
            self.setFixedHeight(height)


def _sentence(text: str) -> str:
    """Return a text that begins as a sentence does, unless it begins with a file's name."""
    return text[:1].upper() + text[1:] if text.split(" ", 1)[0].isalpha() else text

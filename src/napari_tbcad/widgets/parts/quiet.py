"""Secondary text that stays readable in every theme and never widens a panel."""

from __future__ import annotations

import re

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget

QUIET = 200
"""Alpha of secondary text over the background: 5:1 and more in napari's themes; WCAG AA asks 4.5:1."""
_LONG_WORD = 24
"""Longer words, as a rule file names, may be broken: a narrow dock has room for no more."""


class QuietLabel(QLabel):
    """A label of one line, cut with an ellipsis where room is short; the tooltip has it in full.

    Parameters
    ----------
    text : str, optional
        The text, taken as plain.
    quiet : bool, optional
        Less strong than other text.
    scale : float, optional
        Size of the letters, times that of other text.
    wrap : bool, optional
        Several lines instead of a cut one.
    parent : QWidget, optional
        Qt parent.
    """

    def __init__(
        self,
        text: str = "",
        *,
        quiet: bool = True,
        scale: float = 1.0,
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._quiet, self._scale, self._full = quiet, scale, ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        if not wrap:
            self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show a text."""
        self._full = text
        self.setText(breakable(text) if self.wordWrap() else text)
        self.setToolTip(text)

    @property
    def shown(self) -> str:
        """The text as it is cut at the present width."""
        metrics = QFontMetrics(self._font())
        return metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the text in the theme's own colour, whatever theme there is now."""
        painter = QPainter(self)
        colour = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        if self._quiet:
            colour.setAlpha(QUIET)
        painter.setPen(colour)
        painter.setFont(self._font())
        flags = int(self.alignment().value)
        if self.wordWrap():
            flags |= int(Qt.TextFlag.TextWordWrap.value)
        painter.drawText(self.contentsRect(), flags, self.text() if self.wordWrap() else self.shown)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Draw anew: what fits has changed."""
        super().resizeEvent(event)
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for room for letters of this size."""
        return self._high_enough(super().sizeHint())

    def minimumSizeHint(self) -> QSize:
        """Never be cut below."""
        return self._high_enough(super().minimumSizeHint())

    def _high_enough(self, size: QSize) -> QSize:
        margins = self.contentsMargins()
        height = QFontMetrics(self._font()).height() + margins.top() + margins.bottom()
        return QSize(size.width(), max(size.height(), height))

    def _font(self) -> QFont:
        font = QFont(self.font())
        if self._scale != 1:
            font.setPointSizeF(max(7.0, font.pointSizeF() * self._scale))
        return font


def breakable(text: str) -> str:
    """Return a text in which long file names may be broken, after the marks that divide them.

    Parameters
    ----------
    text : str
        Any text; words of up to 24 letters stay as they are.
    """

    def divided(word: re.Match[str]) -> str:
        return re.sub(r"([_./\\~-]+|[^_./\\~-]{12})", "\\1\u200b", word[0])

    return re.sub(rf"\S{{{_LONG_WORD + 1},}}", divided, text)

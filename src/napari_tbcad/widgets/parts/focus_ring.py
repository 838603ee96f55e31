"""A frame around the control that has the keyboard's focus, which napari's themes leave out."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QRectF, Qt
from qtpy.QtGui import QPainter, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QApplication, QSlider, QWidget

_OUT = 2
"""Pixels by which the frame goes beyond the control."""


class FocusRing(QObject):
    """Follows the focus within one panel.

    Parameters
    ----------
    panel : QWidget
        The panel; its parent.

    Attributes
    ----------
    frame : QWidget or None
        What is drawn now, None while the focus is elsewhere.
    """

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self._panel = panel
        self.frame: _Frame | None = None
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._move)

    def _move(self, old: QWidget | None, new: QWidget | None) -> None:
        if self.frame is not None and isalive(self.frame):
            self.frame.hide()
            self.frame.deleteLater()
        self.frame = None
        # A slider draws its own.
        if new is not None and self._panel.isAncestorOf(new) and not isinstance(new, QSlider):
            self.frame = _Frame(new)


class _Frame(QWidget):
    """Lies beside the control in the same parent, so that it is scrolled with it."""

    def __init__(self, control: QWidget) -> None:
        super().__init__(control.parentWidget())
        self._control = control
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setStyleSheet("background: transparent;")
        control.installEventFilter(self)
        self._follow()
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Go along when the control moves or is hidden."""
        if event is not None and event.type() in (
            QEvent.Type.Move,
            QEvent.Type.Resize,
            QEvent.Type.Show,
            QEvent.Type.Hide,
        ):
            self._follow()
        return False

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the frame in the colour of text, which differs from the background in every theme."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 1.6))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 3, 3)

    def _follow(self) -> None:
        self.setVisible(not self._control.isHidden())
        self.setGeometry(self._control.geometry().adjusted(-_OUT, -_OUT, _OUT, _OUT))

"""A progress bar that is drawn with the window's next picture, and not at once."""

from __future__ import annotations

from qtpy.QtWidgets import QProgressBar, QWidget


class ProgressLine(QProgressBar):
    """A thin bar without a number, for the foot of a panel.

    ``QProgressBar.setValue`` repaints before it returns, and with it whatever of the window waits to be
    drawn, the canvas in OpenGL as well: a slot that only tells how far something is would take as long as a
    picture.

    Parameters
    ----------
    steps : int, optional
        What the whole is.
    height : int, optional
        In pixels.
    parent : QWidget, optional
        Qt parent.
    """

    def __init__(self, steps: int = 1000, *, height: int = 6, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(0, steps)
        self.setTextVisible(False)
        self.setFixedHeight(height)

    def setValue(self, value: int) -> None:
        """Fill it up to here; nothing is drawn where nothing changes."""
        if value == self.value():
            return
        # Without updates Qt has nothing to repaint; turned on again they ask for a picture, but do not wait.
        self.setUpdatesEnabled(False)
        super().setValue(value)
        self.setUpdatesEnabled(True)

    def show_share(self, share: float) -> None:
        """Fill it by a share of the whole, in [0, 1]."""
        self.setValue(round(self.maximum() * min(1.0, max(0.0, share))))

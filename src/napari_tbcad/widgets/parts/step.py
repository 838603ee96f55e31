"""One step of a workflow panel: a row that opens, with a state dot and a one-line summary."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from napari_tbcad.chain import State
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable

WORDS = {
    State.NOT_RUN: "not run",
    State.RUNNING: "running",
    State.DONE: "done",
    State.STALE: "out of date",
    State.FAILED: "failed",
}
AMBER, RED, BLUE, GREEN = "#E69F00", "#D55E00", "#56B4E9", "#009E73"


class StateDot(QWidget):
    """State of a step as a shape: hollow, turning arc, filled with a tick, ring with a bar, cross."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = State.NOT_RUN
        self._turn = 0
        self.setFixedSize(QSize(16, 16))
        self.set_state(State.NOT_RUN)

    @property
    def state(self) -> State:
        """The state shown."""
        return self._state

    def set_state(self, state: State, detail: str = "") -> None:
        """Show a state; `detail` (an error's text) goes into the tooltip."""
        self._state = state
        self.setToolTip(f"{WORDS[state]}: {detail}" if detail else WORDS[state].capitalize())
        self.setAccessibleName(WORDS[state])
        self.update()

    def turn(self) -> None:
        """Turn the arc of a running step a little further."""
        if self._state is State.RUNNING:
            self._turn = (self._turn + 30) % 360
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the state."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(2.5, 2.5, 11, 11)
        faint = self.palette().color(self.foregroundRole())
        faint.setAlpha(150)
        if self._state is State.NOT_RUN:
            painter.setPen(QPen(faint, 1.5))
            painter.drawEllipse(box)
        elif self._state is State.RUNNING:
            painter.setPen(QPen(QColor(BLUE), 2.5))
            painter.drawArc(box, -self._turn * 16, 270 * 16)
        elif self._state is State.STALE:
            painter.setPen(QPen(QColor(AMBER), 2.5))
            painter.drawEllipse(box)
            painter.drawLine(QPointF(8, 5.5), QPointF(8, 8.5))
            painter.drawPoint(QPointF(8, 10.8))
        else:
            done = self._state is State.DONE
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(GREEN if done else RED))
            painter.drawEllipse(box.adjusted(-1, -1, 1, 1))
            painter.setPen(QPen(QColor("white"), 1.6))
            marks = (
                [(5, 8.2, 7.2, 10.4), (7.2, 10.4, 11, 5.8)]
                if done
                else [(5.5, 5.5, 10.5, 10.5), (10.5, 5.5, 5.5, 10.5)]
            )
            for x0, y0, x1, y1 in marks:
                painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))


class StepRow(QWidget):
    """A collapsible step.

    Parameters
    ----------
    number : int
        Its place.
    title : str
        Its name.
    tooltip : str
        What it does, in one sentence.
    open_ : bool, optional
        Whether it starts opened.
    can_run : bool, optional
        Whether it has a button that runs it alone.
    parent : QWidget, optional
        Qt parent.
    """

    toggled = Signal(bool)
    run_wanted = Signal()

    def __init__(
        self,
        number: int,
        title: str,
        tooltip: str,
        *,
        open_: bool = False,
        can_run: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = title
        self._error = ""
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(2)
        self._head = self._make_head(number, title, tooltip, can_run=can_run)
        outer.addWidget(self._head)
        self._body = QWidget()
        self.body = QVBoxLayout(self._body)
        self.body.setContentsMargins(12, 0, 2, 8)
        self.body.setSpacing(6)
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._message.setStyleSheet(f"border-left: 3px solid {RED}; padding-left: 6px;")
        self._message.hide()
        outer.addWidget(self._message)
        outer.addWidget(self._body)
        self._head.clicked.connect(self.toggle)
        self.arrow.clicked.connect(self.toggle)
        self.set_open(open_)

    def _make_head(self, number: int, title: str, tooltip: str, *, can_run: bool) -> _Head:
        """Return the row that always shows: arrow, state, name, summary, run."""
        head = _Head(tooltip)
        head.setAccessibleName(f"Step {number}, {title}")
        row = QHBoxLayout(head)
        row.setContentsMargins(2, 3, 4, 3)
        row.setSpacing(6)
        self.arrow = QToolButton()
        self.arrow.setArrowType(Qt.ArrowType.RightArrow)
        self.arrow.setAutoRaise(True)
        self.arrow.setFixedSize(18, 18)
        self.arrow.setToolTip(f"Open or close step {number}, {title}")
        self.arrow.setAccessibleName(f"Open or close {title}")
        # The head takes the keyboard's focus and does the same.
        self.arrow.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.arrow.setStyleSheet("border: none; background: transparent;")
        self.dot = StateDot()
        name = QLabel(f"<b>{number} {title}</b>")
        self._summary = QuietLabel()
        self._summary.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.arrow)
        row.addWidget(self.dot)
        row.addWidget(name)
        row.addWidget(self._summary, 1)
        self.run_button = QToolButton()
        self.run_button.setText("▶")
        self.run_button.setAutoRaise(True)
        self.run_button.setToolTip(f"Run step {number}, {title}, and what it stands on")
        self.run_button.setAccessibleName(f"Run {title}")
        self.run_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.run_button.setVisible(can_run)
        self.run_button.setEnabled(False)
        self.run_button.clicked.connect(lambda: self.run_wanted.emit())
        row.addWidget(self.run_button)
        return head

    @property
    def is_open(self) -> bool:
        """Whether the body shows."""
        return not self._body.isHidden()

    def toggle(self) -> None:
        """Open a closed step, close an opened one."""
        self.set_open(not self.is_open)

    def set_open(self, open_: bool) -> None:
        """Open or close the step."""
        self._body.setVisible(open_)
        self.arrow.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self.toggled.emit(open_)

    def allow_run(self, allowed: bool) -> None:
        """Enable or disable the button that runs this step alone."""
        self.run_button.setEnabled(allowed)

    def stand_alone(self) -> None:
        """Show the step opened for good, as the only one of a panel."""
        self.set_open(True)
        self.arrow.hide()
        self.run_button.hide()
        self._head.clicked.disconnect(self.toggle)
        self._head.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def summarise(self, text: str) -> None:
        """Set the one-line summary of the current choice or outcome."""
        self._summary.set_text(text)

    def set_state(self, state: State, error: str = "") -> None:
        """Show the state; an error's text stays in the step until it is resolved."""
        self.dot.set_state(state, error)
        self._error = error
        self._message.setText(breakable(error))
        self._message.setToolTip(error)
        self._message.setVisible(bool(error))

    @property
    def message(self) -> str:
        """The error shown, empty when there is none."""
        return self._error


class _Head(QWidget):
    clicked = Signal()

    def __init__(self, tooltip: str) -> None:
        super().__init__()
        self.setToolTip(tooltip)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

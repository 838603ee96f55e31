"""A picture behind a toggle, computed on a worker only while it can be seen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_tbcad.widgets.work import start_call


class Unfolding(QWidget):
    """A toggle with a body under it, and what fills the body.

    Parameters
    ----------
    title : str
        On the toggle.
    tooltip : str
        What the body shows.
    show : callable
        Given each result on the GUI thread.

    Attributes
    ----------
    unfolded : Signal
        The body came into sight: whoever fills it should ask again.
    body : QVBoxLayout
        Room for the picture and its controls.
    """

    unfolded = Signal()

    def __init__(
        self, title: str, tooltip: str, show: Callable[[Any], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._show = show
        self._wanted: tuple[Any, ...] = ()
        self._shown: tuple[Any, ...] = ()
        self._function: Callable[[], Any] | None = None
        self._busy = False
        self._life = _Life()
        self.destroyed.connect(self._life.end)
        self.toggle = QToolButton()
        self.toggle.setText(title)
        self.toggle.setToolTip(tooltip)
        self.toggle.setCheckable(True)
        self.toggle.setAutoRaise(True)
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggle.setArrowType(Qt.ArrowType.RightArrow)
        self.toggle.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(0, 0, 0, 4)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.body.addWidget(self.problem)
        self._content.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(2)
        outer.addWidget(self.toggle)
        outer.addWidget(self._content)
        self.toggle.toggled.connect(self._unfold)

    @property
    def in_sight(self) -> bool:
        """Whether the body is unfolded in a window that shows."""
        return self.toggle.isChecked() and self.isVisible()

    @property
    def settled(self) -> bool:
        """Whether no result is under way."""
        return not self._busy

    def want(self, key: tuple[Any, ...], function: Callable[[], Any]) -> bool:
        """Have `function` called on a worker unless its result is shown or the body is out of sight.

        Parameters
        ----------
        key : tuple
            What the result depends on; each part is the same one as before, or equal to it (no arrays).
        function : callable
            Called without arguments; what is asked for last is shown, others may be left out.

        Returns
        -------
        bool
            Whether it is shown already; what is shown meanwhile belongs to something else.
        """
        if not self.in_sight:
            return False
        self._wanted, self._function = key, function
        shown = _same(key, self._shown)
        if not self._busy and not shown:
            self._start()
        return shown

    def forget(self) -> None:
        """Drop what is shown and wanted."""
        self._wanted, self._shown, self._function = (), (), None

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for what is wanted now."""
        super().showEvent(event)
        if self.toggle.isChecked():
            self.unfolded.emit()

    def _unfold(self, open_: bool) -> None:
        self._content.setVisible(open_)
        self.toggle.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        if open_:
            self.unfolded.emit()

    def _start(self) -> None:
        assert self._function is not None
        self._busy = True
        call = partial(_outcome, self._wanted, self._function)
        start_call(call, on_result=self._take, on_error=self._fail)

    def _take(self, outcome: tuple[tuple[Any, ...], Any, Exception | None]) -> None:
        key, result, error = outcome
        self._busy = False
        if not self._wanted or self._life.over:
            return
        self._shown = key
        self.problem.setText(str(error) if error is not None else "")
        self.problem.setVisible(error is not None)
        if error is None:
            self._show(result)
        if not _same(key, self._wanted):
            self._start()

    def _fail(self, error: Exception) -> None:
        self._busy = False
        if self._life.over:
            return
        self.problem.setText(str(error))
        self.problem.show()


class _Life:
    """Whether a widget still is: its window may close while a worker computes for it."""

    def __init__(self) -> None:
        self.over = False

    def end(self, gone: object = None) -> None:
        """Note that Qt has deleted the widget."""
        self.over = True


def _outcome(
    key: tuple[Any, ...], function: Callable[[], Any]
) -> tuple[tuple[Any, ...], Any, Exception | None]:
    # With its key, so that a result that was overtaken is known for what it is.
    try:
        return key, function(), None
    except Exception as error:  # shown in the body
        return key, None, error


def _same(one: tuple[Any, ...], two: tuple[Any, ...]) -> bool:
    return len(one) == len(two) and all(a is b or a == b for a, b in zip(one, two, strict=True))

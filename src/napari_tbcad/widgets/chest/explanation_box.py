"""What the Result step says of where its answer comes from."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from napari_tbcad.widgets.chest.explaining import Explaining
from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.parts.progress_line import ProgressLine
from napari_tbcad.widgets.workflow.step import left_aligned

_LEGEND = (
    "What the classifier reacts to, which need not be disease. Vermilion speaks for tuberculosis, blue "
    "against it; scaled to the strongest of this film."
)
_OPACITIES = (
    " Opacities are shown where they lie and at full size; texture, which the classifier reads of whole "
    "lungs, at {texture:.0%} of it."
)


class ExplanationBox(QWidget):
    """Evidence for the decision: the layer's switch, how far it is, one sentence, what the colours mean.

    Parameters
    ----------
    parent : QWidget, optional
        Qt parent.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        self._session: ChestSession | None = None
        self._explaining: Explaining | None = None
        self.shown = QCheckBox("Evidence for the decision")
        self.shown.setToolTip(
            "Lays over the lungs what speaks for and against tuberculosis: how much the log-odds of the "
            "deciding stage change without each place. Takes some seconds; clear the box to stop."
        )
        self.progress = ProgressLine()
        self.progress.setAccessibleName("Explaining the decision")
        self.sentence, self.legend = left_aligned(""), left_aligned(_LEGEND)
        for widget in (self.shown, self.progress, self.sentence, self.legend):
            column.addWidget(widget)
        self.shown.toggled.connect(self._want)

    def refresh(self, session: ChestSession | None, *, blind: bool) -> None:
        """Show what the session holds; nothing while the answer is hidden, not even in a tooltip."""
        if session is not self._session:
            self._follow(session)
        result = session.value("result") if session is not None else None
        there = result is not None and bool(result.deciding_stage) and not blind
        self.setVisible(there)
        if not there:
            self.sentence.setText("")
            self.progress.reset()  # or a screen reader would find that there was something to explain
            return
        self._show()

    def _follow(self, session: ChestSession | None) -> None:
        if self._explaining is not None:
            self._explaining.changed.disconnect(self._show)
        self._session = session
        self._explaining = session.explaining if session is not None else None
        if self._explaining is not None:
            self._explaining.changed.connect(self._show)

    def _show(self) -> None:
        explaining = self._explaining
        if explaining is None:
            return
        with QSignalBlocker(self.shown):
            self.shown.setChecked(explaining.wanted)
        self.progress.setVisible(explaining.wanted and explaining.busy)
        self.progress.show_share(explaining.share)
        self.sentence.setVisible(explaining.wanted)
        found, fresh = explaining.found, explaining.fresh
        self.legend.setVisible(explaining.wanted and fresh and found is not None and bool(found.map.any()))
        texture = 1.0 if found is None else found.texture
        self.legend.setText(_LEGEND + (_OPACITIES.format(texture=texture) if texture < 1 else ""))
        self.sentence.setEnabled(fresh or bool(explaining.problem))
        if explaining.problem:
            self.sentence.setText(explaining.problem)
        elif found is None:
            self.sentence.setText("Explaining the decision…" if explaining.busy else "")
        else:
            self.sentence.setText(("" if fresh else "Out of date: ") + found.sentence)

    def _want(self, wanted: bool) -> None:
        if self._explaining is not None:
            self._explaining.want(wanted)

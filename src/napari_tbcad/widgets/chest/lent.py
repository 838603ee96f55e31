"""The line that says by which model a film is judged, while it is not the person's own."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.step import AMBER


class Lent(QWidget):
    """Shown while another panel lends a model, such as the one of a fold that did not see this film.

    Parameters
    ----------
    bench : ChestBench
        What the panels of a viewer share.
    """

    def __init__(self, bench: ChestBench) -> None:
        super().__init__()
        self._bench = bench
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.text = QuietLabel(quiet=False, wrap=True)
        self.text.setStyleSheet(f"border-left: 3px solid {AMBER}; padding-left: 6px;")
        self.back = QPushButton("Back to my model")
        self.back.setToolTip("Judge this film, and those that come, with the model that was in use before.")
        self.back.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row.addWidget(self.text, 1)
        row.addWidget(self.back)
        self.back.clicked.connect(self.give_back)
        self.hide()

    def give_back(self) -> None:
        """Use the person's own model; an answer that was there is given anew."""
        session = self._bench.session
        answered = session.answers() if session is not None else ()
        self._bench.shelf.give_back()
        if session is not None and answered:
            session.request(*answered)

    def refresh(self) -> None:
        """Show or hide the line."""
        said = self._bench.shelf.lent
        self.setVisible(bool(said))
        if said:
            self.text.set_text(said)

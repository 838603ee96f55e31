"""The offer to go on where a person left off."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from napari_tbcad.widgets.workflow.bench import Bench


class Leftover(QFrame):
    """Shown while a case of the study lies on the side that was never saved by the person.

    Parameters
    ----------
    bench : Bench
        What the panels of a viewer share.
    did : str, optional
        What the person did, with what the study is called.
    brings : str, optional
        What comes back.
    """

    def __init__(
        self, bench: Bench, *, did: str = "worked on this film", brings: str = "masks, settings and record"
    ) -> None:
        super().__init__()
        self._bench, self._did = bench, did
        self._path: Path | None = None
        self.setFrameShape(QFrame.Shape.StyledPanel)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        self.text = QLabel("")
        self.text.setWordWrap(True)
        column.addWidget(self.text)
        row = QHBoxLayout()
        self.go_on = QPushButton("Go on with it")
        self.go_on.setToolTip(f"Bring back {brings} as they were.")
        self.leave = QPushButton("Start anew")
        self.leave.setToolTip(
            "Leave it on the side: it stays there, beside your next work, until you delete it."
        )
        row.addWidget(self.go_on)
        row.addWidget(self.leave)
        column.addLayout(row)
        self.go_on.clicked.connect(lambda: self._desk("restore"))
        self.leave.clicked.connect(lambda: self._desk("dismiss"))
        self.hide()

    def refresh(self) -> None:
        """Show or hide the offer."""
        session = self._bench.session
        path = session.desk.left if session is not None else None
        self.setVisible(path is not None)
        if path is not None and path != self._path:
            try:
                when = datetime.fromtimestamp(path.stat().st_mtime).strftime("%d %b %Y, %H:%M")
            except OSError:
                when = "an unknown time"
            self.text.setText(f"You {self._did} before and did not save it ({when}).")
            self.text.setToolTip(str(path))
        self._path = path

    def _desk(self, what: str) -> None:
        if (session := self._bench.session) is not None:
            getattr(session.desk, what)()

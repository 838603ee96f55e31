"""Step 4: what came of it, and where it lies."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QPushButton

from napari_tbcad.chain import State
from napari_tbcad.run_folder import TABLE
from napari_tbcad.widgets.batch.session import BatchSession
from napari_tbcad.widgets.batch.step import BatchStep
from napari_tbcad.widgets.batch.words import answers_words, counts_words
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.parts.quiet import QuietLabel

_MORE = {"chest": "features.csv", "bone": "regions.csv, hotspots.csv"}


class ResultStep(BatchStep):
    """Counts, the table's path, and buttons to open it."""

    number, heading = 4, "Results"
    purpose = "Tables, masks, pictures and records, as the command line writes them."

    def __init__(self, session: BatchSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        self.empty = QuietLabel("The results are named here once there are some.", wrap=True)
        self.answers = QuietLabel(quiet=False, wrap=True)
        self.where = QuietLabel(wrap=True)
        self.problem = Notice(refuses=True)
        self.folder_button = QPushButton("Open folder")
        self.folder_button.setToolTip("Show the results in the file manager.")
        self.table_button = QPushButton("Open table")
        self.table_button.setToolTip(f"Open {TABLE} in the program that opens tables here.")
        self.again_button = QPushButton("New batch")
        self.again_button.setToolTip("Plan another batch of the same inputs, as with other settings.")
        self.failed_button = QPushButton("Show failed")
        self.failed_button.setToolTip("List those in step 3 that failed, and why.")
        buttons = QHBoxLayout()
        for button in (self.folder_button, self.table_button, self.again_button):
            button.setStyleSheet("padding: 4px;")
            buttons.addWidget(button)
        for widget in (self.empty, self.answers, self.failed_button, self.where, self.problem):
            self.body.addWidget(widget)
        self.body.addLayout(buttons)
        self.folder_button.clicked.connect(self.open_folder)
        self.table_button.clicked.connect(self.open_table)
        self.again_button.clicked.connect(session.plan_again)

    def refresh(self) -> None:
        """Show what there is."""
        session, rows, out = self.session, self.session.rows, self.session.out
        finished = rows.counts["done"] + rows.counts["kept"]
        there = out is not None and bool(finished or rows.counts["failed"])
        self.empty.setVisible(not there)
        for widget in (self.answers, self.where, self.folder_button, self.table_button, self.again_button):
            widget.setVisible(there)
        self.failed_button.setVisible(there and rows.counts["failed"] > 0)
        self.again_button.setEnabled(not session.busy and bool(session.plan.inputs))
        if not there or out is None:
            self.set_state(State.NOT_RUN)
            self.summarise("")
            self.problem.tell()
            return
        said = answers_words(rows)
        self.answers.set_text(f"{counts_words(rows)}. {said}." if said else f"{counts_words(rows)}.")
        self.failed_button.setText(f"Show {rows.counts['failed']} failed")
        more = _MORE.get(rows.workflow, "")
        self.where.set_text(f"{TABLE}, {more}, masks, records in {Path(*out.parts[-2:])}")
        self.where.setToolTip(str(out))
        self.set_state(State.RUNNING if session.busy else State.DONE)
        self.summarise(said)

    def open_folder(self) -> None:
        """Show the folder of results in the file manager."""
        if self.session.out is not None:
            self._open(self.session.out)

    def open_table(self) -> None:
        """Open the table of results."""
        if self.session.out is not None:
            self._open(self.session.out / TABLE)

    def _open(self, path: Path) -> None:
        self.problem.tell()
        if not path.exists():
            self.problem.tell(f"{path.name}: it is not there any more ({path.parent}).")
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self.problem.tell(f"{path.name}: no program here opens it; it lies in {path.parent}.")

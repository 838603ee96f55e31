"""Step 1: which films or bone scans, and what was found among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QMenu, QPushButton

from napari_tbcad.chain import State
from napari_tbcad.widgets.batch.session import Phase
from napari_tbcad.widgets.batch.step import BatchStep
from napari_tbcad.widgets.batch.words import found_words, things
from napari_tbcad.widgets.parts.fold import Fold
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.workflow.step import left_aligned

_WORKFLOWS = {"chest": "Chest films", "bone": "Bone scans"}
_TIPS = {
    "Folder…": "Every film or scan below it; masks, hidden files and earlier results are passed over.",
    "Files…": "Some films or scans; two files that are the views of one scan are put together.",
    "List (CSV)…": "A table with a column “file” or “path”, relative to the table; other columns are kept.",
}
_IMAGES = "Images (*.dcm *.dicom *.ima *.png *.jpg *.jpeg *.tif *.tiff *.bmp *.img);;All files (*)"
_NAMED = 4


class InputsStep(BatchStep):
    """Files, folders and lists, and what a look at them found."""

    number, heading = 1, "Inputs"
    purpose = "Films or bone scans; they are named and counted before anything is computed."

    def __init__(self, session: object, *, open_: bool = True) -> None:
        super().__init__(session, open_=open_)
        self.empty = QuietLabel(
            "Drop a folder, files or a list (CSV) of films or bone scans here, or choose them.",
            quiet=False,
            wrap=True,
        )
        self.button = QPushButton("Choose inputs")
        menu = QMenu(self.button)
        menu.setToolTipsVisible(True)
        for entry, tip in _TIPS.items():
            action = menu.addAction(entry)
            action.setToolTip(tip)
            action.triggered.connect(lambda _=False, entry=entry: self._choose(entry))
        self.button.setMenu(menu)
        self.button.setToolTip(_TIPS["Folder…"])
        self.clear_button = QPushButton("Clear")
        self.clear_button.setToolTip("Take the inputs away; nothing is deleted.")
        self.clear_button.setStyleSheet("padding: 4px;")
        self.given = QuietLabel(quiet=False, wrap=True)
        self.kind = QComboBox()
        self.kind.setAccessibleName("What they are")
        self.kind.setToolTip("Told from headers and names: NM files and pairs of views are bone scans.")
        for key, text in _WORKFLOWS.items():
            self.kind.addItem(text, key)
        self.counted = QuietLabel(quiet=False, wrap=True)
        self.refused, self.noted = Notice(refuses=True), Notice()
        self.bad = left_aligned("")
        self.bad_fold = Fold(self.bad, "Files that cannot be read, and why; each becomes an error row.")
        buttons = QHBoxLayout()
        buttons.addWidget(self.button, 1)
        buttons.addWidget(self.clear_button)
        line = QHBoxLayout()
        line.addWidget(QLabel("These are"))
        line.addWidget(self.kind, 1)
        self.body.addWidget(self.empty)
        self.body.addWidget(self.given)
        self.body.addLayout(buttons)
        self.body.addLayout(line)
        self._asked_kind = line.itemAt(0).widget()
        for widget in (self.counted, self.refused, self.noted, self.bad_fold, self.bad):
            self.body.addWidget(widget)
        self.kind.activated.connect(lambda _: self.session.choose_workflow(str(self.kind.currentData())))
        self.clear_button.clicked.connect(lambda: self.session.choose(()))

    def take_files(self, paths: Sequence[Path]) -> None:
        """Add what was dropped to what is planned; after a batch has begun they are a new one."""
        earlier = self.session.plan.inputs if self.session.fresh else ()
        self.session.choose((*earlier, *paths))

    def ask_for_folder(self) -> None:
        """Let the person choose a folder."""
        self._choose("Folder…")

    def refresh(self) -> None:
        """Show what was given and found."""
        session = self.session
        free, inputs, found = not session.busy, session.plan.inputs, session.found
        self.empty.setVisible(not inputs)
        self.given.setVisible(bool(inputs))
        self.given.set_text(_given_words(inputs))
        self.given.setToolTip("\n".join(map(str, inputs)))
        self.button.setEnabled(free)
        self.clear_button.setVisible(bool(inputs))
        self.clear_button.setEnabled(free)
        for widget in (self._asked_kind, self.kind):
            widget.setVisible(found is not None)
        self.kind.setEnabled(free)
        self.kind.setCurrentIndex(max(0, self.kind.findData(session.workflow)))
        self.counted.setVisible(found is not None)
        self.refused.tell(session.look_problem)
        self._show_found()
        if session.phase is Phase.LOOKING:
            self.set_state(State.RUNNING)
            self.summarise("looking…")
        elif session.look_problem:
            self.set_state(State.FAILED)
            self.summarise("cannot be used")
        else:
            listed = len(session.rows.all)
            self.set_state(State.DONE if listed else State.NOT_RUN)
            self.summarise(things(listed, session.rows.workflow) if listed else "")

    # -- inside ---------------------------------------------------------------------------------------

    def _show_found(self) -> None:
        session, found = self.session, self.session.found
        faults = [row for row in session.rows.all if row.fault]
        self.bad_fold.setVisible(bool(faults) and found is not None)
        if found is None:
            self.noted.tell()
            self.bad.hide()
            return
        self.counted.set_text(found_words(found))
        passed = int(found["passed_over"])
        said = [*found["notes"]]
        if passed:
            first = ", ".join(found["passed_over_first"][:_NAMED])
            said.append(f"{passed} passed over: {first}{', …' if passed > _NAMED else ''}")
        self.noted.tell(*said)
        self.bad_fold.setText(f"{len(faults)} cannot be read")
        lines = [f"{row.file}: {row.fault}" for row in faults[:60]]
        more = [f"and {len(faults) - 60} more"] if len(faults) > 60 else []
        self.bad.setText(breakable("\n".join([*lines, *more])))
        if not self.bad_fold.isChecked():
            self.bad.hide()

    def _choose(self, entry: str) -> None:
        if entry == "Folder…":
            said = QFileDialog.getExistingDirectory(self, "Folder of films or bone scans")
            paths = [said] if said else []
        elif entry == "Files…":
            paths, _ = QFileDialog.getOpenFileNames(self, "Films or bone scans", "", _IMAGES)
        else:
            said, _ = QFileDialog.getOpenFileName(
                self, "List of films or bone scans", "", "Tables (*.csv *.tsv)"
            )
            paths = [said] if said else []
        if paths:
            self.take_files([Path(path) for path in paths])


def _given_words(inputs: Sequence[Path]) -> str:
    names = [path.name or str(path) for path in inputs[:_NAMED]]
    more = [f"and {len(inputs) - _NAMED} more"] if len(inputs) > _NAMED else []
    return ", ".join(names + more)

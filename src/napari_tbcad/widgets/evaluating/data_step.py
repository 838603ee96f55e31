"""Step 1: which films, and what was found among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)

from napari_tbcad.chain import State
from napari_tbcad.widgets.evaluating.session import EvaluationSession, Phase
from napari_tbcad.widgets.evaluating.step import EvaluationStep
from napari_tbcad.widgets.evaluating.words import films_words
from napari_tbcad.widgets.parts.fold import Fold
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.parts.words import count
from napari_tbcad.widgets.workflow.step import left_aligned

_FOLDER_TIP = (
    "A data set as it was unpacked (Shenzhen, Montgomery and others are known), or a folder with labels.csv."
)
_TABLE_TIP = "A CSV with the columns path and label (1 TB, 0 none); if known patient, source, age, sex."
_TEST_TIP = "Train on the data set above and test on this one: how a classifier does on films from elsewhere."
_MOST = 60


class DataStep(EvaluationStep):
    """The data set, a second one to test on, and what a look at them found."""

    number, heading = 1, "Data set"
    purpose = "Films with labels; they are named and counted before anything is measured."

    def __init__(self, session: EvaluationSession, *, open_: bool = True) -> None:
        super().__init__(session, open_=open_)
        self._shown: object = None
        self.empty = QuietLabel(
            "Choose a folder or a table of films with labels, or drop one here.", quiet=False, wrap=True
        )
        self.train = _Place("Films", _FOLDER_TIP)
        self.test = _Place("Tested on", _TEST_TIP)
        self.button = self._adder("Choose a data set", ("Folder…", "Table (CSV)…"), self._add)
        self.button.setToolTip(_FOLDER_TIP)
        self.test_button = self._adder(
            "Test on another data set", ("Folder…", "Table (CSV)…"), self._add_test
        )
        self.test_button.setToolTip(_TEST_TIP)
        self.complaint = Notice(refuses=True)
        self.table = FoundTable()
        self.refused, self.noted = Notice(refuses=True), Notice()
        self.left = left_aligned("")
        self.left_fold = Fold(self.left, "Films that take no part, and why.")
        self._add_all(self.empty, self.train, self.test, self.button, self.test_button, self.complaint)
        self._add_all(self.refused, self.table, self.noted, self.left_fold, self.left)
        self._fill(None)
        self.train.removed.connect(lambda: session.choose(None, None))
        self.test.removed.connect(lambda: session.choose(session.plan.path, None))

    def take_files(self, paths: Sequence[Path]) -> None:
        """Evaluate what was dropped: one data set, or one to train and one to test on."""
        good = [path for path in paths if path.is_dir() or path.suffix.lower() == ".csv"]
        others = [path.name for path in paths if path not in good]
        self.complaint.tell(*(f"{name}: no folder and no table (CSV)." for name in others))
        if good:
            self._choose(good[0], good[1] if len(good) > 1 else None)

    def ask_for_folder(self) -> None:
        """Let the person choose a folder."""
        self._add("Folder…")

    def refresh(self) -> None:
        """Show the choice and what was found."""
        session, plan = self.session, self.session.plan
        free = not session.busy
        self.empty.setVisible(plan.path is None)
        self.train.show_path(plan.path, "Train on" if plan.test is not None else "Films", free=free)
        self.test.show_path(plan.test, "Test on", free=free)
        self.button.setVisible(plan.path is None)
        self.test_button.setVisible(plan.path is not None and plan.test is None)
        for button in (self.button, self.test_button):
            button.setEnabled(free)
        if plan.found is not self._shown:
            self._shown = plan.found
            self._fill(plan.found)
        self._show_state()

    # -- inside ---------------------------------------------------------------------------------------

    def _add_all(self, *widgets: QWidget) -> None:
        for widget in widgets:
            self.body.addWidget(widget)

    def _show_state(self) -> None:
        session, plan = self.session, self.session.plan
        if session.phase is Phase.LOOKING:
            self.set_state(State.RUNNING)
            self.summarise("looking…")
        elif plan.problem:
            self.set_state(State.FAILED, plan.problem)
            self.summarise("cannot be used")
        elif plan.found is None:
            self.set_state(State.NOT_RUN)
            self.summarise("" if plan.path is None else plan.path.name)
        else:
            self.set_state(State.FAILED if plan.problems else State.DONE)
            self.summarise(films_words(plan.found))

    def _fill(self, found: Mapping[str, Any] | None) -> None:
        self.table.fill(found)
        self.refused.tell(*(found["problems"] if found else ()))
        self.noted.tell(*(found["notes"] if found else ()))
        lines = [] if found is None else [_left_line(*one) for one in found["left_out_first"]]
        copies = [] if found is None else [_copy_line(*one) for one in found["duplicates_first"]]
        self.left_fold.setVisible(bool(lines or copies))
        if found is None:
            self.left.hide()
            return
        left, copied = int(found["left_out"]), int(found["duplicates"])
        said = [f"{left} left out"] if left else []
        said += [f"{count(copied, 'copy').replace('copys', 'copies')}"] if copied else []
        self.left_fold.setText(", ".join(said))
        told = (lines + copies)[:_MOST]
        more = left + copied - len(told)
        self.left.setText(breakable("\n".join([*told, *([f"and {more} more"] if more > 0 else [])])))
        if not self.left_fold.isChecked():
            self.left.hide()

    def _adder(self, text: str, entries: tuple[str, ...], slot: Any) -> QPushButton:
        button = QPushButton(text)
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        for entry in entries:
            action: QAction = menu.addAction(entry)
            action.setToolTip(_FOLDER_TIP if entry.startswith("Folder") else _TABLE_TIP)
            action.triggered.connect(lambda _=False, entry=entry: slot(entry))
        button.setMenu(menu)
        return button

    def _add(self, entry: str) -> None:
        if (path := self._asked(entry, "Films with labels")) is not None:
            self._choose(path, None)

    def _add_test(self, entry: str) -> None:
        if (path := self._asked(entry, "Films to test on")) is not None:
            self._choose(self.session.plan.path, path)

    def _asked(self, entry: str, title: str) -> Path | None:
        if entry.startswith("Folder"):
            said = QFileDialog.getExistingDirectory(self, title)
        else:
            said, _ = QFileDialog.getOpenFileName(self, title, "", "Tables (*.csv)")
        return Path(said) if said else None

    def _choose(self, path: Path | None, test: Path | None) -> None:
        if path is not None and path == test:
            self.complaint.tell(f"{path.name}: the same films to train and to test on.")
            return
        if not self.session.busy:
            self.complaint.tell()
            self.session.choose(path, test)


class _Place(QWidget):
    """A data set that was chosen, with a button that takes it away.

    Attributes
    ----------
    removed : Signal
        The button was pressed.
    """

    removed = Signal()

    def __init__(self, text: str, tip: str) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        self.kind = QLabel(text)
        self.kind.setToolTip(tip)
        self.name = QuietLabel(quiet=False)
        self.button = QToolButton()
        self.button.setText("✕")
        self.button.setAutoRaise(True)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.clicked.connect(lambda: self.removed.emit())
        line.addWidget(self.kind)
        line.addWidget(self.name, 1)
        line.addWidget(self.button)

    def show_path(self, path: Path | None, kind: str, *, free: bool) -> None:
        """Show a folder or table; None hides the row."""
        self.setVisible(path is not None)
        if path is None:
            return
        self.kind.setText(kind)
        self.name.set_text(path.name or str(path))
        self.name.setToolTip(str(path))
        self.button.setEnabled(free)
        self.button.setToolTip(f"Take {path.name} away; nothing is deleted.")
        self.button.setAccessibleName(self.button.toolTip())


class FoundTable(QWidget):
    """Films, classes, patients and collections of what was found."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(0, 14)
        for column in (1, 2, 3):
            self._grid.setColumnStretch(column, 6)
        self.setAccessibleName("Films found")
        self._rows = 0

    def fill(self, found: Mapping[str, Any] | None) -> None:
        """Show what was found; None shows nothing."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        self._rows = 0
        self.setVisible(found is not None)
        if found is None:
            return
        self._row("", "TB", "no TB", "patients", bold=True)
        roles = {"train": "trained on", "test": "tested on", "both": ""}
        for one in found["sets"]:
            name = " ".join(filter(None, (str(one["name"]), roles.get(one["role"], ""))))
            self._row(name, one["tb"], one["films"] - one["tb"], one["patients"], tip=one.get("terms", ""))
            if len(one["sources"]) > 1:
                for source in one["sources"]:
                    self._row(f"   {source['name']}", source["tb"], source["normal"], "")
        if found.get("references"):
            said = f"{count(int(found['references']), 'film')} with reference lungs"
            label = QuietLabel(said)
            self._grid.addWidget(label, self._rows, 0, 1, 4)
            self._rows += 1

    def _row(self, head: str, *cells: object, bold: bool = False, tip: str = "") -> None:
        name = QuietLabel(head, quiet=False)
        name.setToolTip("\n".join(filter(None, (head.strip(), tip))))
        self._grid.addWidget(name, self._rows, 0)
        for column, text in enumerate(cells, 1):
            cell = QuietLabel(str(text), quiet=bold)
            cell.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(cell, self._rows, column)
        self._rows += 1


def _left_line(file: str, reason: str, kind: str) -> str:
    name = Path(file).name
    return reason if reason.startswith(name) else f"{name}: {reason}"


def _copy_line(file: str, same_as: str, handled: str) -> str:
    return f"{Path(file).name}: copy of {Path(same_as).name}, {handled}"

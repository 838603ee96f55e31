"""The places that images come from: a row each, and a button that adds more."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.preferences import default_folder, preferences
from napari_tbcad.widgets.training.data import Given, kind_of_folder

WORDS = {"folder": "Folder", "table": "Table", "cases": "Cases", "corrections": "My corrections"}
_TIPS = {
    "folder": "A folder with images and labels of the same names (and samples.csv where patients are known), "
    "a chest set or BS-80K as it was unpacked, or a set that this program wrote.",
    "table": "A CSV with the columns image and label, and if known patient, source, view and fold.",
    "cases": "Cases saved by the chest or the bone panel, or folders of them: what a person corrected is "
    "learned.",
    "corrections": "Everything you corrected and have kept: the folder where cases are saved while you work.",
}


class Places(QWidget):
    """What was named so far, and what adds to it.

    Attributes
    ----------
    added : Signal(object)
        A tuple of :class:`Given`.
    removed : Signal(int)
        Place in the list.
    """

    added = Signal(object)
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Given, ...] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        self.empty = QLabel("No images yet: add a place, or drop folders, tables or cases here.")
        self.empty.setWordWrap(True)
        column.addWidget(self.empty)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(2)
        column.addLayout(self._rows)
        self.button = QPushButton("Add images")
        self.button.setToolTip("Say where images with their labels lie; several places are learned together.")
        menu = QMenu(self.button)
        self._actions: dict[str, QAction] = {}
        menu.setToolTipsVisible(True)
        for text, kind, slot in (
            ("Folder…", "folder", self.ask_for_folder),
            ("Table (CSV)…", "table", self.ask_for_table),
            ("Saved cases…", "cases", self.ask_for_cases),
            ("My corrections", "corrections", self.add_corrections),
        ):
            action = self._actions[kind] = menu.addAction(text)
            action.setToolTip(_TIPS[kind])
            action.triggered.connect(lambda _=False, slot=slot: slot())
        self.button.setMenu(menu)
        column.addWidget(self.button)

    def show_places(self, given: tuple[Given, ...]) -> None:
        """Show what was named."""
        if given == self._shown:
            return
        self._shown = given
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        for place, one in enumerate(given):
            self._rows.addWidget(self._row(place, one))
        self.empty.setVisible(not given)

    def allow(self, kinds: Collection[str]) -> None:
        """Offer only what a task can be learned from."""
        for kind, action in self._actions.items():
            action.setEnabled(kind in kinds)

    def ask_for_folder(self) -> None:
        """Let the person choose a folder."""
        path = QFileDialog.getExistingDirectory(self, "Folder of images and labels")
        if path:
            self.added.emit((Given(kind_of_folder(Path(path)), (Path(path),)),))

    def ask_for_table(self) -> None:
        """Let the person choose a table."""
        path, _ = QFileDialog.getOpenFileName(self, "Table of images and labels", "", "Tables (*.csv)")
        if path:
            self.added.emit((Given("table", (Path(path),)),))

    def ask_for_cases(self) -> None:
        """Let the person choose saved cases."""
        paths, _ = QFileDialog.getOpenFileNames(self, "Saved cases", "", "Cases (*.tbcad)")
        if paths:
            self.added.emit((Given("cases", tuple(Path(path) for path in paths)),))

    def add_corrections(self) -> None:
        """Add what the person corrected."""
        self.added.emit((Given("corrections", (preferences().autosave or default_folder(),)),))

    def _row(self, place: int, given: Given) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        kind = QLabel(WORDS[given.kind])
        line.addWidget(kind)
        names = ", ".join(path.name or str(path) for path in given.paths)
        if given.kind == "corrections":
            names = "all that is kept"
        if len(given.paths) > 1:
            names = f"{len(given.paths)}: {names}"
        name = QuietLabel(names, quiet=False)
        name.setToolTip("\n".join(map(str, given.paths[:20])) or _TIPS["corrections"])
        line.addWidget(name, 1)
        button = QToolButton()
        button.setText("✕")
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setToolTip(f"Do not learn from {names or 'my corrections'}.")
        button.setAccessibleName(button.toolTip())
        button.clicked.connect(lambda: self.removed.emit(place))
        line.addWidget(button)
        return row

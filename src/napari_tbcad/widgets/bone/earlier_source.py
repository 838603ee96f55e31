"""Where the earlier scan comes from: a case, a folder of results, or another scan that is open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QGridLayout, QInputDialog, QPushButton, QWidget

_NONE = "Another open scan…"


class EarlierSource(QWidget):
    """Buttons for a case and a folder, and a list of the scans that are open.

    Attributes
    ----------
    case_chosen : Signal(object)
        The path of a case.
    results_chosen : Signal(object, str)
        A folder of results, and which of its scans.
    scan_chosen : Signal(object)
        The layer of an open scan.
    failed : Signal(str)
        Why a folder cannot be used.
    """

    case_chosen = Signal(object)
    results_chosen = Signal(object, str)
    scan_chosen = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.case_button = self._button(
            "Case…", "A case (.tbcad) of the patient's earlier scan.", self.ask_case
        )
        self.folder_button = self._button(
            "Results…",
            "A folder that `bone run`, or Export here, wrote of the earlier scan.",
            self.ask_folder,
        )
        self.scans = QComboBox()
        self.scans.setAccessibleName("Open scan to compare with")
        self.scans.setToolTip("Another scan that is open here; it is followed while you judge it.")
        self.scans.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.scans.setMinimumContentsLength(10)
        self.scans.activated.connect(self._on_scan)
        self._layers: list[Any] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(self.case_button, 0, 0)
        grid.addWidget(self.folder_button, 0, 1)
        grid.addWidget(self.scans, 1, 0, 1, 2)
        self.setAcceptDrops(True)

    def offer(self, scans: Sequence[tuple[str, Any]]) -> None:
        """Offer open scans: what each is called, and its layer."""
        names = [_NONE, *(name for name, _ in scans)]
        self._layers = [layer for _, layer in scans]
        if [self.scans.itemText(n) for n in range(self.scans.count())] != names:
            with QSignalBlocker(self.scans):
                self.scans.clear()
                self.scans.addItems(names)
        self.scans.setVisible(bool(scans))

    def ask_case(self) -> None:
        """Ask for a case."""
        path, _ = QFileDialog.getOpenFileName(self, "Case of the earlier scan", "", "Cases (*.tbcad)")
        if path:
            self.take(Path(path))

    def ask_folder(self) -> None:
        """Ask for a folder of results."""
        folder = QFileDialog.getExistingDirectory(self, "Results of the earlier scan")
        if folder:
            self.take(Path(folder))

    def take(self, path: Path) -> None:
        """Take a case or a folder of results; of several scans there, a person says which."""
        if path.is_file():
            self.case_chosen.emit(path)
            return
        from napari_tbcad.bone.compared import scans_in_results
        from napari_tbcad.errors import BadInput

        try:
            names = list(scans_in_results(path))
        except BadInput as error:
            self.failed.emit(str(error))
            return
        name, fine = names[0], True
        if len(names) > 1:
            name, fine = QInputDialog.getItem(self, "Earlier scan", "Which scan?", names, 0, False)
        if fine:
            self.results_chosen.emit(path, name)

    def dragEnterEvent(self, event: Any) -> None:
        """Take a case or a folder that is dropped here."""
        if any(_usable(Path(url.toLocalFile())) for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Compare with what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls()]
        if (path := next(filter(_usable, paths), None)) is not None:
            event.acceptProposedAction()
            self.take(path)

    def _on_scan(self, number: int) -> None:
        if 0 < number <= len(self._layers):
            self.scan_chosen.emit(self._layers[number - 1])
        with QSignalBlocker(self.scans):
            self.scans.setCurrentIndex(0)

    @staticmethod
    def _button(text: str, tip: str, act: Any) -> QPushButton:
        button = QPushButton(text)
        button.setStyleSheet("padding: 4px;")
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(lambda _=False: act())
        return button


def _usable(path: Path) -> bool:
    return path.is_dir() or path.suffix == ".tbcad"

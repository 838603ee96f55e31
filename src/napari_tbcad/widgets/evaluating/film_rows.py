"""The list of test films: as many as there are, drawn only where they are seen."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor

from napari_tbcad.widgets.evaluating.results import ALARM, MISSED, RIGHT
from napari_tbcad.widgets.evaluating.words import fold_words
from napari_tbcad.widgets.parts.row_table import RowTable
from napari_tbcad.widgets.training.plot import readable

if TYPE_CHECKING:
    from napari_tbcad.widgets.evaluating.results import Films

FILTERS = {"wrong": "Misclassified", "missed": "Missed TB", "alarm": "False alarms", "all": "All"}
"""What is listed, and what that is called."""
SIGNS = {RIGHT: "✓", MISSED: "✕ missed", ALARM: "▲ alarm"}
_COLOURS = {MISSED: "#D55E00", ALARM: "#E69F00"}
_HEADS = ("", "Film", "p", "Fold")
_TIPS = (
    "What came of it: ✕ tuberculosis missed, ▲ false alarm, ✓ decided rightly.",
    "The film's file.",
    "Probability of tuberculosis, by the model that was tested on the film.",
    "The fold in which the film was tested.",
)


class FilmModel(QAbstractTableModel):
    """The films of one method, those of one kind."""

    def __init__(self) -> None:
        super().__init__()
        self.background = QColor("white")
        self._films: Films | None = None
        self._rows: NDArray[np.intp] = np.empty(0, np.intp)

    def show_films(self, films: Films | None, kind: str, text: str = "") -> None:
        """Show films of a kind (:data:`FILTERS`) whose names hold a text."""
        self.beginResetModel()
        self._films = films
        if films is None:
            self._rows = np.empty(0, np.intp)
        else:
            chosen = _chosen(films, kind)
            if wanted := text.strip().casefold():
                names = np.array([wanted in str(name).casefold() for name in films.file], bool)
                chosen = chosen & names
            self._rows = np.flatnonzero(chosen)
        self.endResetModel()

    def place(self, row: int) -> int:
        """Return which of the films a row shows."""
        return int(self._rows[row])

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return how many films are listed."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(_HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return heads and their tooltips."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADS[section]
        return _TIPS[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return what a cell shows."""
        films = self._films
        if films is None or not index.isValid():
            return None
        place, column = self.place(index.row()), index.column()
        outcome = int(films.outcome[place])
        if role == Qt.ItemDataRole.DisplayRole:
            texts = (SIGNS[outcome], PurePosixPath(films.file[place]).name)
            numbers = (f"{films.probability[place]:.2f}", fold_words(str(films.fold[place])))
            return (*texts, *numbers)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return describe(films, place)
        if role == Qt.ItemDataRole.ForegroundRole and column == 0 and outcome in _COLOURS:
            return readable(_COLOURS[outcome], self.background)
        if role == Qt.ItemDataRole.TextAlignmentRole and column > 1:
            return int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)
        return None


def describe(films: Films, place: int) -> str:
    """Return what is known of a film in one line each."""
    truth = "tuberculosis" if films.label[place] else "no tuberculosis"
    decided = f", decided by stage {films.stage[place]}" if films.stage[place] else ""
    lines = [
        str(films.file[place]),
        f"{truth}; probability {films.probability[place]:.3f}, "
        f"threshold {films.threshold[place]:.3f}{decided}",
    ]
    source, patient = str(films.source[place]), str(films.patient[place])
    known = [
        f"collection {source}" if source else "",
        f"patient {patient}" if patient != films.file[place] else "",
    ]
    return "\n".join(filter(None, [*lines, ", ".join(filter(None, known))]))


def _chosen(films: Films, kind: str) -> NDArray[np.bool_]:
    if kind == "missed":
        return films.outcome == MISSED
    if kind == "alarm":
        return films.outcome == ALARM
    return films.outcome != RIGHT if kind == "wrong" else np.ones(len(films), bool)


class FilmTable(RowTable):
    """The list; a click or Return asks for a film."""

    rows: FilmModel

    def __init__(self) -> None:
        super().__init__(FilmModel(), stretched=1, widths={0: 74, 2: 42, 3: 54})
        self.setFixedHeight(206)
        self.setAccessibleName("Test films")
        self.setToolTip("A click or Return opens the film with the model that was tested on it.")
        self.clicked.connect(self.ask)

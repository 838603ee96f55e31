"""Step 5: the test films one by one, the most wrong first; a click opens one in the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QDockWidget, QFileDialog, QGridLayout, QLineEdit, QPushButton, QWidget

from napari_tbcad.chain import State
from napari_tbcad.widgets.chest.opening import Wanted
from napari_tbcad.widgets.evaluating.film_rows import FILTERS, FilmTable, describe
from napari_tbcad.widgets.evaluating.results import RIGHT
from napari_tbcad.widgets.evaluating.session import EvaluationSession
from napari_tbcad.widgets.evaluating.step import EvaluationStep
from napari_tbcad.widgets.evaluating.words import fold_words, method_words
from napari_tbcad.widgets.panels import CHEST, show_panel
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.parts.step import BLUE
from napari_tbcad.widgets.parts.words import count
from napari_tbcad.widgets.workflow.step import left_aligned

if TYPE_CHECKING:
    from napari_tbcad.widgets.evaluating.results import Films, Results

OWN_MODEL = "Judged by the model in use in the chest panel, not by the one of its fold."
"""Said of a film once the model of its fold was given back or refused."""


class FilmsStep(EvaluationStep):
    """Films by method and by what came of them."""

    number, heading = 5, "Films"
    purpose = "Where a classifier went wrong, film by film; a film opens with masks, answer and evidence."

    def __init__(self, session: EvaluationSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        self.empty = QuietLabel("The test films are listed here once there are results.", wrap=True)
        self.method, self.kind, self.search = QComboBox(), QComboBox(), QLineEdit()
        self.method.setToolTip("The classifier whose answers are listed.")
        self.kind.setToolTip("Which films are listed; the most wrong first.")
        self.search.setToolTip("Lists only films whose names hold this.")
        self.search.setPlaceholderText("part of a name")
        self.search.setClearButtonEnabled(True)
        for box in (self.method, self.kind):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
        for key, text in FILTERS.items():
            self.kind.addItem(text, key)
        self.table = FilmTable()
        self.about = QuietLabel(wrap=True)
        self.card = left_aligned("")
        self.card.setStyleSheet(f"border-left: 3px solid {BLUE}; padding: 2px 2px 2px 6px;")
        self.answer_button = QPushButton("Masks and answer")
        self.answer_button.setToolTip("Bring the chest panel to the front: why the film was so judged.")
        self.problem = Notice(refuses=True)
        self.find_button = QPushButton("Where are the films?…")
        self.find_button.setToolTip("Name the folder of the data set: this evaluation was made elsewhere.")
        self.chosen = QWidget()
        grid = QGridLayout(self.chosen)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(self.method, 0, 0)
        grid.addWidget(self.kind, 0, 1)
        grid.addWidget(self.search, 1, 0, 1, 2)
        for text, control in (("Classifier", self.method), ("Show", self.kind), ("Find", self.search)):
            control.setAccessibleName(text)
        self.body.addWidget(self.empty)
        self.body.addWidget(self.chosen)
        for widget in (self.table, self.about, self.card, self.answer_button, self.problem, self.find_button):
            self.body.addWidget(widget)
        self.opener = session.opener
        self._told: Wanted | None = None
        self.method.currentIndexChanged.connect(self._list)
        self.kind.currentIndexChanged.connect(self._list)
        self.search.textChanged.connect(self._list)
        self.table.wanted.connect(self.open)
        self.opener.docked.connect(self._come_back)
        self.answer_button.clicked.connect(self.show_answer)
        self.find_button.clicked.connect(self.ask_for_films)
        self.opener.opened.connect(self._tell_opened)
        self.opener.returned.connect(self._tell_returned)
        self.opener.failed.connect(self.problem.tell)
        session.shown.connect(self._show_results)
        self._show_results()

    @property
    def films(self) -> Films | None:
        """The films of the chosen method."""
        results = self.session.results
        return None if results is None else results.films.get(str(self.method.currentData()))

    def open(self, place: int) -> None:
        """Open one of the films in the viewer."""
        results, films, method = self.session.results, self.films, str(self.method.currentData())
        if results is None or films is None:
            return
        self.problem.tell()
        file, fold = str(films.file[place]), str(films.fold[place])
        path = self.session.view.path_of(file)
        if path is None:
            self.problem.tell(
                f"{Path(file).name}: where the films lie is not known here; name their folder below."
            )
            self.find_button.show()
            return
        model = results.model_of(method, fold)
        name = f"fold {fold_words(fold)} ({method_words(method)})"
        said = f"Judged by the model of {name}, which did not see this film."
        judged = said if model is not None else _without_model(results)
        self.opener.open(Wanted(path, model, judged, describe(films, place)))

    def show_answer(self) -> None:
        """Show the chest panel with masks and answer."""
        if self.session.viewer is not None:
            show_panel(self.session.viewer, CHEST)

    def ask_for_films(self) -> None:
        """Let the person say where the data set is."""
        path = QFileDialog.getExistingDirectory(self, "Folder of the data set")
        if path:
            self.session.view.root = Path(path)
            self.problem.tell()

    def refresh(self) -> None:
        """Show how many films there are of the kind."""
        films = self.films
        self.set_state(State.DONE if films is not None else State.NOT_RUN)
        if films is None:
            self.summarise("")
            return
        wrong = int((films.outcome != RIGHT).sum())
        self.summarise(f"{wrong} of {count(len(films), 'film')} wrong")

    # -- inside ---------------------------------------------------------------------------------------

    def _show_results(self) -> None:
        results = self.session.results
        there = results is not None
        self.empty.setVisible(not there)
        self.chosen.setVisible(there)
        self.table.setVisible(there)
        self.problem.tell()
        for widget in (self.card, self.answer_button):
            widget.hide()
        self.find_button.setVisible(there and results is not None and not results.paths)
        with QSignalBlocker(self.method):
            self.method.clear()
            for method in results.methods if results is not None else ():
                self.method.addItem(method_words(method), method)
        self._list()

    def _list(self, *_: object) -> None:
        self.table.rows.show_films(self.films, str(self.kind.currentData()), self.search.text())
        listed = self.table.rows.rowCount()
        self.about.setVisible(self.films is not None and not listed)
        self.about.set_text("" if listed else "No film of this kind.")

    def _tell_opened(self, wanted: Wanted) -> None:
        self._told = wanted
        self.card.setText(breakable(f"{wanted.card}\n{wanted.said}"))
        self.card.show()
        self.answer_button.show()

    def _tell_returned(self, wanted: Wanted) -> None:
        if self._told is not None and wanted.path == self._told.path:
            self.card.setText(breakable(f"{wanted.card}\n{OWN_MODEL}"))

    def _come_back(self) -> None:
        """Stay in front: a person goes through a list."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QDockWidget):
            above = above.parentWidget()
        if above is not None:
            above.raise_()


def _without_model(results: Results) -> str:
    """Say who judges a film whose fold has no model."""
    given = str(results.about.get("classifier") or "").partition(" ")[0]
    if given:
        return f"The list is what the model {given} says; the film is judged by the model in use."
    return "No model of its fold was kept: the model in use judges it."

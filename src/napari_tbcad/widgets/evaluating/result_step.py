"""Step 4: the scores, what may be believed of them, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_tbcad.chain import State
from napari_tbcad.widgets.evaluating.methods_table import MethodsTable
from napari_tbcad.widgets.evaluating.plot_tabs import PlotTabs
from napari_tbcad.widgets.evaluating.results import rows_of
from napari_tbcad.widgets.evaluating.score_bars import SIGNS, Score, ScoreBars
from napari_tbcad.widgets.evaluating.session import EvaluationSession
from napari_tbcad.widgets.evaluating.step import EvaluationStep
from napari_tbcad.widgets.evaluating.verdict_banner import VerdictBanner
from napari_tbcad.widgets.evaluating.words import control_words, figure, method_words, score_words
from napari_tbcad.widgets.parts.fold import Fold
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.parts.words import count
from napari_tbcad.widgets.work import timer
from napari_tbcad.widgets.workflow.step import left_aligned

if TYPE_CHECKING:
    from napari_tbcad.widgets.evaluating.results import Results

_MOST_FOLDS = 4
"""Controls of single folds that are shown beside those of all."""
_DIFFERS = 0.05
_MEASURES = {"auc": "AUC", "brier": "Brier"}


class ResultStep(EvaluationStep):
    """Verdict, scores beside their controls, table, plots, stages and paired tests."""

    number, heading = 4, "Result"
    purpose = "How good the classifiers are on films they have not seen, and whether that may be believed."

    def __init__(self, session: EvaluationSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        self.empty = QuietLabel("No results yet: run an evaluation, or open the results of one.", wrap=True)
        self.facts = QuietLabel(wrap=True)
        self.verdict = VerdictBanner()
        self.bars = ScoreBars()
        self.table = MethodsTable()
        self.copy_button = QPushButton("Copy as CSV")
        self.copy_button.setToolTip("Put the table into the clipboard as CSV, with all its digits.")
        self.plots = PlotTabs()
        self.stages, self.tests = left_aligned(""), left_aligned("")
        self.stages_fold = Fold(
            self.stages, "How many films each stage decided, and how often rightly.", "Stages"
        )
        self.tests_fold = Fold(
            self.tests,
            "Differences on the same films, patients drawn again together; p after Holm.",
            "Compared in pairs",
        )
        self.notes = left_aligned("")
        self.notes_fold = Fold(self.notes, "What is to be known of data and run.", "Notes")
        self.report_button, self.folder_button = QPushButton("Open report"), QPushButton("Folder")
        self.report_button.setToolTip(
            "Open report.html in the browser: everything here and more, ready to print."
        )
        self.folder_button.setToolTip("Open the folder with all tables in the file manager.")
        self._left: list[Callable[[Results], None]] = []
        self._soon = timer(self, self._show_next)
        self._lay_out()
        self.copy_button.clicked.connect(self.table.copy)
        self.report_button.clicked.connect(self.open_report)
        self.folder_button.clicked.connect(self.open_folder)
        session.shown.connect(self._show_results)
        self._show_results()

    @property
    def complete(self) -> bool:
        """Whether everything is shown."""
        return not self._left

    def open_report(self) -> None:
        """Open the report in the browser."""
        if (results := self.session.results) is not None:
            self._open(results.report)

    def open_folder(self) -> None:
        """Open the folder in the file manager."""
        if (results := self.session.results) is not None:
            self._open(results.folder)

    def _open(self, path: Path) -> None:
        if path.exists():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        else:
            self.session.fail(f"{path.name}: it is gone from {path.parent}")

    def refresh(self) -> None:
        """Show state and summary; the results themselves change with the signal `shown`."""
        session, results = self.session, self.session.results
        if session.reading:
            self.set_state(State.RUNNING)
            self.summarise("reading…")
        else:
            self.set_state(State.DONE if results is not None else State.NOT_RUN)
            sign = SIGNS.get(results.verdict[0], "") if results is not None else ""
            self.summarise(f"{sign} {score_words(session)}".strip())

    # -- inside ---------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.report_button)
        buttons.addWidget(self.folder_button)
        copy = QHBoxLayout()
        copy.addStretch()
        copy.addWidget(self.copy_button)
        for widget in (self.empty, self.verdict, self.facts, self.bars, self.table):
            self.body.addWidget(widget)
        self.body.addLayout(copy)
        folded = (self.stages_fold, self.stages, self.tests_fold, self.tests, self.notes_fold, self.notes)
        below: tuple[QWidget, ...] = (self.plots, *folded)
        for one in below:
            self.body.addWidget(one)
        self.body.addLayout(buttons)

    def _show_results(self) -> None:
        results = self.session.results
        there = results is not None
        self.empty.setVisible(not there)
        for widget in (
            self.verdict,
            self.facts,
            self.bars,
            self.table,
            self.copy_button,
            self.report_button,
            self.folder_button,
        ):
            widget.setVisible(there)
        for fold, text, lines in (
            (self.stages_fold, self.stages, [] if results is None else stage_lines(results)),
            (self.tests_fold, self.tests, [] if results is None else test_lines(results)),
            (self.notes_fold, self.notes, [] if results is None else note_lines(results)),
        ):
            fold.setVisible(bool(lines))
            text.setText(breakable("\n".join(lines)))
            text.setVisible(bool(lines) and fold.isChecked())
        self.plots.hide()
        self._left = [] if results is None else [self._show_table, self._show_plots]
        if results is None:
            self.plots.show_results(None)
            return
        self.verdict.show_verdict(*results.verdict)
        self.facts.set_text(facts_line(results))
        self.bars.show_rows(score_rows(results))
        self.report_button.setEnabled(results.report.is_file())
        self._soon.start(0)

    def _show_next(self) -> None:
        """Show one thing a turn of the event loop: together they would hold the window up."""
        if self._left and self.session.results is not None:
            self._left.pop(0)(self.session.results)
        if self._left:
            self._soon.start(0)

    def _show_table(self, results: Results) -> None:
        self.table.show_results(results)

    def _show_plots(self, results: Results) -> None:
        self.plots.show_results(results)


def facts_line(results: Results) -> str:
    """Return data, design and size in one line."""
    about = results.about
    names = " → ".join(str(one.get("name", "")) for one in about.get("data", ()))
    first = results.evaluation.summary.iloc[0]
    films = f"{int(first['n_tb'])} TB, {int(first['n_normal'])} no TB tested"
    return " · ".join(filter(None, (names, str(about.get("design", "")), films)))


def score_rows(results: Results) -> list[Score]:
    """Return the main variant's methods and its controls; of single folds only those that object."""
    evaluation = results.evaluation
    rows = [
        Score(
            method_words(str(one.method)),
            one.auc,
            one.auc_low,
            one.auc_high,
            level=str(one.level),
            tip=str(one.warning),
        )
        for one in rows_of(evaluation.of_main(evaluation.summary))
    ]
    controls = [one for one in rows_of(evaluation.of_main(evaluation.controls)) if math.isfinite(one.auc)]
    whole = [one for one in controls if ", fold " not in str(one.control)]
    parts = [one for one in controls if ", fold " in str(one.control) and one.level]
    parts.sort(key=lambda one: (one.level != "red", -one.auc))
    for one in (*whole, *parts[:_MOST_FOLDS]):
        named, level, tip = control_words(str(one.control)), str(one.level), str(one.warning)
        rows.append(Score(named, one.auc, one.low, one.high, control=True, level=level, tip=tip))
    return rows


def stage_lines(results: Results) -> list[str]:
    """Return what each of two stages decided, a line a method and stage."""
    evaluation = results.evaluation
    table = evaluation.of_main(evaluation.stages)
    lines = []
    for one in rows_of(table[(table["fold"] == "all") & (table["films"] > 0)]):
        if str(one.method).startswith("single"):
            continue
        right = figure(one.right, one.right_low, one.right_high)
        lines.append(f"{method_words(str(one.method))}: stage {one.stage} {one.share:.0%}, right {right}")
    return lines


def test_lines(results: Results) -> list[str]:
    """Return the paired comparisons of AUC, and of other figures those that differ, a line each."""
    lines = []
    tests = rows_of(results.evaluation.tests)
    for one in tests:
        if one.measure != "auc" and not one.p_corrected < _DIFFERS:
            continue
        names = f"{method_words(str(one.first))} − {method_words(str(one.second))}"
        difference = f"{one.difference:+.3f} ({one.low:+.3f} to {one.high:+.3f})".replace("-", "−")
        p = f"p {one.p_corrected:.3f}" if one.p_corrected >= 0.001 else "p < 0.001"
        lines.append(f"{_MEASURES.get(one.measure, one.measure)}, {names}: {difference}, {p}")
    if len(lines) < len(tests):
        lines.append(f"{len(tests) - len(lines)} more that show no difference are in tests.csv.")
    return lines


def note_lines(results: Results) -> list[str]:
    """Return the notes, and what was left out."""
    lines = [str(note) for note in results.about.get("notes", ())]
    left = len(results.evaluation.failed)
    if left:
        lines.append(f"{count(left, 'film')} left out (failed.csv)")
    return lines

"""The head of a panel: which study, one line of facts, what the checks complain about."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from napari_tbcad.widgets.parts.layer_picker import LayerPicker
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.step import AMBER
from napari_tbcad.widgets.parts.view_bar import ViewBar
from napari_tbcad.widgets.workflow.bench import Bench


class PanelHeader(QWidget):
    """Study, facts and chip.

    Parameters
    ----------
    bench : Bench
        What the panels of a viewer share.
    brief : bool, optional
        Study and facts only, for the panel of a single step.

    Attributes
    ----------
    said : tuple of str
        The complaints shown.
    open_title, open_tip, files : str
        Title and filter of the dialog that opens a file, and what may be opened.
    what : str
        What is refused when a layer cannot be used, with its article.
    """

    open_title = "Open"
    open_tip = "Open a file. It can be dropped here, too."
    files = "All files (*)"
    what = "a study"

    def __init__(self, bench: Bench, *, brief: bool = False) -> None:
        super().__init__()
        self.bench = bench
        self.said: tuple[str, ...] = ()
        self._complaint = ""
        self._viewing: Any = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        row = self.top_row = QHBoxLayout()
        self.picker = LayerPicker(bench)
        row.addWidget(self.picker, 1)
        self.open_button = QPushButton("Open…")
        self.open_button.setToolTip(self.open_tip)
        self.open_button.clicked.connect(lambda: self.ask_for_film())
        self.open_button.setVisible(not brief)
        row.addWidget(self.open_button)
        column.addLayout(row)
        facts = QHBoxLayout()
        self.facts = QuietLabel(wrap=True)
        self.chip = QToolButton()
        self.chip.setCheckable(True)
        self.chip.setChecked(True)
        self.chip.setAutoRaise(True)
        self.chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.chip.toggled.connect(lambda: bench.changed.emit())
        self._brief = brief
        facts.addWidget(self.facts, 1)
        facts.addWidget(self.chip)
        column.addLayout(facts)
        self.view_bar: ViewBar | None = None
        self._column = column
        bench.complained.connect(self._complain)
        bench.film_changed.connect(self._forget)

    def facts_text(self, session: Any) -> str:
        """Return one line of facts about a study that was read."""
        raise NotImplementedError

    def looked_at(self, session: Any) -> bool:
        """Tell whether the checks have something to go by."""
        raise NotImplementedError

    def looking(self, session: Any) -> bool:
        """Tell whether the checks are under way."""
        return session.job is not None

    def warnings_label(self) -> QLabel:
        """Return the place where a panel shows what is complained about."""
        label = QLabel("")
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setStyleSheet(f"border-left: 3px solid {AMBER}; padding: 2px 2px 2px 6px;")
        return label

    def ask_for_film(self) -> None:
        """Let the person choose a file."""
        path, _ = QFileDialog.getOpenFileName(self, self.open_title, "", self.files)
        if path:
            self.bench.open_film(path)

    def refresh(self) -> None:
        """Show facts and complaints."""
        session = self.bench.session
        if session is None:
            text = ""
        elif session.film_problem:
            text = session.film_problem
        elif session.run is not None:
            text = self.facts_text(session)
        else:
            text = "reading…"
        self.facts.set_text(self._complaint or text)
        self._refresh_bar()
        self._refresh_chip()

    def _refresh_bar(self) -> None:
        viewing = self.bench.viewing
        if self._brief or viewing is None:
            return
        if viewing is not self._viewing:
            if self.view_bar is not None:
                self.view_bar.deleteLater()
            self._viewing, self.view_bar = viewing, viewing.bar()
            self._column.addWidget(self.view_bar)
            viewing.changed.connect(self._refresh_bar)
        if self.view_bar is not None:
            self.view_bar.setVisible(self.bench.film is not None)
            viewing.show_on(self.view_bar)

    def _refresh_chip(self) -> None:
        session = self.bench.session
        self.said = session.warnings() if session is not None else ()
        problem = bool(session is not None and session.film_problem)
        ran = session is not None and self.looked_at(session)
        self.chip.setVisible(not self._brief and session is not None and (ran or bool(self.said) or problem))
        if problem:
            self.chip.setText(f"✕ not {self.what}")
        elif self.said:
            self.chip.setText(f"▲ {len(self.said)} warning{'s' if len(self.said) > 1 else ''}")
        elif session is not None and self.looking(session):
            self.chip.setText("checking…")
        else:
            self.chip.setText("✓ checks passed")
        # As wide as its longest text, so that nothing moves, or is cut, when the checks are through.
        self.chip.setMinimumWidth(self.chip.fontMetrics().horizontalAdvance("✓ checks passed") + 14)
        self.chip.setToolTip("Press to fold the warnings." if self.said else "Nothing to complain about.")

    def _complain(self, text: str) -> None:
        self._complaint = text
        self.refresh()

    def _forget(self) -> None:
        self._complaint = ""

"""Step 5: the answer and its reasons."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from napari_tbcad.chain import State
from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.evidence_box import EvidenceBox
from napari_tbcad.widgets.chest.explanation_box import ExplanationBox
from napari_tbcad.widgets.chest.features import readable
from napari_tbcad.widgets.chest.layers import KINDS
from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.bars import ContributionBars, ProbabilityBar
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.workflow.step import left_aligned

_MOST = 6
_HIDDEN = "Hidden while you read (Chest worklist)."


class ResultStep(ChestStep):
    """The answer and its reasons."""

    name, number, heading = "result", 5, "Result"
    purpose = "The classifier's answer, which gate decided, and what moved it."

    def __init__(self, bench: ChestBench, *, open_: bool = True) -> None:
        super().__init__(bench, open_=open_)
        self._shelf = bench.shelf
        self.banner = left_aligned("")
        self.banner.setStyleSheet("background: #E69F00; color: black; padding: 4px; border-radius: 3px;")
        self.sentence = left_aligned("")
        self.sentence.setStyleSheet("font-size: 12pt; font-weight: bold;")
        self.bar = ProbabilityBar()
        self.change = left_aligned("")
        self.change.hide()
        self.gates = [_Gate("1 Shape"), _Gate("2 All")]
        self.reasons = left_aligned("What moved it most, against a normal film")
        self.reasons.setToolTip(
            "Change of the log-odds when the film's values are replaced by those of a normal film; "
            "beside the name how far the value lies from normal films, in their spread (σ)."
        )
        self.contributions = ContributionBars()
        self._add(self.banner, self.sentence, self.bar, self.change)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for row, gate in enumerate(self.gates):
            for column, widget in enumerate((gate.title, gate.bar, gate.verdict)):
                grid.addWidget(widget, row, column)
        self._gate_box = QWidget()
        grid.setContentsMargins(0, 0, 0, 0)
        self._gate_box.setLayout(grid)
        self.explanation, self.evidence = ExplanationBox(), EvidenceBox()
        self._add(self._gate_box, self.reasons, self.contributions, self.explanation, self.evidence)
        self.notes = left_aligned("")
        self.body.addWidget(self.notes)
        self.model_button = QToolButton()
        self.model_button.setCheckable(True)
        self.model_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.model_button.setArrowType(Qt.ArrowType.RightArrow)
        self.model_button.setAutoRaise(True)
        self.model_button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.model_button.setToolTip("What the model was trained on and how well it did.")
        self.model_button.toggled.connect(self._show_card)
        self.card = left_aligned("")
        self.card.setFrameShape(QFrame.Shape.StyledPanel)
        self.card.hide()
        self.open_button = QPushButton("Open model…")
        self.open_button.setToolTip(
            "Use a model you trained: napari-tbcad chest train DATASET --out FILE.skops"
        )
        self.open_button.clicked.connect(self._open_model)
        self._add(self.model_button, self.card, self.open_button)
        self._form: ParameterForm | None = None
        self._opacities: ParameterForm | None = None

    def _add(self, *widgets: QWidget) -> None:
        for widget in widgets:
            self.body.addWidget(widget)

    def build(self, settings: Any) -> None:
        """Make the forms."""
        self._form = self.form(self._form, settings.classify, "classify")
        self._opacities = self.form(self._opacities, settings.opacities, "opacities")

    def refresh(self) -> None:
        """Show the answer; greyed when it is out of date."""
        super().refresh()
        session, model = self.session, self._shelf.model
        self._describe_model(model)
        self.explanation.refresh(session, blind=self.bench.blind)
        self.evidence.refresh(session, blind=self.bench.blind)
        result = session.value("result") if session is not None else None
        if self.bench.blind:
            self._clear()
            if result is not None:
                self._say(_HIDDEN)
                return
        for widget in (self.bar, self._gate_box, self.reasons, self.contributions):
            widget.setVisible(result is not None)
        self.banner.setVisible(model is not None and model.card.demonstration)
        # The banner and the scores say already that it is a demonstration model.
        notes = [n for n in getattr(result, "warnings", ()) if not n.startswith("demonstration model")]
        self.notes.setText("\n".join(f"▲ {note}" for note in notes))
        self.notes.setVisible(bool(notes))
        if session is None or result is None:
            self.change.hide()
            self._say_why_not(session, model)
            return
        fresh = session.fresh("result")
        for widget in (self.sentence, self.bar, self._gate_box, self.reasons, self.contributions):
            widget.setEnabled(fresh)
        self._show_result(session, result, fresh)

    def _show_result(self, session: ChestSession, result: Any, fresh: bool) -> None:
        self.sentence.setText(("" if fresh else "Out of date: ") + sentence(result))
        edited = session.run is not None and any(session.run.edited(kind) for kind in KINDS)
        self.bar.show_value(result.probability, result.threshold, session.ghost if edited else None)
        self._show_change(result, session.ghost if edited else None)
        first, second = result.probability_stage1, result.probability_stage2
        self.gates[0].show_gate(first, result.gate, decides=result.deciding_stage == 1)
        self.gates[1].show_gate(second, result.threshold, decides=result.deciding_stage == 2)
        rows = [self._row(session, c) for c in result.contributions[:_MOST]]
        self.contributions.show_rows(rows)
        self.reasons.setVisible(bool(rows))
        if result.probability is not None:
            self.summarise(f"p = {result.probability:.2f}" + ("" if fresh else ", out of date"))

    def _show_change(self, result: Any, ghost: float | None) -> None:
        """Say what the person's corrections did to the answer."""
        shown = ghost is not None and result.probability is not None
        self.change.setVisible(shown)
        if not shown:
            return
        moved = f"Your corrections moved the probability from {ghost:.2f} to {result.probability:.2f}"
        turned = (ghost >= result.threshold) != (result.probability >= result.threshold)
        self.change.setText(f"{moved} and changed the answer." if turned else f"{moved}.")

    def _row(self, session: ChestSession, contribution: Any) -> tuple[str, float, str]:
        """Return name, change and the place of the film's value among normal films."""
        from napari_tbcad.chest.classify.normals import place

        model = session.shelf.model
        found = None if model is None else place(model.card, contribution.feature, contribution.value)
        where = f"{contribution.z:+.1f} σ"
        if found is not None and found.percentile is not None:
            where += f", {found.text.replace('percentile ', 'P')}"
        # Only their log-odds are read by models; with that word the zone would be cut out of the name.
        name = readable(contribution.feature).replace("opacity logodds", "opacity")
        return name, contribution.change, where

    def _say_why_not(self, session: ChestSession | None, model: Any) -> None:
        if self._shelf.loading:
            said = "Loading the model…"
        elif model is not None and session is not None and session.busy:
            said = "Working…"
        elif model is None or session is None or session.run is None:
            said = ""
        else:
            said = "No result yet: press Run all."
        self._say(said)
        self.summarise("no model" if model is None and not self._shelf.loading else "")
        if result_state(session) is State.NOT_RUN:
            self.set_state(State.NOT_RUN)

    def _say(self, text: str) -> None:
        """Say something in place of an answer."""
        self.sentence.setEnabled(True)
        self.sentence.setText(text)
        self.sentence.setVisible(bool(text))

    def _clear(self) -> None:
        """Leave nothing of an answer, also where only a tooltip or a screen reader would find it."""
        self.bar.show_value(None, self.bar.threshold)
        for gate in self.gates:
            gate.clear()
        self.contributions.show_rows([])
        for label in (self.change, self.notes):
            label.setText("")
            label.hide()
        for widget in (self.bar, self._gate_box, self.reasons, self.contributions):
            widget.hide()
        self.summarise("")

    def _describe_model(self, model: Any) -> None:
        self.sentence.setVisible(True)
        if model is None:
            self.model_button.setVisible(False)
            self.card.setVisible(bool(self._shelf.message))
            self.card.setText(self._shelf.message)
            return
        card = model.card
        self.model_button.setVisible(True)
        self.model_button.setText(f"Model {card.name}: data, scores")
        self.banner.setText("Demonstration model: shows how the method works; train your own to rely on it.")
        self.card.setText(card_text(model) + (f"\n\n{self._shelf.message}" if self._shelf.message else ""))
        self.card.setVisible(self.model_button.isChecked() or bool(self._shelf.message))

    def _show_card(self, shown: bool) -> None:
        self.model_button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self.card.setVisible(shown)

    def _open_model(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a model", "", "Models (*.skops)")
        if path:
            self._shelf.load_file(path)


class _Gate:
    """One gate of the cascade: its name, a thin bar with the gate marked, what happened."""

    def __init__(self, title: str) -> None:
        self.title = QLabel(title)
        self.bar = ProbabilityBar(thin=True)
        self.verdict = QLabel("")

    def show_gate(self, probability: float | None, gate: float, *, decides: bool) -> None:
        """Show which side of the gate the film lies on, and whether this gate decided."""
        self.bar.show_value(probability, gate)
        if probability is None:
            self.verdict.setText("not asked")
            return
        side = "above" if probability >= gate else "below"
        self.verdict.setText(f"{'●' if decides else '○'} {probability:.2f} {side}")
        tip = f"{probability:.3f} is {side} the gate at {gate:.3f}."
        self.verdict.setToolTip(f"{tip} This gate decided." if decides else f"{tip} Another gate decided.")

    def clear(self) -> None:
        """Show nothing."""
        self.bar.show_value(None, self.bar.threshold)
        self.verdict.setText("")
        self.verdict.setToolTip("")


def result_state(session: ChestSession | None) -> State:
    """Return the state of the result step of a session."""
    return State.NOT_RUN if session is None else session.state("result")


def sentence(result: Any) -> str:
    """Return a result as one sentence.

    Parameters
    ----------
    result : ChestResult
        Its decision and the stage that took it.
    """
    by = {1: "decided by shape", 2: "decided by all features"}.get(result.deciding_stage, "")
    words = {
        "tb_suspect": "Suspect for tuberculosis",
        "not_suspect": "Not suspect for tuberculosis",
        "not_decided": "Not decided",
    }
    said = words.get(result.decision, result.decision)
    return f"{said}, {by}." if by else f"{said}."


def card_text(model: Any) -> str:
    """Return what must be known of a model: data, scores, terms of use.

    Parameters
    ----------
    model : ChestModel
        Its card is put into words.
    """
    card = model.card
    lines = [card.description] if card.description else []
    lines.append(f"Trained on {card.n_tb} films with tuberculosis and {card.n_normal} without.")
    lines += [f"• {s.name}: {s.n_tb} TB, {s.n_normal} normal" for s in card.sources]
    if card.scores:
        lines.append("Measured:")
        lines += [f"• {name} {value}" for name, value in card.headline().items()]
    lines.append(f"Features: {card.feature_set}, grid {card.grid} px, masks: {card.segmenter}.")
    lines.append(card.notice)
    return "\n".join(lines)

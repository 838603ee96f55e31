"""What came of a training: the new network beside the packaged one on held-out patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.parts.step import AMBER
from napari_tbcad.widgets.training.overlay_layers import OverlayLayers
from napari_tbcad.widgets.training.pictures import WorstPictures
from napari_tbcad.widgets.training.score_rows import HIGHER, LOWER, NONE, ScoreTable
from napari_tbcad.widgets.training.verdict import (
    METRICS,
    Against,
    is_fair,
    others_of,
    patients_of,
    rows_of,
    sentence,
)

_UNKNOWN = "It is not known whether the packaged network has learned from these patients."
_LEGEND = f"{HIGHER} higher, {LOWER} lower, {NONE} no difference shown: 95 % interval over patients."


class ResultView(QWidget):
    """A sentence, warnings, a table, and the worst images.

    Parameters
    ----------
    viewer : napari.Viewer
        Where an image is opened; held weakly.
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    said : QLabel
        The sentence.
    table : ScoreTable
        The scores.
    pictures : WorstPictures
        The worst images.
    """

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._judged: Mapping[str, Any] = {}
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.said.setStyleSheet("font-weight: bold; padding: 0;")
        self.warnings = QLabel()
        self.warnings.setWordWrap(True)
        self.warnings.setTextFormat(Qt.TextFormat.PlainText)
        self.warnings.setStyleSheet(f"border-left: 3px solid {AMBER}; padding: 2px 2px 2px 6px;")
        self.metric_box = QComboBox()
        self.metric_box.addItems(list(METRICS.values()))
        self.metric_box.setToolTip(
            "Dice: twice the pixels in common over the pixels of both. IoU: pixels in common over those of "
            "either. Both from the summed pixels of all held-out images."
        )
        self.metric_box.setAccessibleName("Metric")
        self.against_box = QComboBox()
        self.against_box.setToolTip("Which network the new one is held against.")
        self.against_box.setAccessibleName("Compared with")
        self.table = ScoreTable()
        self.legend = QuietLabel(_LEGEND, wrap=True, scale=0.9)
        self.pictures = WorstPictures()
        self.layers = OverlayLayers(viewer, self)
        self._lay_out()
        self.metric_box.currentIndexChanged.connect(self._refresh)
        self.against_box.currentIndexChanged.connect(self._refresh)
        self.pictures.wanted.connect(self._open)
        self.clear()

    def clear(self) -> None:
        """Show nothing."""
        self._judged = {}
        self.pictures.clear()
        self._refresh()

    def show_result(self, judged: Mapping[str, Any]) -> None:
        """Show a comparison, as :mod:`napari_tbcad.batch.trainings.judged` describes it."""
        self._judged = judged
        self.against_box.blockSignals(True)
        self.against_box.clear()
        for key, name in others_of(judged).items():
            self.against_box.addItem(f"against {name}", key)
        self.against_box.blockSignals(False)
        self.pictures.show_overlays(judged.get("overlays") or (), str(judged.get("task", "")))
        self._refresh()

    # -- inside ---------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.metric_box)
        row.addWidget(self.against_box, 1)
        row.addStretch()
        for box in (self.metric_box, self.against_box):
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(5)
        column.addWidget(self.said)
        column.addWidget(self.warnings)
        column.addLayout(row)
        column.addWidget(self.table)
        column.addWidget(self.legend)
        column.addWidget(self.pictures)

    def _refresh(self) -> None:
        judged = self._judged
        metric = list(METRICS)[max(0, self.metric_box.currentIndex())]
        against: Against = self.against_box.currentData() or "packaged"
        rows = rows_of(judged, metric, against) if judged else []
        others = others_of(judged) if judged else {}
        said = sentence(judged, metric, against) if judged else ""
        self.said.setText(breakable(said))
        self.said.setToolTip(said)
        self.said.setVisible(bool(said))
        self._warn(self._warnings())
        fair = bool(rows) and is_fair(judged, against)
        self.table.show_rows(rows, other=against if against in others else "", fair=fair)
        self.table.setVisible(bool(rows))
        self.legend.setVisible(fair and bool(others))
        self.metric_box.setVisible(bool(rows))
        self.against_box.setVisible(len(others) > 1)

    def _warnings(self) -> list[str]:
        judged = self._judged
        if not judged:
            return []
        # The marks of commands are for terminals; that few are held out is said once, by the sentence above.
        said = [str(text).replace("`", "") for text in judged.get("warnings") or ()]
        if self.said.text().startswith("Only "):
            said = [text for text in said if not text.startswith("only ")]
        if "learned" in judged and judged["learned"] is None and patients_of(judged):
            said.append(_UNKNOWN)
        if failed := judged.get("failed"):
            name, cause = failed[0]
            many = f"{len(failed)} images" if len(failed) > 1 else "1 image"
            said.append(f"{many} could not be judged; {name}: {cause}")
        return [text[0].upper() + text[1:] for text in said if text]

    def _warn(self, texts: list[str]) -> None:
        said = "\n".join(f"▲ {text}" for text in texts)
        self.warnings.setText(breakable(said))
        self.warnings.setToolTip(said)
        self.warnings.setVisible(bool(said))

    def _open(self, entry: Mapping[str, Any]) -> None:
        self.layers.open(entry, str(self._judged.get("task", "")))

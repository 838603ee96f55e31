"""Weight table and view rule of an index, as choices in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import QComboBox, QFormLayout, QWidget

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.widgets.parts.slider import WheelGuard

_WORDS = {
    "mean": "Mean of both views",
    "pooled": "Both views pooled",
    "max": "Greater of both views",
    "anterior": "Anterior view alone",
    "posterior": "Posterior view alone",
}
"""The view rules in so few words that a narrow dock shows them; each entry's tooltip says them in full."""


class IndexChoices(QWidget):
    """Two boxes: by which weights the regions count, and how two views make one number.

    Attributes
    ----------
    changed : Signal(object)
        The new :class:`~napari_tbcad.bone.bsi.IndexParameters`.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value: Any = None
        self._guard = WheelGuard(self)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.weights, self.combine = QComboBox(), QComboBox()
        for box, title in ((self.weights, "Weights"), (self.combine, "Views")):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            box.setAccessibleName(title)
            box.installEventFilter(self._guard)
            form.addRow(title, box)
        self.weights.currentIndexChanged.connect(lambda: self._take("weights", self.weights))
        self.combine.currentIndexChanged.connect(lambda: self._take("combine", self.combine))

    def set_value(self, value: Any) -> None:
        """Show parameters; sends nothing."""
        from napari_tbcad.bone.bsi import RULES
        from napari_tbcad.skeletal_mass import WEIGHT_TABLES, weight_table

        self._value = value
        with QSignalBlocker(self.weights), QSignalBlocker(self.combine):
            if not self.weights.count():
                for name, table in WEIGHT_TABLES.items():
                    self._add(self.weights, table.title.replace("; the classic index", ""), name, table.title)
                for rule, text in RULES.items():
                    self._add(self.combine, _WORDS.get(rule, rule), rule, f"{rule}: {text}")
            self.weights.setCurrentIndex(self.weights.findData(value.weights))
            self.combine.setCurrentIndex(self.combine.findData(value.combine))
        fields = type(value).model_fields
        table = weight_table(value.weights)
        shares = "\n".join(table.lines())
        self.weights.setToolTip(
            f"Share of the skeleton's mass by region. The same lesion in the spine may double its index by "
            f"the choice of table.\n\n{table.name}: {table.source}\n{shares}"
        )
        self.combine.setToolTip(fields["combine"].description or "")

    def offer(self, views: Sequence[str]) -> None:
        """Offer only rules for views that are there."""
        model = self.combine.model()
        assert isinstance(model, QStandardItemModel)
        for number in range(self.combine.count()):
            rule = self.combine.itemData(number)
            item = model.item(number)
            if item is not None:
                item.setEnabled(rule not in VIEWS or rule in views)

    @staticmethod
    def _add(box: QComboBox, words: str, data: str, tip: str) -> None:
        box.addItem(words, data)
        box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)

    def _take(self, name: str, box: QComboBox) -> None:
        if self._value is not None and box.currentData() is not None:
            self._value = self._value.model_copy(update={name: box.currentData()})
            self.changed.emit(self._value)

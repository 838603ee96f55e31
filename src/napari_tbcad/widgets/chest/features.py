"""Step 4: what is measured."""

from __future__ import annotations

import re
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
)

from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.form import ParameterForm

GROUPS = {
    "shape": "Shape",
    "modes": "Shape modes",
    "firstorder": "Grey levels",
    "glcm": "Texture (co-occurrence)",
}
_ANGLE = re.compile(r"_(0|45|90|135|mean)$")


def readable(name: str) -> str:
    """Return a feature's name for people: ``glcm_sum_entropy_45`` becomes ``sum entropy 45°``.

    Parameters
    ----------
    name : str
        Name of a feature.
    """
    text = re.sub(r"^(glcm|firstorder|shape)_", "", name)
    text = re.sub(r"_(0|45|90|135)$", r" \1°", text)
    return text.replace("_", " ")


class FeaturesStep(ChestStep):
    """What is measured, as a grouped table."""

    name = "features"

    def __init__(self) -> None:
        super().__init__(
            4, "Features", "Shape of the sensitive mask; grey levels and texture in the insensitive one."
        )
        self.tree = QTreeWidget()
        self.tree.setColumnCount(2)
        self.tree.setHeaderLabels(["Feature", "Value"])
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        self.tree.setMinimumHeight(220)
        self.tree.setIndentation(12)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setAccessibleName("Features")
        self._names: tuple[str, ...] = ()
        self._items: dict[str, QTreeWidgetItem] = {}
        self._form: ParameterForm | None = None
        self.body.addWidget(self.tree)

    def build(self, settings: Any) -> None:
        """Make the form."""
        self._form = self.form(self._form, settings.features, "features")

    def refresh(self) -> None:
        """Fill the table; greyed when it is out of date."""
        super().refresh()
        session = self.session
        features = session.value("features") if session is not None else None
        if session is None or features is None:
            self.tree.clear()
            self._names, self._items = (), {}
            self.summarise("")
            return
        fresh = session.fresh("features")
        if features.names != self._names:
            self._fill(features)
        for name, value in zip(features.names, features.values, strict=True):
            self._items[name].setText(1, f"{value:.5g}")
        self.tree.setEnabled(fresh)
        self.summarise(f"{len(features.names)} at {features.grid} px" + ("" if fresh else ", out of date"))

    def values(self) -> dict[str, str]:
        """Return the table as it stands: name → shown value."""
        return {name: item.text(1) for name, item in self._items.items()}

    def _fill(self, features: Any) -> None:
        self.tree.clear()
        self._names, self._items = features.names, {}
        tops: dict[str, QTreeWidgetItem] = {}
        for name, group in zip(features.names, features.groups, strict=True):
            if group not in tops:
                tops[group] = QTreeWidgetItem(self.tree, [GROUPS.get(group, group), ""])
                tops[group].setExpanded(group == "shape")
            parent = tops[group]
            if group == "glcm":
                stem = _ANGLE.sub("", name)
                if stem not in tops:
                    tops[stem] = QTreeWidgetItem(parent, [readable(stem), ""])
                parent = tops[stem]
            angle = _ANGLE.search(name) if group == "glcm" else None
            shown = f"{angle[1]}°" if angle and angle[1] != "mean" else readable(name)
            item = QTreeWidgetItem(parent, [shown, ""])
            item.setToolTip(0, name)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
            self._items[name] = item
        for group, item in tops.items():
            if group in GROUPS:
                item.setText(1, str(sum(1 for g in features.groups if g == group)))
                item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)

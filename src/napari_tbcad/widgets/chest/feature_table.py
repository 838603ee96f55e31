"""The features of a film as a table, each placed among the normal films of a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor, QPalette
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from napari_tbcad.widgets.parts.range_bar import RANGE, RangeBar, RangeBarDelegate

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.card import ModelCard
    from napari_tbcad.chest.classify.normals import Place
    from napari_tbcad.chest.features import ChestFeatures

GROUPS = {
    "shape": "Shape",
    "modes": "Shape modes",
    "firstorder": "Grey levels",
    "glcm": "Texture",
    "opacity": "Opacities",
    "bands": "Bands",
}
_ANGLE = re.compile(r"_(0|45|90|135|mean)$")
_NAME, _VALUE, _PLACE = range(3)
_DISPLAY, _FOREGROUND, _TIP, _SPOKEN, _DESCRIPTION = (
    int(role)
    for role in (
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.ToolTipRole,
        Qt.ItemDataRole.AccessibleTextRole,
        Qt.ItemDataRole.AccessibleDescriptionRole,
    )
)
_SAID = (_TIP, _DESCRIPTION)
_OWN = frozenset({_DISPLAY, _FOREGROUND, *_SAID, _SPOKEN, RANGE})
"""Roles that rows answer themselves; painting asks for five more of every cell."""


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


_SHORT = (
    (r"\bleft\b", "L"),
    (r"\bright\b", "R"),
    ("width ratio", "width"),
    ("costophrenic", "cost."),
    ("standard", "std."),
    ("information correlation", "info. corr."),
    ("inverse difference moment normalised", "inv. diff. moment"),
    ("inverse difference normalised", "inv. difference"),
    ("difference", "diff."),
    ("maximum probability", "max. probability"),
)
"""A dock leaves a name a hundred pixels; tooltip and description have it in full."""


def _shortened(text: str) -> str:
    for pattern, short in _SHORT:
        text = re.sub(pattern, short, text)
    return text


class FeatureContent:
    """What the table shows; rows ask for it when they are painted, so that a change costs next to nothing."""

    def __init__(self) -> None:
        self.features: ChestFeatures | None = None
        self.card: ModelCard | None = None
        self.faded = False
        self._values: dict[str, float] = {}
        self._places: dict[str, Place | None] = {}
        self._outside: dict[tuple[str, ...], tuple[int, int]] = {}

    def take(self, features: ChestFeatures | None, card: ModelCard | None, *, faded: bool) -> bool:
        """Take other values; False when they are those at hand."""
        if features is self.features and card is self.card and faded == self.faded:
            return False
        if features is not self.features or card is not self.card:
            self._values = {} if features is None else features.as_dict()
            self._places, self._outside = {}, {}
        self.features, self.card, self.faded = features, card, faded
        return True

    def value(self, name: str) -> str:
        """Return a value as text."""
        return f"{self._values[name]:.5g}" if name in self._values else ""

    def longest(self) -> int:
        """Return the number of characters of the longest value."""
        return max((len(self.value(name)) for name in self._values), default=0)

    def place(self, name: str) -> Place | None:
        """Return where a value lies among the normal films; None when that is not known."""
        if name not in self._places:
            from napari_tbcad.chest.classify.normals import place

            card, value = self.card, self._values.get(name)
            self._places[name] = None if card is None or value is None else place(card, name, value)
        return self._places[name]

    def outside(self, names: tuple[str, ...]) -> tuple[int, int]:
        """Return how many of these features lie outside the normal films' range, and how many have one."""
        if names not in self._outside:
            places = [place for name in names if (place := self.place(name)) is not None]
            self._outside[names] = sum(place.outside != 0 for place in places), len(places)
        return self._outside[names]

    def sentence(self, name: str) -> str:
        """Return name, value and place of a feature as one sentence."""
        place = self.place(name)
        text = f"{readable(name)}: {self.value(name)}"
        text += f", {place.sentence}." if place is not None else "."
        return f"{text} Out of date." if self.faded else text


class FeatureTable(QTreeWidget):
    """Groups, features, directions; value and place of each.

    Attributes
    ----------
    described : Signal(str)
        Another feature became current (by mouse or keyboard): it as a sentence, empty for a heading.
    """

    described = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = FeatureContent()
        self._names: tuple[str, ...] = ()
        self._digits = 0
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._tops: dict[str, QTreeWidgetItem] = {}
        self.setColumnCount(3)
        self.setHeaderLabels(["Feature", "Value", "Normal"])
        self.headerItem().setToolTip(
            _PLACE,
            "Where the film lies among the model's normal films: the band holds 95 % of them, its darker "
            "part the middle half, the thin line is the median. ◆ is this film within the band, ◀ ▶ outside.",
        )
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        # Fixed: a width that follows the contents would ask every row at every brush stroke.
        for column in (_VALUE, _PLACE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(_PLACE, 68)
        self._make_room(6)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegateForColumn(_PLACE, RangeBarDelegate(self))
        self.setUniformRowHeights(True)
        self.setMinimumHeight(240)
        self.setIndentation(10)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName("Features of the film and their place among normal films")
        self.currentItemChanged.connect(lambda *_: self.described.emit(self.description()))

    def show_features(
        self, features: ChestFeatures | None, card: ModelCard | None = None, *, faded: bool = False
    ) -> None:
        """Show a film's features.

        Parameters
        ----------
        features : ChestFeatures or None
            None empties the table.
        card : ModelCard, optional
            Of the model among whose normal films each value is placed.
        faded : bool, optional
            The values are out of date.
        """
        if not self.content.take(features, card, faded=faded):
            return
        names = () if features is None else features.names
        if names != self._names:
            self._fill(features)
        self._make_room(self.content.longest())
        self.viewport().update()

    def values(self) -> dict[str, str]:
        """Return the table as it stands: name → shown value."""
        return {name: item.text(_VALUE) for name, item in self._rows.items()}

    def places(self) -> dict[str, str]:
        """Return what screen readers are told of each bar: name → text."""
        return {name: str(item.data(_PLACE, _SPOKEN) or "") for name, item in self._rows.items()}

    def description(self) -> str:
        """Return the current feature as a sentence."""
        item = self.currentItem()
        return self.content.sentence(item.name) if isinstance(item, _FeatureRow) else ""

    def _make_room(self, digits: int) -> None:
        """Widen the column of values, never narrow it: while a person paints nothing should jump."""
        if digits > self._digits:
            self._digits = digits
            width = self.fontMetrics().horizontalAdvance("0" * digits) + 10
            self.header().resizeSection(_VALUE, width)

    def _fill(self, features: ChestFeatures | None) -> None:
        opened = {key for key, item in self._tops.items() if item.isExpanded()} or {"shape"}
        self.clear()
        self._names, self._rows, self._tops = (), {}, {}
        if features is None:
            return
        self._names = features.names
        groups = list(zip(features.names, features.groups, strict=True))
        for name, group in groups:
            parent: QTreeWidgetItem = self._top(
                self.invisibleRootItem(), group, GROUPS.get(group, group), groups
            )
            angle = _ANGLE.search(name) if group == "glcm" else None
            if angle is not None:
                stem = _ANGLE.sub("", name)
                parent = self._top(parent, stem, readable(stem), [(n, _ANGLE.sub("", n)) for n, _ in groups])
            shown = f"{angle[1]}°" if angle is not None and angle[1] != "mean" else _shortened(readable(name))
            self._rows[name] = _FeatureRow(parent, name, shown, self.content)
        for key in opened & set(self._tops):
            self._tops[key].setExpanded(True)

    def _top(
        self, parent: QTreeWidgetItem | None, key: str, title: str, owners: list[tuple[str, str]]
    ) -> QTreeWidgetItem:
        if key not in self._tops:
            names = tuple(name for name, owner in owners if owner == key)
            self._tops[key] = _GroupRow(parent, title, names, self.content, count=key in GROUPS)
        return self._tops[key]


class _Row(QTreeWidgetItem):
    def __init__(self, parent: QTreeWidgetItem | None, title: str, content: FeatureContent) -> None:
        super().__init__(parent)
        self._content = content
        self.setText(_NAME, title)
        self.setTextAlignment(_VALUE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def data(self, column: int, role: int) -> Any:
        if role == _FOREGROUND and self._content.faded and column != _NAME:
            tree = self.treeWidget()
            colour = QColor(tree.palette().color(QPalette.ColorGroup.Active, QPalette.ColorRole.Text))
            colour.setAlpha(90)
            return QBrush(colour)
        return super().data(column, role)


class _FeatureRow(_Row):
    def __init__(self, parent: QTreeWidgetItem, name: str, title: str, content: FeatureContent) -> None:
        super().__init__(parent, title, content)
        self.name = name

    def data(self, column: int, role: int) -> Any:
        if role not in _OWN:
            return super().data(column, role)
        content = self._content
        if column == _VALUE and role == _DISPLAY:
            return content.value(self.name)
        if role in _SAID:
            return f"{content.sentence(self.name)}\n{self.name}"
        if column == _PLACE and role in (RANGE, _SPOKEN):
            place = content.place(self.name)
            if place is None or role != RANGE:
                return None if place is None else place.text
            return RangeBar(
                place.low, place.high, place.middle, place.median, place.value, faded=content.faded
            )
        return super().data(column, role)


class _GroupRow(_Row):
    def __init__(
        self,
        parent: QTreeWidgetItem | None,
        title: str,
        names: tuple[str, ...],
        content: FeatureContent,
        *,
        count: bool,
    ) -> None:
        super().__init__(parent, _shortened(title), content)
        self.setToolTip(_NAME, title)
        self._names, self._count = names, count

    def data(self, column: int, role: int) -> Any:
        if column == _VALUE and role == _DISPLAY and self._count:
            return str(len(self._names))
        if column == _PLACE and role == _DISPLAY:
            outside, known = self._content.outside(self._names)
            return f"{outside} out" if known and outside else ""
        if column == _PLACE and role in _SAID:
            outside, known = self._content.outside(self._names)
            return f"{outside} of {known} lie outside the range of the normal films." if known else None
        return super().data(column, role)

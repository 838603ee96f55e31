"""The choice of what a training starts from: the packaged network, an own one, a file, or nothing."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QWidget

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.training.data import NOTHING, PACKAGED, Goal
from napari_tbcad.widgets.work import start_call

_A_FILE = "\0file"


class StartBox(QComboBox):
    """What a training starts from.

    Attributes
    ----------
    chosen : Signal(str)
        :data:`PACKAGED`, :data:`NOTHING`, the name of a network, or a file's path.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Start from")
        self.setToolTip(
            "A network that learns on keeps what it knows and needs few images; one that starts from nothing "
            "needs many. Architecture and input are those of the network it starts from."
        )
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self._asked: tuple[Goal, str] | None = None
        self._value = PACKAGED
        self.activated.connect(self._take)

    def offer(self, goal: Goal, scheme: str) -> None:
        """Offer what there is for a task; the networks' cards are read by a worker."""
        if self._asked == (goal, scheme):
            return
        self._asked = goal, scheme
        self._fill((), packaged=scheme == goal.schemes[0])
        asked = self._asked
        start_call(lambda: (asked, networks_for(goal, scheme)), on_result=self._offer, on_error=self._ignore)

    def set_value(self, value: str) -> None:
        """Show what is chosen."""
        self._value = value
        if self.findData(value) < 0:
            place = max(0, self.findData(_A_FILE))
            self.insertItem(place, Path(value).name, value)
            self.setItemData(place, value, Qt.ItemDataRole.ToolTipRole)
        with QSignalBlocker(self):
            self.setCurrentIndex(self.findData(value))

    # -- inside ---------------------------------------------------------------------------------------

    def _fill(self, names: tuple[str, ...], *, packaged: bool) -> None:
        with QSignalBlocker(self):
            self.clear()
            if packaged:
                self.addItem("Packaged network", PACKAGED)
            for name in names:
                self.addItem(name, name)
            self.addItem("Nothing (random weights)", NOTHING)
            self.addItem("A network file…", _A_FILE)
        self.set_value(self._value)

    def _offer(self, found: tuple[tuple[Goal, str], tuple[str, ...]]) -> None:
        asked, names = found
        if asked == self._asked:
            self._fill(names, packaged=asked[1] == asked[0].schemes[0])

    def _ignore(self, error: Exception) -> None:
        """Offer no own networks: their list cannot be read, which the list of networks tells."""

    def _take(self, place: int) -> None:
        value = str(self.itemData(place))
        if value == _A_FILE:
            value, _ = QFileDialog.getOpenFileName(
                self, "Start from a network", "", "Networks (*.safetensors);;All files (*)"
            )
        if value:
            self.set_value(value)
            self.chosen.emit(value)
        else:
            self.set_value(self._value)


def networks_for(goal: Goal, scheme: str) -> tuple[str, ...]:
    """Return the names of the person's own networks of a task; those that cannot be read are left out."""
    from napari_tbcad.networks.listing import installed_entries

    names = []
    for name, entry in installed_entries().items():
        try:
            card = entry.card()
        except (BadInput, OSError):
            continue
        if card.task == scheme and (not goal.view or goal.view in (card.input.views or (goal.view,))):
            names.append(name)
    return tuple(names)

"""Above and below a worklist's films: what is listed, how far it is, and the buttons that go on."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_tbcad.widgets.parts.progress_line import ProgressLine
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.parts.step import BLUE, RED
from napari_tbcad.widgets.parts.worklist_model import symbol, word
from napari_tbcad.worklist import Worklist
from napari_tbcad.worklist_item import Item, ReadingState
from napari_tbcad.worklist_sources import FILMS, Kind

_READER_TIP = (
    "Your name or initials. It is kept with every reading: {thing}s that somebody else has read are then "
    "shown as “to review”, and your version never replaces theirs."
)
_BLIND_TIP = (
    "Blinded reading: the step Result shows neither answer nor probability, so that your masks and your "
    "reading are your own, not swayed by the computer's. It is worked out and saved all the same."
)
_TABLES = "Tables (*.csv);;All files (*)"


class WorklistHeader(QWidget):
    """Which list, who reads, and which films to show.

    Parameters
    ----------
    kind : Kind, optional
        What is listed.
    blind : bool, optional
        Whether the answer can be hidden while it is read.

    Attributes
    ----------
    wants_folder, wants_table : Signal(str)
        This folder or table is to be listed.
    wants_refresh, filtered : Signal
        A control was used.
    reader_changed : Signal(str)
        Name of the reader.
    blinded : Signal(bool)
        Whether the answer is to be hidden.
    """

    wants_folder = Signal(str)
    wants_table = Signal(str)
    wants_refresh = Signal()
    filtered = Signal()
    reader_changed = Signal(str)
    blinded = Signal(bool)

    def __init__(self, kind: Kind = FILMS, *, blind: bool = True) -> None:
        super().__init__()
        self._reader, self._kind = "", kind
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._buttons())
        self.title = QuietLabel(quiet=False)
        self.title.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        # Not faded as the summaries of steps are: on the light theme that is too little contrast.
        column.addWidget(self.title)
        grid = QGridLayout()
        grid.setSpacing(4)
        grid.setColumnStretch(1, 1)
        self.reader_field = QLineEdit()
        self.reader_field.setPlaceholderText("your name")
        self.reader_field.editingFinished.connect(self._on_reader)
        _describe(self.reader_field, "Reader", _READER_TIP.format(thing=kind.thing))
        self.filter = QComboBox()
        self.filter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.filter.currentIndexChanged.connect(lambda _: self.filtered.emit())
        _describe(
            self.filter, "Show", f"Which {kind.thing}s are listed. Previous and Next keep to these, too."
        )
        for row, (text, control) in enumerate((("Reader", self.reader_field), ("Show", self.filter))):
            label = QLabel(text)
            label.setBuddy(control)
            label.setToolTip(control.toolTip())
            grid.addWidget(label, row, 0)
            grid.addWidget(control, row, 1)
        self.blind_box = QCheckBox("Hide the answer while reading")
        _describe(self.blind_box, "Hide the answer while reading", _BLIND_TIP)
        self.blind_box.toggled.connect(self.blinded)
        self.blind_box.setVisible(blind)
        grid.addWidget(self.blind_box, grid.rowCount(), 0, 1, 2)
        column.addLayout(grid)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.folder_button, self.table_button = QPushButton("Open folder…"), QPushButton("Open CSV…")
        things = f"{self._kind.thing}s"
        _describe(self.folder_button, "Open folder", f"List all {things} in a folder and the folders in it.")
        _describe(
            self.table_button,
            "Open CSV",
            f"List the {things} that a CSV names in its column “path”, in its order. Labels in it are not "
            "shown.",
        )
        self.refresh_button = QToolButton()
        self.refresh_button.setText("↻")
        _describe(self.refresh_button, "Refresh", "Look again at what others have read meanwhile.")
        self.folder_button.clicked.connect(self._ask_for_folder)
        self.table_button.clicked.connect(self._ask_for_table)
        self.refresh_button.clicked.connect(lambda: self.wants_refresh.emit())
        row.addWidget(self.folder_button, 1)
        row.addWidget(self.table_button, 1)
        row.addWidget(self.refresh_button)
        return row

    def _ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, f"Open a folder of {self._kind.thing}s")
        if folder:
            self.wants_folder.emit(folder)

    def _ask_for_table(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, f"Open a CSV of {self._kind.thing}s", "", _TABLES)
        if path:
            self.wants_table.emit(path)

    @property
    def reader(self) -> str:
        """The name given, without blanks around it."""
        return self._reader

    def set_reader(self, reader: str) -> None:
        """Fill in a name."""
        self.reader_field.setText(reader)
        self._on_reader()

    @property
    def state(self) -> ReadingState | None:
        """The state that is shown; None for all."""
        # As text: of the two Qt bindings one hands an enum back as it was, the other as a plain str.
        value = self.filter.currentData()
        return None if value is None else ReadingState(value)

    def show_all(self) -> None:
        """Take the filter away."""
        with QSignalBlocker(self.filter):
            self.filter.setCurrentIndex(0 if self.filter.count() else -1)

    def show_list(self, worklist: Worklist | None) -> None:
        """Show which list it is and how many films are in each state."""
        self.title.setVisible(worklist is not None)
        self.filter.setEnabled(worklist is not None)
        chosen = self.state
        with QSignalBlocker(self.filter):
            self.filter.clear()
            count = 0 if worklist is None else len(worklist.items)
            every = f"All {self._kind.thing}s"
            self.filter.addItem(f"{every} ({count})" if worklist is not None else every, None)
            for state, number in ({} if worklist is None else worklist.counts()).items():
                if number or state is chosen:
                    self.filter.addItem(symbol(state), f"{word(state).capitalize()} ({number})", state.value)
            place = self.filter.findData(chosen.value) if chosen is not None else 0
            self.filter.setCurrentIndex(max(place, 0))
        if worklist is not None:
            self.title.set_text(
                f"{worklist.source.absolute().name}, {self._kind.number(len(worklist.items))}"
            )
            self.title.setToolTip("\n".join([str(worklist.source.absolute()), *worklist.notes]))

    def set_free(self, free: bool, *, has_list: bool) -> None:
        """Grey what would start something else."""
        self.folder_button.setEnabled(free)
        self.table_button.setEnabled(free)
        self.refresh_button.setEnabled(free and has_list)

    def _on_reader(self) -> None:
        reader = self.reader_field.text().strip()
        if reader != self._reader:
            self._reader = reader
            self.reader_changed.emit(reader)


class WorklistFooter(QWidget):
    """What was said last, how far the list is, and the buttons that go on.

    Parameters
    ----------
    kind : Kind, optional
        What is listed.
    """

    def __init__(self, kind: Kind = FILMS) -> None:
        super().__init__()
        self._kind, thing = kind, kind.thing
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(4)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.setAccessibleName("Message of the worklist")
        column.addWidget(self.message)
        self.about = QuietLabel(quiet=False)
        self.about.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.about.setAccessibleName(f"Open {thing}")
        column.addWidget(self.about)
        progress = QHBoxLayout()
        self.bar = ProgressLine()
        self.bar.setAccessibleName(f"{thing.capitalize()}s read")
        self.text = QuietLabel(quiet=False)
        self.text.setMinimumWidth(110)
        progress.addWidget(self.bar, 1)
        progress.addWidget(self.text, 1)
        column.addLayout(progress)
        self.summary = QuietLabel(quiet=False, scale=0.9, wrap=True)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.summary.setVisible(False)
        self.summary.setAccessibleName("Progress of the project")
        column.addWidget(self.summary)
        self.previous_button, self.next_button = QPushButton("‹ Previous"), QPushButton("Next ›")
        self.accept_button, self.done_button = QPushButton("Accept"), QPushButton("Done, next")
        self.done_button.setStyleSheet("font-weight: bold; padding: 5px;")
        self.accept_button.setStyleSheet("padding: 5px;")
        _describe(
            self.previous_button,
            f"Previous {thing}",
            f"Open the {thing} before this one, of those listed above.",
        )
        _describe(
            self.next_button, f"Next {thing}", f"Open the {thing} after this one, of those listed above."
        )
        _describe(
            self.accept_button,
            "Accept",
            f"Agree with the earlier reading as it is, save that, and open the next {thing}.",
        )
        for buttons in (
            (self.previous_button, self.next_button),
            (self.accept_button, self.done_button),
        ):
            row = QHBoxLayout()
            row.setSpacing(4)
            for button in buttons:
                row.addWidget(button, 1)
            column.addLayout(row)
        self.show_message("")
        self._progress, self._failed = (0, 0), 0

    def show_message(self, text: str, *, error: bool = False) -> None:
        """Say something until the next thing is done."""
        self.message.setStyleSheet(f"border-left: 3px solid {RED if error else BLUE}; padding-left: 6px;")
        self.message.setText(breakable(text))
        self.message.setToolTip(text)
        self.message.setVisible(bool(text))

    def show_busy(self, text: str) -> None:
        """Say what is waited for; "" shows the progress again."""
        if text:
            self.bar.setRange(0, 0)
            self.text.set_text(text)
        else:
            self._show_progress()

    def show_progress(self, worklist: Worklist | None) -> None:
        """Show how many films are read."""
        self._progress = (0, 0) if worklist is None else worklist.progress
        self._failed = 0 if worklist is None else worklist.counts()[ReadingState.FAILED]
        summarise = self._kind.summary
        text = "" if worklist is None or summarise is None else summarise(worklist.items)
        self.summary.set_text(text)
        self.summary.setVisible(bool(text))
        if self.bar.maximum():
            self._show_progress()

    def show_open(self, item: Item | None, *, review: bool) -> None:
        """Say which film is open, and by whom it was read before."""
        self.about.setVisible(item is not None)
        if item is not None:
            earlier = item.readings[-1].reader or "somebody" if review and item.readings else ""
            self.about.set_text(
                f"Read by {earlier}: {item.path.name}" if earlier else f"Open: {item.path.name}"
            )
            self.about.setToolTip(str(item.path))

    def show_controls(self, *, previous: bool, next_: bool, done: bool, review: bool) -> None:
        """Enable what can be done; with an earlier reading by somebody else it can be accepted."""
        self.previous_button.setEnabled(previous)
        self.next_button.setEnabled(next_)
        self.done_button.setEnabled(done)
        self.accept_button.setEnabled(done and review)
        self.accept_button.setVisible(review)
        _describe(
            self.done_button,
            "Done, next",
            f"Save your version beside the earlier one, which stays, and open the next {self._kind.thing}."
            if review
            else f"Save this reading as finished and open the next {self._kind.thing} that is to be read.",
        )

    def _show_progress(self) -> None:
        done, number = self._progress
        self.bar.setMaximum(max(number, 1))
        self.bar.setValue(done)
        failed = f", {self._failed} failed" if self._failed else ""
        self.text.set_text(f"{done} of {number} read{failed}" if number else "")
        self.bar.setToolTip(f"{done} of {self._kind.number(number)} read{failed}")


def _describe(control: QWidget, name: str, tip: str) -> None:
    control.setAccessibleName(name)
    control.setToolTip(tip)

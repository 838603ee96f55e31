"""Step 3: the hotspots, their classes, and the person's turn."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.widgets.bone.actions import CLASS_KEYS, set_class
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.colours import CLASS_COLOURS
from napari_tbcad.widgets.bone.hotspot_table import WORDS, HotspotView, sentence
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.keys import hint
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.quiet import QuietLabel


class HotspotsStep(BoneStep):
    """The hotspots as a table; the class of each is a person's to say."""

    name, number, heading = "hotspots", 3, "Hotspots"
    purpose = "Finds candidates; you say which are abnormal. The index follows."

    def __init__(self, bench: BoneBench, *, open_: bool = True) -> None:
        super().__init__(bench, open_=open_)
        self.table = HotspotView()
        self.table.chosen.connect(self._choose)
        self.table.class_wanted.connect(self._set_class)
        self.table.delete_wanted.connect(self._delete)
        self.hint = QuietLabel(
            "Run all finds candidates; then it is your turn to say which are abnormal.", wrap=True
        )
        self.body.addWidget(self.hint)
        self.body.addWidget(self.table)
        self.described = QuietLabel(wrap=True)
        self.body.addWidget(self.described)
        self.body.addLayout(self._class_buttons())
        self.body.addLayout(self._tools())
        self.note = QLabel("Corrected by hand: the threshold moves the automatic hotspots only.")
        self.note.setWordWrap(True)
        self.note.hide()
        self.body.addWidget(self.note)
        self._form: ParameterForm | None = None

    def build(self, settings: Any) -> None:
        """Make the form of the chosen segmenter."""
        chosen = getattr(settings.hotspots, settings.hotspots.segmenter)
        if self._form is not None and type(self._form.value) is type(chosen):
            if self._form.value != chosen:
                self._form.set_value(chosen)
            return
        if self._form is not None:
            self._form.deleteLater()
        self._form = ParameterForm(chosen)
        self._form.changed.connect(self._take_parameters)
        self.body.addWidget(self._form)

    def refresh(self) -> None:
        """Show the table, and what is chosen in it."""
        super().refresh()
        session = self.session
        table = session.value("table") if session is not None else None
        hotspots = session.value("hotspots") if session is not None else None
        edited = session is not None and session.run is not None and session.run.edited("hotspots")
        there = table is not None
        for widget in (self.table, *self.buttons.values(), *self.brushes.values()):
            widget.setEnabled(there)
        self.table.setVisible(there)
        self.hint.setVisible(not there)
        self.back_button.setEnabled(edited)
        self.note.setVisible(edited)
        chosen = session.look.chosen if session is not None else None
        self.delete_button.setEnabled(chosen is not None)
        rows = tuple(table) if table is not None else ()
        faded = session is not None and there and not session.fresh("table")
        self.table.show_rows(rows, chosen=chosen, faded=faded)
        row = next((row for row in rows if row.id == chosen), None)
        self.described.set_text("" if row is None else sentence(row))
        self.described.setVisible(row is not None)
        if hotspots is None:
            self.summarise("")
            return
        abnormal = sum(mark.label == "abnormal" for mark in hotspots.marks)
        judged = sum(mark.judged for mark in hotspots.marks)
        # The foot says how many are abnormal: once a person judges, their progress is the news.
        news = f"{judged} judged" if judged else f"{abnormal} abnormal"
        self.summarise(f"{len(hotspots.marks)}, {news}")

    def _class_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        self.buttons: dict[str, QPushButton] = {}
        for key, label in CLASS_KEYS.items():
            colour = CLASS_COLOURS[label]
            button = QPushButton(WORDS[label].capitalize())
            button.setStyleSheet(f"border-left: 5px solid {colour}; padding: 4px 2px;")
            button.setToolTip(f"Class of the chosen hotspots; of what is painted next.{hint(key)}")
            button.clicked.connect(partial(self._class_chosen, label))
            row.addWidget(button)
            self.buttons[label] = button
        return row

    def _tools(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(3)
        self.brushes: dict[str, QPushButton] = {}
        for column, view in enumerate(VIEWS):
            button = QPushButton(f"Paint new, {'ant.' if view == 'anterior' else 'post.'}")
            button.setStyleSheet("padding: 4px;")
            button.setToolTip(
                f"Brush for a new hotspot in the {view} view. To correct one, pick it with 5 on the canvas."
            )
            button.clicked.connect(partial(self._brush, view))
            grid.addWidget(button, 0, column)
            self.brushes[view] = button
        self.delete_button = QPushButton("Delete")
        self.delete_button.setStyleSheet("padding: 4px;")
        self.delete_button.setToolTip("Take the chosen hotspots away (Delete in the table).")
        self.delete_button.clicked.connect(lambda: self._delete(self._numbers()))
        grid.addWidget(self.delete_button, 0, 2)
        self.back_button = QPushButton("Back to automatic")
        self.back_button.setStyleSheet("padding: 4px;")
        self.back_button.setToolTip("Bring the detector's hotspots and classes back.")
        self.back_button.clicked.connect(lambda: self._back())
        grid.addWidget(self.back_button, 1, 0, 1, 3)
        return grid

    def _take_parameters(self, value: Any) -> None:
        settings = self.settings()
        if settings is not None:
            section = settings.hotspots.model_copy(update={settings.hotspots.segmenter: value})
            self.configure("hotspots", section, live=True)

    def _numbers(self) -> tuple[int, ...]:
        chosen = self.session.look.chosen if self.session is not None else None
        return self.table.selected() or (() if chosen is None else (chosen,))

    def _choose(self, number: int | None) -> None:
        if self.session is not None:
            self.session.look.choose(number)

    def _set_class(self, number: int, label: str) -> None:
        if self.session is not None:
            self.session.set_class([number], label)

    def _class_chosen(self, label: str, checked: bool = False) -> None:
        numbers = self._numbers()
        if self.session is not None and len(numbers) > 1:
            self.session.set_class(numbers, label)
        else:
            set_class(self.bench, label)

    def _delete(self, numbers: tuple[int, ...]) -> None:
        if self.session is not None:
            self.session.delete(numbers)

    def _brush(self, view: str, checked: bool = False) -> None:
        if self.session is not None:
            self.session.brush(view)

    def _back(self) -> None:
        if self.session is not None:
            self.session.back_to_automatic("hotspots")

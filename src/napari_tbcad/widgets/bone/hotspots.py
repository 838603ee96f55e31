"""Step 3: the hotspots, their classes, and the person's turn."""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import Any

from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QHBoxLayout, QPushButton

from napari_tbcad.widgets.bone.actions import set_class
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.hotspot_menu import hotspot_menu
from napari_tbcad.widgets.bone.hotspot_sight import bring_into_sight, go_to
from napari_tbcad.widgets.bone.hotspot_table import HotspotView, sentence, together
from napari_tbcad.widgets.bone.hotspot_table.filters import FilterRow
from napari_tbcad.widgets.bone.hotspot_table.judging import ClassRow, Progress
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.bone.tools.tool_row import ToolRow
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.step import AMBER


class HotspotsStep(BoneStep):
    """The hotspots as a table; the class of each is a person's to say."""

    name, number, heading = "hotspots", 3, "Hotspots"
    purpose = "Finds candidates; you say which are abnormal. The index follows."

    def __init__(self, bench: BoneBench, *, open_: bool = True) -> None:
        super().__init__(bench, open_=open_)
        self.hint = QuietLabel(
            "Run all finds candidates, then it is your turn to say which are abnormal. "
            "Or take a tool and make hotspots yourself.",
            wrap=True,
        )
        self.tools = ToolRow(bench)
        self.told = QuietLabel(quiet=False, wrap=True)
        self.told.setStyleSheet(f"border-left: 3px solid {AMBER}; padding-left: 6px;")
        self.progress = Progress()
        self.next_button = QPushButton("Next")
        self.next_button.setToolTip(
            "Point at the next hotspot that needs your eye (Tab; Shift+Tab: the one before)."
        )
        self.next_button.setStyleSheet("padding: 3px 8px;")
        self.next_button.clicked.connect(lambda: self.go_to_next(1))
        self.filters = FilterRow()
        self.table = HotspotView()
        self.classes = ClassRow()
        self.described = QuietLabel(wrap=True)
        self.described.setMinimumHeight(3 * self.described.fontMetrics().lineSpacing())
        self.back_button = QPushButton("Back to automatic")
        self.back_button.setStyleSheet("padding: 4px;")
        self.back_button.setToolTip("Bring the detector's hotspots and classes back; can be undone.")
        self.back_button.clicked.connect(lambda: self._back())
        self.note = QuietLabel(
            "Corrected by hand: the threshold moves the automatic hotspots only.", wrap=True
        )
        self._lay_out()
        self._connect()
        self._form: ParameterForm | None = None
        self._shown: tuple[Any, int | None] = (None, None)
        self._automatic: Any = None
        self._heard: weakref.ref[Any] | None = None

    @property
    def buttons(self) -> dict[str, QPushButton]:
        """The buttons of the classes."""
        return self.classes.buttons

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
        self._listen()
        self.tools.refresh()
        self._tell()
        rows = rows_of(session)
        there = rows is not None
        for widget in (self.progress, self.next_button, self.filters, self.table, self.described):
            widget.setVisible(there)
        self.classes.setEnabled(session is not None and session.value("scan") is not None)
        self.hint.setVisible(not there)
        edited = session is not None and session.run is not None and session.run.edited("hotspots")
        self.back_button.setEnabled(edited)
        self.note.setVisible(edited)
        if session is None or rows is None:
            self.table.show_rows((), chosen=None)
            self.summarise("")
            return
        automatic = session.value("hotspots", automatic=True)
        if self._shown[0] is not session or automatic is not self._automatic:
            # Others under the same numbers.
            self.table.order.forget()
            self._automatic = automatic
        look = session.look
        self.table.show_rows(
            rows, chosen=look.chosen, selected=look.selected, faded=not session.fresh("table")
        )
        self._describe(rows, look.selected)
        self.progress.show_rows(rows)
        self.next_button.setEnabled(bool(rows))
        self._summarise(rows)
        self._follow(session, look.chosen)

    def go_to_next(self, step: int = 1) -> None:
        """Point at the next hotspot that needs a person's eye, as the table is sorted.

        Parameters
        ----------
        step : {1, -1}
            Onwards or back.
        """
        session = self.session
        if session is not None and (number := self.table.next_to_judge(step)) is not None:
            session.look.choose(number)

    # -- what is shown --------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.body.addWidget(self.hint)
        self.body.addWidget(self.tools)
        self.body.addWidget(self.told)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.progress, 1)
        row.addWidget(self.next_button)
        self.body.addLayout(row)
        for widget in (self.filters, self.table, self.classes, self.described, self.back_button, self.note):
            self.body.addWidget(widget)
        self.told.hide()
        self.note.hide()

    def _connect(self) -> None:
        self.filters.changed.connect(self.table.show_filtered)
        self.table.picked.connect(self._pick)
        self.table.class_wanted.connect(self._set_class)
        self.table.key_pressed.connect(self._act)
        self.table.next_wanted.connect(self.go_to_next)
        self.table.menu_wanted.connect(self._show_menu)
        self.table.opened.connect(lambda number: go_to(self.session, number))
        self.classes.class_wanted.connect(lambda label: set_class(self.bench, label))
        self.classes.confirm_wanted.connect(lambda: self._act("confirm"))

    def _listen(self) -> None:
        """Hear what the hands of this session have to say."""
        hands = self.session.hands if self.session is not None else None
        before = self._heard() if self._heard is not None else None
        if hands is before:
            return
        if before is not None:
            before.told.disconnect(self._tell)
        self._heard = None if hands is None else weakref.ref(hands)
        if hands is not None:
            hands.told.connect(self._tell)

    def _tell(self) -> None:
        text = self.session.hands.message if self.session is not None else ""
        self.told.set_text(text)
        self.told.setVisible(bool(text))

    def _describe(self, rows: tuple[Any, ...], selected: tuple[int, ...]) -> None:
        chosen = [row for row in rows if row.id in selected]
        text = sentence(chosen[0]) if len(chosen) == 1 else together(chosen) if chosen else ""
        self.described.set_text(text)

    def _summarise(self, rows: tuple[Any, ...]) -> None:
        judged = sum(row.judged for row in rows)
        abnormal = sum(row.label == "abnormal" for row in rows)
        # The foot says how many are abnormal: once a person judges, their progress is the news.
        self.summarise(f"{len(rows)}, {f'{judged} judged' if judged else f'{abnormal} abnormal'}")

    def _follow(self, session: Any, chosen: int | None) -> None:
        """Bring what is pointed at into sight; what was on the canvas already stays where it is."""
        before, self._shown = self._shown, (session, chosen)
        if before[0] is session and before[1] != chosen:
            bring_into_sight(session, chosen)

    # -- what a person does ---------------------------------------------------------------------------

    def _pick(self, numbers: tuple[int, ...], current: int | None) -> None:
        if self.session is not None:
            self.session.look.select(numbers, current)

    def _set_class(self, number: int, label: str) -> None:
        if self.session is not None:
            self.session.hands.set_class([number], label)

    def _act(self, name: str) -> None:
        action = self.bench.actions().get(name)
        if action is not None:
            action()

    def _show_menu(self, place: QPoint, numbers: tuple[int, ...]) -> None:
        hotspot_menu(self.bench, numbers, self).popup(place)

    def _take_parameters(self, value: Any) -> None:
        settings = self.settings()
        if settings is not None:
            section = settings.hotspots.model_copy(update={settings.hotspots.segmenter: value})
            self.configure("hotspots", section, live=True)

    def _back(self) -> None:
        if self.session is not None:
            self.session.hands.back_to_automatic("hotspots")


def rows_of(session: Any) -> tuple[Any, ...] | None:
    """Return the rows of the table with class, judgement and link as they stand now.

    The table is measured by a worker, a moment after a person said something.

    Returns
    -------
    tuple of HotspotRow or None
        None while there is no table.
    """
    table = session.value("table") if session is not None else None
    hotspots = session.value("hotspots") if session is not None else None
    if table is None or hotspots is None:
        return None
    marks = hotspots.by_id()
    rows = []
    for row in table:
        mark = marks.get(row.id)
        if mark is None or mark.view != row.view:
            continue
        now = (mark.label, mark.judged, mark.linked)
        if now != (row.label, row.judged, row.linked):
            row = replace(row, label=mark.label, judged=mark.judged, linked=mark.linked)
        rows.append(row)
    return tuple(rows)

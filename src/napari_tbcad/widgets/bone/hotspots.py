"""Step 3: the hotspots, their classes, and the person's turn."""

from __future__ import annotations

import weakref
from typing import Any

from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QPushButton

from napari_tbcad.widgets.bone.actions import set_class
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.hotspot_menu import hotspot_menu
from napari_tbcad.widgets.bone.hotspot_sight import bring_into_sight, go_to
from napari_tbcad.widgets.bone.hotspot_table import Filter, HotspotView, judged_class, sentence, together
from napari_tbcad.widgets.bone.hotspot_table.filters import FilterRow
from napari_tbcad.widgets.bone.hotspot_table.judging import ClassRow, HeadRow
from napari_tbcad.widgets.bone.hotspot_table.live import rows_of
from napari_tbcad.widgets.bone.hotspot_table.room import TableRoom
from napari_tbcad.widgets.bone.hotspot_table.told import ToldLine
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.bone.tools.tool_row import ToolRow
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.work import timer

_HINTS = {
    (False, False): "Run all finds candidates, then it is your turn to say which are abnormal. "
    "Or take a tool and make hotspots yourself.",
    (True, False): "Hotspots are listed here once the regions of the skeleton are found.",
    (True, True): "No hotspots. Take a tool and make them yourself, or lower the threshold.",
}
"""By whether there are hotspots, and whether they were measured."""
_NONE_CHOSEN = (
    "Tab chooses the one that most needs an eye, a click any other; what was measured of it stands here."
)
_GREY_MS = 200
"""Numbers that are out of date for longer than this are greyed."""


class HotspotsStep(BoneStep):
    """The hotspots as a table; the class of each is a person's to say."""

    name, number, heading = "hotspots", 3, "Hotspots"
    purpose = "Finds candidates; you say which are abnormal. The index follows."

    def __init__(self, bench: BoneBench, *, open_: bool = True) -> None:
        super().__init__(bench, open_=open_)
        self.hint = QuietLabel(wrap=True)
        self.tools = ToolRow(bench)
        self.offer = QPushButton()
        self.offer.setToolTip(
            "Candidates that were found after you had begun: put them beside your hotspots, to be judged. "
            "Can be undone."
        )
        self.offer.clicked.connect(lambda: self._add_candidates())
        self.told = ToldLine()
        self.head = HeadRow()
        self.progress = self.head.progress
        self.filter_button, self.onward_button = self.head.filter_button, self.head.onward_button
        self.next_button = self.head.next_button
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
        self._automatic: weakref.ref[Any] | None = None
        self._at: tuple[tuple[int, ...], bool] = ((), False)
        self._soon = timer(self, lambda: self.go_to_next(1))
        self._late = timer(self, self._grey)
        self._room = TableRoom(self, self.table, self.told)

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
        self.tools.refresh()
        self.told.listen(session.hands if session is not None else None)
        rows = rows_of(session)
        self._make_room(rows)
        edited = session is not None and session.run is not None and session.run.edited("hotspots")
        self.back_button.setEnabled(edited)
        self.note.setVisible(edited)
        candidates = session.hands.candidates() if session is not None and edited else 0
        self.offer.setVisible(candidates > 0)
        self.offer.setText(f"Add the {candidates} candidate{'s' if candidates != 1 else ''} found")
        if session is None or not rows:
            self.table.show_rows((), chosen=None)
            self.classes.show_class(self._next_class())
            self.summarise("none" if rows is not None else "")
            return
        self._forget_others(session)
        look = session.look
        self.table.show_rows(rows, chosen=look.chosen, selected=look.selected)
        self._room.fit()
        self._fade_late(session)
        self._describe(rows, look.selected)
        self.progress.show_rows(rows)
        self._summarise(rows)
        self._follow(session, look.chosen)
        self._go_on(rows, look.selected)

    def go_to_next(self, step: int = 1) -> None:
        """Point at the next hotspot that needs a person's eye, as the table is sorted.

        Parameters
        ----------
        step : {1, -1}
            Onwards or back.
        """
        session, rows = self.session, rows_of(self.session)
        if session is None or rows is None:
            return
        # As things stand now: two keys may be pressed before the panel is drawn.
        self.table.show_rows(rows, chosen=session.look.chosen, selected=session.look.selected)
        number = self.table.next_to_judge(step)
        if number is not None:
            session.look.choose(number)

    # -- what is shown --------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.body.addWidget(self.hint)
        self.body.addWidget(self.tools)
        self.body.addWidget(self.offer)
        self.body.addWidget(self.head)
        # Class and measures above the table: they stay in sight however little room is left for its rows.
        for widget in (self.classes, self.described, self.filters, self.table, self.told):
            self.body.addWidget(widget)
        self.body.addWidget(self.back_button)
        self.body.addWidget(self.note)
        self.filters.hide()
        self.note.hide()
        self.offer.hide()

    def _make_room(self, rows: tuple[Any, ...] | None) -> None:
        """Show what there is a use for, else what to do."""
        session, there = self.session, bool(rows)
        for widget in (self.head, self.table, self.described):
            widget.setVisible(there)
        self.filters.setVisible(there and self.filter_button.isChecked())
        self.classes.setEnabled(session is not None and session.value("scan") is not None)
        self.hint.setVisible(not there)
        found = session is not None and session.value("hotspots") is not None
        self.hint.set_text(_HINTS[found, rows is not None])

    def _connect(self) -> None:
        self.next_button.clicked.connect(lambda: self.go_to_next(1))
        self.filter_button.toggled.connect(self._show_filters)
        self.filters.changed.connect(self.table.show_filtered)
        self.filters.done.connect(self._found)
        self.table.picked.connect(self._pick)
        self.table.class_wanted.connect(self._set_class)
        self.table.key_pressed.connect(self._act)
        self.table.next_wanted.connect(self.go_to_next)
        self.table.menu_wanted.connect(self._show_menu)
        self.table.opened.connect(lambda number: go_to(self.session, number))
        self.classes.class_wanted.connect(lambda label: set_class(self.bench, label))
        self.classes.confirm_wanted.connect(lambda: self._act("confirm"))

    def _show_filters(self, shown: bool) -> None:
        self.filters.setVisible(shown and not self.table.isHidden())
        if shown:
            self.filters.text.setFocus()
        else:
            self.filters.set_filter(Filter())

    def _describe(self, rows: tuple[Any, ...], selected: tuple[int, ...]) -> None:
        chosen = [row for row in rows if row.id in selected]
        self.classes.show_class(judged_class(chosen) if chosen else self._next_class())
        text = sentence(chosen[0]) if len(chosen) == 1 else together(chosen) if chosen else _NONE_CHOSEN
        self.described.set_text(text)

    def _next_class(self) -> str | None:
        """Return the class of what is made next."""
        return self.session.hands.brush_class if self.session is not None else None

    def _summarise(self, rows: tuple[Any, ...]) -> None:
        judged = sum(row.judged for row in rows)
        abnormal = sum(row.label == "abnormal" for row in rows)
        # The foot says how many are abnormal: once a person judges, their progress is the news.
        many = "all" if judged == len(rows) else judged
        self.summarise(f"{len(rows)}, {f'{many} judged' if judged else f'{abnormal} abnormal'}")

    def _follow(self, session: Any, chosen: int | None) -> None:
        """Bring what is pointed at into sight; what was on the canvas already stays where it is."""
        before, self._shown = self._shown, (weakref.ref(session), chosen)
        if _same(before[0], session) and before[1] != chosen:
            bring_into_sight(session, chosen)

    def _forget_others(self, session: Any) -> None:
        """Sort anew when other hotspots were found: they have the numbers of those before."""
        found = session.value("hotspots", automatic=True)
        known = self._automatic() if self._automatic is not None else None
        if found is not known or not _same(self._shown[0], session):
            self.table.forget()
            self._automatic = None if found is None else weakref.ref(found)

    def _fade_late(self, session: Any) -> None:
        """Grey numbers that stay out of date: after an edit the answer comes before an eye sees it."""
        if session.fresh("table"):
            self._late.stop()
            self.table.fade(False)
        elif not self._late.isActive():
            self._late.start(_GREY_MS)

    def _grey(self) -> None:
        self.table.fade(self.session is not None and not self.session.fresh("table"))

    def _go_on(self, rows: tuple[Any, ...], selected: tuple[int, ...]) -> None:
        """Point at the next hotspot once those selected are judged, if the person wants that."""
        before, judged = self._at, {row.id for row in rows if row.judged}
        done = bool(selected) and judged.issuperset(selected)
        self._at = (selected, done)
        left = len(judged) < len(rows)
        if self.onward_button.isChecked() and left and done and before == (selected, False):
            # Not while the session tells of what was judged.
            self._soon.start(0)

    # -- what a person does ---------------------------------------------------------------------------

    def _pick(self, numbers: tuple[int, ...], current: int | None) -> None:
        if self.session is not None:
            self.session.look.select(numbers, current)

    def _set_class(self, number: int, label: str) -> None:
        if self.session is not None:
            self.session.hands.set_class([number], label)

    def _found(self) -> None:
        """Go on from the field of words to the first row that it found."""
        self.table.setFocus()
        if self.session is not None and (numbers := self.table.numbers()):
            self.session.look.choose(numbers[0])

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

    def _add_candidates(self) -> None:
        if self.session is not None and self.session.hands.add_candidates():
            # What needs an eye first may be among them.
            self.table.forget()

    def _back(self) -> None:
        if self.session is not None:
            self.session.hands.back_to_automatic("hotspots")


def _same(reference: Any, session: Any) -> bool:
    return reference is not None and reference() is session

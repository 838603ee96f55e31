"""Step 5: the patient's earlier scan, and what differs."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any

from qtpy.compat import isalive
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_tbcad.chain import State
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.comparing import Comparing, comparing_of
from napari_tbcad.widgets.bone.earlier_list import PairingList
from napari_tbcad.widgets.bone.earlier_marks import NAME, draw_pairings, place_of
from napari_tbcad.widgets.bone.earlier_source import EarlierSource
from napari_tbcad.widgets.bone.earlier_views import EarlierViews
from napari_tbcad.widgets.bone.earlier_words import (
    counted_pieces,
    interval_text,
    judged_text,
    regions_text,
    signed,
    verdict_text,
)
from napari_tbcad.widgets.bone.hotspot_sight import in_sight
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.parts.change_scale import ChangeScale
from napari_tbcad.widgets.parts.link_label import LinkLabel
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.step import AMBER


class EarlierStep(BoneStep):
    """The earlier scan is chosen; new, gone and changed hotspots are listed and found on the canvas."""

    name, number, heading = "earlier", 5, "Earlier scan"
    purpose = "Compares with an earlier scan of the same patient."
    can_run = False

    def __init__(self, bench: BoneBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
        self.hint = QuietLabel(
            "Choose an earlier scan of this patient: a saved case, a folder of results, or one open here.",
            wrap=True,
        )
        self.source = EarlierSource()
        self.whose = QuietLabel(quiet=False)
        self.away = QPushButton("✕")
        self.change = QLabel("")
        self.scale = ChangeScale()
        self.verdict, self.judged = QuietLabel(quiet=False, wrap=True), QuietLabel(wrap=True)
        self.doubts = QuietLabel(quiet=False, wrap=True)
        self.counted = LinkLabel()
        self.regions = QuietLabel(wrap=True)
        self.list = PairingList()
        self.marks = QCheckBox("Mark on the canvas")
        self.beside = QCheckBox("Show beside")
        self.views = EarlierViews(self)
        self._heard: weakref.ref[Comparing] | None = None
        self._shown: Any = None
        self._drawing: Any = None
        self._lay_out()
        self._connect()

    @property
    def comparing(self) -> Comparing | None:
        """The comparison of the scan shown."""
        return None if self.session is None else comparing_of(self.session)

    @property
    def _answers(self) -> tuple[Any, ...]:
        return (self.change, self.scale, self.verdict, self.judged, self.counted, self.regions, self.list)

    def refresh(self) -> None:
        """Show which scan it is compared with, and what differs."""
        comparing = self._listen()
        self._offer()
        named = comparing is not None and bool(comparing.name)
        result = comparing.result if comparing is not None else None
        self.source.setEnabled(comparing is not None)
        self.hint.setVisible(not named)
        for widget in (self.whose, self.away):
            widget.setVisible(named)
        for widget in (*self._answers, self.marks, self.beside):
            widget.setVisible(result is not None)
        self._show_beside()
        if comparing is None or not named:
            self.set_state(State.NOT_RUN)
            self.doubts.hide()
            self.summarise("")
        else:
            self._show(comparing, result)
        self._mark()

    # -- what is shown --------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.whose, 1)
        head.addWidget(self.away)
        self.away.setFixedWidth(26)
        self.away.setStyleSheet("padding: 3px;")
        self.away.setToolTip("Compare with nothing.")
        self.away.setAccessibleName("Compare with nothing")
        self.change.setStyleSheet("font-size: 21pt; font-weight: bold; padding: 0;")
        self.doubts.setStyleSheet(f"border-left: 3px solid {AMBER}; padding-left: 6px;")
        self.marks.setToolTip("Rings over new (+), changed (±) and gone (−, dashed) hotspots. Display only.")
        self.marks.setChecked(True)
        self.beside.setToolTip(
            "Lay the earlier scan's views to the right, in the same grey for the same bone. Display only; a "
            "folder of results has no picture."
        )
        self.body.addWidget(self.hint)
        self.body.addLayout(head)
        for widget in (self.change, self.scale, self.verdict, self.judged, self.doubts):
            self.body.addWidget(widget)
        rest: tuple[QWidget, ...] = (self.counted, self.list, self.regions)
        for part in rest:
            self.body.addWidget(part)
        looks = QHBoxLayout()
        looks.addWidget(self.marks)
        looks.addWidget(self.beside)
        looks.addStretch(1)
        self.body.addLayout(looks)
        self.body.addWidget(self.source)

    def _connect(self) -> None:
        self.source.case_chosen.connect(lambda path: self._take("take_case", path))
        self.source.results_chosen.connect(lambda folder, name: self._take("take_results", folder, name))
        self.source.scan_chosen.connect(self._take_scan)
        self.source.failed.connect(self._complain)
        self.away.clicked.connect(lambda _=False: self._take("clear"))
        self.list.chosen.connect(self._choose)
        self.counted.pressed.connect(self._choose_state)
        self.marks.toggled.connect(lambda _: self._mark())
        self.beside.toggled.connect(lambda _: self._show_beside())
        self.toggled.connect(lambda _: self._mark())

    def _listen(self) -> Comparing | None:
        """Hear of the comparison of the scan shown."""
        comparing = self.comparing
        before = self._heard() if self._heard is not None else None
        if comparing is not before:
            if before is not None and isalive(before):
                before.changed.disconnect(self.refresh)
            self._heard = None if comparing is None else weakref.ref(comparing)
            if comparing is not None:
                comparing.changed.connect(self.refresh)
        return comparing

    def _offer(self) -> None:
        session = self.session
        films = self.bench.films() if session is not None else []
        own = session.layers.pictures().values() if session is not None else ()
        others = [layer for layer in films if all(layer is not one for one in own)]
        self.source.offer([(self.bench.title(layer), layer) for layer in others])

    def _show(self, comparing: Comparing, result: Any) -> None:
        from napari_tbcad.bone.bsi import DETECTABLE_CHANGE

        busy, failed = comparing.busy, bool(comparing.error)
        state = State.RUNNING if busy else State.FAILED if failed else State.DONE
        if not busy and not failed:
            state = State.DONE if comparing.fresh else State.STALE if result is not None else State.NOT_RUN
        self.set_state(state, comparing.error)
        ago = interval_text(result) if result is not None else ""
        self.whose.set_text(comparing.name + (f" · {ago}" if ago else ""))
        if result is None:
            self.doubts.hide()
            self.summarise("reading…" if busy else "")
            return
        for widget in self._answers:
            widget.setEnabled(comparing.fresh or busy)
        self.summarise(f"{signed(result.change)} %")
        if result is self._shown:
            return
        self._shown = result
        self.change.setText(f"{_arrow_of(result)} {signed(result.change)} %")
        self.change.setToolTip(result.summary())
        comparable = result.verdict != "not comparable"
        self.scale.show_change(result.change if comparable else None, DETECTABLE_CHANGE)
        self.verdict.set_text(verdict_text(result))
        self.judged.set_text(judged_text(result))
        self.doubts.set_text(" ".join(result.warnings))
        self.doubts.setVisible(bool(result.warnings))
        self.counted.show_pieces(counted_pieces(result))
        self.regions.set_text(regions_text(result))
        self.list.show_pairings(result.pairings)

    def _show_beside(self) -> None:
        """Lay the earlier scan beside this one, or take it away."""
        comparing, session = self.comparing, self.session
        earlier = comparing.earlier if comparing is not None else None
        there = earlier is not None and any(image.counts.any() for _, image in earlier.scan)
        self.beside.setEnabled(there)
        if session is not None and earlier is not None and there and self.beside.isChecked():
            overlay = getattr(self.bench.viewing, "overlay", None)
            self.views.show(session, earlier, overlay=overlay)
        else:
            self.views.hide()

    def _mark(self) -> None:
        """Draw over the canvas while the step is open and it is wished."""
        overlay = getattr(self.bench.viewing, "overlay", None)
        if overlay is None:
            return
        comparing = self.comparing
        wanted = comparing is not None and comparing.result is not None and self.is_open
        if wanted and self.marks.isChecked():
            if self._drawing is None:
                step = weakref.ref(self)

                def draw(painter: Any, sight: Any) -> None:
                    # Python may keep a step whose panel was closed.
                    if (here := step()) is not None and isalive(here):
                        here._draw(painter, sight)

                self._drawing = draw
                overlay.draw(NAME, draw)
            else:
                overlay.redraw()
        elif self._drawing is not None:
            self._drawing = None
            overlay.draw(NAME, None)

    def _draw(self, painter: Any, sight: Any) -> None:
        comparing = self.comparing
        if comparing is not None and comparing.result is not None and self.session is not None:
            table = self.session.value("table")
            draw_pairings(painter, sight, comparing.result, table, self.list.pairing)

    # -- what a person asks ---------------------------------------------------------------------------

    def _take(self, name: str, *values: Any) -> None:
        if (comparing := self.comparing) is not None:
            getattr(comparing, name)(*values)

    def _take_scan(self, layer: Any) -> None:
        other = self.bench.make_session(layer)
        if other is not self.session:
            self._take("take_session", other)

    def _complain(self, text: str) -> None:
        if (comparing := self.comparing) is not None:
            comparing.complain(text)

    def _choose(self) -> None:
        """Choose the hotspots of the row; where they are gone, go to where they were."""
        pairing, session, comparing = self.list.pairing, self.session, self.comparing
        if pairing is None or session is None or comparing is None or comparing.result is None:
            return
        self._mark()
        if pairing.later:
            session.look.select(pairing.later, pairing.later[0])
            return
        session.look.choose(None)
        self._go_to(pairing, comparing.result)

    def _choose_state(self, state: str) -> None:
        """Choose all hotspots of a state; of what is gone, go to the first."""
        session = self.session
        found = [
            p
            for p in self.list.pairings
            if p.state == state and "abnormal" in (p.label_earlier, p.label_later)
        ]
        if session is None or not found:
            return
        self.list.point_at(found[0])
        numbers = [number for pairing in found for number in pairing.later]
        if numbers:
            session.look.select(numbers, numbers[0])

    def _go_to(self, pairing: Any, result: Any) -> None:
        session = self.session
        place = place_of(pairing, result, session.value("table")) if session is not None else None
        image = session.layers.picture(pairing.view) if session is not None else None
        viewer = session.viewer if session is not None else None
        if place is None or image is None or viewer is None:
            return
        # What is in sight already stays where it is.
        if not in_sight(session, SimpleNamespace(view=pairing.view, row=place[0], column=place[1])):
            world = image.data_to_world(place)
            viewer.camera.center = (0.0, float(world[-2]), float(world[-1]))


def _arrow_of(result: Any) -> str:
    """Return a sign of the direction: colour alone says nothing."""
    return {"increase": "▲", "decrease": "▼", "not comparable": "≠"}.get(result.verdict, "≈")

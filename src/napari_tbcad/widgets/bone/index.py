"""Step 4: the Bone Scan Index and what it is made of."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.body_map import RegionPicture
from napari_tbcad.widgets.bone.comparing import comparing_of
from napari_tbcad.widgets.bone.index_choices import IndexChoices
from napari_tbcad.widgets.bone.index_words import (
    basis_text,
    basis_tip,
    captions_of,
    doubts_of,
    left_out_pieces,
    readings_of,
    summary_of,
)
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.parts.index_scale import IndexScale
from napari_tbcad.widgets.parts.link_label import LinkLabel
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.step import AMBER


class Number(QWidget):
    """One large number between two lines of words: what it is, and what it rests on."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.foot = QuietLabel(scale=0.95), LinkLabel()
        self.value = QLabel("")
        self.value.setStyleSheet("font-size: 21pt; font-weight: bold; padding: 0;")
        self.value.setIndent(0)
        self.value.setContentsMargins(0, 0, 0, 0)
        self.foot.setWordWrap(False)
        self.foot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        column = QGridLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setVerticalSpacing(0)
        for row, label in enumerate((self.head, self.value, self.foot)):
            column.addWidget(label, row, 0)


class IndexStep(BoneStep):
    """The index, large: as judged, and with the candidates; and all that it depends on."""

    name, number, heading = "index", 4, "Index"
    purpose = "The Bone Scan Index: which share of the skeleton's mass is abnormal."

    def __init__(self, bench: BoneBench, *, open_: bool = True) -> None:
        super().__init__(bench, open_=open_)
        self.hint = QuietLabel(
            "Run all computes the index. It follows every class you give; what you have not judged stays "
            "apart.",
            wrap=True,
        )
        self.judged, self.whole = Number(), Number()
        self.scale = IndexScale()
        self.doubts = QuietLabel(quiet=False, wrap=True)
        self.doubts.setStyleSheet(f"border-left: 3px solid {AMBER}; padding-left: 6px;")
        self.choices = IndexChoices()
        self.basis = QuietLabel(wrap=True)
        self.regions = RegionPicture()
        self.left_out = LinkLabel()
        self._groups: dict[str, tuple[int, ...]] = {}
        self._shown: tuple[Any, ...] = ()
        self._parted = False
        self._lay_out()
        self.choices.changed.connect(lambda value: self.configure("index", value, live=True))
        self.regions.pressed.connect(self._choose_region)
        self.left_out.pressed.connect(self._choose)
        self.whole.foot.pressed.connect(self._choose)

    @property
    def value(self) -> QLabel:
        """The large number of all abnormal hotspots."""
        return self.whole.value

    @property
    def _answers(self) -> tuple[QWidget, ...]:
        return (self.judged, self.whole, self.scale, self.basis, self.regions, self.left_out)

    def build(self, settings: Any) -> None:
        """Show weight table and view rule."""
        self.choices.set_value(settings.index)

    def refresh(self) -> None:
        """Show the index; greyed when it is out of date."""
        super().refresh()
        session = self.session
        index = session.value("index") if session is not None else None
        self.hint.setVisible(index is None)
        for widget in (*self._answers, self.choices):
            # One of the numbers is hidden where the other says all.
            widget.setVisible(index is not None and (widget is not self.judged or self._parted))
        if session is None or index is None:
            self.doubts.hide()
            self._shown = ()
            self.summarise("working…" if session is not None and session.busy else "")
            return
        fresh, hotspots = session.fresh("index"), session.value("hotspots")
        scan, quality = session.value("scan"), session.quality
        regions = session.value("regions")
        before = comparing_of(session).result
        shown = (index, fresh, hotspots, scan, quality, regions, before)
        if len(shown) == len(self._shown) and all(a is b for a, b in zip(shown, self._shown, strict=True)):
            return
        self._shown = shown
        for widget in self._answers:
            widget.setEnabled(fresh)
        self.choices.offer(tuple(view for view, _ in scan) if scan is not None else ())
        self._show(index, hotspots, before, fresh=fresh)
        doubts = doubts_of(regions, quality)
        self.doubts.set_text(" ".join(doubts))
        self.doubts.setVisible(bool(doubts))

    def _lay_out(self) -> None:
        # A hidden number leaves its room to the other.
        numbers = QHBoxLayout()
        numbers.setSpacing(12)
        numbers.addWidget(self.judged, 1)
        numbers.addWidget(self.whole, 1)
        self.body.addWidget(self.hint)
        self.body.addLayout(numbers)
        for widget in (self.scale, self.basis, self.doubts, self.choices, self.regions, self.left_out):
            self.body.addWidget(widget)

    def _show(self, index: Any, hotspots: Any, before: Any, *, fresh: bool) -> None:
        from napari_tbcad.bone.bsi import DETECTABLE_CHANGE
        from napari_tbcad.bone.exclusions import left_out, unjudged

        open_ = unjudged(hotspots) if hotspots is not None else ()
        confirmed, whole = captions_of(index, len(open_))
        self._parted = confirmed is not None
        self.judged.setVisible(self._parted)
        for number, caption in ((self.judged, confirmed), (self.whole, whole)):
            if caption is not None:
                number.head.set_text(caption.head)
                number.value.setText(caption.value)
                number.value.setToolTip(caption.tip)
                number.foot.show_pieces(caption.foot)
        self.scale.show_readings(readings_of(index, before), DETECTABLE_CHANGE)
        self.basis.set_text(basis_text(index, fresh=fresh))
        self.basis.setToolTip(basis_tip(index))
        self.regions.show_index(index)
        groups = left_out(hotspots, index) if hotspots is not None else ()
        table = self.session.value("table") if self.session is not None else None
        self.left_out.show_pieces(left_out_pieces(index, groups, table))
        self._groups = {group.reason: group.ids for group in groups} | {"unjudged": open_}
        self.summarise(summary_of(index, fresh=fresh))

    def _choose(self, key: str) -> None:
        """Choose the hotspots of a link: a group by its name, or one by its number."""
        numbers = (int(key),) if key.isdigit() else self._groups.get(key, ())
        if self.session is not None and numbers:
            self.session.look.select(numbers, numbers[0])

    def _choose_region(self, region: str, view: str) -> None:
        """Choose the abnormal hotspots of a region, in one view or both, the largest first."""
        table = self.session.value("table") if self.session is not None else None
        rows = [
            row
            for row in table or ()
            if row.region == region and row.label == "abnormal" and view in ("", row.view)
        ]
        rows.sort(key=lambda row: row.area_px, reverse=True)
        if self.session is not None and rows:
            self.session.look.select([row.id for row in rows], rows[0].id)

"""The step of the earlier scan: where it comes from, what differs, and that it is found on the canvas."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QObject, Signal

from napari_tbcad.bone.cases import case_of
from napari_tbcad.bone.compare import ComparisonResult
from napari_tbcad.bone.exports import export_case
from napari_tbcad.bone.pairing import Pairing
from napari_tbcad.chain import State
from napari_tbcad.widgets.bone.comparing import comparing_of
from napari_tbcad.widgets.bone.earlier import EarlierStep
from napari_tbcad.widgets.bone.earlier_words import interval_text, judged_text, row_words, verdict_text
from napari_tbcad.widgets.parts.change_scale import ChangeScale

pytestmark = pytest.mark.gui


class OtherScan(QObject):
    """A scan that is open beside the one looked at."""

    changed = Signal()
    closed, name = False, "another"

    def __init__(self, values):
        super().__init__()
        self.values = values

    def value(self, name):
        return self.values.get(name)

    def fresh(self, name):
        return name in self.values


def test_an_earlier_case_is_compared_and_followed(opened, finished, analysis, tmp_path, qtbot):
    viewer, widget = opened()
    session = widget.session
    step = EarlierStep(widget.bench, open_=True)
    qtbot.addWidget(step)
    session.changed.connect(step.refresh)
    step.refresh()
    assert step.dot.state is State.NOT_RUN
    assert not step.hint.isHidden()
    comparing = step.comparing
    assert comparing is comparing_of(session)

    def compared():
        qtbot.waitUntil(lambda: not comparing.busy and session.settled, timeout=20_000)

    # A case of before; since then one hotspot has gone and one has another class.
    path = tmp_path / "2025.tbcad"
    case_of(session.run).save(path)
    rows = sorted((row for row in analysis.table if row.label == "abnormal"), key=lambda row: -row.area_px)
    gone, other = rows[0], rows[1]
    session.hands.delete([gone.id])
    finished(widget)
    step.source.take(path)
    compared()
    assert comparing.error == ""
    assert comparing.fresh
    result = comparing.result
    states = {pairing.state: pairing for pairing in result.pairings if pairing.state != "unchanged"}
    assert set(states) == {"gone"}
    assert states["gone"].earlier == (gone.id,)
    assert step.dot.state is State.DONE
    assert "− 1 gone" in step.counted.words
    assert "2025" in step.whose.text()
    assert result.change < 0
    assert "−" in step.change.text()

    # A row points at its hotspots; what is gone is drawn where it was.
    first = step.list.topLevelItem(0)
    assert first.text(0) == "− gone"
    step.list.setCurrentItem(first)
    assert session.look.selected == ()
    places = [pairing.later for pairing in step.list.pairings]
    row = next(number for number, later in enumerate(places) if later)
    step.list.setCurrentItem(step.list.topLevelItem(row))
    assert session.look.selected == places[row]
    step.counted.pressed.emit("unchanged")
    assert set(session.look.selected) <= {mark.id for mark in session.value("hotspots").marks}
    assert len(session.look.selected) >= result.number("unchanged")

    # The earlier index stands on the scale of this one; a class that changes is followed.
    qtbot.waitUntil(lambda: widget.index.scale.readings[0].words == "Earlier scan")
    session.hands.set_class([other.id], "normal")
    finished(widget)
    compared()
    assert comparing.result is not result
    assert "normal" in {pairing.label_later for pairing in comparing.result.pairings}

    # The earlier scan beside this one: the same bone has the same grey; nothing of it is worked on.
    before = list(viewer.layers)
    step.beside.setChecked(True)
    qtbot.waitUntil(lambda: step.views.settled, timeout=20_000)
    beside = [layer for layer in viewer.layers if layer.name.startswith("earlier ")]
    assert [layer.name for layer in beside] == [
        "earlier anterior",
        "earlier posterior",
        "earlier anterior hotspots",
        "earlier posterior hotspots",
    ]
    pictures = session.layers.pictures()
    assert beside[0].translate[-1] > pictures["posterior"].extent.world[1, -1]
    assert beside[0].contrast_limits == pytest.approx(pictures["anterior"].contrast_limits, rel=0.05)
    session.look.set_inverted(False)
    qtbot.waitUntil(lambda: beside[0].colormap.name == "gray")
    assert len(widget.bench.films()) == 1
    assert widget.bench.others() == []
    step.beside.setChecked(False)
    assert [layer.name for layer in viewer.layers] == [layer.name for layer in before]

    # A folder of results, another open scan, nothing.
    folder = tmp_path / "results"
    export_case(folder, "patient", analysis, session.run.settings, file="patient.dcm")
    step.source.take(folder)
    compared()
    assert comparing.error == ""
    assert comparing.result.number("gone") == 1
    assert not step.beside.isEnabled(), "its views have no picture"
    step.source.take(tmp_path)
    assert "bone run" in step.message
    assert comparing.result is None
    open_scan = OtherScan({})
    comparing.take_session(open_scan)
    assert "no index yet" in comparing.error
    open_scan.values = {
        name: getattr(analysis, name) for name in ("scan", "regions", "hotspots", "table", "index")
    }
    open_scan.changed.emit()
    compared()
    assert comparing.result.number("gone") == 1
    step.away.click()
    assert (comparing.result, comparing.name) == (None, "")
    assert step.list.isHidden()
    scale = widget.index.scale
    qtbot.waitUntil(lambda: "Earlier scan" not in {reading.words for reading in scale.readings})


def result_of(change, verdict, **more):
    return ComparisonResult(1.0, 1.0 + change, change, verdict, None, {}, (), **({"days": None} | more))


def test_a_difference_is_told_in_words(qtbot):
    assert "may be chance" in verdict_text(result_of(0.2, "within the detectable change"))
    assert "An increase" in verdict_text(result_of(0.5, "increase"))
    assert "cannot be compared" in verdict_text(result_of(0.5, "not comparable"))
    assert interval_text(result_of(0, "increase", days=244)) == "8 months before"
    assert interval_text(result_of(0, "increase", days=-14)) == "14 days after"
    assert "Not all is judged" in judged_text(result_of(0.2, "increase"))
    grown = Pairing("anterior", "changed", (3,), (5, 6), "rib", "normal", "abnormal", 2.0, 1.5, 4.0)
    sign, place, cell, tip = row_words(grown)
    assert (sign, place, cell) == ("± changed", "rib, ant.", "normal → abnormal")
    assert "#3 → #5, #6" in tip
    assert "area ×2.00, uptake ×1.50" in tip
    scale = ChangeScale()
    qtbot.addWidget(scale)
    for change in (None, 0.0, -0.5, 0.8):
        scale.show_change(change, 0.30)
        assert not scale.grab().isNull()
    assert "+0.80" in scale.accessibleName()

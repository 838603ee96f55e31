"""The step of the index: two numbers until all is judged, and all that does not count can be found."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from qtpy.QtCore import QPointF, Qt

from napari_tbcad.bone.exclusions import LeftOut
from napari_tbcad.skeletal_mass import WEIGHT_TABLES
from napari_tbcad.widgets.bone.index_words import answer_of, doubts_of, left_out_pieces
from napari_tbcad.widgets.parts.body_map import BodyMap, BodyPart
from napari_tbcad.widgets.parts.index_scale import IndexScale, Reading
from napari_tbcad.widgets.parts.link_label import Link, LinkLabel
from napari_tbcad.widgets.parts.region_bars import RegionBar, RegionBars
from napari_tbcad.widgets.parts.skeleton_figure import figure

pytestmark = pytest.mark.gui


def test_an_index_is_judged_step_by_step(opened, finished):
    _, widget = opened()
    step, session = widget.index, widget.session
    index, hotspots = session.value("index"), session.value("hotspots")
    everything = tuple(mark.id for mark in hotspots.marks)
    assert step.judged.value.text() == "–"
    assert [reading.shape for reading in step.scale.readings] == ["ring"]
    assert "none judged" in answer_of(index)

    # What is not judged is one click away, and so is what does not count.
    step.whole.foot.pressed.emit("unjudged")
    assert session.look.selected == everything
    reasons = {mark.label for mark in hotspots.marks} - {"abnormal"}
    assert reasons
    links = [piece for piece in step.left_out.pieces if isinstance(piece, Link)]
    step.left_out.pressed.emit(links[0].key)
    assert len({hotspots.mark(n).label for n in session.look.selected}) == 1
    assert str(len(session.look.selected)) in links[0].text

    # A region of the picture points at its hotspots.
    abnormal = [row for row in session.value("table") if row.label == "abnormal" and row.region != "outside"]
    first = abnormal[0]
    step.regions.pressed.emit(first.region, first.view)
    assert set(session.look.selected) == {
        row.id for row in abnormal if (row.region, row.view) == (first.region, first.view)
    }
    part = step.regions.map.parts[first.region]
    assert part.front if first.view == "anterior" else part.back

    # One judged: two numbers; all judged: one.
    session.hands.confirm([first.id])
    finished(widget)
    now = session.value("index")
    assert step.judged.value.text() == f"{now.judged_value:.2f} %" != "–"
    assert [reading.shape for reading in step.scale.readings] == ["ring", "dot"]
    assert f"{now.judged_value:.2f}" in answer_of(now)
    assert not step.judged.isHidden()
    session.hands.confirm(everything)
    finished(widget)
    assert step.judged.isHidden()
    assert step.value.text() == f"BSI {now.value:.2f} %"
    assert "all" in step.whole.foot.words

    # Another table, another number; the choice stands beside it.
    step.choices.weights.setCurrentIndex(step.choices.weights.findData("icrp110-female"))
    finished(widget)
    assert session.run.settings.index.weights == "icrp110-female"
    assert "icrp110-female" in step.basis.text()
    assert set(WEIGHT_TABLES) == {step.choices.weights.itemData(n) for n in range(3)}
    step.choices.combine.setCurrentIndex(step.choices.combine.findData("posterior"))
    finished(widget)
    assert "anterior view" in step.left_out.words
    step.choices.offer(("anterior",))
    model = step.choices.combine.model()
    offered = [model.item(n).isEnabled() for n in range(5)]
    assert offered == [True, True, True, True, False]


def test_what_lies_outside_all_regions_is_named():
    index = SimpleNamespace(n_abnormal=9, n_lesions=8, outside_pixels={"anterior": 3, "posterior": 0})
    group = LeftOut("outside all regions", "no region", tuple(range(1, 9)))
    table = [SimpleNamespace(id=n, nearest_region="rib" if n == 1 else None) for n in range(1, 9)]
    pieces = left_out_pieces(index, [group], table)
    links = {piece.key: piece.text for piece in pieces if isinstance(piece, Link)}
    assert links["1"] == "#1 near rib"
    assert links["2"] == "#2"
    assert links["outside all regions"] == "2 more"
    words = "".join(piece if isinstance(piece, str) else piece.text for piece in pieces)
    assert "9 abnormal (8 lesions, 1 seen in both views)" in words
    assert "3 px anterior" in words


def test_doubts_are_said_beside_the_number():
    few = SimpleNamespace(level="red")
    unsure = SimpleNamespace(warnings=("The network is unsure of the skeleton regions of the anterior view",))
    said = doubts_of(unsure, few)
    assert len(said) == 2
    assert "step 2" in said[1]
    assert doubts_of(SimpleNamespace(warnings=()), SimpleNamespace(level="good")) == []


def test_the_body_map_finds_what_is_pointed_at(qtbot):
    picture = BodyMap()
    qtbot.addWidget(picture)
    picture.resize(200, 216)
    picture.show_parts({"skull": BodyPart(1.0, 0.0, "skull adds 1 %")}, "1 %")
    heard = []
    picture.pointed.connect(heard.append)
    for side in ("front", "back"):
        for name in ("skull", "lumbar", "pelvis"):
            path = picture._placed(side).map(figure(side)[name])
            place = path.pointAtPercent(0.1)
            assert picture.region_at(place) == (name, side)
    assert picture.region_at(QPointF(1, 1)) is None
    place = picture._placed("front").map(figure("front")["skull"]).boundingRect().center()
    qtbot.mouseMove(picture, place.toPoint())
    pressed = []
    picture.pressed.connect(lambda *found: pressed.append(found))
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton, pos=(place + QPointF(0, -8)).toPoint())
    assert pressed == [("skull", "front")]
    assert "sternum" in figure("front")
    assert "sternum" not in figure("back"), "the sternum is seen from the front only"
    assert not picture.grab().isNull()


def test_bars_are_gone_through_by_key(qtbot):
    bars = RegionBars()
    qtbot.addWidget(bars)
    bars.show_rows([RegionBar("rib", 0.2, "0.20", part=0.1), RegionBar("skull", None, "–")])
    heard, pressed = [], []
    bars.pointed.connect(heard.append)
    bars.pressed.connect(pressed.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(bars, key)
    assert heard == ["rib", "skull"]
    assert pressed == ["skull"]
    assert not bars.grab().isNull()


@pytest.mark.parametrize(("value", "top"), [(0.0, 0.5), (0.53, 1.0), (0.71, 2.0), (3.0, 5.0), (9.71, 20.0)])
def test_the_scale_ends_at_a_round_number_above_the_band(qtbot, value, top):
    scale = IndexScale()
    qtbot.addWidget(scale)
    scale.show_readings([Reading(value, "dot", "Bone Scan Index")], 0.30)
    assert scale.top == pytest.approx(top)
    assert not scale.grab().isNull()


def test_links_are_plain_words_to_a_screen_reader(qtbot):
    label = LinkLabel()
    qtbot.addWidget(label)
    heard = []
    label.pressed.connect(heard.append)
    label.show_pieces(["a < b: ", Link("three & more", "x", "why")])
    assert label.words == label.accessibleName() == "a < b: three & more"
    label.linkActivated.emit("x")
    assert heard == ["x"]

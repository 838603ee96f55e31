"""Forms made from parameter models."""

from __future__ import annotations

from typing import Literal

import pytest
from qtpy.QtCore import QLocale, QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox, QToolButton

from napari_tbcad.record import Parameters, field
from napari_tbcad.widgets.parts.form import ParameterForm

pytestmark = pytest.mark.gui


class Sample(Parameters):
    """A parameter of every kind."""

    size: int = field(3, title="Window", unit="px", ge=1, le=15, description="Side of the window.")
    width: float = field(1.1, title="Width", gt=0, le=2.5, description="How wide.")
    kind: Literal["one", "two"] = field("one", title="Kind", description="Which one.")
    on: bool = field(True, title="On", description="Whether.")
    depth: int | None = field(None, title="Depth", description="May be empty.")
    hidden: int = field(7, title="Rare", description="Seldom changed.", more=True)


def test_controls_follow_the_model(qtbot):
    form = ParameterForm(Sample())
    qtbot.addWidget(form)
    size, width = form.controls["size"], form.controls["width"]
    assert isinstance(size, QSpinBox)
    assert (size.minimum(), size.maximum(), size.suffix()) == (1, 15, " px")
    assert isinstance(width, QDoubleSpinBox)
    assert 0 < width.minimum() < 0.01
    assert isinstance(form.controls["kind"], QComboBox)
    assert isinstance(form.controls["on"], QCheckBox)
    assert "Side of the window." in size.toolTip()
    assert "px" in size.toolTip()


def test_a_change_gives_checked_parameters_and_reset_takes_them_back(qtbot):
    form = ParameterForm(Sample(size=5))
    qtbot.addWidget(form)
    with qtbot.waitSignal(form.changed) as told:
        form.controls["kind"].setCurrentText("two")
    assert told.args == [Sample(size=5, kind="two")]
    with qtbot.waitSignal(form.changed) as told:
        form.reset_button.click()
    assert told.args == [Sample()]
    assert form.controls["size"].value() == 3


def test_a_refused_value_is_said_and_not_sent(qtbot):
    form = ParameterForm(Sample())
    qtbot.addWidget(form)
    depth = form.controls["depth"]
    depth.setText("deep")
    with qtbot.assertNotEmitted(form.changed):
        depth.editingFinished.emit()
    assert form.value == Sample()
    depth.setText("4")
    depth.editingFinished.emit()
    assert form.value == Sample(depth=4)


def test_rare_settings_wait_under_more(qtbot):
    form = ParameterForm(Sample())
    qtbot.addWidget(form)
    form.show()
    assert form.controls["size"].isVisible()
    assert not form.controls["hidden"].isVisible()
    next(b for b in form.findChildren(QToolButton) if b.text() == "More").click()
    assert form.controls["hidden"].isVisible()


def test_every_stage_of_the_chest_chain_has_a_form(qtbot):
    from napari_tbcad.chest.workflow import ChestSettings

    for name, value in ChestSettings():
        form = ParameterForm(value)
        qtbot.addWidget(form)
        form.reset()
        assert form.value == value, name


class Fine(Parameters):
    """Numbers that a coarse control would round, and a range open at zero."""

    clip: float = field(1.1, title="Clip", gt=0, le=100_000, description="How much.")
    tiny: float = field(1e-5, title="Tiny", ge=0, le=1, description="Hardly anything.")
    on: bool = field(True, title="On", description="Whether.")


@pytest.fixture
def comma_country():
    """Indonesia: 0,4 and 1.100."""
    before = QLocale()
    QLocale.setDefault(QLocale("id_ID"))
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize("typed", ["0.4", "0,4"])
def test_a_typed_number_arrives_where_the_comma_is_the_decimal_point(qtbot, comma_country, typed):
    form = ParameterForm(Fine())
    qtbot.addWidget(form)
    clip = form.controls["clip"]
    assert clip.text() == "1.1"
    clip.lineEdit().selectAll()
    qtbot.keyClicks(clip, typed)
    qtbot.keyClick(clip, Qt.Key.Key_Return)
    assert form.value.clip == 0.4
    assert clip.text() == "0.4"


def test_touching_one_field_leaves_the_others_as_they_are(qtbot):
    value = Fine(clip=1.23456789, tiny=1 / 3)
    form = ParameterForm(value)
    qtbot.addWidget(form)
    with qtbot.waitSignal(form.changed) as told:
        form.controls["on"].click()
    assert told.args == [value.model_copy(update={"on": False})]


def test_a_range_open_at_zero_never_gives_zero(qtbot):
    form = ParameterForm(Fine())
    qtbot.addWidget(form)
    form.controls["clip"].setValue(0)
    assert form.controls["clip"].value() > 0
    assert 0 < form.value.clip < 1
    assert form.controls["tiny"].value() == 1e-5


def test_a_refused_value_stays_said_while_others_change(qtbot):
    form = ParameterForm(Sample())
    qtbot.addWidget(form)
    form.controls["depth"].setText("deep")
    form.controls["depth"].editingFinished.emit()
    form.controls["kind"].setCurrentText("two")
    assert form.value == Sample(kind="two")
    assert not form._complaint.isHidden()


class Turned(Parameters):
    """Numbers that a person turns while looking."""

    threshold: float = field(0.3, title="Threshold", gt=0, lt=1, slider=True, description="From where.")
    tolerance: float = field(1.8, title="Tolerance", ge=-2, le=20, slider=True, description="How much.")
    tiles: int = field(8, title="Tiles", ge=1, le=16, slider=True, description="How many.")
    share: float = field(
        0.5, title="Share", ge=0, le=1, multiple_of=0.25, slider=True, description="Quarters."
    )
    plain: float = field(0.5, title="Plain", ge=0, le=1, description="No slider was asked for.")
    endless: float = field(0.5, title="Endless", ge=0, slider=True, description="Only one bound.")


@pytest.fixture
def turned(qtbot):
    form = ParameterForm(Turned())
    qtbot.addWidget(form)
    form.setFixedWidth(300)
    with qtbot.waitExposed(form):
        form.show()
    form.told = []
    form.changed.connect(lambda value: form.told.append(value))
    form.grabbed.connect(lambda: form.told.append("grabbed"))
    form.released.connect(lambda: form.told.append("released"))
    return form


def at(slider, share):
    return QPoint(round(share * (slider.width() - 1)), slider.height() // 2)


def test_sliders_are_where_they_were_asked_for_and_have_room(turned):
    assert list(turned.sliders) == ["threshold", "tolerance", "tiles", "share"]
    for name, slider in turned.sliders.items():
        box = turned.controls[name]
        assert slider.width() >= 100
        assert slider.geometry().right() < box.geometry().left()
        assert slider.toolTip() == box.toolTip()
        assert slider.accessibleName()
        assert slider.y() + slider.height() // 2 == pytest.approx(box.y() + box.height() // 2, abs=3)


def test_a_drag_tells_every_move_between_grabbed_and_released(turned, qtbot):
    slider = turned.sliders["threshold"]
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=at(slider, 0.3))
    for share in (0.4, 0.5, 0.6, 0.7):
        qtbot.mouseMove(slider, at(slider, share))
        assert turned.controls["threshold"].value() == turned.told[-1].threshold
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=at(slider, 0.7))
    assert (turned.told[0], turned.told[-1]) == ("grabbed", "released")
    moves = [value.threshold for value in turned.told[1:-1]]
    assert len(moves) >= 4, "each move is told while the button is held"
    assert moves == sorted(moves)
    assert moves[-1] == pytest.approx(0.7, abs=0.08)
    assert all(value == pytest.approx(round(value / 0.005) * 0.005) for value in moves), "round numbers"
    assert turned.value == Turned(threshold=moves[-1])


def test_a_click_beside_the_handle_takes_it_there(turned, qtbot):
    slider = turned.sliders["tolerance"]
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=at(slider, 0.8))
    grabbed, value, released = turned.told
    assert (grabbed, released) == ("grabbed", "released")
    assert value.tolerance == pytest.approx(-2 + 0.8 * 22, abs=1.5)


def test_the_ends_are_those_of_the_box(turned, qtbot):
    slider = turned.sliders["threshold"]
    for share, end in ((-2.0, 0.001), (3.0, 0.999)):
        qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=at(slider, 0.5))
        qtbot.mouseMove(slider, at(slider, share))
        qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=at(slider, share))
        assert turned.value.threshold == end


def test_the_keyboard_turns_it_by_ticks_and_steps(turned, qtbot):
    slider = turned.sliders["threshold"]
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert turned.value.threshold == 0.305
    qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    assert turned.value.threshold == 0.355
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert turned.value.threshold == 0.001
    whole, quarters = turned.sliders["tiles"], turned.sliders["share"]
    qtbot.keyClick(whole, Qt.Key.Key_Left)
    qtbot.keyClick(quarters, Qt.Key.Key_Right)
    assert (turned.value.tiles, turned.value.share) == (7, 0.75)
    assert isinstance(turned.value.tiles, int)


def test_a_typed_number_between_two_ticks_stays(turned, qtbot):
    box, slider = turned.controls["threshold"], turned.sliders["threshold"]
    box.lineEdit().selectAll()
    qtbot.keyClicks(box, "0.333")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert turned.value.threshold == 0.333
    assert slider.value() * 0.005 == pytest.approx(0.335)
    turned.set_value(Turned(threshold=0.1234567))
    assert turned.told == [Turned(threshold=0.333)]
    assert (slider.value(), turned.value.threshold) == (25, 0.1234567)
    turned.reset_button.click()
    assert slider.value() == 60


@pytest.mark.parametrize("end", ["disabled", "hidden"])
def test_a_drag_that_is_cut_off_ends(turned, qtbot, end):
    slider = turned.sliders["threshold"]
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=at(slider, 0.5))
    assert turned.told[-1] != "released"
    turned.setEnabled(False) if end == "disabled" else turned.hide()
    assert turned.told.count("released") == 1
    assert not slider.isSliderDown()


def test_the_wheel_scrolls_past_what_was_not_chosen(turned, qtbot):
    def turn(widget):
        place = QPointF(5, 5)
        event = QWheelEvent(
            place, QPointF(widget.mapToGlobal(QPoint(5, 5))), QPoint(), QPoint(0, 120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)

    turned.activateWindow()
    turned.controls["plain"].setFocus()
    qtbot.waitUntil(turned.controls["plain"].hasFocus)
    for widget in (turned.sliders["threshold"], turned.controls["threshold"], turned.controls["tiles"]):
        turn(widget)
    assert turned.told == []
    turned.sliders["threshold"].setFocus()
    turn(turned.sliders["threshold"])
    assert turned.told

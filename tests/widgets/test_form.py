"""Forms made from parameter models."""

from __future__ import annotations

from typing import Literal

import pytest
from qtpy.QtCore import QLocale, Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox, QToolButton

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

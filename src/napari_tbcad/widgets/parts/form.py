"""A form made from a parameter model: nothing about a stage is written down twice."""

from __future__ import annotations

from enum import Enum
from functools import partial
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_tbcad.settings import first_fault
from napari_tbcad.widgets.parts.numbers import decimals_of, extra_of, number_box, number_slider
from napari_tbcad.widgets.parts.slider import NumberSlider, WheelGuard

_SHORT = 4
"""Longer units are named in the tooltip only: a narrow dock has no room for them."""
_BOX = 94
"""Width in pixels of a number box beside a slider: "0.125" between the two buttons of napari's theme."""


class ParameterForm(QWidget):
    """Controls for one parameter model.

    Parameters
    ----------
    value : Parameters
        What the form shows at first; sections (fields that are models themselves) are left out.
    defaults : Parameters, optional
        What *Reset* brings back; the model's own defaults when not given.
    choices : mapping of str to sequence of str, optional
        Choices of text fields whose type does not list them.
    hidden : collection of str, optional
        Fields that get no control and keep their value.
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    changed : Signal(object)
        The new, checked parameters, of which only the field that was touched differs. A value that the
        model refuses is shown in red and not sent; it is tried again with the next change.
    grabbed, released : Signal()
        A slider's drag began, ended; `changed` comes for every move between. They come in pairs.
    controls : dict of str to QWidget
        The control of each field.
    sliders : dict of str to NumberSlider
        The sliders beside number boxes, for fields that ask for one.
    """

    changed = Signal(object)
    grabbed = Signal()
    released = Signal()

    def __init__(
        self,
        value: BaseModel,
        *,
        defaults: BaseModel | None = None,
        choices: dict[str, tuple[str, ...]] | None = None,
        hidden: tuple[str, ...] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._value = value
        self._defaults = defaults if defaults is not None else type(value)()
        self._choices = choices or {}
        self._quiet = False
        self._refused: dict[str, str] = {}
        self.controls: dict[str, QWidget] = {}
        self.sliders: dict[str, NumberSlider] = {}
        self._guard = WheelGuard(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        basic, more = _form_layout(), _form_layout()
        for name, info in type(value).model_fields.items():
            if name in hidden or isinstance(getattr(value, name), BaseModel):
                continue
            self._add(more if extra_of(info, "more") else basic, name, info)
        layout.addLayout(basic)
        self._more = _More(more)
        self._more.setVisible(bool(more.rowCount()))
        self._complaint = QLabel(objectName="complaint")
        self._complaint.setWordWrap(True)
        self._complaint.hide()
        layout.addWidget(self._complaint)
        self.reset_button = QPushButton("Reset")
        self.reset_button.setToolTip("Back to the documented defaults of this step.")
        self.reset_button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.reset_button.clicked.connect(self.reset)
        row = QHBoxLayout()
        row.addWidget(self._more, 1, Qt.AlignmentFlag.AlignTop)
        row.addStretch()
        row.addWidget(self.reset_button, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(row)
        self.set_value(value)

    @property
    def value(self) -> Any:
        """The parameters as they stand, always valid."""
        return self._value

    def set_value(self, value: BaseModel) -> None:
        """Show other parameters without sending `changed`."""
        self._value = value
        self._quiet = True
        try:
            for name, control in self.controls.items():
                _write(control, getattr(value, name))
        finally:
            self._quiet = False
        self._refused.clear()
        self._tell()

    def reset(self) -> None:
        """Bring the defaults back (sections that have no control here stay) and send `changed`."""
        update = {name: getattr(self._defaults, name) for name in self.controls}
        self.set_value(self._value.model_copy(update=update))
        self.changed.emit(self._value)

    def _add(self, form: QFormLayout, name: str, info: FieldInfo) -> None:
        control, signal = _control(info, self._choices.get(name))
        slider = number_slider(info, control)
        unit = extra_of(info, "unit")
        tip = " ".join(filter(None, [info.description, f"Unit: {unit}." if unit else None]))
        label = QLabel(info.title or name.replace("_", " "))
        for widget in filter(None, (control, label, slider)):
            widget.setToolTip(tip)
        if unit and len(unit) <= _SHORT and isinstance(control, QSpinBox | QDoubleSpinBox):
            control.setSuffix(f" {unit}")
        control.setObjectName(name)
        control.setAccessibleName(label.text())
        label.setBuddy(control)
        if not isinstance(control, QLineEdit):
            control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            control.installEventFilter(self._guard)
        form.addRow(label, control if slider is None else self._beside(name, slider, control))
        self.controls[name] = control
        signal.connect(partial(self._take, name))

    def _beside(self, name: str, slider: NumberSlider, box: QWidget) -> QWidget:
        """Put a slider before its box, which becomes as narrow as its number."""
        slider.setAccessibleName(f"{box.accessibleName()} slider")
        slider.sliderPressed.connect(self.grabbed)
        slider.sliderReleased.connect(self.released)
        self.sliders[name] = slider
        # napari's theme asks for twice the width of the number: buttons on both sides of it.
        box.setMaximumWidth(_BOX)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        line.addWidget(slider, 1)
        line.addWidget(box)
        return row

    def _take(self, name: str, *_: object) -> None:
        if self._quiet:
            return
        self._refused.pop(name, None)
        # Only what was touched is read: a control may round, or be unable to show, the value of another.
        value, complaint = self._with(name, *self._refused)
        if value is not None:
            self._refused.clear()
        else:
            value, complaint = self._with(name)
        if value is None:
            self._refused[name] = complaint
        self._tell()
        if value is not None and value != self._value:
            self._value = value
            self.changed.emit(value)

    def _with(self, *names: str) -> tuple[BaseModel | None, str]:
        """Return the parameters with what these controls show, or the complaint about it."""
        content = self._value.model_dump() | {name: _read(self.controls[name]) for name in names}
        try:
            return type(self._value).model_validate(content), ""
        except ValidationError as error:
            return None, ": ".join(filter(None, first_fault(error)))

    def _tell(self) -> None:
        complaint = "\n".join(self._refused.values())
        self._complaint.setText(complaint)
        self._complaint.setVisible(bool(complaint))


def _form_layout() -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setSpacing(4)
    # With large letters a control goes below its label rather than beyond the panel.
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    return form


class _More(QWidget):
    """Rare settings behind a button; hidden ones are skipped by the Tab key, too."""

    def __init__(self, form: QFormLayout) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._inside = QWidget()
        self._inside.setLayout(form)
        self._inside.hide()
        button = QToolButton()
        button.setText("More")
        button.setToolTip("Settings that are seldom changed.")
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setArrowType(Qt.ArrowType.RightArrow)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.toggled.connect(self._inside.setVisible)
        button.toggled.connect(
            lambda on: button.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        )
        self.button = button
        column.addWidget(button)
        column.addWidget(self._inside)


def _control(info: FieldInfo, choices: tuple[str, ...] | None) -> tuple[QWidget, Any]:
    """Return the control of a field and the signal that says it changed."""
    kind, optional = _plain_type(info.annotation)
    if get_origin(kind) is Literal:
        choices = tuple(str(choice) for choice in get_args(kind))
    elif isinstance(kind, type) and issubclass(kind, Enum):
        choices = tuple(str(member.value) for member in kind)
    if choices is not None:
        box = QComboBox()
        box.addItems(choices)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        return box, box.currentTextChanged
    if kind is bool:
        check = QCheckBox()
        return check, check.toggled
    if kind in (int, float) and not optional:
        return number_box(info, whole=kind is int)
    line = QLineEdit()
    line.setProperty("optional", optional)
    return line, line.editingFinished


def _plain_type(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        if len(rest) == 1:
            return rest[0], len(rest) < len(get_args(annotation))
        return str, True
    return annotation, False


def _write(control: QWidget, value: Any) -> None:
    if isinstance(control, QComboBox):
        text = str(getattr(value, "value", value))
        if control.findText(text) < 0:
            control.addItem(text)
        control.setCurrentText(text)
    elif isinstance(control, QCheckBox):
        control.setChecked(bool(value))
    elif isinstance(control, QDoubleSpinBox):
        control.setDecimals(max(control.decimals(), decimals_of(value)))
        control.setValue(value)
    elif isinstance(control, QSpinBox):
        control.setValue(value)
    elif isinstance(control, QLineEdit):
        control.setText("" if value is None else str(value))


def _read(control: QWidget) -> Any:
    if isinstance(control, QComboBox):
        return control.currentText()
    if isinstance(control, QCheckBox):
        return control.isChecked()
    if isinstance(control, QSpinBox | QDoubleSpinBox):
        return control.value()
    assert isinstance(control, QLineEdit)
    return None if control.property("optional") and not control.text().strip() else control.text().strip()

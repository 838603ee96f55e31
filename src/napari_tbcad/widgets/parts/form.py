"""A form made from a parameter model: nothing about a stage is written down twice."""

from __future__ import annotations

from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
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

_SHORT = 4
"""Longer units are named in the tooltip only: a narrow dock has no room for them."""


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
        The new, checked parameters. A value that the model refuses is shown in red and not sent.
    """

    changed = Signal(object)

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
        self.controls: dict[str, QWidget] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        basic, more = _form_layout(), _form_layout()
        for name, info in type(value).model_fields.items():
            if name in hidden or isinstance(getattr(value, name), BaseModel):
                continue
            self._add(more if _extra(info, "more") else basic, name, info)
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
        self._tell("")

    def reset(self) -> None:
        """Bring the defaults back (sections that have no control here stay) and send `changed`."""
        update = {name: getattr(self._defaults, name) for name in self.controls}
        self.set_value(self._value.model_copy(update=update))
        self.changed.emit(self._value)

    def _add(self, form: QFormLayout, name: str, info: FieldInfo) -> None:
        control, signal = _control(info, self._choices.get(name))
        unit = _extra(info, "unit")
        tip = " ".join(filter(None, [info.description, f"Unit: {unit}." if unit else None]))
        label = QLabel(info.title or name.replace("_", " "))
        for widget in (control, label):
            widget.setToolTip(tip)
        if unit and len(unit) <= _SHORT and isinstance(control, QSpinBox | QDoubleSpinBox):
            control.setSuffix(f" {unit}")
        control.setObjectName(name)
        control.setAccessibleName(label.text())
        label.setBuddy(control)
        form.addRow(label, control)
        self.controls[name] = control
        signal.connect(self._take)

    def _take(self) -> None:
        if self._quiet:
            return
        content = self._value.model_dump() | {name: _read(control) for name, control in self.controls.items()}
        try:
            value = type(self._value).model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            self._tell(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
            return
        self._tell("")
        if value != self._value:
            self._value = value
            self.changed.emit(value)

    def _tell(self, complaint: str) -> None:
        self._complaint.setText(complaint)
        self._complaint.setVisible(bool(complaint))


def _form_layout() -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setSpacing(4)
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


def _extra(info: FieldInfo, name: str) -> Any:
    return (info.json_schema_extra or {}).get(name) if isinstance(info.json_schema_extra, dict) else None


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
        return _number(info, whole=kind is int)
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


def _number(info: FieldInfo, *, whole: bool) -> tuple[QWidget, Any]:
    low, high, step = -1_000_000.0, 1_000_000.0, None
    nudge = 1.0 if whole else 1e-3
    for rule in info.metadata:
        if isinstance(rule, annotated_types.Ge):
            low = float(rule.ge)  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Gt):
            low = float(rule.gt) + nudge  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Le):
            high = float(rule.le)  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Lt):
            high = float(rule.lt) - nudge  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.MultipleOf):
            step = float(rule.multiple_of)  # type: ignore[arg-type]
    spin: Any = QSpinBox() if whole else QDoubleSpinBox()
    if whole:
        spin.setRange(int(low), int(high))
        spin.setSingleStep(int(step or 1))
    else:
        span = high - low
        spin.setDecimals(3 if span <= 10 else 2 if span <= 1000 else 1)
        spin.setRange(low, high)
        spin.setSingleStep(step or (0.05 if span <= 1 else 0.1 if span <= 20 else 1.0))
        # 0.4 rather than 0.400
        spin.textFromValue = lambda value: f"{value:g}"
    spin.setKeyboardTracking(False)
    spin.setMinimumWidth(80)
    return spin, spin.valueChanged


def _write(control: QWidget, value: Any) -> None:
    if isinstance(control, QComboBox):
        text = str(getattr(value, "value", value))
        if control.findText(text) < 0:
            control.addItem(text)
        control.setCurrentText(text)
    elif isinstance(control, QCheckBox):
        control.setChecked(bool(value))
    elif isinstance(control, QSpinBox | QDoubleSpinBox):
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

"""Number boxes and sliders made from a parameter's bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import annotated_types
from pydantic.fields import FieldInfo
from qtpy.QtCore import QLocale
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from napari_tbcad.widgets.parts.slider import NumberSlider

_MOST_DECIMALS = 9
_ENDLESS = 1_000_000.0


def extra_of(info: FieldInfo, name: str) -> Any:
    """Return what :func:`napari_tbcad.record.field` noted beside a field, such as its unit."""
    return (info.json_schema_extra or {}).get(name) if isinstance(info.json_schema_extra, dict) else None


class _Decimals(QDoubleSpinBox):
    """A number with a point in every language (a typed comma becomes one), 0.4 rather than 0.400."""

    def textFromValue(self, value: float) -> str:
        text = f"{value:.{self.decimals()}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def valueFromText(self, text: str | None) -> float:
        return super().valueFromText((text or "").replace(",", "."))

    def validate(self, text: str | None, position: int) -> tuple[QValidator.State, str, int]:
        return super().validate((text or "").replace(",", "."), position)  # type: ignore[return-value]


def number_box(info: FieldInfo, *, whole: bool) -> tuple[QWidget, Any]:
    """Return the box of a number field, with its bounds and steps, and the signal that says it changed."""
    low, high, step = -_ENDLESS, _ENDLESS, None
    above = below = False
    for rule in info.metadata:
        if isinstance(rule, annotated_types.Ge):
            low = float(rule.ge)  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Gt):
            low, above = float(rule.gt), True  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Le):
            high = float(rule.le)  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Lt):
            high, below = float(rule.lt), True  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.MultipleOf):
            step = float(rule.multiple_of)  # type: ignore[arg-type]
    span = high - low
    shown = 3 if span <= 10 else 2 if span <= 1000 else 1
    stated = (low, high, step, info.default)
    decimals = max(shown, *(decimals_of(value) for value in stated if isinstance(value, int | float)))
    # The open end of a range is the last number that can be shown before it, never the end itself.
    nudge = 1.0 if whole else 10.0**-decimals
    low, high = low + nudge * above, high - nudge * below
    spin: Any = QSpinBox() if whole else _Decimals()
    # The languages of half the world write 0,4 and read 0.4 as nothing or 1.100 as 1100.
    spin.setLocale(QLocale.c())
    if whole:
        spin.setRange(int(low), int(high))
        spin.setSingleStep(int(step or 1))
    else:
        spin.setDecimals(decimals)
        spin.setRange(low, high)
        spin.setSingleStep(step or (0.05 if span <= 1 else 0.1 if span <= 20 else 1.0))
    spin.setKeyboardTracking(False)
    spin.setMinimumWidth(80)
    return spin, spin.valueChanged


def decimals_of(value: float) -> int:
    """Return how many decimals show a number as it is."""
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return min(max(0, -exponent), _MOST_DECIMALS) if isinstance(exponent, int) else 0


def number_slider(info: FieldInfo, control: QWidget) -> NumberSlider | None:
    """Return a slider for a number that asks for one and has both bounds, else None."""
    if not extra_of(info, "slider") or not isinstance(control, QSpinBox | QDoubleSpinBox):
        return None
    if control.minimum() <= -_ENDLESS or control.maximum() >= _ENDLESS:
        return None
    step = control.singleStep()
    fixed = isinstance(control, QSpinBox) or any(
        isinstance(rule, annotated_types.MultipleOf) for rule in info.metadata
    )
    return NumberSlider(control, float(step if fixed else step / 10))

"""The settings of a training as a form: the few that matter first, the others under "More"."""

from __future__ import annotations

from copy import copy
from functools import lru_cache

from pydantic import BaseModel, create_model
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QFormLayout, QSpinBox, QVBoxLayout, QWidget

from napari_tbcad.networks.config import FitParameters
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.slider import WheelGuard

FIRST = ("epochs", "learning_rate", "device")
"""What is in plain sight."""
_HIDDEN = ("start_from", "devices")
"""Said in step 1, or for whole machines: the command line has them."""


@lru_cache(maxsize=1)
def few_first() -> type[FitParameters]:
    """Return the model of the settings with all but :data:`FIRST` under "More"; nothing else differs."""
    fields = {}
    for name, info in FitParameters.model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        new = copy(info)
        new.json_schema_extra = {**extra, "more": name not in FIRST}
        fields[name] = (info.annotation, new)
    return create_model("TrainingSettings", __base__=FitParameters, **fields)  # type: ignore[call-overload, no-any-return]


class TimeAndSettings(QWidget):
    """How long it may take, and the settings.

    Attributes
    ----------
    changed : Signal(object)
        New :class:`FitParameters`.
    minutes_changed : Signal(int)
        How long it may take: the epochs follow.
    """

    changed = Signal(object)
    minutes_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.minutes = QSpinBox()
        self.minutes.setRange(1, 24 * 60)
        self.minutes.setSuffix(" min")
        self.minutes.setToolTip("How long the training may take on this device; the epochs follow from it.")
        self.minutes.setAccessibleName("Time")
        self.minutes.setKeyboardTracking(False)
        self._guard = WheelGuard(self)
        self.minutes.installEventFilter(self._guard)
        row = QFormLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        row.addRow("Time, at most", self.minutes)
        column.addLayout(row)
        self._column = column
        self.form: ParameterForm | None = None
        self.minutes.valueChanged.connect(self.minutes_changed)

    def show_settings(
        self, fit: FitParameters, planned: FitParameters, minutes: float, *, timed: bool
    ) -> None:
        """Show settings; *Reset* brings the planned ones back. The time is set once it was measured."""
        with QSignalBlocker(self.minutes):
            self.minutes.setValue(round(minutes))
        self.minutes.setEnabled(timed)
        value, defaults = _as_few(fit), _as_few(planned)
        if self.form is not None and self.form._defaults == defaults:
            if self.form.value != value:
                self.form.set_value(value)
            return
        if self.form is not None:
            self.form.setParent(None)
            self.form.deleteLater()
        self.form = ParameterForm(value, defaults=defaults, hidden=_HIDDEN)
        self.form.changed.connect(self._take)
        self._column.addWidget(self.form)

    def _take(self, value: BaseModel) -> None:
        self.changed.emit(FitParameters.model_validate(value.model_dump()))


def _as_few(fit: FitParameters) -> FitParameters:
    return few_first().model_validate(fit.model_dump())

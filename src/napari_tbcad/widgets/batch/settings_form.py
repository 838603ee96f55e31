"""The settings of a chain: what is mostly chosen in sight, everything else under the stage it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from pydantic import BaseModel, create_model
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_tbcad.widgets.parts.fold import Fold
from napari_tbcad.widgets.parts.form import ParameterForm

BASICS = {
    "chest": ("lungs.segmenter", "classify.operating_point"),
    "bone": ("hotspots.segmenter", "index.weights", "index.combine", "classes.scheme"),
}
"""What is in sight, by workflow."""
_TITLES = {"lungs.segmenter": "Lungs by", "hotspots.segmenter": "Hotspots by"}
"""What is called after its stage where that does not stand beside it."""


def choices_of(workflow: str) -> dict[str, tuple[str, ...]]:
    """Return the choices of text fields whose type does not list them, by dotted name."""
    if workflow == "bone":
        from napari_tbcad.bone.bsi import RULES
        from napari_tbcad.bone.detectors import DETECTORS
        from napari_tbcad.bone.region_segmenters import REGION_SEGMENTERS
        from napari_tbcad.skeletal_mass import WEIGHT_TABLES

        return {
            "hotspots.segmenter": tuple(DETECTORS),
            "regions.segmenter": tuple(REGION_SEGMENTERS),
            "index.weights": tuple(WEIGHT_TABLES),
            "index.combine": tuple(RULES),
        }
    from napari_tbcad.chest.lungs.registry import SEGMENTERS

    return {"lungs.segmenter": tuple(SEGMENTERS)}


def differing(base: BaseModel, value: BaseModel) -> dict[str, Any]:
    """Return the dotted settings in which a value differs from what it is compared with."""
    one, other = _dotted(base.model_dump(mode="json")), _dotted(value.model_dump(mode="json"))
    return {name: given for name, given in other.items() if name not in one or one[name] != given}


class ChainForm(QWidget):
    """Forms for the settings of a chain.

    Parameters
    ----------
    workflow : str
        ``"chest"`` or ``"bone"``.
    base : BaseModel
        The settings without a person's: those of the classifier, or the defaults.
    value : BaseModel
        What is shown at first.

    Attributes
    ----------
    changed : Signal(object)
        The dotted settings that differ from `base`.
    basics : ParameterForm
        What is in sight.
    folds : dict of str to Fold
        A button for each stage, below which its other settings are made when they are asked for.
    """

    changed = Signal(object)

    def __init__(self, workflow: str, base: BaseModel, value: BaseModel) -> None:
        super().__init__()
        self._base, self._value = base, value
        self._choices = choices_of(workflow)
        self._names = BASICS[workflow]
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(4)
        picked = _picked(type(base), self._names)
        flat = {_flat(name): self._choices[name] for name in self._names if name in self._choices}
        self.basics = ParameterForm(
            picked(**self._values(value)), defaults=picked(**self._values(base)), choices=flat
        )
        self.basics.changed.connect(self._take_basics)
        self.column.addWidget(self.basics)
        inside = QWidget()
        self._stages = QVBoxLayout(inside)
        self._stages.setContentsMargins(8, 0, 0, 0)
        self._stages.setSpacing(2)
        self.more = Fold(inside, "Every setting of every stage; each says what it changes.", "All settings")
        self.column.addWidget(self.more)
        self.column.addWidget(inside)
        self.folds: dict[str, Fold] = {}
        self._below: dict[str, QWidget] = {}
        self.forms: dict[str, ParameterForm] = {}
        self.more.toggled.connect(self._add_stages)

    @property
    def assignments(self) -> dict[str, Any]:
        """The dotted settings that differ from those without a person's."""
        return differing(self._base, self._value)

    # -- inside ---------------------------------------------------------------------------------------

    def _add_stages(self, on: bool) -> None:
        """Make a line for each stage, once; its form follows when it is unfolded."""
        if not on or self.folds:
            return
        for section in (name for name in type(self._value).model_fields if self._has_more(name)):
            below = QWidget()
            QVBoxLayout(below).setContentsMargins(8, 0, 0, 4)
            fold = Fold(below, f"Settings of the stage “{section}”.", _title(section))
            fold.toggled.connect(lambda on, s=section, w=below: self._add_forms(s, w) if on else None)
            self._stages.addWidget(fold)
            self._stages.addWidget(below)
            self.folds[section], self._below[section] = fold, below

    def _has_more(self, section: str) -> bool:
        """Tell whether a stage has settings that are not in sight already."""
        if len(parts := self._parts(section)) > 1:
            return True
        value = _at(self._value, parts[0])
        own = [n for n in type(value).model_fields if not isinstance(getattr(value, n), BaseModel)]
        return any(f"{section}.{name}" not in self._names for name in own)

    def _add_forms(self, section: str, below: QWidget) -> None:
        """Make the forms of a stage, and of its parts; those of what was not chosen are left out."""
        layout = below.layout()
        if layout is None or layout.count():
            return
        for path in self._parts(section):
            value, base = _at(self._value, path), _at(self._base, path)
            hidden = tuple(name.rpartition(".")[2] for name in self._names if name.rpartition(".")[0] == path)
            flat = {
                name.rpartition(".")[2]: choices
                for name, choices in self._choices.items()
                if name.rpartition(".")[0] == path
            }
            form = ParameterForm(value, defaults=base, choices=flat, hidden=hidden)
            if not form.controls:
                form.deleteLater()
                continue
            form.changed.connect(lambda new, path=path: self._take(path, new))
            self.forms[path] = form
            layout.addWidget(form)

    def _parts(self, section: str) -> list[str]:
        value = getattr(self._value, section)
        chosen = str(getattr(value, "segmenter", ""))
        inside = [
            name
            for name in type(value).model_fields
            if isinstance(getattr(value, name), BaseModel) and (not chosen or name == chosen)
        ]
        return [section, *(f"{section}.{name}" for name in inside)]

    def _take_basics(self, basics: BaseModel) -> None:
        for name in self._names:
            given = getattr(basics, _flat(name))
            other = name.endswith(".segmenter") and given != _at(self._value, name)
            self._value = _with(self._value, name.split("."), given)
            if other:
                self._renew(name.partition(".")[0])
        self.changed.emit(self.assignments)

    def _renew(self, section: str) -> None:
        """Take away the forms of a stage: what is to be set is that of another segmenter now."""
        if section not in self._below:
            return
        below = self._below[section]
        layout = below.layout()
        while layout is not None and (item := layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        self.forms = {path: form for path, form in self.forms.items() if path.partition(".")[0] != section}
        if self.folds[section].isChecked():
            self._add_forms(section, below)

    def _take(self, path: str, part: BaseModel) -> None:
        names = [name for name in type(part).model_fields if not isinstance(getattr(part, name), BaseModel)]
        shown = self.forms[path].controls
        for name in (name for name in names if name in shown):
            self._value = _with(self._value, [*path.split("."), name], getattr(part, name))
        self.changed.emit(self.assignments)

    def _values(self, settings: BaseModel) -> dict[str, Any]:
        return {_flat(name): _at(settings, name) for name in self._names}


def base_of(workflow: str, classifier: str) -> Callable[[], tuple[BaseModel, str]]:
    """Return what makes, on a worker, the settings without a person's, and what is to be said of them."""

    def chest() -> tuple[BaseModel, str]:
        from napari_tbcad.chest.classify.packaged import find_model
        from napari_tbcad.chest.workflow import settings_for

        model = None if classifier == "none" else find_model(classifier)
        banner = "Demonstration model: its answers say nothing of patients."
        return settings_for(model), banner if model is not None and model.card.demonstration else ""

    def bone() -> tuple[BaseModel, str]:
        from napari_tbcad.bone.workflow import BoneSettings

        return BoneSettings(), ""

    return bone if workflow == "bone" else chest


def with_assignments(workflow: str, base: Any, assignments: Mapping[str, Any]) -> Any:
    """Return settings with a person's; raises BadInput where one does not exist."""
    if workflow == "bone":
        from napari_tbcad.bone.workflow import settings_from as bone_settings

        return bone_settings(assignments, base)
    from napari_tbcad.chest.workflow import settings_from

    return settings_from(assignments, base)


def _picked(settings: type[BaseModel], names: tuple[str, ...]) -> type[BaseModel]:
    """Return a model of some fields of a chain's settings, so that one form shows them."""
    fields: dict[str, Any] = {}
    for name in names:
        *sections, last = name.split(".")
        model: Any = settings
        for section in sections:
            model = model.model_fields[section].annotation
        info = copy(model.model_fields[last])
        info.title = _TITLES.get(name, info.title)
        fields[_flat(name)] = (info.annotation, info)
    return create_model("Basics", **fields)


def _with(settings: BaseModel, path: list[str], value: Any) -> BaseModel:
    first, *rest = path
    new = _with(getattr(settings, first), rest, value) if rest else value
    return settings.model_copy(update={first: new})


def _at(settings: Any, path: str) -> Any:
    for name in path.split("."):
        settings = getattr(settings, name)
    return settings


def _dotted(section: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in section.items():
        found |= _dotted(value, f"{before}{name}.") if isinstance(value, Mapping) else {before + name: value}
    return found


def _flat(name: str) -> str:
    return name.replace(".", "__")


def _title(section: str) -> str:
    return section.replace("_", " ").capitalize()

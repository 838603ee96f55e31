"""Networks in the controls of a panel: their names, and how a model is told in a narrow dock."""

from __future__ import annotations

from qtpy.QtWidgets import QCompleter, QLineEdit

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.parts.form import ParameterForm


def offer_networks(form: ParameterForm, name: str = "model") -> None:
    """Complete what is typed into a text field of a form to the names of the networks there are."""
    if isinstance(line := form.controls.get(name), QLineEdit):
        line.setCompleter(QCompleter(network_names(), line))


def network_names() -> list[str]:
    """Return the names of the networks there are."""
    from napari_tbcad.networks.models import list_networks

    try:
        return [entry.name for entry in list_networks()]
    except (BadInput, OSError):
        return []


def shortened(model: str) -> str:
    """Return the name of a model with the first digits of its hash."""
    return " ".join(word[:12] if len(word) == 64 else word for word in model.split())

"""The network that a training is started from: found, checked, and giving its architecture and input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_tbcad.errors import ModelRefused
from napari_tbcad.schemes import BONE_SCHEMES

if TYPE_CHECKING:
    from napari_tbcad.networks.card import NetworkCard

PACKAGED, NONE = "packaged", "none"


def start_from(
    start: str, content: dict[str, Any], *, packaged: str, task: str, views: Sequence[str] = ()
) -> str:
    """Return what a training is started from, and give the training its architecture and input.

    Parameters
    ----------
    start : str
        ``"packaged"``, ``"none"``, or a network's name or file.
    content : dict
        The training as plain values; `architecture` and `input` are changed.
    packaged : str
        Name of the packaged network of the task.
    task : str
        Label scheme.
    views : sequence of str, optional
        Views of bone scans that are to be read.

    Raises
    ------
    ModelRefused
        If the network is not there, or is of another task or view.
    """
    from napari_tbcad.networks.listing import find_entry, packaged_entries

    if start == NONE:
        return ""
    name = start
    if start == PACKAGED:
        name = packaged
        if name not in packaged_entries():
            raise ModelRefused(name, "this network is not packaged; begin without one (--from none)")
    entry = find_entry(name)
    card = entry.card()
    require_use(name, card, task, views)
    content["architecture"] = card.architecture.without_weights.model_dump(mode="json")
    content["input"] = card.input.model_dump(mode="json") | {"views": list(views)}
    return name if name in packaged_entries() else str(entry.path.absolute())


def require_use(name: str, card: NetworkCard, task: str, views: Sequence[str] = ()) -> None:
    """Refuse to start from a network of another task, or one that reads something else."""
    # Hotspots in three and in four classes differ in the last layer only.
    tasks = tuple(BONE_SCHEMES) if task in BONE_SCHEMES else (task,)
    if card.task not in tasks:
        raise ModelRefused(name, f"made for the task {card.task}, not for {task}")
    if card.input.views and tuple(card.input.views) != tuple(views):
        reads, wanted = " and ".join(card.input.views), " and ".join(views)
        raise ModelRefused(name, f"made for the {reads} view of bone scans, not for the {wanted} one")

"""The configuration with which a network learns from a person's corrections, by what it is to learn."""

from __future__ import annotations

from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import FOUR_CLASS, LUNGS, REGIONS, THREE_CLASS

if TYPE_CHECKING:
    from napari_tbcad.networks.card import NetworkCard

FINETUNED = (LUNGS.name, REGIONS.name, FOUR_CLASS.name, THREE_CLASS.name)
"""Tasks for which corrections can be gathered."""


def finetune_config(task: str = "", *, view: str = "", model: str | None = None) -> str:
    """Return the configuration of a training on corrections as YAML text with comments.

    Parameters
    ----------
    task : str, optional
        One of :data:`FINETUNED`; by default that of the model, else lungs.
    view : {"anterior", "posterior"}, optional
        View of a bone scan whose corrections are learned from; by default the one the network reads.
    model : str, optional
        Network to start from, by name or file. By default ``lungs``, ``skeleton`` (``skeleton-VIEW`` where
        there is none for both views) or ``hotspots-VIEW``.

    Raises
    ------
    BadInput
        If nothing can be learned for the task, the view is missing, or there is no such network or it is of
        another task or view.
    """
    from napari_tbcad.networks.example_configs import example_config
    from napari_tbcad.networks.listing import find_entry

    if task not in ("", *FINETUNED):
        raise BadInput("--task", f"there are no corrections for {task!r}, only for {', '.join(FINETUNED)}")
    if view not in ("", *VIEWS):
        raise BadInput("--view", f"{view!r} is not {' or '.join(VIEWS)}")
    card = None if model is None else find_entry(model).card()
    task = task or (LUNGS.name if card is None else card.task)
    if task == LUNGS.name:
        if view:
            raise BadInput("--view", "films have none")
        return example_config("finetune", model=model)
    if model is None or card is None:
        model = _packaged(task, view)
        card = find_entry(model).card()
    return _filled(task, view, model, card)


def _packaged(task: str, view: str) -> str:
    """Return the name of the network in use."""
    from napari_tbcad.networks.listing import list_networks

    known = [entry.name for entry in list_networks()]
    if task == REGIONS.name and "skeleton" in known:
        return "skeleton"
    kind = {REGIONS.name: "skeleton", FOUR_CLASS.name: "hotspots"}.get(task)
    if kind is None:
        raise BadInput("--model", f"no network of the task {task} is packaged: name one of your own")
    if not view:
        raise BadInput("--view", "each view has its network: say anterior or posterior")
    return f"{kind}-{view}"


def _filled(task: str, view: str, model: str, card: NetworkCard) -> str:
    if card.task != task:
        raise BadInput(model, f"it is a network of the task {card.task}, not {task}")
    reads = card.input.views
    if view and reads and view not in reads:
        raise BadInput(model, f"it reads {' and '.join(reads)} views, not {view} ones")
    if not view and len(reads) == 1:
        view = reads[0]
    source: dict[str, Any] = {"where": {"view": view}} if view else {}
    if task == THREE_CLASS.name:
        source["values"] = {FOUR_CLASS.ids["normal"]: THREE_CLASS.ids["normal"]}
    text = (resources.files("napari_tbcad") / "networks" / "templates" / "finetune_bone.yaml").read_text(
        "utf-8"
    )
    what = "regions" if task == REGIONS.name else "hotspots"
    ending = f"-{view}" if view else ""
    return Template(text).substitute(
        what=what,
        views=f"{view} views" if view else "both views",
        file=f"finetune-{what}{ending}.yaml",
        out=f"tuned-{what}{ending}",
        setting=setting_of(task, view),
        name=f"{what}-corrected{ending}",
        task=_yaml(task),
        start=_word(card.name),
        architecture=_yaml({"architecture": card.architecture.without_weights.model_dump(mode="json")}),
        input=_yaml({"input": card.input.model_dump(mode="json")}),
        source="".join(f"\n      {line}" for line in _yaml(source).splitlines()) if source else "",
        other=f"\n    #   where: {{view: {view}}}" if view else "",
        start_from=_yaml(model),
    )


def setting_of(task: str, view: str = "") -> str:
    """Return the setting of ``bone run`` that takes a network of this task and view; "" for other tasks."""
    if task == REGIONS.name:
        return "regions.network.model"
    return f"hotspots.network.{view or 'VIEW'}" if task in (FOUR_CLASS.name, THREE_CLASS.name) else ""


def _yaml(value: Any) -> str:
    """Return a value as YAML; a text is quoted where YAML would read something else."""
    import yaml

    text = yaml.safe_dump(value, sort_keys=False, width=2**16, allow_unicode=True)
    return text.removesuffix("...\n").rstrip("\n")


def _word(name: str) -> str:
    """Return a name that may stand in a plain line of YAML."""
    return "".join(letter if letter.isalnum() or letter in "._-" else " " for letter in name).strip()

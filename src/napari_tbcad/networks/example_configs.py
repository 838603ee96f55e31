"""Example configurations to begin from, with their comments."""

from __future__ import annotations

import re
from importlib import resources

from napari_tbcad.errors import BadInput

EXAMPLES = {
    "lungs": "a lung network from films with masks",
    "finetune": "the lung network learns from your corrections",
    "hotspots": "hotspots of one view of bone scans, from boxes",
    "regions": "skeleton regions of bone scans, from masks",
}


def example_config(name: str, *, model: str | None = None) -> str:
    """Return an example configuration as YAML text with comments.

    Parameters
    ----------
    name : str
        One of :data:`EXAMPLES`.
    model : str, optional
        Network to start from: its architecture and input are filled in.

    Raises
    ------
    BadInput
        If there is no such example, or the network cannot be used.
    """
    if name not in EXAMPLES:
        raise BadInput("template", f"there is no {name!r}; there are {', '.join(EXAMPLES)}")
    text = (resources.files("napari_tbcad") / "networks" / "templates" / f"{name}.yaml").read_text("utf-8")
    return text if model is None else _started_from(text, model)


def _started_from(text: str, model: str) -> str:
    """Replace the sections that a network to start from determines."""
    import yaml

    from napari_tbcad.networks.models import find_entry

    card = find_entry(model).card()
    sections = {
        "architecture": card.architecture.without_weights.model_dump(mode="json"),
        "input": card.input.model_dump(mode="json"),
    }
    for name, section in sections.items():
        body = yaml.safe_dump({name: section}, sort_keys=False)
        before, after = re.split(rf"(?m)^{name}:\n(?: .*\n)+", text, maxsplit=1)
        text = before + body + after
    # Quoted where YAML would read a path as something else.
    line = yaml.safe_dump({"start_from": model}, width=2**16, allow_unicode=True)
    if "start_from:" in text:
        return re.sub(r"(?m)^( *)start_from:.*\n", lambda found: found[1] + line, text)
    return re.sub(r"(?m)^fit:\n", lambda found: f"{found[0]}  {line}", text)

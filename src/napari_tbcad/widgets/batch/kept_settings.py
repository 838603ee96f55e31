"""The settings of the chain that a run had, its networks found again by name and content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput

_HASHED = re.compile(r"(.+) ([0-9a-f]{64})")
"""A network as run.json names it: its file's name and the hash of its content."""


def settings_of(out: Path | None, assignments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the chain that a run had; none where it does not say.

    Parameters
    ----------
    out : Path or None
        Folder of results.
    assignments : mapping
        Dotted settings of the batch that was planned: they say where the files of networks lie, which the
        results do not.

    Raises
    ------
    BadInput
        If a network that the run used is not there any more, or is another one by now. A packaged network of
        another version stands in for its predecessor: that the answers differ is told when they are compared.
    """
    from napari_tbcad.batch.child.files import read_json
    from napari_tbcad.run_folder import ABOUT, RUN

    about = (read_json(out / RUN / ABOUT) or {}) if out is not None else {}
    kept = about.get("settings")
    inside = kept.get("settings") if isinstance(kept, dict) else None
    return _with_networks(inside, assignments) if isinstance(inside, dict) else {}


def _with_networks(
    section: Mapping[str, Any], assignments: Mapping[str, Any], *, before: str = "", used: bool = True
) -> dict[str, Any]:
    """Return a section with its networks as they are found here; `before` is its dotted name and a dot."""
    used = used and section.get("enabled") is not False
    found: dict[str, Any] = {}
    for name, value in section.items():
        dotted = f"{before}{name}"
        if isinstance(value, dict):
            # The parameters of a segmenter are kept, too, where another one was used.
            inside = used and (name != "network" or section.get("segmenter") == "network")
            value = _with_networks(value, assignments, before=f"{dotted}.", used=inside)
        elif isinstance(value, str) and (hashed := _HASHED.fullmatch(value)):
            value = _network(hashed[1], hashed[2], assignments.get(dotted), used)
        found[name] = value
    return found


def _network(name: str, sha256: str, assigned: Any, used: bool) -> str:
    """Return by what a network is found now."""
    from napari_tbcad.networks.listing import SUFFIX, hash_if_any, packaged_networks

    places = [name, name.removesuffix(SUFFIX)]
    if isinstance(assigned, str) and Path(assigned).name == name:
        places.insert(0, assigned)
    hashes = {place: hash_if_any(place) for place in places}
    for place, its in hashes.items():
        if its == sha256:
            return place
    if not used or name in packaged_networks():
        return name
    there = next((place for place, its in hashes.items() if its is not None), None)
    if there is None:
        raise BadInput(places[0], "the batch used this network, and it is not there any more")
    raise BadInput(there, "this is another network than the one of this name that the batch used")

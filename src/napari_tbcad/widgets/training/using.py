"""Where a network is put to use: the next studies, and those that are open in a viewer.

Installing reads the network whole, which takes torch: a process of its own does it, as the command line
would.
"""

from __future__ import annotations

import re
import subprocess
import sys
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput
from napari_tbcad.files import sha256
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.networks.card import NetworkCard
from napari_tbcad.networks.listing import NAME, installed_entries, packaged_entries
from napari_tbcad.networks.store import read_network_card
from napari_tbcad.schemes import BONE_SCHEMES, REGIONS
from napari_tbcad.settings import assigned
from napari_tbcad.widgets.preferences import NETWORKS, prefer_networks, preferences
from napari_tbcad.widgets.workflow.bench import benches_of

WORDS = {
    "lungs": "the lungs in films",
    "opacities": "opacities in films",
    "hotspots_anterior": "hotspots in anterior views",
    "hotspots_posterior": "hotspots in posterior views",
    "regions": "the skeleton regions of bone scans",
}
"""What the network of each place finds."""
EARLIER = "{}-earlier"
"""What a network is called from then on that another one of its name took the place of."""
_INSTALL_S = 300
_QUIET = getattr(subprocess, "CREATE_NO_WINDOW", 0)


@dataclass(frozen=True)
class Offer:
    """A trained network, as it is found on disk.

    Parameters
    ----------
    model : Path
        Its file.
    card : NetworkCard
        What it is.
    places : tuple of str
        Keys of :data:`~napari_tbcad.widgets.preferences.NETWORKS` for which it can be used.
    installed : str
        Name under which the same file is installed already; empty when it is not.
    """

    model: Path
    card: NetworkCard
    places: tuple[str, ...]
    installed: str = ""


@dataclass(frozen=True)
class _Changed:
    session: weakref.ref[Any]
    place: str
    before: str
    switched: tuple[str, Any] | None


@dataclass
class Used:
    """What was changed when a network was put to use, so that it can be taken back.

    Parameters
    ----------
    name : str
        The network.
    places : tuple of str
        Where it is used.
    before : dict of str to str
        What the Preferences page named there; empty for the packaged one.
    kept : bool
        napari keeps it for later sessions.
    replaced : str
        What an earlier network of the same name is called now; empty when there was none.
    """

    name: str
    places: tuple[str, ...]
    before: dict[str, str]
    kept: bool
    replaced: str = ""
    changed: list[_Changed] = field(default_factory=list)

    @property
    def studies(self) -> int:
        """Number of open studies that were changed."""
        return len({id(one.session()) for one in self.changed if one.session() is not None})


def look_at(model: Path) -> Offer:
    """Return what can be done with a network's file; reads it whole, without torch.

    Raises
    ------
    BadInput
        If it is not a sound file, or no chain of this program can use it.
    """
    card = read_network_card(model)
    places = places_of(card, str(model))
    digest = sha256(model)
    same = [entry.name for entry in installed_entries().values() if entry.sha256 == digest]
    return Offer(model, card, places, same[0] if same else "")


def places_of(card: NetworkCard, source: str) -> tuple[str, ...]:
    """Return the keys of :data:`NETWORKS` for which a network can be used; BadInput where it is none."""
    views = card.input.views
    if card.task in BONE_SCHEMES:
        if views:
            return tuple(f"hotspots_{view}" for view in views)
        raise BadInput(source, "its card names no view of bone scans, so it cannot be used for hotspots")
    if card.task == REGIONS.name and set(views) != set(VIEWS):
        read = " and ".join(views) or "no certain"
        raise BadInput(source, f"it reads the {read} view; for regions a network reads both")
    if card.task not in NETWORKS:
        raise BadInput(source, f"no panel uses networks of the task {card.task}")
    return (card.task,)


def refusal(name: str) -> str:
    """Return why a network cannot be installed under a name; empty when it can."""
    if not NAME.fullmatch(name):
        return "Letters, digits, “.”, “_” and “-” make a name, a letter or digit first."
    return f"“{name}” is a packaged network; choose another name." if name in packaged_entries() else ""


def taken(name: str) -> str:
    """Return what is known of an own network of this name; empty when there is none."""
    entry = installed_entries().get(name)
    if entry is None:
        return ""
    try:
        card = entry.card()
    except BadInput as error:
        return f"its file cannot be used: {error.cause}"
    return f"task {card.task}, made {card.made}"


def free_name(wanted: str) -> str:
    """Return a name like the wanted one that no network has."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted).strip("._-")[:56] or "network"
    known = {*packaged_entries(), *installed_entries()}
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
    return next(name for name in names if name not in known)


def earlier_name(name: str) -> str:
    """Return what the network that has a name is called once another takes the name.

    One that was kept before stays: a study may name it.
    """
    wanted, known = EARLIER.format(name), installed_entries()
    now, kept = known.get(name), known.get(wanted)
    if now is not None and kept is not None and now.sha256 and now.sha256 == kept.sha256:
        return wanted
    return free_name(wanted)


def install(model: Path, name: str) -> str:
    """Install a network, on a worker; returns what an earlier one of the name is called now, or "".

    Raises
    ------
    BadInput
        If the file is refused, or the folder of models cannot be written.
    """
    earlier = installed_entries().get(name)
    kept = ""
    if earlier is not None:
        if earlier.sha256 and earlier.sha256 == sha256(model):
            return ""
        kept = earlier_name(name)
        if kept not in installed_entries():
            _install(earlier.path, kept)
    _install(model, name)
    return kept


def _install(model: Path, name: str) -> None:
    command = [sys.executable, "-P", "-m", "napari_tbcad.cli", "networks", "install", str(model)]
    try:
        done = subprocess.run(
            [*command, "--name", name, "--replace"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_INSTALL_S,
            creationflags=_QUIET,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadInput(model, f"could not be installed ({error})") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = lines[-1].removeprefix("error: ") if lines else f"exit code {done.returncode}"
        raise BadInput(model, f"could not be installed ({said})")


def put_to_use(viewer: Any, places: tuple[str, ...], name: str, *, replaced: str = "") -> Used:
    """Use an installed network in the open studies of a viewer, and in those that come later."""
    known = preferences().networks
    before = {place: known.get(place, "") for place in places}
    kept = prefer_networks(dict.fromkeys(places, name))
    used = Used(name, places, before, kept, replaced)
    for place in places:
        for session in _sessions(viewer, place):
            used.changed.append(_change(session, place, name))
    return used


def give_up(used: Used) -> dict[str, str]:
    """Go back to what was used before; returns the network of each place, empty for the packaged one.

    A study in which a person has chosen yet another network meanwhile keeps it.
    """
    before = {place: _now(model, used) for place, model in used.before.items()}
    prefer_networks(before)
    for one in used.changed:
        session = one.session()
        if session is None or session.run is None or _named(session.run.settings, one.place) != used.name:
            continue
        wanted = {NETWORKS[one.place]: _now(one.before, used)}
        if one.switched is not None:
            wanted[one.switched[0]] = one.switched[1]
        _configure(session, one.place, wanted)
    return before


def found_in_use(viewer: Any, places: tuple[str, ...], name: str) -> Used:
    """Return how a network is used that an earlier session put to use: the packaged one came before it."""
    used = Used(name, places, dict.fromkeys(places, ""), True)
    for place in places:
        used.changed += [
            _Changed(weakref.ref(session), place, _named(type(session.run.settings)(), place), None)
            for session in _sessions(viewer, place)
            if _named(session.run.settings, place) == name
        ]
    return used


def in_use(places: tuple[str, ...], name: str) -> bool:
    """Return whether the Preferences page names a network everywhere it can be used."""
    known = preferences().networks
    return bool(name) and bool(places) and all(known.get(place) == name for place in places)


def _now(model: str, used: Used) -> str:
    """Return what a network is called now that was called `model` before."""
    return used.replaced if used.replaced and model == used.name else model


def _sessions(viewer: Any, place: str) -> list[Any]:
    section = NETWORKS[place].split(".")[0]
    found = [session for bench in benches_of(viewer) for session in bench.sessions()]
    return [s for s in found if s.run is not None and hasattr(s.run.settings, section)]


def _named(settings: Any, place: str) -> str:
    value = settings
    for part in NETWORKS[place].split("."):
        value = getattr(value, part)
    return str(value)


def _change(session: Any, place: str, name: str) -> _Changed:
    """Have one study use a network; a section in which another segmenter was chosen is switched to it."""
    section = NETWORKS[place].split(".")[0]
    parameters = getattr(session.run.settings, section)
    wanted: dict[str, Any] = {NETWORKS[place]: name}
    switched = None
    for switch, on in (("segmenter", "network"), ("enabled", True)):
        now = getattr(parameters, switch, on)
        if now != on:
            switched = (f"{section}.{switch}", now)
            wanted[f"{section}.{switch}"] = on
    before = _named(session.run.settings, place)
    _configure(session, place, wanted)
    return _Changed(weakref.ref(session), place, before, switched)


def _configure(session: Any, place: str, wanted: dict[str, Any]) -> None:
    section = NETWORKS[place].split(".")[0]
    settings = assigned(session.run.settings, wanted)
    session.configure(section, getattr(settings, section))

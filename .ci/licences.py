"""List the licences of all libraries in this environment; fail on one that the project may not rest on.

Run by the environment's own Python. A library is refused whose licence is the GPL or AGPL, or cannot be told,
unless it is stated here why it is there all the same.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from importlib.metadata import Distribution, distributions

from packaging.requirements import Requirement

PROJECT = "napari-tbcad"
STATED = {
    "pyqt6": "GPL: no dependency. Tests run on it; whoever installs napari[all] or napari[pyqt6] chooses it",
    "pyside6-essentials": "LGPL or GPL, as one chooses: no dependency. Tests run on it",
    "shiboken6": "LGPL or GPL, as one chooses: part of PySide6",
    "nyxus": "MIT (its repository; the package says nothing). Peer of a benchmark, no dependency",
    "skops": "MIT (its repository; the package says only that it is open)",
    "cuda-toolkit": "NVIDIA's end user licence; empty package that torch asks for on Linux",
    "nvidia-": "NVIDIA's end user licence: torch's CUDA build on Linux brings it; no code here calls it",
}
_REFUSED = re.compile(r"(?<!L)(?<!Lesser )\bA?GPL|GNU (?:Affero )?General Public|Proprietary", re.I)


def licence(found: Distribution) -> str:
    """Return what a library says its licence is, in the order that the packaging standards prefer."""
    head = found.metadata
    told = [
        line.rpartition(" :: ")[2] for line in head.get_all("Classifier", []) if line.startswith("License ::")
    ]
    told = [name for name in told if name != "OSI Approved"]
    text = (head.get("License") or "").strip().partition("\n")[0][:60]
    return (head.get("License-Expression") or "; ".join(told) or text).strip()


def named(name: str) -> str:
    """Return a library's name as the package index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(installed: dict[str, Distribution]) -> set[str]:
    """Return what the plugin itself asks for, through all libraries, without extras."""
    ahead, found = [PROJECT], set()
    while ahead:
        name = ahead.pop()
        if name in found or name not in installed:
            continue
        found.add(name)
        for line in installed[name].requires or ():
            asked = Requirement(line)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                ahead.append(named(asked.name))
    return found - {PROJECT}


def stated(name: str) -> str:
    """Return why a library may be here whatever its licence is; empty where nothing is stated."""
    return STATED.get(name) or (STATED["nvidia-"] if name.startswith("nvidia-") else "")


def main() -> int:
    """Print the list; return 1 where a library is refused."""
    installed = {named(found.name): found for found in distributions()}
    runtime = needed(installed)
    if not runtime:
        print(f"{PROJECT} is not installed here")
        return 1
    wrong, by_licence = [], defaultdict(list)
    for name, found in sorted(installed.items()):
        if name == PROJECT:
            continue
        said = licence(found)
        if (not said or _REFUSED.search(said)) and not stated(name):
            wrong.append(f"{name}: {said or 'no licence told'}")
        by_licence[said or "not told"].append(f"{name}{'' if name in runtime else '*'}")
    for said, names in sorted(by_licence.items(), key=lambda item: -len(item[1])):
        print(f"{said}: {', '.join(names)}")
    others = len(installed) - len(runtime) - 1
    print(f"{len(runtime)} libraries come with the plugin; * {others} others: tests, tools, Qt")
    for name in sorted(set(installed) - {PROJECT}):
        if stated(name) and not name.startswith("nvidia-"):
            print(f"stated: {name}: {stated(name)}")
    print(f"stated: nvidia-*: {STATED['nvidia-']}")
    copyleft = [name for name in ("pyqt6", "pyqt5", "pyside6-essentials") if name in runtime]
    wrong += [f"{name} has become a dependency" for name in copyleft]
    print("\n".join(["refused:", *wrong]) if wrong else "no library is refused")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

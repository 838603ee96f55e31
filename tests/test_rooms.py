"""The borders between the rooms of the house, read from every import, those inside functions too."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import napari_tbcad

ROOT = Path(napari_tbcad.__file__).parent
ORDER = (
    {
        "errors",
        "journal",
        "limits",
        "locks",
        "notice",
        "plain_text",
        "files",
        "record",
        "schemes",
        "skeletal_mass",
        "segmenters",
        "settings",
        "result_tables",
        "run_folder",
        "run_images",
        "run_names",
        "durations",
        "content",
        "threads",
    },
    {"imaging"},
    {"memory", "chain", "edits", "history", "archive", "reading", "io"},
    {
        "case",
        "case_deidentified",
        "case_images",
        "case_readings",
        "worklist",
        "worklist_item",
        "worklist_sources",
    },
    {"networks"},
    {"simulate"},
    {"chest", "bone"},
    {"evaluate"},
    {"batch"},
    {"cli"},
    {"widgets"},
)
"""What stands in a later line may import what stands in an earlier one, or in its own."""

APART = {("chest", "bone"), ("bone", "chest")}
SCREEN = {"qtpy", "napari", "PyQt5", "PyQt6", "PySide6", "magicgui", "superqt", "vispy"}


@cache
def imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """Return the names that a module imports, and whether it does so when it is imported itself."""
    found: list[tuple[str, bool]] = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node in tree.body) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(f"{node.module}.{alias.name}", node in tree.body) for alias in node.names]
    return tuple(found)


def room(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


MODULES = [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]


def test_every_room_has_its_place():
    assert {room(path) for path in MODULES} - set().union(*ORDER) == set()


def test_lower_rooms_never_import_upper_ones():
    level = {name: number for number, names in enumerate(ORDER) for name in names}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in MODULES
        for name, _ in imports(path)
        if name.startswith("napari_tbcad.") and (there := name.split(".")[1]) in level
        if level[there] > level[room(path)] or (room(path), there) in APART
    ]
    assert wrong == []


def test_only_widgets_knows_the_screen():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in MODULES
        for name, _ in imports(path)
        if room(path) != "widgets" and name.split(".")[0] in SCREEN
    ]
    assert wrong == []


def test_torch_is_imported_inside_functions():
    wrong = [
        path
        for path in MODULES
        for name, at_once in imports(path)
        if at_once and room(path) != "networks" and name.split(".")[0] == "torch"
    ]
    assert wrong == []


def test_no_module_imports_another_in_a_circle():
    """Two threads that import from two ends would see a module half made (widgets/importing.py)."""
    known = {}
    for path in MODULES:
        parts = (ROOT.name, *path.relative_to(ROOT).with_suffix("").parts)
        known[".".join(parts).removesuffix(".__init__")] = path

    def needs(path: Path) -> set[str]:
        found = {name for name, at_once in imports(path) if at_once}
        return {one if one in known else one.rpartition(".")[0] for one in found} & known.keys()

    graph = {name: needs(path) - {name} for name, path in known.items()}
    assert sum(map(len, graph.values())) > len(graph)
    TopologicalSorter(graph).prepare()

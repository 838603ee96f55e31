"""Only what libraries offer is used: no name that begins with an underscore, above all none of napari."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = "napari_tbcad"
MODEL_CHECK = "src/napari_tbcad/chest/classify/fitted.py"
"""Compares what a model file gives scikit-learn's SVM: its private arrays, which libsvm trusts blindly."""

HERE = Path(__file__).relative_to(ROOT).as_posix()
WATCHED = {"napari", "npe2", "magicgui", "superqt", "qtpy", "vispy", "app_model"}
PUBLIC = {"_exit", "_asdict", "_replace", "_fields", "_make"}
"""Names that documentation offers although they begin with an underscore (os, named tuples)."""

ALLOWED = {
    ("tests/widgets/evaluating/test_two_windows.py", "_qt_window"),
    ("benchmarks/soak_watch.py", "_parser"),
}
"""napari's own fixture for tests looks whether a window is there still and has no other way to be told. The
run of hours keeps vispy from a crash of Mesa, and only that name tells which canvas a program is drawn in."""


_TAKEN = re.compile(r"\._(?!_)(\w+)")
_MADE = re.compile(
    r"(?:self|cls)\._(\w+)|(?:def|class) _(\w+)|^\s*_(\w+)\s*(?::|=[^=]|,)|for _(\w+) in", re.M
)
_NAMED = re.compile(
    rf"^\s*(?:from|import)\b.*[ .]_(?!_)\w|[\"'](?:{'|'.join(sorted(WATCHED))})\.[\w.]*\b_\w", re.M
)


@cache
def texts() -> dict[str, str]:
    """Return every module of the project by its path from the root."""
    paths = sorted(
        path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")
    )
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


@cache
def ours() -> frozenset[str]:
    """Return the private names that our own modules make."""
    found = (name for text in texts().values() for names in _MADE.findall(text) for name in names if name)
    return frozenset({f"_{name}" for name in found} | PUBLIC)


def doubtful(text: str) -> bool:
    """Tell, quickly, whether a module may use a private name of a library; then its tree is looked at."""
    return any(f"_{name}" not in ours() for name in _TAKEN.findall(text)) or bool(_NAMED.search(text))


def private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def foreign_attributes(tree: ast.Module) -> Iterator[str]:
    """Yield every private attribute that our own modules do not make."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr) and node.attr not in ours():
            yield node.attr


def foreign_imports(tree: ast.Module) -> Iterator[str]:
    """Yield every private name that is imported from another package, or named in a text."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            # What importlib or a monkeypatch is told: "napari._qt.something".
            names = [node.value] if node.value.partition(".")[0] in WATCHED else []
        for name in names:
            package, *rest = name.split(".")
            if package not in (OURS, "__future__") and any(private(part) for part in [package, *rest]):
                yield name


def foreign(text: str) -> list[str]:
    if not doubtful(text):
        return []
    tree = ast.parse(text)
    return [*foreign_attributes(tree), *foreign_imports(tree)]


def test_no_private_name_of_a_library_is_used():
    found = {
        (path, name)
        for path, text in texts().items()
        if path not in (HERE, MODEL_CHECK)
        for name in foreign(text)
    }
    assert found - ALLOWED == set()
    assert found >= ALLOWED  # else it is allowed no longer


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("viewer.window._qt_viewer.canvas", "_qt_viewer"),
        ("from napari._qt import qt_viewer", "napari._qt.qt_viewer"),
        ("import napari._vispy", "napari._vispy"),
        ("patch('napari._qt.dialogs.ask')", "napari._qt.dialogs.ask"),
    ],
)
def test_what_is_private_is_seen(code, wrong):
    assert foreign(code) == [wrong]

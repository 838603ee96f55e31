"""The pure rooms work without torch, without napari and without Qt: proven by leaving these out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import napari_tbcad

ROOT = Path(napari_tbcad.__file__).parent
SCREEN = ("napari", "npe2", "qtpy", "superqt", "magicgui", "vispy", "PyQt5", "PyQt6", "PySide2", "PySide6")
LEARNING = ("torch", "torchvision", "pytorch_lightning", "segmentation_models_pytorch", "timm")

IMPORTER = """
import importlib, importlib.abc, sys

absent = set({absent!r})

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
wrong = []
for name in {names!r}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        wrong.append(f"{{name}}: {{error}}")
print("\\n".join(wrong))
"""


def modules(*, without: tuple[str, ...]) -> list[str]:
    """Return the modules outside some rooms; entry points are passed over, since importing runs them."""
    paths = (path.relative_to(ROOT.parent).with_suffix("") for path in sorted(ROOT.rglob("*.py")))
    found = [".".join(path.parts).removesuffix(".__init__") for path in paths if path.name != "__main__"]
    return [name for name in found if name.split(".")[1:2] not in [[room] for room in without]]


def refused(names: list[str], absent: tuple[str, ...]) -> list[str]:
    """Return the modules that cannot be imported where some libraries are absent."""
    code = IMPORTER.format(absent=absent, names=names)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


LIGHT = tuple(
    f"napari_tbcad.networks.{name}"
    for name in ("build", "card", "config", "devices", "input", "models", "prediction", "store")
)
"""What forms, settings and the command line read of the networks."""


def test_what_lies_below_the_panels_is_imported_without_a_screen_and_without_torch():
    names = modules(without=("widgets", "networks"))
    assert len(names) > 300
    heavy = ["napari_tbcad.networks.loop", "napari_tbcad.widgets.work"]  # so that an absent library is seen
    wrong = refused([*names, *LIGHT, *heavy], SCREEN + LEARNING)
    assert [line.partition(":")[0] for line in wrong] == heavy, wrong

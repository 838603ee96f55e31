"""A panel's code comes on a worker, and the window lives meanwhile."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading

import pytest
from qtpy.QtCore import QTimer

from napari_tbcad.widgets import contributed, importing
from napari_tbcad.widgets.importing import Importing, import_alive, import_soon

pytestmark = pytest.mark.gui

LIGHT = {
    "napari_tbcad",
    "napari_tbcad.widgets",
    "napari_tbcad.widgets.contributed",
    "napari_tbcad.widgets.importing",
    "napari_tbcad.widgets.collecting",
    "napari_tbcad.networks",
    "napari_tbcad.networks.libraries",
    "napari_tbcad.threads",
}
"""What may be imported on the window's thread when the first panel is asked for."""

OPENING = """
import json, sys, threading
import napari
from qtpy.QtCore import QTimer

class Finder:
    here = []
    def find_spec(self, name, path, target=None):
        if threading.current_thread() is threading.main_thread():
            self.here.append(name)

viewer = napari.Viewer()
beats = []
timer = QTimer()
timer.timeout.connect(lambda: beats.append(len(sys.modules)))
timer.start(10)
sys.meta_path.insert(0, Finder())
for name in json.loads(sys.argv[1]):
    before = len(sys.modules)
    dock, panel = viewer.window.add_plugin_dock_widget("napari-tbcad", name)
    assert type(panel).__module__.startswith("napari_tbcad.widgets."), panel
    print(json.dumps([name, Finder.here, before, beats]), flush=True)
    Finder.here.clear()
    beats.clear()
timer.stop()
viewer.close()
"""


@pytest.mark.parametrize(
    "names",
    [
        ("Chest X-ray", "Chest worklist", "Chest 5 Result", "Batch"),
        ("Bone worklist", "Bone scan"),
        ("Evaluate", "Train a network"),
    ],
    ids=["chest", "bone", "evaluate"],
)
def test_opening_a_panel_imports_next_to_nothing_on_the_window_s_thread(names, tmp_path):
    environment = os.environ | {"NAPARI_CONFIG": "", "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-c", OPENING, json.dumps(names)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [name for name, *_ in told] == list(names), done.stderr[-2000:]
    for number, (_, here, before, beats) in enumerate(told):
        heavy = [name for name in here if name not in LIGHT and not name.startswith(("napari", "qtpy"))]
        ours = [name for name in here if name.startswith("napari_tbcad") and name not in LIGHT]
        assert heavy == []
        assert ours == []
        if number == 0:
            # The timer saw the modules come in: it fired while they were being imported.
            assert len({count for count in beats if count > before}) >= 3


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return the name of a module that takes a while to import and says who imported it."""
    monkeypatch.syspath_prepend(tmp_path)
    name = f"slow_module_of_{tmp_path.name.replace('-', '_')}"
    lines = ["import threading, time", "time.sleep(0.3)", "who = threading.get_ident()"]
    (tmp_path / f"{name}.py").write_text("\n".join(lines), encoding="utf-8")
    yield name
    Importing.whole.discard(name)
    sys.modules.pop(name, None)


def test_the_window_lives_while_a_worker_imports(qtbot, module):
    beats = []
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(module in sys.modules))
    timer.start(10)
    import_alive(module)
    assert sys.modules[module].who != threading.get_ident()
    assert len(beats) >= 5
    # Once it is there nobody waits: no turn of the event loop.
    beats.clear()
    import_alive(module)
    assert beats == []


def test_who_asks_for_what_is_on_its_way_gets_it_whole(qtbot, module):
    coming = import_soon(module)
    assert coming is not None
    assert not coming.done
    import_alive(module)
    assert sys.modules[module].who != threading.get_ident()
    qtbot.waitUntil(lambda: coming.done, timeout=5000)
    assert import_soon(module) is None


def test_a_fault_of_the_code_is_told_to_who_waits(qtbot, module, tmp_path):
    path = next(tmp_path.glob("slow_module_of_*.py"))
    path.write_text("raise ValueError('what is wrong')", encoding="utf-8")
    with pytest.raises(ValueError, match="what is wrong"):
        import_alive(module)
    # Nothing is kept of it: mended, it is imported.
    path.write_text("who = 1", encoding="utf-8")
    import_alive(module)
    assert sys.modules[module].who == 1


def test_a_module_that_ends_the_program_is_a_fault_too(qtbot, module, tmp_path):
    path = next(tmp_path.glob("slow_module_of_*.py"))
    path.write_text("raise SystemExit('needs a licence')", encoding="utf-8")
    with pytest.raises(RuntimeError, match="SystemExit: needs a licence"):
        import_alive(module)
    qtbot.waitUntil(lambda: gc.isenabled() and not Importing._under_way, timeout=5000)


def test_without_a_window_it_is_imported_at_once(module, monkeypatch):
    monkeypatch.setattr(importing.QGuiApplication, "instance", lambda: None)
    import_alive(module)
    assert sys.modules[module].who == threading.get_ident()


def test_so_it_is_in_a_program_that_can_have_no_window():
    code = """
from qtpy.QtCore import QCoreApplication
app = QCoreApplication([])
from napari_tbcad.widgets.importing import import_alive
import_alive("colorsys")
print("whole")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "whole"), done.stderr[-2000:]


def test_only_panels_are_contributed():
    assert {"ChestPanel", "BonePanel", "BatchPanel"} <= set(dir(contributed))
    with pytest.raises(AttributeError, match="NoPanel"):
        contributed.NoPanel  # noqa: B018

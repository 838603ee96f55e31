from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is not a bug: no time limit per example.
settings.register_profile("shared", deadline=None, max_examples=50)
settings.load_profile("shared")


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the milliseconds that each file's way to the disk takes: no test cuts the power."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real images; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real images (../shared/data) are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def dicom_errors() -> Callable[[Path], list[str]]:
    """Return a function that has dciodvfy (dicom3tools) check a DICOM file and returns its errors."""
    if (program := shutil.which("dciodvfy")) is None:
        pytest.skip("dciodvfy, the checker of DICOM files, is not installed (Debian: dicom3tools)")

    def errors(path: Path) -> list[str]:
        said = subprocess.run([program, "-new", path], capture_output=True, text=True, timeout=60).stderr
        # The kind of object comes on a line of its own: without one it checked next to nothing.
        assert not said.startswith("Error - Dicom dataset read failed"), said
        return [line for line in said.splitlines() if line.startswith("Error")]

    return errors


@pytest.fixture(scope="session")
def save_tiny_network() -> Callable[..., str]:
    """Return a function that writes a tiny network that was never trained, and returns its file's hash."""

    def save(path: Path, seed: int = 0, *, task: str = "lungs", views: tuple[str, ...] = ()) -> str:
        import torch

        from napari_tbcad.networks.build import ArchitectureParameters, build
        from napari_tbcad.networks.card import NetworkCard, task_classes
        from napari_tbcad.networks.input import InputParameters
        from napari_tbcad.networks.store import Network, save_network

        torch.manual_seed(seed)
        architecture = ArchitectureParameters(architecture="Unet", decoder_channels=(16, 8, 8, 4, 4))
        intensity = "counts" if views else "percentiles"
        reads = InputParameters(height=64, width=64, intensity=intensity, views=views)
        card = NetworkCard(
            name=f"tiny {seed}",
            task=task,
            classes=task_classes(task),
            architecture=architecture,
            input=reads,
            channels=reads.channels,
            warnings=("Never trained.",),
        )
        module = build(architecture, n_classes=len(card.classes), in_channels=card.channels).eval()
        return save_network(Network(module, card), path)

    return save


# The fixtures of pytest-qt, napari and npe2, which the pure tests run without.
_WINDOWS = {"qapp", "qtbot", "make_napari_viewer", "make_napari_viewer_proxy", "npe2pm", "plugin_settings"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens a window or asks for napari's own fixtures, so that `-m "not gui"` needs neither."""
    for item in items:
        if _WINDOWS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.gui)
        if item.get_closest_marker("gui") and "widgets" not in item.path.parts:
            raise pytest.UsageError(f"{item.nodeid}: `make test` looks for windows in tests/widgets only")


# Without torch and without a window the pure rooms still work: `make test-borders` runs what can run there,
# on other Pythons too. What needs one of these libraries is told by asking for it, here and nowhere else.
_UPPER = {
    "torch": "networks",
    "torchvision": "networks",
    "pytorch_lightning": "networks",
    "segmentation_models_pytorch": "networks",
    "napari": "widgets",
    "npe2": "widgets",
    "qtpy": "widgets",
    "superqt": "widgets",
    "magicgui": "widgets",
    "app_model": "widgets",
    "vispy": "widgets",
    "pytestqt": "widgets",
}
"""Libraries that only one room may need, and that room."""

_ABSENT = {name for name in _UPPER if importlib.util.find_spec(name) is None}
_ASKED = re.compile(r"No module named '(\w+)")
_ROOMS = Path(__file__).resolve().parents[1] / "src" / "napari_tbcad"


def _wanting(call: pytest.CallInfo[Any], report: pytest.TestReport) -> str:
    """Return the absent library that a test asked for; empty when a room asked that must not need it."""
    error = call.excinfo.value if call.excinfo else None
    if error is None or call.excinfo is None or not report.failed:
        return ""
    if not isinstance(error, ModuleNotFoundError):  # told in words, by a message or by a command line
        told = set(_ASKED.findall(f"{error}{report.capstdout}{report.capstderr}")) & _ABSENT
        return ", ".join(sorted(told))
    name = (error.name or "").partition(".")[0]
    if name not in _ABSENT:
        return ""
    asking = call.excinfo.traceback[-1]
    inside = Path(asking.path).is_relative_to(_ROOMS) and asking.name == "<module>"
    allowed = not inside or Path(asking.path).is_relative_to(_ROOMS / _UPPER[name])
    return name if allowed else ""


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Skip a test module that imports an absent library; that no pure room does, test_borders says."""
    report = yield
    asked = set(_ASKED.findall(report.longreprtext)) & _ABSENT if report.failed else set()
    if asked:
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: needs {', '.join(sorted(asked))}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
    """Skip a test that asks for an absent library."""
    report = yield
    if wanted := _wanting(call, report):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1], f"Skipped: needs {wanted}")
    return report

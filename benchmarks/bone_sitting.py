"""Three real scans from open to a judged, saved, reopened index, in a real window, by keys and mouse.

    xvfb-run -a -s "-screen 0 1280x800x24" .venv/bin/python benchmarks/bone_sitting.py DATA --out DIR

A two-frame DICOM, a pair of BS-80K pictures and a scan whose header tells little are opened in the Bone scan
panel of a napari window of 1280 × 800. *Run all* is pressed; one hotspot is added by a click with the grow
tool, its partner in the other view is taken where one is proposed, and every candidate is gone through with
Tab and judged with a key: confirmed, but one called non-bone. The case is saved, the window closed, the case
opened in another window: hotspots, classes and the index must be the same to the last bit. Pictures are for
looking at; real scans may not go into the documentation.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QEvent, Qt
from qtpy.QtTest import QTest
from scipy import ndimage

from hand import Hand, spin, wait
from napari_tbcad.content import content_key
from napari_tbcad.widgets import preferences

SCANS = {
    "two-frame DICOM": "pairs/dicom/102.dcm",
    "BS-80K pair": "original_jpeg/wholeBodyANT/2.jpg",
    "NM1": "nm1/NM1_UNC.dcm",
}
SIZE = (1280, 800)


class Sitting:
    """One window with the panel docked."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer()
        self.viewer.window.resize(*SIZE)
        _, panel = self.viewer.window.add_plugin_dock_widget("napari-tbcad", "Bone scan")
        self.panel: Any = getattr(panel, "native", panel)
        wait(0.5)
        self.hand = Hand(self.viewer)

    @property
    def session(self) -> Any:
        """Session of the scan shown."""
        return self.panel.session

    def open(self, path: Path) -> None:
        """Open a scan or case; ask for nothing."""
        self.panel.open_film(path)
        self.until(lambda: self.session is not None and self.session.value("scan") is not None)

    def until(self, holds: Callable[[], bool], seconds: float = 120) -> None:
        """Wait until something holds and all work is done."""
        if not spin(lambda: holds() and self.session.settled, seconds):
            raise TimeoutError("the window did not come to rest")

    def press(self, key: Any) -> None:
        """Press a key on the canvas."""
        self.panel.window().activateWindow()
        self.hand.canvas.setFocus()
        spin(self.hand.canvas.hasFocus)
        QTest.keyClick(self.hand.canvas, key)
        self.until(lambda: True)

    def click(self, view: str, place: tuple[float, float]) -> None:
        """Click on a pixel of a view."""
        at = self.hand.place(*place, self.session.layers.picture(view))
        self.hand.send(QEvent.Type.MouseButtonPress, at)
        wait(0.02)
        self.hand.send(QEvent.Type.MouseButtonRelease, at)
        self.until(lambda: True)

    def picture(self, path: Path) -> None:
        """Save what the window shows."""
        wait(0.6)
        self.viewer.screenshot(str(path), canvas_only=False, flash=False)

    def close(self) -> None:
        """Close the window."""
        self.viewer.close()
        wait(0.3)


def brightest_free(session: Any, view: str) -> tuple[float, float]:
    """Return the place of a view that is hottest among those without a hotspot and not at the border."""
    counts = ndimage.gaussian_filter(session.value("scan").view(view).counts, 2)
    taken = ndimage.binary_dilation(session.value("hotspots").labels(view) > 0, iterations=8)
    inside = session.value("regions").labels(view) > 0
    row, column = np.unravel_index(np.where(inside & ~taken, counts, -1).argmax(), counts.shape)
    return float(row), float(column)


def sit(path: Path, name: str, case: Path, out: Path) -> tuple[str, ...]:
    """Go through one scan; return a row of the table."""
    sitting = Sitting()
    sitting.open(path)
    sitting.picture(out / f"{name}_1_open.png")
    sitting.panel.run_bar.run_button.click()
    session = sitting.session
    sitting.until(lambda: session.value("index") is not None)
    sitting.picture(out / f"{name}_2_candidates.png")
    candidates = len(session.value("hotspots").marks)
    automatic, began = session.value("index").value, time.perf_counter()
    sitting.press(Qt.Key.Key_G)
    sitting.click("anterior", brightest_free(session, "anterior"))
    sitting.press(Qt.Key.Key_Escape)
    if session.look.chosen is not None and session.hands.proposal(session.look.chosen) is not None:
        sitting.press(Qt.Key.Key_Return)
    sitting.picture(out / f"{name}_3_grown.png")
    for number in range(2 * len(session.value("hotspots").marks)):
        if all(mark.judged for mark in session.value("hotspots").marks):
            break
        sitting.press(Qt.Key.Key_Tab)
        sitting.press(Qt.Key.Key_U if number == 1 else Qt.Key.Key_Y)
    seconds = time.perf_counter() - began
    marks = session.value("hotspots").marks
    sitting.picture(out / f"{name}_4_judged.png")
    sitting.panel.exporter.save_to(case)
    sitting.until(lambda: case.is_file())
    kept = state(session)
    sitting.close()
    again = Sitting()
    again.open(case)
    again.until(lambda: again.session.value("index") is not None)
    same = state(again.session) == kept
    again.picture(out / f"{name}_5_reopened.png")
    index = again.session.value("index")
    again.close()
    judged = sum(mark.judged for mark in marks)
    return (
        name,
        str(candidates),
        f"{judged} of {len(marks)}",
        f"{automatic:.2f}",
        f"{index.judged_value:.2f}" if index.judged_value is not None else "–",
        f"{seconds:.0f}",
        "identical" if same else "DIFFERENT",
    )


def state(session: Any) -> tuple[Any, ...]:
    """Return what must come back."""
    return (
        content_key(session.value("hotspots")),
        content_key(session.value("regions")),
        content_key(session.value("index").regions),
        session.value("index").value,
        session.value("index").judged_value,
        session.run.settings,
        len(session.run.journal),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the bone scans")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--only", default="", help="a part of a scan's name")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print("| scan | candidates | judged | BSI automatic | BSI judged | seconds | reopened |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        preferences.default_folder = lambda: Path(folder) / "autosave"
        for name, place in SCANS.items():
            if options.only in name:
                case = Path(folder) / f"{name}.tbcad"
                print("|", " | ".join(sit(options.data / place, name, case, options.out)), "|", flush=True)


if __name__ == "__main__":
    main()

"""Pictures of the bone panel: a person goes through simulated scans by mouse, keys and buttons.

Called by screenshots.py. The tutorial is one of the scenes: what it tells is done here as it tells it, and
the numbers on its pages are those printed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMenu, QPushButton, QWidget

from bone_annotate import Mouse
from hand import wait
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.simulate import bone_scan, hotspot_sites
from napari_tbcad.simulate.bone_samples import sample_scan_path
from napari_tbcad.widgets.bone.intake import GAP
from screenshots import Scene, save, spin

NO_KEYS = Qt.KeyboardModifier.NoModifier
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier

FEW = 96
"""Colours of pictures that show a part of a scan large: its noise packs badly."""

ILIUM, RIB = (430.8, 198.3), (230.5, 190.0)
"""Lesions of the sample "few lesions" (its truth, centre_mm): row and column in the anterior view."""


class BoneScene(Scene):
    """A window with the bone panel and a person before it."""

    def __init__(self, *panels: str, tabs: bool = False) -> None:
        super().__init__(*(panels or ("Bone scan",)), tabs=tabs)
        self.mouse: Any = None

    @property
    def bone(self) -> Any:
        """The panel of the workflow."""
        return self.panels["Bone scan"]

    def click_button(self, text: str, where: QWidget | None = None) -> None:
        """Press the button that says so."""
        buttons = (where or self.bone).findChildren(QPushButton)
        (button,) = (one for one in buttons if one.text() == text and one.isVisible())
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.rest()

    def open_by_button(self, text: str) -> None:
        """Open a sample from the empty panel."""
        self.click_button(text)
        spin(lambda: self.session is not None)
        self.rest()
        self.mouse = Mouse(self.viewer)

    def fold_warnings(self) -> None:
        """Press the chip of the warnings, as the tutorial says."""
        QTest.mouseClick(self.bone.header.chip, Qt.MouseButton.LeftButton)
        self.rest()

    def look(self, row: float | None = None, zoom: float = 3.0) -> None:
        """Show all of the scan, or a row of it larger, with the gap between the views in the middle."""
        self.viewer.reset_view()
        if row is not None:
            image = self.session.layers.picture("anterior")
            self.viewer.scene.camera.zoom *= zoom
            self.viewer.scene.camera.center = tuple(image.data_to_world((row, self._gap(image))))[-2:]
        self.rest()

    @staticmethod
    def _gap(image: Any) -> float:
        """Return the column between the two views."""
        return float(image.data.shape[1] * (1 + GAP / 2))

    def at(self, row: float, column: float, view: str = "anterior") -> QPointF:
        """Return where a pixel of a view is on the canvas."""
        return self.mouse.place(row, column, self.session.layers.picture(view))

    def press(self, key: Any, held: Any = NO_KEYS) -> None:
        """Press a key on the canvas."""
        self.bone.window().activateWindow()
        self.mouse.canvas.setFocus()
        wait(0.05)
        QTest.keyClick(self.mouse.canvas, key, held)
        self.rest()

    def click(self, row: float, column: float, held: Any = NO_KEYS, view: str = "anterior") -> None:
        """Click on a pixel of a view; the pointer is there, then."""
        at = self.at(row, column, view)
        self.mouse.move(at)
        wait(0.05)
        self.mouse.click(at, held)
        self.rest()

    def away(self) -> None:
        """Move the pointer off the scan, between the views: no cross-hair in the picture."""
        image = self.session.layers.picture("anterior")
        center = self.viewer.scene.camera.center[-2:]
        self.mouse.move(self.at(image.world_to_data(center)[-2], self._gap(image)))
        self.rest()

    def tell(self, what: str) -> None:
        """Print what the tutorial says of this moment."""
        marks = self.session.value("hotspots").marks
        judged = sum(mark.judged for mark in marks)
        print(f"  {what}: {self.bone.answer.text()} | {judged} of {len(marks)} judged", flush=True)

    def with_menu(self, menu: QMenu, at: QPoint) -> NDArray[np.uint8]:
        """Return the picture of the window with a menu open at a place of it."""
        picture = self.picture().copy()
        menu.ensurePolished()
        menu.adjustSize()
        image = pixels_of(menu)
        top = min(at.y(), picture.shape[0] - 30 - image.shape[0])
        left = min(at.x(), picture.shape[1] - image.shape[1])
        picture[top : top + image.shape[0], left : left + image.shape[1]] = image
        return picture


def pixels_of(widget: QWidget) -> NDArray[np.uint8]:
    """Return a widget as pixels (H, W, 3)."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    bits = image.constBits()
    size = image.sizeInBytes()
    flat = np.frombuffer(bits.asstring(size) if hasattr(bits, "asstring") else bits, np.uint8)
    return flat.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()].reshape(
        image.height(), image.width(), 3
    )


def tutorial(out: Path, folder: Path) -> None:
    """Go the way of tutorial_bone.md, from the empty panel to the reopened case."""
    scene = BoneScene()
    save(out, "bone_start", scene.picture())
    scene.open_by_button("Sample with few lesions")
    scene.click_button("Run all")
    scene.look()
    scene.away()
    scene.tell("candidates")
    save(out, "bone_candidates", scene.picture())
    scene.fold_warnings()
    judge(scene, out)
    scene.tell("all candidates judged")
    scene.look(ILIUM[0])
    scene.click(*ILIUM, held=SHIFT)
    scene.away()
    scene.tell("grown")
    scene.unfold("Hotspots", to=scene.bone.hotspots)
    save(out, "bone_grow", scene.picture(), colours=FEW)
    scene.press(Qt.Key.Key_Return)
    scene.tell("its partner taken")
    scene.look()
    scene.away()
    scene.bone.hotspots.table.sort_again()
    scene.unfold("Hotspots", to=scene.bone.views)
    save(out, "bone_panel", scene.picture())
    scene.unfold("Index", to=scene.bone.index)
    save(out, "bone_index", scene.picture(), scene.box(scene.bone))
    case = folder / "few lesions.tbcad"
    scene.bone.exporter.save_to(case)
    spin(case.is_file)
    scene.rest()
    scene.close()
    again = BoneScene()
    again.bone.open_film(case)
    spin(lambda: again.session is not None)
    again.rest()
    again.look()
    again.mouse = Mouse(again.viewer)
    again.tell("reopened")
    save(out, "bone_reopened", again.picture())
    again.close()


def judge(scene: BoneScene, out: Path) -> None:
    """Go through the candidates with Tab; take the partner of each abnormal one where one is proposed."""
    for _ in range(30):
        marks = scene.session.value("hotspots").by_id()
        if all(mark.judged for mark in marks.values()):
            return
        scene.press(Qt.Key.Key_Tab)
        number = scene.session.look.chosen
        mark = marks[number]
        if mark.label == "abnormal" and mark.linked is None and scene.session.hands.proposal(number):
            if mark.view == "anterior":
                scene.look(RIB[0])
                scene.away()
                save(out, "bone_partner", scene.picture(), colours=FEW)
                scene.look()
                scene.unfold("Index", to=scene.bone.index)
                save(out, "bone_two_numbers", scene.picture(), scene.box(scene.bone))
                scene.unfold("Hotspots")
            scene.press(Qt.Key.Key_Return)
        scene.press(Qt.Key.Key_Y)
        print(f"  {number} {mark.view} {mark.label}", flush=True)
    raise SystemExit("Y does not judge")


def tools(out: Path, folder: Path) -> None:
    """Picture the tools: a box being drawn, the table with filter and menu, the menu of exports, a region."""
    scene = BoneScene()
    scene.open_by_button("Sample with few lesions")
    scene.click_button("Run all")
    scene.fold_warnings()
    scene.look(ILIUM[0])
    scene.click_button("Box")
    row, column = ILIUM
    scene.mouse.send(QEvent.Type.MouseButtonPress, scene.at(row - 11, column - 11))
    for share in np.linspace(0.1, 1, 6):
        scene.mouse.send(QEvent.Type.MouseMove, scene.at(row - 11 + 23 * share, column - 11 + 19 * share))
        wait(0.05)
    save(out, "bone_tools", scene.picture(), colours=FEW)
    scene.mouse.send(QEvent.Type.MouseButtonRelease, scene.at(row + 12, column + 8))
    scene.rest()
    scene.press(Qt.Key.Key_Escape)
    table(scene, out)
    exports(scene, out)
    regions(scene, out)
    scene.close()


def table(scene: BoneScene, out: Path) -> None:
    """Picture the filter and the menu of two hotspots."""
    from napari_tbcad.widgets.bone.hotspot_menu import hotspot_menu
    from napari_tbcad.widgets.bone.hotspot_table import Filter

    step = scene.bone.hotspots
    scene.look()
    scene.unfold("Hotspots")
    step.filter_button.setChecked(True)
    step.filters.set_filter(Filter(judged=False, view="posterior"))
    scene.rest()
    numbers = step.table.numbers()[:2]
    scene.session.look.select(numbers, numbers[0])
    scene.away()
    menu = hotspot_menu(scene.bone.bench, numbers, step)
    left, top, *_ = scene.box(step.table)
    picture = scene.with_menu(menu, QPoint(left - 60, top + 62))
    menu.close()
    save(out, "bone_table", picture, scene.right())
    step.filters.set_filter(Filter())
    step.filter_button.setChecked(False)


def exports(scene: BoneScene, out: Path) -> None:
    """Picture the menu of exports."""
    bar = scene.bone.run_bar
    left, top, _, _ = scene.box(bar.export_button)
    height = bar.export_menu.sizeHint().height()
    picture = scene.with_menu(bar.export_menu, QPoint(left, top - height))
    box = scene.box(scene.bone)
    save(out, "bone_export", picture, (box[0], top - height - 90, box[2], box[3]))


def regions(scene: BoneScene, out: Path) -> None:
    """Picture a region corrected with the brush."""
    scene.session.look.choose(None)
    scene.unfold("Regions", to=scene.bone.regions)
    brush = scene.bone.regions.brush
    brush.region.setCurrentText("pelvis")
    scene.click_button("Ant.", brush)
    scene.look(ILIUM[0])
    layer = scene.viewer.layers.selection.active
    layer.brush_size = 7
    row, column = ILIUM
    with layer.block_history():
        for down, right in ((-18, -8), (-14, -2), (-9, 1), (-4, 3), (1, 4), (6, 4), (11, 3), (16, 1)):
            layer.paint((round(row) + down, round(column) + right), REGION_IDS["pelvis"])
    scene.rest()
    layer.mode = "pan_zoom"
    scene.mouse.move(scene.at(*ILIUM))
    scene.rest()
    save(out, "bone_regions", scene.picture(), scene.right(), colours=FEW)


def earlier(out: Path, folder: Path) -> None:
    """Picture a comparison: the sample, and the same simulated person with two of its four lesions."""
    case = folder / "first scan.tbcad"
    scene = BoneScene()
    scene.bone.open_film(earlier_scan(folder / "earlier.dcm"))
    spin(lambda: scene.session is not None)
    scene.rest()
    confirm_all(scene)
    scene.bone.exporter.save_to(case)
    spin(case.is_file)
    scene.rest()
    scene.close()
    scene = BoneScene()
    scene.open("few_lesions")
    scene.mouse = Mouse(scene.viewer)
    confirm_all(scene)
    scene.fold_warnings()
    step = scene.bone.earlier
    scene.unfold("Earlier scan", to=step)
    step.source.take(case)
    spin(lambda: step.comparing.result is not None and step.comparing.fresh)
    step.beside.setChecked(True)
    spin(lambda: len(step.views.layers) == 4 and step.views.settled)
    scene.unfold("Earlier scan", to=step)
    print(" ", step.comparing.result.summary(), flush=True)
    scene.away()
    save(out, "bone_earlier", scene.picture())
    scene.close()


def confirm_all(scene: BoneScene) -> None:
    """Run everything and confirm every candidate."""
    scene.run()
    scene.session.hands.confirm([mark.id for mark in scene.session.value("hotspots").marks])
    scene.rest()


def earlier_scan(path: Path) -> Path:
    """Write a scan of the person of the sample "few lesions" with two of the four metastases."""
    from napari_tbcad.io.nuclear_writing import write_nuclear
    from napari_tbcad.simulate.skeleton import BodyParameters

    drawn: Callable[..., Any] = hotspot_sites.draw_abnormal

    def fewer(*values: Any, number: int | None = None) -> Any:
        return drawn(*values, number=4)[:2]

    hotspot_sites.draw_abnormal = fewer
    try:
        made = bone_scan.simulate_scan(
            bone_scan.ScanParameters(abnormal=4, counts=9e5),
            seed=22,
            person=replace(BodyParameters(), sex="male"),
        )
    finally:
        hotspot_sites.draw_abnormal = drawn
    frames = [view.counts for _, view in made.scan]
    return write_nuclear(path, frames, spacing_mm=made.scan.spacing_mm, name="earlier", study="simulated")


def reading(out: Path, folder: Path) -> None:
    """Picture a worklist of simulated scans that two people read."""
    scans = folder / "scans"
    scans.mkdir()
    for number, name in enumerate(("few_lesions", "many_lesions_low_counts", "clean_woman"), start=1):
        shutil.copy(sample_scan_path(name), scans / f"scan_{number:02d}.dcm")
    (scans / "scan_04.dcm").write_bytes(b"")
    scene = BoneScene("Bone worklist", "Bone scan", tabs=True)
    view = scene.panel.view
    view.set_reader("A")
    view.open_folder(scans)
    spin(lambda: view.worklist is not None)
    scene.rest()
    view.open(scans / "scan_01.dcm")
    spin(lambda: scene.session is not None)
    for part in (None, 4):
        read(scene, part)
    view.set_reader("B")
    view.open(scans / "scan_01.dcm")
    rest(scene)
    view.accept()
    rest(scene)
    scene.docks[0].raise_()
    save(out, "bone_worklist", scene.picture(), scene.right())
    scene.close()


def rest(scene: BoneScene) -> None:
    """Wait until the worklist has opened and run what comes next."""
    for _ in range(3):
        wait(0.7)
        scene.rest()
        spin(lambda: scene.session is not None and scene.session.fresh("index"))
    scene.viewer.reset_view()
    wait(0.3)


def read(scene: BoneScene, part: int | None) -> None:
    """Confirm all candidates, or the first few, and go on; what is left is said to be left."""
    rest(scene)
    marks = scene.session.value("hotspots").marks
    scene.session.hands.confirm([mark.id for mark in marks[:part]])
    scene.rest()
    scene.panel.view.finish()
    if part is not None:
        scene.rest()
        scene.panel.view.finish()
    rest(scene)


SCENES: dict[str, Callable[[Path, Path], None]] = {
    "bone_tutorial": tutorial,
    "bone_tools": tools,
    "bone_earlier": earlier,
    "bone_reading": reading,
}
"""Scenes by name; each is given the folder of pictures and one for its own files."""

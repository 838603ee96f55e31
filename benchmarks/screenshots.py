"""Write the pictures of the guide and the tutorials: the real window, this project's own phantoms only.

    xvfb-run -a -s "-screen 0 1280x800x24" .venv/bin/python benchmarks/screenshots.py [--out docs/images]

Each picture is what napari shows at 1280 × 800, or a part of it, in at most 256 colours. No real film may be
in them (terms of use), nor the name of a folder or of whoever runs this.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

# Nobody's own settings of napari belong into the pictures.
os.environ["NAPARI_CONFIG"] = ""

import napari
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from qtpy.QtCore import QEventLoop, QPoint
from qtpy.QtWidgets import QApplication, QScrollArea, QWidget

from napari_tbcad.files import written_whole
from napari_tbcad.simulate.samples import sample_path
from napari_tbcad.widgets import preferences
from napari_tbcad.widgets.chest.actions import brush
from napari_tbcad.widgets.chest.feature_table import GROUPS

DOCS = Path(__file__).resolve().parents[1] / "docs" / "images"
SIZE = (1280, 800)
PLUGIN = "napari-tbcad"
MOST_BYTES = 200_000
COLOURS = 256
_STATUS_BAR = 26

Box = tuple[int, int, int, int]


def spin(until: Callable[[], bool], seconds: float = 90.0) -> None:
    """Run the event loop until something holds."""
    loop, end = QEventLoop(), time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise TimeoutError("the window did not come to rest")
        if not loop.processEvents(QEventLoop.ProcessEventsFlag.AllEvents):
            time.sleep(0.002)


def pause(seconds: float = 0.4) -> None:
    """Run the event loop for so long."""
    end = time.monotonic() + seconds
    spin(lambda: time.monotonic() > end)


class Scene:
    """A napari window with panels of this plugin.

    Parameters
    ----------
    *panels : str
        Names of the panels to dock, as in the menu *Plugins*.
    width : int, optional
        Width of the docks in pixels.
    tabs : bool, optional
        Dock them one behind the other, the last in front; else one below the other.
    """

    def __init__(self, *panels: str, width: int = 372, tabs: bool = False) -> None:
        self.viewer = napari.Viewer(title="napari", show=False)
        self.viewer.window.resize(*SIZE)
        self.viewer.show()
        self.panels: dict[str, Any] = {}
        self.docks: list[Any] = []
        for name in panels:
            dock, widget = self.viewer.window.add_plugin_dock_widget(PLUGIN, name, tabify=tabs)
            self.docks.append(dock)
            widget.setMinimumWidth(width)
            widget.setMaximumWidth(width)
            self.panels[name] = widget
        self.viewer.window.resize(*SIZE)
        self.rest()

    @property
    def panel(self) -> Any:
        """The first panel docked."""
        return next(iter(self.panels.values()))

    @property
    def session(self) -> Any:
        """Session of the chosen film."""
        return self.panel.bench.session

    def rest(self) -> None:
        """Wait until nothing is under way."""
        bench = self.panel.bench
        pause(0.3)
        loading = getattr(bench, "shelf", None)
        spin(
            lambda: (
                not (loading is not None and loading.loading)
                and (bench.session is None or bench.session.settled)
            )
        )
        pause(0.3)

    def open(self, key: str) -> None:
        """Open a sample."""
        before = self.session
        self.panel.bench.open_sample(key)
        spin(lambda: self.session is not None and self.session is not before)
        self.rest()
        self.viewer.reset_view()
        pause()

    def run(self) -> None:
        """Bring everything up to date."""
        self.session.run_all()
        self.rest()

    def unfold(self, *names: str, to: QWidget | None = None) -> None:
        """Open these steps of the workflow panel and close the others; scroll to a widget."""
        for step in self.panel.steps:
            step.set_open(step.heading in names)
        self.rest()
        if to is not None:
            area: QScrollArea = self.panel.scroll_area
            area.verticalScrollBar().setValue(to.mapTo(area.widget(), QPoint(0, 0)).y() - 2)
        pause()

    def paint(self, label: int, points: Iterable[tuple[float, float]], size: float) -> None:
        """Paint with a round brush through the layer, as the mouse does; points in shares of the film."""
        layer = self.session.layers.layer(self.session.look.kind)
        layer.brush_size = size
        height = layer.data.shape[0]
        dots = np.asarray(list(points)) * height
        with layer.block_history():
            for start, end in pairwise(dots):
                for share in np.linspace(0, 1, 12):
                    layer.paint(tuple(np.rint(start + share * (end - start)).astype(int)), label)
        self.rest()

    def picture(self) -> NDArray[np.uint8]:
        """Return what the window shows at rest, (800, 1280, 3)."""
        self.rest()
        for panel in self.panels.values():
            panel.refresh()
        pause(0.5)
        return np.asarray(self.viewer.window.screenshot(canvas_only=False, flash=False))[..., :3]

    def box(self, widget: QWidget, margin: int = 0) -> Box:
        """Return where a widget lies in the window: left, top, right, bottom."""
        corner = widget.mapTo(widget.window(), QPoint(0, 0))
        left, top = max(corner.x() - margin, 0), max(corner.y() - margin, 0)
        right, bottom = corner.x() + widget.width() + margin, corner.y() + widget.height() + margin
        return left, top, min(right, SIZE[0]), min(bottom, SIZE[1])

    def right(self) -> Box:
        """Return the part of the window that holds canvas and panel."""
        left = max(self.box(canvas())[0] - 4, 0)
        return left, 22, SIZE[0], SIZE[1] - _STATUS_BAR

    def close(self) -> None:
        """Close the window."""
        self.viewer.close()
        pause(0.3)


def canvas() -> QWidget:
    """Return the largest canvas in sight."""
    found = [
        widget
        for top in QApplication.topLevelWidgets()
        for widget in top.findChildren(QWidget)
        if widget.inherits("QOpenGLWidget") and widget.isVisible()
    ]
    return max(found, key=lambda widget: widget.width() * widget.height())


def cut(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Return a part of a picture."""
    left, top, right, bottom = box
    return pixels[top:bottom, left:right]


def save(
    folder: Path, name: str, pixels: NDArray[np.uint8], box: Box | None = None, *, colours: int = COLOURS
) -> None:
    """Write a picture, or a part of it, in few colours."""
    picture = Image.fromarray(np.ascontiguousarray(pixels if box is None else cut(pixels, box)))
    # Median cut would give the few coloured marks of the panel the colours of the film.
    few = picture.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE)
    path = folder / f"{name}.png"
    with written_whole(path) as temporary:
        few.save(temporary, format="PNG", optimize=True)
    size = path.stat().st_size
    print(f"{path.name:22s} {picture.width:4d} × {picture.height:3d}  {size // 1024:4d} KB", flush=True)
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} is larger than {MOST_BYTES // 1000} KB")


def beginning(out: Path) -> None:
    """Picture the empty panel."""
    scene = Scene("Chest X-ray")
    save(out, "start", scene.picture())
    scene.close()


def corrections(scene: Scene) -> None:
    """Take heart, aorta and mediastinum out of the phantom's left lung: a fine brush, then a coarse one."""
    brush(scene.panel.bench, 0)
    scene.paint(0, ((0.08, 0.556), (0.11, 0.568), (0.15, 0.555), (0.2, 0.557), (0.25, 0.578)), 17)
    scene.paint(
        0, ((0.25, 0.578), (0.32, 0.574), (0.36, 0.595), (0.44, 0.588), (0.5, 0.614), (0.54, 0.62)), 17
    )
    scene.paint(0, ((0.25, 0.551), (0.36, 0.565), (0.54, 0.585)), 23)
    scene.paint(0, ((0.575, 0.605), (0.6, 0.635), (0.64, 0.668), (0.7, 0.688), (0.725, 0.689)), 45)
    scene.paint(0, ((0.6, 0.58), (0.65, 0.6), (0.71, 0.605), (0.66, 0.63), (0.72, 0.655)), 45)
    # At rest: no ring of a brush where no mouse is.
    scene.session.layers.layer(scene.session.look.kind).mode = "pan_zoom"


def work(out: Path) -> None:
    """Picture the way of one film through the workflow panel."""
    scene = Scene("Chest X-ray")
    scene.open("upper_lobe_cavity")
    scene.run()
    panel, right = scene.panel, scene.right()
    save(out, "first_result", scene.picture())
    scene.session.look.evidence.show(False)
    scene.session.look.set_kind("sensitive")
    scene.unfold("Lung masks", to=panel.masks)
    save(out, "masks", scene.picture(), right)
    scene.session.look.set_kind("insensitive")
    corrections(scene)
    scene.session.look.set_outline("difference")
    scene.unfold("Correct", "Result", to=panel.correct)
    save(out, "panel", scene.picture())
    scene.unfold("Correct", to=panel.correct)
    save(out, "correct", scene.picture(), right)
    scene.session.look.evidence.show(True)
    panel.result.model_button.setChecked(True)
    scene.unfold("Result", to=panel.result)
    save(out, "result", scene.picture(), scene.box(panel))
    panel.result.model_button.setChecked(False)
    features(out, scene)
    pause(3)  # until the case is kept on the side
    scene.close()
    scene = Scene("Chest X-ray")
    scene.open("upper_lobe_cavity")
    left, top, right, _ = scene.box(scene.panel)
    save(out, "leftover", scene.picture(), (left, top, right, scene.box(scene.panel.enhance)[1]))
    scene.close()


def features(out: Path, scene: Scene) -> None:
    """Picture the table of features and, beside it, the two pictures below it."""
    step = scene.panel.features
    scene.unfold("Features", to=step)
    tops = [step.table.topLevelItem(number) for number in range(step.table.topLevelItemCount())]
    grey_levels = next(top for top in tops if top.text(0) == GROUPS["firstorder"])
    grey_levels.setExpanded(True)
    step.table.scrollToItem(grey_levels, step.table.ScrollHint.PositionAtTop)
    left = cut(scene.picture(), scene.box(scene.panel))
    step.histogram_row.toggle.click()
    step.matrix_row.toggle.click()
    scene.rest()
    scene.unfold("Features", to=step.histogram_row)
    scene.rest()
    side_by_side = np.hstack([left, cut(scene.picture(), scene.box(scene.panel))])
    save(out, "features", side_by_side)


def settle(scene: Scene) -> None:
    """Wait until the worklist has opened and run what comes next."""
    for _ in range(3):
        scene.rest()
    scene.viewer.reset_view()


def finish(scene: Scene) -> None:
    """Say that the film is done, and wait for the next one."""
    settle(scene)
    scene.panel.view.finish()
    settle(scene)


def looking(out: Path) -> None:
    """Picture window, ruler and facts on the phantom that is a DICOM film."""
    scene = Scene("Chest X-ray")
    scene.open("normal_cr")
    viewing = scene.panel.bench.viewing
    viewing.window.apply("Lung fields")
    viewing.ruler.set_on(True)
    # Inner width of the chest and width of the heart, in pixels of the phantom.
    viewing.ruler.layer.add_lines([[(345, 62), (345, 448)], [(300, 194), (300, 364)]])
    pause()
    save(out, "view", scene.picture(), scene.right())
    scene.close()


def reading(out: Path, folder: Path) -> None:
    """Picture a worklist of phantoms that two people read."""
    films = folder / "films"
    films.mkdir()
    names = ("normal_man", "effusion", "upper_lobe_cavity", "miliary", "normal_woman")
    for number, name in enumerate(names, start=1):
        shutil.copy(sample_path(name), films / f"film_{number:02d}.png")
    (films / "film_06.png").touch()
    scene = Scene("Chest worklist", "Chest X-ray")
    view = scene.panel.view
    view.set_reader("Reader A")
    view.open_folder(films)
    spin(lambda: view.worklist is not None)
    scene.rest()
    view.open(films / "film_01.png")
    spin(lambda: scene.session is not None)
    for _ in range(2):
        finish(scene)
    view.set_reader("Reader B")
    view.open(films / "film_01.png")
    settle(scene)
    view.accept()
    settle(scene)
    picture = scene.picture()
    left, top, right, _ = scene.right()
    save(out, "worklist", picture, (left, top, right, picture.shape[0] - _STATUS_BAR))
    scene.close()


def main() -> None:
    from screenshots_batch import SCENES as BATCH
    from screenshots_bone import SCENES as BONE
    from screenshots_evaluating import SCENES as EVALUATING
    from screenshots_training import SCENES as TRAINING

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=DOCS)
    parser.add_argument("--only", default="", help="names of the scenes, with commas between")
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scenes: dict[str, Callable[[], None]] = {
            "beginning": lambda: beginning(out),
            "work": lambda: work(out),
            "looking": lambda: looking(out),
            "reading": lambda: reading(out, Path(folder)),
        }
        for name, scene in (BONE | TRAINING | EVALUATING | BATCH).items():
            own = Path(folder) / name
            own.mkdir()
            scenes[name] = partial(scene, out, own)
        for name in options.only.split(",") if options.only else scenes:
            # What one scene kept on the side is offered in none of the others.
            preferences.default_folder = partial(Path, folder, name, "autosave")
            scenes[name]()


if __name__ == "__main__":
    main()

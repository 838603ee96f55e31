"""Pictures of every panel in every state, in both themes, to be looked at: this project's phantoms only.

    xvfb-run -a -s "-screen 0 1280x1024x24" .venv/bin/python benchmarks/gallery.py OUT

(with --theme dark: that theme only; with --font 1.5: larger letters)

Writes OUT/THEME/STATE.png and a contact sheet OUT/THEME.png. The window is 1280 × 800, the panel as narrow
as napari makes it; what scrolls is shown whole, too (STATE_whole.png). Nothing here is measured.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Nobody's own settings of napari belong into the pictures.
os.environ["NAPARI_CONFIG"] = ""

import napari
import numpy as np
from napari.settings import get_settings
from PIL import Image
from qtpy.QtWidgets import QApplication, QScrollArea, QWidget

from napari_tbcad.simulate.samples import sample_path
from napari_tbcad.widgets import preferences

LONG = "Foto_dada_PA_pasien_rawat_jalan_Puskesmas_Kecamatan_Tanjungpinang_Kota_kontrol_2"
"""A layer name of 80 characters, as long as an archive writes them."""
COMPLAINTS = tuple(
    f"film_{n:02d}.png: hanya satu paru yang ditemukan; only one lung was found. Draw the other."
    for n in range(13)
)
STEPS = ("Enhance", "Lung masks", "Correct", "Features", "Result")


def settle(until: Callable[[], bool] = lambda: True, seconds: float = 120) -> None:
    """Run the event loop until something holds, and a little longer."""
    end, calm = time.monotonic() + seconds, time.monotonic() + 0.3
    while (not until() or time.monotonic() < calm) and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


class Gallery:
    """Takes the pictures of one theme."""

    def __init__(self, folder: Path, theme: str) -> None:
        self.folder, self.pictures = folder / theme, []  # type: ignore[var-annotated]
        self.folder.mkdir(parents=True, exist_ok=True)
        get_settings().appearance.theme = theme
        self.viewer = napari.Viewer()
        self.viewer.window.resize(1280, 800)

    def dock(self, name: str) -> Any:
        """Open a panel from the plugin menu's table."""
        return self.viewer.window.add_plugin_dock_widget("napari-tbcad", name)[1]

    def take(self, widget: QWidget, name: str) -> None:
        """Keep a picture of a widget, and of all that scrolls in it."""
        settle()
        path = self.folder / f"{name}.png"
        widget.grab().save(str(path))
        self.pictures.append(path)
        for area in widget.findChildren(QScrollArea):
            inside = area.widget()
            if inside is not None and area.isVisible() and inside.height() > area.height() + 4:
                whole = self.folder / f"{name}_whole.png"
                inside.grab().save(str(whole))
                self.pictures.append(whole)

    def sheet(self, path: Path, rows: int = 2) -> None:
        """Put all pictures side by side."""
        images = [Image.open(picture).convert("RGB") for picture in self.pictures]
        columns = -(-len(images) // rows)
        wide, tall = max(i.width for i in images), max(i.height for i in images)
        page = Image.new("RGB", (columns * (wide + 8), rows * (tall + 8)), "white")
        for number, image in enumerate(images):
            page.paste(image, (number % columns * (wide + 8), number // columns * (tall + 8)))
        page.save(path)


def only(panel: Any, number: int) -> None:
    """Open one step of the workflow panel and close the others."""
    for place, step in enumerate(panel.steps):
        step.set_open(place == number)


def chest(gallery: Gallery) -> Iterator[None]:
    """Go through the states of the workflow panel."""
    panel = gallery.dock("Chest X-ray")
    settle(lambda: not panel.bench.shelf.loading)
    gallery.take(panel, "01_empty")
    panel.open_sample("upper_lobe_cavity")
    settle(lambda: panel.session is not None and panel.session.settled)
    gallery.take(panel, "02_opened")
    panel.run_all()
    settle(lambda: panel.run_bar.progress.value() > 0 or panel.session.settled, 30)
    gallery.take(panel, "03_running")
    settle(lambda: panel.session.settled)
    for number, step in enumerate(STEPS):
        only(panel, number)
        if step == "Features":
            panel.features.histogram_row.toggle.setChecked(True)
            panel.features.matrix_row.toggle.setChecked(True)
            settle(lambda: panel.features.matrix_row.settled and panel.features.histogram_row.settled)
        if step == "Result":
            panel.result.model_button.setChecked(True)
        gallery.take(panel, f"04_done_{number + 1}")
    panel.result.model_button.setChecked(False)
    correct(panel)
    settle(lambda: panel.session.settled)
    only(panel, 2)
    gallery.take(panel, "05_corrected")
    only(panel, 4)
    gallery.take(panel, "06_ghost")
    gallery.take(panel.window(), "07_window")
    enhance = panel.session.run.settings.enhance
    panel.session.configure("enhance", enhance.model_copy(update={"clip_limit": 5.0}))
    gallery.take(panel, "08_out_of_date")
    panel.run_all()
    settle(lambda: panel.session.settled)
    panel.session.desk.left = Path("/somewhere") / LONG
    panel.session.film_problem, panel.session.layer.name = "", LONG
    panel.session.warnings = lambda: COMPLAINTS
    panel.bench.changed.emit()
    gallery.take(panel, "09_leftover_warnings_long")
    del panel.session.warnings
    panel.session.desk.left = None
    erase_left(panel)
    settle(lambda: panel.session.settled)
    only(panel, 3)
    gallery.take(panel, "10_failed")
    panel.bench.viewing.show_keys()
    settle()
    sheet = next(w for w in QApplication.topLevelWidgets() if w.windowTitle() == "Keys and mouse")
    gallery.take(sheet, "11_keys")
    sheet.close()
    yield


def correct(panel: Any) -> None:
    """Take a band of the insensitive mask away, and show the difference."""
    layer = panel.session.layers.layer("insensitive")
    where = np.nonzero(np.asarray(layer.data)[200:260])
    layer.data_setitem((where[0] + 200, where[1]), 0)
    panel.session.look.set_outline("difference")


def erase_left(panel: Any) -> None:
    """Erase the left lung of the sensitive mask: the features must refuse that."""
    layer = panel.session.layers.layer("sensitive")
    layer.data_setitem(np.nonzero(np.asarray(layer.data) == 2), 0)


def steps(gallery: Gallery) -> None:
    """Take the docks of the single steps."""
    for number, step in enumerate(STEPS, 1):
        gallery.take(gallery.dock(f"Chest {number} {step}"), f"20_step_{number}")


def worklist(gallery: Gallery, folder: Path) -> None:
    """Take the worklist with a film in each state."""
    from napari_tbcad.worklist_item import ReadingState, Sighting

    panel = gallery.dock("Chest worklist")
    gallery.take(panel, "30_worklist_empty")
    for number in range(9):
        name = folder / (f"{LONG}.png" if number == 8 else f"film {number}.png")
        name.write_bytes(sample_path("normal_man").read_bytes())
    view = panel.view
    view.open_folder(folder)
    settle(lambda: view.worklist is not None)
    from dataclasses import replace

    said = {
        1: ("made",),
        2: ("in progress",),
        3: ("made", "accepted"),
        4: ("made", "changed"),
    }
    items = [
        replace(
            item, readings=tuple(Sighting(f"Dr. Ni Luh Putu {n}", v) for n, v in enumerate(said.get(i, ())))
        )
        for i, item in enumerate(view.worklist.items)
    ]
    items[5] = replace(items[5], problem="not an image this program reads")
    view.set_reader("Siti Nurhaliza Rahmawati")
    view.set_worklist(view.worklist.with_items(items))
    view.set_current(items[8].path)
    assert set(view.worklist.states) <= set(ReadingState)
    gallery.take(panel, "31_worklist")
    view.show_error(f"{LONG}.tbcad: tidak dapat disimpan; cannot write there (No space left on device)")
    gallery.take(panel, "32_worklist_error")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", choices=("dark", "light"), action="append")
    parser.add_argument("--font", type=float, default=1.0, help="times the usual size")
    arguments = parser.parse_args()
    for theme in arguments.theme or ("dark", "light"):
        with tempfile.TemporaryDirectory() as scratch:
            preferences.default_folder = lambda scratch=scratch: Path(scratch) / "autosave"
            gallery = Gallery(arguments.out, theme)
            if arguments.font != 1:
                get_settings().appearance.font_size = round(9 * arguments.font)
            for _ in chest(gallery):
                steps(gallery)
            (films := Path(scratch) / "films").mkdir()
            worklist(gallery, films)
            gallery.sheet(arguments.out / f"{theme}.png")
            gallery.viewer.close()


if __name__ == "__main__":
    main()

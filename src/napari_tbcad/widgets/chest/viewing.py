"""Looking at films while a panel is open: window and level, ruler, keys."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication, QMainWindow, QWidget

from napari_tbcad.widgets.chest.actions import actions
from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.layers import KINDS
from napari_tbcad.widgets.keys import Bindings, bind, conflicts, hint, key_of
from napari_tbcad.widgets.parts.help_sheet import HelpSheet
from napari_tbcad.widgets.parts.view_bar import ViewBar
from napari_tbcad.widgets.ruler import TOOLTIP, Ruler
from napari_tbcad.widgets.window_level import WindowLevel
from napari_tbcad.widgets.window_presets import PRESETS


class Viewing(QObject):
    """Window and level, ruler and keys of one viewer, from its first chest panel to its last.

    Parameters
    ----------
    bench : ChestBench
        What the panels of a viewer share; its parent.
    """

    def __init__(self, bench: ChestBench) -> None:
        super().__init__(bench)
        self._bench = bench
        viewer = bench.viewer
        self.window = WindowLevel(viewer, lambda: bench.film, air_dark=self._air_dark, parent=self)
        self.ruler = Ruler(viewer, lambda: bench.film, parent=self)
        self._bindings: Bindings | None = None
        self._sheet: HelpSheet | None = None
        self.conflicts = conflicts(viewer)
        bench.film_changed.connect(self._on_film)
        bench.masks_made.connect(self._on_masks)
        self._on_film()

    def bar(self) -> ViewBar:
        """Return a row of buttons for the head of a panel."""
        names = ("window", "invert", "ruler", "help")
        bar = ViewBar(
            tuple(PRESETS),
            ruler_tip=TOOLTIP,
            hints={name: hint(name) for name in names},
            help_key=key_of("help").also,
        )
        bar.preset.connect(self.window.apply)
        bar.invert.connect(self.window.set_inverted)
        bar.ruler.connect(self.ruler.set_on)
        bar.help.connect(self.show_keys)
        self.ruler.toggled.connect(bar.show_ruler)
        return bar

    def show_on(self, bar: ViewBar) -> None:
        """Bring a row of buttons up to date."""
        bar.show_window(self.window.text)
        bar.show_inverted(self.window.inverted)
        bar.show_ruler(self.ruler.is_on)
        bar.set_available(window=self.window.film is not None, ruler=self._bench.film is not None)

    def show_keys(self) -> None:
        """Show, or hide, the sheet of keys."""
        if self._sheet is None:
            self._sheet = HelpSheet(conflicts=self.conflicts, parent=_window())
            self._sheet.destroyed.connect(self._forget_sheet)
        self._sheet.toggle()

    def release(self) -> None:
        """Unbind everything; the ruler's lines stay."""
        if self._bindings is not None:
            self._bindings.release()
        self.window.release()
        self.ruler.release()
        if self._sheet is not None:
            self._sheet.close()

    def _forget_sheet(self, gone: object = None) -> None:
        self._sheet = None

    def _air_dark(self) -> bool:
        session = self._bench.session
        upright = session.value("upright") if session is not None else None
        return upright is None or upright.inverted == session.value("film").inverted  # type: ignore[union-attr]

    def _on_film(self) -> None:
        self.window.film_changed()
        self.ruler.film_changed()
        self.bind_keys()

    def bind_keys(self) -> None:
        """Bind the keys of viewing, of the chest panels, and what the bench has besides."""
        if self._bindings is not None:
            self._bindings.release()
        viewing = {
            "window": self.window.reset,
            "next_window": self.window.apply_next,
            "invert": lambda: self.window.set_inverted(not self.window.inverted),
            "ruler": lambda: self.ruler.set_on(not self.ruler.is_on),
            "help": self.show_keys,
        }
        self._bindings = bind(
            self._bench.viewer, (), {**viewing, **actions(self._bench), **self._bench.more_keys}
        )
        self._on_masks()

    def _on_masks(self) -> None:
        session = self._bench.session
        for kind in KINDS if session is not None else ():
            layer: Any = session.layers.layer(kind)  # type: ignore[union-attr]
            if layer is not None and self._bindings is not None:
                self._bindings.add(layer)


def _window() -> QWidget | None:
    """Return a window whose theme the sheet takes: the active one, else any of napari's."""
    windows = (w for w in QApplication.topLevelWidgets() if isinstance(w, QMainWindow) and w.isVisible())
    return QApplication.activeWindow() or next(windows, None)

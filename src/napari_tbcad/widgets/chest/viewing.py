"""Looking at films while a panel is open: window and level, ruler, keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.layers import KINDS
from napari_tbcad.widgets.parts.view_bar import ViewBar
from napari_tbcad.widgets.window_level import WindowLevel
from napari_tbcad.widgets.window_presets import PRESETS
from napari_tbcad.widgets.workflow.viewing import BenchViewing


class Viewing(BenchViewing):
    """Window and level, ruler and keys of one viewer, from its first chest panel to its last.

    Parameters
    ----------
    bench : ChestBench
        What the panels of a viewer share; it keeps this object.
    """

    _bench: ChestBench

    def __init__(self, bench: ChestBench) -> None:
        super().__init__(bench, scopes=("chest", "panel", "worklist", "view"))

    def prepare(self) -> None:
        """Make window and level."""
        bench = self._bench
        self.window = WindowLevel(bench.viewer, lambda: bench.film, air_dark=self._air_dark, parent=self)
        self.window.changed.connect(self.changed)

    def looks(self) -> dict[str, Callable[[], None]]:
        """Return what the keys for the window do."""
        return {
            "window": self.window.reset,
            "next_window": self.window.apply_next,
            "invert": lambda: self.window.set_inverted(not self.window.inverted),
        }

    def labels(self) -> Iterable[Any]:
        """Return both masks."""
        session = self._bench.session
        return () if session is None else map(session.layers.layer, KINDS)

    def bar(self) -> ViewBar:
        """Return a row of buttons for the head of a panel."""
        bar = self.make_bar(tuple(PRESETS))
        bar.preset.connect(self.window.apply)
        bar.invert.connect(self.window.set_inverted)
        return bar

    def show_on(self, bar: ViewBar) -> None:
        """Bring a row of buttons up to date."""
        bar.show_window(self.window.text)
        bar.show_inverted(self.window.inverted)
        bar.show_ruler(self.ruler.is_on)
        bar.set_available(window=self.window.film is not None, ruler=self._bench.film is not None)

    def release(self) -> None:
        """Unbind everything; the ruler's lines stay."""
        super().release()
        self.window.release()

    def _air_dark(self) -> bool:
        session = self._bench.session
        upright = session.value("upright") if session is not None else None
        return upright is None or upright.inverted == session.value("film").inverted  # type: ignore[union-attr]

    def _on_film(self) -> None:
        self.window.film_changed()
        super()._on_film()

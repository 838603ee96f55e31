"""Looking at images while a panel is open: ruler, keys and their sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QApplication, QMainWindow, QWidget

from napari_tbcad.widgets.keys import KEYS, Bindings, Key, bind, conflicts, hint, key_of
from napari_tbcad.widgets.parts.help_sheet import MOUSE, HelpSheet
from napari_tbcad.widgets.parts.view_bar import ViewBar
from napari_tbcad.widgets.ruler import TOOLTIP, Ruler
from napari_tbcad.widgets.workflow.bench import Bench


class BenchViewing(QObject):
    """Ruler and keys of one viewer, from the first panel of a workflow to its last.

    Parameters
    ----------
    bench : Bench
        What the panels of a viewer share; it keeps this object.
    scopes : tuple of str
        Whose keys these are; what else they mean is told.

    Attributes
    ----------
    mouse : sequence of (str, str)
        Mouse gestures, for the sheet.
    changed : Signal
        What the row of buttons shows may differ.
    """

    changed = Signal()
    mouse: Sequence[tuple[str, str]] = MOUSE

    def __init__(self, bench: Bench, *, scopes: tuple[str, ...]) -> None:
        # No Qt child of the bench: collected together with it, PySide6 would delete it twice.
        super().__init__()
        self._bench = bench
        self.ruler = Ruler(bench.viewer, lambda: bench.film, parent=self)
        self._bindings: Bindings | None = None
        self._sheet: HelpSheet | None = None
        self._keys: tuple[Key, ...] = tuple(key for key in KEYS if key.scope in scopes)
        self.conflicts = conflicts(bench.viewer, self._keys)
        self.prepare()
        bench.film_changed.connect(self._on_film)
        bench.masks_made.connect(self._on_masks)
        self._on_film()

    # -- what a workflow says -------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make what else this needs, before the first study is looked at."""

    def looks(self) -> dict[str, Callable[[], None]]:
        """Return what the keys for the display do."""
        return {}

    def labels(self) -> Iterable[Any]:
        """Return the layers of ours on which our keys come before napari's."""
        return ()

    def bar(self) -> ViewBar:
        """Return a row of buttons for the head of a panel."""
        raise NotImplementedError

    def show_on(self, bar: ViewBar) -> None:
        """Bring a row of buttons up to date."""
        raise NotImplementedError

    # -- what panels ask ------------------------------------------------------------------------------

    def make_bar(self, presets: tuple[str, ...], **options: Any) -> ViewBar:
        """Return a row of buttons with ruler and keys connected."""
        bar = ViewBar(
            presets,
            ruler_tip=TOOLTIP,
            hints={name: hint(name) for name in ("window", "invert", "crosshair", "ruler", "help")},
            help_key=key_of("help").also,
            **options,
        )
        bar.ruler.connect(self.ruler.set_on)
        bar.help.connect(self.show_keys)
        self.ruler.toggled.connect(bar.show_ruler)
        return bar

    def show_keys(self) -> None:
        """Show, or hide, the sheet of keys."""
        if self._sheet is None:
            self._sheet = HelpSheet(self._keys, mouse=self.mouse, conflicts=self.conflicts, parent=_window())
            self._sheet.destroyed.connect(self._forget_sheet)
        self._sheet.toggle()

    def bind_keys(self) -> None:
        """Bind the keys of viewing, of the panels, and what the bench has besides."""
        if self._bindings is not None:
            self._bindings.release()
        always = {"ruler": lambda: self.ruler.set_on(not self.ruler.is_on), "help": self.show_keys}
        actions = {**always, **self.looks(), **self._bench.actions(), **self._bench.more_keys}
        self._bindings = bind(self._bench.viewer, (), actions)
        self._on_masks()

    def release(self) -> None:
        """Unbind everything; the ruler's lines stay."""
        if self._bindings is not None:
            self._bindings.release()
        self.ruler.release()
        if self._sheet is not None:
            self._sheet.close()

    # -- inside ---------------------------------------------------------------------------------------

    def _forget_sheet(self, gone: object = None) -> None:
        self._sheet = None

    def _on_film(self) -> None:
        self.ruler.film_changed()
        self.bind_keys()

    def _on_masks(self) -> None:
        for layer in self.labels():
            if layer is not None and self._bindings is not None:
                self._bindings.add(layer)


def _window() -> QWidget | None:
    """Return a window whose theme the sheet takes: the active one, else any of napari's."""
    windows = (w for w in QApplication.topLevelWidgets() if isinstance(w, QMainWindow) and w.isVisible())
    return QApplication.activeWindow() or next(windows, None)

"""Looking at a film: window and level by right drag, presets, inverted display."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.interactions import mouse_press_callbacks
from qtpy.QtCore import QObject, QTimer, Signal

from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.window_presets import (
    PRESETS,
    Limits,
    dragged,
    inverted_colormap,
    picture_of,
    span_of,
)

_CLICK_PX = 4
_INTERVAL_MS = 25
_RIGHT = 2


class WindowLevel(QObject):
    """Window and level of a film by right drag, presets and inverted display.

    Dragging with the right button pressed sets the window in every mode of the active layer, the brush
    included. A right click without a drag is handed to the active layer when the button comes up, so
    that napari's own uses of it (fill what the brush encircles, take a polygon's vertex back) stay.
    A double right click in pan and zoom mode sets the stored window.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    film : callable
        Returns the Image layer to act on now, or None. Nothing happens on RGB layers.
    air_dark : callable, optional
        Tells whether lungs are darker than the body in that layer's pixels; without it they are taken to be.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    changed : Signal
        The film, its limits or its colour map may differ.
    """

    changed = Signal()

    def __init__(
        self,
        viewer: Any,
        film: Callable[[], Image | None],
        *,
        air_dark: Callable[[], bool] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._film = film
        self._air_dark = air_dark or (lambda: True)
        self._viewer = weakref.ref(bare(viewer))
        self._followed: weakref.ref[Image] | None = None
        self._preset = "As stored"
        self._pending: tuple[Image, Limits] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._flush)
        me = weakref.ref(self)

        # napari keeps these functions: they must not keep us.
        def drag(viewer: Any, event: Any) -> Iterator[None]:
            if (owner := me()) is not None:
                yield from owner._drag(viewer, event)

        def double_click(viewer: Any, event: Any) -> None:
            if (owner := me()) is not None:
                owner._double_click(viewer, event)

        self._callbacks = (drag, double_click)
        bare(viewer).mouse_drag_callbacks.append(drag)
        # First in its list: napari's own would zoom on a right double click, too.
        bare(viewer).mouse_double_click_callbacks.insert(0, double_click)
        self.film_changed()

    @property
    def film(self) -> Image | None:
        """The grey film to act on; None when there is none."""
        film = self._film()
        return None if film is None or film.rgb else film

    @property
    def text(self) -> str:
        """Window width and level as viewers print them, "W 3599 L 2096"; empty without a film."""
        film = self.film
        if film is None:
            return ""
        low, high = film.contrast_limits
        return f"W {_plain(high - low)} L {_plain((low + high) / 2)}"

    @property
    def inverted(self) -> bool:
        """Whether the film is shown with its grey scale turned round."""
        film = self.film
        return film is not None and str(film.colormap.name).endswith("_r")

    def set_inverted(self, on: bool) -> None:
        """Turn the displayed grey scale round; pixels and results stay as they are."""
        film = self.film
        if film is not None and on != self.inverted:
            film.colormap = inverted_colormap(film.colormap)

    def apply(self, preset: str) -> None:
        """Set the window of a preset, one of :data:`~napari_tbcad.widgets.window_presets.PRESETS`."""
        film = self.film
        picture = picture_of(film, air_dark=self._air_dark()) if film is not None else None
        if film is None or picture is None:
            return
        self._preset = preset
        film.contrast_limits = PRESETS[preset](picture)

    def reset(self) -> None:
        """Set the file's own window, else the full range."""
        self.apply("As stored")

    def apply_next(self) -> None:
        """Set the preset after the one set last."""
        names = list(PRESETS)
        self.apply(names[(names.index(self._preset) + 1) % len(names)])

    def film_changed(self) -> None:
        """Follow the film there is now; to be called when another one is chosen."""
        self._preset = "As stored"
        self._follow(self.film)
        self.changed.emit()

    def release(self) -> None:
        """Give the mouse back and follow nothing; may be called more than once."""
        self._timer.stop()
        self._pending = None
        self._follow(None)
        viewer = self._viewer()
        if viewer is None:
            return
        lists = (viewer.mouse_drag_callbacks, viewer.mouse_double_click_callbacks)
        for callbacks, callback in zip(lists, self._callbacks, strict=True):
            if callback in callbacks:
                callbacks.remove(callback)

    # -- inside ---------------------------------------------------------------------------------------

    def _follow(self, film: Image | None) -> None:
        old = self._followed() if self._followed is not None else None
        if old is not None:
            for event in (old.events.contrast_limits, old.events.colormap):
                event.disconnect(self._on_display)
        self._followed = None
        if film is not None:
            for event in (film.events.contrast_limits, film.events.colormap):
                event.connect(self._on_display)
            self._followed = weakref.ref(film)

    def _on_display(self, event: Any = None) -> None:
        self.changed.emit()

    def _drag(self, viewer: Any, event: Any) -> Iterator[None]:
        film = self.film
        # Another panel's window and level may have taken this drag already.
        if event.handled or film is None or viewer.dims.ndisplay != 2:
            return
        if event.button != _RIGHT or event.modifiers:
            return
        span = span_of(film)
        if span is None:
            return
        event.handled = True
        active = viewer.layers.selection.active
        # The active layer must not paint while the window is dragged.
        held = _Withheld(active.mouse_drag_callbacks) if active is not None else None
        start, limits, moved = np.array(event.pos), tuple(film.contrast_limits), False
        yield
        while True:
            if held is not None:
                held.give_back()
            event.handled = True
            right, down = (float(d) for d in np.asarray(event.pos) - start)
            moved = moved or math.hypot(right, down) >= _CLICK_PX
            if moved:
                self._show(film, dragged(limits, right=right, down=down, span=span))
            if event.type != "mouse_move":
                break
            yield
        self._flush()
        self._timer.stop()
        if not moved and active is not None and active in viewer.layers:
            mouse_press_callbacks(active, event)

    def _double_click(self, viewer: Any, event: Any) -> None:
        active = viewer.layers.selection.active
        if event.button != _RIGHT or self.film is None or getattr(active, "mode", "pan_zoom") != "pan_zoom":
            return
        event.handled = True
        # The list is being walked through and we come first: napari's zoom is left out this once.
        _Withheld(viewer.mouse_double_click_callbacks, keep=self._callbacks[1])
        self.reset()

    def _show(self, film: Image, limits: Limits) -> None:
        """Show limits at once, or with the next tick when the last ones are too fresh."""
        self._pending = (film, limits)
        if not self._timer.isActive():
            self._flush()
            self._timer.start()

    def _flush(self) -> None:
        if self._pending is None:
            self._timer.stop()
            return
        (film, limits), self._pending = self._pending, None
        film.contrast_limits = limits


class _Withheld:
    """Empties a list of mouse callbacks until the event under way is over."""

    def __init__(self, callbacks: list[Any], *, keep: Any = None) -> None:
        self._callbacks, self._saved = callbacks, list(callbacks)
        callbacks[:] = [callback for callback in callbacks if callback is keep]
        # Even if the button never comes up (a lost window), the layer gets its callbacks back.
        QTimer.singleShot(0, lambda: self.give_back())

    def give_back(self) -> None:
        added = [callback for callback in self._callbacks if callback not in self._saved]
        self._callbacks[:] = [*self._saved, *added]
        # Once is enough: later the list may have changed for good reasons.
        self._callbacks, self._saved = [], []


def _plain(value: float) -> str:
    """Return four digits, or all before the point: a window of 30000 is not read as 3e+04."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"

"""Looking at a film: window and level by right drag, presets, inverted display."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils import Colormap
from napari.utils.colormaps import ensure_colormap
from napari.utils.interactions import mouse_press_callbacks
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_tbcad.chest.polarity import polarity_score
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.reader import METADATA_KEY

Limits = tuple[float, float]

_SIDE = 256
_PX_PER_RANGE = 600
_NARROWEST, _WIDEST = 1 / 1000, 2.0
_CLICK_PX = 4
_INTERVAL_MS = 25
_RIGHT = 2


@dataclass(frozen=True, eq=False)
class Picture:
    """What a preset needs to know of a film.

    Parameters
    ----------
    sample : array of float
        At most 256 × 256 of its pixels, finite, in the film's units.
    extremes : (float, float)
        Smallest and largest pixel.
    stored : (float, float), optional
        The window that the file asks for.
    air_dark : bool
        Whether lungs are darker than the body.
    """

    sample: NDArray[np.floating]
    extremes: Limits
    stored: Limits | None = None
    air_dark: bool = True


def as_stored(picture: Picture) -> Limits:
    """Return the window that the file asks for (DICOM Window Center and Width), else the full range."""
    return picture.stored or full_range(picture)


def full_range(picture: Picture) -> Limits:
    """Return the smallest and the largest pixel value."""
    return _widened(*picture.extremes)


def lung_fields(picture: Picture) -> Limits:
    """Return a window for the lung fields: the darker part of the film over the whole grey scale.

    From the 2nd to the 70th percentile of the pixels, collimated borders left out (the brighter part
    on a film with bright air); mediastinum and bone saturate.
    """
    return _between(picture, 2, 70)


def mediastinum_and_bone(picture: Picture) -> Limits:
    """Return a window for mediastinum and bone: the brighter part of the film over the whole grey scale.

    From the 45th to the 99.8th percentile of the pixels, collimated borders left out (the darker part on
    a film with bright air); the lung fields go to black.
    """
    return _between(picture, 45, 99.8)


PRESETS: dict[str, Callable[[Picture], Limits]] = {
    "As stored": as_stored,
    "Full range": full_range,
    "Lung fields": lung_fields,
    "Mediastinum and bone": mediastinum_and_bone,
}
"""Window presets by the name a person reads."""


def dragged(limits: Limits, *, right: float, down: float, span: Limits) -> Limits:
    """Return display limits after a drag, as viewers of DICOM images do it.

    Parameters
    ----------
    limits : (float, float)
        Limits when the drag began.
    right, down : float
        Distance dragged, in screen pixels: to the right widens the window, down raises the level
        (a darker picture). 600 px are the whole range.
    span : (float, float)
        Range of the film's pixels.

    Returns
    -------
    (float, float)
        Increasing limits; width 1/1000 to 2 ranges, level within the range.
    """
    size = span[1] - span[0]
    step = size / _PX_PER_RANGE
    width = float(np.clip(limits[1] - limits[0] + right * step, _NARROWEST * size, _WIDEST * size))
    level = float(np.clip((limits[0] + limits[1]) / 2 + down * step, *span))
    return level - width / 2, level + width / 2


def inverted_colormap(colormap: Colormap) -> Colormap:
    """Return a colour map turned round: "gray" for "gray_r" and the reverse, or any other's mirror image."""
    name = colormap.name[:-2] if colormap.name.endswith("_r") else f"{colormap.name}_r"
    try:
        return ensure_colormap(name)
    except KeyError:
        controls = 1 - np.asarray(colormap.controls)[::-1]
        return Colormap(np.asarray(colormap.colors)[::-1], name=name, controls=controls)


def picture_of(layer: Image) -> Picture | None:
    """Return what presets need to know of a layer; None for RGB and for layers without a finite pixel."""
    sample = _sample(layer)
    if sample is None:
        return None
    film = layer.metadata.get(METADATA_KEY)
    own = isinstance(film, Radiograph) and not layer.multiscale and film.pixels is layer.data
    whole = layer.data if isinstance(layer.data, np.ndarray) else sample
    extremes = (float(np.nanmin(whole)), float(np.nanmax(whole)))
    if not np.isfinite(extremes).all():
        extremes = (float(sample.min()), float(sample.max()))
    return Picture(sample, extremes, film.window if own else None, _air_dark(layer))


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
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    changed : Signal
        The film, its limits or its colour map may differ.
    """

    changed = Signal()

    def __init__(self, viewer: Any, film: Callable[[], Image | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._film = film
        self._viewer = weakref.ref(bare(viewer))
        self._followed: weakref.ref[Image] | None = None
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
        return f"W {high - low:.4g} L {(low + high) / 2:.4g}"

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
        """Set the window of a preset, one of :data:`PRESETS`."""
        film = self.film
        picture = picture_of(film) if film is not None else None
        if film is None or picture is None:
            return
        film.contrast_limits = PRESETS[preset](picture)

    def reset(self) -> None:
        """Set the file's own window, else the full range."""
        self.apply("As stored")

    def film_changed(self) -> None:
        """Follow the film there is now; to be called when another one is chosen."""
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
        if event.button != _RIGHT or event.modifiers or film is None or viewer.dims.ndisplay != 2:
            return
        span = _span(film)
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


def _sample(layer: Image) -> NDArray[np.floating] | None:
    """Return at most 256 × 256 finite pixels, as they lie in the image; None when there are none."""
    if layer.rgb:
        return None
    data = layer.data[-1] if layer.multiscale else layer.data
    while data.ndim > 2:
        data = data[data.shape[0] // 2]
    rows, columns = (max(1, -(-side // _SIDE)) for side in data.shape)
    sample = np.asarray(data[::rows, ::columns], dtype=np.float64)
    finite = np.isfinite(sample)
    if not finite.any():
        return None
    return np.where(finite, sample, sample[finite].min())


def _span(layer: Image) -> Limits | None:
    sample = _sample(layer)
    return None if sample is None else _widened(float(sample.min()), float(sample.max()))


def _air_dark(layer: Image) -> bool:
    """Tell whether lungs are darker than the body, by the same score as the chain's polarity check."""
    sample = _sample(layer)
    if sample is None or sample.min() == sample.max() or min(sample.shape) < 8:
        return True
    return polarity_score(Radiograph(sample.astype(np.float32), source=layer.name)) >= 0


def _between(picture: Picture, low: float, high: float) -> Limits:
    """Return two percentiles, counted from the bright end on a film with bright air."""
    sample = picture.sample
    # Collimated borders and burnt-out air are one value each: they say nothing of the picture.
    inner = sample[(sample > sample.min()) & (sample < sample.max())]
    if inner.size < sample.size // 10:
        inner = sample.ravel()
    ends = (low, high) if picture.air_dark else (100 - high, 100 - low)
    first, second = np.percentile(inner, ends)
    return _widened(float(first), float(second))


def _widened(low: float, high: float) -> Limits:
    """Return increasing limits, also for a film of one grey value."""
    return (low, high) if high > low else (low, low + 1.0)

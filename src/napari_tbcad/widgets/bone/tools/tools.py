"""The tool in the person's hand over a bone scan."""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QMenu

from napari_tbcad.widgets.bone.tools.canvas_keys import CanvasKeys
from napari_tbcad.widgets.bone.tools.drawing import Pen
from napari_tbcad.widgets.bone.tools.menus import menu_for
from napari_tbcad.widgets.bone.tools.mouse import CanvasMouse
from napari_tbcad.widgets.bone.tools.painting import Painting
from napari_tbcad.widgets.bone.tools.places import Place
from napari_tbcad.widgets.bone.tools.proposal import Proposing
from napari_tbcad.widgets.proxies import bare

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.bench import BoneBench

TOOLS = {
    "box": "Drag a box around a hotspot.",
    "grow": "Click on a hotspot to grow it.",
    "split": "Drag a line across a hotspot.",
    "brush": "Paint a hotspot in either view. Begin on one to correct it.",
    "erase": "Paint over what is too much, in either view.",
}
"""The tools, and what each waits for."""

_SAID_MS = 6000
"""How long the canvas says what a tool waits for: the letters of the views may lie under it."""


class Tools(QObject):
    """What a press on the canvas means, from the first bone panel of a viewer to the last.

    Box, grow and split are held here, over napari's pan and zoom mode; brush and erase are the modes of the
    hotspot layers, however they were chosen. Without a tool a click chooses a hotspot.

    Parameters
    ----------
    bench : BoneBench
        Held weakly.

    Attributes
    ----------
    changed : Signal
        Another tool, or none, is in hand, or it says something else.
    held : str or None
        Box, grow or split, when it is in hand.
    menu : QMenu or None
        The context menu opened last.
    """

    changed = Signal()

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self._bench = weakref.ref(bench)
        self._viewer = weakref.ref(bare(bench.viewer))
        self.held: str | None = None
        self._known: str | None = None
        self._said = ""
        self._watched: weakref.ref[Any] | None = None
        self._released = False
        self.menu: QMenu | None = None
        self.pen = Pen(self)
        self.painting = Painting(self)
        self.proposing = Proposing(self)
        self._keys = CanvasKeys(self)
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(_SAID_MS)
        self._silence.timeout.connect(self._fall_silent)
        self.mouse = CanvasMouse(self)
        bare(bench.viewer).layers.selection.events.active.connect(self._on_active)
        bench.film_changed.connect(self._on_film)
        bench.changed.connect(self.proposing.refresh)
        self._on_active()

    # -- what is in hand ------------------------------------------------------------------------------

    @property
    def bench(self) -> BoneBench | None:
        """The workbench while it lives."""
        return self._bench()

    @property
    def viewer(self) -> Any:
        """The viewer while it lives."""
        return self._viewer()

    @property
    def session(self) -> Any:
        """The session of the scan that is looked at; None without one."""
        bench = self._bench()
        session = None if bench is None else bench.session
        return None if session is None or session.closed else session

    @property
    def hands(self) -> Any:
        """What does what a person asks for; None without a scan."""
        session = self.session
        return None if session is None else session.hands

    @property
    def current(self) -> str | None:
        """The tool in hand, one of :data:`TOOLS`; None for napari's own."""
        return self.held or self.painting.tool

    @property
    def text(self) -> str:
        """What the tool waits for, or why it could not do what was asked; empty without a tool."""
        return self._said or TOOLS.get(self.current or "", "")

    @property
    def listens(self) -> bool:
        """Whether presses on the canvas are ours: a panel is in sight, one plane is shown, Space is up."""
        bench, viewer = self._bench(), self._viewer()
        if bench is None or viewer is None or self._released:
            return False
        return bench.active and not self._keys.panning and bool(viewer.dims.ndisplay == 2)

    def take(self, name: str | None) -> None:
        """Take a tool in hand; None puts it down.

        Parameters
        ----------
        name : str or None
            One of :data:`TOOLS`. Without a scan there is nothing to take it for.

        Raises
        ------
        ValueError
            If there is no such tool.
        """
        if name is not None and name not in TOOLS:
            raise ValueError(f"the tool is one of {', '.join(TOOLS)}")
        if self.session is None:
            name = None
        self.mouse.drop()
        self._said = ""
        if name != self.current:
            self._put_down_others(name)
            self.held = name if name not in self.painting.modes else None
            if name in self.painting.modes:
                self.painting.take(name)
        self._tell()

    def drop(self) -> None:
        """Put down what is in hand, or give up the drag that is under way."""
        if not self.mouse.drop():
            self.take(None)

    def release(self) -> None:
        """Put the tool down and give the mouse back; may be called more than once."""
        if self._released:
            return
        # At the end of the program Qt deletes in an order of its own.
        if isalive(self):
            self.take(None)
            self._silence.stop()
        self._released = True
        self.proposing.release()
        self.mouse.release()
        self._keys.release()
        self._watch(None)
        viewer, bench = self._viewer(), self._bench()
        if bench is not None and isalive(bench):
            for signal, slot in (
                (bench.film_changed, self._on_film),
                (bench.changed, self.proposing.refresh),
            ):
                # Qt may have let go of them already.
                with suppress(TypeError, RuntimeError):
                    signal.disconnect(slot)
        if viewer is not None:
            viewer.layers.selection.events.active.disconnect(self._on_active)

    # -- what gestures ask ----------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Tell the person something over the canvas; it goes after some seconds."""
        self._said = text
        self._show_text()
        self.changed.emit()

    def done(self, result: Any) -> None:
        """A gesture was answered: say why where it could not be done."""
        hands = self.hands
        if not result and hands is not None and hands.message:
            self.say(hands.message)
        elif self._said:
            self._fall_silent()

    def open_menu(self, place: Place, number: int | None) -> None:
        """Open the menu of a hotspot, or of a place without one, under the pointer."""
        bench, viewer = self._bench(), self._viewer()
        if bench is None or viewer is None:
            return
        look = self.session.look
        if number is not None and number not in look.selected:
            look.choose(number)
        self.menu = menu_for(self, place, number)
        # A moment later: the release that opens it is still under way.
        QTimer.singleShot(0, self._pop_up)

    def _pop_up(self) -> None:
        if self.menu is not None and isalive(self.menu) and not self._released:
            self.menu.popup(QCursor.pos())

    # -- inside ---------------------------------------------------------------------------------------

    def _put_down_others(self, name: str | None) -> None:
        """Leave the ruler, the brush and whatever mode would take the press before us."""
        bench, viewer = self._bench(), self._viewer()
        if bench is None or viewer is None:
            return
        if name is not None and bench.viewing is not None and bench.viewing.ruler.is_on:
            bench.viewing.ruler.set_on(False)
        self.held = None
        self.painting.put_down()
        active = viewer.layers.selection.active
        if name is not None and str(getattr(active, "mode", "pan_zoom")) != "pan_zoom":
            active.mode = "pan_zoom"

    def _on_active(self, event: Any = None) -> None:
        """Another layer is worked on: hear of its modes."""
        viewer = self._viewer()
        self._watch(None if viewer is None else viewer.layers.selection.active)
        self._on_mode()

    def _watch(self, layer: Any) -> None:
        old = self._watched() if self._watched is not None else None
        if old is not None and hasattr(old.events, "mode"):
            old.events.mode.disconnect(self._on_mode)
        self._watched = None
        if layer is not None and hasattr(layer.events, "mode"):
            layer.events.mode.connect(self._on_mode)
            self._watched = weakref.ref(layer)

    def _on_mode(self, event: Any = None) -> None:
        """A mode of napari's was chosen: ours would be in its way."""
        viewer = self._viewer()
        active = None if viewer is None else viewer.layers.selection.active
        if self.held is not None and str(getattr(active, "mode", "pan_zoom")) != "pan_zoom":
            self.mouse.drop()
            self.held = None
        self._tell()

    def _on_film(self) -> None:
        """Another scan is looked at, or none."""
        self.mouse.drop()
        if self.session is None:
            self.held = None
        self.proposing.refresh()
        self._tell()

    def _fall_silent(self) -> None:
        self._silence.stop()
        self.pen.hint("")
        if self._said:
            self._said = ""
            self.changed.emit()

    def _tell(self) -> None:
        """Say so when another tool is in hand."""
        now = self.current
        if now != self._known and not self._released:
            self._known = now
            self._keys.listen(now is not None)
            self._show_cursor()
            self._show_text()
            self.changed.emit()

    def _show_text(self) -> None:
        self._silence.start()
        self.pen.hint(self.text if self.current is None else f"{self.text}   Esc: put it down")

    def _show_cursor(self) -> None:
        viewer = self._viewer()
        if viewer is None:
            return
        if self.held is not None:
            viewer.cursor.style = "cross"
        elif str(viewer.cursor.style) == "cross" and self.painting.tool is None:
            viewer.cursor.style = "standard"

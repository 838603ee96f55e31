"""Looking at bone scans while a panel is open: grey scale, ruler, keys, a click on a hotspot."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.counts_chip import CountsChip
from napari_tbcad.widgets.bone.crosshair import CrossHair
from napari_tbcad.widgets.bone.greys import PRESETS, Greys
from napari_tbcad.widgets.bone.layers import KINDS
from napari_tbcad.widgets.bone.overlay import Overlay
from napari_tbcad.widgets.bone.session import BoneSession
from napari_tbcad.widgets.bone.side_marks import SideMarks
from napari_tbcad.widgets.bone.spot_marks import SpotMarks
from napari_tbcad.widgets.bone.tools import Tools
from napari_tbcad.widgets.parts.view_bar import ViewBar
from napari_tbcad.widgets.workflow.viewing import BenchViewing

_MOUSE = (
    ("Click", "On a hotspot: choose it."),
    ("Ctrl+Click", "Add a hotspot to those chosen, or take it out."),
    ("Shift+Click", "Grow a hotspot; on one: add it to those chosen."),
    ("Right click", "Menu of a hotspot, or of the place."),
    ("Drag with Box, Split", "Box around a hotspot; line across one."),
    ("Esc", "Put the tool down, or give up the drag."),
    ("Wheel", "Zoom."),
    ("Drag, or Space held", "Pan; with Space held also while painting."),
)


class BoneViewing(BenchViewing):
    """Grey scale, ruler and keys of one viewer, from its first bone panel to its last.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share; it keeps this object.
    """

    _bench: BoneBench
    mouse = _MOUSE

    def __init__(self, bench: BoneBench) -> None:
        super().__init__(bench, scopes=("bone", "panel", "view"))

    def prepare(self) -> None:
        """Make what is drawn over the canvas, and the tools."""
        self._greys: Greys | None = None
        self._looked_at: weakref.ref[BoneSession] | None = None
        self._known: weakref.WeakSet[BoneSession] = weakref.WeakSet()
        self.overlay = Overlay(self._bench)
        self.sides = SideMarks(self._bench, self.overlay)
        self.marks = SpotMarks(self._bench, self.overlay)
        self.crosshair = CrossHair(self._bench, self.overlay)
        self.tools = Tools(self._bench)

    def looks(self) -> dict[str, Callable[[], None]]:
        """Return what the keys for the grey scale do."""
        return {
            "window": lambda: self._grey(lambda greys: greys.set(next(iter(PRESETS.values())))),
            "next_window": lambda: self._grey(lambda greys: greys.next()),
            "invert": lambda: self._look("set_inverted", not self._inverted()),
        }

    def bind_keys(self) -> None:
        """Bind the keys while a panel is in sight; else those of another workflow hold."""
        if self._bench.active:
            super().bind_keys()
            return
        # A tool, and its hint, would stay over another workflow's image.
        self.tools.take(None)
        if self._bindings is not None:
            self._bindings.release()
            self._bindings = None

    def labels(self) -> Iterable[Any]:
        """Return every layer of the scan on which napari has keys of its own that ours come before."""
        session = self._bench.session
        if session is None:
            return ()
        return (*session.layers.pictures().values(), *map(session.layers.layer, KINDS))

    def bar(self) -> ViewBar:
        """Return a row of buttons for the head of a panel."""
        bar = self.make_bar(
            tuple(PRESETS),
            window_name="Grey scale",
            window_tip="What the darkest grey stands for; counts above are as dark. Display only.",
            invert_tip="Show counts light on dark. Display only: pixels and index stay as they are.",
            crosshair_tip="Lines through the place under the pointer and through the same place in the other "
            "view: same row, mirrored column.",
            slider_tip="The darkest grey: to the left faint uptake is seen, to the right hot uptake is told "
            "apart. Display only.",
            letters_tip="Class letter and number beside each hotspot; filled where a person judged.",
            normalise_tip="Grey by multiples of the patient's normal bone, which has the same grey in both "
            "views and in an earlier scan. Off: by the maximum of each view. Display only: numbers stay raw "
            "counts.",
        )
        bar.put_before_slider(CountsChip(self._bench))
        bar.preset.connect(lambda name: self._grey(lambda greys: greys.set(PRESETS[name])))
        bar.slid.connect(lambda share: self._grey(lambda greys: greys.set_share(share)))
        bar.normalise.connect(lambda on: self._grey(lambda greys: greys.set_normalised(on)))
        bar.invert.connect(lambda on: self._look("set_inverted", not on))
        bar.letters.connect(lambda on: self._look("set_names", on))
        bar.crosshair.connect(lambda on: self._look("set_crosshair", on))
        return bar

    def show_on(self, bar: ViewBar) -> None:
        """Bring a row of buttons up to date."""
        session = self._bench.session
        there = session is not None and bool(session.layers.pictures())
        bar.show_window(session.look.greys.text if session is not None and there else "")
        if session is not None:
            greys = session.look.greys
            bar.show_slider(greys.share, normalised=greys.scale.by == "bone")
            bar.show_crosshair(session.look.crosshair)
            bar.show_letters(session.look.names)
        bar.show_inverted(not self._inverted())
        bar.show_ruler(self.ruler.is_on)
        bar.set_available(window=there, ruler=there)

    def release(self) -> None:
        """Unbind everything; the ruler's lines stay."""
        self._follow(None)
        self.tools.release()
        self.crosshair.release()
        self.overlay.release()
        super().release()

    def _on_film(self) -> None:
        super()._on_film()
        session = self._bench.session
        self._follow(None if session is None else session.look.greys)
        if session is None:
            return
        before = self._looked_at() if self._looked_at is not None else None
        if before is not None and before is not session and session not in self._known:
            # A scan just opened is looked at as the one before; one seen before as it was.
            session.look.take(before.look.habit)
        self._known.add(session)
        self._looked_at = weakref.ref(session)

    def _follow(self, greys: Greys | None) -> None:
        """Show the grey scale of the chosen scan on the row of buttons: no other part of a panel has it."""
        if greys is not self._greys:
            if self._greys is not None:
                self._greys.changed.disconnect(self.changed)
            if greys is not None:
                greys.changed.connect(self.changed)
            self._greys = greys

    def _inverted(self) -> bool:
        session = self._bench.session
        return session is None or session.look.inverted

    def _grey(self, change: Callable[[Greys], None]) -> None:
        if (session := self._bench.session) is not None:
            change(session.look.greys)

    def _look(self, name: str, *values: Any) -> None:
        if (session := self._bench.session) is not None:
            getattr(session.look, name)(*values)

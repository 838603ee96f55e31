"""Bone scans of a batch in the viewer: one that nobody worked on makes room for the next."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.chest.opening import worked_on
from napari_tbcad.widgets.panels import BONE, show_panel

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.bench import BoneBench


class ScanOpener(QObject):
    """Opens bone scans in one viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    parent : QObject
        Qt parent.

    Attributes
    ----------
    docked : Signal
        A bone panel was docked for one, in front of what was there.
    failed : Signal(str)
        One cannot be opened, and why.
    """

    docked = Signal()
    failed = Signal(str)

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(viewer)
        self._last: weakref.ref[Any] | None = None
        self._opening: Any = None
        self._begin: Callable[[Any], None] | None = None
        self._next: tuple[tuple[Path, ...], Callable[[Any], None]] | None = None

    @property
    def busy(self) -> bool:
        """Whether a scan is being read."""
        return self._opening is not None

    def open(self, paths: tuple[Path, ...], begin: Callable[[Any], None]) -> None:
        """Open the files of a scan; while one is read, the last asked for comes after it."""
        if self.busy:
            self._next = (paths, begin)
            return
        bench = self._ready()
        if bench is None:
            return
        self._close_last(bench)
        self._begin = begin
        self._opening = bench.open_all(paths)
        self._opening.ended.connect(self._on_open)

    def _ready(self) -> BoneBench | None:
        from napari_tbcad.widgets.bone.bench import bone_bench_of

        if (viewer := self._viewer()) is None:
            return None
        bench = bone_bench_of(viewer)
        if bench.viewing is None:  # no bone panel is open
            show_panel(viewer, BONE)
            self.docked.emit()
        return bench

    def _on_open(self, opening: Any) -> None:
        begin, self._begin, self._opening = self._begin, None, None
        after, self._next = self._next, None
        if opening.problem:
            self.failed.emit(opening.problem)
        elif opening.film is not None and after is None and (viewer := self._viewer()) is not None:
            from napari_tbcad.widgets.bone.bench import bone_bench_of

            session = bone_bench_of(viewer).session
            self._last = weakref.ref(opening.film)
            if session is not None and begin is not None:
                begin(session)
        if after is not None:
            self.open(*after)

    def _close_last(self, bench: BoneBench) -> None:
        last = self._last() if self._last is not None else None
        if last is None or bench.film is not last or bench.session is None:
            return
        if not worked_on(bench.session.run):
            bench.close_film()

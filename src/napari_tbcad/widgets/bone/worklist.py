"""The worklist of bone scans: open one, judge its hotspots, done, next."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari_tbcad.bone.annotation_list import SCANS
from napari_tbcad.widgets.bone.bench import BoneBench, bone_bench_of
from napari_tbcad.widgets.workflow import worklist
from napari_tbcad.widgets.workflow.bench import Opening
from napari_tbcad.worklist_item import Item

if TYPE_CHECKING:
    import napari


class BoneWorklistPanel(worklist.WorklistPanel):
    """A folder or table of scans, annotated one after the other; a row tells how far each one is.

    A scan may be one file or two. Hotspots that nobody judged hold "Done" up once.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer in which scans are opened; held weakly.
    """

    bench: BoneBench
    kind = SCANS

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        self._told: tuple[weakref.ref[Any], int] | None = None
        super().__init__(bone_bench_of(napari_viewer))

    def open_files(self, item: Item) -> Opening:
        """Open the very files of a scan, and none that lies near by."""
        return self.bench.open_all(item.paths)

    def objection(self, session: Any) -> str:
        """Return how many hotspots nobody judged; told once, the person may leave them so."""
        hotspots = session.value("hotspots")
        if hotspots is None:
            return "There are no hotspots yet: press Run all, or draw them."
        left, number = sum(not mark.judged for mark in hotspots.marks), len(hotspots.marks)
        told = self._told is not None and self._told[0]() is session and self._told[1] == left
        self._told = (weakref.ref(session), left)
        if not left or told:
            return ""
        are = "is" if left == 1 else "are"
        return f"{left} of {number} hotspots {are} not judged yet. “Done” once more leaves them so."

"""The worklist of chest films: open one, correct it, done, next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tbcad.widgets.chest.bench import ChestBench, bench_of
from napari_tbcad.widgets.workflow import worklist

if TYPE_CHECKING:
    import napari


class WorklistPanel(worklist.WorklistPanel):
    """A folder or table of films, read one after the other; the case of each is kept beside the list.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer in which films are opened; held weakly.
    """

    bench: ChestBench
    blind = True

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(bench_of(napari_viewer))

"""A study of a batch in the viewer: measured as in the batch, with a person's masks where it had some."""

from __future__ import annotations

import weakref
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets import contributed
from napari_tbcad.widgets.batch.as_before import Build, film_as_before, scan_as_before
from napari_tbcad.widgets.batch.scans import ScanOpener
from napari_tbcad.widgets.batch.taking import AS_LEFT, Taking
from napari_tbcad.widgets.batch.words import describe
from napari_tbcad.widgets.chest.opening import FilmOpener, Wanted, worked_on
from napari_tbcad.widgets.proxies import bare

if TYPE_CHECKING:
    from napari_tbcad.batch.runs.window_jobs import BatchPlan
    from napari_tbcad.widgets.batch.rows import StudyRow


class StudyOpener(QObject):
    """Opens studies of batches in one viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    opened : Signal(str)
        A study is there, computed as in the batch; what is to be said of it.
    docked : Signal
        A panel was docked for it, in front of what was there.
    failed : Signal(str)
        It cannot be opened, and why.
    """

    opened = Signal(str)
    docked = Signal()
    failed = Signal(str)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(bare(viewer))
        self._films = FilmOpener(viewer, self)
        self._films.docked.connect(self.docked)
        self._films.failed.connect(self.failed)
        self._taking: Taking | None = None
        self._scans: ScanOpener | None = None

    @property
    def busy(self) -> bool:
        """Whether a study is being read or brought to where the batch had it."""
        taking = self._taking is not None and self._taking.busy
        return self._films.busy or taking or (self._scans is not None and self._scans.busy)

    @staticmethod
    def make_ready(workflow: str) -> None:
        """Import the panel that studies of a workflow (chest or bone) open in; nobody has to wait for it."""
        if workflow in ("chest", "bone"):
            contributed.make_ready("ChestPanel" if workflow == "chest" else "BonePanel")

    def open(self, row: StudyRow, workflow: str, out: Path | None, plan: BatchPlan) -> None:
        """Open a study; one that failed opens as far as it can be read."""
        if not row.paths or not row.paths[0].exists():
            where = f" ({row.paths[0].parent})" if row.paths else ""
            self.failed.emit(f"{row.file}: the file is not there any more{where}.")
            return
        build = partial(
            scan_as_before if workflow == "bone" else film_as_before, out=out, plan=plan, name=row.name
        )
        if workflow == "bone":
            if self._scans is None:
                self._scans = ScanOpener(self._viewer(), self)
                self._scans.docked.connect(self.docked)
                self._scans.failed.connect(self.failed)
            self._scans.open(row.paths, partial(self._begin, build))
            return
        self._films.open(
            Wanted(
                row.paths[0],
                self._lent(plan.classifier),
                "Judged by the model of the batch.",
                describe(row),
                partial(self._begin, build),
            )
        )

    def _lent(self, classifier: str) -> Path | None:
        """Return the model file that is to be lent; None where the person's own is the same, or none is."""
        from napari_tbcad.chest.classify.packaged import DEMONSTRATION, packaged_file
        from napari_tbcad.widgets.chest.bench import bench_of

        file = packaged_file(classifier)
        if file is None:
            path = Path(classifier)
            return path if path.is_file() else None
        own = classifier == DEMONSTRATION and bench_of(self._viewer()).shelf.own_is_packaged
        return None if own else file

    def _begin(self, build: Build, session: Any) -> None:
        if self._taking is not None:
            self._taking.drop()
            self._taking.deleteLater()
            self._taking = None
        if worked_on(session.run):
            self.opened.emit(AS_LEFT)
            return
        self._taking = Taking(session, build, self)
        self._taking.ended.connect(self.opened)
        self._taking.failed.connect(self.failed)
        self._taking.go()

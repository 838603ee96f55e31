"""The pictures of one bone scan's report, drawn once for all languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from napari_tbcad.evaluate.reports.case_scan import ScanSubject
from napari_tbcad.evaluate.reports.case_scan_pictures import ViewDrawing, shape_of


@dataclass(frozen=True, eq=False)
class ScanPictures:
    """PNG files of a scan by view; drawn when they are first asked for."""

    subject: ScanSubject

    @cached_property
    def _drawings(self) -> dict[str, ViewDrawing]:
        one = self.subject
        shape = shape_of(one.scan, one.regions, one.hotspots)
        return {} if shape is None else {view: ViewDrawing(one.scan, view, shape) for view in one.views}

    @cached_property
    def plain(self) -> dict[str, bytes]:
        """The views alone."""
        return {view: drawing.plain() for view, drawing in self._drawings.items()}

    @cached_property
    def automatic(self) -> dict[str, bytes]:
        """What the program found."""
        found = self.subject.automatic
        return {
            view: drawing.found(found.get("regions"), found.get("hotspots"))
            for view, drawing in self._drawings.items()
        }

    @cached_property
    def used(self) -> dict[str, bytes]:
        """What stands."""
        one = self.subject
        return {view: drawing.found(one.regions, one.hotspots) for view, drawing in self._drawings.items()}

    @cached_property
    def weighed(self) -> dict[str, bytes]:
        """What each region adds to the index; only where there is one."""
        one = self.subject
        parts = {} if one.value is None else {row.region: row.contribution for row in one.value.regions}
        return {view: drawing.weighed(one.regions, parts) for view, drawing in self._drawings.items()}

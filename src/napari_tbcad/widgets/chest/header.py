"""The head of a chest panel."""

from __future__ import annotations

from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.films import facts_of
from napari_tbcad.widgets.workflow.header import PanelHeader


class Header(PanelHeader):
    """Film, facts and chip."""

    open_title = "Open a chest film or a case"
    open_tip = "Open a film (DICOM, PNG, JPEG, TIFF) or a saved case. Both can be dropped here, too."
    files = (
        "Films and cases (*.dcm *.dicom *.ima *.png *.jpg *.jpeg *.tif *.tiff *.bmp *.img *.tbcad);;"
        "All files (*)"
    )
    what = "a film"

    def facts_text(self, session: ChestSession) -> str:
        """Return size, spacing and view."""
        return facts_of(session.value("upright") or session.value("film"))

    def looked_at(self, session: ChestSession) -> bool:
        """Tell whether the film was brought upright."""
        return session.value("upright") is not None

    def looking(self, session: ChestSession) -> bool:
        """Tell whether work or checks are under way."""
        return session.job is not None or session.checks.busy

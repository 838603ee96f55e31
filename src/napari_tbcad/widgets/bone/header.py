"""The head of a bone scan panel."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QPushButton

from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.session import BoneSession
from napari_tbcad.widgets.workflow.header import PanelHeader


class BoneHeader(PanelHeader):
    """Scan, facts and chip.

    Attributes
    ----------
    layers_button : QPushButton
        Shows the choice of open layers.
    """

    bench: BoneBench
    open_title = "Open a bone scan or a case"
    open_tip = (
        "Open a whole-body bone scan: DICOM, or one of two pictures whose names tell the view "
        "(…_ant, …_post); or a case saved by this panel. "
        "Files and folders can be dropped here, too."
    )
    files = (
        "Bone scans and cases (*.dcm *.dicom *.ima *.png *.jpg *.jpeg *.tif *.tiff *.bmp *.tbcad);;"
        "All files (*)"
    )
    what = "a scan"

    def __init__(self, bench: BoneBench, *, brief: bool = False) -> None:
        super().__init__(bench, brief=brief)
        self.picker.setAccessibleName("Scan")
        self.layers_button = QPushButton("Layers…")
        self.layers_button.setCheckable(True)
        self.layers_button.setToolTip("Say which open layers are the anterior and the posterior view.")
        self.layers_button.setVisible(not brief)
        self.top_row.addWidget(self.layers_button)

    def facts_text(self, session: BoneSession) -> str:
        """Return size, spacing and unit."""
        return facts_of(session.value("study"))

    def looked_at(self, session: BoneSession) -> bool:
        """Tell whether the views are named."""
        return session.value("scan") is not None


def facts_of(study: Any) -> str:
    """Return one line of facts: size, spacing, number of views, unit."""
    rows, columns = study.frames[0].pixels.shape
    said = [f"{columns} × {rows} px"]
    if study.spacing_mm is None:
        said[0] += ", no mm"
    else:
        row, column = study.spacing_mm
        said.append(f"{row:.3g} mm" if abs(row - column) < 0.005 * row else f"{row:.3g} × {column:.3g} mm")
    if len(study.frames) == 1:
        said.append("one view only")
    if study.unit != "counts":
        said.append("grey values")
    return " · ".join(said)

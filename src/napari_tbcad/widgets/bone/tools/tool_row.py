"""The row of tools in the panel, with the slider of the hotspot grown last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout, QWidget

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.bench import BoneBench


class ToolRow(QWidget):
    """Buttons for the tools on the canvas.

    Parameters
    ----------
    bench : BoneBench
        Workbench of the viewer.
    """

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self.bench = bench
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)

    def refresh(self) -> None:
        """Show what is in hand, and what can be done."""

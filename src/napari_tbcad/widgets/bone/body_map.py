"""The regions of an index as a picture of the body and as bars, which point at each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.widgets.parts.body_map import BodyMap, BodyPart
from napari_tbcad.widgets.parts.region_bars import RegionBar, RegionBars
from napari_tbcad.widgets.parts.skeleton_figure import Side

SIDES: dict[str, Side] = {"anterior": "front", "posterior": "back"}


class RegionPicture(QWidget):
    """Body map and bars side by side: what each region adds to an index.

    Attributes
    ----------
    pressed : Signal(str, str)
        A region that was clicked, and in which view; the view is empty for a bar.
    """

    pressed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.map, self.bars = BodyMap(), RegionBars()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.map, 5)
        row.addWidget(self.bars, 4, Qt.AlignmentFlag.AlignTop)
        self.map.pointed.connect(self.bars.point_at)
        self.bars.pointed.connect(self.map.point_at)
        self.bars.pressed.connect(lambda region: self.pressed.emit(region, ""))
        views = {side: view for view, side in SIDES.items()}
        self.map.pressed.connect(lambda region, side: self.pressed.emit(region, views[side]))

    def show_index(self, index: Any) -> None:
        """Show the regions of an index, those that add most first."""
        rows = ordered(index.regions)
        partly = index.judged_value is not None and abs(index.judged_value - index.value) > 1e-9
        self.bars.show_rows([bar_of(row, partly=partly) for row in rows])
        largest = max((row.contribution or 0.0 for row in rows), default=0.0)
        unused = next((SIDES[v] for v in VIEWS if index.combine in VIEWS and index.combine != v), None)
        self.map.show_parts(
            {row.region: part_of_body(row, largest) for row in rows},
            f"{largest:.2f} %" if largest else "",
            unused=unused,
        )


def bar_of(row: Any, *, partly: bool = False) -> RegionBar:
    """Return a region's row of the picture.

    Parameters
    ----------
    row : RegionShare
    partly : bool, optional
        Mark how much of it is of hotspots that a person judged.
    """
    note = "–" if row.contribution is None else f"{row.contribution:.2f}"
    part = row.judged_contribution if partly else None
    return RegionBar(row.region, row.contribution, note, tip_of(row), part)


def part_of_body(row: Any, largest: float) -> BodyPart:
    """Return how a region is shaded: by what it adds, on the sides that show an abnormal pixel of it."""

    def shade(fraction: float | None) -> float | None:
        if row.contribution is None:
            return None
        return row.contribution / largest if largest and fraction else 0.0

    return BodyPart(shade(row.fraction_anterior), shade(row.fraction_posterior), tip_of(row))


def tip_of(row: Any) -> str:
    """Return a region's part in an index in words."""
    fractions = ", ".join(
        f"{100 * value:.1f} % {view}"
        for view, value in (("anterior", row.fraction_anterior), ("posterior", row.fraction_posterior))
        if value is not None
    )
    pooled = f" together with {', '.join(row.pooled_with)}" if row.pooled_with else ""
    adds = "cannot be computed" if row.contribution is None else f"adds {row.contribution:.3f} %"
    if row.contribution and row.judged_contribution is not None:
        adds += f", {row.judged_contribution:.3f} % of it judged"
    return (
        f"{row.region} {adds}\nabnormal: {fractions or 'unknown'}; weight {row.weight:g} %{pooled}"
        "\nClick to choose its abnormal hotspots."
    )


def ordered(regions: Sequence[Any]) -> list[Any]:
    """Return the regions that add most first; of the others those that could be computed."""
    return sorted(
        regions, key=lambda row: -1.0 if row.contribution is None else row.contribution, reverse=True
    )

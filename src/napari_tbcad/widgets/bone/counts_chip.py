"""What the counts of a scan are good for, as a chip: green, amber or red, with a sign for each."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_tbcad.bone.quality import AMBER_COUNTS, RED_COUNTS, ScanQuality
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.parts.step import AMBER, GREEN, RED

CHIPS = {"good": ("●", GREEN), "amber": ("▲", AMBER), "red": ("✕", RED), "unknown": ("○", "#999999")}
"""Sign and colour of each level."""

WORDS = {"good": "enough", "amber": "few", "red": "very few"}

COUNTS_TIP = (
    "Counts of each view. The fewer, the more noise alone moves the index: below "
    f"{AMBER_COUNTS / 1e6:g} million a view amber ▲, below {RED_COUNTS / 1e6:g} million red ✕. "
    "Pictures of 8 bits have grey values, not counts ○."
)


class CountsChip(QLabel):
    """Counts of both views in a few letters, coloured by the worse; hidden while nothing is known.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share.
    """

    def __init__(self, bench: BoneBench) -> None:
        super().__init__("")
        self._bench = bench
        self.setTextFormat(Qt.TextFormat.RichText)
        self.hide()
        bench.changed.connect(self.refresh)
        bench.film_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the counts of the chosen scan."""
        session = self._bench.session
        quality = session.quality if session is not None else None
        scan = session.value("scan") if session is not None else None
        self.setVisible(quality is not None and scan is not None)
        if quality is None or scan is None:
            return
        text = chip_html(quality, [name for name, _ in scan])
        if text != self.text():
            self.setText(text)
            self.setToolTip(f"{counts_html(quality, scan)}<br><br>{COUNTS_TIP}")
            self.setAccessibleName(f"Counts: {WORDS.get(quality.level, 'unknown')}")


def chip_html(quality: ScanQuality, views: list[Any]) -> str:
    """Return the counts of the views in millions, with the sign of the worse level."""
    sign, colour = CHIPS[quality.level]
    if quality.level == "unknown":
        text = "no counts"
    else:
        text = "/".join(f"{quality.counts[view] / 1e6:.2f}" for view in views) + " M"
    return f"<span style='color:{colour}'>{sign}</span>&nbsp;{text.replace(' ', '&nbsp;')}"


def counts_html(quality: ScanQuality, scan: Any) -> str:
    """Return the counts of each view with a sign for what they are good for."""
    said = []
    for name, _ in scan:
        sign, colour = CHIPS[quality.levels[name]]
        number = (
            f"{quality.counts[name] / 1e6:.2f} million counts, {WORDS[quality.levels[name]]}"
            if quality.levels[name] != "unknown"
            else "grey values, counts unknown"
        )
        said.append(f"<span style='color:{colour}'>{sign}</span> {name}: {number}")
    return "<br>".join(said)

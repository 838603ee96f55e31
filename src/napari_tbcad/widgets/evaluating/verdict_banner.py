"""What the controls say of the score: a band with a sign, a word and one sentence."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_tbcad.widgets.parts.quiet import breakable
from napari_tbcad.widgets.parts.step import AMBER, GREEN, RED

_LOOKS = {
    "red": ("✕", "Do not rely on this score", RED),
    "amber": ("▲", "Careful with this score", AMBER),
    "": ("○", "No control comes near this score", GREEN),
}
_REST = "That rules out the coarse kinds of confounding, not every kind."


class VerdictBanner(QWidget):
    """Red, amber or neither; the sign and the words say the same as the colour."""

    def __init__(self) -> None:
        super().__init__()
        self.level = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.head, self.text = QLabel(), QLabel()
        for label in (self.head, self.text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)

    def show_verdict(self, level: str, text: str) -> None:
        """Show a level (``"red"``, ``"amber"`` or nothing) and its sentence."""
        self.level = level
        sign, said, colour = _LOOKS.get(level, _LOOKS[""])
        if not level and text:
            sign, said = "–", "Nothing is shown yet"  # no control, or a score like chance
        filled = level in ("red", "amber")
        ink = "white" if level == "red" else "black"
        back = f"background: {colour}; color: {ink};" if filled else f"border-left: 4px solid {colour};"
        self.head.setStyleSheet(f"{back} padding: 4px 8px; font-weight: bold;")
        self.head.setText(f"{sign}  {said}")
        self.text.setStyleSheet(f"border-left: 4px solid {colour}; padding: 4px 8px;")
        text = text or _REST
        self.text.setText(breakable(text))
        self.setAccessibleName(f"{said}. {text}")
        self.setToolTip("Controls that cannot know about the lungs are held against the score.")

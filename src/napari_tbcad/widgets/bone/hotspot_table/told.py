"""The line below the classes: what was refused, else what can be taken back, else what the keys are."""

from __future__ import annotations

import weakref
from typing import Any

from qtpy.compat import isalive
from qtpy.QtWidgets import QWidget

from napari_tbcad.widgets.keys import key_of
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.step import AMBER

_REFUSED = f"border-left: 3px solid {AMBER}; padding-left: 6px;"
_KEYS = f"{key_of('next_hotspot').keys}: next · A N U I: class · {key_of('confirm').keys}: as proposed"


class ToldLine(QuietLabel):
    """Follows the hands of a session; held weakly."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._hands: weakref.ref[Any] | None = None
        self._refused = False

    def listen(self, hands: Any) -> None:
        """Say what these hands have to say; None for those of no session."""
        before = self._heard()
        if hands is not before:
            if before is not None:
                before.told.disconnect(self.tell)
            self._hands = None if hands is None else weakref.ref(hands)
            if hands is not None:
                hands.told.connect(self.tell)
        self.tell()

    def tell(self) -> None:
        """Bring the line up to date."""
        hands = self._heard()
        refused = hands.message if hands is not None else ""
        undo = hands.undo_text if hands is not None else ""
        self.set_text(refused or (f"{key_of('undo').keys} takes back: {undo}" if undo else _KEYS))
        if bool(refused) is not self._refused:
            self._refused = bool(refused)
            self.setStyleSheet(_REFUSED if refused else "")

    def _heard(self) -> Any:
        hands = self._hands() if self._hands is not None else None
        return hands if hands is not None and isalive(hands) else None

"""The case of a film: how it is gathered, and brought back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.case import Case
from napari_tbcad.widgets.chest.intake import Intake, mark, take_up
from napari_tbcad.widgets.workflow.desk import CaseDesk

if TYPE_CHECKING:
    from napari_tbcad.chain import Run


class ChestDesk(CaseDesk):
    """Saves and restores the case of one film."""

    thing = "film"

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self._wanted: Path | None = None

    def restore(self) -> None:
        """As for any case; where the model is still being loaded, once it is there: the case needs it."""
        session = self._session()
        if session is None or not session.shelf.loading:
            super().restore()
        elif self._wanted is None and self.left is not None:
            self._wanted = self.left
            session.shelf.ready.connect(self._on_model)

    def _on_model(self) -> None:
        if (session := self._session()) is None or session.shelf.loading:
            return
        session.shelf.ready.disconnect(self._on_model)
        wanted, self._wanted = self._wanted, None
        if wanted == self.left:  # neither declined nor of a film before
            super().restore()

    def case_of(self, run: Run, **facts: Any) -> Case:
        """Gather a run as a case."""
        from napari_tbcad.chest.cases import case_of

        return case_of(run, **facts)

    def take_up(self, session: Any) -> Callable[[Case, Path], Intake]:
        """Return what brings a case of this film back."""
        film, key, model = session.run.get("film"), session.run.key("film") or "", session.shelf.model
        return lambda case, path: take_up(case, path, film, key, model)

    def mark(self, session: Any, path: Path, key: str) -> None:
        """Say that the film in the layer goes with a case."""
        if session.layer is not None:
            mark(session.layer, path, key)

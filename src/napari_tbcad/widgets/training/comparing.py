"""Step 4: the new network beside the packaged one on held-out patients, and its use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_tbcad.chain import State
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.training.result import ResultView
from napari_tbcad.widgets.training.session import Phase, TrainingSession
from napari_tbcad.widgets.training.step import TrainingStep
from napari_tbcad.widgets.training.use import UseBox
from napari_tbcad.widgets.training.words import judged_words


class CompareStep(TrainingStep):
    """Scores on patients that the training never saw, and the button that puts the network to use."""

    number, heading = 4, "Compare and use"
    purpose = "Asks the new network and the packaged one about held-out images, and puts the new one to use."

    def __init__(self, session: TrainingSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        self.empty = QuietLabel("A network is compared, and can be used, once it is trained.", wrap=True)
        self.result = ResultView(session.viewer)
        self.use = UseBox(session.viewer)
        # The pictures are long: what is to be decided stands above them.
        for widget in (self.empty, self.result, self.use, self.result.pictures):
            self.body.addWidget(widget)
        self._offered: Path | None = None
        self._judged: Mapping[str, Any] | None = None
        self.run_wanted.connect(session.compare)
        session.begun.connect(self._begin)
        session.judged.connect(self._show_judged)
        self._begin(session.folder)

    def refresh(self) -> None:
        """Show how the new network does, and offer it."""
        session = self.session
        model = session.state.model if session.state is not None and not session.busy else None
        if model != self._offered:
            self._offered = model
            if model is None:
                self.use.clear()
            elif session.config is not None:
                self.use.offer(model, name=session.config.name, task=session.config.task)
        self.empty.setVisible(model is None and self._judged is None)
        self.result.setVisible(self._judged is not None)
        self.use.setVisible(model is not None)
        self.allow_run(model is not None)
        judging = session.phase is Phase.JUDGING
        self.set_state(
            State.RUNNING if judging else State.NOT_RUN if self._judged is None else State.DONE,
        )
        self.summarise("comparing…" if judging else judged_words(self._judged))

    def _begin(self, folder: Path | None) -> None:
        self.result.clear()
        self._judged = None
        if (judged := self.session.history.judged or _read(folder)) is not None:
            self._show_judged(judged)

    def _show_judged(self, judged: Mapping[str, Any]) -> None:
        self._judged = judged
        self.result.show_result(judged)


def _read(folder: Path | None) -> dict[str, Any] | None:
    """Return what was judged in an earlier session."""
    from napari_tbcad.batch.trainings.state import JUDGED, read_json

    return None if folder is None else read_json(folder / JUDGED)

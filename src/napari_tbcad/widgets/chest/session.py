"""One film on its way through the chest chain, between a viewer's layers and the run that computes."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

from napari.layers import Image
from napari.utils.notifications import show_error, show_info

from napari_tbcad.chain import Run
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.widgets.chest.checks import Checks
from napari_tbcad.widgets.chest.desk import ChestDesk
from napari_tbcad.widgets.chest.edits import MaskEdits
from napari_tbcad.widgets.chest.explaining import Explaining
from napari_tbcad.widgets.chest.intake import Intake, case_in, intake
from napari_tbcad.widgets.chest.layers import KINDS, LungLayers
from napari_tbcad.widgets.chest.look import Look
from napari_tbcad.widgets.chest.shelf import ModelShelf
from napari_tbcad.widgets.chest.showing import MaskShow
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.work import start_call
from napari_tbcad.widgets.workflow.session import Session, outcome, said

STAGES = {
    "enhance": ("polarity", "grid", "enhance"),
    "lungs": ("lungs", "sensitive", "insensitive"),
    "features": ("features",),
    "result": ("classify",),
}
"""Stages of the chain behind each step of the panel."""

OUTPUTS = {
    "enhance": ("upright", "enhanced"),
    "lungs": KINDS,
    "features": ("features",),
    "result": ("result", "opacities"),
}
"""What running one step alone brings up to date."""

EVERYTHING = ("upright", "enhanced", *KINDS, "features", "result", "opacities")


class ChestSession(Session):
    """The state of one film: run, layers, work under way, problems. A panel shows it, any number may.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    layer : napari.layers.Image
        The film; held weakly.
    shelf : ModelShelf
        Where the model and its settings come from.

    Attributes
    ----------
    masks : MaskShow
        The automatic masks on their way into layers.
    checks : Checks
        Complaints, and what the automatic masks say.
    edits : MaskEdits
        What a person did to the masks.
    desk : ChestDesk
        Its case on disk.
    look : Look
        Which mask, outline and preview the layers show.
    explaining : Explaining
        Where in the lungs the evidence for the decision lies.
    """

    stages = STAGES
    outputs = OUTPUTS
    everything = EVERYTHING
    edits: MaskEdits

    def __init__(self, viewer: Any, layer: Image, shelf: ModelShelf) -> None:
        super().__init__(viewer)
        self._layer = weakref.ref(layer)
        self.shelf = shelf
        self._kept: Run | None = None
        self._waits_for_model = False
        self.layers = LungLayers(viewer, layer, self)
        self.edits = MaskEdits(self.layers, self)
        self.edits.touched.connect(self._on_touched)
        self.masks = MaskShow(self.layers, self.edits, lambda: self.run, self)
        self.masks.shown.connect(self.changed)
        self.checks = Checks(self.edits, self)
        self.checks.done.connect(self._on_checked)
        self.desk = ChestDesk(self)
        self.look = Look(self)
        self.explaining = Explaining(self)
        self.changed.connect(self.look.refresh)
        layer.events.data.connect(self._take_film)
        shelf.ready.connect(self._on_model)
        self._take_film()

    # -- what a panel shows ---------------------------------------------------------------------------

    @property
    def layer(self) -> Image | None:
        """The film's layer while it lives."""
        return self._layer()

    @property
    def ghost(self) -> float | None:
        """Probability of the automatic masks, for comparison once they are corrected."""
        return self.checks.ghost

    @property
    def waits(self) -> bool:
        """Whether the model is being read."""
        return self.shelf.loading

    @property
    def waiting_for(self) -> str:
        """What is waited for, while nothing is computed yet."""
        return "loading the model" if self.shelf.loading else "reading the film"

    @property
    def settled(self) -> bool:
        """Whether nothing is under way: no work, no edit to be taken, no check, no reading."""
        return super().settled and not (self.desk.saving or self.masks.waiting or self.checks.busy)

    def unedited_only(self, step: str) -> bool:
        """Return True for what is measured in the masks."""
        return step in ("features", "result")

    def allowed(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return all but the result where there is no model, and opacities where they are switched off."""
        if self.run is None:
            return wanted
        left_out = {"result"} if self.run.get("model") is None else set()
        if not self.run.settings.opacities.enabled and self.run.get("opacities") is None:  # type: ignore[attr-defined]
            left_out.add("opacities")
        return tuple(name for name in wanted if name not in left_out)

    def live_values(self, section: str) -> tuple[str, ...]:
        """Return both masks and what was measured in them, once there are any."""
        return () if self.value("soft") is None else (*KINDS, *self.answers())

    def warnings(self) -> tuple[str, ...]:
        """Return the complaints about film and masks; those of the model stand with the result.

        The checks look at every pixel, so a worker makes them once the work is done; `changed` follows.
        """
        problems = self.edits.problems.values()
        return (*problems, *self.desk.notes, *self.checks.complaints) if self.run is not None else ()

    # -- what a panel asks ----------------------------------------------------------------------------

    def take_last(self) -> None:
        """Take at once what was painted and not answered yet, and have it kept: the film is about to go."""
        super().take_last()
        if self.run is not None and not self._closed:
            self.desk.keep(reader=self.edits.reader)

    def close(self, *, film_gone: bool = False) -> None:
        """Stop, follow nothing and say nothing any more.

        Parameters
        ----------
        film_gone : bool, optional
            The person removed the film: the automatic masks go with it, a corrected one stays.
        """
        self.take_last()
        self.desk.finish_asked()
        self._closed = True
        self.explaining.cancel()
        self.desk.flush()
        self.blockSignals(True)
        self.cancel()
        run = self.run or self._kept
        if film_gone:
            self.masks.forget()
            corrected = [kind for kind in KINDS if run is not None and run.edited(kind)]
            self.layers.leave(keep=(*corrected, *self.edits.problems))
        else:
            self.layers.unfollow()
        if (layer := self._layer()) is not None:
            layer.events.data.disconnect(self._take_film)

    def show_masks(self) -> None:
        """Put the masks into their layers (again, when a person deleted one)."""
        self.masks.everything()

    def answers(self) -> tuple[str, ...]:
        """Return what an edit must bring up to date: only what was there before."""
        return tuple(name for name in ("features", "result") if self.value(name) is not None)

    # -- the film -------------------------------------------------------------------------------------

    def _take_film(self, event: Any = None) -> None:
        """Have a worker read the film: hashing, conversion and the file take longer than a blink."""
        layer = self._layer()
        if layer is None or self._closed:
            return
        token = self._reading = object()
        kept = self.run or self._kept
        before = kept.get("film") if kept is not None else None
        model, folder = self.shelf.model, preferences().autosave
        self._waits_for_model = kept is None and case_in(layer) is not None and self.shelf.loading
        if not self._waits_for_model:
            start_call(
                lambda: outcome(token, lambda: intake(layer, before=before, model=model, autosave=folder)),
                on_result=self._on_film,
                on_error=self._on_unread,
            )
        if event is not None:
            self.changed.emit()

    def _on_unread(self, error: Exception) -> None:
        # Every error comes as an outcome; this one is of the program's own making.
        show_error(said(error, ""))

    def _on_film(self, outcome: tuple[object, Any]) -> None:
        token, got = outcome
        if self._closed or token is not self._reading:
            return
        self._reading = None
        if isinstance(got, Exception):
            # Kept for when the layer becomes a film again: there may be corrections in it.
            self._kept, self.run = self.run or self._kept, None
            self.film_problem = said(got, "")
            self.cancel()
            return
        self.film_problem = ""
        if self.run is not None or self._kept is not None:
            self.run, self._kept = self.run or self._kept, None
            self._replace_film(got.film, got.key, same=got.same)
            self.changed.emit()
            self.go_on()
            return
        self.desk.take(got)
        self.adopt(got)

    def adopt(self, found: Intake) -> None:
        """Go on with a film as it was found: anew, or with the run of its case."""
        from napari_tbcad.chest.workflow import start, use_model

        model = self.shelf.model
        if found.run is not None and found.run.get("model") is not model:
            use_model(found.run, model)
        settings = self.shelf.settings()
        self._go_on_with(found.run or start(found.film, settings, model=model, film_key=found.key))
        self.edits.begin()
        self.checks.begin()
        self.explaining.forget()
        self.show_masks()
        self.changed.emit()
        self.go_on()

    def _replace_film(self, film: Radiograph, key: str, *, same: bool) -> None:
        assert self.run is not None
        old = self.run.get("film")
        self.take_last()
        self.desk.begin()
        self.run.put("film", film, key=key)
        self.checks.begin()
        self.explaining.forget()
        if same:
            return
        self.masks.forget()
        # Another film under the same layer: a mask that was drawn on the old one means nothing on it.
        corrected = self.edits.forget(self.run)
        if old.shape != film.shape:
            self.layers.remove()
        elif corrected:
            self.show_masks()
        if corrected:
            name = Path(film.source).name
            show_info(f"{name}: another film took its place, the corrections of the old one were taken back.")

    def _on_model(self) -> None:
        from napari_tbcad.chest.workflow import use_model

        model = self.shelf.model
        if self._waits_for_model:
            self._take_film()
        if self.run is not None and self.run.get("model") is not model:
            use_model(self.run, model)
            # What the model learned from, and the preferences; the rest stays as the person set it.
            self.run.configure(self.shelf.settings(self.run.settings))
            self.checks.begin()
        self.changed.emit()
        self.go_on()

    # -- work -----------------------------------------------------------------------------------------

    def settled_down(self) -> None:
        """Look at what was made; then a case that was asked for can be saved."""
        if self.run is not None and not self.checks.busy and not self.checks.look(self.run):
            self.desk.save_now()

    def value_made(self, name: str) -> None:
        """Show a mask."""
        if name in KINDS:
            self.masks.ready(name)

    def job_ended(self) -> None:
        """Keep what the person did."""
        self.masks.answered()
        self.desk.keep(reader=self.edits.reader)

    def _on_checked(self, differs: bool) -> None:
        if not self._closed:
            if differs or not self.busy:
                self.changed.emit()
            self.go_on()

"""One bone scan on its way through the chain, between a viewer's layers and the run that computes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from napari.layers import Image

from napari_tbcad.bone.views import UndecidedViews
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.widgets.bone.edits import BoneEdits
from napari_tbcad.widgets.bone.hands import Hands
from napari_tbcad.widgets.bone.intake import ScanPart, part_of
from napari_tbcad.widgets.bone.layers import HOTSPOTS, KINDS, REGIONS, BoneLayers
from napari_tbcad.widgets.bone.look import BoneLook
from napari_tbcad.widgets.bone.resume import BoneDesk, ScanIntake, case_in, resume
from napari_tbcad.widgets.bone.showing import LabelShow
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.work import start_call
from napari_tbcad.widgets.workflow.session import Session, outcome, said

EVERYTHING = ("scan", "regions", "hotspots", "table", "index")
_ANSWER_S = 0.015
"""How long the window waits for the answer to a change before it is drawn without it."""


class BoneSession(Session):
    """The state of one scan: run, layers, work under way, problems. A panel shows it, any number may.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    part : ScanPart
        The scan.

    Attributes
    ----------
    layers : BoneLayers
        Its layers.
    labels : LabelShow
        Brings hotspots and regions into their layers.
    edits : BoneEdits
        What a person did to hotspots and regions.
    hands : Hands
        What a person does to hotspots, regions and views, by name.
    look : BoneLook
        How the layers are shown, and which hotspots are chosen.
    desk : BoneDesk
        Its case on disk.
    """

    stages = {  # noqa: RUF012
        "views": ("views",),
        "regions": ("regions",),
        "hotspots": ("hotspots", "table"),
        "index": ("index",),
    }
    outputs = {  # noqa: RUF012
        "views": ("scan",),
        "regions": ("regions",),
        "hotspots": ("hotspots", "table"),
        "index": ("index",),
    }
    everything = EVERYTHING
    edits: BoneEdits

    def __init__(self, viewer: Any, part: ScanPart) -> None:
        super().__init__(viewer)
        self.part = part
        self._checked: Any = None
        self._said: tuple[str, ...] = ()
        self._seen: tuple[Any, ...] = ()
        self._checking = False
        self.layers = BoneLayers(viewer, self)
        self.edits = BoneEdits(self.layers, self)
        self.edits.touched.connect(self._on_touched)
        self.hands = Hands(self)
        self.edits.touched.connect(self.hands.painted)
        self.look = BoneLook(self)
        self.desk = BoneDesk(self)
        self.changed.connect(self.look.refresh)
        self.labels = LabelShow(self)
        self.labels.shown.connect(self.changed)
        self._take_scan()

    # -- what a panel shows ---------------------------------------------------------------------------

    @property
    def quality(self) -> Any:
        """What the counts are good for (ScanQuality); None while that is not known of the views shown."""
        run = self.run
        return run.get("quality") if run is not None and run.fresh("quality") else None

    @property
    def undecided(self) -> bool:
        """Whether a person must say which view is which."""
        return self.run is not None and isinstance(self.run.error("views"), UndecidedViews)

    @property
    def settled(self) -> bool:
        """Whether nothing is under way, and every label has its layer."""
        waits = self.labels.busy or self._checking or self.desk.saving
        return super().settled and not waits

    @property
    def waiting_for(self) -> str:
        """What is waited for, while nothing is computed yet."""
        return "reading the scan"

    def warnings(self) -> tuple[str, ...]:
        """Return the complaints of all stages, and of what was painted."""
        problems = self.edits.problems.values()
        return (*problems, *self.desk.notes, *self._said) if self.run is not None else ()

    def unedited_only(self, step: str) -> bool:
        """Return True for what is measured in labels."""
        return step in ("hotspots", "index")

    def answers(self) -> tuple[str, ...]:
        """Return what an edit must bring up to date: where there are hotspots, their table and the index."""
        return () if self.value("hotspots") is None else ("table", "index")

    def live_values(self, section: str) -> tuple[str, ...]:
        """Return what was there already and may differ by a section's settings."""
        if section == "views":
            return tuple(name for name in EVERYTHING if name == "scan" or self.value(name) is not None)
        first = {"regions": 1, "hotspots": 2, "index": 4}.get(section, 1)
        return tuple(name for name in EVERYTHING[first:] if self.value(name) is not None)

    def alarming(self, error: Exception) -> bool:
        """Return False for a question: the panel asks it."""
        return not isinstance(error, UndecidedViews)

    # -- what a panel asks ----------------------------------------------------------------------------

    def configure(self, section: str, parameters: Any, *, live: bool = False) -> None:
        """Replace one section of the settings; that of the views as a step that can be undone."""
        if section == "views" and self.run is not None and not self.undecided:
            self.hands.turn_views(parameters)
        else:
            super().configure(section, parameters, live=live)

    def say_first(self, view: str) -> None:
        """Say which view the first image is, and bring up to date what was asked for."""
        if self.run is not None:
            views = self.run.settings.views.model_copy(update={"first_view": view})  # type: ignore[attr-defined]
            self.configure("views", views)
            self.request("scan")

    def answer(self) -> None:
        """Bring up to date what follows from the hotspots that stand: a person changed them."""
        if any(self.layers.layer(kind) is None for kind in HOTSPOTS.values()):
            self.labels.enqueue(HOTSPOTS.values())
        if self.value("regions") is None:
            # Without them there is no table: they take their time, which is told.
            self._want("regions", *self.answers(), live=False)
        else:
            self._want(*self.answers(), live=True)
        if self.job is None:
            # Else at its end: colours would hold the window up before the number is shown.
            self.labels.recolour_soon()
        elif self.job.live:
            # Mostly two milliseconds. Left alone, the answer waits until the canvas is drawn, which is 40.
            self.job.done.wait(_ANSWER_S)
        self.changed.emit()

    def views_turned(self) -> None:
        """Bring up to date what follows from how the views are named and turned."""
        self._want(*self.live_values("views"), live=True)
        self.changed.emit()

    def take_last(self) -> None:
        """Take at once what was painted and not answered yet, and have it kept: the scan is about to go."""
        super().take_last()
        if self.run is not None and not self._closed:
            self.desk.keep(reader=self.edits.reader)

    def close(self, *, film_gone: bool = False) -> None:
        """Stop, follow nothing and say nothing any more; what a person corrected stays in its layers."""
        self.take_last()
        self.desk.finish_asked()
        self._closed = True
        self.desk.flush()
        self.blockSignals(True)
        self.cancel()
        run = self.run
        if film_gone:
            kept = [
                kind
                for kind in KINDS
                if run is not None and run.edited("hotspots" if _spots(kind) else "regions")
            ]
            self.layers.leave(keep=(*kept, *self.edits.problems))
        else:
            self.layers.unfollow()

    # -- the scan -------------------------------------------------------------------------------------

    def find_images(self) -> list[Image]:
        """Take the image layers of this scan that are in the viewer, and return them."""
        viewer, found = self.viewer, []
        for layer in viewer.layers if viewer is not None else ():
            part = part_of(layer)
            if part is not None and part.study is self.part.study:
                found.append(layer)
                if self.layers.picture(part.view) is None:
                    self.layers.adopt(part.view, layer)
        return found

    def _take_scan(self) -> None:
        """Have a worker look at every pixel, and read the case that goes with the scan."""
        token, study = object(), self.part.study
        self._reading = token
        marked = next((found for image in self.find_images() if (found := case_in(image))), None)
        folder = preferences().autosave
        start_call(
            lambda: outcome(token, lambda: resume(study, marked, folder)),
            on_result=self._on_intake,
            on_error=self._on_unread,
        )

    def _on_unread(self, error: Exception) -> None:
        raise error

    def _on_intake(self, got: tuple[object, Any]) -> None:
        token, found = got
        if self._closed or token is not self._reading:
            return
        self._reading = None
        if isinstance(found, Exception):
            self.film_problem = said(found, self.part.study.source)
            self.changed.emit()
            return
        self.desk.take(found)
        self.adopt(found)

    def adopt(self, found: ScanIntake) -> None:
        """Go on with a scan as it was found: anew, or with the run of its case."""
        from napari_tbcad.bone.workflow import settings_from, start

        preferred = settings_from(preferences().bone_assignments())
        settings = preferred.model_copy(update={"views": self.part.views})
        self._go_on_with(found.run or start(self.part.study, settings, study_key=found.key))
        self.edits.begin()
        given = self.run.edited("hotspots")
        self.edits.unseen = given and self.run.get("hotspots", automatic=True) is None
        self.hands.last_grow = None
        self.labels.begin()
        if self.value("scan") is not None:
            self.value_made("scan")
        for name in ("regions", "hotspots"):
            if self.value(name) is not None:
                self.value_made(name)
        # The views are named at once: a person sees which is which, or is asked.
        self.request("scan")
        self.changed.emit()

    # -- work -----------------------------------------------------------------------------------------

    def value_made(self, name: str) -> None:
        """Show what was computed."""
        if name == "scan":
            self.find_images()
            self.layers.show_scan(self.value("scan"))
        elif name in ("regions", "hotspots"):
            self.labels.enqueue((REGIONS if name == "regions" else HOTSPOTS).values())

    def job_ended(self) -> None:
        """Bring labels, colours and numbers up to date, but leave alone what is just being painted."""
        self.labels.update()
        self.desk.keep(reader=self.edits.reader)

    def settled_down(self) -> None:
        """Gather complaints on a worker where something was replaced; then save what was asked for."""
        run = self.run
        seen = () if run is None else tuple(run.get(name) for name in EVERYTHING)
        if run is None or self._checking:
            return
        if run.get("scan") is None or _same(seen, self._seen):
            self.desk.save_now()
            return
        self._seen, self._checking = seen, True
        start_call(lambda: (run, *_look_at(run)), on_result=self._on_checked, on_error=self._on_unread)

    def _on_checked(self, found: tuple[Any, Any, tuple[str, ...]]) -> None:
        self._checking = False
        if self._closed:
            return
        run, *seen = found
        differs = run is self.run and seen != [self._checked, self._said]
        if differs:
            self._checked, self._said = seen
        if differs:
            self.changed.emit()
        self.go_on()

    @property
    def name(self) -> str:
        """The scan's name for a person."""
        return self.part.name or Path(self.part.study.source).name


def _look_at(run: Any) -> tuple[Any, tuple[str, ...]]:
    from napari_tbcad.bone.account import gather_warnings
    from napari_tbcad.chain import Superseded

    # Where something changed meanwhile, the answer to that looks again.
    with contextlib.suppress(Superseded):
        run.compute("quality")
    return run.get("quality"), gather_warnings(run)


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _spots(kind: str) -> bool:
    return kind in HOTSPOTS.values()


__all__ = ["EVERYTHING", "VIEWS", "BoneSession"]

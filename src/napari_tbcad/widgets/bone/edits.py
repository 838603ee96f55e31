"""What a person does to hotspots, regions and views, painted or asked for by name; undone in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from qtpy.QtCore import QObject

from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.turned import turned
from napari_tbcad.bone.undo import State, Step, UndoStack
from napari_tbcad.bone.views import ViewParameters
from napari_tbcad.chain import Run
from napari_tbcad.content import content_key
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.record import Edit
from napari_tbcad.widgets.bone.layers import HOTSPOTS, KINDS, REGIONS, BoneLayers, view_of
from napari_tbcad.widgets.workflow.edits import LayerEdits, Piece, Stroke, Strokes

Change = Callable[[Hotspots], Hotspots]

_KINDS = {"hotspots": HOTSPOTS, "regions": REGIONS}


@dataclass(frozen=True, eq=False)
class _Change:
    """The last change asked for by name: its step, the hotspots it was made of, what the journal says."""

    step: Step
    base: Hotspots
    entry: Edit | None


class BoneEdits(LayerEdits):
    """Follows the label layers of one scan, changes what is asked for at once, and can undo all of it.

    What is asked for by name is done on the GUI thread, after whatever was painted before it: so there is one
    order of things, which undo and redo follow. Only strokes are taken by a worker, for they come while the
    hand still moves.

    Parameters
    ----------
    layers : BoneLayers
        The layers followed.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    steps : UndoStack
        What can be undone.
    unseen : bool
        Whether the person began before candidates were found.
    """

    _layers: BoneLayers

    def __init__(self, layers: BoneLayers, parent: QObject | None = None) -> None:
        super().__init__(layers, parent)
        self.steps = UndoStack()
        self.unseen = False
        self._strokes = Strokes()
        self._stroke_steps: dict[str, tuple[Stroke, Step]] = {}
        self._last: _Change | None = None

    def value_of(self, kind: str) -> str:
        """Return ``"hotspots"`` or ``"regions"``."""
        return kind.split(" ")[1] if kind in KINDS else kind

    def begin(self) -> None:
        """Know of nothing: another run begins."""
        super().begin()
        self.steps.clear()
        self._strokes.end()
        self._stroke_steps.clear()
        self._last = None

    # -- asked for by name ----------------------------------------------------------------------------

    def change(
        self, run: Run, change: Change, *, tool: str, text: str = "", onto: Step | None = None
    ) -> Step | None:
        """Change the hotspots, as one step.

        Parameters
        ----------
        run : Run
            Whose hotspots; where it has none yet, it starts from none.
        change : callable
            Gives the new hotspots of those that stand.
        tool, text : str
            With what, for the journal, and for a person's undo (as `tool` when not given).
        onto : Step, optional
            When this is the last step, it is done anew: `change` is given the hotspots before it.

        Returns
        -------
        Step or None
            None when nothing changed.

        Raises
        ------
        BadInput
            What `change` raises; nothing is changed then.
        """
        from napari_tbcad.bone.workflow import give_hotspots

        with self._lock:
            self._take_all(run)
            before = self._state(run)
            if before.hotspots is None:
                self.unseen = run.get("hotspots", automatic=True) is None
            last = self._last
            going_on = last if last is not None and self.steps.top is onto is last.step else None
            base = self._standing(run) if going_on is None else going_on.base
            now = change(base)
            if going_on is None and run.get("hotspots") is not None and _same(now, base):
                return None
            entry = give_hotspots(
                run,
                now,
                tool=tool,
                reader=self.reader,
                base=base,
                # What a slider does while it is dragged is one thing that a person did.
                replaces=None if going_on is None else going_on.entry,
            )
            after = self._state(run)
            if going_on is not None:
                step = self.steps.extend(going_on.step, after)
            else:
                step = self.steps.push(text or tool, before, after)
            self._last = _Change(step, base, entry)
        self._write(run, "hotspots")
        return step

    def start(self, run: Run) -> Step | None:
        """Begin with no hotspots where there are none yet, so that a brush has something to paint."""
        if run.get("hotspots") is not None:
            return None
        return self.change(run, lambda hotspots: replace(hotspots), tool="start", text="start")

    def take_back(self, run: Run, name: str, *, tool: str = "back to automatic") -> Step | None:
        """Go back to the automatic hotspots or regions, as one step; None where they stood already."""
        from napari_tbcad.bone.workflow import take_back

        with self._lock:
            self._take_all(run)
            before = self._state(run)
            if take_back(run, name, tool=tool, reader=self.reader) is None:  # type: ignore[arg-type]
                return None
            step = self.steps.push(f"{tool}, {name}", before, self._state(run))
        self._write(run, name)
        return step

    def turn(self, run: Run, views: ViewParameters, *, text: str) -> Step | None:
        """Name or mirror the views otherwise, as one step; a person's labels stay on their pixels."""
        with self._lock:
            self._take_all(run)
            before = self._state(run)
            if views == before.views:
                return None
            after = State(
                views,
                None if before.hotspots is None else turned(before.hotspots, before.views, views),
                None if before.regions is None else turned(before.regions, before.views, views),
            )
            step = self.steps.push(text, before, after)
            self._restore(run, after, text)
        for name in _KINDS:
            self._write(run, name)
        return step

    def undo(self, run: Run) -> State | None:
        """Take the last step back; None when there is none."""
        return self._go(run, self.steps.undo, "undo")

    def redo(self, run: Run) -> State | None:
        """Do the step undone last once more; None when there is none."""
        return self._go(run, self.steps.redo, "redo")

    # -- painted --------------------------------------------------------------------------------------

    def take(self, run: Run, kind: str, piece: Piece) -> None:
        """Put what was painted into the run."""
        if kind in HOTSPOTS.values():
            self._take_hotspots(run, kind, piece)
        else:
            self._take_regions(run, kind, piece)

    def _take_hotspots(self, run: Run, kind: str, piece: Piece) -> None:
        from napari_tbcad.bone.painted import from_labels
        from napari_tbcad.bone.workflow import give_hotspots, take_back

        standing, state = self._standing(run), self._state(run)
        automatic: Hotspots | None = run.get("hotspots", automatic=True)
        view = view_of(kind)
        before = standing.labels(view)
        if before is None:
            return  # of a view that the scan has no more
        if np.array_equal(piece.pixels, before):
            self._end_if(piece, "hotspots")
            return
        labels = {name: standing.labels(view_of(name)) for name in HOTSPOTS.values()} | {kind: piece.pixels}
        now = from_labels(
            labels[HOTSPOTS["anterior"]],
            labels[HOTSPOTS["posterior"]],
            marks=standing.marks,
            label=self._layers.brush_class,
            judged=True,
            warnings=standing.warnings,
            record=standing.record,
        )
        stroke = self._strokes.stroke(run, "hotspots", standing)
        if automatic is not None and content_key(now) == content_key(automatic):
            take_back(run, "hotspots", tool=piece.tool, reader=self.reader)
            self._painted(run, "hotspots", stroke, piece, state)
            self._strokes.end("hotspots")
            return
        stroke.entry = give_hotspots(
            run, now, tool=piece.tool, reader=self.reader, base=stroke.base, replaces=stroke.entry
        )
        self._painted(run, "hotspots", stroke, piece, state)
        self._strokes.keep("hotspots", stroke, ended=piece.ended)

    def _take_regions(self, run: Run, kind: str, piece: Piece) -> None:
        from napari_tbcad.bone.workflow import give_regions, take_back

        standing, automatic = run.get("regions"), run.get("regions", automatic=True)
        view, state = view_of(kind), self._state(run)
        if standing.labels(view) is None:
            return
        if np.array_equal(piece.pixels, standing.labels(view)):
            self._end_if(piece, "regions")
            return
        now = replace(standing, **{view: piece.pixels})
        stroke = self._strokes.stroke(run, "regions", standing)
        if automatic is not None and all(
            np.array_equal(now.labels(v), automatic.labels(v)) for v in VIEWS if now.labels(v) is not None
        ):
            take_back(run, "regions", tool=piece.tool, reader=self.reader)
            self._painted(run, "regions", stroke, piece, state)
            self._strokes.end("regions")
            return
        stroke.entry = give_regions(
            run, now, tool=piece.tool, reader=self.reader, base=stroke.base, replaces=stroke.entry
        )
        self._painted(run, "regions", stroke, piece, state)
        self._strokes.keep("regions", stroke, ended=piece.ended)

    def _painted(self, run: Run, name: str, stroke: Stroke, piece: Piece, before: State) -> None:
        """Note a stroke as a step, or let the step that it began go on."""
        known = self._stroke_steps.get(name)
        if known is not None and known[0] is stroke and self.steps.top is known[1]:
            step = self.steps.extend(known[1], self._state(run))
        else:
            word = piece.tool if name == "hotspots" else f"{piece.tool}, {name}"
            step = self.steps.push(word, before, self._state(run))
        self._stroke_steps[name] = stroke, step

    def _end_if(self, piece: Piece, name: str) -> None:
        if piece.ended:
            self._strokes.end(name)

    # -- inside ---------------------------------------------------------------------------------------

    def _take_all(self, run: Run) -> None:
        """Take what was painted, also where napari has not told of it yet; the next stroke is a new step."""
        for kind in KINDS:
            if self._layers.holds_something_else(kind):
                self._waiting.setdefault(kind, (self._layers.tool(kind), True))
        self.settle(run)
        self._strokes.end()

    def _go(self, run: Run, step: Callable[[], State | None], tool: str) -> State | None:
        with self._lock:
            self._take_all(run)
            state = step()
            if state is None:
                return None
            self._restore(run, state, tool)
        for name in _KINDS:
            self._write(run, name)
        return state

    def _state(self, run: Run) -> State:
        given = {name: run.get(name) if run.edited(name) else None for name in _KINDS}
        return State(run.settings.views, **given)  # type: ignore[attr-defined]

    def _restore(self, run: Run, state: State, tool: str) -> None:
        """Put a state into the run; its journal tells of it."""
        from napari_tbcad import edits
        from napari_tbcad.bone.edits import class_pixels, region_pixels
        from napari_tbcad.bone.workflow import take_back

        views = run.settings.views  # type: ignore[attr-defined]
        if state.views != views:
            run.note(Edit("scan", 0, tool=tool, reader=self.reader))
            run.configure(run.settings.model_copy(update={"views": state.views}))
            for name in _KINDS:
                if (automatic := run.get(name, automatic=True)) is not None:
                    # Out of date, but on its pixels until it is found anew.
                    run.restore(name, turned(automatic, views, state.views), fresh=False)
        for name, pixels_of in (("hotspots", class_pixels), ("regions", region_pixels)):
            value = getattr(state, name)
            if value is None:
                take_back(run, name, tool=tool, reader=self.reader)  # type: ignore[arg-type]
            elif not run.edited(name) or content_key(run.get(name)) != content_key(value):
                edits.give(run, name, value, pixels_of, tool=tool, reader=self.reader)

    def _standing(self, run: Run) -> Hotspots:
        standing: Hotspots | None = run.get("hotspots")
        return _none(run) if standing is None else standing

    def _write(self, run: Run, name: str) -> None:
        """Bring what stands into its layers, where there are any."""
        value = run.get(name)
        if name == "hotspots" and value is not None:
            self._layers.know(value.marks)
        for view, kind in _KINDS[name].items():
            layer = self._layers.layer(kind)
            if layer is None:
                continue
            labels = np.zeros_like(layer.data) if value is None else value.labels(view)
            # Of other sizes where the views were just exchanged: the session brings those.
            if labels is not None and labels.shape == layer.data.shape:
                self._layers.show(kind, labels)


def _same(one: Hotspots, other: Hotspots) -> bool:
    """Tell whether two sets of hotspots have the same pixels, classes and links."""

    def alike(view: ViewName) -> bool:
        mine, theirs = one.labels(view), other.labels(view)
        return mine is theirs or (mine is not None and theirs is not None and np.array_equal(mine, theirs))

    return one.marks == other.marks and all(map(alike, VIEWS))


def _none(run: Run) -> Hotspots:
    """Return no hotspots at all, on the grid of the scan."""
    scan = run.get("scan")
    front, back = (
        None if (image := scan.view(view)) is None else np.zeros(image.counts.shape, np.uint16)
        for view in VIEWS
    )
    return Hotspots(front, back)

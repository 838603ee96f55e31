"""What the panels of a viewer share where a child process works: the child, what went wrong, how it ends."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.child_work import ChildWork, Phase
from napari_tbcad.widgets.proxies import bare


class ChildSession(QObject):
    """A session whose work a child process does; it outlives its panels and ends with the window.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
    changed : Signal
        Anything that is shown may differ.
    said : Signal(object)
        Every event of work that does not give way, as a dict.
    child : ChildWork
        What works.
    problem : str
        Why the last thing that was asked for failed; empty when it did not.
    thing : str
        What is worked on, such as ``"batch"``, where no name is known.
    """

    changed = Signal()
    said = Signal(object)
    thing: ClassVar[str] = ""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = weakref.ref(bare(viewer))
        self.problem = ""
        self._runs: Path | None = None
        self.child = self.make_child()
        self.child.changed.connect(self.changed)
        self.child.said.connect(self._take)
        self.child.died.connect(self._tell_death)
        self.child.ended.connect(self._on_end)

    # -- what a session says --------------------------------------------------------------------------

    def make_child(self) -> ChildWork:
        """Return what works."""
        raise NotImplementedError

    def take(self, event: Mapping[str, Any], *, light: bool) -> None:
        """Take what the child says; `light` while it does what gives way, such as a look."""
        raise NotImplementedError

    def ended(self, folder: Path) -> None:
        """The work in a folder is over."""
        raise NotImplementedError

    # -- what a panel shows ---------------------------------------------------------------------------

    @property
    def viewer(self) -> Any:
        """The viewer while it lives."""
        return self._viewer()

    @property
    def busy(self) -> bool:
        """Whether work is under way that does not give way."""
        # Also while a look that gave way to it has not ended yet.
        return self.child.busy or self._runs is not None

    @property
    def phase(self) -> Phase:
        """What the child does."""
        return self.child.phase

    # -- what a panel asks ----------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop after the step under way, or stop looking; it can be gone on with later."""
        if self.child.busy:
            self.child.stop()
        else:  # a look, or what was to begin as soon as one has given way
            self.child.forget_wanted()
        self.changed.emit()

    def fail(self, problem: str) -> None:
        """Say what cannot be done."""
        self.problem = problem
        self.changed.emit()

    # -- inside ---------------------------------------------------------------------------------------

    def name_of(self, event: Mapping[str, Any]) -> str:
        """Return what failed and why, as a person is told it."""
        return f"{Path(str(event.get('source', ''))).name or self.thing}: {event.get('cause', '')}"

    def _take(self, event: Mapping[str, Any]) -> None:
        light = not self.busy
        self.take(event, light=light)
        if not light:
            self.said.emit(event)

    def _on_end(self, light: bool) -> None:
        if self._runs is not None:
            folder, self._runs = self._runs, None
            self.ended(folder)
        self.changed.emit()

    def _tell_death(self, why: str) -> None:
        """Say that the child ended without a word, as it would have said it."""
        name = self._runs.name if self._runs is not None else self.thing
        next_step = "go on from what was kept" if self.busy else "try it again"
        cause = f"its process ended by itself ({why}); {next_step}"
        told = {"event": "failed", "source": name, "cause": cause, "kind": "Died"}
        self._take(told | {"what": self.child.stage})

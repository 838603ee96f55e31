"""What is looked at once the work is done: complaints, what was changed, what the automatic masks say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.chain import Run
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.chest.evidence import Evidence
    from napari_tbcad.widgets.chest.edits import MaskEdits

_LOOKED_AT = (
    "film",
    "upright",
    "enhanced",
    "soft",
    "sensitive",
    "insensitive",
    "opacities",
    "features",
    "result",
)


class Checks(QObject):
    """Looks at every pixel, hence on a worker, and only when a value was replaced since it last did.

    Parameters
    ----------
    edits : MaskEdits
        Whose counts are brought up to date, too.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    done : Signal(bool)
        It has looked; True when something is said otherwise than before.
    complaints : tuple of str
        About film and masks; those of the model stand with the result.
    ghost : float or None
        Probability of the automatic masks, for comparison once they are corrected.
    evidence : Evidence or None
        The opacities, read inside the insensitive mask; None where there are none.
    """

    done = Signal(bool)

    def __init__(self, edits: MaskEdits, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._edits = edits
        self.complaints: tuple[str, ...] = ()
        self.ghost: float | None = None
        self.evidence: Evidence | None = None
        self._run: Run | None = None
        self._seen: tuple[Any, ...] = ()
        self._looking_at: tuple[Any, ...] = ()
        self._stale = False

    @property
    def busy(self) -> bool:
        """Whether it is looking."""
        return self._run is not None

    def begin(self) -> None:
        """Know of nothing: another film or run begins."""
        self.complaints, self.ghost, self.evidence, self._seen = (), None, None, ()
        self._stale = self._run is not None

    def look(self, run: Run) -> bool:
        """Look at a run; False when there is nothing new, and `done` does not follow."""
        now = tuple(run.get(name) for name in _LOOKED_AT)
        if len(now) == len(self._seen) and all(a is b for a, b in zip(now, self._seen, strict=True)):
            return False
        self._run, self._looking_at = run, now
        earlier = self.evidence
        start_call(
            lambda: _look(run, self._edits, earlier), on_result=self._on_seen, on_error=self._on_unseen
        )
        return True

    def _on_seen(self, outcome: tuple[tuple[str, ...], float | None, Evidence | None]) -> None:
        found, ghost, evidence = outcome
        if self._stale:
            # Of what was there before.
            self._run, self._stale = None, False
            self.done.emit(False)
            return
        result = self._run.get("result") if self._run is not None else None
        self._run, self._seen = None, self._looking_at
        complaints = tuple(one for one in found if one not in getattr(result, "warnings", ()))
        differs = complaints != self.complaints or ghost != self.ghost or evidence is not self.evidence
        self.complaints, self.ghost, self.evidence = complaints, ghost, evidence
        self.done.emit(differs)

    def _on_unseen(self, error: Exception) -> None:
        # A film on which nothing can be measured is refused by the checks, too: that is their complaint.
        from napari_tbcad.widgets.workflow.session import said

        source = self._run.get("film").source if self._run is not None else ""
        self._on_seen(((said(error, source),), self.ghost, None))


def _look(
    run: Run, edits: MaskEdits, earlier: Evidence | None
) -> tuple[tuple[str, ...], float | None, Evidence | None]:
    from napari_tbcad.chest.automatic import automatic_probability
    from napari_tbcad.chest.evidence import evidence
    from napari_tbcad.chest.workflow import gather_warnings

    edits.count(run)
    read = evidence(run.get("opacities"), run.get("insensitive"), earlier=earlier)
    return gather_warnings(run), automatic_probability(run), read

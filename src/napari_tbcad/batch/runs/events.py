"""What a run tells while it goes on and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_tbcad.batch.rows import Row

State = Literal["working", "done", "failed", "kept"]


@dataclass(frozen=True)
class StudyEvent:
    """What became of one study.

    Parameters
    ----------
    number : int
        Its place among the studies, from 0.
    name : str
    state : {"working", "done", "failed", "kept"}
        ``kept``: an earlier run did it, and neither the study nor the settings changed since.
    row : Row, optional
        Its rows; None while it is worked on.
    """

    number: int
    name: str
    state: State
    row: Row | None = None


@dataclass(frozen=True)
class RunSummary:
    """How a run ended.

    Parameters
    ----------
    done, failed, kept, left : int
        Studies that were processed, that were tried in vain, that an earlier run had done, and that nobody
        has done yet.
    seconds : float
        Wall time.
    """

    done: int
    failed: int
    kept: int
    left: int
    seconds: float

    @property
    def total(self) -> int:
        """All studies."""
        return self.done + self.failed + self.kept + self.left

    @property
    def complete(self) -> bool:
        """Whether every study is processed."""
        return not self.failed and not self.left

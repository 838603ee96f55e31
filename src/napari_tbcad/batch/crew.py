"""What any pool of workers offers, whether they are processes here or those of a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Died:
    """An item that took its worker's process with it, alone and twice: a crash, or killed for want of memory.

    Parameters
    ----------
    reason : str
        How the process ended.
    """

    reason: str


class Crew(ABC):
    """Workers that items are given to one by one; used by one thread."""

    @property
    @abstractmethod
    def at_once(self) -> int:
        """Return how many items are worked on at the same time."""

    @property
    def room(self) -> int:
        """Return how many items may be given before the first is done."""
        return self.at_once

    @abstractmethod
    def give(self, number: int, item: Any) -> None:
        """Let a worker have an item."""

    @abstractmethod
    def drop(self, numbers: Collection[int]) -> None:
        """Take back items that no worker has begun, as far as that can be told."""

    @abstractmethod
    def done(self, seconds: float) -> Sequence[tuple[int, Any]]:
        """Wait at most so long and return (number, outcome or :class:`Died`) of what is done.

        Raises
        ------
        BadInput
            If the workers are gone altogether.
        """

    @abstractmethod
    def close(self) -> None:
        """Let the workers go; what they are at is dropped."""

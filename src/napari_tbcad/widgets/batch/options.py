"""How a batch is carried out, beside what the chain does: pictures, processes, a cluster."""

from __future__ import annotations

import os

from pydantic import field_validator

from napari_tbcad.record import Parameters, field

_MOST = 4


def usual_workers() -> int:
    """Return how many local processes are begun with: as many as there are processors, but no more than four.

    Each holds its own copy of the networks, about a gigabyte; the work has low priority, so that the window
    takes what it needs.
    """
    return max(1, min(_MOST, os.cpu_count() or 1))


class BatchOptions(Parameters):
    """How a batch is carried out."""

    pictures: bool = field(
        True,
        title="Pictures",
        description="Write an overlay of masks or hotspots for every study, to look through in any program.",
    )
    workers: int = field(
        usual_workers(),
        title="Processes",
        description="Local processes that work side by side, with one thread and about 1 GB of memory each.",
        ge=1,
        le=64,
    )
    scheduler: str = field(
        "",
        title="Dask scheduler",
        description="Address of a Dask scheduler, such as tcp://host:8786, to work on its cluster instead of "
        "in local processes; folders must be called the same there. Empty: local processes.",
        more=True,
    )

    @field_validator("scheduler")
    @classmethod
    def _an_address(cls, address: str) -> str:
        address = address.strip()
        if address and ("://" not in address or any(letter.isspace() for letter in address)):
            raise ValueError("an address is like tcp://host:8786")
        return address

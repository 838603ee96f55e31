"""One row a study: what went well, what failed and why."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput, TbcadError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One study's line in results.csv and its lines in the other tables.

    Parameters
    ----------
    result : mapping
        Values by column; has ``file``, ``status``, ``message`` and ``seconds``.
    more : mapping of str to sequence of mapping
        Rows by the name of another table; none for a study that failed.
    """

    result: Mapping[str, Any]
    more: Mapping[str, Sequence[Mapping[str, Any]]] = dataclass_field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Return True when the study was processed."""
        return bool(self.result["status"] == "ok")


def guarded(path: Path, work: Callable[[], Row]) -> Row:
    """Return what `work` returns with the seconds it took; an error becomes an error row.

    Parameters
    ----------
    path : Path
        The study, named in the row.
    work : callable
        Does the work and returns the study's row.
    """
    began = time.perf_counter()

    def timed(result: Mapping[str, Any]) -> dict[str, Any]:
        return {**result, "seconds": round(time.perf_counter() - began, 3)}

    try:
        row = work()
        return Row(timed(row.result), row.more)
    except (TbcadError, OSError, MemoryError) as error:
        message = f"{path.name}: {_cause(error, path)}"
    except Exception as error:  # one study's defect of ours must not end the batch
        log.error("%s\n%s", path, traceback.format_exc())
        message = f"{path.name}: unexpected {type(error).__name__}: {error} (please report it)"
    return Row(timed({"file": path.as_posix(), "status": "error", "message": message}))


def _cause(error: Exception, path: Path) -> str:
    """Return what went wrong, with the name of what is at fault where that is not the study's first file."""
    if not isinstance(error, BadInput):
        return f"{type(error).__name__}: {error}"
    other = Path(error.source).name or error.source
    return error.cause if other == path.name else f"{other}: {error.cause}"

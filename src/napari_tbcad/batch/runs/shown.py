"""What the results of a run hold, for a list of its studies: of a window's run or of the command line's."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_tbcad.batch.child.files import read_json
from napari_tbcad.batch.runs.child import shown_of
from napari_tbcad.batch.runs.folder import read_inputs
from napari_tbcad.errors import BadInput
from napari_tbcad.files import read_rows
from napari_tbcad.run_folder import ABOUT, RUN, TABLE, started_in
from napari_tbcad.run_names import files_of

_HASH = re.compile(r" [0-9a-f]{64}$")


@dataclass(frozen=True)
class ShownRun:
    """The studies of a run and what became of each.

    Parameters
    ----------
    out : Path
        Folder of results.
    workflow : str
        ``"chest"`` or ``"bone"``.
    lines : list
        Name, files and fault of each study, as :mod:`napari_tbcad.batch.runs.child` tells them.
    changes : list
        Number, state, seconds, answer, figure and message of those that were worked on.
    settings : mapping
        What the results depend on, as run.json says.
    """

    out: Path
    workflow: str
    lines: list[list[Any]]
    changes: list[list[Any]]
    settings: Mapping[str, Any]

    @property
    def classifier(self) -> str:
        """Name or file of the model that judged the films; empty where it does not say."""
        named = str(self.settings.get("classifier") or "")
        return _HASH.sub("", named)


def read_run(out: Path) -> ShownRun:
    """Read a folder of results; takes as long as its table is long.

    Raises
    ------
    BadInput
        If the folder holds no run, or its table cannot be read.
    """
    about = read_json(out / RUN / ABOUT)
    if about is None or about.get("kind") not in ("chest", "bone"):
        raise BadInput(out, f"there is no run in this folder (no {RUN}/{ABOUT})")
    inputs, home = read_inputs(out), started_in(out)
    lines: list[list[Any]] = [
        [one.get("name") or "", [str(home / path) for path in files_of(one)], one.get("fault") or ""]
        for one in inputs
    ]
    numbers = {files_of(one)[0]: number for number, one in enumerate(inputs)}
    changes = []
    for row in _results(out / TABLE):
        number = numbers.get(row.get("file") or "")
        if number is not None:
            state = "done" if row.get("status") == "ok" else "failed"
            changes.append([number, state, *shown_of(row)])
    settings = about.get("settings")
    return ShownRun(out, about["kind"], lines, changes, settings if isinstance(settings, dict) else {})


def _results(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a table; none where there is none yet."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from read_rows(file)
    except FileNotFoundError:
        return
    except UnicodeDecodeError as error:
        cause = "is no UTF-8 text any more, as when a spreadsheet saved it: going on writes it anew"
        raise BadInput(path, cause) from error
    except (OSError, csv.Error) as error:
        raise BadInput(path, f"cannot be read ({error})") from error

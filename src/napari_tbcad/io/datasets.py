"""Data sets: films with their labels, from a known folder layout or a table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.masks import LEFT, RIGHT, mask_values, tell_sides

if TYPE_CHECKING:
    from napari_tbcad.io.layouts import Layout

_SMALLEST_LUNG = 0.1
"""The smaller of two labels counts as a lung from this share of the larger one's area."""
_FEWEST_GREYS = 8
"""Fewer values than this are labels; a binary mask with soft borders has more, and is bright."""

HOME = "NAPARI_TBCAD_DATA"
"""Environment variable naming the folder in which known data sets are looked for; ``data`` when not set."""


@dataclass(frozen=True)
class LungFiles:
    """Reference lung masks of one film.

    Parameters
    ----------
    right, left : Path, optional
        Binary masks of the patient's right and left lung.
    both : Path, optional
        One mask with both lungs, binary or with two ids of either order.
    """

    right: Path | None = None
    left: Path | None = None
    both: Path | None = None

    def read(self, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Return labels 0, 1 (right) and 2 (left) on the film's grid.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of the film. A mask of another size but the same proportions is resampled
            (SCR's masks have half the films' side).

        Raises
        ------
        BadInput
            If a mask cannot be read or has other proportions than the film.

        Notes
        -----
        In a mask with both lungs the sides are told by place, since sets number them differently.
        """
        labels = np.zeros(shape, dtype=np.uint8)
        for side, path in ((RIGHT, self.right), (LEFT, self.left)):
            if path is not None:
                labels[_on_grid(path, _binary(path), shape) > 0] = side
        if self.both is not None:
            values = mask_values(self.both)
            labels = _on_grid(self.both, _sides_by_place(self.both, values), shape)
        return labels


@dataclass(frozen=True)
class DataRow:
    """One film of a data set.

    Parameters
    ----------
    path : Path
        The film's file.
    label : int, optional
        1 tuberculosis, 0 not; None where the set does not say.
    patient : str
        Whose film it is, for folds that keep a person together; the file's stem when not known.
    source : str
        Collection it comes from.
    age : float, optional
        Years.
    sex : str, optional
        ``"F"`` or ``"M"``.
    lungs : LungFiles, optional
        Reference masks.
    extra : mapping
        Any other column of the table, as text.
    """

    path: Path
    label: int | None = None
    patient: str = ""
    source: str = ""
    age: float | None = None
    sex: str | None = None
    lungs: LungFiles | None = None
    extra: Mapping[str, str] = dataclass_field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.patient:
            object.__setattr__(self, "patient", self.path.stem)


@dataclass(frozen=True)
class DataSet:
    """Films with what is known of them.

    Parameters
    ----------
    name : str
        Name of the layout, or of the folder or table.
    rows : tuple of DataRow
        Sorted as in the table, or by file name.
    path : Path
        Where it was read from.
    """

    name: str
    rows: tuple[DataRow, ...]
    path: Path

    def __len__(self) -> int:
        return len(self.rows)

    def labelled(self) -> DataSet:
        """Return the set itself when every film has a label and both labels occur.

        Raises
        ------
        BadInput
            If labels are missing or all the same, so that nothing can be trained.
        """
        without = [row.path.name for row in self.rows if row.label is None]
        if without:
            raise BadInput(
                self.path,
                f"{len(without)} of {len(self.rows)} films have no tuberculosis label ({_some(without)}); "
                "give a CSV with the columns path,label",
            )
        if len({row.label for row in self.rows}) < 2:
            raise BadInput(
                self.path, f"every film has the label {self.rows[0].label}; both 0 and 1 are needed"
            )
        return self

    def with_lungs(self) -> DataSet:
        """Return the films that have reference masks."""
        return replace(self, rows=tuple(row for row in self.rows if row.lungs is not None))


def load_dataset(path: str | Path, *, strict: bool = True) -> DataSet:
    """Read a data set.

    Parameters
    ----------
    path : str or Path
        A folder in a known layout (Shenzhen, Montgomery, JSRT, or ``images/`` beside ``labels.csv``), a CSV
        with the columns path,label[,patient,source,age,sex], or one of the names ``shenzhen``,
        ``montgomery`` and ``jsrt``, which are then looked for in the data folder (``NAPARI_TBCAD_DATA``,
        else ``data``).
    strict : bool
        Refuse a table that names films that do not exist; otherwise only one of whose films none does.

    Returns
    -------
    DataSet
        One row a film.

    Raises
    ------
    BadInput
        If the set is not there (the message says where to get it and where to put it), the layout is not
        known, the table lacks a column, or films it lists are missing.
    """
    from napari_tbcad.io.layouts import LAYOUTS, where_to_get
    from napari_tbcad.io.tables import read_folder_table, read_table

    path = Path(path)
    known = LAYOUTS.get(str(path).lower())
    if known is not None and not path.exists():
        path = Path(os.environ.get(HOME, "data")) / known.folder
    if path.is_file():
        return read_table(path, strict=strict)
    if not path.is_dir():
        raise BadInput(path, where_to_get(known or _named_in(path), path))
    if (path / "labels.csv").is_file():
        return read_folder_table(path, strict=strict)
    for layout in LAYOUTS.values():
        rows = layout.rows(path)
        if rows:
            return DataSet(layout.name, rows, path)
    raise BadInput(path, where_to_get(known or _named_in(path), path))


def _named_in(path: Path) -> Layout | None:
    """Return the data set a path seems to be meant for."""
    from napari_tbcad.io.layouts import LAYOUTS

    text = str(path).lower()
    return next((layout for layout in LAYOUTS.values() if any(word in text for word in layout.words)), None)


def _some(names: list[str], count: int = 5) -> str:
    return ", ".join(names[:count]) + (", …" if len(names) > count else "")


def _binary(path: Path) -> NDArray[np.uint8]:
    values = mask_values(path)
    return (values > values.max() / 2).astype(np.uint8)


def _sides_by_place(path: Path, values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return labels 1 and 2 by place, of a binary mask or of one with two ids."""
    ids, areas = np.unique(values[values != 0], return_counts=True)
    if len(ids) == 2 and min(areas) >= _SMALLEST_LUNG * max(areas):
        columns = [np.flatnonzero((values == v).any(axis=0)).mean() for v in ids]
        first, second = (RIGHT, LEFT) if columns[0] < columns[1] else (LEFT, RIGHT)
        return np.where(values == ids[0], first, np.where(values == ids[1], second, 0)).astype(np.uint8)
    if not len(ids):
        raise BadInput(path, "the mask has no lung (every pixel is 0)")
    if 2 < len(ids) < _FEWEST_GREYS and max(ids) < 128:
        shown = ", ".join(f"{v:g}" for v in ids)
        raise BadInput(path, f"a reference mask has one or two labels, this has {shown}")
    return tell_sides(_binary(path) > 0)


def _on_grid(path: Path, labels: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Resample labels to the film's grid by nearest neighbour."""
    if labels.shape == tuple(shape):
        return labels
    scales = [wanted / had for wanted, had in zip(shape, labels.shape, strict=True)]
    if abs(scales[0] / scales[1] - 1) > 0.02:
        raise BadInput(
            path, f"the mask has {labels.shape} pixels, its film {tuple(shape)}: other proportions"
        )
    rows, columns = (
        np.minimum((np.arange(wanted) + 0.5) / scale, had - 1).astype(int)
        for wanted, scale, had in zip(shape, scales, labels.shape, strict=True)
    )
    return labels[np.ix_(rows, columns)]

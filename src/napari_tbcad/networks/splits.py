"""Who is trained on, who is watched, who is held out: by patient, never by image."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.files import read_rows, write_csv
from napari_tbcad.networks.config import DataParameters
from napari_tbcad.networks.samples import Sample

Role = Literal["train", "validation", "test"]
ROLES: tuple[Role, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Samples by role."""

    train: tuple[Sample, ...]
    validation: tuple[Sample, ...] = ()
    test: tuple[Sample, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for role in ROLES:
            for sample in getattr(self, role):
                before = seen.setdefault(sample.patient, role)
                if before != role:
                    raise BadInput(
                        sample.image,
                        f"patient {sample.patient} is in {before} and in {role}: scores would be too good",
                    )
        if not self.train:
            raise BadInput("split", "no image is left to train on")

    def save(self, path: Path) -> None:
        """Write image, patient, source and role of every sample."""
        rows = [
            {"image": s.image.as_posix(), "patient": s.patient, "source": s.source, "role": role}
            for role in ROLES
            for s in getattr(self, role)
        ]
        write_csv(path, ("image", "patient", "source", "role"), rows)

    def require_same(self, path: Path) -> None:
        """Refuse to go on with a training whose images have changed since.

        The folds are drawn anew from the images there are: with one more, a patient whom a network was
        trained on may be held out now, and be scored by it.

        Raises
        ------
        BadInput
            If the file that :meth:`save` wrote names other images, or gives one another role.
        """
        if not path.is_file():
            return
        before: Counter[tuple[str, str]] = Counter((there.name, role) for there, role in _rows_of(path))
        now: Counter[tuple[str, str]] = Counter((s.name, role) for role in ROLES for s in getattr(self, role))
        if before != now:
            odd = next(iter((now - before) or (before - now)))[0]
            raise BadInput(
                path, f"the images are not those of this training (see {odd}); choose another folder"
            )


def split_samples(samples: Sequence[Sample], parameters: DataParameters, seed: int) -> Split:
    """Split samples by patient, each collection evenly.

    Parameters
    ----------
    samples : sequence of Sample
        All of them.
    parameters : DataParameters
        Fold held out, share watched, or a file that says who is what.
    seed : int
        Seed of the split; the folds of a seed are the same whichever is held out.

    Raises
    ------
    BadInput
        If a patient would be in two roles, a fold has no patient, or the file does not name every image.
    """
    if parameters.split is not None:
        return _from_file(samples, parameters.split)
    held = np.zeros(len(samples), bool)
    if parameters.fold is not None:
        held = _folds(samples, parameters.folds, seed) == parameters.fold
        if not held.any():
            raise BadInput("data.fold", f"fold {parameters.fold} has no image; use fewer folds")
    rest = [s for s, out in zip(samples, held, strict=True) if not out]
    watched = _watched(rest, parameters.validation, seed)
    return Split(
        tuple(s for s in rest if s.patient not in watched),
        tuple(s for s in rest if s.patient in watched),
        tuple(s for s, out in zip(samples, held, strict=True) if out),
    )


def _folds(samples: Sequence[Sample], number: int, seed: int) -> NDArray[np.int64]:
    """Fold of every sample: as the table says where it says so for all, else by patient and source."""
    given = [s.fold for s in samples if s.fold is not None]
    if 0 < len(given) < len(samples):
        raise BadInput(
            "data.folds",
            f"the tables name a fold for {len(given)} of {len(samples)} images; name one for all or for none",
        )
    if given:
        if max(given) >= number:
            raise BadInput("data.folds", f"the table has fold {max(given)}, beyond {number} folds")
        return np.array(given, np.int64)
    from sklearn.model_selection import StratifiedGroupKFold

    patients = [s.patient for s in samples]
    if len(set(patients)) < number:
        raise BadInput("data.folds", f"{len(set(patients))} patients cannot make {number} folds")
    out = np.zeros(len(samples), np.int64)
    maker = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
    try:
        for fold, (_, test) in enumerate(maker.split(patients, [s.source for s in samples], patients)):
            out[test] = fold
    except ValueError as error:
        raise BadInput("data.folds", f"{number} folds cannot be made ({error})") from error
    return out


def _watched(samples: Sequence[Sample], share: float, seed: int) -> set[str]:
    """Draw the patients that are watched, of every collection the same share."""
    chosen: set[str] = set()
    if not share:
        return chosen
    generator = np.random.default_rng((seed, 7))
    for source in sorted({s.source for s in samples}):
        patients = sorted({s.patient for s in samples if s.source == source})
        number = max(1, round(share * len(patients)))
        chosen |= set(generator.permutation(patients)[:number].tolist())
    return chosen


def _rows_of(path: Path) -> list[tuple[Path, str]]:
    """Return image and role of every row of a split file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [(Path(row["image"]), row["role"]) for row in read_rows(file)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError) as error:
        raise BadInput(path, f"a split file has the columns image,role ({error})") from error


def _role(sample: Sample, rows: Sequence[tuple[Path, str]], path: Path) -> str:
    """Return the role of a sample; of files with one name, by as much of the path as is said."""
    roles = {role for _, role in rows}
    if not roles:
        raise BadInput(path, f"says nothing about {sample.name}")
    if len(roles) > 1:
        roles = {role for there, role in rows if sample.image.parts[-len(there.parts) :] == there.parts}
    if len(roles) != 1:
        raise BadInput(
            path,
            f"gives images called {sample.name} several roles; write enough of each path to tell them apart",
        )
    return roles.pop()


def _from_file(samples: Sequence[Sample], path: Path) -> Split:
    said: dict[str, list[tuple[Path, str]]] = {}
    for row in _rows_of(path):
        said.setdefault(row[0].name, []).append(row)
    groups: dict[str, list[Sample]] = {role: [] for role in ROLES}
    for sample in samples:
        role = _role(sample, said.get(sample.name, []), path)
        if role not in groups:
            raise BadInput(path, f"role of {sample.name} is {role!r}, not one of {', '.join(ROLES)}")
        groups[role].append(sample)
    return Split(*(tuple(groups[role]) for role in ROLES))

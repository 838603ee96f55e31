"""Who is trained on, who is watched, who is held out: by patient, never by image."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv
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
    if len(given) == len(samples):
        if max(given) >= number:
            raise BadInput("data.folds", f"the table has fold {max(given)}, beyond {number} folds")
        return np.array(given, np.int64)
    from sklearn.model_selection import StratifiedGroupKFold

    patients = [s.patient for s in samples]
    if len(set(patients)) < number:
        raise BadInput("data.folds", f"{len(set(patients))} patients cannot make {number} folds")
    out = np.zeros(len(samples), np.int64)
    maker = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
    for fold, (_, test) in enumerate(maker.split(patients, [s.source for s in samples], patients)):
        out[test] = fold
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


def _from_file(samples: Sequence[Sample], path: Path) -> Split:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            roles = {Path(row["image"]).name: row["role"] for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError) as error:
        raise BadInput(path, f"a split file has the columns image,role ({error})") from error
    groups: dict[str, list[Sample]] = {role: [] for role in ROLES}
    for sample in samples:
        role = roles.get(sample.name)
        if role is None:
            raise BadInput(path, f"says nothing about {sample.name}")
        if role not in groups:
            raise BadInput(path, f"role of {sample.name} is {role!r}, not one of {', '.join(ROLES)}")
        groups[role].append(sample)
    return Split(*(tuple(groups[role]) for role in ROLES))

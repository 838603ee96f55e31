"""Who is who in a BS-80K folder, and in which fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_tbcad.files import sha256
from napari_tbcad.io.bs80k import Bs80kImage, Problem, below, natural


def patients_of(images: Iterable[Bs80kImage], folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the patient of every number; numbers that share a file byte for byte are one patient.

    Joined are numbers and names alike, so that whoever is the same as a duplicate is its patient too.
    """
    parents: dict[str, str] = {}

    def name_of(number: str) -> str:
        while (parent := parents.setdefault(number, number)) != number:
            number = parent
        return number

    def join(one: str, other: str) -> None:
        kept, gone = sorted((name_of(one), name_of(other)), key=natural)
        parents[gone] = kept

    images = list(images)
    same: dict[str, Bs80kImage] = {}
    problems: list[Problem] = []
    for image in images:
        join(image.number, image.patient)
        first = same.setdefault(f"{image.view} {sha256(image.image)}", image)
        if first is not image and name_of(first.number) != name_of(image.number):
            join(first.number, image.number)
            said = f"the same file as {below(first.image, folder)}: both are taken for one patient"
            problems.append(Problem(below(image.image, folder), "same file", said, used=True))
    return {image.number: name_of(image.number) for image in images}, problems


def folds_of(patients: Mapping[str, str], images: Sequence[Bs80kImage], number: int) -> dict[str, int]:
    """Deal the patients to folds, those with an abnormal image evenly; the same in both views.

    Fewer patients than folds make fewer folds.
    """
    number = min(number, len(set(patients.values())))
    abnormal = {patients[image.number] for image in images if image.abnormal}
    dealt: dict[str, int] = {}
    for group in (abnormal, set(patients.values()) - abnormal):
        names = sorted(group, key=natural)
        for name in np.random.default_rng(0).permutation(names).tolist():
            dealt[name] = len(dealt) % number
    return dealt

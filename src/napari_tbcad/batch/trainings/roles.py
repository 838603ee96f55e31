"""Who is held out, who is watched, who is trained on, when nobody says so: by patient, and lastingly.

Patients are ordered by a digest of their name, and the first are held out. So a patient who was held out
mostly stays held out when others come, and a network that learns on in the next training is not judged by
those it knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.files import sha256, write_csv
from napari_tbcad.networks.splits import ROLES, Role
from napari_tbcad.networks.training_folder import CONFIG, MODEL, SPLIT

if TYPE_CHECKING:
    from napari_tbcad.networks.samples import Sample

FEWEST = 5
"""Patients of a collection below which nobody is held out or watched."""
COLUMNS = ("image", "patient", "source", "role")


def roles_of(
    samples: Sequence[Sample], *, held_out: float, watched: float, known: Iterable[str] = ()
) -> dict[str, Role]:
    """Return the role of every patient.

    Parameters
    ----------
    samples : sequence of Sample
    held_out : float
        Share of the patients of each collection that are held out ("test").
    watched : float
        Share of the others that are watched ("validation").
    known : iterable of str, optional
        Patients that a network to be judged beside this one has learned from: they are held out last.

    Returns
    -------
    dict
        By patient. A patient of several collections has one role.
    """
    of: dict[str, set[str]] = {}
    for sample in samples:
        of.setdefault(sample.patient, set()).add(sample.source)
    groups: dict[tuple[str, ...], list[str]] = {}
    for patient, sources in of.items():
        groups.setdefault(tuple(sorted(sources)), []).append(patient)
    late, roles = set(known), {}
    for patients in groups.values():
        ordered = sorted(patients, key=lambda one: (one in late, _digest(one)))
        tested = _number(held_out, len(ordered))
        seen = _number(watched, len(ordered) - tested)
        # Those who are watched lie at the far end: nobody of them is held out when the set grows a little.
        cut = len(ordered) - seen
        for number, patient in enumerate(ordered):
            role: Role = "test" if number < tested else "validation" if number >= cut else "train"
            roles[patient] = role
    return roles


def _digest(patient: str) -> str:
    return hashlib.sha256(patient.encode("utf-8", "surrogatepass")).hexdigest()


def _number(share: float, patients: int) -> int:
    """Return how many of so many patients: at least one where there are enough, never all."""
    if not share or patients < FEWEST:
        return 0
    return min(patients - 1, max(1, round(share * patients)))


def save_roles(samples: Sequence[Sample], roles: Mapping[str, Role], path: Path) -> None:
    """Write a split file that :class:`~napari_tbcad.networks.config.DataParameters` takes."""
    rows = [
        {
            "image": sample.image.absolute().as_posix(),
            "patient": sample.patient,
            "source": sample.source,
            "role": roles[sample.patient],
        }
        for role in ROLES
        for sample in samples
        if roles[sample.patient] == role
    ]
    write_csv(path, COLUMNS, rows)


def learned_by(network: Path, home: Path) -> tuple[set[str], set[str]] | None:
    """Return the images and patients that a network trained here has learned from or was chosen by.

    Parameters
    ----------
    network : Path
        Its file, also a copy of it.
    home : Path
        Folder of trainings.

    Returns
    -------
    (set of str, set of str) or None
        Images, as whole paths, and names of patients, also of the networks that it was started from; None
        where no training here has made this file or one of those. What a packaged network has learned from
        is told elsewhere (:attr:`~napari_tbcad.batch.trainings.tasks.FoundData.learned`).
    """
    from napari_tbcad.batch.corrected import table_rows
    from napari_tbcad.networks.listing import packaged_entries

    images: set[str] = set()
    patients: set[str] = set()
    passed: set[Path] = set()
    while True:
        folder = _made_in(network, home)
        # A start of its own content: another network took the place of the one that it was started from.
        if folder is None or folder in passed:
            return None
        passed.add(folder)
        rows = [row for row in table_rows(folder / SPLIT) if row.get("role") != "test"]
        images |= {row.get("image", "") for row in rows}
        patients |= {row.get("patient", "") for row in rows}
        start = _start_of(folder)
        if start in ("", *packaged_entries()):
            return images, patients
        if start is None:
            return None
        network = Path(start)


def _made_in(network: Path, home: Path) -> Path | None:
    """Return the folder of the training that has made a file; None where there is none."""
    if not network.is_file() or not home.is_dir():
        return None
    size, content = network.stat().st_size, ""
    for made in sorted(home.glob(f"*/{MODEL}")):
        if made.stat().st_size != size or not (made.parent / SPLIT).is_file():
            continue
        content = content or sha256(network)
        if sha256(made) == content:
            return made.parent
    return None


def _start_of(folder: Path) -> str | None:
    """Return what a training was started from, "" for nothing; None where that cannot be read."""
    from napari_tbcad.errors import BadInput
    from napari_tbcad.networks.config import load_config

    try:
        return load_config(folder / CONFIG).fit.start_from
    except BadInput:
        return None

"""People whose films are in the training and in the test set: they must not train what is tested on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from napari_tbcad.batch.evaluating.found import FoundFilm

_SHOWN = 3


def same_people(films: Sequence[FoundFilm], *, together: bool) -> tuple[list[FoundFilm], list[str]]:
    """Give a patient of both sets one name.

    The same patient of the same collection is one person; where collections are not named, the same patient
    of two sets that lie `together`. A film whose patient is not given stands for itself.

    Parameters
    ----------
    films : sequence of FoundFilm
        Of both sets.
    together : bool
        Both tables lie in one folder, as when one collection was cut in two.

    Returns
    -------
    films : list of FoundFilm
        Those of the training set have the patient of their person's films in the test set
        (:func:`~napari_tbcad.batch.evaluating.copies.grouped` then leaves them out of it).
    notes : list of str
    """
    tested: dict[str, list[FoundFilm]] = defaultdict(list)
    for film in films:
        if film.role == "test" and _is_named(film):
            tested[film.row.patient].append(film)
    owner: dict[str, str] = {}
    apart = set()
    for film in films:
        if film.role != "train" or not _is_named(film):
            continue
        others = tested.get(film.row.patient, [])
        same = next((other for other in others if _one_person(film, other, together)), None)
        if same is not None:
            owner[film.patient] = same.patient
        elif others:
            apart.add(film.row.patient)
    joined = [
        replace(film, patient=owner.get(film.patient, film.patient)) if film.role == "train" else film
        for film in films
    ]
    shown = ", ".join(sorted(apart)[:_SHOWN]) + (", …" if len(apart) > _SHOWN else "")
    note = (
        f"{len(apart)} patient name{'s are' if len(apart) > 1 else ' is'} in both sets ({shown}): taken for "
        "different people, since no column source says that they are of one collection"
    )
    return joined, [note] if apart else []


def _is_named(film: FoundFilm) -> bool:
    return film.row.patient != film.row.path.stem


def _one_person(film: FoundFilm, other: FoundFilm, together: bool) -> bool:
    if film.row.source and other.row.source:
        return film.row.source == other.row.source
    return together

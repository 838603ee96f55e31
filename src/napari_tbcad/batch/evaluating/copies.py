"""Copies of one film: they count as one patient's, so that none trains what another tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from napari_tbcad.batch.evaluating.found import Duplicate, FoundFilm, LeftOut

SAME_PATIENT = "counted as one patient's"
OTHER_LABEL = "left out: the copies have different labels"
IN_TEST = "left out of the training set: the film is in the test set"


def grouped(
    films: Sequence[FoundFilm], kind: Literal["file", "pixels"], contents: Mapping[str, str]
) -> tuple[list[FoundFilm], list[Duplicate], list[LeftOut]]:
    """Group copies as one patient's; leave out copies that contradict each other.

    Parameters
    ----------
    films : sequence of FoundFilm
    kind : {"file", "pixels"}
        What is equal.
    contents : mapping
        Digest by the film's name; a film without one is no copy.

    Returns
    -------
    films : list of FoundFilm
        Those that stay. A film of the training set (and every film of its patient) goes where a copy is in
        the test set, which stays whole: it is what others report on, too.
    duplicates : list of Duplicate
    left_out : list of LeftOut
    """
    groups: dict[str, list[FoundFilm]] = {}
    for film in films:
        if contents.get(film.file):
            groups.setdefault(contents[film.file], []).append(film)
    copies = [group for group in groups.values() if len(group) > 1]
    contradicting = {f.file for group in copies if len({f.row.label for f in group}) > 1 for f in group}
    owner = _owners(copies)
    films = [replace(film, patient=owner.get(film.patient, film.patient)) for film in films]
    # Whose film (or a copy of whose film) is in the test set trains nothing.
    tested = {film.patient for film in films if film.role == "test"}
    seen = {film.file for film in films if film.role == "train" and film.patient in tested}
    duplicates, left = [], []
    for group in copies:
        for film in group[1:]:
            lost = [f for f in (film, group[0]) if f.file in seen]
            handled = OTHER_LABEL if film.file in contradicting else IN_TEST if lost else SAME_PATIENT
            duplicates.append(Duplicate(film.file, group[0].file, kind, handled))
    for film in films:
        if film.file in contradicting:
            left.append(LeftOut(film.file, "a copy of it has the other label", "duplicate", film.role))
        elif film.file in seen:
            left.append(LeftOut(film.file, "it, or its patient, is in the test set", "patient", film.role))
    gone = contradicting | seen
    return [film for film in films if film.file not in gone], duplicates, left


def _owners(copies: Sequence[Sequence[FoundFilm]]) -> dict[str, str]:
    """Join the patients whose films are copies of each other; each is named as the first of them."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.get(name, name) != name:
            name = parent[name]
        return name

    for group in copies:
        first = root(group[0].patient)
        for film in group[1:]:
            parent[root(film.patient)] = first
    return {name: root(name) for group in copies for name in (film.patient for film in group)}

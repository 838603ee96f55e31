"""What a training would learn from: every image read once, before anything starts. Needs no torch."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput, Cancelled, TbcadError
from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.networks.decoding import decode_one, require_grid
from napari_tbcad.networks.missing_classes import missing_classes, without_pixels
from napari_tbcad.networks.samples import Row, Sample, list_rows, require_own_files
from napari_tbcad.networks.splits import ROLES, split_samples
from napari_tbcad.networks.usable_data import without_unreadable as without_unreadable

NO_ROLE = ""
"""Role of everybody where the split is refused."""


@dataclass(frozen=True)
class Unusable:
    """An image that cannot be trained on.

    Parameters
    ----------
    path : Path
        The file at fault.
    cause : str
        What is wrong with it.
    source : str
        Name of its collection.
    collection : int
        Number of that among the configuration's collections, from 0.
    row : mapping of str to str
        Its row of the collection's table.
    """

    path: Path
    cause: str
    source: str = ""
    collection: int = 0
    row: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CollectionSurvey:
    """A collection: how many images and patients can be used, and what cannot."""

    name: str
    images: int
    patients: int
    unreadable: tuple[Unusable, ...] = ()


@dataclass(frozen=True)
class Counted:
    """Numbers of images and patients."""

    images: int
    patients: int


@dataclass(frozen=True)
class ClassSurvey:
    """A class, by role (``train``, ``validation``, ``test``).

    Parameters
    ----------
    value, name
        Of the label scheme.
    images, patients : mapping of str to int
        With at least one pixel of it on the network's grid.
    share : mapping of str to float
        Of the pixels about which the labels make a statement.
    """

    value: int
    name: str
    images: Mapping[str, int]
    patients: Mapping[str, int]
    share: Mapping[str, float]


@dataclass(frozen=True)
class Survey:
    """What was found.

    Parameters
    ----------
    collections : tuple of CollectionSurvey
    classes : tuple of ClassSurvey
        Background first.
    roles : mapping of str to Counted
        Who is trained on, watched and held out; one role "" with everybody where the split is refused.
    refusals : tuple of str
        What makes a training impossible. Unreadable images are none: :func:`without_unreadable`.
    warnings : tuple of str
        What makes it less than it could be.
    images_an_epoch : float
        Images shown in an epoch: those trained on, by their weights.
    seconds : float
        How long it took.
    """

    collections: tuple[CollectionSurvey, ...]
    classes: tuple[ClassSurvey, ...]
    roles: Mapping[str, Counted]
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    images_an_epoch: float = 0.0
    seconds: float = 0.0

    @property
    def unreadable(self) -> tuple[Unusable, ...]:
        """Every image that cannot be used."""
        return tuple(one for collection in self.collections for one in collection.unreadable)

    @property
    def possible(self) -> bool:
        """Whether nothing is in the way of a training without the unreadable images."""
        return not self.refusals


def survey(
    config: TrainingConfig,
    *,
    progress: Callable[[int, int, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Survey:
    """Read every image and label image that a training would learn from.

    Each is brought onto the network's grid as for the training, and kept in ``data.cache`` where that is
    given, so that the training does not read it again.

    Parameters
    ----------
    config : TrainingConfig
        The training.
    progress : callable, optional
        Given the number of images read, their total and a file name.
    cancelled : callable, optional
        Asked before every image.

    Returns
    -------
    Survey
        What cannot be read or used is in it by file and cause; it does not end the survey.

    Raises
    ------
    Cancelled
        If `cancelled` said so.
    """
    from napari_tbcad.networks.survey_warnings import fault_of_start, warnings_of

    began = time.perf_counter()
    listed, unusable, refusals = _listed(config)
    seen: list[Seen] = []
    for number, one in enumerate(listed):
        if cancelled is not None and cancelled():
            raise Cancelled("the survey was stopped")
        if progress is not None:
            progress(number, len(listed), one.sample.name)
        try:
            seen.append(_seen(one, config))
        except (TbcadError, OSError, MemoryError) as fault:
            unusable.append(_unusable(fault, one.sample.image, config, one.collection, one.row))
    if progress is not None:
        progress(len(listed), len(listed), "")
    by_role = _by_role(seen, config, refusals)
    classes = tuple(_class(value, name, by_role) for value, name in enumerate(config.classes))
    learned = {one.value for one in classes if one.images.get("train", 0)}
    if by_role.get("train") and (missing := missing_classes(learned, config)):
        refusals.append(without_pixels(missing, config.task))
    if start := fault_of_start(config):
        refusals.append(start)
    return Survey(
        tuple(
            CollectionSurvey(
                source.name,
                sum(one.collection == number for one in seen),
                len({one.sample.patient for one in seen if one.collection == number}),
                tuple(one for one in unusable if one.collection == number),
            )
            for number, source in enumerate(config.data.sources)
        ),
        classes,
        {role: Counted(len(those), _patients(those)) for role, those in by_role.items()},
        tuple(refusals),
        warnings_of(by_role, classes, config),
        images_an_epoch=sum(one.sample.weight for one in by_role.get("train", ())),
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True)
class _Listed:
    """A sample that is to be read: its collection, its row there."""

    collection: int
    row: Row
    sample: Sample


@dataclass(frozen=True, eq=False)
class Seen(_Listed):
    """A sample that was read: pixels of every class on the grid, and a digest of the image."""

    pixels: NDArray[np.int64]
    content: bytes


def _listed(config: TrainingConfig) -> tuple[list[_Listed], list[Unusable], list[str]]:
    """Return what is to be read, what cannot be, and what is wrong with whole collections."""
    listed: list[_Listed] = []
    unusable: list[Unusable] = []
    refusals = [] if config.data.sources else ["no collection of images is named"]
    try:
        require_grid(config.input)
    except BadInput as fault:
        return [], [], [*refusals, str(fault)]
    for number, source in enumerate(config.data.sources):
        try:
            rows = list_rows(source, config.scheme)
        except BadInput as fault:
            refusals.append(f"{source.name}: {fault}")
            continue
        whole = [(row, sample) for row, sample in rows if isinstance(sample, Sample)]
        try:
            if source.layout != "films":
                require_own_files([row for row, _ in whole], [sample for _, sample in whole])
        except BadInput as fault:
            refusals.append(f"{source.name}: {fault}")
        listed += [_Listed(number, row, sample) for row, sample in whole]
        unusable += [
            _unusable(fault, Path(row.get("image", "")), config, number, row)
            for row, fault in rows
            if isinstance(fault, BadInput)
        ]
    return listed, unusable, refusals


def _unusable(fault: Exception, image: Path, config: TrainingConfig, collection: int, row: Row) -> Unusable:
    path, cause = image, str(fault)
    if isinstance(fault, BadInput):
        path, cause = Path(fault.source), fault.cause
    elif isinstance(fault, OSError):
        cause = f"cannot be read ({fault.strerror or fault})"
    elif isinstance(fault, MemoryError):
        cause = "there is not enough memory to read it"
    return Unusable(path, cause, config.data.sources[collection].name, collection, dict(row))


def _seen(one: _Listed, config: TrainingConfig) -> Seen:
    image, labels = decode_one(one.sample, config.input, cache=config.data.cache)
    pixels = np.bincount(labels.ravel(), minlength=256)[: len(config.classes)]
    content = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
    return Seen(one.collection, one.row, one.sample, pixels, content)


def _by_role(
    seen: Sequence[Seen], config: TrainingConfig, refusals: list[str]
) -> dict[str, tuple[Seen, ...]]:
    """Return who is in which role; everybody in none where the split is refused, which is added."""
    try:
        split = split_samples([one.sample for one in seen], config.data, config.seed)
    except BadInput as fault:
        # Of nothing that could be read the cause was told before.
        refusals += [str(fault)] if seen or not refusals else []
        return {NO_ROLE: tuple(seen)}
    known = {id(one.sample): one for one in seen}
    return {role: tuple(known[id(sample)] for sample in getattr(split, role)) for role in ROLES}


def _class(value: int, name: str, by_role: Mapping[str, Sequence[Seen]]) -> ClassSurvey:
    having = {role: [one for one in those if one.pixels[value]] for role, those in by_role.items()}
    totals = {role: sum(int(one.pixels.sum()) for one in those) for role, those in by_role.items()}
    return ClassSurvey(
        value,
        name,
        {role: len(those) for role, those in having.items()},
        {role: _patients(those) for role, those in having.items()},
        {
            role: sum(int(one.pixels[value]) for one in those) / max(1, totals[role])
            for role, those in having.items()
        },
    )


def _patients(seen: Sequence[Seen]) -> int:
    return len({one.sample.patient for one in seen})

"""One film, once read and once segmented by each segmenter, measured for every variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.evaluating.plans import Plan
from napari_tbcad.batch.faults import said_of
from napari_tbcad.content import content_key, digest
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.segmenters import Unusable

if TYPE_CHECKING:
    from napari_tbcad.chain import Run
    from napari_tbcad.chest.lungs.atlas import Atlas
    from napari_tbcad.chest.lungs.fields import SoftLungs
    from napari_tbcad.imaging.radiograph import Radiograph
    from napari_tbcad.io.datasets import LungFiles


@dataclass(frozen=True)
class ReaderMasks:
    """A reader's masks of one film: files of their kinds, or reference lungs for both.

    Parameters
    ----------
    sensitive, insensitive : Path, optional
        Masks given as such.
    lungs : LungFiles, optional
        Reference lungs, from which both masks are made as from a segmenter's.
    content : str
        Digest of the files.
    """

    sensitive: Path | None = None
    insensitive: Path | None = None
    lungs: LungFiles | None = None
    content: str = ""


@dataclass(frozen=True)
class FilmTask:
    """One film and what is wanted of it.

    Parameters
    ----------
    path : Path
        The film.
    content : str
        SHA-256 of the file.
    plans : tuple of Plan
        Those that were not measured yet.
    reader : ReaderMasks, optional
        For plans with reference masks.
    """

    path: Path
    content: str
    plans: tuple[Plan, ...]
    reader: ReaderMasks | None = None

    def key(self, plan: Plan) -> str:
        """Return what the values of a plan depend on beside its settings: the film, and a reader's masks."""
        if plan.masks == "automatic" or self.reader is None:
            return self.content
        return f"{self.content}+{self.reader.content}"


@dataclass(frozen=True)
class FilmValues:
    """What one plan gave for one film, or why it gave nothing.

    Parameters
    ----------
    content, settings, feature_set : str
        Key: of the file (and a reader's masks), of the plan.
    networks : str
        Of the plan.
    inside : mapping
        Features by name.
    elsewhere : mapping
        The same families where no lung is, by control (``outside_lungs``, ``image_border``).
    grey : tuple of float
        Shares of grey levels in the lungs.
    pixels : str
        Digest of the decoded film, by which copies in another file are told.
    dice : float or None
        Of the automatic and the reference insensitive mask, for a plan with reference masks.
    doubt : float or None
        How undecided the segmenter is about the lungs.
    error : str
        Why there are no values.
    lasting : bool
        False for an error that is not of the film, and may be gone with more memory or another library.
    seconds : float
        Wall time of this plan.
    """

    content: str
    settings: str
    feature_set: str
    inside: Mapping[str, float] = dataclass_field(default_factory=dict)
    elsewhere: Mapping[str, Mapping[str, float]] = dataclass_field(default_factory=dict)
    grey: tuple[float, ...] = ()
    pixels: str = ""
    dice: float | None = None
    doubt: float | None = None
    error: str = ""
    lasting: bool = True
    seconds: float = 0.0
    networks: str = ""


@dataclass(frozen=True)
class FilmJob:
    """Measures a film; small enough to be sent to other processes.

    Parameters
    ----------
    atlas : str, optional
        Path of an atlas; the packaged one when not given.
    """

    atlas: str | None = None

    def __call__(self, task: FilmTask) -> list[FilmValues]:
        """Return one entry a plan, an error in the place of what could not be measured."""
        return list(_measured(task, self.atlas))


def _measured(task: FilmTask, atlas: str | None) -> Iterator[FilmValues]:
    from napari_tbcad.io.read import read_film

    try:
        film = read_film(task.path)
        pixels = content_key(film.pixels)
    except Exception as error:
        for plan in task.plans:
            yield _failed(task, plan, error)
        return
    run: Run | None = None
    for number, plan in enumerate(task.plans):
        if number and plan.segmenter != task.plans[number - 1].segmenter:
            run = None  # other masks: what was kept of the last ones would only take memory
        try:
            run = _configured(run, film, plan, atlas, pixels)
            yield replace(_values(run, task, plan), pixels=pixels)
        except Exception as error:
            yield _failed(task, plan, error, pixels)


def _configured(run: Run | None, film: Radiograph, plan: Plan, atlas: str | None, pixels: str) -> Run:
    from napari_tbcad.chest.workflow import settings_from, start

    settings = settings_from(plan.assignments)
    if run is None:
        return start(film, settings, library=read_atlas(atlas), film_key=digest(film.source, pixels))
    run.configure(settings)
    return run


def _failed(task: FilmTask, plan: Plan, error: Exception, pixels: str = "") -> FilmValues:
    return FilmValues(
        task.key(plan),
        plan.settings,
        plan.feature_set,
        pixels=pixels,
        error=said_of(task.path, error),
        lasting=_is_of_the_film(error),
        networks=plan.networks,
    )


def _is_of_the_film(error: Exception) -> bool:
    """Tell an error of the film itself from one of a missing library, a network or the machine."""
    # What a library said below may be gone with another one, and is soon asked again.
    passing = isinstance(error, (ModelRefused, Unusable)) or error.__cause__ is not None
    return isinstance(error, BadInput) and not passing


def _values(run: Run, task: FilmTask, plan: Plan) -> FilmValues:
    import time

    from napari_tbcad.chest.feature_sets import has_opacities
    from napari_tbcad.chest.views import lung_histogram
    from napari_tbcad.evaluate.controls import features_elsewhere
    from napari_tbcad.evaluate.correction import mask_doubt

    began = time.perf_counter()
    settings: Any = run.settings
    soft = _automatic_lungs(run, task)
    dice = None
    if plan.masks == "reference":
        dice = _give_reference(run, task)
    if has_opacities(settings.features.feature_set):
        _require_opacities(run, task)
    features, work, enhanced, insensitive = run.compute("features", "work", "enhanced", "insensitive")
    image = enhanced if settings.features.image == "enhanced" else work
    grey = lung_histogram(image, insensitive, kind=settings.features.image)
    return FilmValues(
        task.key(plan),
        plan.settings,
        plan.feature_set,
        features.as_dict(),
        {} if plan.masks == "reference" else features_elsewhere(run),
        tuple(round(float(share), 9) for share in grey),
        dice=dice,
        doubt=mask_doubt(soft.pixels) if plan.masks == "automatic" else None,
        seconds=time.perf_counter() - began,
        networks=plan.networks,
    )


def _automatic_lungs(run: Run, task: FilmTask) -> SoftLungs:
    """Return what the segmenter found; raises where another one stood in for it."""
    run.compute("soft")
    soft: SoftLungs = run.get("soft", automatic=True)
    settings: Any = run.settings
    if soft.segmenter != settings.lungs.segmenter:
        # A data set of mixed masks would say something of the segmenters, too; so would their agreement with
        # a reader's.
        raise Unusable(task.path, soft.warnings[0])
    return soft


def _require_opacities(run: Run, task: FilmTask) -> None:
    """Say that it was the network, and not the film, where there are no opacities."""
    from napari_tbcad.chest.opacities import NoOpacities

    run.compute("insensitive")  # a film without lungs need not ask the network
    (found,) = run.compute("opacities")
    if isinstance(found, NoOpacities):
        raise Unusable(task.path, f"the feature set needs opacities: {found.cause}")


def _give_reference(run: Run, task: FilmTask) -> float:
    """Put a reader's masks before the automatic ones; return the Dice overlap of the insensitive ones."""
    import numpy as np

    from napari_tbcad.chest.edits import give_mask
    from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, SoftLungs
    from napari_tbcad.chest.lungs.masks import LONGEST
    from napari_tbcad.edits import labels_dice
    from napari_tbcad.imaging.grid import grid_shape, resize_labels
    from napari_tbcad.io.clinic.segmentation_subject import subject_notes
    from napari_tbcad.io.masks import read_mask

    reader = task.reader or ReaderMasks()
    (automatic,) = run.compute("insensitive")
    shape = run.get("upright").shape
    if reader.lungs is not None:
        labels = resize_labels(reader.lungs.read(shape), grid_shape(shape, LONGEST))
        both = np.stack([labels == RIGHT, labels == LEFT]).astype(np.float32)
        run.put("soft", SoftLungs(both, shape, segmenter="reference"))
    else:
        for kind, path in (("sensitive", reader.sensitive), ("insensitive", reader.insensitive)):
            if path is not None:
                subject_notes(path, task.path)
                give_mask(run, read_mask(path, shape), kind, tool="file")  # type: ignore[arg-type]
    (given,) = run.compute("insensitive")
    return float(labels_dice(automatic.labels, given.labels))


@lru_cache(maxsize=1)
def read_atlas(path: str | None) -> Atlas | None:
    """Read an atlas once a process; None for the packaged one."""
    from napari_tbcad.chest.lungs.atlas import load_atlas

    return load_atlas(path) if path else None


def atlas_digest(path: str | None) -> str | None:
    """Return what the content of an atlas file is known by; None for the packaged one."""
    atlas = read_atlas(path)
    return None if atlas is None else atlas.digest

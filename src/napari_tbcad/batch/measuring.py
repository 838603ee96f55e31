"""Features of a whole data set, inside the lungs and outside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.faults import said_of
from napari_tbcad.batch.pool import each
from napari_tbcad.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from napari_tbcad.chest.lungs.atlas import Atlas


@dataclass(frozen=True)
class Measured:
    """Features of one film inside and outside the lungs, or why there are none.

    `grey` is the share of the lungs' pixels in each bin of :data:`napari_tbcad.chest.views.GREY_EDGES`.
    """

    path: Path
    inside: Mapping[str, float] = dataclass_field(default_factory=dict)
    outside: Mapping[str, float] = dataclass_field(default_factory=dict)
    grey: tuple[float, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class MeasureJob:
    """How films are measured; small enough to be sent to other processes.

    Parameters
    ----------
    assignments : mapping, optional
        Settings that differ from the defaults.
    atlas : str, optional
        Path of an atlas; the packaged one when not given.
    """

    assignments: Mapping[str, Any] = dataclass_field(default_factory=dict)
    atlas: str | None = None

    def __call__(self, path: Path) -> Measured:
        """Measure one film; an error is returned, not raised."""
        try:
            return _measure(path, self)
        except Exception as error:  # one film's defect of ours must not end the batch
            return Measured(path, error=said_of(path, error))


def _measure(path: Path, job: MeasureJob) -> Measured:
    from napari_tbcad.chest.views import lung_histogram
    from napari_tbcad.chest.workflow import settings_from, start
    from napari_tbcad.evaluate.controls import OUTSIDE_LUNGS, features_elsewhere
    from napari_tbcad.io.read import read_film

    settings = settings_from(job.assignments)
    run = start(read_film(path), settings, library=_atlas(job.atlas))
    features, work, enhanced, insensitive = run.compute("features", "work", "enhanced", "insensitive")
    soft = run.get("soft")
    if soft.segmenter != settings.lungs.segmenter:
        # A data set of mixed masks would say something of the segmenters, too.
        raise BadInput(path, soft.warnings[0])
    image = enhanced if settings.features.image == "enhanced" else work
    # Empty where lungs fill the film, or what is around them is one flat grey.
    outside = features_elsewhere(run, [OUTSIDE_LUNGS])[OUTSIDE_LUNGS]
    grey = lung_histogram(image, insensitive, kind=settings.features.image)
    return Measured(path, features.as_dict(), outside, tuple(grey.tolist()))


def require_networks(settings: Any) -> None:
    """Refuse a data set, before its first film is measured, when a network it needs is not to be had.

    Parameters
    ----------
    settings : ChestSettings
        Of all films.

    Raises
    ------
    ModelRefused
        If the lung network or that of the opacities is missing, damaged or of another task. Nothing stands in
        for the lung network here, as it does for a single film.
    BadInput
        If the features need opacities, which are switched off.
    """
    from napari_tbcad.chest.lungs.network import require_named
    from napari_tbcad.chest.opacities import require_opacities
    from napari_tbcad.networks.models import locate

    if settings.lungs.segmenter == "network":
        locate(settings.lungs.network.model)
        require_named(settings.lungs)
    require_opacities(settings)


@lru_cache(maxsize=1)
def _atlas(path: str | None) -> Atlas | None:
    from napari_tbcad.chest.lungs.atlas import load_atlas

    return load_atlas(path) if path else None


@dataclass(frozen=True)
class Tables:
    """Feature tables of a data set.

    Parameters
    ----------
    inside, outside : DataFrame
        One row a film (index: the path as given), one column a feature; the films of both are the same.
        A film of which nothing outside the lungs can be measured has NaN there.
    errors : mapping
        Message by path of the films that could not be measured.
    grey : DataFrame, optional
        Shares of grey levels inside the lungs, the same rows; None for tables that were kept without.
    """

    inside: pd.DataFrame
    outside: pd.DataFrame
    errors: Mapping[str, str]
    grey: pd.DataFrame | None = None


def measure_films(
    paths: Sequence[Path],
    job: MeasureJob,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Tables:
    """Measure films inside and outside the lungs.

    Parameters
    ----------
    paths : sequence of Path
        Films.
    job : MeasureJob
        How.
    workers, scheduler, cancelled
        See :func:`napari_tbcad.batch.pool.each`.
    progress : callable, optional
        Called with the share done and a text.

    Raises
    ------
    BadInput
        If no film could be measured.
    """
    import pandas as pd

    measured = []
    for row in each(job, list(paths), workers=workers, scheduler=scheduler, cancelled=cancelled):
        measured.append(row)
        if progress is not None:
            progress(len(measured) / len(paths), row.error or row.path.name)
    good = [row for row in measured if not row.error]
    errors = {row.path.as_posix(): row.error for row in measured if row.error}
    if not good:
        raise BadInput("data set", f"no film could be measured; the first: {next(iter(errors.values()), '')}")
    index = pd.Index([row.path.as_posix() for row in good], name="file")
    inside = pd.DataFrame([row.inside for row in good], index=index)
    outside = pd.DataFrame([row.outside for row in good], index=index)
    grey = pd.DataFrame([row.grey for row in good], index=index)
    return Tables(inside, outside, errors, grey)

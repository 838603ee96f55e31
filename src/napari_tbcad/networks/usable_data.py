"""A training without the images that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.files import write_csv, written_whole
from napari_tbcad.networks.config import DataSource, TrainingConfig
from napari_tbcad.networks.samples import Sample, list_rows

if TYPE_CHECKING:
    from napari_tbcad.networks.survey import Survey, Unusable


def without_unreadable(config: TrainingConfig, survey: Survey, folder: Path) -> TrainingConfig:
    """Return a training that leaves out what a survey could not use.

    Parameters
    ----------
    config : TrainingConfig
        The training that was surveyed.
    survey : Survey
        What was found.
    folder : Path
        Where tables of the other images are written, one for each collection that has one left out; of a
        chest data set with its own layout also its label images.

    Returns
    -------
    TrainingConfig
        Its split is the one that the survey shows. Images stay where they are.

    Raises
    ------
    BadInput
        If a collection cannot be listed any more.
    """
    sources = list(config.data.sources)
    for number, source in enumerate(sources):
        out = [one for one in survey.unreadable if one.collection == number]
        if out:
            sources[number] = _without(source, config, out, folder / f"usable-{number}")
    kept = tuple(
        source
        for source, found in zip(sources, survey.collections, strict=True)
        if found.images or not found.unreadable
    )
    return config.model_copy(update={"data": config.data.model_copy(update={"sources": kept})})


def _without(source: DataSource, config: TrainingConfig, out: Sequence[Unusable], place: Path) -> DataSource:
    left = {_key(one.row) for one in out}
    rows = [(row, s) for row, s in list_rows(source, config.scheme) if _key(row) not in left]
    table = place.with_suffix(".csv").absolute()
    if source.layout == "films":
        return _as_folder(source, [s for _, s in rows if isinstance(s, Sample)], place.absolute(), table)
    columns = list(dict.fromkeys(name for row, _ in rows for name in row if name))
    write_csv(table, columns, [row for row, _ in rows])
    # A path that is absolute stays what it is when it is joined to the collection's folder.
    return source.model_copy(update={"table": table.as_posix()})


def _key(row: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(name), str(value)) for name, value in row.items()))


def _as_folder(source: DataSource, samples: Sequence[Sample], place: Path, table: Path) -> DataSource:
    """Write the labels of a chest data set as label images, and a table that says whose they are."""
    import imageio.v3 as iio

    rows = []
    for number, sample in enumerate(samples):
        label = place / f"{number}-{sample.image.stem}.png"
        with written_whole(label) as temporary:
            iio.imwrite(temporary, sample.read()[1])
        rows.append({"image": sample.image.as_posix(), "label": label.as_posix(), "patient": sample.patient})
    write_csv(table, ("image", "label", "patient"), rows)
    return source.model_copy(
        update={"layout": "folder", "images": ".", "labels": place.as_posix(), "table": table.as_posix()}
    )

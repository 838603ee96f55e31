"""The skeleton regions of a comparison's images: given with the data, or found once and kept."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput
from napari_tbcad.files import read_rows
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView
from napari_tbcad.io.labels import read_labels, write_labels
from napari_tbcad.networks.config import DataSource
from napari_tbcad.networks.samples import Sample
from napari_tbcad.schemes import REGION_NAMES

COLUMN = "regions"
"""Column of a collection's table that names an image's region image."""

Find = Callable[[BoneScan], Mapping[str, NDArray[np.uint8] | None]]


class RegionImages:
    """Skeleton regions of samples: asked as a function, which is what scoring takes.

    Parameters
    ----------
    samples : sequence of Sample
        All that may be asked about, of both views: the views of a patient are given to the segmenter
        together.
    folder : Path
        Where found regions are kept for the next time, as PNG.
    given : mapping of Path to Path, optional
        Region images that the data set has, by image (:func:`given_regions`).
    find : callable, optional
        Scan to region labels by view; the packaged segmenter when not given.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        folder: Path,
        *,
        given: Mapping[Path, Path] | None = None,
        find: Find | None = None,
    ) -> None:
        self._folder, self._given = folder, dict(given or {})
        self._find = find or _packaged
        self._partners: dict[tuple[str, str], list[Sample]] = defaultdict(list)
        for sample in samples:
            known = self._partners[sample.source, sample.patient]
            if sample.image not in {one.image for one in known}:
                known.append(sample)

    def __call__(self, sample: Sample) -> NDArray[np.uint8]:
        """Return the regions (H, W) of a sample's view, 0 outside.

        Raises
        ------
        BadInput
            If an image cannot be read, or given regions are not on its grid.
        """
        if (path := self._given.get(sample.image)) is not None:
            shape = sample.pixels().shape
            return np.asarray(read_labels(path, shape, most=len(REGION_NAMES)), np.uint8)
        kept = self._path(sample)
        if not kept.is_file():
            self._find_all(sample)
        return np.asarray(read_labels(kept, most=len(REGION_NAMES)), np.uint8)

    def _path(self, sample: Sample) -> Path:
        stat = sample.image.stat()
        key = digest(str(sample.image.resolve()), str(stat.st_mtime_ns), str(stat.st_size), _segmenter())[:8]
        plain = re.sub(r"[^\w.-]+", "_", f"{sample.source}__{sample.patient}")
        return self._folder / f"{plain}_{sample.view}_{key}.png"

    def _find_all(self, sample: Sample) -> None:
        """Find the regions of both views of a patient and keep them."""
        own = self._partners[sample.source, sample.patient]
        pair = own if sorted(one.view for one in own) == sorted(VIEWS) else [sample]
        images = {one.view: ScanView(np.clip(one.pixels(), 0, None)) for one in pair}
        if len({image.counts.shape for image in images.values()}) > 1:
            pair, images = [sample], {sample.view: images[sample.view]}
        scan = BoneScan(
            images.get("anterior"), images.get("posterior"), unit="grey", source=str(sample.image)
        )
        found = self._find(scan)
        for one in pair:
            labels = found.get(one.view)
            if labels is None:
                raise BadInput(one.image, f"no regions were found in its {one.view or 'unnamed'} view")
            write_labels(self._path(one), labels)


def given_regions(sources: Iterable[DataSource]) -> dict[Path, Path]:
    """Return the region images that tables name in their column ``regions``, by image.

    A region image has values 0 to 12 (:data:`~napari_tbcad.schemes.REGION_NAMES`) on the image's own grid;
    its path is relative to the collection's folder. An empty cell: the regions of this image are found.

    Raises
    ------
    BadInput
        If a table cannot be read or an image that it names is not there.
    """
    found: dict[Path, Path] = {}
    for source in sources:
        if not source.table:
            continue
        table = source.folder / source.table
        for row in _rows(table):
            if not row.get(COLUMN):
                continue
            name, regions = row.get("image") or row.get("file") or "", source.folder / row[COLUMN]
            if not regions.is_file():
                raise BadInput(regions, f"{table.name} names these regions of {name}, but they are not there")
            inside = source.folder / source.images
            places = (inside / name, source.folder / name, inside / Path(name).name)
            # The first alone, as samples are found: another place may be another row's image.
            if (image := next((place for place in places if place.is_file()), None)) is not None:
                found[image] = regions
    return found


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            return list(read_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(table, f"cannot be read as a table ({error})") from error


def _packaged(scan: BoneScan) -> dict[str, NDArray[np.uint8] | None]:
    from napari_tbcad.bone.skeleton import find_regions

    found = find_regions(scan)
    return {view: found.labels(view) for view in VIEWS}


def _segmenter() -> str:
    """Return what names the packaged network's weights."""
    from napari_tbcad.bone.skeleton_network import NetworkParameters

    return NetworkParameters().content_key

"""Judging a network on images with label images: scores, tables, and pictures with the worst first."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput, Cancelled, TbcadError
from napari_tbcad.files import write_csv, written_whole
from napari_tbcad.networks.image_scores import ImageScore, Judged, Predictor, Region, judge, score_columns
from napari_tbcad.networks.pictures import Picture, write_pictures
from napari_tbcad.networks.score_tables import (
    CALIBRATION_COLUMNS,
    N_BOOTSTRAP,
    SUMMARY_COLUMNS,
    Summary,
    calibration_rows,
    summarise,
)
from napari_tbcad.schemes import NETWORK_SCHEMES

if TYPE_CHECKING:
    from napari_tbcad.networks.card import NetworkScore
    from napari_tbcad.networks.predict import PredictParameters
    from napari_tbcad.networks.store import Network

OVERLAYS = 40
"""Pictures that are kept, the worst first."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network makes of a data set.

    Parameters
    ----------
    task : str
        Label scheme.
    classes : tuple of str
        Names of its values, background first.
    images : tuple of ImageScore
        One an image that could be judged.
    failed : tuple of mapping
        Rows of those that could not, with the cause.
    pictures : tuple of Picture
        The worst first.
    """

    task: str
    classes: tuple[str, ...]
    images: tuple[ImageScore, ...]
    failed: tuple[Mapping[str, Any], ...] = ()
    pictures: tuple[Picture, ...] = ()

    def summary(self, *, n_bootstrap: int = N_BOOTSTRAP) -> list[Summary]:
        """Return every number with its interval; see :func:`summarise`."""
        return summarise(self.images, n_bootstrap=n_bootstrap)

    def rows(self) -> list[Mapping[str, Any]]:
        """Return the rows of scores.csv, the worst first, then those that failed."""
        worst_first = sorted(self.images, key=lambda one: -one.badness)
        return [*(one.row() for one in worst_first), *self.failed]

    def scores(
        self, design: str, metrics: Iterable[str] = ("dice", "iou", "auc")
    ) -> tuple[NetworkScore, ...]:
        """Return the pooled scores as a network's card keeps them.

        Parameters
        ----------
        design : str
            How they were measured, such as ``"5-fold, out of fold, jsrt"``.
        metrics : iterable of str, optional
            Which.
        """
        from napari_tbcad.networks.card import NetworkScore

        wanted = tuple(metrics)
        return tuple(
            NetworkScore(
                design=design if one.source == "all" else f"{design}, {one.source}",
                metric=f"{one.metric} {one.group}",
                value=one.value,
                low=one.low if np.isfinite(one.low) else None,
                high=one.high if np.isfinite(one.high) else None,
                n=one.images,
            )
            for one in self.summary()
            if one.metric in wanted and np.isfinite(one.value)
        )

    def write(self, out: str | Path, *, n_bootstrap: int = N_BOOTSTRAP) -> list[Summary]:
        """Write scores.csv, summary.csv, calibration.csv and overlays/ into a folder.

        Returns
        -------
        list of Summary
            What stands in summary.csv.

        Raises
        ------
        BadInput
            If the place cannot be written or the disk is full.
        """
        out, lines = Path(out), self.summary(n_bootstrap=n_bootstrap)
        try:
            write_csv(out / "scores.csv", score_columns(self.classes), self.rows())
            write_csv(out / "summary.csv", SUMMARY_COLUMNS, [line.row() for line in lines])
            write_csv(out / "calibration.csv", CALIBRATION_COLUMNS, calibration_rows(self.images))
            write_pictures(out / "overlays", self.pictures, NETWORK_SCHEMES[self.task])
        except OSError as error:
            raise BadInput(out, f"cannot write there ({error.strerror or error})") from error
        return lines


def joined(parts: Sequence[Evaluation], *, folds: Sequence[str] | None = None) -> Evaluation:
    """Gather the evaluations of several networks on different images, such as those of folds.

    Parameters
    ----------
    parts : sequence of Evaluation
        Of one task.
    folds : sequence of str, optional
        Name of each, written beside its images.

    Raises
    ------
    BadInput
        If they are of different tasks, or an image was judged twice.
    """
    if len({(one.task, one.classes) for one in parts}) != 1:
        raise BadInput("evaluations", "they are of different tasks")
    names = list(folds) if folds is not None else [""] * len(parts)
    images = [replace(i, fold=n or i.fold) for n, one in zip(names, parts, strict=True) for i in one.images]
    seen: set[tuple[str, str]] = set()
    for one in images:
        if (one.source, one.name) in seen:
            raise BadInput(one.name, f"this image of {one.source or 'the data set'} was judged twice")
        seen.add((one.source, one.name))
    failed = [{**row, "fold": n} for n, one in zip(names, parts, strict=True) for row in one.failed]
    pictures = heapq.nlargest(OVERLAYS, (p for one in parts for p in one.pictures), key=lambda p: p.badness)
    return Evaluation(parts[0].task, parts[0].classes, tuple(images), tuple(failed), tuple(pictures))


def evaluate(
    network: Network,
    samples: Sequence[Judged],
    *,
    parameters: PredictParameters | None = None,
    region: Region | None = None,
    distances: bool = True,
    spacing_mm: tuple[float, float] | None = None,
    n_pictures: int = OVERLAYS,
    keep: Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Evaluation:
    """Judge a network on images with label images.

    Parameters
    ----------
    network : Network
        The network.
    samples : sequence of Judged
        Images and labels of the network's label scheme; 255 in a label image makes no statement.
    parameters : PredictParameters, optional
        Device, tiles and test-time augmentation.
    region : callable, optional
        Where probabilities are judged (AUC, calibration), such as inside the lungs. Overlap and distances
        are always those of the whole image.
    distances : bool, optional
        Measure distances of outlines as well.
    spacing_mm : (float, float), optional
        Row and column spacing of the pixels, where all images have the same: distances in mm as well.
    n_pictures : int, optional
        How many pictures to keep, the worst first.
    keep : Path, optional
        Folder in which every image's probabilities are kept (``SOURCE__NAME.npz``, array ``probabilities``,
        float16 (K, h, w)).
    progress : callable, optional
        Called with the number done, the number of all, and the image's name.
    cancelled : callable, optional
        Asked between images.

    Returns
    -------
    Evaluation
        An image that cannot be judged becomes a row with its cause; the others go on.

    Raises
    ------
    BadInput
        If there is no image, or not one could be judged.
    Cancelled
        If `cancelled` says so.
    """
    card = network.card
    return evaluate_with(
        _predictor(network, parameters),
        samples,
        task=card.task,
        classes=tuple(card.classes),
        region=region,
        distances=distances,
        spacing_mm=spacing_mm,
        n_pictures=n_pictures,
        keep=keep,
        progress=progress,
        cancelled=cancelled,
    )


def _predictor(network: Network, parameters: PredictParameters | None) -> Predictor:
    from napari_tbcad.networks.devices import choose_device
    from napari_tbcad.networks.predict import PredictParameters as Parameters
    from napari_tbcad.networks.predict import predict

    settings = parameters or Parameters()
    choose_device(settings.device)  # said once, before the first image is read

    def run(pixels: NDArray[np.float32], view: str) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        found = predict(network, pixels, settings, view=view)
        return found.probabilities, tuple(found.messages)

    return run


def evaluate_with(
    predictor: Predictor,
    samples: Sequence[Judged],
    *,
    task: str,
    classes: tuple[str, ...],
    region: Region | None = None,
    distances: bool = True,
    spacing_mm: tuple[float, float] | None = None,
    n_pictures: int = OVERLAYS,
    keep: Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Evaluation:
    """Judge whatever gives probabilities; see :func:`evaluate`."""
    if not samples:
        raise BadInput("images", "there is none to judge")
    images: list[ImageScore] = []
    failed: list[dict[str, Any]] = []
    worst: list[tuple[float, int, Picture]] = []
    for number, sample in enumerate(samples):
        if cancelled is not None and cancelled():
            raise Cancelled("evaluation stopped")
        try:
            score, picture, probabilities = judge(
                predictor, sample, classes, region=region, distances=distances, spacing_mm=spacing_mm
            )
        except (TbcadError, OSError, MemoryError) as error:
            if isinstance(error, Cancelled):
                raise
            said = str(error) or type(error).__name__
            failed.append(_head(sample) | {"status": "error", "message": said})
        else:
            images.append(score)
            entry = (picture.badness, number, picture)
            if len(worst) < n_pictures:
                heapq.heappush(worst, entry)
            elif worst:
                heapq.heappushpop(worst, entry)
            if keep is not None:
                _keep(keep / f"{picture.name}.npz", probabilities)
        if progress is not None:
            progress(number + 1, len(samples), sample.name)
    if not images:
        raise BadInput("images", f"not one could be judged; the first: {failed[0]['message']}")
    pictures = tuple(picture for _, _, picture in sorted(worst, key=lambda entry: (-entry[0], entry[1])))
    return Evaluation(task, classes, tuple(images), tuple(failed), pictures)


def _head(sample: Judged) -> dict[str, Any]:
    return {"image": sample.name, "patient": sample.patient, "source": sample.source}


def _keep(path: Path, probabilities: NDArray[np.float32]) -> None:
    try:
        with written_whole(path) as temporary:
            np.savez_compressed(temporary, probabilities=probabilities.astype(np.float16))
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror or error})") from error


def headline(lines: Sequence[Summary]) -> list[str]:
    """Return the few lines a person reads first."""
    wanted = ("dice", "dice_worst", "auc", "hd95_px_median", "hd95_mm_median")
    return [
        f"{one.source}: {one.metric} of {one.group} {one.value:.3f}"
        + (f" ({one.low:.3f}–{one.high:.3f})" if np.isfinite([one.low, one.high]).all() else "")
        + (f", {one.images} images, {one.patients} patients" if not one.note else f" ({one.note})")
        for one in lines
        if one.metric in wanted and np.isfinite(one.value)
    ]

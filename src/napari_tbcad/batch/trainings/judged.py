"""A freshly trained network and the packaged one on the patients that were held out.

The event, which is also kept as ``judged.json``::

    {"event": "judged", "task": "lungs", "view": "", "images": 20, "patients": 20,
     "names": {"packaged": "lungs", "start": ""},  "" where there is none, or it is the packaged one
     "learned": 20,    held-out patients the packaged network learned from; 0 none, null not known
     "learned_start": 0,           the same of the network that the training was started from
     "warnings": ["only 7 patients are held out: ..."],
     "table": [{"class": "mean"|"right lung"|..., "metric": "dice"|"iou", "new": 0.95,
                "packaged": 0.96, "difference": -0.01, "low": -0.02, "high": 0.004,
                "images": 20, "patients": 20}],
     "overlays": [{"name": "film1", "image": "/data/film1.png", "patient": "p1", "view": "",
                   "new": 0.91, "packaged": 0.93, "picture_new": "...png",
                   "picture_packaged": "...png", "labels": "...png", "mask_new": "...png",
                   "mask_packaged": "...png"}],
     "failed": [["film9.png", "cause"]]}

``difference`` is new − packaged with a 95 % interval (``low``, ``high``). Where the training was started
from another network, rows also have ``start``, ``start_difference``, ``start_low``, ``start_high``. A score
that is not defined, or a network that is not there, is null. ``new`` and ``packaged`` of an overlay are the
mean Dice of the image's classes; label images lie on the image's own grid (uint8, 255 no statement). The
worst image comes first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.trainings.caveats import caveats
from napari_tbcad.batch.trainings.plan import known_to
from napari_tbcad.batch.trainings.scores import COLUMNS, score_table
from napari_tbcad.batch.trainings.state import CONFIG, DATA, JUDGED, MODEL, read_json, write_json
from napari_tbcad.batch.trainings.tasks import FoundData
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused, TbcadError
from napari_tbcad.files import write_csv
from napari_tbcad.schemes import FOUR_CLASS, THREE_CLASS

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.image_scores import ImageScore, Predictor
    from napari_tbcad.networks.pictures import Picture
    from napari_tbcad.networks.samples import Sample
    from napari_tbcad.networks.store import Network

N_OVERLAYS = 8
FOLDER, TABLE = "judged", "table.csv"


def judge_training(
    folder: Path,
    *,
    device: str = "auto",
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Judge the network of a training's folder on the patients held out, beside the packaged one.

    Parameters
    ----------
    folder : Path
        With ``config.yaml`` and ``model.safetensors``; ``judged.json`` and ``judged/`` are written.
    device : str, optional
    progress : callable, optional
        Told the share done and the image.
    cancelled : callable, optional
        Asked between images.

    Returns
    -------
    dict
        See the module. Where nobody is held out the table is empty, and a warning says so.

    Raises
    ------
    BadInput
        If there is no network there, or not one image could be judged.
    Cancelled
        If `cancelled` says so.
    """
    from napari_tbcad.networks.config import load_config
    from napari_tbcad.networks.fit import held_out

    config = load_config(folder / CONFIG)
    samples = held_out(config)
    networks, warnings = _networks(folder, config)
    judging = _Judging(config, {name: _predictor(one, config, device) for name, one in networks.items()})
    for number, sample in enumerate(samples):
        if cancelled is not None and cancelled():
            raise Cancelled("the comparison was stopped")
        if progress is not None:
            progress(number / len(samples), sample.name)
        judging.take(sample)
    if samples and not judging.patients:
        raise BadInput("held-out images", f"not one could be judged; the first: {judging.failed[0][1]}")
    judged = _judged(folder, config, samples, judging, warnings)
    packaged, start = networks.get("packaged"), networks.get("start")
    judged["names"] = {
        "packaged": packaged.card.name if packaged else "",
        "start": Path(config.fit.start_from).stem if start else "",
    }
    _write(folder, judged, judging, config)
    return judged


def _networks(folder: Path, config: TrainingConfig) -> tuple[dict[str, Network], list[str]]:
    """Return the networks that are judged; one that cannot be had is told."""
    from napari_tbcad.networks.models import find_network

    if not (folder / MODEL).is_file():
        raise BadInput(folder, "there is no network yet: the training has not come to its end")
    networks = {"new": find_network(folder / MODEL)}
    packaged = str((read_json(folder / DATA) or {}).get("packaged", ""))
    warnings = []
    start = config.fit.start_from if config.fit.start_from != packaged else ""
    for name, wanted in (("packaged", packaged), ("start", start)):
        try:
            if wanted:
                networks[name] = find_network(wanted)
        except ModelRefused as error:
            warnings.append(f"not compared with {Path(wanted).stem}: {error.cause}")
    return networks, warnings


def _predictor(network: Network, config: TrainingConfig, device: str) -> Predictor:
    """Return what gives the probabilities of the training's classes."""
    from napari_tbcad.networks.predict import PredictParameters, predict

    settings = PredictParameters.model_validate({"device": device})
    narrowed = network.card.task == FOUR_CLASS.name and config.task == THREE_CLASS.name

    def run(pixels: NDArray[np.float32], view: str) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        found = predict(network, pixels, settings, view=view)
        given = found.probabilities
        if narrowed:  # in three classes a normal hotspot is bone
            normal, bone = FOUR_CLASS.ids["normal"], FOUR_CLASS.ids["bone"]
            given = np.delete(given, normal, axis=0)
            given[bone] += found.probabilities[normal]
        return given, tuple(found.messages)

    return run


@dataclass(frozen=True, eq=False)
class _Read:
    """An image read once for all networks."""

    sample: Sample
    pixels: NDArray[np.float32]
    truth: NDArray[np.uint8]

    name = property(lambda self: self.sample.name)
    patient = property(lambda self: self.sample.patient)
    source = property(lambda self: self.sample.source)
    view = property(lambda self: self.sample.view)

    def read(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        return self.pixels, self.truth


@dataclass(frozen=True, eq=False)
class _Overlay:
    """An image with what each network makes of it."""

    read: _Read
    scores: Mapping[str, ImageScore]
    pictures: Mapping[str, Picture]
    masks: Mapping[str, NDArray[np.uint8]]


class _Judging:
    """What was judged so far."""

    def __init__(self, config: TrainingConfig, predictors: Mapping[str, Predictor]) -> None:
        self._config, self._predictors = config, predictors
        self.patients: list[str] = []
        self.counts: dict[str, list[NDArray[np.int64]]] = {name: [] for name in predictors}
        self.failed: list[tuple[str, str]] = []
        self._worst: list[tuple[float, int, _Overlay]] = []

    @property
    def worst(self) -> list[_Overlay]:
        """The worst images of the new network, the worst first."""
        return [one for *_, one in sorted(self._worst, key=lambda entry: (-entry[0], entry[1]))]

    def take(self, sample: Sample) -> None:
        """Judge an image by every network; one that cannot be judged by all is judged by none."""
        try:
            overlay = self._looked_at(sample)
        except (TbcadError, OSError, MemoryError) as error:
            if isinstance(error, Cancelled):
                raise
            self.failed.append((sample.name, str(error) or type(error).__name__))
            return
        self.patients.append(sample.patient)
        for name, score in overlay.scores.items():
            self.counts[name].append(score.counts)
        entry = (overlay.scores["new"].badness, len(self.patients), overlay)
        push = heapq.heappush if len(self._worst) < N_OVERLAYS else heapq.heappushpop
        push(self._worst, entry)

    def _looked_at(self, sample: Sample) -> _Overlay:
        from napari_tbcad.imaging.grid import resize_soft
        from napari_tbcad.networks.image_scores import judge

        read = _Read(sample, *sample.read())
        scores, pictures, masks = {}, {}, {}
        for name, predictor in self._predictors.items():
            scores[name], pictures[name], given = judge(
                predictor, read, self._config.classes, distances=False
            )
            found: NDArray[np.uint8] = resize_soft(given, read.truth.shape).argmax(0).astype(np.uint8)
            masks[name] = found
        return _Overlay(read, scores, pictures, masks)


def _judged(
    folder: Path, config: TrainingConfig, samples: Sequence[Sample], judging: _Judging, warnings: list[str]
) -> dict[str, Any]:
    views = config.input.views
    stored = read_json(folder / DATA)
    data = None if stored is None else FoundData.from_json(stored)
    held = set(judging.patients)
    learned = None if data is None else len(held & data.learned) or (0 if data.told else None)
    counts = {name: np.array(each) for name, each in judging.counts.items()}
    table = score_table(counts, judging.patients, config.classes) if judging.patients else []
    packaged = str((stored or {}).get("packaged", ""))
    start = config.fit.start_from
    if start and start == packaged:
        own = learned
    else:
        known = known_to(start, samples, folder.parent)
        own = None if known is None else len(known & held)
    return {
        "event": "judged",
        "task": config.task,
        "view": views[0] if len(views) == 1 else "",
        "images": len(judging.patients),
        "patients": len(held),
        "learned": learned,
        "learned_start": own,
        "warnings": [*warnings, *caveats(len(held), learned, own, config, packaged=packaged)],
        "table": table,
        "overlays": [],
        "failed": [list(pair) for pair in judging.failed],
    }


def _write(folder: Path, judged: dict[str, Any], judging: _Judging, config: TrainingConfig) -> None:
    """Write pictures and label images of the worst, and the table; fills in the overlays."""
    from napari_tbcad.io.labels import write_labels
    from napari_tbcad.networks.pictures import write_picture
    from napari_tbcad.networks.scores import overlap

    place = folder / FOLDER
    try:
        for old in place.glob("[0-9][0-9]_*.png"):
            old.unlink()
        for rank, one in enumerate(judging.worst, start=1):
            stem, sample = f"{rank:02d}_{one.pictures['new'].name}", one.read.sample
            entry: dict[str, Any] = {
                "name": sample.name,
                "image": str(sample.image),
                "patient": sample.patient,
            }
            entry |= {"view": sample.view, "labels": str(place / f"{stem}_labels.png")}
            write_labels(place / f"{stem}_labels.png", one.read.truth, bits=8)
            for name, picture in one.pictures.items():
                paths = {what: place / f"{stem}_{what}_{name}.png" for what in ("picture", "mask")}
                write_picture(paths["picture"], picture, config.scheme)
                write_labels(paths["mask"], one.masks[name], bits=8)
                there = overlap(one.scores[name].counts)
                dice = there.dice[: len(config.classes) - 1][there.truth[: len(config.classes) - 1] > 0]
                entry[name] = round(float(dice.mean()), 6) if len(dice) else None
                entry |= {f"{what}_{name}": str(path) for what, path in paths.items()}
            judged["overlays"].append(entry)
        write_csv(place / TABLE, COLUMNS, judged["table"])
        write_json(folder / JUDGED, judged)
    except OSError as error:
        raise BadInput(place, f"cannot write there ({error.strerror or error})") from error

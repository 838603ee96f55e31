"""Times and memory of whole chains: a film to its result, its files, a pair of bone scans to its index."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from speed_rows import DATA, Job, Row, Times, cores, in_turn, middle, timed

MODEL = "demonstration"
SEGMENTERS = ("network", "otsu", "atlas")
_MB = 2**20


def film_files(folder: Path) -> dict[str, Path]:
    """Return files of films by their size: real ones, and a real one enlarged to 3000 × 3000 (16 bits).

    Without ../shared/data only the last, of noise.
    """
    from PIL import Image

    from speed_pictures import film_of

    found: dict[str, Path] = {}
    jsrt = DATA / "chest" / "jsrt" / "images"
    radiograph = DATA / "chest" / "dicom_cr"
    if jsrt.is_dir():
        found["512², PNG, JSRT"] = sorted(jsrt.glob("*.png"))[0]
    if radiograph.is_dir():
        found["1955 × 1841, DICOM JPEG 2000"] = next(radiograph.rglob("*J2KR*"))
    for side in (1024, 3000):
        pixels = film_of(side).pixels
        path = folder / f"film_{side}.png"
        Image.fromarray(np.clip(np.rint(pixels), 0, 65535).astype(np.uint16)).save(path)
        found[f"{side}², PNG 16 bit, enlarged"] = path
    return found


def film_to_result(path: Path, segmenter: str, out: Path | None = None) -> None:
    """Read a film and take it to its result; with `out`, write masks, overlay and record, too."""
    from napari_tbcad.chest.classify.packaged import find_model
    from napari_tbcad.chest.exports import write_overlay
    from napari_tbcad.chest.workflow import analyse, settings_for
    from napari_tbcad.io.masks import write_mask
    from napari_tbcad.io.read import read_film

    model = find_model(MODEL)
    settings = settings_for(model, {"lungs.segmenter": segmenter})
    done = analyse(read_film(path), settings=settings, model=model)
    assert done.result is not None
    assert done.segmenter == segmenter
    if out is not None:
        for mask in (done.sensitive, done.insensitive):
            write_mask(out / f"{mask.kind}.png", mask.labels)
        write_overlay(out / "overlay.png", done)
        done.record.save(out / "record.json")


def films(repeats: int, threads: int) -> Iterator[Row]:
    """Yield the rows of films with two cores (a person waits) or one (a worker of a batch)."""
    import torch

    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for size, path in film_files(folder).items():
            jobs: dict[str, Job] = {
                f"film to result, `{name}` masks": partial(film_to_result, path, name) for name in SEGMENTERS
            }
            files = "film to files of a batch, `network` masks"
            if threads == 1:
                jobs[files] = partial(film_to_result, path, "network", folder)
            for stage, times in in_turn(jobs, repeats, seconds=2 * repeats).items():
                large = size.startswith("3000")
                # Two workers of one thread each make three films a second out of 667 ms apiece.
                asked = {f"film to result, `{SEGMENTERS[0]}` masks": 600.0 if threads > 1 else 0.0}
                asked[files] = 0.0 if large else 2000 / 3
                by = "wall" if threads > 1 else "processor"
                yield Row(stage, size, cores(threads), *times, most=asked.get(stage, 0.0), by=by)


def stages(repeats: int, threads: int) -> Iterator[Row]:
    """Yield the rows of the stages of which a film's way to its files is made, one core, `network` masks."""
    import torch

    from napari_tbcad.chest.classify.packaged import find_model
    from napari_tbcad.chest.exports import write_overlay
    from napari_tbcad.chest.workflow import CHAIN, finish, settings_for, start
    from napari_tbcad.io.masks import write_mask
    from napari_tbcad.io.read import read_film

    torch.set_num_threads(threads)
    model = find_model(MODEL)
    settings = settings_for(model, {"lungs.segmenter": "network"})
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for size, path in film_files(folder).items():
            taken: dict[str, list[Times]] = {}

            def clocked(name: str, job: Job, taken: dict[str, list[Times]] = taken) -> None:
                taken.setdefault(name, []).append(timed(job))

            for _ in range(repeats + 1):
                film = []
                clocked("read", lambda film=film, path=path: film.append(read_film(path)))
                run = start(film[0], settings, model=model)
                for stage in CHAIN.stages:
                    clocked(stage.name, partial(run.compute, stage.writes))
                done = []
                clocked("warnings and record", lambda run=run, done=done: done.append(finish(run)))
                masks = done[0].sensitive, done[0].insensitive
                clocked(
                    "both masks written",
                    lambda masks=masks: [write_mask(folder / f"{m.kind}.png", m.labels) for m in masks],
                )
                clocked("picture written", partial(write_overlay, folder / "overlay.png", done[0]))
            for name, times in taken.items():
                yield Row(name, size, cores(threads), *middle(times[1:]))


def pairs(number: int) -> Iterator[Row]:
    """Yield the rows of ``bone run`` for real pairs (or the packaged samples), file to files, warm."""
    from bone_speed import PAIRS, scan_times
    from napari_tbcad.batch.scans import BoneJob
    from napari_tbcad.io.scan_files import find_scans

    where = PAIRS if PAIRS.is_dir() else Path(__file__).resolve().parents[1] / "sample_data"
    scans = find_scans([where])[: number + 1]
    choices = {
        "pair to BSI, as it comes": {},
        "pair to BSI, atlas and classical": {"hotspots.segmenter": "classical", "regions.segmenter": "atlas"},
    }
    with tempfile.TemporaryDirectory() as folder:
        for stage, assignments in choices.items():
            times = scan_times(scans, BoneJob(Path(folder), assignments=assignments))
            wall, processor = middle([(1000 * w, 1000 * p) for w, p in times[1:]])
            yield Row(stage, f"{len(times) - 1} pairs 256 × 1024", _free(), wall, processor, most=1500.0)


def _free() -> str:
    return cores(os.cpu_count() or 1)


def memory() -> Iterator[Row]:
    """Yield the greatest memory that a film of 3000 × 3000 needs, each segmenter in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        path = film_files(Path(place))["3000², PNG 16 bit, enlarged"]
        for name in SEGMENTERS:
            command = [sys.executable, __file__, str(path), name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            before, most = json.loads(done.stdout.splitlines()[-1])
            stage = f"film to files, `{name}` masks"
            yield Row(stage, "3000²", cores(2), most, before, most=1500.0, unit="MB")


def _peak(path: Path, segmenter: str) -> tuple[float, float]:
    import resource

    import torch

    from napari_tbcad.chest.classify.packaged import find_model

    torch.set_num_threads(2)
    find_model(MODEL)
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB
    with tempfile.TemporaryDirectory() as out:
        film_to_result(path, segmenter, Path(out))
    return before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB


if __name__ == "__main__":
    print(json.dumps(_peak(Path(sys.argv[1]), sys.argv[2])))

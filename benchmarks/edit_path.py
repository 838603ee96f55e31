"""Time from an edited mask to the new answer, part by part, without a window.

    OMP_NUM_THREADS=1 python benchmarks/edit_path.py [--strokes 60] [--data ../shared/data]

Four real films (JSRT, Shenzhen, pneumonia, DICOM CR) brought to 1024 pixels, the CR at its own size and at
3000, too. A stroke is a brush of the panel's size drawn over a random piece of a lung's border; after it the
mask is given to the run, and features and result are computed as the panel's worker does it. Two ways of
measuring: the packaged demonstration model (its grid, its feature set), and the 113 features at grid 1024
without a classifier. Parts are inclusive (what a function calls counts for
it), in milliseconds a stroke.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.chest.workflow import give_mask, settings_from, start
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.imaging.morphology import disk
from napari_tbcad.imaging.radiograph import Radiograph

FILMS = {
    "JSRT": "chest/jsrt/images/JPCLN009.png",
    "Shenzhen": "chest/shenzhen_sample/images",
    "pneumonia": "chest/pneumonia_lesions/images",
    "CR": "chest/dicom_cr/RG1_J2KR.dcm",
}
PARTS = (
    ("content key", "napari_tbcad.chain", "content_key"),
    ("put", "napari_tbcad.chain", "Run.put"),
    ("resample masks", "napari_tbcad.chest.features", "resize_labels"),
    ("shape", "napari_tbcad.chest.features", "shape_features"),
    ("modes", "napari_tbcad.chest.shape_model", "ShapeModel.features"),
    ("quantise", "napari_tbcad.chest.features", "eight_bit"),
    ("first order", "napari_tbcad.chest.features", "first_order"),
    ("co-occurrence", "napari_tbcad.chest.features", "cooccurrence"),
    ("texture features", "napari_tbcad.chest.features", "glcm_features"),
    ("features stage(s)", "napari_tbcad.chain", "Stage.call"),
    ("predict", "napari_tbcad.chest.classify.model", "ChestModel.stages"),
    ("contributions", "napari_tbcad.chest.classify.model", "contributions"),
)
"""Name, module and attribute of each part; those that a version does not have are left out."""


def film(name: str, data: Path, longest: int | None) -> Radiograph:
    """Read a film and bring its longest side to so many pixels."""
    from napari_tbcad.io.read import read_film

    path = data / FILMS[name]
    if path.is_dir():
        path = sorted(path.iterdir())[0]
    read = read_film(path)
    if longest is None or max(read.shape) == longest:
        return read
    rows, columns = (round(side * longest / max(read.shape)) for side in read.shape)
    return replace(read, pixels=resize_soft(read.pixels, (rows, columns)), spacing_mm=None)


def stroke(labels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return labels after one brush stroke over a lung's border: a lung's label, or taking away."""
    out = labels.copy()
    radius = max(8, max(labels.shape) // 60) // 2
    brush = disk(radius)
    value = int(rng.choice((RIGHT, LEFT)))
    inside = labels == value
    rows, columns = np.nonzero(inside[:, 1:] != inside[:, :-1])
    start_at = int(rng.integers(rows.size))
    at = np.array([rows[start_at], columns[start_at]], float)
    step = rng.normal(size=2)
    step *= radius / 2 / np.linalg.norm(step)
    painted = value if rng.random() < 0.6 else 0
    for _ in range(int(rng.integers(4, 20))):
        row, column = np.clip(np.rint(at).astype(int), radius, np.array(labels.shape) - radius - 1)
        box = out[row - radius : row + radius + 1, column - radius : column + radius + 1]
        box[brush] = painted
        at += step
    return out


@contextmanager
def timed(spent: dict[str, float]) -> Iterator[None]:
    """Time the parts while inside; `spent` gets name → seconds."""
    patches = []
    for name, module, attribute in PARTS:
        owner: Any = importlib.import_module(module)
        *path, last = attribute.split(".")
        for step in path:
            owner = getattr(owner, step, None)
        if owner is None or not hasattr(owner, last):
            continue
        patches.append(mock.patch.object(owner, last, _clocked(getattr(owner, last), name, spent)))
    try:
        for patch in patches:
            patch.start()
        yield
    finally:
        for patch in patches:
            patch.stop()


def _clocked(function: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    depth = [0]

    def call(*given: Any, **options: Any) -> Any:
        began = time.perf_counter()
        depth[0] += 1
        try:
            return function(*given, **options)
        finally:
            depth[0] -= 1
            if not depth[0]:
                spent[name] += time.perf_counter() - began

    return call


def strokes(run: Any, kind: Any, wanted: tuple[str, ...], number: int) -> dict[str, list[float]]:
    """Time strokes on one mask: part → milliseconds per stroke."""
    rng = np.random.default_rng(0)
    labels = run.get(kind).labels
    times: dict[str, list[float]] = defaultdict(list)
    for count in range(number + 3):
        labels = stroke(labels, rng)
        began = time.perf_counter()
        give_mask(run, labels, kind)
        given = time.perf_counter()
        run.compute(*wanted)
        done = time.perf_counter()
        if count >= 3:
            times["give the mask"].append(1000 * (given - began))
            times["edit to answer"].append(1000 * (done - began))
    parts: dict[str, float] = defaultdict(float)
    with timed(parts):
        for _ in range(number):
            labels = stroke(labels, rng)
            parts.clear()
            give_mask(run, labels, kind)
            run.compute(*wanted)
            for name, seconds in parts.items():
                times[name].append(1000 * seconds)
    run.withdraw(kind)
    return times


def print_times(title: str, times: dict[str, list[float]]) -> None:
    """Print median and 95th percentile of every part."""
    order = ["edit to answer", "give the mask", *(name for name, _, _ in PARTS)]
    said = [
        f"{name} {np.median(times[name]):.1f}/{np.percentile(times[name], 95):.1f}"
        for name in order
        if name in times
    ]
    print(f"{title:42s} " + " · ".join(said), flush=True)


def sliders(name: str, read: Radiograph, run: Any) -> None:
    """Time a moved threshold of either mask, and of the air term."""
    rng = np.random.default_rng(0)
    for label, section, field in (
        ("sensitive threshold", "sensitive", "threshold"),
        ("air tolerance", "sensitive", "tolerance"),
        ("insensitive threshold", "insensitive", "threshold"),
    ):
        took = []
        for count in range(16):
            value = float(rng.uniform(0.15, 0.6) * (5 if field == "tolerance" else 1))
            moved = getattr(run.settings, section).model_copy(update={field: value})
            run.configure(run.settings.model_copy(update={section: moved}))
            began = time.perf_counter()
            run.compute(section)
            if count:
                took.append(1000 * (time.perf_counter() - began))
        size = f"{read.shape[1]} × {read.shape[0]}"
        print(f"slider {name} {size} {label}: {np.median(took):.1f} / {np.percentile(took, 95):.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--strokes", type=int, default=60)
    parser.add_argument("--films", nargs="*", default=list(FILMS))
    parser.add_argument("--segmenter", default="atlas")
    arguments = parser.parse_args()
    from napari_tbcad.chest.classify.packaged import packaged_model
    from napari_tbcad.chest.workflow import settings_for

    threads = os.environ.get("OMP_NUM_THREADS", "all")
    busy = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{datetime.date.today()}, {threads} thread(s), {busy}, {arguments.strokes} strokes, ms p50/p95")
    model = packaged_model()
    sizes = [(name, 1024) for name in arguments.films]
    sizes += [("CR", None), ("CR", 3000)] if "CR" in arguments.films else []
    for name, longest in sizes:
        read = film(name, arguments.data, longest)
        settings = settings_for(model, {"lungs.segmenter": arguments.segmenter})
        run = start(read, settings, model=model)
        run.compute("sensitive", "insensitive", "features", "result")
        title = f"{name} {read.shape[1]} × {read.shape[0]}"
        for kind in ("sensitive", "insensitive"):
            print_times(
                f"{title} model {kind}", strokes(run, kind, ("features", "result"), arguments.strokes)
            )
        sliders(name, read, run)
        if longest != 1024:
            continue
        large = settings_from({"lungs.segmenter": arguments.segmenter, "features.grid": 1024})
        full = start(read, large)
        full.compute("features")
        for kind in ("sensitive", "insensitive"):
            print_times(f"{title} 113 at 1024 {kind}", strokes(full, kind, ("features",), arguments.strokes))


if __name__ == "__main__":
    main()

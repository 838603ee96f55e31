"""Whether a change that was to make things quicker changed what comes out.

    python benchmarks/same_results.py store FILE.npz      at the version to compare with
    python benchmarks/same_results.py compare FILE.npz    at the version changed

Takes the 22 first films of five collections (and the project's own phantoms) through the chain with the
packaged model, by each segmenter, and keeps masks, enhanced film, features and result. Prints the greatest
difference of each, and the films on which anything differs; the exit code is 1 when something does.
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.workflow import analyse, settings_for
from napari_tbcad.io.read import read_film
from napari_tbcad.simulate.samples import sample_path

FOLDERS = {
    "jsrt/images": 6,
    "shenzhen_sample/images": 5,
    "montgomery_sample/images": 5,
    "pneumonia_lesions/images": 5,
    "dicom_cr": 1,
}
"""How many films of each collection."""
PHANTOMS = ("normal_man", "upper_lobe_cavity")


def films(data: Path) -> Iterator[Path]:
    """Yield the paths of the phantoms and of the real films."""
    yield from (sample_path(name) for name in PHANTOMS)
    for folder, number in FOLDERS.items():
        yield from sorted((data / "chest" / folder).glob("*.*"))[:number]


def results(data: Path, segmenters: list[str]) -> dict[str, NDArray[Any]]:
    """Return what comes out: ``segmenter/film/value`` → array."""
    from napari_tbcad.chest.classify.packaged import packaged_model

    model, out = packaged_model(), {}
    for segmenter in segmenters:
        settings = settings_for(model, {"lungs.segmenter": segmenter})
        spent = []
        for path in films(data):
            film = read_film(path)
            wall, began = time.perf_counter(), time.process_time()
            try:
                done = analyse(film, settings=settings, model=model)
            except Exception as error:
                out[f"{segmenter}/{path.name}/error"] = np.array(str(error))
                continue
            spent.append((time.perf_counter() - wall, time.process_time() - began))
            values = {
                "sensitive": done.sensitive.labels,
                "insensitive": done.insensitive.labels,
                "enhanced": done.enhanced.pixels,
                "features": np.asarray(done.features.values, np.float64),
                "probability": np.array(_number(done.result.probability)),
                "contributions": np.array(sorted(_contributions(done.result))),
                "warnings": np.array("\n".join(done.warnings)),
            }
            out.update({f"{segmenter}/{path.name}/{name}": value for name, value in values.items()})
        wall_ms, busy_ms = 1000 * np.median(np.array(spent), axis=0)
        print(
            f"{datetime.date.today()} {segmenter}: {len(spent)} films, median {wall_ms:.0f} ms a film, "
            f"{busy_ms:.0f} ms of processor, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    return out


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _contributions(result: Any) -> list[float]:
    found = result.contributions
    pairs = found.items() if hasattr(found, "items") else found
    return [float(pair[1] if isinstance(pair, tuple) else pair.value) for pair in pairs]


def compare(old: dict[str, NDArray[Any]], new: dict[str, NDArray[Any]]) -> int:
    """Print the greatest difference of each value; return how many values differ."""
    differing: list[str] = []
    greatest: dict[str, float] = {}
    for name in sorted(old.keys() | new.keys()):
        kind = name.rsplit("/", 1)[1]
        difference = _difference(old.get(name), new.get(name))
        greatest[kind] = max(greatest.get(kind, 0.0), difference)
        if difference:
            differing.append(f"{name}: {difference:.3g}")
    for kind, difference in greatest.items():
        print(f"{kind:14s} greatest difference {difference:.3g}")
    print("\n".join(differing[:40]))
    print(f"{len(old)} values, {len(differing)} differ")
    return len(differing)


def _difference(old: NDArray[Any] | None, new: NDArray[Any] | None) -> float:
    """Return the greatest absolute difference; infinite where shape, text or presence differ."""
    if old is None or new is None or old.shape != new.shape:
        return float("inf")
    if old.dtype.kind == "U" or new.dtype.kind == "U":
        return 0.0 if np.array_equal(old, new) else float("inf")
    if np.array_equal(old, new, equal_nan=True):
        return 0.0
    with np.errstate(invalid="ignore"):
        off = np.abs(old.astype(np.float64) - new.astype(np.float64))
    both_nan = np.isnan(old.astype(np.float64)) & np.isnan(new.astype(np.float64))
    return float(np.nanmax(np.where(both_nan, 0.0, np.where(np.isnan(off), np.inf, off))))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=("store", "compare"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--segmenters", nargs="*", default=["otsu", "atlas"])
    arguments = parser.parse_args()
    if arguments.action == "store":
        np.savez_compressed(arguments.file, **results(arguments.data, arguments.segmenters))
        return 0
    with np.load(arguments.file, allow_pickle=False) as stored:
        names = [name for name in stored.files if name.split("/")[0] in arguments.segmenters]
        old = {name: stored[name] for name in names}
    return 1 if compare(old, results(arguments.data, arguments.segmenters)) else 0


if __name__ == "__main__":
    raise SystemExit(main())

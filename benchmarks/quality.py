"""False alarms of the quality checks on real films, and what they find in spoilt ones.

Run: ``python benchmarks/quality.py ../shared/data/chest [--every N]``

Masks are the reference ones (JSRT by SCR, pneumonia_lesions by radiologists). Each film is looked at as it is
and spoilt on purpose: mirrored, its label ids swapped, cropped, one lung wiped out, washed out, drowned in
noise, lying on its side or upside down. No lateral films are at hand: finding those is not measured.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, LungMasks
from napari_tbcad.chest.quality import check_film, check_masks, flip
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.datasets import load_dataset
from napari_tbcad.io.read import read_film

KINDS = {
    "small": "pixels; its texture",
    "washed out": "washed out",
    "noisy": "above its noise",
    "turned": "on its side",
    "not frontal": "not look like",
    "lung missing": "is missing",
    "area": "implausibly",
    "ratio": "of the other's",
    "cut": "are cut",
    "sides": "label 1",
    "mirrored": "heart",
}


def kinds_of(sentences: tuple[str, ...]) -> set[str]:
    return {kind for kind, words in KINDS.items() if any(words in sentence for sentence in sentences)}


def checks(film: Radiograph, labels: np.ndarray) -> set[str]:
    masks = LungMasks(labels, "insensitive")
    return kinds_of((*check_film(film), *check_masks(film, masks)))


def cropped(film: Radiograph, labels: np.ndarray) -> tuple[Radiograph, np.ndarray]:
    """Cut the film a tenth of the lungs' width inside the right lung's outer border."""
    columns = np.flatnonzero(labels.any(axis=0))
    start = columns[0] + (columns[-1] - columns[0]) // 10
    return Radiograph(film.pixels[:, start:]), labels[:, start:]


def washed_out(film: Radiograph) -> Radiograph:
    low, high = film.pixels.min(), film.pixels.max()
    return Radiograph(np.round(240 + 15 * (film.pixels - low) / (high - low)))


def drowned(film: Radiograph) -> Radiograph:
    noise = np.random.default_rng(0).normal(0, film.pixels.std(), film.shape)
    return Radiograph(film.pixels + noise)


SPOILT: dict[str, tuple[Callable, str]] = {
    "mirrored": (lambda f, m: (flip(f), np.where(m > 0, 3 - m, 0)[:, ::-1].astype(np.uint8)), "mirrored"),
    "ids swapped": (lambda f, m: (f, np.where(m > 0, 3 - m, 0).astype(np.uint8)), "sides"),
    "cropped": (cropped, "cut"),
    "right lung wiped": (lambda f, m: (f, np.where(m == RIGHT, 0, m).astype(np.uint8)), "lung missing"),
    "left lung halved": (lambda f, m: (f, halved(m)), "ratio"),
    "washed out": (lambda f, m: (washed_out(f), m), "washed out"),
    "noise": (lambda f, m: (drowned(f), m), "noisy"),
    "lying": (lambda f, m: (Radiograph(np.rot90(f.pixels)), np.rot90(m)), "turned"),
    "upside down": (lambda f, m: (Radiograph(f.pixels[::-1]), m[::-1]), "turned"),
}


def halved(labels: np.ndarray) -> np.ndarray:
    """Keep only the upper third of the left lung's rows."""
    rows = np.flatnonzero((labels == LEFT).any(axis=1))
    labels = labels.copy()
    below = labels[rows[0] + len(rows) // 3 :]
    below[below == LEFT] = 0
    return labels


def cases(folder: Path) -> Iterator[tuple[str, Radiograph, np.ndarray]]:
    for row in load_dataset(folder).rows:
        if row.lungs is None or row.extra.get("usable") == "0":
            continue
        film = read_film(row.path)
        labels = row.lungs.read(film.shape)
        if all((labels == side).any() for side in (RIGHT, LEFT)):
            yield row.path.name, film, labels


def report(folder: Path, every: int) -> None:
    alarms: Counter[str] = Counter()
    found: Counter[str] = Counter()
    named: dict[str, list[str]] = {}
    count = 0
    for number, (name, film, labels) in enumerate(cases(folder)):
        if number % every:
            continue
        count += 1
        for kind in checks(film, labels):
            alarms[kind] += 1
            named.setdefault(kind, []).append(name)
        for title, (spoil, wanted) in SPOILT.items():
            found[title] += wanted in checks(*spoil(film, labels))
    print(f"\n{folder.name}: {count} films with both lungs")
    print("  complaints about the films as they are")
    for kind in KINDS:
        names = " ".join(named.get(kind, [])[:4])
        print(f"    {kind:14s}{alarms[kind]:5d} {alarms[kind] / count:7.1%}  {names}")
    print("  spoilt films found out")
    for title, (_, wanted) in SPOILT.items():
        print(f"    {title:18s}→ {wanted:14s}{found[title]:5d} {found[title] / count:7.1%}")


def report_films(folder: Path, every: int) -> None:
    alarms: Counter[str] = Counter()
    rows = load_dataset(folder).rows[::every]
    for row in rows:
        alarms.update(kinds_of(check_film(read_film(row.path))))
    print(f"\n{folder.name}: {len(rows)} films without masks")
    for kind in ("small", "washed out", "noisy", "turned", "not frontal"):
        print(f"    {kind:14s}{alarms[kind]:5d} {alarms[kind] / len(rows):7.1%}")


def report_washed_out(folder: Path) -> None:
    rows = [row for row in load_dataset(folder).rows if row.extra.get("usable") == "0"]
    found = sum("washed out" in kinds_of(check_film(read_film(row.path))) for row in rows)
    print(f"\n{folder.name}, the films listed as washed out: {found} of {len(rows)} found out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chest", type=Path)
    parser.add_argument("--every", type=int, default=1, help="look at every N-th film only")
    arguments = parser.parse_args()
    for name in ("jsrt", "pneumonia_lesions"):
        report(arguments.chest / name, arguments.every)
    report_washed_out(arguments.chest / "jsrt")
    for name in ("nih_sample", "tb_multisource"):
        report_films(arguments.chest / name, arguments.every)


if __name__ == "__main__":
    main()

"""Measure what the two masks do with lesions.

``python benchmarks/lesion_coverage.py --segmenter atlas`` prints, over the films of pneumonia_lesions, which
share of the drawn lesions lies inside the insensitive mask and outside the sensitive one, and which share of
lung without lesion stays inside the sensitive mask; then the trade-off over the air tolerance, and the share
that normal films keep. The tolerance was tuned on the films of even index; the final pair of
tolerance and threshold was settled after all had been seen, so the odd half is not held out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lungs import CHEST as CHEST
from lungs import SEGMENTS, Truth, jsrt, pneumonia, rows
from napari_tbcad.chest.lungs import air
from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.chest.lungs.masks import (
    InsensitiveParameters,
    SensitiveParameters,
    insensitive_mask,
    sensitive_mask,
)

TOLERANCES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)


def areas(truth: Truth, insensitive: NDArray[np.uint8], sensitive: NDArray[np.uint8]) -> dict[str, int]:
    """Count the pixels every share below is made of."""
    assert truth.lesions is not None
    lesion, wide, air_only = truth.lesions > 0, insensitive > 0, sensitive > 0
    clear = (truth.labels > 0) & ~lesion
    return {
        "lesion": int(lesion.sum()),
        "lesion_in_wide": int((lesion & wide).sum()),
        "lesion_out_air": int((lesion & ~air_only).sum()),
        "clear": int(clear.sum()),
        "clear_in_air": int((clear & air_only).sum()),
        "clear_wide": int((clear & wide).sum()),
        "clear_wide_in_air": int((clear & wide & air_only).sum()),
    }


SHARES = {
    "lesion inside the insensitive mask": ("lesion_in_wide", "lesion"),
    "lesion outside the sensitive mask": ("lesion_out_air", "lesion"),
    "lung without lesion inside the sensitive mask, of the lung in the insensitive mask": (
        "clear_wide_in_air",
        "clear_wide",
    ),
    "lung without lesion inside the sensitive mask, of the lung as drawn (with heart and dome)": (
        "clear_in_air",
        "clear",
    ),
}


def pooled(counts: Iterable[dict[str, int]], part: str, whole: str) -> float:
    counts = list(counts)
    return sum(c[part] for c in counts) / max(sum(c[whole] for c in counts), 1)


def mean_over_films(counts: Iterable[dict[str, int]], part: str, whole: str) -> float:
    return float(np.mean([c[part] / c[whole] for c in counts if c[whole]]))


def measured(
    films: list[Truth],
    softs: list[SoftLungs],
    insensitive: InsensitiveParameters,
    sensitive: SensitiveParameters,
) -> list[dict[str, int]]:
    return [
        areas(
            truth,
            insensitive_mask(soft, truth.film, insensitive).labels,
            sensitive_mask(soft, truth.film, sensitive).labels,
        )
        for truth, soft in zip(films, softs, strict=True)
    ]


def drawn_as_soft(truth: Truth) -> SoftLungs:
    """Return the drawn lungs as if a segmenter had found them."""
    return SoftLungs(np.stack([truth.labels == 1, truth.labels == 2]).astype(np.float32), truth.film.shape)


def segmented(films: list[Truth], segmenter: str) -> list[SoftLungs]:
    if segmenter == "truth":
        return [drawn_as_soft(truth) for truth in films]
    choose = SEGMENTS[segmenter]
    return [choose(truth)(truth.film) for truth in films]


def print_shares(title: str, counts: list[dict[str, int]]) -> None:
    print(f"{title} ({len(counts)} films)")
    for name, (part, whole) in SHARES.items():
        mean = mean_over_films(counts, part, whole)
        print(f"  {name}: {pooled(counts, part, whole):.3f} of the area, mean over films {mean:.3f}")


def print_curve(
    films: list[Truth], softs: list[SoftLungs], insensitive: InsensitiveParameters, base: SensitiveParameters
) -> None:
    print("air tolerance: lesion outside | clear lung inside, of the insensitive mask | of the lung as drawn")
    settings = [base.model_copy(update={"tolerance": t}) for t in TOLERANCES]
    for setting in [*settings, base.model_copy(update={"air": False})]:
        counts = measured(films, softs, insensitive, setting)
        lost, kept, drawn = (pooled(counts, *SHARES[name]) for name in list(SHARES)[1:])
        print(f"  {setting.tolerance if setting.air else 'off':>5}: {lost:.3f} | {kept:.3f} | {drawn:.3f}")


def normal_films(limit: int) -> list[Truth]:
    healthy = {row["file"] for row in rows(CHEST / "jsrt") if row["nodule"] == "0"}
    films = [truth for truth in jsrt() if truth.name in healthy]
    return films[:: max(1, len(films) // limit)][:limit]


def print_normal(films: list[Truth], softs: list[SoftLungs], base: SensitiveParameters) -> None:
    kept = []
    for truth, soft in zip(films, softs, strict=True):
        without = sensitive_mask(soft, truth.film, base.model_copy(update={"air": False})).labels > 0
        with_air = sensitive_mask(soft, truth.film, base).labels > 0
        kept.append((without & with_air).sum() / max(without.sum(), 1))
    shares = f"mean {np.mean(kept):.3f}, least {min(kept):.3f}"
    print(f"{len(films)} normal JSRT films, share of the lung field that is air: {shares}")


def fit_normal(films: list[Truth], softs: list[SoftLungs]) -> None:
    """Print the tables of normal lung of chest/lungs/air.py."""
    samples = []
    for truth, soft in zip(films, softs, strict=True):
        labels = sensitive_mask(soft, truth.film, SensitiveParameters(threshold=0.5, air=False)).labels
        scaled, coarse = air.opacity(truth.film, labels)
        height, depth = air.lung_coordinates(coarse)
        inside = coarse > 0
        samples.append(np.stack([scaled[inside], height[inside], depth[inside], coarse[inside]]))
    value, height, depth, side = np.concatenate(samples, axis=1)
    median, spread = np.zeros(air.NORMAL_MEDIAN.shape), np.zeros(air.NORMAL_MEDIAN.shape)
    _, n_rows, n_columns = median.shape
    for index in np.ndindex(median.shape):
        near = (side == index[0] + 1) & (np.abs(height * (n_rows - 1) - index[1]) <= 0.5)
        near &= np.abs(depth * (n_columns - 1) - index[2]) <= 0.5
        median[index] = np.median(value[near])
        spread[index] = 1.4826 * np.median(np.abs(value[near] - median[index]))
    print("median", median.round(2).tolist())
    print("spread", spread.round(2).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segmenter", choices=[*sorted(SEGMENTS), "truth"], default="otsu")
    parser.add_argument("--limit", type=int, help="films, evenly spread over the set")
    parser.add_argument("--normal", type=int, default=24, help="normal JSRT films looked at")
    parser.add_argument("--curve", action="store_true", help="print the trade-off over the air tolerance")
    parser.add_argument("--fit-normal", action="store_true", help="print the tables of normal lung and stop")
    parser.add_argument("--threshold", type=float, default=SensitiveParameters().threshold)
    parser.add_argument("--tolerance", type=float, default=SensitiveParameters().tolerance)
    parser.add_argument("--insensitive", type=float, default=InsensitiveParameters().threshold)
    arguments = parser.parse_args()
    normal = normal_films(arguments.normal) if arguments.normal else []
    normal_softs = segmented(normal, arguments.segmenter)
    if arguments.fit_normal:
        fit_normal(normal, normal_softs)
        return
    films = list(pneumonia(arguments.limit))
    softs = segmented(films, arguments.segmenter)
    wide = InsensitiveParameters(threshold=arguments.insensitive)
    narrow = SensitiveParameters(threshold=arguments.threshold, tolerance=arguments.tolerance)
    print(f"{arguments.segmenter}: {wide!r} {narrow!r}")
    counts = measured(films, softs, wide, narrow)
    print_shares("even films, on which the tolerance was tuned", counts[::2])
    print_shares("odd films", counts[1::2])
    print_shares("all films", counts)
    if arguments.curve:
        print_curve(films, softs, wide, narrow)
    if normal:
        print_normal(normal, normal_softs, narrow)


if __name__ == "__main__":
    main()

"""How the two masks' thresholds, softness and unsureness behave with a lung network.

    python benchmarks/network_masks.py --model FILE | --trainings FOLDER [--every N]

Prints, over JSRT and pneumonia_lesions, Dice of the insensitive mask (each film's mean over the set, and the
worst), the share of the drawn lesions inside it and outside the sensitive mask, for thresholds and softness;
then how unsure the network is on chest films and on pictures that are none. With --trainings every film is
given to the network of the fold that held it out (benchmarks/chest_networks.py).
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesion_coverage import areas, pooled
from lungs import CHEST, Truth, dice, jsrt, pneumonia, read_grey
from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.chest.lungs.masks import (
    InsensitiveParameters,
    SensitiveParameters,
    insensitive_mask,
    sensitive_mask,
)
from napari_tbcad.chest.lungs.network import NetworkParameters, network, soften, unsure_share
from napari_tbcad.imaging.radiograph import Radiograph
from network_lungs import fold_of

THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5)
SOFTNESS = (1.0, 2.0, 4.0)
Choose = Callable[[str], Path]


def soft_of(film: Radiograph, model: Path) -> SoftLungs:
    return network(film, NetworkParameters(model=str(model), device="cpu"))


def softer(soft: SoftLungs, softness: float) -> SoftLungs:
    pixels = soft.pixels
    whole = np.concatenate([np.clip(1 - pixels.sum(0, keepdims=True), 0, 1), pixels])
    return SoftLungs(soften(whole.astype(np.float32), softness)[1:], soft.film_shape, segmenter="network")


def dice_of(truth: Truth, soft: SoftLungs, threshold: float) -> float:
    mask = insensitive_mask(soft, truth.film, InsensitiveParameters(threshold=threshold))
    return dice(mask.labels > 0, truth.labels > 0)


def print_dice(name: str, films: list[Truth], softs: list[SoftLungs]) -> None:
    print(f"{name}, {len(films)} films: Dice of both lungs, mean and worst, by threshold")
    for threshold in THRESHOLDS:
        scores = [dice_of(t, s, threshold) for t, s in zip(films, softs, strict=True)]
        print(f"  {threshold:5.2f}: {np.mean(scores):.4f}  worst {min(scores):.3f}")


def print_lesions(films: list[Truth], softs: list[SoftLungs]) -> None:
    print("drawn lesions inside the insensitive mask, of their area, and Dice, by softness and threshold")
    for softness in SOFTNESS:
        own = [softer(soft, softness) for soft in softs]
        for threshold in THRESHOLDS:
            kept, whole, scores = 0, 0, []
            for truth, soft in zip(films, own, strict=True):
                mask = (
                    insensitive_mask(soft, truth.film, InsensitiveParameters(threshold=threshold)).labels > 0
                )
                lesion = (truth.lesions > 0) & (truth.labels > 0)
                kept, whole = kept + int((mask & lesion).sum()), whole + int(lesion.sum())
                scores.append(dice(mask, truth.labels > 0))
            print(f"  {softness:g} {threshold:5.2f}: lesion {kept / whole:.4f}  Dice {np.mean(scores):.4f}")


def print_sensitive(films: list[Truth], softs: list[SoftLungs]) -> None:
    print("sensitive mask: lesion outside | clear lung inside, of the insensitive mask")
    for threshold in (0.3, 0.5, 0.7, 0.9):
        counts = []
        for truth, soft in zip(films, softs, strict=True):
            wide = insensitive_mask(soft, truth.film).labels
            narrow = sensitive_mask(soft, truth.film, SensitiveParameters(threshold=threshold)).labels
            counts.append(areas(truth, wide, narrow))
        out, clear = (
            pooled(counts, *pair)
            for pair in (("lesion_out_air", "lesion"), ("clear_wide_in_air", "clear_wide"))
        )
        print(f"  {threshold:.1f}: {out:.3f} | {clear:.3f}")


def no_chests() -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield pictures that are no chest films: photographs, noise, a ramp."""
    from skimage import data

    for name in ("camera", "coins", "moon", "page", "text", "brick", "grass", "cell"):
        yield name, np.asarray(getattr(data, name)(), np.float32)
    generator = np.random.default_rng(0)
    yield "noise", generator.normal(size=(512, 512)).astype(np.float32)
    yield "ramp", np.add.outer(np.arange(512), np.arange(512)).astype(np.float32)


def print_unsure(name: str, softs: list[tuple[str, SoftLungs]]) -> None:
    found = []
    for own, soft in softs:
        lung = soft.pixels.sum(0)
        inside = np.count_nonzero(lung > 0.5)
        assert soft.uncertainty is not None
        mean = float(soft.uncertainty[lung > 0.5].mean()) if inside else float("nan")
        whole = np.concatenate([1 - lung[None], soft.pixels])
        found.append((unsure_share(whole), mean, inside / lung.size, own))
    share, mean = (np.array([row[i] for row in found]) for i in (0, 1))
    share = share[np.isfinite(share)]
    ranks = (5, 50, 95, 99, 100) if share.size else ()
    ends = ", ".join(f"{q} %: {np.percentile(share, q):.2f}" for q in ranks)
    none = len(found) - share.size
    print(f"{name}, {len(found)} pictures, {none} without lungs; unsure per lung pixel: {ends}")
    print(f"  mean uncertainty inside: median {np.nanmedian(mean):.3f}, most {np.nanmax(mean):.3f}")
    for unsure, inner, area, own in sorted(found, reverse=True)[:6]:
        print(f"    {own}: {unsure:.3f}, inside {inner:.3f}, lungs {area:.2f} of the picture")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", type=Path)
    source.add_argument("--trainings", type=Path)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    held_out = fold_of(arguments.trainings) if arguments.trainings else {}
    any_model = arguments.model or next(iter(held_out.values()))

    def choose(name: str) -> Path:
        return held_out.get(name, any_model)

    print(f"{datetime.date.today()}, {arguments.model or arguments.trainings}, every {arguments.every}")
    sets: dict[str, list[Truth]] = {"jsrt": list(jsrt())[:: arguments.every]}
    sets["pneumonia"] = list(pneumonia())[:: arguments.every]
    if held_out:
        # Folds that are not trained yet held out the rest.
        sets = {name: [t for t in films if t.name in held_out] for name, films in sets.items()}
    softs = {name: [soft_of(t.film, choose(t.name)) for t in films] for name, films in sets.items()}
    for name, films in sets.items():
        print_dice(name, films, softs[name])
    print_lesions(sets["pneumonia"], softs["pneumonia"])
    print_sensitive(sets["pneumonia"], softs["pneumonia"])
    for name, films in sets.items():
        print_unsure(name, [(t.name, s) for t, s in zip(films, softs[name], strict=True)])
    paths = sorted((CHEST / "tb_multisource").rglob("*.png"))[:: 20 * arguments.every]
    films_of = [(path.name, Radiograph(read_grey(path), source=path.name)) for path in paths]
    print_unsure("tb_multisource", [(name, soft_of(film, any_model)) for name, film in films_of])
    turned = [(t.name, Radiograph(np.rot90(t.film.pixels).copy())) for t in sets["jsrt"][::4]]
    print_unsure("jsrt lying", [(name, soft_of(film, any_model)) for name, film in turned])
    other = [(name, soft_of(Radiograph(pixels, source=name), any_model)) for name, pixels in no_chests()]
    print_unsure("no chests", other)


if __name__ == "__main__":
    main()

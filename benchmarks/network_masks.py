"""Where to cut the probabilities of a lung network, and how unsure it is.

    python benchmarks/network_masks.py --model FILE | --trainings FOLDER [--every N]

Prints, over JSRT and pneumonia_lesions, Dice of the insensitive mask (mean over films, and the worst) and the
share of the drawn lesions inside it by the probability at which it ends; what the sensitive mask leaves; then
how unsure the network is on chest films and on pictures that are none. With --trainings every film is given
to the network of the fold that held it out (benchmarks/chest_networks.py).
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesion_coverage import areas, pooled
from lungs import CHEST, Truth, dice, jsrt, pneumonia, read_grey
from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.chest.lungs.masks import (
    SensitiveParameters,
    insensitive_mask,
    sensitive_mask,
)
from napari_tbcad.chest.lungs.network import USUAL, NetworkParameters, membership, network, unsure_share
from napari_tbcad.imaging.radiograph import Radiograph
from network_lungs import fold_of

EDGES = (0.05, 0.1, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75)


def soft_of(film: Radiograph, model: Path) -> SoftLungs:
    """Return the probabilities; at an edge of 0.25 memberships are these."""
    return network(film, NetworkParameters(model=str(model), device="cpu", edge=USUAL))


def cut_at(soft: SoftLungs, edge: float) -> SoftLungs:
    return replace(soft, pixels=membership(soft.pixels, edge))


def print_edges(name: str, films: list[Truth], softs: list[SoftLungs]) -> None:
    print(f"{name}, {len(films)} films: Dice of both lungs, mean and worst, and lesion inside, by edge")
    for edge in EDGES:
        kept, whole, scores = 0, 0, []
        for truth, soft in zip(films, softs, strict=True):
            mask = insensitive_mask(cut_at(soft, edge), truth.film).labels > 0
            scores.append(dice(mask, truth.labels > 0))
            if truth.lesions is not None:
                lesion = (truth.lesions > 0) & (truth.labels > 0)
                kept, whole = kept + int((mask & lesion).sum()), whole + int(lesion.sum())
        inside = f"  lesion {kept / whole:.4f}" if whole else ""
        print(f"  {edge:.2f}: {np.mean(scores):.4f}  worst {min(scores):.3f}{inside}")


def print_sensitive(films: list[Truth], softs: list[SoftLungs]) -> None:
    print("sensitive mask: lesion outside | clear lung inside, of the insensitive mask")
    for threshold in (0.3, 0.5, 0.7, 0.9):
        counts = []
        for truth, soft in zip(films, softs, strict=True):
            own = cut_at(soft, NetworkParameters().edge)
            wide = insensitive_mask(own, truth.film).labels
            narrow = sensitive_mask(own, truth.film, SensitiveParameters(threshold=threshold)).labels
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
        print_edges(name, films, softs[name])
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

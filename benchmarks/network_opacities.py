"""The opacity network on films it was not trained on, against what radiologists drew.

    python benchmarks/network_opacities.py --trainings TRAININGS --set OPACITY_SET [--overlays DIR]

Asks, for every film of the set, the network of the fold that held it out (benchmarks/chest_networks.py) and
prints the area under the curve over pixels inside the lungs: of the drawn lesions on real films, inside
drawn lungs, and apart from that of simulated lesions. Intervals are from drawing persons with replacement.
Films with tuberculosis: benchmarks/opacity_tb.py.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from lungs import CHEST, read_grey
from napari_tbcad.files import written_whole
from napari_tbcad.networks.predict import PredictParameters, predict
from napari_tbcad.networks.store import Network, load_network

DRAWS = 500


@dataclass(frozen=True)
class Read:
    """One film: probability of any opacity and what was drawn, inside the lungs."""

    name: str
    patient: str
    group: str
    chance: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    full: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8], NDArray[np.bool_]]


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the table of the set."""
    with (folder / "samples.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def lungs_of(row: dict[str, str], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return drawn lungs where there are any, else everything but what is surely outside."""
    stem = Path(row["image"]).stem.split("__", 1)[1]
    if row["source"] == "pneumonia_lesions":
        return read_grey(CHEST / "pneumonia_lesions" / "lungs" / f"{stem}.png") > 0
    if row["source"] == "jsrt":
        name = stem.split("_")[0] + ".png"
        sides = [read_grey(CHEST / "jsrt" / part / name) > 0 for part in ("masks_right", "masks_left")]
        return sides[0] | sides[1]
    from napari_tbcad.chest.lungs.masks import insensitive_mask
    from napari_tbcad.chest.lungs.network import network
    from napari_tbcad.imaging.radiograph import Radiograph

    film = Radiograph(read_grey(Path(row["root"]) / row["image"]), source=row["image"])
    return insensitive_mask(network(film), film).labels > 0


def read_all(trainings: Path, folder: Path, real_only: bool) -> list[Read]:
    """Ask for every film the network that did not see it."""
    networks: dict[str, Network] = {}
    found = []
    for row in rows(folder):
        simulated = row["simulated"] == "1"
        if real_only and (simulated or row["source"] == "nih_sample"):
            continue
        model = trainings / "opacities" / f"fold{row['fold']}" / "model.safetensors"
        if not model.is_file():
            continue
        if row["fold"] not in networks:
            networks[row["fold"]] = load_network(model, task="opacities")
        one = networks[row["fold"]]
        pixels = read_grey(folder / row["image"])
        drawn = read_grey(folder / row["label"]).astype(np.uint8)
        chance = 1 - predict(one, pixels, PredictParameters(device="cpu")).on_image()[0]
        inside = lungs_of({**row, "root": str(folder)}, pixels.shape)
        group = f"{row['source']}{', simulated lesions' if simulated else ''}"
        found.append(
            Read(
                Path(row["image"]).stem,
                row["patient"],
                group,
                chance[inside].astype(np.float32),
                drawn[inside],
                (pixels, chance, drawn, inside),
            )
        )
    return found


def area(films: list[Read], kind: int | None = None) -> float:
    """Return the AUC over the pixels of all films; of one kind against what is no lesion, or of any."""
    chance = np.concatenate([f.chance for f in films])
    kinds = np.concatenate([f.kinds for f in films])
    keep = np.ones(len(kinds), bool) if kind is None else (kinds == 0) | (kinds == kind)
    truth = kinds[keep] > 0
    return float(roc_auc_score(truth, chance[keep])) if truth.any() and not truth.all() else float("nan")


def interval(films: list[Read], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the pooled AUC over persons; pixels are thinned to a twentieth for it."""
    generator = np.random.default_rng(seed)
    patients = sorted({f.patient for f in films})
    thin = [Read(f.name, f.patient, f.group, f.chance[::20], f.kinds[::20], f.full) for f in films]
    of = {p: [f for f in thin if f.patient == p] for p in patients}
    draws = []
    for _ in range(DRAWS):
        chosen = [f for p in generator.choice(patients, len(patients)) for f in of[p]]
        draws.append(area(chosen))
    low, high = np.nanpercentile(draws, (2.5, 97.5))
    return float(low), float(high)


def print_scores(films: list[Read]) -> list[dict[str, object]]:
    """Print one line a group; return the figures for the model's card."""
    figures: list[dict[str, object]] = []
    for group in dict.fromkeys(f.group for f in films):
        here = [f for f in films if f.group == group]
        lit = np.array([float((f.chance >= 0.5).mean()) for f in here])
        if not any(f.kinds.any() for f in here):
            print(
                f"{group}: {len(here)} films without a lesion; share of the lungs at 0.5 or more: "
                f"median {np.median(lit):.4f}, 95 % below {np.percentile(lit, 95):.3f}"
            )
            continue
        own = [area([f]) for f in here]
        low, high = interval(here)
        figures.append(
            {
                "design": f"out of fold, {group}",
                "metric": "pixel AUC of any opacity inside the lungs",
                "value": round(area(here), 4),
                "low": round(low, 4),
                "high": round(high, 4),
                "n": len(here),
            }
        )
        kinds = ", ".join(
            f"{name} {area(here, value):.3f} ({sum((f.kinds == value).any() for f in here)} films)"
            for value, name in ((1, "ground glass"), (2, "consolidation"), (3, "effusion"))
            if any((f.kinds == value).any() for f in here)
        )
        print(f"{group}: {len(here)} films, {len({f.patient for f in here})} persons")
        print(f"  pixel AUC inside the lungs {area(here):.3f} ({low:.3f}–{high:.3f}); {kinds}")
        print(f"  of each film by itself: mean {np.nanmean(own):.3f}, median {np.nanmedian(own):.3f}")
        truth = np.concatenate([f.kinds for f in here]) > 0
        said = np.concatenate([f.chance for f in here]) >= 0.5
        print(f"  Dice at 0.5, pooled: {2 * (truth & said).sum() / (truth.sum() + said.sum()):.3f}")
    real = [f for f in films if "simulated" not in f.group]
    if len({f.group for f in real}) > 1:
        print(
            f"all real films together: pixel AUC inside the lungs {area(real):.3f} (sources differ: easier)"
        )
    return figures


def draw(path: Path, film: Read) -> None:
    """Draw the film, and the map with what was drawn (green) over it."""
    import matplotlib
    from PIL import Image
    from skimage.segmentation import find_boundaries

    pixels, chance, drawn, inside = film.full
    low, high = np.percentile(pixels, (1, 99))
    grey = np.clip((pixels - low) / max(high - low, 1), 0, 1)
    rgb = np.stack([grey] * 3, -1)
    heat = matplotlib.colormaps["inferno"](chance)[..., :3]
    over = np.where((inside & (chance > 0.1))[..., None], 0.5 * rgb + 0.5 * heat, rgb)
    over[find_boundaries(drawn > 0, mode="inner")] = (0, 0.9, 0)
    image = Image.fromarray(np.uint8(np.concatenate([rgb, over], axis=1) * 255))
    image.thumbnail((700, 360))
    with written_whole(path) as temporary:
        image.save(temporary)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, required=True)
    parser.add_argument("--set", type=Path, required=True)
    parser.add_argument("--real", action="store_true", help="only pneumonia_lesions and jsrt")
    parser.add_argument("--out", type=Path, help="JSON of the figures, for the model's card")
    parser.add_argument("--overlays", type=Path, help="folder for pictures, the worst first")
    chosen = parser.parse_args()
    print(f"opacity network, {datetime.date.today()}")
    films = read_all(chosen.trainings, chosen.set, chosen.real)
    figures = print_scores(films)
    if chosen.out:
        with written_whole(chosen.out) as temporary:
            temporary.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    if chosen.overlays:
        drawn = [f for f in films if f.group == "pneumonia_lesions"]
        for place, film in enumerate(sorted(drawn, key=lambda f: area([f]))[:24]):
            draw(chosen.overlays / f"{place:02d}_{film.name[:30]}.png", film)


if __name__ == "__main__":
    main()

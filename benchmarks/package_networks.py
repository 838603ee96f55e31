"""Put the chest networks into the package, with their out-of-fold scores on their cards.

    python benchmarks/network_lungs.py --trainings TRAININGS --out LUNGS.csv
    python benchmarks/network_opacities.py --trainings TRAININGS --set OPACITY_SET --out OPACITIES.json
    python benchmarks/package_networks.py --trainings TRAININGS --lungs LUNGS.csv --opacities OPACITIES.json

The packaged networks were trained on all films (benchmarks/chest_networks.py … --all), the scores are those
of the networks of the folds. What each was trained on and how is on its card already.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_tbcad.networks.card import NetworkScore
from napari_tbcad.networks.models import package_network
from napari_tbcad.networks.store import load_network, save_network

LUNG_NOTE = (
    "Right and left lung on frontal chest films. Trained in four parts (benchmarks/chest_networks.py): "
    "masks of the packaged atlas on 1600 films of tb_multisource, then drawn lungs of JSRT and "
    "pneumonia_lesions, three times. The scores are of the networks of the folds, which were trained in "
    "three parts."
)
OPACITY_NOTE = (
    "Ground glass, consolidation and effusion on frontal chest films: radiologists' drawings on 70 "
    "films with pneumonia, normal films, and simulated lesions in them. Drawn effusion is on 2 films "
    "only, so that class is learned from simulation. No film with tuberculosis had a part in the "
    "opacities learned. Evidence, not a diagnosis."
)


def mean_score(design: str, metric: str, values: list[float]) -> NetworkScore:
    """Return a mean over films with its interval from drawing films with replacement."""
    array = np.array(values)
    draws = np.random.default_rng(0).choice(array, (2000, len(array))).mean(1)
    low, high = np.percentile(draws, (2.5, 97.5))
    return NetworkScore(
        design=design,
        metric=metric,
        value=round(float(array.mean()), 4),
        low=round(float(low), 4),
        high=round(float(high), 4),
        n=len(array),
    )


def lung_scores(table: Path) -> tuple[NetworkScore, ...]:
    """Return mean and lowest Dice of both lungs by set."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    scores = []
    for name in dict.fromkeys(row["set"] for row in rows):
        values = [float(row["union"]) for row in rows if row["set"] == name]
        design = f"out of fold, {name}"
        scores.append(mean_score(design, "Dice of both lungs, mean over films", values))
        scores.append(
            NetworkScore(design=design, metric="lowest Dice", value=round(min(values), 4), n=len(values))
        )
    return tuple(scores)


def package(name: str, path: Path, note: str, scores: tuple[NetworkScore, ...]) -> None:
    """Write one network with its scores into the package."""
    network = load_network(path)
    card = network.card.model_copy(update={"description": note, "scores": scores})
    with tempfile.TemporaryDirectory() as folder:
        scored = Path(folder) / path.name
        save_network(replace(network, card=card), scored)
        entry = package_network(scored, name)
    print(f"{name}: {entry.path.stat().st_size / 1e6:.2f} MB, SHA-256 {entry.sha256}")
    for score in scores:
        print(f"  {score.design}  {score.metric}  {score.value} ({score.low}–{score.high}), {score.n} films")


def main() -> None:
    """Package both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, required=True)
    parser.add_argument("--lungs", type=Path, required=True)
    parser.add_argument("--opacities", type=Path, required=True)
    chosen = parser.parse_args()
    figures = json.loads(chosen.opacities.read_text(encoding="utf-8"))
    all_of = chosen.trainings
    package("lungs", all_of / "lungs_more/all/model.safetensors", LUNG_NOTE, lung_scores(chosen.lungs))
    scores = tuple(NetworkScore(**figure) for figure in figures)
    package("opacities", all_of / "opacities/all/model.safetensors", OPACITY_NOTE, scores)


if __name__ == "__main__":
    main()

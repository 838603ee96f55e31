"""Put the bone networks into the package, with their scores on their cards.

    python benchmarks/package_bone_networks.py --trainings TRAININGS --scores SCORES.json

The packaged networks were trained on all 48 real pairs (benchmarks/bone_networks.py … --all); scores on real
scans are those of the networks of the folds, which did not see the patients they were judged on. SCORES.json
maps each network's name to a list of scores (design, metric, value, low, high, n) as the measuring scripts
print them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from napari_tbcad.networks.card import NetworkScore
from package_networks import package

SILVER = "Labels of real scans are another program's output, not physicians'."
NOTES = {
    "skeleton": (
        "regions/all",
        "Twelve skeleton regions of anterior and posterior whole-body bone scans. Trained on simulated "
        f"scans, then on 48 real pairs beside simulated ones. {SILVER}",
    ),
    "hotspots-anterior": (
        "hotspots_anterior/all",
        "Bone, abnormal and normal hotspots of anterior whole-body bone scans. Trained in three parts: "
        "simulated scans; 48 real pairs beside simulated ones, both views; the same, anterior views alone. "
        f"{SILVER}",
    ),
    "hotspots-posterior": (
        "hotspots_posterior/all",
        "Bone, abnormal and normal hotspots of posterior whole-body bone scans. Trained in three parts: "
        "simulated scans; 48 real pairs beside simulated ones, both views; the same, posterior views alone. "
        f"{SILVER}",
    ),
}
"""Name of each network: folder of its training, what its card says."""


def main() -> None:
    """Package all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    chosen = parser.parse_args()
    scores = json.loads(chosen.scores.read_text(encoding="utf-8"))
    for name, (training, note) in NOTES.items():
        found = tuple(NetworkScore(**one) for one in scores.get(name, ()))
        package(name, chosen.trainings / training / "model.safetensors", note, found)


if __name__ == "__main__":
    main()

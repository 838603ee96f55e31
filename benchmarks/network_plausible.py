"""How many films of tb_multisource get plausible lung masks from the packaged network.

    python benchmarks/network_plausible.py [--overlays DIR]

Plausible: both lungs there, each 3 to 45 % of the film, and neither less than 0.4 of the other (insensitive
mask). Films that are not are drawn, to be looked at: a lung that disease has made small is not a fault.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np

from lungs import CHEST, Truth, read_grey
from napari_tbcad.chest.lungs.masks import insensitive_mask
from napari_tbcad.chest.lungs.network import NetworkParameters, network
from napari_tbcad.imaging.radiograph import Radiograph
from network_lungs import picture

LEAST, MOST, RATIO = 0.03, 0.45, 0.4


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--overlays", type=Path)
    chosen = parser.parse_args()
    counts: dict[str, list[int]] = {}
    for path in sorted((CHEST / "tb_multisource" / "images").iterdir()):
        film = Radiograph(read_grey(path), source=path.name)
        labels = insensitive_mask(network(film, NetworkParameters(device="cpu")), film).labels
        areas = np.bincount(labels.ravel(), minlength=3)[1:3] / labels.size
        both = bool((areas > 0).all())
        plausible = (
            both and areas.min() >= LEAST and areas.max() <= MOST and areas.min() >= RATIO * areas.max()
        )
        source = path.stem.rsplit("_", 1)[0]
        row = counts.setdefault(source, [0, 0, 0])
        row[0], row[1], row[2] = row[0] + 1, row[1] + both, row[2] + plausible
        if not plausible:
            right, left = areas
            print(f"  {path.name}: right {right:.3f}, left {left:.3f} of the film")
            if chosen.overlays:
                truth = Truth(path.name, film, np.zeros_like(labels))
                weights = Path(__file__).parents[1] / "src/napari_tbcad/weights/lungs.safetensors"
                picture(chosen.overlays / path.name, truth, weights, 0.25, {"union": 0.0})
    print(f"packaged lung network on tb_multisource, {datetime.date.today()}: films, both lungs, plausible")
    total = [sum(column) for column in zip(*counts.values(), strict=True)]
    for source, (films, both, plausible) in {**counts, "all": total}.items():
        print(f"  {source}: {films}, {both} ({both / films:.1%}), {plausible} ({plausible / films:.1%})")


if __name__ == "__main__":
    main()

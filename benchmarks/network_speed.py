"""Time of a prediction, film to probabilities, warm, on the processor.

    python benchmarks/network_speed.py [--network lungs | FILE] [--threads 2] [--repeats 15]

Without a network file a fresh one of the default architecture is asked: speed does not depend on weights.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from napari_tbcad.networks.build import ArchitectureParameters, build
from napari_tbcad.networks.card import NetworkCard, task_classes
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.models import find_network
from napari_tbcad.networks.predict import PredictParameters, predict
from napari_tbcad.networks.store import Network

# Not before the program's own modules, which tell its threads to wait asleep.
import torch  # isort: skip

SHAPES = ((512, 512), (1024, 1024), (2048, 2048), (3000, 2500))
ASKED = {"plain": {}, "with variants": {"augment": True}}


def fresh(architecture: ArchitectureParameters | None = None) -> Network:
    architecture = architecture or ArchitectureParameters()
    card = NetworkCard(
        name="fresh",
        task="lungs",
        classes=task_classes("lungs"),
        architecture=architecture,
        input=InputParameters(),
    )
    # As if from a file: only such networks are laid out for speed once and for all.
    return Network(build(architecture, n_classes=len(card.classes)).eval(), card, "0" * 64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--network")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=15)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    network = find_network(given.network) if given.network else fresh()
    print(f"{network.label}, input {network.card.input.size}, {given.threads} threads; milliseconds")
    print("film          asked           wall: least  median   processor: least  median")
    for shape in SHAPES:
        film = np.random.default_rng(0).random(shape, dtype=np.float32)
        for asked, options in ASKED.items():
            parameters = PredictParameters(device="cpu", **options)
            times = [_timed(network, film, parameters) for _ in range(given.repeats + 2)][2:]
            wall, processor = (np.sort(np.array(each) * 1e3) for each in zip(*times, strict=True))
            print(
                f"{shape[0]:4} × {shape[1]:4}   {asked:15} {wall[0]:11.0f} {np.median(wall):7.0f} "
                f"{processor[0]:18.0f} {np.median(processor):7.0f}",
                flush=True,
            )


def _timed(network: Network, film: np.ndarray, parameters: PredictParameters) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    predict(network, film, parameters)
    return time.perf_counter() - wall, time.process_time() - processor


if __name__ == "__main__":
    main()

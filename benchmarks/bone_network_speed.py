"""How long regions and hotspots of a pair take by networks, warm, beside atlas and classical detector.

    python benchmarks/bone_network_speed.py [--models DIR] [--pairs 8] [--threads 2]

Data: the first real pairs (256 × 1024 pixels a view), read before the clock starts. Every pair goes through
both chains in turn, so that a busy machine slows both; the first pair warms up and is not counted. Medians of
wall clock and of processor time: on a busy machine only the latter says much, and the ratio of both. --models
names a folder of trainings (their first networks are taken); the packaged networks when not given.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from bone_candidates import atlas_regions, patients, read_pair
from bone_network_instances import PARTS, own_view
from bone_network_scores import model_of, write_figures
from napari_tbcad.bone.candidates_classical import classical
from napari_tbcad.bone.candidates_network import NetworkParameters
from napari_tbcad.bone.candidates_network import network as hotspots_by_network
from napari_tbcad.bone.skeleton_network import NetworkParameters as SkeletonParameters
from napari_tbcad.bone.skeleton_network import network as regions_by_network
from napari_tbcad.imaging.bonescan import VIEWS


def by_networks(chosen: argparse.Namespace) -> tuple[SkeletonParameters, NetworkParameters]:
    """Return the settings of both stages."""
    if chosen.models is None:
        return SkeletonParameters(device="cpu"), NetworkParameters(device="cpu", augment=chosen.mirror)
    spots = {view: str(model_of(chosen.models, chosen.part, own_view(chosen.part, view))) for view in VIEWS}
    skeleton = str(model_of(chosen.models, chosen.regions))
    return (
        SkeletonParameters(model=skeleton, device="cpu"),
        NetworkParameters(**spots, device="cpu", augment=chosen.mirror),
    )


def timed(first: Callable[[], object], second: Callable[[object], object]) -> dict[str, float]:
    """Run regions, then hotspots; returns the seconds of each and of both, by wall clock and processor."""
    marks = [(time.perf_counter(), time.process_time())]
    regions = first()
    marks.append((time.perf_counter(), time.process_time()))
    second(regions)
    marks.append((time.perf_counter(), time.process_time()))
    found = {}
    for n, clock in enumerate(("wall", "processor")):
        times = [mark[n] for mark in marks]
        found |= {
            f"regions {clock}": times[1] - times[0],
            f"hotspots {clock}": times[2] - times[1],
            f"both {clock}": times[2] - times[0],
        }
    return found


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, help="folder of trainings; the packaged ones when not given")
    parser.add_argument("--part", choices=PARTS, default="hotspots")
    parser.add_argument("--regions", choices=("regions", "regions_first"), default="regions")
    parser.add_argument(
        "--mirror",
        action=argparse.BooleanOptionalAction,
        default=NetworkParameters().augment,
        help="hotspots averaged with the mirrored image; as the program does when not given",
    )
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for figures (JSON)")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    skeleton, spots = by_networks(chosen)
    rows: dict[str, list[dict[str, float]]] = {"networks": [], "atlas and classical": []}
    for scan in map(read_pair, patients()[: chosen.pairs + 1]):
        rows["networks"].append(
            timed(
                lambda s=scan: regions_by_network(s, skeleton),
                lambda r, s=scan: hotspots_by_network(s, r, spots),  # type: ignore[arg-type]
            )
        )
        rows["atlas and classical"].append(
            timed(lambda s=scan: atlas_regions(s), lambda r, s=scan: classical(s, r))  # type: ignore[arg-type]
        )
    print(f"{chosen.pairs} real pairs, {chosen.threads} threads, {datetime.date.today()}; medians in seconds")
    figures = {}
    for name, each in rows.items():
        figures[name] = {key: statistics.median(row[key] for row in each[1:]) for key in each[0]}
        print(f"  {name:20}" + "  ".join(f"{key} {value:.2f}" for key, value in figures[name].items()))
    for clock in ("wall", "processor"):
        ratio = statistics.median(
            one[f"both {clock}"] / other[f"both {clock}"]
            for one, other in zip(*(each[1:] for each in rows.values()), strict=True)
        )
        print(f"  networks : atlas and classical, {clock}: {ratio:.2f}")
        figures[f"ratio {clock}"] = {"both": ratio}
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        write_figures(chosen.out / "speed.json", figures)


if __name__ == "__main__":
    main()

"""Train the bone networks, skeleton regions and hotspots, on simulated and real scans (silver labels).

    napari-tbcad bone simulate --number 450 --seed 6001 --out DATA/simulated_a
    napari-tbcad bone simulate --number 450 --seed 6002 --out DATA/simulated_b
    python benchmarks/bone_networks.py sets --data DATA
    python benchmarks/bone_networks.py regions_first --data DATA --out TRAININGS [--view V]
    python benchmarks/bone_networks.py regions --data DATA --out TRAININGS [--view V] [--fold K … | --all]
    python benchmarks/bone_networks.py hotspots_first --data DATA --out TRAININGS
    python benchmarks/bone_networks.py hotspots_more --data DATA --out TRAININGS
    python benchmarks/bone_networks.py hotspots_both --data DATA --out TRAININGS [--fold K … | --all]
    python benchmarks/bone_networks.py hotspots --data DATA --out TRAININGS --view V [--fold K … | --all]

``--scheme 3`` goes on from the 4-class network of the view on three classes. Every training goes on where it
was interrupted.

Labels of the real pairs are *another program's output, not physicians'*: regions from a network, hotspots
from a detector's boxes by Otsu's threshold. Fold K holds out the patients K, K + 5, … of the sorted list, in
every training, so that regions and hotspots of a held-out patient are unseen by all networks of that fold.
One thread a training by default: two side by side on two cores are quicker than one on both.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bone_candidates import PAIRS, SHORT, patients, read_pair, silver_regions
from napari_tbcad.bone.boxed import hotspots_from_boxes
from napari_tbcad.bone.classes import class_images
from napari_tbcad.files import write_csv
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import write_labels
from napari_tbcad.io.voc import read_voc
from napari_tbcad.networks.config import TrainingConfig, load_config
from napari_tbcad.networks.fit import MODEL, train
from napari_tbcad.schemes import IGNORE, REGION_IDS

CONFIGS = Path(__file__).parent / "networks"
FOLDS = 5
PARTS = ("regions_first", "regions", "hotspots_first", "hotspots_more", "hotspots_both", "hotspots")
BEFORE = {
    "regions": "regions_first",
    "hotspots_more": "hotspots_first",
    "hotspots_both": "hotspots_more",
    "hotspots": "hotspots_both",
}
"""The part that goes before each."""
FOLDED = ("regions", "hotspots_both", "hotspots")
"""Parts with real scans, of which folds are held out."""
REAL = "bs80k_pairs"
COLUMNS = ("image", "label", "patient", "view", "fold")


def fold_of(number: int) -> int:
    """Fold of a real patient."""
    return patients().index(number) % FOLDS


def write_sets(data: Path) -> None:
    """Write the label images of the real pairs, and the tables of all sets."""
    for kind in ("regions", "classes"):
        write_csv(data / REAL / f"{kind}.csv", COLUMNS, list(real_rows(data / REAL, kind)))
        for folder in sorted(data.glob("simulated_?")):
            write_csv(folder / f"{kind}.csv", COLUMNS, list(simulated_rows(folder, kind)))


def real_rows(out: Path, kind: str) -> Iterator[dict[str, Any]]:
    """Yield one row a view; writes its label image."""
    for number in patients():
        labels = real_labels(number, kind)
        for view, short in SHORT.items():
            name = f"{kind}/{number}_{short}.png"
            write_labels(out / name, labels[view])
            yield {
                "image": str(PAIRS / "png" / f"{number}_{short}.png"),
                "label": name,
                "patient": number,
                "view": view,
                "fold": fold_of(number),
            }


def real_labels(number: int, kind: str) -> dict[str, NDArray[np.uint8]]:
    """Silver labels of a real pair by view: regions, or the four classes."""
    scan = read_pair(number)
    regions = silver_regions(scan)
    if kind == "classes":
        boxes = {v: read_voc(PAIRS / "boxes_yolo" / f"{number}_{s}.xml").boxes for v, s in SHORT.items()}
        images = class_images(hotspots_from_boxes(scan, boxes), regions, scan)
        return {view: images.labels(view) for view in VIEWS}  # type: ignore[misc]
    labels = {view: regions.labels(view).copy() for view in VIEWS}  # type: ignore[union-attr]
    # What a posterior view shows of the sternum lies behind the spine: no statement.
    labels["posterior"][labels["posterior"] == REGION_IDS["sternum"]] = IGNORE
    return labels


def simulated_rows(folder: Path, kind: str) -> Iterator[dict[str, Any]]:
    """Yield one row a view of a set of ``bone simulate``."""
    for number, path in enumerate(sorted((folder / "truth").glob("*.json"))):
        for view, short in SHORT.items():
            yield {
                "image": f"{path.stem}_{short}.png",
                "label": f"truth/{path.stem}_{view}_{kind}.png",
                "patient": f"{folder.name}/{path.stem}",
                "view": view,
                "fold": number % FOLDS,
            }


def configuration(part: str, data: Path, *, view: str = "", scheme: str = "4") -> TrainingConfig:
    """Return the configuration of a part for one view, or for both."""
    config = load_config(CONFIGS / f"bone_{part}.yaml")
    kind = "regions" if part.startswith("regions") else "classes"
    changes: dict[str, Any] = {"table": f"{kind}.csv"}
    if view:
        changes["where"] = {"view": view}
        name = f"{config.name}-{view}" + ("" if kind == "regions" or scheme == "4" else f"-{scheme}")
        config = config.model_copy(
            update={"name": name, "input": config.input.model_copy(update={"views": (view,)})}
        )
    if kind == "classes" and scheme == "3":
        changes["values"] = {3: 1}
        config = config.model_copy(update={"task": "3"})
    sources = tuple(
        one.model_copy(update={**changes, "folder": data / one.name}) for one in config.data.sources
    )
    return with_data(config, sources=sources, cache=data / "cache")


def with_data(config: TrainingConfig, **changes: Any) -> TrainingConfig:
    """Return the configuration with other data parameters."""
    return config.model_copy(update={"data": config.data.model_copy(update=changes)})


def with_fit(config: TrainingConfig, **changes: Any) -> TrainingConfig:
    """Return the configuration with other fit parameters."""
    return config.model_copy(update={"fit": config.fit.model_copy(update=changes)})


def place(out: Path, part: str, view: str, scheme: str = "4") -> Path:
    """Folder of a part."""
    return out / "_".join(name for name in (part, view, "" if scheme == "4" else "3") if name)


def before(out: Path, part: str, view: str, fold: str) -> Path:
    """Folder of the part that goes before: of the same fold, so that what is held out stays unseen.

    Hotspots of one view start from what was learned on both; regions of one view from that view alone.
    """
    first = BEFORE[part]
    return out / first / fold if first in FOLDED else place(out, first, view if part == "regions" else "")


def main() -> None:
    """Train what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("sets", *PARTS))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--view", choices=VIEWS, default="")
    parser.add_argument("--scheme", choices=("4", "3"), default="4")
    parser.add_argument("--fold", type=int, nargs="*", help="folds to hold out, one after the other")
    parser.add_argument("--all", action="store_true", help="train on all patients")
    parser.add_argument("--epochs", type=int, help="another number than the configuration's")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    data = chosen.data.absolute()
    if chosen.part == "sets":
        write_sets(data)
        return
    torch.set_num_threads(chosen.threads)
    out, part, view = chosen.out.absolute(), chosen.part, chosen.view
    config = configuration(part, data, view=view, scheme=chosen.scheme)
    if chosen.epochs:
        config = with_fit(config, epochs=chosen.epochs)
    home = place(out, part, view, chosen.scheme)
    if part not in FOLDED:
        if part in BEFORE:
            config = with_fit(config, start_from=str(before(out, part, view, "") / MODEL))
        train(config, home, resume=True, say=tell)
        return
    folds: list[int | None] = [*(chosen.fold or ()), *([None] if chosen.all else [])]
    for fold in folds:
        name = "all" if fold is None else f"fold{fold}"
        first = place(out, part, view) / name if chosen.scheme == "3" else before(out, part, view, name)
        config = with_fit(config, start_from=str(first / MODEL))
        train(with_data(config, fold=fold), home / name, resume=True, say=tell)


def tell(line: str) -> None:
    """Print a line at once, for a log file."""
    print(line, flush=True)


if __name__ == "__main__":
    main()

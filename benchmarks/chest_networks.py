"""Train the chest networks: a common first part, then lungs or opacities, on all films and per fold.

    napari-tbcad chest run ../shared/data/chest/tb_multisource/images --out PSEUDO \
        --segmenter atlas --classifier none --workers 2
    python benchmarks/chest_networks.py pretraining --out TRAININGS --pseudo PSEUDO
    python benchmarks/chest_networks.py lungs --out TRAININGS [--fold K | --all]
    python benchmarks/chest_networks.py lungs_fine --out TRAININGS [--fold K | --all]
    python benchmarks/chest_networks.py lungs_more --out TRAININGS --all
    python benchmarks/chest_networks.py opacities --out TRAININGS --set OPACITY_SET [--fold K | --all]
    python benchmarks/chest_networks.py lungs --out TRAININGS --scores

Every training goes on where it was interrupted. The first part learns lungs as the packaged atlas, which was
made from phantoms, finds them; so no drawn lesion of a film that is later held out has been seen, and of
drawn lungs only what the phantoms' shapes (modes of many outlines, JSRT's among them) hold.
One thread a training by default: two folds side by side on two cores are quicker than one on both.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import torch

from napari_tbcad.files import write_csv
from napari_tbcad.networks.config import TrainingConfig, load_config
from napari_tbcad.networks.crossvalidate import crossvalidate
from napari_tbcad.networks.fit import MODEL, train
from opacity_set import patient_of

CONFIGS = Path(__file__).parent / "networks"
CHEST = Path(__file__).resolve().parents[2] / "shared" / "data" / "chest"
BEFORE = {"lungs_fine": "lungs", "lungs_more": "lungs_fine"}
"""The part of a lung training that goes before each."""
DOUBTFUL = ("look at the masks", "one lung", "no lung", "upside down", "mirrored")


def pseudo_set(pseudo: Path, out: Path) -> Path:
    """Write the table of the films that the chain took without a doubt about the masks."""
    with (pseudo / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [r for r in csv.DictReader(file) if "tb_multisource" in r["file"] and r["status"] == "ok"]
    kept = [r for r in rows if not any(word in r["warnings"] for word in DOUBTFUL)]
    print(f"{len(kept)} of {len(rows)} films")
    table = [
        {"image": Path(r["file"]).name, "label": f"{Path(r['file']).stem}_insensitive.png"} for r in kept
    ]
    write_csv(out / "tb_multisource" / "samples.csv", ("image", "label"), table)
    return out / "tb_multisource"


def pretraining(out: Path, pseudo: Path) -> TrainingConfig:
    """Return the configuration of the common first part."""
    config = load_config(CONFIGS / "pretraining.yaml")
    (source,) = config.data.sources
    places = {
        "folder": pseudo_set(pseudo, out / "pseudo"),
        "images": str(CHEST / source.name / "images"),
        "labels": str((pseudo / "masks").resolve()),
    }
    sources = (source.model_copy(update=places),)
    return with_data(config, sources=sources, cache=out / "cache")


def with_patients(config: TrainingConfig, out: Path) -> TrainingConfig:
    """Return the configuration with films that may be of one person kept in one fold."""
    films = sorted((CHEST / "pneumonia_lesions" / "images").iterdir())
    with (CHEST / "pneumonia_lesions" / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        known = {row["file"]: row for row in csv.DictReader(file)}
    table = [{"image": film.name, "patient": patient_of(known[film.name])} for film in films]
    path = out / "tables" / "pneumonia_lesions.csv"
    write_csv(path, ("image", "patient"), table)
    sources = tuple(
        one.model_copy(update={"table": str(path.resolve())}) if one.name == "pneumonia_lesions" else one
        for one in config.data.sources
    )
    return with_data(config, sources=sources)


def with_data(config: TrainingConfig, **changes: Any) -> TrainingConfig:
    """Return the configuration with other data parameters."""
    return config.model_copy(update={"data": config.data.model_copy(update=changes)})


def started(config: TrainingConfig, start: Path) -> TrainingConfig:
    """Return the configuration with the network of another training as its start."""
    first = str(start / MODEL)
    return config.model_copy(update={"fit": config.fit.model_copy(update={"start_from": first})})


def main() -> None:
    """Train what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("pretraining", "lungs", "lungs_fine", "lungs_more", "opacities"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pseudo", type=Path, help="folder of `chest run`")
    parser.add_argument("--set", type=Path, help="folder of benchmarks/opacity_set.py")
    parser.add_argument("--fold", type=int, nargs="*", help="folds to hold out, one after the other")
    parser.add_argument("--all", action="store_true", help="train on all films")
    parser.add_argument("--scores", action="store_true", help="out-of-fold tables, once the folds are there")
    parser.add_argument("--epochs", type=int, help="another number than the configuration's")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    # A training's own copy of its settings counts relative folders from itself.
    chosen.out = chosen.out.absolute()
    torch.set_num_threads(chosen.threads)
    if chosen.what == "pretraining":
        train(pretraining(chosen.out, chosen.pseudo), chosen.out / "pretraining", resume=True, say=tell)
        return
    config = with_data(load_config(CONFIGS / f"{chosen.what}.yaml"), cache=chosen.out / "cache")
    config = started(config, chosen.out / "pretraining")
    if chosen.what.startswith("lungs"):
        config = with_patients(config, chosen.out)
    if chosen.epochs:
        config = config.model_copy(update={"fit": config.fit.model_copy(update={"epochs": chosen.epochs})})
    if chosen.what == "opacities":
        folder = {"folder": chosen.set.resolve()}
        config = with_data(config, sources=tuple(s.model_copy(update=folder) for s in config.data.sources))
    if chosen.scores:
        crossvalidate(config, chosen.out / chosen.what, keep=True, say=tell)
        return
    folds: list[int | None] = list(chosen.fold or ())
    for fold in [None, *folds] if chosen.all else folds:
        name = "all" if fold is None else f"fold{fold}"
        if chosen.what in BEFORE:  # of the same fold, so that what is held out stays unseen
            config = started(config, chosen.out / BEFORE[chosen.what] / name)
        train(with_data(config, fold=fold), chosen.out / chosen.what / name, resume=True, say=tell)


def tell(line: str) -> None:
    """Print a line at once, for a log file."""
    print(line, flush=True)


if __name__ == "__main__":
    main()

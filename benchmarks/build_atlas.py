"""Rebuild the packaged synthetic atlas: ``python benchmarks/build_atlas.py [--out DIR]``.

Reads ../shared/data/chest (JSRT films with their lungs for the appearance formula; Shenzhen, Montgomery and
JSRT outlines for the shape model) and writes ``atlas.npz`` and its card ``atlas.json``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungs import CHEST, Truth, jsrt
from napari_tbcad.chest.lungs.atlas_library import Atlas, save_atlas
from napari_tbcad.chest.lungs.atlas_synthetic import build_packaged_atlas
from napari_tbcad.files import sha256, written_whole

WEIGHTS = Path(__file__).resolve().parents[1] / "src" / "napari_tbcad" / "weights"
SCORES = Path(__file__).with_name("atlas_scores.json")
CARD = {
    "title": "Synthetic chest atlas",
    "made": "2026-11-21",
    "content": "Lung shapes drawn from a statistical shape model and films painted by a fitted formula of "
    "geometry. No pixel of a real film and no outline of a real person is in it.",
    "shapes_from": "Lung outlines (Gaggion 2022) of Shenzhen and Montgomery (National Library of Medicine; "
    "Jaeger 2014, Candemir 2014) and of JSRT (Shiraishi 2000; SCR, van Ginneken 2006).",
    "appearance_from": "Regression of grey level on geometry over every second usable JSRT film (Shiraishi "
    "2000) with its SCR mask; the other films are left for scoring.",
    "terms": "Research use only, as the data it was fitted on.",
    "command": "python benchmarks/build_atlas.py",
}


def fitted_on(films: list[Truth]) -> list[Truth]:
    """Every second film: the appearance is fitted on these, the packaged atlas is scored on the others."""
    return films[::2]


def outlines() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Right (n, 44, 2) and left (n, 50, 2) outline points (x, y) in units of the film's side."""
    with np.load(CHEST / "lung_outlines" / "outlines_1024.npz", allow_pickle=False) as archive:
        names = sorted({key.rsplit("/", 1)[0] for key in archive.files})
        right, left = (
            np.array([archive[f"{name}/{part}"] for name in names]) / 1024 for part in ("RL", "LL")
        )
    return right, left


def synthetic(films: list[Truth], **choices: int) -> Atlas:
    right, left = outlines()
    card = {**CARD, "outlines": len(right), "appearance_films": len(films)}
    return build_packaged_atlas(
        [t.film for t in films], [t.labels for t in films], right, left, card=card, **choices
    )


def write(library: Atlas, out: Path) -> None:
    """Write the atlas and, beside it, its card with the checksum and the scores measured so far."""
    save_atlas(out / "atlas.npz", library)
    card = {
        **library.card,
        "file": "atlas.npz",
        "sha256": sha256(out / "atlas.npz"),
        "digest": library.digest,
    }
    if SCORES.exists():
        card["scores"] = json.loads(SCORES.read_text(encoding="utf-8"))
    with written_whole(out / "atlas.json") as temporary:
        temporary.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(library)} films, {(out / 'atlas.npz').stat().st_size / 1e6:.2f} MB, sha256 {card['sha256']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    write(synthetic(fitted_on(list(jsrt()))), parser.parse_args().out)


if __name__ == "__main__":
    main()

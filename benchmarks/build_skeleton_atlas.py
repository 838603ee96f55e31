"""Rebuild the packaged skeleton atlas: ``python benchmarks/build_skeleton_atlas.py [--out DIR]``.

Simulates persons without lesions and without counting noise, and writes ``skeleton_atlas.safetensors`` and
its card ``skeleton_atlas.json``. Reads no data.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from napari_tbcad import __version__
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.skeleton_atlas import SkeletonAtlas, save_skeleton_atlas
from napari_tbcad.bone.skeleton_build import build_skeleton_atlas
from napari_tbcad.files import sha256, written_whole
from napari_tbcad.simulate.bone_scan import ScanParameters, simulate_scan

WEIGHTS = Path(__file__).resolve().parents[1] / "src" / "napari_tbcad" / "weights"
NUMBER, FIRST_SEED = 16, 910_000
PARAMETERS = ScanParameters(abnormal=0, benign=False, non_bone=True, noise=False)
CARD: dict[str, Any] = {
    "title": "Skeleton atlas of simulated persons",
    "made": "2026-11-22",
    "content": "Simulated persons: appearance of both views and the twelve skeleton regions, in one frame. "
    "No pixel of a real scan is in it.",
    "terms": "BSD-3-Clause, as the program.",
    "command": "python benchmarks/build_skeleton_atlas.py",
}


def simulated(number: int = NUMBER, first_seed: int = FIRST_SEED) -> SkeletonAtlas:
    """Simulate persons of consecutive seeds and bring them to one frame."""
    scans, regions = [], []
    for seed in range(first_seed, first_seed + number):
        one = simulate_scan(PARAMETERS, seed=seed)
        scans.append(one.scan)
        regions.append(SkeletonRegions(one.regions["anterior"], one.regions["posterior"]))
    card = {
        **CARD,
        "version": __version__,
        "seeds": [first_seed, first_seed + number - 1],
        "parameters": PARAMETERS.model_dump(mode="json"),
    }
    return build_skeleton_atlas(scans, regions, card=card)


def write(atlas: SkeletonAtlas, out: Path) -> None:
    """Write the atlas and, beside it, its card with the checksum."""
    file = out / "skeleton_atlas.safetensors"
    save_skeleton_atlas(file, atlas)
    card = {**atlas.card, "file": file.name, "sha256": sha256(file), "digest": atlas.content_key}
    with written_whole(out / "skeleton_atlas.json") as temporary:
        temporary.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(atlas)} persons, {file.stat().st_size / 1e6:.2f} MB, sha256 {card['sha256']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--number", type=int, default=NUMBER, help="persons")
    arguments = parser.parse_args()
    write(simulated(arguments.number), arguments.out)


if __name__ == "__main__":
    main()

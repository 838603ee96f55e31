"""Lung Dice of the atlas segmenter: ``python benchmarks/atlas.py --atlas jsrt|packaged --set NAME``.

``--atlas jsrt`` builds an atlas of all usable JSRT films and leaves each film out of its own vote. The
packaged atlas is scored on JSRT films that its appearance was not fitted on (every second one).
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from lungs import SETS, Truth, dice, jsrt, thinned
from napari_tbcad.chest.lungs.atlas import Atlas, AtlasParameters, atlas, build_atlas, packaged_atlas
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.chest.lungs.masks import InsensitiveParameters, insensitive_mask

THRESHOLDS = (0.3, 0.4, 0.5)


def own_atlas() -> Atlas:
    films = list(jsrt())
    return build_atlas([t.film for t in films], [t.labels for t in films], card={"title": "JSRT"})


def measure(truth: Truth, library: Atlas, parameters: AtlasParameters) -> dict[str, object]:
    wall, cpu = time.perf_counter(), time.process_time()
    soft = atlas(truth.film, parameters, library=library, exclude=truth.name)
    row: dict[str, object] = {
        "file": truth.name,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "similarity": soft.record.entries[-1].facts["similarity"],
        "warned": int(bool(soft.warnings)),
    }
    default = InsensitiveParameters().threshold
    for threshold in sorted({*THRESHOLDS, default}):
        found = insensitive_mask(soft, truth.film, InsensitiveParameters(threshold=threshold)).labels
        row[f"union_{threshold}"] = dice(found > 0, truth.labels > 0)
        if threshold == default:
            row["union"] = row[f"union_{threshold}"]
            row["right"] = dice(found == RIGHT, truth.labels == RIGHT)
            row["left"] = dice(found == LEFT, truth.labels == LEFT)
    return row


def report(rows: list[dict]) -> None:
    for key in [k for k in rows[0] if k not in ("file", "warned")]:
        values = np.array([row[key] for row in rows], float)
        low, middle, high = np.percentile(values, [5, 50, 95])
        print(
            f"{key:12} mean {values.mean():.4f}  5/50/95 % {low:.3f} {middle:.3f} {high:.3f}"
            f"  min {values.min():.3f}"
        )
    below = sum(row["union"] < 0.8 for row in rows)
    print(f"films {len(rows)}, union below 0.80: {below}, warned: {sum(row['warned'] for row in rows)}")
    for row in sorted(rows, key=lambda r: r["union"])[:6]:
        print("  {file}  union {union:.3f}  similarity {similarity}  warned {warned}".format(**row))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atlas", choices=("jsrt", "packaged"), default="jsrt")
    parser.add_argument("--set", choices=sorted(SETS), default="jsrt")
    parser.add_argument("--limit", type=int, help="films, evenly spread over the set")
    parser.add_argument("--out", type=Path, help="CSV of all films")
    chosen = parser.parse_args()
    library = own_atlas() if chosen.atlas == "jsrt" else packaged_atlas()
    films = list(SETS[chosen.set](None))
    if chosen.atlas == "packaged" and chosen.set == "jsrt":
        films = films[1::2]
    rows = [measure(truth, library, AtlasParameters()) for truth in thinned(films, chosen.limit)]
    print(f"atlas {chosen.atlas} on {chosen.set}, insensitive mask, the film's own grid")
    report(rows)
    if chosen.out:
        with open(chosen.out, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()

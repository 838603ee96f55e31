"""Whether the opacity network answers to tuberculosis, of which it was taught nothing.

    python benchmarks/opacity_tb.py --model FILE [--set lungs.segmenter=network ...] [--out FILE.csv]

Takes the films of tb_multisource through the chain as far as opacities and the insensitive mask. For each
source: how much of the lungs is opaque (median, quartiles) and how many films have at least 5 %. For each
collection with tuberculosis, and for viral pneumonia, the AUC against the normal films of the area and of
the mean probability inside the lungs; beside them the mean probability outside the lungs, which should tell
nothing. No classifier is trained, so there is no fold. The first part of the training saw these films, but
only with the atlas' lungs (benchmarks/chest_networks.py pretraining): no word of who has tuberculosis.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from lungs import CHEST, rows, thinned
from napari_tbcad.chest.opacities import NoOpacities
from napari_tbcad.chest.opacity_zones import ZONES
from napari_tbcad.chest.workflow import settings_from, start
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.controls import outside_lungs
from napari_tbcad.evaluate.metrics import auc
from napari_tbcad.io.read import read_film

NORMAL = "normal_rsna"
LEAST = 0.05
"""Share of the lungs from which a film counts as having an opacity."""


def measure(path: Path, settings: object) -> dict[str, float]:
    run = start(read_film(path), settings)
    insensitive, found = run.compute("insensitive", "opacities")
    if isinstance(found, NoOpacities):
        raise SystemExit(found.cause)
    inside = found.zones(insensitive)
    if not all(inside[side].pixels for side in ("right", "left")):
        raise BadInput(path, "a lung was not found")
    outside = found.zones(outside_lungs(insensitive, margin=0.05))["both"]
    zones = {name: inside[name].area for name in ZONES}
    return {
        "area": inside["both"].area,
        "mean": inside["both"].mean,
        "mean_outside": outside.mean,
        **found.shares(insensitive),
        **zones,
    }


def measured(limit: int | None, settings: object) -> pd.DataFrame:
    folder, table = CHEST / "tb_multisource", []
    wanted = rows(folder)
    for source in sorted({row["source"] for row in wanted}):
        for row in thinned([r for r in wanted if r["source"] == source], limit):
            try:
                values = measure(folder / "images" / row["file"], settings)
            except BadInput as error:
                print(f"# left out: {error}")
                continue
            table.append({"file": row["file"], "source": source, **values})
    return pd.DataFrame(table)


def report(table: pd.DataFrame) -> None:
    print("source            films  area: median (quartiles)    films with at least 5 %   mean outside")
    for source, part in table.groupby("source"):
        low, middle, high = np.percentile(part.area, (25, 50, 75))
        print(
            f"{source:16s}  {len(part):5d}  {middle:.3f} ({low:.3f}–{high:.3f})"
            f"         {(part.area >= LEAST).mean():.3f}                     {part.mean_outside.mean():.3f}"
        )
    kinds = ["ground glass", "consolidation", "effusion"]
    print("\nmean share of the lungs:")
    print(table.groupby("source")[[*kinds, *ZONES]].mean().round(3).to_string())
    print(f"\nAUC against {NORMAL} (95 %)        area                  mean                  mean outside")
    normal = table[table.source == NORMAL]
    for source in sorted(set(table.source) - {NORMAL}):
        both = pd.concat([normal, table[table.source == source]])
        line = f"{source:30s}"
        for column in ("area", "mean", "mean_outside"):
            known = both[column].notna()
            found = auc((both.source == source)[known], both[column][known])
            line += f"  {found.value:.3f} ({found.low:.3f}–{found.high:.3f})"
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="opacities", help="opacity network: name or file")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any setting")
    parser.add_argument("--limit", type=int, help="films a source, evenly spread")
    parser.add_argument("--out", type=Path, help="CSV of all films")
    asked, begun = parser.parse_args(), time.perf_counter()
    more = dict(text.split("=", 1) for text in asked.set)
    settings = settings_from({"opacities.model": asked.model, **more})
    table = measured(asked.limit, settings)
    report(table)
    if asked.out:
        table.to_csv(asked.out, index=False)
    print(f"{len(table)} films, {time.perf_counter() - begun:.0f} s, {asked.model}, {' '.join(asked.set)}")


if __name__ == "__main__":
    main()

"""Training set of the opacity network: drawn lesions, normal films, and normal films with simulated lesions.

``python benchmarks/opacity_set.py --out FOLDER`` writes ``images/*.png`` and ``labels/*.png`` (8 bit, at the
films' own size; labels as in the scheme ``opacities``), ``samples.csv`` (image, label, patient, source,
simulated, fold) and ``facts.csv`` (kind, area and contrast of every simulated lesion; lesion area of every
drawn film). The same seed writes the same files.

What is in it, and what is not:

- ``pneumonia_lesions``: the lesions as the radiologists drew them, also where they leave the drawn lungs.
- ``jsrt`` without a nodule and usable, ``nih_sample`` "No Finding": nothing but background. The finding of
  nih_sample was read from reports by a program, and its acquisition is confounded with it: negatives only.
- Copies of those normal films with simulated lesions at clear contrast, each a patient of its film. A
  consolidation of low contrast is a ground glass, as both are the same opacity of different density;
  nodules count as consolidation, as they are dense and hide the vessels. Cavities and miliary disease are
  left out: neither has the border that the drawn lesions have.
- No film of tb_multisource, so that how far the network answers to tuberculosis can be asked afterwards.

Films of one person, or of one person as far as age, sex and figure tell, share a patient and a fold.
"""

from __future__ import annotations

import argparse
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from lungs import CHEST, read_grey, rows
from napari_tbcad.chest.lungs.atlas import atlas
from napari_tbcad.chest.lungs.masks import insensitive_mask
from napari_tbcad.chest.polarity import correct_polarity
from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.schemes import LEFT, RIGHT
from napari_tbcad.simulate.lesions import LesionParameters, SimulatedLesions, insert_lesions

GROUND_GLASS, CONSOLIDATION, EFFUSION = 1, 2, 3
FOLDS = 5
COLUMNS = ("image", "label", "patient", "source", "simulated", "fold")
FACTS = ("image", "kind", "area", "contrast", "seed", "ground_glass", "consolidation", "effusion")

# (simulator's kind, value in the label, contrast and area from … to); contrast in steps from lung to soft
# tissue, area as a share of the lungs.
KINDS: dict[str, tuple[Any, int, tuple[float, float], tuple[float, float]]] = {
    "ground_glass": ("consolidation", GROUND_GLASS, (0.18, 0.38), (0.05, 0.45)),
    "consolidation": ("consolidation", CONSOLIDATION, (0.55, 0.95), (0.03, 0.35)),
    "effusion": ("effusion", EFFUSION, (0.70, 1.10), (0.03, 0.30)),
    "nodules": ("nodules", CONSOLIDATION, (0.45, 0.90), (0.01, 0.06)),
}
SEEN = 0.06
"""Least median change of the grey value within a lesion, in steps from lung to soft tissue. An effusion
over what is white already changes nothing, and nobody could draw it."""

# Films that share a person although their names differ; the part of the name that tells the person.
_ONE_PERSON = (
    "41591_2020_819",
    "SARS-10.1148rg.242035193-g04mr34g0-Fig8",
    "SARS-10.1148rg.242035193-g04mr34g04",
    "SARS-10.1148rg.242035193-g04mr34g07",
    "auntminnie",
    "kjr-21-e24",
    "nejmoa2001191",
    "pneumococcal-pneumonia-day",
)
_UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


@dataclass
class Sample:
    """One film of the set with its label image (H, W) uint8."""

    name: str
    pixels: NDArray[np.float32]
    labels: NDArray[np.uint8]
    patient: str
    source: str
    simulated: bool = False
    lungs: NDArray[np.uint8] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def patient_of(row: dict[str, str]) -> str:
    """Return the person of a film of pneumonia_lesions: rather too few persons than too many."""
    stem = Path(row["file"]).stem
    if _UUID.fullmatch(stem):
        # One hospital society's cases without numbers: the same sex and age may be the same person.
        return f"sirm-{row['sex']}{row['age']}"
    return next((part for part in _ONE_PERSON if stem.startswith(part)), stem)


def drawn() -> Iterator[Sample]:
    """Films with lesions drawn by radiologists; their values are those of the scheme already."""
    folder = CHEST / "pneumonia_lesions"
    for row in rows(folder):
        pixels = read_grey(folder / "images" / row["file"])
        labels = read_grey(folder / "lesions" / row["file"]).astype(np.uint8)
        source = "pneumonia_lesions"
        yield Sample(Path(row["file"]).stem, pixels, labels, f"{source}:{patient_of(row)}", source)


def normal_jsrt() -> Iterator[Sample]:
    """JSRT films without a nodule, with their drawn lungs."""
    folder = CHEST / "jsrt"
    for row in rows(folder):
        if row["nodule"] != "0" or row["usable"] != "1":
            continue
        name = row["file"]
        lungs = np.where(read_grey(folder / "masks_right" / name) > 0, RIGHT, 0).astype(np.uint8)
        lungs[read_grey(folder / "masks_left" / name) > 0] = LEFT
        pixels, stem = read_grey(folder / "images" / name), Path(name).stem
        yield Sample(stem, pixels, np.zeros_like(lungs), f"jsrt:{stem}", "jsrt", lungs=lungs)


def normal_nih() -> Iterator[Sample]:
    """Films that a report-reading program called normal, with the lungs of the packaged atlas."""
    folder = CHEST / "nih_sample"
    for row in rows(folder):
        if row["finding"] != "No Finding":
            continue
        film = Radiograph(read_grey(folder / "images" / row["file"]), source=row["file"])
        if correct_polarity(film).inverted:
            print(f"# left out: {row['file']}: its grey scale is inverted")
            continue
        lungs = insensitive_mask(atlas(film), film).labels
        labels = np.zeros(film.shape, np.uint8)
        name, source = Path(row["file"]).stem, "nih_sample"
        yield Sample(name, film.pixels, labels, f"{source}:{row['patient']}", source, lungs=lungs)


def visible(result: SimulatedLesions) -> bool:
    """Return whether a reader could draw the lesion."""
    region = result.labels > 0
    return bool(region.sum() > 30 and np.median(result.contrast[region]) >= SEEN)


def with_lesion(normal: Sample, kind: str, *, seed: int, tries: int = 3) -> Sample | None:
    """Return a copy of a normal film with a lesion of one kind; None if none could be seen."""
    simulated_kind, value, contrasts, areas = KINDS[kind]
    film = Radiograph(normal.pixels, source=normal.name)
    assert normal.lungs is not None
    for attempt in range(tries):
        own = zlib.crc32(f"{normal.name} {kind} {attempt} {seed}".encode())
        draw = np.random.default_rng(own)
        wanted = LesionParameters(
            kind=simulated_kind,
            contrast=float(draw.uniform(*contrasts)),
            area=float(np.exp(draw.uniform(*np.log(areas)))),
            position="anywhere" if kind == "nodules" else "kind",
        )
        try:
            result = insert_lesions(film, normal.lungs, wanted, seed=own)
        except BadInput as error:
            print(f"# left out: {normal.name} {kind}: {error.cause}")
            return None
        if visible(result):
            labels = np.where(result.labels > 0, value, 0).astype(np.uint8)
            facts = {"kind": kind, **{k: result.facts[k] for k in ("area", "contrast", "seed")}}
            return Sample(
                f"{normal.name}_{kind}",
                result.film.pixels,
                labels,
                normal.patient,
                normal.source,
                simulated=True,
                facts=facts,
            )
    print(f"# left out: {normal.name} {kind}: no lesion that could be seen in {tries} tries")
    return None


def copies(normals: list[Sample], number: int, *, seed: int) -> Iterator[Sample]:
    """`number` copies of every film, each with another kind, all kinds equally often."""
    kinds = list(KINDS)
    order = np.random.default_rng(seed).permutation(len(normals))
    for place, index in enumerate(order):
        for k in range(number):
            # The second kind is never the first: its distance is 1, 2 or 3 in turn.
            kind = kinds[(place + k * (1 + place // len(kinds) % (len(kinds) - 1))) % len(kinds)]
            made = with_lesion(normals[index], kind, seed=seed)
            if made is not None:
                yield made


def folds_of(samples: list[Sample], *, seed: int) -> list[int]:
    """Return the fold of every film: by patient, stratified by source and by what was drawn."""
    films = [s for s in samples if not s.simulated]
    stratum = [s.source + ("+" if (s.labels == CONSOLIDATION).any() else "") for s in films]
    patients = [s.patient for s in films]
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    fold_of: dict[str, int] = {}
    for fold, (_, test) in enumerate(splitter.split(np.zeros(len(films)), stratum, patients)):
        fold_of |= {patients[i]: fold for i in test}
    return [fold_of[s.patient] for s in samples]


def write(out: Path, samples: list[Sample], folds: list[int]) -> None:
    """Write images, labels and both tables."""
    names = [f"{s.source}__{s.name}" for s in samples]
    assert len(names) == len(set(names)), "two films share a name"
    for part in ("images", "labels"):
        (out / part).mkdir(parents=True, exist_ok=True)
    table, facts = [], []
    for sample, fold in zip(samples, folds, strict=True):
        name = f"{sample.source}__{sample.name}.png"
        iio.imwrite(out / "images" / name, np.clip(np.rint(sample.pixels), 0, 255).astype(np.uint8))
        iio.imwrite(out / "labels" / name, sample.labels)
        table.append({
            "image": f"images/{name}",
            "label": f"labels/{name}",
            "patient": sample.patient,
            "source": sample.source,
            "simulated": int(sample.simulated),
            "fold": fold,
        })  # fmt: skip
        shares = {n: float((sample.labels == v).mean()) for n, v in zip(FACTS[5:], (1, 2, 3), strict=True)}
        facts.append({"image": f"images/{name}", **sample.facts, **shares})
    write_csv(out / "samples.csv", COLUMNS, table)
    write_csv(out / "facts.csv", FACTS, facts)


def summary(samples: list[Sample], folds: list[int]) -> None:
    print("source              kind            films patients  with ground glass, consolidation, effusion")
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        key = sample.facts.get("kind", "as it is")
        groups.setdefault((sample.source, key), []).append(sample)
    for (source, kind), part in groups.items():
        found = [sum(bool((s.labels == v).any()) for s in part) for v in (1, 2, 3)]
        print(f"{source:18s}  {kind:14s}  {len(part):5d} {len({s.patient for s in part}):8d}  {found}")
    for fold in range(FOLDS):
        inside = [s for s, f in zip(samples, folds, strict=True) if f == fold]
        names = [s.source + (" simulated" if s.simulated else "") for s in inside]
        print(f"fold {fold}: " + ", ".join(f"{name} {names.count(name)}" for name in sorted(set(names))))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--copies", type=int, default=2, choices=range(4), help="simulated copies of a film")
    asked, start = parser.parse_args(), time.perf_counter()
    normals = [*normal_jsrt(), *normal_nih()]
    samples = [*drawn(), *normals, *copies(normals, asked.copies, seed=asked.seed)]
    folds = folds_of(samples, seed=asked.seed)
    write(asked.out, samples, folds)
    summary(samples, folds)
    print(f"{len(samples)} films, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

"""Real films and scans as DICOM segmentations and reports: how many are valid, and are read back equal.

    .venv/bin/python benchmarks/clinic_formats.py [--films 6] [--scans 6] [--pictures 2]

Runs ``chest run`` and ``bone run`` over ../shared/data (DICOM and pictures), exports both runs with and
without identity, has dciodvfy (Debian: dicom3tools) check every file and compares what is read back. Then
gives the exported masks to another run of each and exports that: who made each segment must be the same.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from napari_tbcad.batch.clinic import export_subject
from napari_tbcad.cli.app import run
from napari_tbcad.io.clinic.deidentify import Deidentification
from napari_tbcad.io.clinic.makers import Maker
from napari_tbcad.io.clinic.runs import rows_of
from napari_tbcad.io.clinic.segmentation_labels import hotspots_of, lungs_of, regions_of
from napari_tbcad.io.clinic.segmentation_reading import is_segmentation, segment_facts
from napari_tbcad.io.labels import read_labels

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
READERS = {"sensitive": lungs_of, "insensitive": lungs_of, "regions": regions_of}


def errors(path: Path) -> list[str]:
    said = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True).stderr
    return [line for line in said.splitlines() if line.startswith("Error")]


def equal(path: Path, masks: Path) -> bool | None:
    """Tell whether a segmentation holds what the run's mask does; None for a file that is none."""
    what = path.stem.rpartition("_")[2]
    mask = masks / f"{path.stem}.png"
    if not mask.is_file():
        return None
    found = hotspots_of(path)[0] if what == "hotspots" else READERS[what](path)
    return bool(np.array_equal(found, read_labels(mask)))


def report(name: str, folder: Path, out: Path, deidentification: Deidentification | None) -> None:
    began = time.perf_counter()
    done = list(export_subject(folder, out, deidentification=deidentification))
    seconds = (time.perf_counter() - began) / max(len(done), 1)
    files = [path for one in done if one.exported for path in one.exported.paths]
    own = [path for path in files if not path.stem.endswith("source")]
    wrong = {path.name: found for path in own if (found := errors(path))}
    sources = [path for path in files if path not in own]
    bad_sources = {path.name: found for path in sources if (found := errors(path))}
    same = [known for path in own if (known := equal(path, folder / "masks")) is not None]
    print(
        f"| {name} | {sum(one.exported is not None for one in done)} of {len(done)} | {len(own)} | "
        f"{len(wrong)} | {f'{sum(same)} of {len(same)}' if same else '–'} | "
        f"{len(bad_sources)} of {len(sources)} | {seconds:.1f} |"
    )
    for file, found in wrong.items():
        print(f"    {file}: {found[0]}")
    for file, found in bad_sources.items():
        print(f"    {file} (as the image was): {len(found)} errors, first {found[0][:100]}")
    for one in done:
        if one.fault:
            print(f"    {one.source}: {one.fault}")


def makers(folder: Path) -> dict[str, list[Maker]]:
    """Return who made the segments of each segmentation in a folder, as the files say it."""
    found = (path for path in sorted(folder.glob("*.dcm")) if is_segmentation(path))
    return {path.name: [one.maker for one in segment_facts(path)] for path in found}


def given_back(name: str, inputs: list[Path], place: Path) -> None:
    exported = place / f"{name}_False"
    folder, out = place / f"{name}_given", place / f"{name}_again"
    run([name, "run", *map(str, inputs), "--out", str(folder), "--masks", str(exported)])
    report(f"{name}, given back", folder, out, None)
    before, after = makers(exported), makers(out)
    kept = sum(after.get(file) == said for file, said in before.items())
    print(
        f"    {name}: who made the segments is the same in {kept} of {len(before)} segmentations given back"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=6)
    parser.add_argument("--scans", type=int, default=6)
    parser.add_argument("--pictures", type=int, default=2, help="Scans that are two pictures each.")
    parser.add_argument("--keep", type=Path, help="Folder that keeps the files.")
    given = parser.parse_args()
    if shutil.which("dciodvfy") is None:
        raise SystemExit("dciodvfy is not installed (Debian: apt-get install dicom3tools)")
    films = [
        DATA / "chest/dicom_cr/RG1_J2KR.dcm",
        *sorted((DATA / "chest/jsrt").rglob("*.png"))[: given.films],
    ]
    films = [path for path in films if "mask" not in str(path) and "lung" not in path.stem.lower()]
    scans = sorted((DATA / "bone/pairs/dicom").glob("*.dcm"))[: given.scans]
    scans += sorted((DATA / "bone/nm1").glob("*.dcm"))
    fronts = sorted((DATA / "bone/pairs/png").glob("*_ant.png"))[: given.pictures]
    scans += [path for front in fronts for path in (front, front.with_name(f"{front.stem[:-3]}post.png"))]
    with tempfile.TemporaryDirectory() as temporary:
        place = given.keep or Path(temporary)
        run(["chest", "run", *map(str, films), "--out", str(place / "chest")])
        run(["bone", "run", *map(str, scans), "--out", str(place / "bone")])
        assert rows_of(place / "chest" / "results.csv", "file")
        print("| run | studies | files | with errors | read back equal | sources with errors | s a study |")
        print("|---|---|---|---|---|---|---|")
        for name in ("chest", "bone"):
            for how in (None, Deidentification()):
                kind = "with identity" if how is None else "without identity"
                report(f"{name}, {kind}", place / name, place / f"{name}_{how is not None}", how)
        for name, inputs in (("chest", films), ("bone", scans)):
            given_back(name, inputs, place)


if __name__ == "__main__":
    main()

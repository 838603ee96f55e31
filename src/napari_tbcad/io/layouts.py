"""Public data sets in the folders they are unpacked to, and where to get them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_tbcad.io.datasets import DataRow, LungFiles
from napari_tbcad.io.tables import sex_of

_NLM = "https://data.lhncbc.nlm.nih.gov/public/Tuberculosis-Chest-X-ray-Datasets/"
_DEPTH, _MOST_FILES = 6, 200_000


@dataclass(frozen=True)
class Layout:
    """A known data set.

    Parameters
    ----------
    name : str
        Its name.
    folder : str
        Folder it is looked for in, below the data folder.
    url, terms : str
        Where to get it and what is asked in return.
    example : str
        A file that exists below `folder` when it was unpacked rightly.
    words : tuple of str
        Words by which a mistyped path is recognised as meant for it.
    rows : callable
        ``rows(folder) -> tuple of DataRow``; empty when the folder holds something else.
    """

    name: str
    folder: str
    url: str
    terms: str
    example: str
    words: tuple[str, ...]
    rows: Callable[[Path], tuple[DataRow, ...]]


def where_to_get(layout: Layout | None, path: Path) -> str:
    """Say why there is no data set at `path`, where to get one and where to put it."""
    there = "holds no data set of a known layout" if path.is_dir() else "there is no such data set"
    if layout is not None:
        folder = path if path.name.lower() != layout.folder else path.parent / layout.folder
        return (
            f"{there}. Get {layout.name} from {layout.url} ({layout.terms}) and unpack it so that "
            f"{(folder / layout.example).as_posix()} exists; then give {folder.as_posix()}."
        )
    known = "; ".join(f"{one.name}: {one.url}" for one in LAYOUTS.values())
    return (
        f"{there}. Wanted: a CSV with the columns path,label, a folder with labels.csv and images/, or an "
        f"unpacked public set ({known}); see docs/datasets.md."
    )


def _tree(folder: Path) -> list[Path]:
    """List the files at most a few levels below a folder, sorted; a mistyped ``/`` must not take hours."""
    files: list[Path] = []
    for root, folders, names in os.walk(folder):
        if len(Path(root).relative_to(folder).parts) >= _DEPTH - 1:
            folders.clear()
        files += [Path(root) / name for name in names]
        if len(files) > _MOST_FILES:
            break
    return sorted(files)


def _files(folder: Path, pattern: str) -> list[Path]:
    """List the files below a folder whose names match, one of each name."""
    name = re.compile(pattern, re.IGNORECASE)
    found: dict[str, Path] = {}
    for path in _tree(folder):
        if name.fullmatch(path.name):
            found.setdefault(path.name, path)
    return [found[key] for key in sorted(found)]


def _in_mask_folder(path: Path) -> bool:
    return any("mask" in part.lower() for part in path.parts[-3:-1])


def _shenzhen(folder: Path) -> tuple[DataRow, ...]:
    films = [f for f in _files(folder, r"CHNCXR_\d{4}_[01]\.(png|jpe?g)") if not _in_mask_folder(f)]
    readings = {f.stem: f for f in _files(folder, r"CHNCXR_\d{4}_[01]\.txt")}
    # The masks of Stirenko et al. are called ..._mask.png; copies without that ending lie in a mask folder.
    masks = {f.stem.removesuffix("_mask"): f for f in _mask_files(folder, r"CHNCXR_\d{4}_[01](_mask)?\.png")}
    rows = []
    for film in films:
        age, sex, finding = _shenzhen_reading(readings.get(film.stem))
        lungs = LungFiles(both=masks[film.stem]) if film.stem in masks else None
        rows.append(_row(film, "Shenzhen", age, sex, finding, lungs))
    return tuple(rows)


def _mask_files(folder: Path, pattern: str) -> list[Path]:
    name = re.compile(pattern, re.IGNORECASE)
    files = (f for f in _tree(folder) if name.fullmatch(f.name))
    return [f for f in files if _in_mask_folder(f) or f.stem.endswith("_mask")]


def _row(
    film: Path, source: str, age: float | None, sex: str | None, finding: str, lungs: LungFiles | None
) -> DataRow:
    label = int(film.stem[-1])
    return DataRow(film, label, film.stem, source, age, sex, lungs, {"finding": finding})


def _text(path: Path | None) -> str:
    return "" if path is None else path.read_text(encoding="utf-8", errors="replace")


def _shenzhen_reading(path: Path | None) -> tuple[float | None, str | None, str]:
    """Parse ``male 45yrs`` and the finding below it; ages also come as months or days."""
    lines = [line.strip() for line in _text(path).splitlines() if line.strip()]
    if not lines:
        return None, None, ""
    sex = re.search(r"\b(fe)?male\b", lines[0], re.IGNORECASE)
    age = re.search(r"(\d+(?:\.\d+)?)\s*-?\s*(y|m|d|$)", lines[0], re.IGNORECASE)
    unit = {"m": 12.0, "d": 365.25}.get(age.group(2).lower(), 1.0) if age else 1.0
    years = float(age.group(1)) / unit if age else None
    return years, sex_of(sex.group(0)) if sex else None, " ".join(lines[1:])


def _montgomery(folder: Path) -> tuple[DataRow, ...]:
    films = [f for f in _files(folder, r"MCUCXR_\d{4}_[01]\.(png|jpe?g)") if not _in_mask_folder(f)]
    readings = {f.stem: f for f in _files(folder, r"MCUCXR_\d{4}_[01]\.txt")}
    sides: dict[str, dict[str, Path]] = {"left": {}, "right": {}}
    for mask in _mask_files(folder, r"MCUCXR_\d{4}_[01]\.png"):
        for side in sides:
            if side in mask.parent.name.lower():
                sides[side][mask.stem] = mask
    rows = []
    for film in films:
        age, sex, finding = _montgomery_reading(readings.get(film.stem))
        right, left = sides["right"].get(film.stem), sides["left"].get(film.stem)
        lungs = LungFiles(right=right, left=left) if right or left else None
        rows.append(_row(film, "Montgomery", age, sex, finding, lungs))
    return tuple(rows)


def _montgomery_reading(path: Path | None) -> tuple[float | None, str | None, str]:
    """Parse ``Patient's Sex: F``, ``Patient's Age: 026Y`` and the finding below them."""
    lines = [line.strip() for line in _text(path).splitlines() if line.strip()]
    fields = {
        line.split(":", 1)[0].lower()[-3:]: line.split(":", 1)[1].strip() for line in lines if ":" in line
    }
    age = re.match(r"(\d+)", fields.get("age", ""))
    finding = " ".join(line for line in lines if not line.lower().startswith("patient"))
    return float(age.group(1)) if age else None, sex_of(fields.get("sex", "")), finding


def _jsrt(folder: Path) -> tuple[DataRow, ...]:
    pattern = r"JPC[LN]N\d{3}\.(img|png|tiff?|bmp|jpe?g)"
    films = [f for f in _files(folder, pattern) if not _in_scr(f)]
    lungs: dict[str, dict[str, Path]] = {}
    for mask in _tree(folder):
        side = re.fullmatch(r"(left|right) lung", mask.parent.name, re.IGNORECASE)
        if side and re.fullmatch(r"JPC[LN]N\d{3}\.(gif|png)", mask.name, re.IGNORECASE):
            lungs.setdefault(mask.stem.upper(), {})[side.group(1).lower()] = mask
    people = _jsrt_people(folder)
    rows = []
    for film in {f.stem.upper(): f for f in films}.values():
        age, sex, diagnosis = people.get(film.stem.upper(), (None, None, ""))
        masks = lungs.get(film.stem.upper())
        extra = {"nodule": "1" if film.stem.upper().startswith("JPCLN") else "0", "diagnosis": diagnosis}
        files = LungFiles(masks.get("right"), masks.get("left")) if masks else None
        rows.append(DataRow(film, None, film.stem, "JSRT", age, sex, files, extra))
    return tuple(rows)


def _in_scr(path: Path) -> bool:
    names = [part.lower() for part in path.parts[-3:-1]]
    return any("mask" in name or name.endswith((" lung", " clavicle", "heart")) for name in names)


def _jsrt_people(folder: Path) -> dict[str, tuple[float | None, str | None, str]]:
    """Parse the tab-separated CLNDAT_EN.txt (nodules) and CNNDAT_EN.txt (none)."""
    people = {}
    for table in _files(folder, r"C[LN]NDAT_EN\.txt"):
        nodule = table.name.upper().startswith("CLN")
        for line in _text(table).splitlines():
            cells = [cell.strip() for cell in line.split("\t")]
            if len(cells) < 4 or not cells[0].upper().startswith("JPC"):
                continue
            age, sex = (cells[3], cells[4]) if nodule and len(cells) > 4 else (cells[1], cells[2])
            years = float(age) if age.isdigit() else None
            people[Path(cells[0]).stem.upper()] = (years, sex_of(sex), cells[-1])
    return people


LAYOUTS: dict[str, Layout] = {
    "shenzhen": Layout(
        "Shenzhen",
        "shenzhen",
        _NLM + "Shenzhen-Hospital-CXR-Set/index.html",
        "662 films, free; cite Jaeger et al. 2014",
        "CXR_png/CHNCXR_0001_0.png",
        ("shenzhen", "chinaset", "chncxr"),
        _shenzhen,
    ),
    "montgomery": Layout(
        "Montgomery",
        "montgomery",
        _NLM + "Montgomery-County-CXR-Set/MontgomerySet/index.html",
        "138 films with lung masks, free; cite Jaeger et al. 2014",
        "CXR_png/MCUCXR_0001_0.png",
        ("montgomery", "mcucxr"),
        _montgomery,
    ),
    "jsrt": Layout(
        "JSRT",
        "jsrt",
        "http://db.jsrt.or.jp/eng.php",
        "247 films after registration, research use; cite Shiraishi et al. 2000",
        "Nodule154images/JPCLN001.IMG",
        ("jsrt", "jpcln", "jpcnn"),
        _jsrt,
    ),
}

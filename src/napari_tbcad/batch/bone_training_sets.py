"""What `bone train` is given, whatever it is: a set with a table of images and label images."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_tbcad.batch.bone_set import (
    FACTS,
    SET_VERSION,
    TABLE,
    content_of,
    import_bs80k,
    read_facts,
    reference,
)
from napari_tbcad.batch.bone_set_labels import BoneSetParameters, What
from napari_tbcad.errors import BadInput
from napari_tbcad.files import read_rows, write_csv, written_whole
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.io.bs80k import DUPLICATES, PACKAGED_LEARNED_FROM, is_bs80k

SET, BS80K = "set", "bs80k"
ANNOTATIONS = "annotations"
_NAMES = {"simulated": "simulated", ANNOTATIONS: ANNOTATIONS}
"""Names of sets by their layout; any other is of BS-80K."""
SIMULATED_TERMS = "simulated by napari-tbcad (bone simulate), no patient"
_KINDS = {"hotspots": "classes", "regions": "regions"}
_SHORT: dict[ViewName, str] = {"anterior": "ant", "posterior": "post"}
_COLUMNS = ("image", "label", "patient", "view", "fold")


@dataclass(frozen=True)
class TrainingSet:
    """A folder with samples.csv.

    Parameters
    ----------
    name : str
        Printed beside scores.
    folder : Path
    what : {"hotspots", "regions"}
    terms : str
        For the card.
    views : tuple of str
        Views there are in it.
    folds : int
        Number of folds its column fold has.
    content : str
        Digest of the table and of how its labels were made.
    scheme : {"4", "3"}
        Classes of its hotspots.
    """

    name: str
    folder: Path
    what: What
    terms: str
    views: tuple[ViewName, ...]
    folds: int
    content: str = ""
    scheme: str = "4"


def training_set(
    folder: Path,
    out: Path,
    *,
    what: What,
    masks: Path | None = None,
    parameters: BoneSetParameters = BoneSetParameters(),
    regions: Any = None,
    workers: int = 1,
    say: Callable[[str], None] = print,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrainingSet:
    """Return the set to learn from; of a BS-80K folder, or of simulated scans, it is made first.

    Parameters
    ----------
    folder : Path
        A BS-80K folder, a set that :func:`~napari_tbcad.batch.bone_set.import_bs80k` or ``bone annotations``
        made, or a folder of ``bone simulate``.
    out : Path
        Where a set is made if one has to be: ``out/set``.
    what : {"hotspots", "regions"}
    masks, parameters, regions, workers, progress, cancelled
        As for :func:`~napari_tbcad.batch.bone_set.import_bs80k`.
    say : callable, optional
        Told what was found.

    Raises
    ------
    BadInput
        If the folder is none of the three, or is a set of something else.
    """
    if not folder.is_dir():
        raise BadInput(folder, "there is no such folder")
    if (folder / FACTS).is_file():
        made = _made_set(folder, what)
        if made.name == ANNOTATIONS:
            say(
                "annotated scans: whether the packaged networks learned from some of them (BS-80K) is not "
                "known; if so, only --from none gives scores that count"
            )
        return made
    if (folder / "truth").is_dir() and (folder / "png").is_dir():
        return _simulated(folder, out / SET, what, parameters.folds)
    if not is_bs80k(folder):
        raise BadInput(
            folder,
            "neither a BS-80K folder (wholeBodyANT, wholeBodyPOST), nor a set of `bone import` or "
            "`bone annotations` (set.json), nor one of `bone simulate` (png, truth)",
        )
    imported = import_bs80k(
        folder,
        out / SET,
        what=what,
        masks=masks,
        parameters=parameters,
        regions=regions,
        workers=workers,
        progress=progress,
        cancelled=cancelled,
    )
    for line in (*imported.found, *imported.lines()):
        say(line)
    return _made_set(out / SET, what)


def _made_set(folder: Path, what: What) -> TrainingSet:
    facts = read_facts(folder)
    if facts["what"] != what:
        raise BadInput(folder, f"a set of {facts['what']}, not of {what} (--what {facts['what']})")
    rows = _rows(folder / TABLE)
    name = _NAMES.get(str(facts.get("layout", "")), BS80K)
    views = tuple(view for view in VIEWS if any(row.get("view") == view for row in rows))
    odd = [row for row in rows if row.get("view") not in VIEWS]
    if odd or not rows:
        which = f"{len(odd)} of {len(rows)} rows (see {odd[0].get('image')})" if odd else "no row"
        said = "do not say" if odd else "says"
        raise BadInput(folder / TABLE, f"{which} {said} {' or '.join(VIEWS)} in the column view")
    terms, folds = str(facts.get("terms", "")), int(facts.get("folds", 5))
    try:
        content = content_of(folder, [{"label": row["label"]} for row in rows], str(facts.get("content", "")))
    except (OSError, KeyError) as error:
        raise BadInput(folder / TABLE, f"names a label image that cannot be read ({error})") from error
    scheme = str(facts.get("scheme", "4"))
    return TrainingSet(name, folder, what, terms, views, folds, content, scheme)


def learned_patients(source: TrainingSet) -> frozenset[str]:
    """Return the patients of a set, under any of their numbers, that the packaged networks learned from."""
    if source.name != BS80K:
        return frozenset()
    learned = {DUPLICATES.get(str(number), str(number)) for number in PACKAGED_LEARNED_FROM}
    found = set()
    for row in _rows(source.folder / TABLE):
        number = Path(row["label"]).stem.rpartition("_")[0]
        if learned & {row["patient"], DUPLICATES.get(number, number)}:
            found.add(row["patient"])
    return frozenset(found)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(read_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"cannot be read as a table ({error})") from error


def _simulated(folder: Path, out: Path, what: What, folds: int) -> TrainingSet:
    """Write a table that names the images and the truth of simulated scans where they lie."""
    names = [path.stem for path in sorted((folder / "truth").glob("*.json"))]
    if not names:
        raise BadInput(folder, "no simulated scan is finished there (truth/*.json)")
    rows, folds = [], max(2, min(folds, len(names)))
    for number, name in enumerate(names):
        for view, short in _SHORT.items():
            image = folder / "png" / f"{name}_{short}.png"
            label = folder / "truth" / f"{name}_{view}_{_KINDS[what]}.png"
            if missing := next((path for path in (image, label) if not path.is_file()), None):
                raise BadInput(missing, "this file of a simulated scan is missing; simulate it anew")
            places = {"image": reference(image, out), "label": reference(label, out)}
            rows.append({**places, "patient": name, "view": view, "fold": number % folds})
    try:
        content = content_of(out, rows)
    except OSError as error:
        raise BadInput(folder, f"cannot be read ({error.strerror or error})") from error
    facts = {
        "set_version": SET_VERSION,
        "what": what,
        "layout": "simulated",
        "terms": SIMULATED_TERMS,
        "folds": folds,
        "content": content,
    }
    try:
        if (out / FACTS).is_file() and read_facts(out)["what"] != what:
            raise BadInput(out, f"it holds a set of something else than {what}; choose another folder")
        write_csv(out / TABLE, _COLUMNS, rows)
        with written_whole(out / FACTS) as temporary:
            temporary.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    except OSError as error:
        raise BadInput(out, f"cannot write there ({error.strerror or error})") from error
    return _made_set(out, what)

"""A set to learn bone networks from, made of a folder in the layout of BS-80K."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from napari_tbcad import __version__
from napari_tbcad.batch.bone_set_journal import Journal, read_journal, write_journal
from napari_tbcad.batch.bone_set_labels import (
    BoneSetParameters,
    LabelItem,
    LabelJob,
    Labelled,
    What,
    label_key,
    label_name,
    make_label,
)
from napari_tbcad.batch.bone_set_patients import folds_of, patients_of
from napari_tbcad.batch.pool import each
from napari_tbcad.bone.skeleton import RegionParameters
from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable, sha256, write_csv, written_whole
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.io.bs80k import (
    NAME,
    Bs80k,
    Problem,
    below,
    find_bs80k,
    view_and_number,
)
from napari_tbcad.io.labels import LABEL_SUFFIXES

SET_VERSION = 1
TABLE, PROBLEMS, FACTS, JOURNAL = "samples.csv", "problems.csv", "set.json", "journal.jsonl"
COLUMNS = (
    "image", "label", "patient", "view", "source", "fold", "image_label", "n_abnormal", "n_normal",
)  # fmt: skip
"""Columns of samples.csv; ``image_label`` is 0 normal, 1 abnormal, empty where the set does not say."""
PROBLEM_COLUMNS = ("file", "kind", "used", "message")
TERMS = "BS-80K (Huang et al. 2022), research use"

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class BoneSet:
    """What was made.

    Parameters
    ----------
    folder : Path
        With samples.csv, problems.csv, set.json and labels/.
    rows : tuple of mapping
        Rows of samples.csv.
    problems : tuple of Problem
    found : tuple of str
        What the data set holds.
    said : tuple of str
        What a person should know of the labels.
    """

    folder: Path
    rows: tuple[Mapping[str, Any], ...]
    problems: tuple[Problem, ...]
    found: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what became of the images, in numbers."""
        clean = sum(not row["n_abnormal"] and not row["n_normal"] for row in self.rows)
        patients = len({row["patient"] for row in self.rows})
        boxes = f", {clean} of them without a box" if self.rows and self.rows[0]["n_normal"] != "" else ""
        out = Counter(one.kind for one in self.problems if not one.used)
        noted = Counter(one.kind for one in self.problems if one.used)
        lines = [f"{len(self.rows)} images of {patients} patients to learn from{boxes}"]
        lines += [f"left out: {number} × {kind}" for kind, number in sorted(out.items())]
        lines += [f"used, but noted: {number} × {kind}" for kind, number in sorted(noted.items())]
        return [*lines, *self.said]


def import_bs80k(
    folder: str | Path,
    out: str | Path,
    *,
    what: What = "hotspots",
    masks: str | Path | None = None,
    parameters: BoneSetParameters = BoneSetParameters(),
    regions: Any = None,
    workers: int = 1,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> BoneSet:
    """Make a set to learn from; done again it makes only what is missing or has changed.

    Parameters
    ----------
    folder : str or Path
        The data set; nothing is written there, and images are used where they lie.
    out : str or Path
        Folder for labels/NUMBER_VIEW.png (the values of the task ``4``, or of ``regions``; 255 makes no
        statement), samples.csv (image relative to the folder), problems.csv and set.json.
    what : {"hotspots", "regions"}
        What is learned. Hotspots come from the boxes by Otsu's threshold; an image that is labelled normal
        and has no box is a clean scan; one that is labelled abnormal and has none is left out.
    masks : str or Path, optional
        Folder of region masks of one's own (values 0 to 12), found by view and number in their paths. Needed
        for regions; for hotspots they tell where bone is instead of the chain's region segmenter.
    parameters : BoneSetParameters
    regions : RegionParameters, optional
        How the regions are found that count as bone beside the hotspots; the chain's default.
    workers : int, optional
        Local processes.
    progress : callable, optional
        Called with the share done and the image's name.
    cancelled : callable, optional
        Asked between images.

    Returns
    -------
    BoneSet

    Raises
    ------
    BadInput
        If there is no such data set, no image is left, or the folder cannot be written or holds another set.
    Cancelled
        If `cancelled` said so; what was made is kept for the next time.
    """
    folder, out = Path(folder), Path(out)
    if what == "regions" and masks is None:
        raise BadInput(folder, f"{NAME} has no skeleton regions: give a folder of region masks")
    data = find_bs80k(folder)
    _require_own(out, what)
    given = {} if masks is None else region_masks(Path(masks))
    items = [LabelItem(image, given.get((image.view, image.number))) for image in data.images]
    job = LabelJob(folder, out, what, parameters, RegionParameters() if regions is None else regions)
    try:
        done = _labelled(items, job, workers, progress, cancelled)
        made = _gathered(data, items, done, job, None if masks is None else Path(masks))
        _write(made, job, {label_name(item.image): one for item, one in zip(items, done, strict=True)})
    except OSError as error:
        raise BadInput(out, f"cannot write there ({error.strerror or error})") from error
    if not made.rows:
        first = next((one for one in made.problems if not one.used), None)
        why = "" if first is None else f"; the first: {first.file}: {first.message}"
        raise BadInput(folder, f"not one image is left to learn from{why}")
    return made


def region_masks(folder: Path) -> dict[tuple[ViewName, str], Path]:
    """Find region masks by view and number, such as ``102_ant.png`` or ``102_posterior_regions.png``.

    Raises
    ------
    BadInput
        If there is none.
    """
    if not folder.is_dir():
        raise BadInput(folder, "there is no such folder of region masks")
    found: dict[tuple[ViewName, str], Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in LABEL_SUFFIXES and not path.name.startswith("."):
            plain = path.with_name(path.name.replace("_regions", ""))
            if plain.stem.endswith(("_classes", "_hotspots")):
                continue
            view, number = view_and_number(plain, folder)
            if view is not None:
                found.setdefault((view, number), path)
    if not found:
        raise BadInput(folder, "no label image whose path names a view, such as 102_ant.png")
    return found


def _require_own(out: Path, what: str) -> None:
    """Refuse a folder that holds another set, or files of other origin."""
    require_writable(out)
    if not (out / FACTS).is_file():
        if (out / TABLE).exists():
            raise BadInput(out, f"it holds a {TABLE} that was not made here; choose another folder")
        return
    before = read_facts(out)["what"]
    if before != what:
        raise BadInput(out, f"it holds a set of {before}, not of {what}; choose another folder")


def read_facts(folder: Path) -> dict[str, Any]:
    """Return what set.json says; raises BadInput where it cannot be read."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if facts["set_version"] > SET_VERSION or facts["what"] not in ("hotspots", "regions"):
            raise ValueError("made by a newer version")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(folder / FACTS, f"does not tell what this set is ({error})") from error
    return facts


def _labelled(
    items: Sequence[LabelItem],
    job: LabelJob,
    workers: int,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> list[Labelled]:
    """Return what became of every image; what an earlier call made of the same files is taken from it."""
    before = read_journal(job.out / JOURNAL)
    done: dict[str, Labelled] = {}
    todo = []
    for item in items:
        name = label_name(item.image)
        one = before.get(name)
        if one is not None and _is_there(item, one, job):
            done[name] = one
        else:
            todo.append(item)
    if progress is not None and done:
        progress(len(done) / len(items), f"{len(done)} images are there already")
    made = each(partial(make_label, job=job), todo, workers=workers, cancelled=cancelled)
    with contextlib.closing(Journal(job.out / JOURNAL)) as journal:
        for name in before.keys() & {label_name(item.image) for item in todo}:
            # Stopped before its new line, the old one would be true again once the settings are put back.
            journal.add(name, Labelled("", None))
        for item, one in zip(todo, made, strict=True):
            name = label_name(item.image)
            done[name] = one
            journal.add(name, one)
            if progress is not None:
                progress(len(done) / len(items), below(item.image.image, job.folder))
    return [done[label_name(item.image)] for item in items]


def _is_there(item: LabelItem, one: Labelled, job: LabelJob) -> bool:
    try:
        if one.key != label_key(item, job):
            return False
    except OSError:
        return False
    return one.row is None or (job.out / label_name(item.image)).is_file()


def _gathered(
    data: Bs80k, items: Sequence[LabelItem], done: Sequence[Labelled], job: LabelJob, masks: Path | None
) -> BoneSet:
    used = [(item, one) for item, one in zip(items, done, strict=True) if one.row is not None]
    patients, twins = patients_of([item.image for item, _ in used], data.folder)
    folds = folds_of(patients, [item.image for item, _ in used], job.parameters.folds)
    rows = []
    for item, one in used:
        image, facts = item.image, one.row or {}
        patient = patients[image.number]
        row = {
            "image": reference(image.image, job.out),
            "label": facts["label"],
            "patient": patient,
            "view": image.view,
            "source": "bs80k",
            "fold": folds[patient],
            "image_label": None if image.abnormal is None else int(image.abnormal),
            "n_abnormal": facts["n_abnormal"],
            "n_normal": facts["n_normal"],
        }
        rows.append({name: "" if value is None else str(value) for name, value in row.items()})
    problems = (*data.problems, *twins, *(problem for one in done for problem in one.problems))
    said = tuple(_said(job, used, masks))
    return BoneSet(job.out, tuple(_numbers(row) for row in rows), problems, data.found, said)


def _numbers(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a row with its counts as numbers."""
    return {
        name: int(value) if name in ("n_abnormal", "n_normal", "fold") and value else value
        for name, value in row.items()
    }


def reference(image: Path, out: Path) -> str:
    """Return an image's path relative to the set, so that both may be moved together."""
    try:
        # Resolved, since ".." of a linked folder leads elsewhere than its path says.
        return Path(os.path.relpath(image.resolve(), out.resolve())).as_posix()
    except ValueError:  # on another drive
        return image.resolve().as_posix()


def _said(job: LabelJob, used: Sequence[tuple[LabelItem, Labelled]], masks: Path | None) -> Iterator[str]:
    if job.what == "hotspots":
        yield "hotspot pixels are made of the boxes by Otsu's threshold, nobody drew them"
        for how, number in sorted(Counter((one.row or {})["bone"] for _, one in used).items()):
            if how == "counts":
                yield f"of {number} images bone is where the counts say, without regions"
            elif how != "given":
                yield f"of {number} images bone is where counts and this program's own regions ({how}) say"
    if masks is not None and (masks.parent / "records").is_dir():
        yield (
            f"the region masks in {masks.name} were written by this program (bone run): where nobody "
            "corrected them they are its own output, and a network learns to repeat it"
        )


def _write(made: BoneSet, job: LabelJob, done: Mapping[str, Labelled]) -> None:
    """Write tables and facts, and remove label images that are no longer meant."""
    write_csv(made.folder / TABLE, COLUMNS, made.rows)
    told = [{**vars(one), "used": "yes" if one.used else "no"} for one in made.problems]
    write_csv(made.folder / PROBLEMS, PROBLEM_COLUMNS, told)
    facts = {
        "set_version": SET_VERSION,
        "version": __version__,
        "what": job.what,
        "layout": NAME,
        "terms": "; ".join((TERMS, *made.said)),
        "folds": max(2, len({row["fold"] for row in made.rows})),
        "parameters": job.parameters.model_dump(mode="json"),
        "content": content_of(made.folder, made.rows, job.parameters.model_dump_json(), *made.said),
        "images": len(made.rows),
        "patients": len({row["patient"] for row in made.rows}),
        "found": list(made.found),
        "left_out": dict(sorted(Counter(p.kind for p in made.problems if not p.used).items())),
    }
    with written_whole(made.folder / FACTS) as temporary:
        temporary.write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
    meant = {row["label"] for row in made.rows}
    for name in read_journal(made.folder / JOURNAL):
        if name not in meant and name == f"labels/{Path(name).name}":
            (made.folder / name).unlink(missing_ok=True)
    write_journal(made.folder / JOURNAL, done)


def content_of(folder: Path, rows: Sequence[Mapping[str, Any]], *more: str) -> str:
    """Return a digest of a table, of the label images it names and of how they were made.

    Raises
    ------
    OSError
        If a label image cannot be read.
    """
    place = folder.resolve()  # as `reference` does
    labels = (sha256((place / row["label"]).resolve()) for row in rows)
    return digest(*labels, *(str(sorted(row.items())) for row in rows), *more)

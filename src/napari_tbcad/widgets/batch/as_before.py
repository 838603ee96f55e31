"""What a study of a batch is brought to when it is opened: the batch's settings, and a person's masks.

All of it is called on workers: files are read and hashed, and the journal of a run can be long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad.record import Edit, Record
from napari_tbcad.widgets.batch.kept_settings import settings_of
from napari_tbcad.widgets.chest.opening import GIVEN

if TYPE_CHECKING:
    from napari_tbcad.batch.runs.window_jobs import BatchPlan
    from napari_tbcad.chain import Run
    from napari_tbcad.io.clinic.makers import Maker

_ASIDE = "Made with another version of a network or of the program, or on another device"


@dataclass(frozen=True, eq=False)
class AsBefore:
    """What a session goes on with.

    Parameters
    ----------
    intake : object
        Of the study, with a run that has the settings of the batch, and a person's masks where it had some.
    values : tuple of str
        What is compared with the files of the batch once it is there.
    check : callable
        ``check(values)`` says how they compare, on a worker.
    """

    intake: Any
    values: tuple[str, ...]
    check: Callable[[Mapping[str, Any]], str]


Build = Callable[[Any], AsBefore]
"""Makes that from the run of a study as it was opened; called on a worker."""


def film_as_before(run: Run, *, out: Path | None, plan: BatchPlan, name: str) -> AsBefore:
    """Return what the session of a film goes on with."""
    from napari_tbcad.chest.case_film import file_of
    from napari_tbcad.chest.workflow import ChestSettings, give_mask, settings_for, start
    from napari_tbcad.io.masks import read_mask
    from napari_tbcad.widgets.chest.intake import Intake

    film, model, key = run.get("film"), run.get("model"), run.key("film") or ""
    kept = settings_of(out, plan.assignments)
    settings = ChestSettings.model_validate(kept) if kept else settings_for(model, plan.assignments)
    new = start(film, settings, model=model, film_key=key)
    kinds = ("sensitive", "insensitive")
    files = {} if out is None else {kind: out / "masks" / f"{name}_{kind}.png" for kind in kinds}
    changed = _changed(out, name, (Path(film.source),), lambda: file_of(film) is not None)
    given = {} if changed else _by_hand(_record(out, name))
    for kind, path in files.items():
        if kind in given and path.is_file():
            mask, (reader, maker) = read_mask(path, film.shape), given[kind]
            give_mask(new, mask, kind, tool=GIVEN, reader=reader, maker=maker)  # type: ignore[arg-type]

    def check(values: Mapping[str, Any]) -> str:
        if changed:
            return changed
        pairs = [
            (values[kind].labels, read_mask(path, values[kind].labels.shape))
            for kind, path in files.items()
            if path.is_file()
        ]
        return _compared("Masks", pairs)

    return AsBefore(Intake(film, key, run=new), kinds, check)


def scan_as_before(run: Run, *, out: Path | None, plan: BatchPlan, name: str) -> AsBefore:
    """Return what the session of a bone scan goes on with."""
    from napari_tbcad.batch.left_by_hand import give_left, views_left
    from napari_tbcad.bone.case_scan import files_of
    from napari_tbcad.bone.label_files import LabelFiles, find_label_files
    from napari_tbcad.bone.workflow import BoneSettings, give_files, settings_from, start
    from napari_tbcad.imaging.bonescan import VIEWS
    from napari_tbcad.io.raster import load_array
    from napari_tbcad.widgets.bone.resume import ScanIntake

    study, kept, key = run.get("study"), settings_of(out, plan.assignments), run.key("study") or ""
    settings = BoneSettings.model_validate(kept) if kept else settings_from(plan.assignments)
    sources = dict.fromkeys(frame.facts.source for frame in study.frames)
    changed = _changed(out, name, tuple(map(Path, sources)), lambda: bool(files_of(study)))
    record = Record() if changed else _record(out, name)
    left = _by_hand(record)
    if left and (views := views_left(record)) is not None:
        settings = settings.model_copy(update={"views": views})
    new = start(study, settings, study_key=key)
    back = give_left(new, out, name, record, tool=GIVEN) if left and out is not None else set()
    if plan.masks is not None and not changed:
        files = find_label_files(plan.masks, name)
        # Not in place of what was corrected, or taken back, since they were given.
        done = back | ({entry.target for entry in record if isinstance(entry, Edit)} - left.keys())
        if "hotspots" in done:
            files = LabelFiles(regions=files.regions)
        if "regions" in done:
            files = replace(files, regions={})
        give_files(new, files, tool=GIVEN)

    def check(values: Mapping[str, Any]) -> str:
        if changed:
            return changed
        pairs, scan = [], new.get("scan")
        for view in VIEWS:
            labels, image = values["hotspots"].labels(view), None if scan is None else scan.view(view)
            path = None if out is None else out / "masks" / f"{name}_{view}_hotspots.png"
            if labels is not None and path is not None and path.is_file():
                # Files have a view as it lies in the scan's own.
                pairs.append((labels if image is None else image.stored(labels), load_array(path, [])[0]))
        return _compared("Hotspots", pairs)

    return AsBefore(ScanIntake(key, run=new), ("hotspots",), check)


def _changed(out: Path | None, name: str, paths: Sequence[Path], shown: Callable[[], bool]) -> str:
    """Return what is said of an image that is another than the batch's; "" where it is that one.

    Parameters
    ----------
    out : Path or None
        Folder of results.
    name : str
        Of the study.
    paths : sequence of Path
        Its files.
    shown : callable
        Tells whether they have what is shown: that may have been opened before they were as they are.
    """
    from napari_tbcad.batch.made_from import journaled, require_same_image
    from napari_tbcad.errors import BadInput

    made = {} if out is None else journaled(out, name)
    if name not in made or not made[name].key:
        return ""
    which = " or ".join(path.name for path in paths)
    try:
        require_same_image(made, name, paths, "open it")
        if shown():
            return ""
        said = f"What is shown is not what {which} has now"
    except BadInput:
        said = f"{which} changed since the batch"
    return f"▲ {said}: measured as in the batch, but without its masks, which may be of another image."


def _record(out: Path | None, name: str) -> Record:
    """Return the record of a study in the folder of results, empty where there is none."""
    from napari_tbcad.errors import BadInput

    try:
        return Record() if out is None else Record.load(out / "records" / f"{name}.json")
    except (BadInput, OSError):
        return Record()


def _by_hand(record: Record) -> dict[str, tuple[str, Maker | None]]:
    """Return what was given or edited by a record, with the reader's name and who made it."""
    from napari_tbcad.io.clinic.makers import standing_edits, stated

    targets = dict.fromkeys(entry.target for entry in record if isinstance(entry, Edit))
    standing = {target: edits for target in targets if (edits := standing_edits(record, target))}
    return {target: (edits[-1].reader, stated(record, target, target)) for target, edits in standing.items()}


def _compared(what: str, pairs: list[tuple[Any, Any]]) -> str:
    """Say how labels compare with those in files; nothing where there are no files."""
    if not pairs:
        return ""
    if any(one.shape != other.shape for one, other in pairs):
        return f"▲ {what} differ from those of the batch in size: another file has this name now."
    if all(np.array_equal(one, other) for one, other in pairs):
        return f"{what} exactly as in the batch."
    both = sum(int(((one > 0) & (other > 0)).sum()) for one, other in pairs)
    total = sum(int((one > 0).sum()) + int((other > 0).sum()) for one, other in pairs)
    dice = 2 * both / total if total else 1.0
    return f"▲ {what} differ from those of the batch (Dice {dice:.3f}). {_ASIDE}."

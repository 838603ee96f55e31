"""What a person names, whatever it is, as collections that a training can take. No torch is imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_tbcad.batch.trainings.rows import (
    Rows,
    known_by_name,
    masks_beside,
    rows_of_folder,
    rows_of_table,
)
from napari_tbcad.batch.trainings.tasks import KINDS, TASKS, FoundData, Kind, Task, together
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.networks.config import DataSource
from napari_tbcad.schemes import FOUR_CLASS, THREE_CLASS

__all__ = ["KINDS", "TASKS", "FoundData", "Kind", "Task", "find_data", "together"]

Say = Callable[[str], None]
Progress = Callable[[float, str], None]

WITHOUT_PATIENTS = (
    "nobody says whose images these are: each counts as a patient. Name them in a table (column patient), or "
    "scores are too good where a patient has several images"
)


def find_data(
    task: str,
    kind: Kind,
    paths: Sequence[Path],
    *,
    out: Path,
    view: str = "",
    scheme: str = "",
    key: Path | None = None,
    say: Say = print,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> FoundData:
    """Find the images and labels that a person means.

    Parameters
    ----------
    task : str
        Key of :data:`TASKS`.
    kind : {"folder", "table", "cases", "corrections"}
        folder: ``images/`` with ``labels/`` (and ``samples.csv``), a chest set the program knows, BS-80K, a
        folder of ``bone simulate``, a set of ``bone import`` or ``bone annotations``. table: CSV with the
        columns image,label[,patient,source,view,fold]. cases: ``.tbcad`` files or folders of them.
        corrections: the same, where only what a person corrected is there (the folder of autosaved cases).
    paths : sequence of Path
        What the person named.
    out : Path
        Folder in which tables, and copies of what was gathered, are written.
    view : {"anterior", "posterior"}, optional
        Of bone scans; needed for hotspots.
    scheme : str, optional
        Of the task's schemes; the first by default.
    key : Path, optional
        File of the key with which identifiers of patients are made digests; a new one is kept there, so that
        a patient is called the same in the next training
        (:mod:`~napari_tbcad.batch.corrections_patients`).
    say, progress, cancelled : callable, optional

    Returns
    -------
    FoundData

    Raises
    ------
    BadInput
        If there is nothing to learn from, with the cause.
    Cancelled
        If `cancelled` said so.
    """
    chosen = _task(task, view, scheme)
    wanted = _Wanted(chosen, scheme or chosen.schemes[0], view, out, key, say, progress, cancelled)
    if kind not in chosen.kinds:
        raise BadInput("kind of data", f"{kind!r} is not one of {', '.join(chosen.kinds)} for {task}")
    if not paths:
        raise BadInput("data", "nothing was named to learn from")
    places = [Path(path).expanduser().absolute() for path in paths]
    if kind in ("cases", "corrections"):
        return _gathered(wanted, places, unfinished=kind == "corrections")
    parts = []
    for number, place in enumerate(places):
        if cancelled is not None and cancelled():
            raise Cancelled("the search for images was stopped")
        parts.append(wanted.folder(place, number) if kind == "folder" else wanted.table(place, number))
    return together(parts)


def _task(task: str, view: str, scheme: str) -> Task:
    if task not in TASKS:
        raise BadInput("task", f"there is no task {task!r}; there are {', '.join(TASKS)}")
    chosen = TASKS[task]
    if scheme not in ("", *chosen.schemes):
        raise BadInput("scheme", f"{scheme!r} is not one of {', '.join(chosen.schemes)}")
    if chosen.views and view not in chosen.views:
        raise BadInput("view", f"{view!r} is not {' or '.join(chosen.views)}")
    return chosen


@dataclass(frozen=True)
class _Wanted:
    """What is looked for, and who is told."""

    task: Task
    scheme: str
    view: str
    out: Path
    key: Path | None
    say: Say
    progress: Progress | None
    cancelled: Callable[[], bool] | None

    def table(self, path: Path, number: int) -> FoundData:
        if not path.is_file():
            raise BadInput(path, "there is no such table")
        return self.of_rows(rows_of_table(path), number, path.stem)

    def folder(self, folder: Path, number: int) -> FoundData:
        if not folder.is_dir():
            raise BadInput(folder, "there is no such folder")
        if self.task.workflow == "bone" and _is_bone_set(folder):
            return self.bone_set(folder, number)
        if (folder / "images").is_dir() and (folder / "labels").is_dir():
            return self.of_rows(rows_of_folder(folder), number, folder.name)
        if self.task.key == "lungs":
            return self.films(folder, number)
        more = ", a BS-80K folder, one of bone simulate, or a set of bone import or bone annotations"
        raise BadInput(
            folder,
            "expected images/ and labels/ with files of the same names"
            + (more if self.task.workflow == "bone" else ""),
        )

    def of_rows(self, found: Rows, number: int, name: str) -> FoundData:
        """Keep the table as it is now, so that images that come later do not change the training."""
        if self.task.workflow == "bone":
            found = self.of_view(found, name)
        table = f"images-{number}.csv"
        found.save(self.out / table)
        source = DataSource(
            name=name, folder=self.out, images=".", labels=".", table=table, grouped="source",
            values=self.values(),
        )  # fmt: skip
        notes = [] if found.patients else [WITHOUT_PATIENTS]
        learned = known_by_name((Path(row["image"]).name for row in found.rows), self.task.key)
        patients = frozenset(row["patient"] for row in found.rows if Path(row["image"]).name in learned)
        # A collection that carries the name of one from which the packaged network learned is taken to be it.
        known = self.collections()
        patients |= {row["patient"] for row in found.rows if row["source"] in known}
        return self.found((source,), notes, found.passed_over, patients)

    def of_view(self, found: Rows, name: str) -> Rows:
        """Leave out the other view; of a scan whose view is not told nobody knows what it shows."""
        untold = [row for row in found.rows if not row["view"]]
        passed = [(Path(row["image"]).name, "the table does not say which view it is") for row in untold]
        wanted = (self.view,) if self.view else VIEWS
        rows = tuple(row for row in found.rows if row["view"] in wanted)
        if not rows:
            why = "the column view does not say which view they are" if untold else f"none is {self.view}"
            raise BadInput(name, f"{len(found.rows)} images, but {why}")
        return Rows(rows, (*found.passed_over, *passed), found.patients)

    def films(self, folder: Path, number: int) -> FoundData:
        """Return films with lung masks, in a layout that the program knows or beside ``images/``."""
        from napari_tbcad.io.datasets import load_dataset

        pairs = [] if (folder / "labels.csv").is_file() else list(masks_beside(folder))
        if pairs:
            return self.of_rows(self.drawn(pairs, folder.name, number), number, folder.name)
        data = load_dataset(folder)
        films = data.with_lungs().rows
        if not films:
            raise BadInput(folder, "no film of this set has lung masks")
        source = DataSource(name=data.name, folder=folder, layout="films")
        names = known_by_name((film.path.name for film in films), self.task.key)
        of_names = {film.patient for film in films if film.path.name in names}
        learned = {film.patient for film in films} if data.name in self.collections() else of_names
        notes = [] if len(films) == len(data) else [f"{len(films)} of {len(data)} films have lung masks"]
        return self.found((source,), notes, (), learned)

    def drawn(self, pairs: Sequence[tuple[Path, Path]], name: str, number: int) -> Rows:
        """Write label images of masks that may be black and white: the sides are told by place."""
        from napari_tbcad.io.datasets import LungFiles
        from napari_tbcad.io.labels import write_labels
        from napari_tbcad.io.read import read_film

        rows, passed = [], []
        for done, (film, mask) in enumerate(pairs):
            self.step(done / len(pairs), film.name)
            label = self.out / f"labels-{number}" / f"{film.stem}.png"
            try:
                height, width = read_film(film).pixels.shape
                write_labels(label, LungFiles(both=mask).read((height, width)), bits=8)
            except BadInput as error:
                passed.append((film.name, error.cause))
                continue
            row = {"image": str(film), "label": str(label), "patient": film.stem, "source": name, "view": ""}
            rows.append(row)
        if not rows:
            raise BadInput(name, f"no lung mask can be read; the first: {passed[0][1]}")
        return Rows(tuple(rows), tuple(passed))

    def bone_set(self, folder: Path, number: int) -> FoundData:
        """Return a set of bone scans; of BS-80K and of simulated scans it is made first."""
        from napari_tbcad.batch.bone_training_sets import BS80K, learned_patients, training_set

        what = "hotspots" if self.task.key == "hotspots" else "regions"
        lines: list[str] = []

        def noted(line: str) -> None:
            lines.append(line)
            self.say(line)

        made = training_set(
            folder,
            self.out / f"set-{number}",
            what=what,  # type: ignore[arg-type]
            say=noted,
            progress=self.progress,
            cancelled=self.cancelled,
        )
        if made.scheme == THREE_CLASS.name and self.scheme == FOUR_CLASS.name:
            raise BadInput(folder, "normal hotspots are bone in this set: choose three classes")
        views: Sequence[ViewName] = [one for one in made.views if self.view in ("", one)]
        if not views:
            raise BadInput(folder, f"no image of the {self.view} view is in it")
        sources = [
            DataSource(
                name=f"{made.name}-{one}", folder=made.folder.absolute(), images=".", table="samples.csv",
                where={"view": one}, values=self.values(), terms=made.terms,
            )
            for one in views
        ]  # fmt: skip
        return self.found(tuple(sources), lines, (), learned_patients(made), told=made.name == BS80K)

    def values(self) -> dict[int, int]:
        """Return what the values of four classes mean here: in three, normal hotspots are bone."""
        if self.scheme != THREE_CLASS.name:
            return {}
        return {FOUR_CLASS.ids["normal"]: THREE_CLASS.ids["normal"]}

    def collections(self) -> set[str]:
        """Return the names of the collections that the packaged network learned from."""
        from napari_tbcad.networks.listing import packaged_entries

        entry = packaged_entries().get(self.task.packaged(self.view))
        try:
            return set() if entry is None else {one.name for one in entry.card().sources}
        except BadInput:
            return set()

    def found(
        self,
        sources: tuple[DataSource, ...],
        notes: Sequence[str],
        passed_over: Sequence[tuple[str, str]],
        learned: set[str] | frozenset[str],
        *,
        told: bool = False,
    ) -> FoundData:
        return FoundData(
            self.task.key, self.scheme, self.view, sources, tuple(notes), tuple(passed_over),
            frozenset(learned), told,
        )  # fmt: skip

    def step(self, share: float, text: str) -> None:
        """Tell how far it is; stop when asked to."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled("the search for images was stopped")
        if self.progress is not None:
            self.progress(share, text)


def _is_bone_set(folder: Path) -> bool:
    from napari_tbcad.batch.bone_set import FACTS
    from napari_tbcad.io.bs80k import is_bs80k

    simulated = (folder / "truth").is_dir() and (folder / "png").is_dir()
    return (folder / FACTS).is_file() or simulated or is_bs80k(folder)


def _gathered(wanted: _Wanted, places: Sequence[Path], *, unfinished: bool) -> FoundData:
    from napari_tbcad.batch.trainings.corrections import gathered

    folder = wanted.out / "corrections"
    what = wanted.task.key
    made, passed = gathered(
        places, folder, what=what, unfinished=unfinished, key=wanted.key, say=wanted.say, step=wanted.step,
    )  # fmt: skip
    if wanted.view and not any(row.get("view") == wanted.view for row in made.rows):
        raise BadInput(places[0], f"no corrected {what} of the {wanted.view} view")
    source = DataSource(
        name="corrections", folder=folder.absolute(), table="samples.csv", values=wanted.values(),
        where={"view": wanted.view} if wanted.view else {},
    )  # fmt: skip
    notes = [f"{len(made.rows)} images with your corrections were copied into the training's folder"]
    if unfinished:
        notes.append("readings that are still in progress were taken as well")
    if what == "lungs":
        notes.append("a corrected mask began as the automatic one: the packaged network's score is flattered")
    return wanted.found((source,), notes, passed, set())

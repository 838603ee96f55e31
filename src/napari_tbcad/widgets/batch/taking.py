"""A study that was just opened, brought to where its batch had it, and held against what the batch wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.batch.kept_settings import settings_of
from napari_tbcad.widgets.chest.opening import GIVEN, worked_on
from napari_tbcad.widgets.work import start_call, timer

if TYPE_CHECKING:
    from napari_tbcad.batch.runs.window_jobs import BatchPlan
    from napari_tbcad.chain import Run
    from napari_tbcad.io.clinic.makers import Maker

AS_LEFT = "As you left it: what you corrected stands."
_READING, _BUILDING, _BUILT, _ADOPTING, _COMPUTING = range(5)
_AGAIN_MS = 60
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


class Taking(QObject):
    """Brings the session of a study to where the batch had it.

    Parameters
    ----------
    session : Session
        Of the study.
    build : callable
        Makes what it goes on with.
    parent : QObject
        Qt parent.

    Attributes
    ----------
    ended : Signal(str)
        It is computed, and how it compares with what the batch wrote; or it was left as a person had it.
    failed : Signal(str)
        It cannot be had as in the batch or compared with it, and why.
    busy : bool
        Whether that is under way.
    """

    ended = Signal(str)
    failed = Signal(str)

    def __init__(self, session: Any, build: Build, parent: QObject) -> None:
        super().__init__(parent)
        self._session: Any = session
        self._build = build
        self._made: AsBefore | None = None
        self._stage = _READING
        self.busy = False
        self._again = timer(self, self._look)

    def go(self) -> None:
        """Begin as soon as the study is read."""
        self.busy = True
        self._session.changed.connect(self._look)
        self._look()

    def drop(self) -> None:
        """Do no more."""
        session, self._session, self.busy = self._session, None, False
        self._again.stop()
        if session is not None and isalive(session):
            with suppress(TypeError, RuntimeError):
                session.changed.disconnect(self._look)

    # -- inside ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Go on when what is under way is done; what a session does by itself is not always told."""
        session = self._session
        if session is None or not isalive(session) or session.closed:
            self.drop()
        elif session.film_problem:
            self.drop()
            self.failed.emit(session.film_problem)
        elif self._stage == _COMPUTING:
            self._compare()
        elif session.run is None or not session.settled or session.waits:
            self._again.start(_AGAIN_MS)
        elif worked_on(session.run):  # meanwhile: nothing of that may be lost
            self.drop()
            self.ended.emit(AS_LEFT)
        elif self._stage == _READING:
            self._stage = _BUILDING
            run, build = session.run, self._build
            start_call(lambda: build(run), on_result=self._take, on_error=self._fail)
        elif self._stage == _BUILT and self._made is not None:
            # Not while the session computes: the answer would come to another run than it was asked of.
            self._stage = _ADOPTING
            session.adopt(self._made.intake)
            session.run_all()
            self._stage = _COMPUTING
            self._look()

    def _take(self, made: AsBefore) -> None:
        self._made, self._stage = made, _BUILT
        self._look()

    def _compare(self) -> None:
        session, made = self._session, self._made
        if made is None:
            return
        if session.busy or not all(session.fresh(name) for name in made.values):
            if session.settled:  # nothing more will come
                self.drop()
                self.ended.emit("Not as in the batch: a stage was stopped or failed, as its panel says.")
            else:
                self._again.start(_AGAIN_MS)
            return
        values, check = {name: session.value(name) for name in made.values}, made.check
        self.drop()
        self.busy = True
        start_call(lambda: check(values), on_result=self._end, on_error=self._fail_to_compare)

    def _end(self, said: str) -> None:
        self.busy = False
        self.ended.emit(said)

    def _fail_to_compare(self, error: Exception) -> None:
        self.busy = False
        self.failed.emit(
            f"{_sentence(error)} It is measured as in the batch, and not compared with its files."
        )

    def _fail(self, error: Exception) -> None:
        session = self._session
        self.drop()
        if session is not None and isalive(session) and not session.closed:
            session.run_all()  # with the person's own settings: better than nothing, and it is said
        self.failed.emit(f"{_sentence(error)} It is shown with your own settings.")


def _sentence(error: Exception) -> str:
    return f"{str(error).rstrip('.')}."


# -- on a worker ------------------------------------------------------------------------------------------


def film_as_before(run: Run, *, out: Path | None, plan: BatchPlan, name: str) -> AsBefore:
    """Return what the session of a film goes on with."""
    from napari_tbcad.chest.workflow import ChestSettings, give_mask, settings_for, start
    from napari_tbcad.io.masks import read_mask
    from napari_tbcad.widgets.chest.intake import Intake

    film, model, key = run.get("film"), run.get("model"), run.key("film") or ""
    kept = settings_of(out, plan.assignments)
    settings = ChestSettings.model_validate(kept) if kept else settings_for(model, plan.assignments)
    new = start(film, settings, model=model, film_key=key)
    kinds = ("sensitive", "insensitive")
    files = {} if out is None else {kind: out / "masks" / f"{name}_{kind}.png" for kind in kinds}
    given = _by_hand(out, name)
    for kind, path in files.items():
        if kind in given and path.is_file():
            mask = read_mask(path, film.shape)
            give_mask(new, mask, kind, tool=GIVEN, maker=given[kind])  # type: ignore[arg-type]

    def check(values: Mapping[str, Any]) -> str:
        pairs = [
            (values[kind].labels, read_mask(path, values[kind].labels.shape))
            for kind, path in files.items()
            if path.is_file()
        ]
        return _compared("Masks", pairs)

    return AsBefore(Intake(film, key, run=new), kinds, check)


def scan_as_before(run: Run, *, out: Path | None, plan: BatchPlan, name: str) -> AsBefore:
    """Return what the session of a bone scan goes on with."""
    from napari_tbcad.bone.label_files import find_label_files
    from napari_tbcad.bone.workflow import BoneSettings, give_files, settings_from, start
    from napari_tbcad.imaging.bonescan import VIEWS
    from napari_tbcad.io.raster import load_array
    from napari_tbcad.widgets.bone.resume import ScanIntake

    kept, key = settings_of(out, plan.assignments), run.key("study") or ""
    settings = BoneSettings.model_validate(kept) if kept else settings_from(plan.assignments)
    new = start(run.get("study"), settings, study_key=key)
    if plan.masks is not None:
        give_files(new, find_label_files(plan.masks, name), tool=GIVEN)

    def check(values: Mapping[str, Any]) -> str:
        pairs = []
        for view in VIEWS:
            labels = values["hotspots"].labels(view)
            path = None if out is None else out / "masks" / f"{name}_{view}_hotspots.png"
            if labels is not None and path is not None and path.is_file():
                pairs.append((labels, load_array(path, [])[0]))
        return _compared("Hotspots", pairs)

    return AsBefore(ScanIntake(key, run=new), ("hotspots",), check)


def _by_hand(out: Path | None, name: str) -> dict[str, Maker | None]:
    """Return which masks of a film were given or edited by the record of the batch, and by whom they are."""
    from napari_tbcad.errors import BadInput
    from napari_tbcad.io.clinic.makers import stated
    from napari_tbcad.record import Edit, Record

    if out is None:
        return {}
    try:
        record = Record.load(out / "records" / f"{name}.json")
    except (BadInput, OSError):
        return {}
    targets = {entry.target for entry in record if isinstance(entry, Edit)}
    return {target: stated(record, target, target) for target in targets}


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

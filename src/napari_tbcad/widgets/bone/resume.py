"""A bone scan with the case that goes with it: read on a worker, marked in the layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image

from napari_tbcad.bone.views import ViewParameters
from napari_tbcad.case import Case
from napari_tbcad.errors import BadInput
from napari_tbcad.io.scans import Study
from napari_tbcad.widgets.reader import CASE_KEY, LayerData
from napari_tbcad.widgets.workflow.desk import CaseDesk
from napari_tbcad.widgets.workflow.resumed import Resumed

if TYPE_CHECKING:
    from napari_tbcad.chain import Run


@dataclass(frozen=True, eq=False)
class ScanIntake(Resumed):
    """What was found of a scan.

    Parameters
    ----------
    key : str
        Content key of the study in the chain.
    """

    key: str


class BoneDesk(CaseDesk):
    """Saves and restores the case of one scan."""

    thing = "scan"

    def case_of(self, run: Run, **facts: Any) -> Case:
        """Gather a run as a case."""
        from napari_tbcad.bone.cases import case_of

        return case_of(run, **facts)

    def take_up(self, session: Any) -> Callable[[Case, Path], ScanIntake]:
        """Return what brings a case of this scan back."""
        study, key = session.run.get("study"), session.run.key("study") or ""
        return lambda case, path: _taken_up(case, path, study, key)

    def mark(self, session: Any, path: Path, key: str) -> None:
        """Say that the views in the layers go with a case."""
        for image in session.layers.pictures().values():
            image.metadata[CASE_KEY] = (str(path.absolute()), key)

    def name_of(self, session: Any) -> str:
        """Return the scan's name: two files have one case."""
        return str(session.name)


def case_in(layer: Image | None) -> tuple[Path, str] | None:
    """Return the file of the case a view goes with, and the key of its scan."""
    found = None if layer is None else layer.metadata.get(CASE_KEY)
    return None if found is None else (Path(found[0]), found[1])


def resume(study: Study, marked: tuple[Path, str] | None, autosave: Path | None) -> ScanIntake:
    """Look up what goes with a scan; on a worker.

    Parameters
    ----------
    study : Study
        The scan.
    marked : (Path, str) or None
        What :func:`case_in` says of a layer of it.
    autosave : Path or None
        Where cases are saved while a person works.

    Raises
    ------
    BadInput
        If its case cannot be used.
    """
    from napari_tbcad.bone.cases import study_key
    from napari_tbcad.content import content_key
    from napari_tbcad.widgets.workflow.autosave import find

    key, own = content_key(study), study_key(study)
    left = find(autosave, study.source, own)
    path, of = marked or (None, "")
    # Layers outlive what they came from: the file may have been moved.
    if path is None or of != own:
        return ScanIntake(key, left=left)
    if not path.exists():
        return ScanIntake(key, left=left, notes=(f"The case of this scan, {path}, is gone.",))
    # As it stands now: what the layers were opened with may have been gone on with since.
    case = Case.load(path)
    newer = left if left is not None and Case.peek(left).saved > case.saved else None
    return replace(_taken_up(case, path, study, key), left=newer)


def _taken_up(case: Case, path: Path, study: Study, key: str) -> ScanIntake:
    from napari_tbcad.bone.cases import mismatches, run_from

    run = run_from(case, study, key=key)
    return ScanIntake(key, case=case, path=path, run=run, notes=mismatches(case))


def read_case(path: Path) -> list[LayerData]:
    """Read the scan of a bone case as layers.

    Raises
    ------
    BadInput
        If it is no case of a bone scan, or its scan is not to be found.
    """
    case = Case.load(path)
    if case.workflow != "bone":
        raise BadInput(path, f"a case of the {case.workflow} workflow; open it in the panel of that workflow")
    return layers_of_scan_case(case, path)


def layers_of_scan_case(case: Case, path: Path) -> list[LayerData]:
    """Return the views of a case's scan as layers that say which case they go with.

    Raises
    ------
    BadInput
        If the scan is not to be found, or the case not to be used.
    """
    from napari_tbcad.bone.cases import study_for
    from napari_tbcad.widgets.bone.intake import layers_of_study

    study = study_for(case, path)
    try:
        views = ViewParameters.model_validate(case.last.settings["views"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(path, f"its settings cannot be used ({error})") from error
    layers = layers_of_study(study, _name(case, study), views)
    for _, options, _ in layers:
        options["metadata"][CASE_KEY] = (str(path.absolute()), case.image.content_key)
    return layers


def _name(case: Case, study: Study) -> str:
    """Return what the scan was called when it was opened from its files."""
    from napari_tbcad.io.scans import find_scans

    files = [Path(source) for source in dict.fromkeys(frame.facts.source for frame in study.frames) if source]
    if case.image.embedded or not files:
        return Path(case.image.name).stem
    return Path(find_scans(files)[0].name).name

"""Taking many bone scans through the chain and writing what the command line promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import Table, absolute, require_not_exported, with_hashes
from napari_tbcad.bone.exports import HOTSPOT_COLUMNS, REGION_COLUMNS, RESULT_COLUMNS
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import sha256
from napari_tbcad.io.scan_files import ScanFiles

if TYPE_CHECKING:
    from napari_tbcad.bone.label_files import LabelFiles
    from napari_tbcad.bone.skeleton_atlas import SkeletonAtlas
    from napari_tbcad.bone.workflow import BoneAnalysis

KIND = "bone"
TABLES = (
    Table("results", RESULT_COLUMNS),
    Table("regions", REGION_COLUMNS),
    Table("hotspots", HOTSPOT_COLUMNS),
)


@dataclass(frozen=True)
class BoneJob:
    """What is done to every scan of a batch; small enough to be sent to other processes.

    Parameters
    ----------
    out : Path
        Folder for results.
    assignments : mapping, optional
        Settings that differ from the defaults, as in :func:`~napari_tbcad.bone.workflow.settings_from`.
    atlas : str, optional
        Path of a skeleton atlas; the packaged one when not given.
    masks : Path, optional
        Folder with a person's label files, ``NAME_anterior_hotspots.png`` and so on.
    pictures : bool, optional
        Write overlays.
    """

    out: Path
    assignments: Mapping[str, Any] = dataclass_field(default_factory=dict)
    atlas: str | None = None
    masks: Path | None = None
    pictures: bool = True

    @property
    def kind(self) -> str:
        """What the studies are."""
        return KIND

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of the run."""
        return TABLES

    def absolute(self) -> BoneJob:
        """Return the job with paths that hold in any working directory."""
        return replace(
            self,
            out=self.out.absolute(),
            assignments=absolute(self.assignments),
            atlas=str(Path(self.atlas).absolute()) if self.atlas else None,
            masks=self.masks.absolute() if self.masks else None,
        )

    def library(self) -> SkeletonAtlas | None:
        """Return the atlas, read once a process."""
        return _atlas(self.atlas) if self.atlas else None

    def require(self, studies: Sequence[Study]) -> None:
        """Check what concerns every scan.

        Raises
        ------
        BadInput
            If a setting does not exist, or no given mask belongs to a scan.
        ModelRefused
            If a network that was named cannot be used.
        """
        from napari_tbcad.bone import candidates_network, skeleton_network
        from napari_tbcad.bone.workflow import settings_from

        settings = settings_from(self.assignments)
        skeleton_network.require_named(settings.regions)
        candidates_network.require_named(settings.hotspots)
        require_masks(studies, self.masks)

    def load(self, *, try_out: bool = False) -> None:
        """Load what is kept for all scans; raises ModelRefused if the atlas cannot be used."""
        self.library()
        if try_out:
            from napari_tbcad.simulate.bone_samples import sample_scan_path

            with suppress(TbcadError):  # the scans will say it, each with its name
                path = sample_scan_path("few_lesions")
                _analyse(ScanFiles((path,), path.stem), replace(self, masks=None))

    def settings(self) -> dict[str, Any]:
        """Return all that the results depend on beside the scans."""
        from napari_tbcad.bone.workflow import settings_from
        from napari_tbcad.networks.listing import hash_if_any

        settings = settings_from(self.assignments).model_dump(mode="json")
        return {
            "settings": with_hashes(settings, hash_if_any),
            "atlas_sha256": sha256(self.atlas) if self.atlas else "",
            "pictures": self.pictures,
        }

    def given(self, name: str) -> list[Path]:
        """Return a person's label files of a scan."""
        from napari_tbcad.bone.label_files import find_label_files

        return _paths_of(find_label_files(self.masks, name)) if self.masks else []

    def work(self, study: Study) -> tuple[Row, list[Path]]:
        """Take one scan through the chain and write its files.

        Returns
        -------
        row : Row
            Its rows of the tables.
        files : list of Path
            What was written.
        """
        item = ScanFiles(study.paths, study.name, study.warnings)
        row, _, files = scan_done(item, self, partial(require_not_exported, study, self.out))
        return row, files


@lru_cache(maxsize=1)
def _atlas(path: str) -> SkeletonAtlas:
    from napari_tbcad.bone.skeleton_atlas import load_skeleton_atlas

    return load_skeleton_atlas(path)


def scan_done(
    item: ScanFiles, job: BoneJob, before_writing: Callable[[], None] = lambda: None
) -> tuple[Row, BoneAnalysis, list[Path]]:
    """Take one scan through the chain and write its files; return its rows, the analysis and the files."""
    from napari_tbcad.bone import exports

    names = [path.as_posix() for path in item.paths]
    analysis, settings = _analyse(item, job)
    before_writing()
    files = exports.write_files(job.out, item.name, analysis, picture=job.pictures)
    more = {
        "regions": exports.region_rows(analysis, file=names[0]),
        "hotspots": exports.hotspot_rows(analysis, file=names[0]),
    }
    return Row(exports.results_row(analysis, settings, file=names[0], files=names), more), analysis, files


def _analyse(item: ScanFiles, job: BoneJob) -> tuple[BoneAnalysis, Any]:
    from napari_tbcad.bone.label_files import find_label_files
    from napari_tbcad.bone.views import UndecidedViews
    from napari_tbcad.bone.workflow import analyse, settings_from
    from napari_tbcad.io.scans import read_study

    settings = settings_from(job.assignments)
    masks = find_label_files(job.masks, item.name) if job.masks else None
    try:
        return analyse(read_study(item), settings=settings, atlas=job.library(), masks=masks), settings
    except UndecidedViews as error:
        raise BadInput(
            error.source, f"{error.cause}: --set views.first_view=anterior (or posterior)"
        ) from error


@dataclass(frozen=True)
class GivenMasks:
    """Which of a person's label files belong to which scans.

    Parameters
    ----------
    scans : int
        Scans that have at least one label file.
    strangers : tuple of Path
        Label files that belong to none of the scans, such as one with a slip in its name.
    """

    scans: int
    strangers: tuple[Path, ...]


def match_masks(scans: Sequence[Study | ScanFiles], folder: Path) -> GivenMasks:
    """Hold the label files of a folder against the scans."""
    from napari_tbcad.bone.label_files import find_label_files

    found = [find_label_files(folder, scan.name) for scan in scans]
    used = {path for files in found for path in _paths_of(files)}
    kinds = ("*_hotspots.*", "*_classes.*", "*_regions.*", "*_boxes.xml")
    there = {path for kind in kinds for path in folder.glob(kind) if not path.name.startswith(".")}
    given = sum(files.has_hotspots or bool(files.regions) for files in found)
    return GivenMasks(given, tuple(sorted(there - used)))


def require_masks(scans: Sequence[Study | ScanFiles], folder: Path | None) -> None:
    """Raise BadInput when label files are given of which none belongs to a scan."""
    if folder is not None and not match_masks(scans, folder).scans:
        wanted = f"{scans[0].name if scans else 'NAME'}_anterior_hotspots.png"
        raise BadInput(folder, f"no mask there belongs to any of the scans; names are like {wanted}")


def _paths_of(files: LabelFiles) -> list[Path]:
    kinds = (files.hotspots, files.classes, files.regions, files.boxes)
    return [path for kind in kinds for path in kind.values()]

"""Taking many films through the chest chain and writing what the command line promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import Table, absolute, require_not_exported, with_hashes
from napari_tbcad.chest.exports import RESULT_COLUMNS as RESULT_COLUMNS
from napari_tbcad.chest.exports import features_row, results_row, write_overlay
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import sha256

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.chest.classify.model_file import ModelFile
    from napari_tbcad.chest.lungs.atlas import Atlas
    from napari_tbcad.chest.lungs.fields import MaskKind
    from napari_tbcad.chest.workflow import ChestAnalysis

KIND = "chest"
TABLES = (Table("results", RESULT_COLUMNS), Table("features", ("file",), grows=True))


@dataclass(frozen=True)
class ChestJob:
    """What is done to every film of a batch; small enough to be sent to other processes.

    Parameters
    ----------
    out : Path
        Folder for results.
    classifier : str
        Name of a packaged model or path of a model file; ``"none"`` ends the chain with the features.
    assignments : mapping, optional
        Settings that differ from the model's, as in :func:`~napari_tbcad.chest.workflow.settings_from`.
    atlas : str, optional
        Path of an atlas; the packaged one when not given.
    masks : Path, optional
        Folder with given masks: ``NAME_sensitive.png`` and ``NAME_insensitive.png``.
    pictures : bool, optional
        Write overlays.
    """

    out: Path
    classifier: str
    assignments: Mapping[str, Any] = dataclass_field(default_factory=dict)
    atlas: str | None = None
    masks: Path | None = None
    pictures: bool = True

    def model(self) -> ChestModel | None:
        """Return the classifier, read once a process."""
        return _model(self.classifier)

    def model_file(self) -> ModelFile | None:
        """Return what the classifier's file says of itself, at a small part of its cost."""
        return _model_file(self.classifier)

    @property
    def kind(self) -> str:
        """What the studies are."""
        return KIND

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of the run."""
        return TABLES

    def absolute(self) -> ChestJob:
        """Return the job with paths that hold in any working directory."""
        classifier = Path(self.classifier)
        return replace(
            self,
            out=self.out.absolute(),
            classifier=str(classifier.absolute()) if classifier.is_file() else self.classifier,
            assignments=absolute(self.assignments),
            atlas=str(Path(self.atlas).absolute()) if self.atlas else None,
            masks=self.masks.absolute() if self.masks else None,
        )

    def library(self) -> Atlas | None:
        """Return the atlas, read once a process."""
        return _atlas(self.atlas) if self.atlas else None

    def require(self, studies: Sequence[Study]) -> None:
        """Check what concerns every film, as far as cards and hashes tell.

        Raises
        ------
        BadInput
            If no given mask belongs to a film, or the features need opacities, which are switched off.
        ModelRefused
            If the model's or a named network's file is damaged or does not fit the settings.
        """
        from napari_tbcad.chest.lungs.network import require_named
        from napari_tbcad.chest.opacities import require_opacities
        from napari_tbcad.chest.workflow import refuse_unless_fits, settings_for

        if self.masks and not any(self.given(study.name) for study in studies):
            wanted = f"{studies[0].name}_sensitive.png" if studies else "NAME_sensitive.png"
            raise BadInput(self.masks, f"no mask there belongs to any of the films; names are like {wanted}")
        model = self.model_file()
        settings = settings_for(model, self.assignments)
        refuse_unless_fits(model, settings)
        require_named(settings.lungs)
        require_opacities(settings)

    def load(self, *, try_out: bool = False) -> None:
        """Load what is kept for all films; raises ModelRefused if the model or the atlas cannot be used."""
        self.model()
        self.library()
        if try_out:
            from napari_tbcad.simulate.samples import sample_path

            with suppress(TbcadError):  # the films will say it, each with its name
                path = sample_path("normal_man")
                _analyse(Study(path.stem, (path,)), replace(self, masks=None))

    def settings(self) -> dict[str, Any]:
        """Return all that the results depend on beside the films."""
        from napari_tbcad.chest.workflow import settings_for
        from napari_tbcad.networks.listing import hash_if_any

        model = self.model_file()
        settings = settings_for(model, self.assignments).model_dump(mode="json")
        return {
            "settings": with_hashes(settings, hash_if_any),
            "classifier": "none" if model is None else f"{model.card.name} {model.sha256}",
            "atlas_sha256": sha256(self.atlas) if self.atlas else "",
            "pictures": self.pictures,
        }

    def given(self, name: str) -> list[Path]:
        """Return a person's masks of a film."""
        return [path for path in self.masks_of(name).values() if path is not None]

    def masks_of(self, name: str) -> dict[MaskKind, Path | None]:
        """Return a person's mask of a film by kind; None for a kind that is not given."""
        from napari_tbcad.io.masks import find_mask

        kinds: tuple[MaskKind, ...] = ("sensitive", "insensitive")
        return {kind: find_mask(self.masks, name, kind) if self.masks else None for kind in kinds}

    def work(self, study: Study) -> tuple[Row, list[Path]]:
        """Take one film through the chain and write its files.

        Returns
        -------
        row : Row
            Its rows of the tables.
        files : list of Path
            What was written.
        """
        analysis, settings = _analyse(study, self)
        require_not_exported(study, self.out)
        files = _write(study, self, analysis)
        file = study.path.as_posix()
        row = results_row(analysis, settings, file=file, classifier=self.classifier)
        return Row(row, {"features": [features_row(analysis, file=file)]}), files


@lru_cache(maxsize=2)
def _model(classifier: str) -> ChestModel | None:
    from napari_tbcad.chest.classify.packaged import find_model

    return None if classifier == "none" else find_model(classifier)


@lru_cache(maxsize=2)
def _model_file(classifier: str) -> ModelFile | None:
    from napari_tbcad.chest.classify.model_file import read_model_file
    from napari_tbcad.chest.classify.packaged import model_path

    return None if classifier == "none" else read_model_file(model_path(classifier))


@lru_cache(maxsize=1)
def _atlas(path: str) -> Atlas:
    from napari_tbcad.chest.lungs.atlas import load_atlas

    return load_atlas(path)


def _analyse(study: Study, job: ChestJob) -> tuple[ChestAnalysis, Any]:
    from napari_tbcad.chest.workflow import analyse, settings_for
    from napari_tbcad.io.clinic.segmentation_labels import maker_of_file
    from napari_tbcad.io.clinic.segmentation_subject import subject_notes
    from napari_tbcad.io.masks import read_mask
    from napari_tbcad.io.read import read_film

    film = read_film(study.path)
    given = job.masks_of(study.name)
    there = {kind: path for kind, path in given.items() if path is not None}
    notes = (note for path in there.values() for note in subject_notes(path, study.path))
    film = replace(film, warnings=(*film.warnings, *notes))
    masks = {kind: read_mask(path, film.shape) for kind, path in there.items()}
    makers = {kind: maker_of_file(path, "lungs") for kind, path in there.items()}
    model = job.model()
    settings = settings_for(model, job.assignments)
    done = analyse(film, settings=settings, model=model, library=job.library(), masks=masks, makers=makers)
    return done, settings


def _write(study: Study, job: ChestJob, analysis: ChestAnalysis) -> list[Path]:
    from napari_tbcad.io.masks import write_mask

    written = []
    for mask in (analysis.sensitive, analysis.insensitive):
        written.append(job.out / "masks" / f"{study.name}_{mask.kind}.png")
        write_mask(written[-1], mask.labels)
    if job.pictures:
        written.append(job.out / "overlays" / f"{study.name}.png")
        write_overlay(written[-1], analysis)
    written.append(job.out / "records" / f"{study.name}.json")
    analysis.record.save(written[-1])
    return written

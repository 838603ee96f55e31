"""What is fuzzed: every reader that a person's file reaches, its seeds, its mutations, its share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fuzzing import containers, formats, picture_formats, readers, seed_clinic, seed_files, seed_images
from fuzzing.bytes_and_text import BINARY, TEXT, Mutation, json_tree
from fuzzing.markup import xml, yaml

Seeds = Callable[[Path], dict[str, bytes]]


@dataclass(frozen=True)
class Target:
    """One kind of file and the readers that it reaches.

    Parameters
    ----------
    name : str
    suffix : str
        Of the files written for the readers.
    seeds : callable
        ``seeds(folder)`` gives sound contents by name; the folder is for scratch files.
    mutations : sequence of Mutation
        What knows the format; each is as likely as all of `general` together.
    general : sequence of Mutation
        What knows none.
    read : sequence of callable
        ``read(path)``: readers, each called with every file. Each returns nothing, or raises what its
        documentation says; what it read is checked inside.
    share : float
        Weight among the targets: files of this kind for every file of one with share 1.
    names_files : bool
        Whether its purpose is to name other files (tables, cases), which its readers then open to read.
    slow : bool
        Whether its seeds take long to make, or its readers long to read: left out of a short run.
    """

    name: str
    suffix: str
    seeds: Seeds
    mutations: Sequence[Mutation]
    general: Sequence[Mutation]
    read: Sequence[Callable[[Path], object]]
    share: float = 1.0
    names_files: bool = False
    slow: bool = False


def _fixed(contents: dict[str, bytes]) -> Seeds:
    return lambda folder: contents


TARGETS: tuple[Target, ...] = (
    Target(
        "DICOM film",
        ".dcm",
        lambda f: seed_images.dicom_films(),
        [formats.dicom] * 2,
        BINARY,
        (readers.film, readers.dicom_headers),
        3,
    ),
    Target(
        "DICOM scan",
        ".dcm",
        seed_images.dicom_scans,
        [formats.dicom] * 2,
        BINARY,
        (readers.scan, readers.dicom_headers),
        2,
    ),
    Target(
        "DICOM segmentation",
        ".dcm",
        seed_clinic.segmentations,
        [formats.dicom] * 2,
        BINARY,
        (readers.dicom_masks, readers.dicom_hotspots, readers.dicom_headers),
        1,
    ),
    Target(
        "DICOM report",
        ".dcm",
        seed_clinic.reports,
        [formats.dicom] * 2,
        BINARY,
        (readers.report, readers.dicom_headers),
        1,
    ),
    Target("PNG", ".png", lambda f: seed_images.pngs(), [formats.png] * 2, BINARY, readers.IMAGES, 2),
    Target(
        "JPEG, GIF, BMP",
        ".jpg",
        lambda f: seed_images.jpegs(),
        [picture_formats.jpeg],
        BINARY,
        readers.IMAGES,
        1.5,
    ),
    Target(
        "TIFF", ".tif", lambda f: seed_images.tiffs(), [picture_formats.tiff] * 2, BINARY, readers.IMAGES, 2
    ),
    Target(
        "segmentation (.nrrd)",
        ".nrrd",
        seed_files.segmentations,
        [picture_formats.nrrd] * 2,
        BINARY,
        (readers.mask,),
        1,
    ),
    Target("boxes (VOC XML)", ".xml", _fixed({"voc": seed_files.VOC}), [xml] * 2, TEXT, (readers.voc,), 2),
    Target(
        "tables (CSV, text)",
        ".csv",
        _fixed(seed_files.TABLES),
        [],
        TEXT,
        (
            readers.films_of_table,
            readers.worklist,
            readers.batch_inputs,
            readers.image_labels,
            readers.folds,
            readers.results,
            readers.training_log,
            readers.patients,
        ),
        2,
        names_files=True,
    ),
    Target(
        "records and other JSON",
        ".json",
        lambda f: seed_files.records(),
        [json_tree] * 2,
        TEXT,
        (readers.record, readers.network_list, readers.scores, readers.small_json),
        2,
    ),
    Target(
        "settings (YAML, JSON)",
        ".yaml",
        lambda f: seed_files.settings(),
        [yaml],
        TEXT,
        (readers.parameters, readers.training, readers.comparison),
        1,
    ),
    Target(
        "journals",
        ".jsonl",
        lambda f: seed_files.journals(),
        [containers.journal] * 2,
        TEXT,
        (readers.journal, readers.set_journal),
        1,
    ),
    Target(
        "case, chest",
        ".tbcad",
        seed_files.chest_cases,
        [containers.zipped()] * 3,
        BINARY,
        (readers.case, readers.chest_case),
        1,
        names_files=True,
    ),
    Target(
        "case, chest, finished",
        ".tbcad",
        seed_files.finished_cases,
        [containers.zipped()] * 3,
        BINARY,
        (readers.case, readers.chest_case),
        0.3,
        names_files=True,
        slow=True,
    ),
    Target(
        "case, bone",
        ".tbcad",
        seed_files.bone_cases,
        [containers.zipped()] * 3,
        BINARY,
        (readers.case, readers.bone_case),
        1,
        names_files=True,
    ),
    Target(
        "chest model (skops)",
        ".skops",
        seed_files.models,
        [containers.zipped(containers.skops_hashes)] * 3,
        BINARY,
        (readers.model,),
        1,
    ),
    Target(
        "network (safetensors)",
        ".safetensors",
        seed_files.networks,
        [containers.safetensors] * 3,
        BINARY,
        (readers.network, readers.tensors),
        0.4,
        slow=True,
    ),
    Target(
        "encoder weights (torch)",
        ".pth",
        seed_files.weights,
        [containers.zipped()],
        BINARY,
        (readers.tensors,),
        0.5,
    ),
    Target(
        "lung atlas (npz)",
        ".npz",
        seed_files.atlases,
        [containers.zipped(containers.atlas_hashes)] * 3,
        BINARY,
        (readers.atlas,),
        0.7,
    ),
    Target(
        "outline model (safetensors)",
        ".safetensors",
        seed_files.shape_models,
        [containers.safetensors] * 3,
        BINARY,
        (readers.shape_model,),
        0.5,
    ),
    Target(
        "skeleton atlas (safetensors)",
        ".safetensors",
        seed_files.skeleton_atlases,
        [containers.safetensors] * 3,
        BINARY,
        (readers.skeleton_atlas,),
        0.2,
        slow=True,
    ),
)

"""The packaged sample films: made here, repeatable byte for byte.

``python -m napari_tbcad.simulate.samples [FOLDER]`` writes them and the sample bone scans again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.files import written_whole
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.simulate.lesions import LesionParameters, SimulatedLesions, insert_lesions
from napari_tbcad.simulate.sample_folders import sample_folders
from napari_tbcad.simulate.thorax import SimulatedFilm, ThoraxParameters, simulate_thorax

_Settings = dict[str, Any]
# Name: seed, person, lesions (one after the other).
_SAMPLES: dict[str, tuple[int, _Settings, tuple[_Settings, ...]]] = {
    "normal_man": (11, {"wall": 1.05}, ()),
    "normal_woman": (
        12,
        {"width": 0.93, "breast": 0.55, "heart": 0.95, "inspiration": -6.0, "rotation": 1.0},
        (),
    ),
    "upper_lobe_cavity": (
        13,
        {"width": 0.97, "wall": 0.8, "inspiration": 8.0},
        (
            {"kind": "consolidation", "area": 0.10, "contrast": 0.30, "number": 2, "position": "upper"},
            {"kind": "cavity", "area": 0.05, "contrast": 0.45, "number": 2},
        ),
    ),
    "miliary": (
        14,
        {"width": 0.96, "breast": 0.3, "wall": 0.85},
        ({"kind": "miliary", "contrast": 0.24, "number": 2200},),
    ),
    "effusion": (
        15,
        {"heart": 1.08, "inspiration": -4.0},
        ({"kind": "effusion", "area": 0.16, "contrast": 0.95},),
    ),
}
_DICOM = "normal_cr"


def sample_names() -> tuple[str, ...]:
    """Return the names of the packaged samples."""
    return (*_SAMPLES, _DICOM)


def sample_path(name: str) -> Path:
    """Return the file of a packaged sample film.

    Raises
    ------
    BadInput
        If there is no sample of that name, or the package came without its samples.
    """
    if name not in sample_names():
        raise BadInput(name, f"no such sample; there are {', '.join(sample_names())}")
    for root in sample_folders():
        found = root / "films" / (f"{name}.dcm" if name == _DICOM else f"{name}.png")
        if found.is_file():
            return found
    raise BadInput(
        name, "the samples are missing; `python -m napari_tbcad.simulate.samples sample_data` makes them"
    )


def make_samples(folder: str | Path, *, size: int = 512) -> list[Path]:
    """Write the packaged samples.

    Parameters
    ----------
    folder : str or Path
        Receives films/, masks/ (true lungs, NAME.png) and truth/ (lesions, facts).
    size : int
        Side of the films in pixels.

    Returns
    -------
    list of Path
        The files, in the order they were written; identical on every run.
    """
    folder, written = Path(folder), []
    for name, (seed, build, lesions) in _SAMPLES.items():
        thorax = simulate_thorax(ThoraxParameters(size=size, **build), seed=seed)
        film, truth = thorax.film, np.zeros_like(thorax.lungs)
        for i, lesion in enumerate(lesions):
            made = insert_lesions(film, thorax.lungs, LesionParameters(**lesion), seed=seed + 100 * i)
            film, truth = made.film, np.where(made.labels > 0, made.labels, truth)
        written += [
            _png(folder / "films" / f"{name}.png", film.pixels),
            _png(folder / "masks" / f"{name}.png", thorax.lungs),
        ]
        if lesions:
            written.append(_png(folder / "truth" / f"{name}_lesions.png", truth))
    thorax = simulate_thorax(ThoraxParameters(size=size, wall=1.25, heart=1.05, inspiration=-8.0), seed=16)
    written += [
        _dicom(folder / "films" / f"{_DICOM}.dcm", thorax.film),
        _png(folder / "masks" / f"{_DICOM}.png", thorax.lungs),
    ]
    return written


def _png(path: Path, pixels: NDArray[Any]) -> Path:
    """Write an 8-bit PNG."""
    with written_whole(path) as temporary:
        iio.imwrite(
            temporary,
            np.clip(pixels, 0, 255).astype(np.uint8),
            extension=".png",
            plugin="pillow",
            optimize=True,
        )
    return path


def _dicom(path: Path, film: Radiograph) -> Path:
    """Write a MONOCHROME1 computed radiography image without identifiers; 12 bit, fixed UIDs."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

    def uid(part: str) -> UID:
        # Derived from the source's name, so that the file is the same on every run.
        return generate_uid(entropy_srcs=["napari-tbcad sample", film.source, part])

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = uid("instance")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("implementation")
    data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)  # type: ignore[arg-type]
    data.SOPClassUID, data.SOPInstanceUID = ComputedRadiographyImageStorage, uid("instance")
    data.StudyInstanceUID, data.SeriesInstanceUID = uid("study"), uid("series")
    data.Modality, data.ViewPosition, data.BodyPartExamined = "CR", "PA", "CHEST"
    data.PatientName, data.PatientID, data.PatientSex, data.PatientBirthDate = "", "", "", ""
    data.StudyDate, data.StudyTime, data.AccessionNumber, data.StudyID = "", "", "", ""
    data.Manufacturer, data.SeriesNumber, data.InstanceNumber = "napari-tbcad phantom", 1, 1
    data.ReferringPhysicianName, data.PatientOrientation = "", ["L", "F"]
    data.ImageType, data.BurnedInAnnotation = ["ORIGINAL", "PRIMARY"], "NO"
    data.PhotometricInterpretation, data.SamplesPerPixel, data.PixelRepresentation = "MONOCHROME1", 1, 0
    data.Rows, data.Columns = film.shape
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    spacing = film.spacing_mm or (1.0, 1.0)
    data.PixelSpacing = data.ImagerPixelSpacing = [f"{s:.6f}" for s in spacing]
    # MONOCHROME1: the lowest value is shown white, so bone is low and air high.
    stored = 4095 - np.rint(np.clip(film.pixels, 0, 255) * 16)
    data.WindowCenter, data.WindowWidth = "2000", "3600"
    data.PixelData = stored.astype("<u2").tobytes()
    with written_whole(path) as temporary:
        data.save_as(temporary, enforce_file_format=True)
    return path


def _draw_person(generator: np.random.Generator, size: int) -> ThoraxParameters:
    """Draw a person for a simulated set."""
    woman = generator.random() < 0.5
    return ThoraxParameters(
        size=size,
        width=float(np.clip(generator.normal(0.94 if woman else 1.0, 0.03), 0.86, 1.08)),
        wall=float(np.clip(generator.normal(1.0, 0.2), 0.6, 1.6)),
        inspiration=float(np.clip(generator.normal(0, 9), -28, 20)),
        heart=float(np.clip(generator.normal(1.0, 0.07), 0.85, 1.25)),
        breast=float(generator.uniform(0.2, 0.9)) if woman else 0.0,
        rotation=float(np.clip(generator.normal(0, 1.5), -4, 4)),
    )


def write_simulated_set(
    out: str | Path,
    number: int,
    seed: int = 0,
    *,
    size: int = 512,
    lesions: LesionParameters = LesionParameters(),
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write a set of phantoms, half of them with lesions, and their truth.

    Parameters
    ----------
    out : str or Path
        Folder that receives films/ID.png, truth/ID_lungs.png, truth/ID_lesions.png, truth/ID.json and
        labels.csv (path, label: 1 = lesions, source: simulated).
    number : int
        How many films, at least 1.
    seed : int
        Seed of the whole set; film i depends on (seed, i) alone.
    size : int
        Side of the films in pixels.
    lesions : LesionParameters
        What the second half of the films gets.
    progress, cancelled : callable, optional
        Called between films.

    Returns
    -------
    Path
        labels.csv.

    Raises
    ------
    BadInput
        If `number` is below 1.
    Cancelled
        If `cancelled` says so; finished films stay.
    """
    if number < 1:
        raise BadInput("number", f"at least one film is needed, this is {number}")
    out, rows = Path(out), ["path,label,source"]
    for i in range(number):
        if cancelled is not None and cancelled():
            raise Cancelled("simulating chest films")
        name, sick = f"chest{i:05d}", i % 2 == 1
        generator = np.random.default_rng([seed, i])
        person, film_seed = _draw_person(generator, size), int(generator.integers(2**31))
        thorax = simulate_thorax(person, seed=film_seed)
        made = insert_lesions(thorax.film, thorax.lungs, lesions, seed=film_seed) if sick else None
        _write_truth(out, name, thorax, made)
        rows.append(f"films/{name}.png,{int(sick)},simulated")
        if progress is not None:
            progress((i + 1) / number, name)
    with written_whole(out / "labels.csv") as temporary:
        temporary.write_text("\ufeff" + "\n".join(rows) + "\n", encoding="utf-8")
    return out / "labels.csv"


def _write_truth(out: Path, name: str, thorax: SimulatedFilm, made: SimulatedLesions | None) -> None:
    """Write one film of a set with its truth."""
    film = made.film if made else thorax.film
    _png(out / "films" / f"{name}.png", film.pixels)
    _png(out / "truth" / f"{name}_lungs.png", thorax.lungs)
    _png(out / "truth" / f"{name}_lesions.png", made.labels if made else np.zeros_like(thorax.lungs))
    facts = {
        "spacing_mm": film.spacing_mm,
        "lesions": made.facts if made else None,
        "steps": json.loads(film.record.to_json())["entries"],
    }
    with written_whole(out / "truth" / f"{name}.json") as temporary:
        temporary.write_text(json.dumps(facts, indent=1), encoding="utf-8")


def main(folder: str | Path) -> None:
    """Write the packaged films and bone scans, and print each file."""
    # Here, since bone scans need more of the package than films do.
    from napari_tbcad.simulate.bone_samples import make_scan_samples

    for file in [*make_samples(folder), *make_scan_samples(folder)]:
        print(file)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sample_data")

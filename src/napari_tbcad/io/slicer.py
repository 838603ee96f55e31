"""Masks as 3D Slicer segmentations (``.seg.nrrd``).

Slicer lays one image over another by their place in the patient (millimetres, left-posterior-superior),
not by pixel. A film has no such place, so Slicer makes one up when it opens the film: origin 0, first axis
the film's columns from left to right, second its rows from top to bottom, and the spacing that ITK finds in
the file (1 where it finds none; a PNG's resolution is not looked at, that of JPEG and TIFF is taken even
though it says nothing about the patient). A segmentation written here has the same made-up geometry, one
slice of it, and therefore lies on the film. Who names the film's file gets the spacing from ITK itself; else
the spacing given is written, and 1 where it is unknown.

References
----------
3D Slicer documentation, Developer guide, Segmentations: "Segmentation labelmap file format (.seg.nrrd)".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad import __version__
from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.io.slicer_reading import LUNG_CODE, SIDE_CODES, SOURCE_KEY, SPACING_KEY, UNKNOWN
from napari_tbcad.io.slicer_reading import read_segmentation as read_segmentation
from napari_tbcad.schemes import LUNG_COLOURS, LUNG_NAMES

SUFFIX = ".seg.nrrd"

LUNG_TERMS = {
    label: "Segmentation category and type - 3D Slicer General Anatomy list"
    f"~SCT^123037004^Anatomical Structure~SCT^{LUNG_CODE}^Lung~SCT^{code}^{word}"
    "~Anatomic codes - DICOM master list~^^~^^"
    for label, (code, word) in SIDE_CODES.items()
}
"""Terminology of the lungs: SNOMED CT 39607008 Lung with the laterality 24028007 Right or 7771000 Left."""


def write_segmentation(
    path: str | Path,
    labels: NDArray[Any],
    *,
    spacing_mm: tuple[float, float] | None = None,
    names: Mapping[int, str] = LUNG_NAMES,
    colours: Mapping[int, str] = LUNG_COLOURS,
    terms: Mapping[int, str] = LUNG_TERMS,
    source: str = "",
    film_file: str | Path | None = None,
) -> None:
    """Write a label image as a segmentation that 3D Slicer opens, whole or not at all.

    Parameters
    ----------
    path : str or Path
        The file; its name should end in ``.seg.nrrd``, by which Slicer knows it.
    labels : (H, W) array of uint8 or uint16
        0 background, others as in `names`.
    spacing_mm : (float, float), optional
        Row and column spacing in mm; None when unknown, which is written as 1 and noted in the header.
    names : mapping of int to str, optional
        Name of each label, which becomes a segment even when no pixel has it, so that it can be drawn.
    colours : mapping of int to str, optional
        ``#RRGGBB`` of each label.
    terms : mapping of int to str, optional
        Slicer's terminology entry of each label; labels without one get none.
    source : str, optional
        Name of the film, for the header; carries no patient identifier of ours.
    film_file : str or Path, optional
        The file of the film that the mask belongs to. Where ITK can read it and it has the mask's size, its
        geometry is taken, so that the segmentation lies on the film that Slicer opened from this file.

    Raises
    ------
    BadInput
        If `labels` is not such an image, or the spacing is not positive.
    """
    import SimpleITK as sitk

    labels = np.asarray(labels)
    _refuse_labels(path, labels, names)
    if spacing_mm is not None and not all(np.isfinite(s) and s > 0 for s in spacing_mm):
        raise BadInput(path, f"the spacing must be positive, not {spacing_mm}")
    image = sitk.GetImageFromArray(labels.astype(np.uint8 if max(names) <= 255 else np.uint16)[None])
    row, column = spacing_mm or (1.0, 1.0)
    found = _geometry(film_file, labels.shape)
    spacing, origin, direction = found or ((column, row, 1.0), (0.0,) * 3, _AXES)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    for key, value in _header(labels.shape, names, colours, terms).items():
        image.SetMetaData(key, value)
    as_opened = f"{spacing[1]:g} x {spacing[0]:g} mm a pixel written" + (
        ", as ITK reads the film" * bool(found)
    )
    known = "known" if spacing_mm is not None else UNKNOWN
    image.SetMetaData(SPACING_KEY, f"{known} ({as_opened})")
    image.SetMetaData(SOURCE_KEY, f"{_one_line(source)} | napari-tbcad {__version__}")
    with written_whole(path) as temporary:
        try:
            sitk.WriteImage(image, str(temporary), useCompression=True, imageIO="NrrdImageIO")
        except RuntimeError as error:
            raise OSError(f"{Path(path).name} cannot be written (disk full?)") from error


_AXES = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_Geometry = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]


def _refuse_labels(path: str | Path, labels: NDArray[Any], names: Mapping[int, str]) -> None:
    if labels.ndim != 2 or labels.size == 0 or labels.dtype.kind not in "iub":
        raise BadInput(path, f"a mask is a 2-D label image, not {labels.dtype} of shape {labels.shape}")
    strange = sorted({int(value) for value in np.unique(labels)} - {0, *names})
    if strange:
        raise BadInput(path, f"the mask has labels without a name: {', '.join(map(str, strange[:6]))}")


def _geometry(film_file: str | Path | None, shape: tuple[int, ...]) -> _Geometry | None:
    """Return spacing, origin and directions with which ITK, hence Slicer, reads a film; None if it cannot."""
    import SimpleITK as sitk

    if film_file is None or not Path(film_file).is_file():
        return None
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(film_file))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return None
    size = reader.GetSize()
    if size[:2] != shape[::-1] or any(n != 1 for n in size[2:]) or len(size) > 3:
        return None
    spacing, origin, direction = reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection()
    if len(size) == 2:
        (a, b, c, d) = direction
        return (*spacing, 1.0), (*origin, 0.0), (a, b, 0.0, c, d, 0.0, 0.0, 0.0, 1.0)
    return spacing, origin, direction


def _header(
    shape: tuple[int, ...], names: Mapping[int, str], colours: Mapping[int, str], terms: Mapping[int, str]
) -> dict[str, str]:
    header = {
        # The second is the newer name of the first (Slicer 5.2); each version looks for its own.
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_SourceRepresentation": "Binary labelmap",
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    for number, (label, name) in enumerate(names.items()):
        colour = bytes.fromhex(colours.get(label, "#999999")[1:])
        if label in terms:
            header[f"Segment{number}_Tags"] = f"TerminologyEntry:{terms[label]}|"
        header |= {
            f"Segment{number}_ID": re.sub(r"\W+", "_", name),
            f"Segment{number}_Name": _one_line(name),
            f"Segment{number}_NameAutoGenerated": "0",
            f"Segment{number}_Color": " ".join(f"{part / 255:.6f}" for part in colour),
            f"Segment{number}_ColorAutoGenerated": "0",
            f"Segment{number}_LabelValue": str(label),
            f"Segment{number}_Layer": "0",
            # The whole slice: some versions of Slicer crop all segments to the extent of the first.
            f"Segment{number}_Extent": f"0 {shape[1] - 1} 0 {shape[0] - 1} 0 0",
        }
    return header


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "/").split())

"""Reading lung masks that 3D Slicer, or this program for it, wrote as segmentations (``.seg.nrrd``)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.limits import MAX_LAYERS, too_many_pixels
from napari_tbcad.schemes import LEFT, LUNG_NAMES, RIGHT

LUNG_CODE = "39607008"
"""SNOMED CT: lung."""
SIDE_CODES = {RIGHT: ("24028007", "Right"), LEFT: ("7771000", "Left")}
"""SNOMED CT: lateralities, code and meaning."""
SPACING_KEY, SOURCE_KEY = "napari_tbcad_spacing", "napari_tbcad_source"
"""Header fields of ours; Slicer leaves them alone."""
UNKNOWN = "unknown"

_WHOLE_LUNGS = {RIGHT: "3341006", LEFT: "44029006"}
"""SNOMED CT: structure of right lung, of left lung, which some programs use instead."""
_HEAD_BYTES = 2**20
_ELSEWHERE = re.compile(rb"^\s*data ?file\s*:", re.IGNORECASE | re.MULTILINE)
_ENCODING = re.compile(
    rb"^[ \t]*+encoding[ \t]*+:[ \t]*+(?!(?:raw|gzip|gz)[ \t\r]*$)", re.IGNORECASE | re.MULTILINE
)


def read_segmentation(
    path: str | Path, shape: tuple[int, int] | None = None
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Read the lungs of a segmentation, as written here or by 3D Slicer.

    Slicer numbers segments anew when it saves, so that which lung one is comes from its terminology, else
    from its name or id ("right lung", "lung_left", …; several of one side, such as lobes, are joined). In a
    label image without segments 1 is the right lung and 2 the left.

    Parameters
    ----------
    path : str or Path
        ``.seg.nrrd`` or ``.nrrd`` with one slice, its axes those of the film.
    shape : (int, int), optional
        Rows and columns of the film. A segmentation that Slicer cropped is put back to its place.

    Returns
    -------
    labels : (H, W) array of uint8
        0 background, 1 right lung, 2 left lung.
    facts : dict
        ``spacing_mm`` (row, column) or None where unknown, ``source``, ``names`` (the segments' names by
        label).

    Raises
    ------
    BadInput
        If the file is no such segmentation, has another size than the film, several slices or turned axes,
        segments that are no lung, or lungs that overlap.
    """
    path = Path(path)
    layers, spacing, header = _load(path)
    segments = list(_segments(path, header))
    if segments:
        labels, names = _from_segments(path, layers, segments)
    else:
        labels, names = _from_values(path, layers), dict(LUNG_NAMES)
    labels = _placed(path, labels, header, shape)
    unknown = header.get(SPACING_KEY, "").startswith(UNKNOWN)
    source = header.get(SOURCE_KEY, "").partition(" | ")[0]
    return labels, {"spacing_mm": None if unknown else spacing, "source": source, "names": names}


@dataclass(frozen=True)
class _Segment:
    """One segment of a header."""

    name: str
    label: int
    layer: int
    side: int | None


def _load(path: Path) -> tuple[NDArray[Any], tuple[float, float], dict[str, str]]:
    """Return layers (L, H, W), the spacing (row, column) and the header's own fields."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO("NrrdImageIO")
    if not path.is_file():
        raise BadInput(path, "no such segmentation file")
    _refuse_references(path)
    try:
        reader.ReadImageInformation()
        size = reader.GetSize()
        if len(size) < 2 or any(n != 1 for n in size[2:]):
            raise BadInput(path, f"a film's segmentation is one slice, this has the size {_by(size)}")
        if (number := reader.GetNumberOfComponents()) > MAX_LAYERS:
            raise BadInput(path, f"it has {number} layers")
        if said := too_many_pixels(size[0], size[1], number, bytes_each=8):
            raise BadInput(path, said)
        if not np.allclose(reader.GetDirection(), np.eye(len(size)).ravel(), atol=1e-3):
            raise BadInput(path, "its axes are turned; save it on the film's own grid")
        image = reader.Execute()
    except RuntimeError as error:
        raise BadInput(path, "not a segmentation that can be read (damaged, or no NRRD file)") from error
    header: dict[str, str] = {}
    for key in reader.GetMetaDataKeys():
        with contextlib.suppress(TypeError, UnicodeError):  # bytes that are no text say nothing of segments
            header[key] = reader.GetMetaData(key)
    values = sitk.GetArrayFromImage(image)
    columns, rows = size[:2]
    layers = values.reshape(rows, columns, -1).transpose(2, 0, 1)
    return layers, (reader.GetSpacing()[1], reader.GetSpacing()[0]), header


def _refuse_references(path: Path) -> None:
    """Raise BadInput for a header whose pixels lie in other files, which it could name at will."""
    try:
        with path.open("rb") as file:
            head = re.split(rb"\r?\n\r?\n", file.read(_HEAD_BYTES), maxsplit=1)[0]
    except OSError as error:
        raise BadInput(path, f"cannot be read ({error.strerror or error})") from error
    if _ELSEWHERE.search(head):
        raise BadInput(path, "its pixels lie in another file; save it as one file (.seg.nrrd)")
    if _ENCODING.search(head):
        raise BadInput(path, "its pixels are packed otherwise than raw or gzip, as Slicer writes them")


def _by(size: tuple[int, ...]) -> str:
    return " × ".join(map(str, size))


def _segments(path: Path, header: Mapping[str, str]) -> Iterator[_Segment]:
    fields: dict[int, dict[str, str]] = {}
    for key, value in header.items():
        if match := re.fullmatch(r"Segment(\d+)_(\w+)", key):
            fields.setdefault(int(match[1]), {})[match[2]] = value
    for number, segment in sorted(fields.items()):
        name = segment.get("Name") or segment.get("ID") or f"segment {number}"
        try:
            label, layer = int(segment.get("LabelValue", "1")), int(segment.get("Layer", "0"))
        except ValueError as error:
            raise BadInput(path, f"segment {name} has a damaged header") from error
        yield _Segment(name, label, layer, _side(segment))


def _side(segment: Mapping[str, str]) -> int | None:
    """Return which lung a segment is, by its terminology, else by its words; None for no lung."""
    tags = segment.get("Tags", "")
    for side, (code, _) in SIDE_CODES.items():
        if f"^{_WHOLE_LUNGS[side]}^" in tags or (f"^{LUNG_CODE}^" in tags and f"^{code}^" in tags):
            return side
    words = set(re.split(r"[\W_]+", f"{segment.get('Name', '')} {segment.get('ID', '')}".lower()))
    if not words & {"lung", "lungs"} or {"right", "left"} <= words:
        return None
    return RIGHT if "right" in words else LEFT if "left" in words else None


def _from_segments(
    path: Path, layers: NDArray[Any], segments: list[_Segment]
) -> tuple[NDArray[np.uint8], dict[int, str]]:
    labels = np.zeros(layers.shape[1:], np.uint8)
    names: dict[int, str] = {}
    rest = layers != 0
    for segment in segments:
        if not 0 <= segment.layer < len(layers):
            raise BadInput(path, f"segment {segment.name} lies in a layer that the file does not have")
        mask = layers[segment.layer] == segment.label
        rest[segment.layer] &= ~mask
        if not mask.any():
            continue
        if segment.side is None:
            raise BadInput(
                path, f"the segment “{segment.name}” is no lung; name the segments right lung and left lung"
            )
        shared = int(np.count_nonzero(mask & (labels > 0) & (labels != segment.side)))
        if shared:
            raise BadInput(path, f"the lungs overlap in {shared} pixels; let Slicer not allow overlap")
        labels[mask] = segment.side
        names.setdefault(segment.side, segment.name)
    if rest.any():
        raise BadInput(path, "it has pixels that belong to none of its segments")
    return labels, names


def _from_values(path: Path, layers: NDArray[Any]) -> NDArray[np.uint8]:
    if len(layers) != 1:
        raise BadInput(path, "several layers without segments: not a segmentation of Slicer")
    strange = sorted(set(np.unique(layers).tolist()) - {0, RIGHT, LEFT})
    if strange:
        raise BadInput(path, f"mask labels are 0, 1 (right lung) and 2 (left lung), this has {strange[0]:g}")
    return layers[0].astype(np.uint8)


def _placed(
    path: Path, labels: NDArray[np.uint8], header: Mapping[str, str], shape: tuple[int, int] | None
) -> NDArray[np.uint8]:
    """Put a cropped segmentation back to its place on the film."""
    offset = [int(n) for n in re.findall(r"-?\d+", header.get("Segmentation_ReferenceImageExtentOffset", ""))]
    column, row = offset[:2] if len(offset) == 3 else (0, 0)
    reference = _reference_shape(header)
    cropped = bool(row or column) or (reference is not None and reference != labels.shape)
    wanted = shape or reference
    if not cropped and wanted in (None, labels.shape):
        return labels
    rows, columns = labels.shape
    if wanted is None:
        raise BadInput(path, "it was cropped and does not say to which film; save it on the film's own grid")
    if not cropped or reference not in (None, wanted):
        raise BadInput(
            path,
            f"the mask has {rows} × {columns} pixels (rows × columns) but its film has "
            f"{wanted[0]} × {wanted[1]}; save it on the film's own grid",
        )
    if min(row, column) < 0 or row + rows > wanted[0] or column + columns > wanted[1]:
        raise BadInput(path, f"it was cropped from another film than one of {wanted[0]} × {wanted[1]} pixels")
    out = np.zeros(wanted, np.uint8)
    out[row : row + rows, column : column + columns] = labels
    return out


def _reference_shape(header: Mapping[str, str]) -> tuple[int, int] | None:
    """Return rows and columns of the image that was segmented, where Slicer noted them."""
    parameters = header.get("Segmentation_ConversionParameters", "")
    noted = re.search(r"Reference image geometry\|([^|]*)", parameters)
    numbers = [part for part in noted[1].split(";") if part] if noted else []
    # Sixteen numbers of the matrix, then first and last index along each axis.
    try:
        extent = [int(part) for part in numbers[16:22]]
    except ValueError:
        return None
    return (extent[3] - extent[2] + 1, extent[1] - extent[0] + 1) if len(extent) == 6 else None

"""What all DICOM readers share: parsing a file, its modality, numbers from its header."""

from __future__ import annotations

import contextlib
import re
import struct
import warnings as python_warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.io.opening import Bounded
from napari_tbcad.limits import MAX_IMAGE_BYTES, MAX_PIXELS, too_many_pixels
from napari_tbcad.plain_text import first_line as first_line

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.uid import UID

_FIRST_ELEMENTS = {bytes([element, 0]) for element in (0x00, 0x01, 0x05, 0x08, 0x12, 0x14, 0x16, 0x18, 0x20)}
_FRAME_MARKS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_END_OF_IMAGE = b"\xff\xd9"
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def looks_like_dicom(head: bytes) -> bool:
    """Tell from the first bytes (at least 132) whether a file is DICOM, with or without the preamble."""
    if head[128:132] == b"DICM":
        return True
    # Old archives store the data set bare: it begins with group 0008 and one of its first elements.
    return len(head) >= 12 and head[:2] == b"\x08\x00" and head[2:4] in _FIRST_ELEMENTS


def parse_dicom(path: Path, *, only: Sequence[str | int] | None = None) -> Dataset:
    """Parse a DICOM file; every way of not being one ends in BadInput.

    Parameters
    ----------
    path : Path
        The file.
    only : sequence of keyword or tag, optional
        Read no more of the header than these, and no pixels.

    Raises
    ------
    BadInput
        If the file is no DICOM file or is damaged.
    OSError
        If it cannot be opened.
    """
    with Bounded(path) as file:
        head = file.read(132)
        if not looks_like_dicom(head):
            raise BadInput(path, "not a DICOM file")
        _refuse_growth(path, file, head)
        file.seek(0)
        return _parsed(path, file, head, only)


def _parsed(path: Path, file: Bounded, head: bytes, only: Sequence[str | int] | None) -> Dataset:
    import pydicom

    try:
        with python_warnings.catch_warnings():
            # pydicom's warnings quote header values, a patient's name among them.
            python_warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(
                cast(Any, file),
                force=head[128:132] != b"DICM",
                stop_before_pixels=only is not None,
                specific_tags=cast("list[str] | None", None if only is None else list(only)),
            )
            if not getattr(dataset.file_meta, "TransferSyntaxUID", None):
                dataset.file_meta.TransferSyntaxUID = _transfer_syntax(dataset)
            return dataset
    except (OSError, MemoryError):
        raise
    except Exception as error:
        # Damaged headers end in InvalidDicomError, EOFError, KeyError, struct.error and more.
        raise BadInput(path, "truncated or damaged DICOM file") from error


def _refuse_growth(path: Path, file: Bounded, head: bytes) -> None:
    """Raise BadInput where a data set that is packed as a whole unpacks to more than is read."""
    if head[128:132] != b"DICM":
        return
    from pydicom.filereader import read_dataset
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            meta = read_dataset(cast(Any, file), False, True, stop_when=lambda tag, *_: tag >> 16 != 2)
        packed = str(meta.get("TransferSyntaxUID", "")) == DeflatedExplicitVRLittleEndian
    except Exception:  # said by what parses the file
        return
    unpack, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    rest = file.read() if packed else b""
    with contextlib.suppress(zlib.error):
        while (piece := unpack.decompress(rest, 2**20)) and size <= MAX_IMAGE_BYTES:
            size, rest = size + len(piece), unpack.unconsumed_tail
    if size > MAX_IMAGE_BYTES:
        raise BadInput(path, f"unpacks to more than {MAX_IMAGE_BYTES // 2**20} MiB: refused")


def refuse_large_streams(path: Path, dataset: Dataset, most: int, frames: int = 64) -> None:
    """Raise BadInput where a compressed frame is larger inside than is read, whatever the header says.

    Parameters
    ----------
    path : Path
        For the message.
    dataset : Dataset
        The parsed file.
    most : int
        Pixels allowed.
    frames : int, optional
        How many frames are looked at.
    """
    from pydicom.encaps import generate_fragments

    if not _is_encapsulated(dataset):
        return
    pieces = zip(range(frames + 1), generate_fragments(dataset.PixelData), strict=False)
    # A table of offsets may say that a frame begins elsewhere; decoders go by it or do not.
    tabled = zip(range(frames), _tabled_frames(dataset), strict=False)
    for _, piece in chain(pieces, tabled):
        columns, rows, samples = _stream_size(piece)
        if said := too_many_pixels(columns, rows, samples, most=most):
            raise BadInput(path, f"{said} (in its compressed pixels)")


def refuse_large_images(path: Path, dataset: Dataset) -> None:
    """Raise BadInput where all frames together are larger, by header or by what is there, than is read.

    Before all frames are decoded at once; what reads a few has limits of its own.

    Parameters
    ----------
    path : Path
        For the message.
    dataset : Dataset
        The parsed file.
    """
    names = ("Columns", "Rows", "SamplesPerPixel", "BitsAllocated", "NumberOfFrames")
    columns, rows, samples, bits, stated = (int(first_number(dataset.get(name)) or 1) for name in names)
    each = max(bits // 8, 1)
    if said := too_many_pixels(columns, rows, samples, bytes_each=each):
        raise BadInput(path, f"{said}; is the file damaged?")
    frames = max(stated, _frames_inside(dataset))
    if frames * columns * rows * samples * each > MAX_IMAGE_BYTES:
        claims = f"{frames} frames of {columns} × {rows} pixels"
        raise BadInput(path, f"{claims}, more than {MAX_IMAGE_BYTES // 2**20} MiB: refused")
    refuse_large_streams(path, dataset, MAX_PIXELS, frames=len(dataset.get("PixelData") or b""))


def _is_encapsulated(dataset: Dataset) -> bool:
    from pydicom.uid import UID

    syntax = UID(str(getattr(dataset.file_meta, "TransferSyntaxUID", "")))
    return syntax.is_transfer_syntax and syntax.is_encapsulated and "PixelData" in dataset


def _tabled_frames(dataset: Dataset) -> Iterator[bytes]:
    """Yield the frames that an extended offset table points to."""
    from pydicom.encaps import generate_frames

    table = (dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths"))
    if isinstance(table[0], bytes) and isinstance(table[1], bytes):
        yield from generate_frames(dataset.PixelData, extended_offsets=table)


def _frames_inside(dataset: Dataset) -> int:
    """Return how many frames compressed pixels can be parted into, whatever the header says; 0 if plain."""
    from pydicom.encaps import generate_fragments, parse_basic_offsets

    if not _is_encapsulated(dataset):
        return 0
    tabled = len(dataset.get("ExtendedOffsetTable") or b"") // 8
    ends = sum(_END_OF_IMAGE in piece[-10:] for piece in generate_fragments(dataset.PixelData))
    return max(tabled, ends, len(parse_basic_offsets(dataset.PixelData)))


def _stream_size(stream: bytes) -> tuple[int, int, int]:
    """Return columns, rows and components that a JPEG, JPEG-LS or JPEG 2000 stream begins with; or zeros."""
    start = stream[:4096].find(b"\xff\x4f\xff\x51")  # JPEG 2000: SOC, SIZ (ISO/IEC 15444-1, A.5.1)
    if start >= 0 and len(stream) >= start + 42:
        right, bottom, left, top = struct.unpack_from(">4I", stream, start + 8)
        return max(right - left, 0), max(bottom - top, 0), struct.unpack_from(">H", stream, start + 40)[0]
    place = 2 if stream[:2] == b"\xff\xd8" else len(stream)
    while place + 10 <= len(stream) and stream[place] == 0xFF:
        mark = stream[place + 1]
        if mark in _FRAME_MARKS:  # ISO/IEC 10918-1, B.2.2; 14495-1, C.2.2
            rows, columns, samples = struct.unpack_from(">HHB", stream, place + 5)
            return columns, rows, samples
        place += 1 if mark == 0xFF else 2 + struct.unpack_from(">H", stream, place + 2)[0]
    return 0, 0, 0


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Turn whatever a damaged header raises while its values are read into BadInput.

    pydicom converts a value when it is asked for, so that damage shows long after parsing; its errors quote
    the value, which may be the patient's name, hence they are not told.
    """
    try:
        yield
    except (TbcadError, OSError, MemoryError):
        raise
    except Exception as error:
        raise BadInput(path, "the header of the DICOM file is damaged") from error


def _transfer_syntax(dataset: Dataset) -> UID:
    """Return the uncompressed transfer syntax a file without one was parsed as."""
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if little is False else ExplicitVRLittleEndian


def modality_of(dataset: Dataset) -> str | None:
    """Return Modality in capitals; None when there is none, or what stands there can be none.

    It is quoted in messages, and in a damaged file the patient's name may have run into it.
    """
    modality = str(dataset.get("Modality") or "").strip().upper()
    return modality if re.fullmatch(r"[A-Z0-9_ ]{1,16}", modality) else None


def has_pixels(dataset: Dataset) -> bool:
    """Tell whether the data set holds an image."""
    return any(name in dataset for name in _PIXELS)


def first_number(value: Any) -> float | None:
    """Return a header value, or the first of several, as a finite number; None when it is none."""
    from pydicom.multival import MultiValue

    if isinstance(value, (MultiValue, list, tuple)):
        value = value[0] if len(value) else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def values_of(value: Any) -> list[Any]:
    """Return the values of a header element: none, one, or several."""
    from pydicom.multival import MultiValue

    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]

"""What all DICOM readers share: parsing a file, its modality, numbers from its header."""

from __future__ import annotations

import re
import warnings as python_warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from napari_tbcad.errors import BadInput, TbcadError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.uid import UID

_FIRST_ELEMENTS = {bytes([element, 0]) for element in (0x00, 0x01, 0x05, 0x08, 0x12, 0x14, 0x16, 0x18, 0x20)}
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
    import pydicom

    with open(path, "rb") as file:
        head = file.read(132)
    if not looks_like_dicom(head):
        raise BadInput(path, "not a DICOM file")
    try:
        with python_warnings.catch_warnings():
            # pydicom's warnings quote header values, a patient's name among them.
            python_warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(
                path,
                force=head[128:132] != b"DICM",
                stop_before_pixels=only is not None,
                specific_tags=cast("list[str] | None", None if only is None else list(only)),
            )
            if not getattr(dataset.file_meta, "TransferSyntaxUID", None):
                dataset.file_meta.TransferSyntaxUID = _transfer_syntax(dataset)
            return dataset
    except OSError:
        raise
    except Exception as error:
        # Damaged headers end in InvalidDicomError, EOFError, KeyError, struct.error and more.
        raise BadInput(path, f"truncated or damaged DICOM file ({type(error).__name__})") from error


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Turn whatever a damaged header raises while its values are read into BadInput.

    pydicom converts a value when it is asked for, so that damage shows long after parsing; its errors quote
    the value, which may be the patient's name, hence only their kind is told.
    """
    try:
        yield
    except (TbcadError, OSError, MemoryError):
        raise
    except Exception as error:
        raise BadInput(path, f"the header of the DICOM file is damaged ({type(error).__name__})") from error


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


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, short enough for a message."""
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


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

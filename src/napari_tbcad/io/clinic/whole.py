"""Whether a DICOM file was cut short: pydicom reads what is there of a sequence and says nothing."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_UNDEFINED = 0xFFFFFFFF
_END_OF_SEQUENCE = b"\xfe\xff\xdd\xe0\0\0\0\0"
_COMPRESSED = "1.2.840.10008.1.2.1.99"


def is_whole(path: Path, dataset: Dataset) -> bool:
    """Tell whether every element of a little-endian file ends where its length says.

    Parameters
    ----------
    path : Path
        The file.
    dataset : Dataset
        What was parsed of it. A deflated or big-endian one, or one without preamble, is taken for whole.

    References
    ----------
    DICOM PS3.5, 7.1 (data elements), 7.5 (nesting of data sets).
    """
    content = path.read_bytes()
    implicit, little = dataset.original_encoding
    syntax = str(getattr(dataset.file_meta, "TransferSyntaxUID", ""))
    if (
        not little
        or syntax == _COMPRESSED
        or content[128:132] != b"DICM"
        or content[132:138] != b"\2\0\0\0UL"
    ):
        return True
    place = 144 + struct.unpack_from("<I", content, 140)[0]
    while place < len(content):
        if place + 8 > len(content):
            return False
        head, length = _head(content, place, bool(implicit))
        if length == _UNDEFINED:
            # Where it ends only its items tell; it is the last thing in a report.
            return content.endswith(_END_OF_SEQUENCE)
        place += head + length
    return place == len(content)


def _head(content: bytes, place: int, implicit: bool) -> tuple[int, int]:
    """Return how long the head of an element is, and its value; a cut head has a value beyond the end."""
    if implicit:
        return 8, struct.unpack_from("<I", content, place + 4)[0]
    if content[place + 4 : place + 6] not in _LONG:
        return 8, struct.unpack_from("<H", content, place + 6)[0]
    if place + 12 > len(content):
        return 12, len(content)
    return 12, struct.unpack_from("<I", content, place + 8)[0]

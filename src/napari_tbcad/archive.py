"""Zip archives of images, arrays and JSON: written the same way each time, read within stated limits.

Nothing is ever unpacked to disk and nothing is unpickled, so what a foreign archive can do is fill memory;
the limits are against that.
"""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.limits import MAX_ARCHIVE_BYTES as MAX_BYTES
from napari_tbcad.limits import (
    MAX_MEMBER_BYTES,
    MAX_MEMBERS,
    MAX_RATIO,
    MAX_TEXT_BYTES,
    RATIO_FROM_BYTES,
    too_many_pixels,
)
from napari_tbcad.plain_text import finite, first_line, parse_json, revived

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    struct.error,
    OSError,
)
"""What the standard library, numpy and Pillow raise for a damaged archive, image or text."""

_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DATE = (1980, 1, 1, 0, 0, 0)


class Writer:
    """Writes members in order; the same content gives the same bytes."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def json(self, name: str, content: Any) -> None:
        """Write JSON values; numbers come back exactly, non-finite ones as ``{"number": "nan"}``."""
        text = json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False)
        self._put(name, text.encode())

    def text(self, name: str, text: str) -> None:
        """Write text as UTF-8."""
        self._put(name, text.encode())

    def labels(self, name: str, labels: NDArray[Any]) -> None:
        """Write a label image (H, W), uint8 or uint16, as PNG of the same depth."""
        from PIL import Image

        if labels.ndim != 2 or labels.size == 0 or labels.dtype not in (np.uint8, np.uint16):
            raise BadInput(
                name, f"a label image is 2-D, uint8 or uint16, not {labels.dtype} of {labels.shape}"
            )
        held = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(labels)).save(held, format="PNG", compress_level=2)
        self._put(name, held.getvalue(), packed=True)

    def array(self, name: str, array: NDArray[Any]) -> None:
        """Write an array of numbers as ``.npy``."""
        held = io.BytesIO()
        np.lib.format.write_array(held, np.ascontiguousarray(array), allow_pickle=False)
        self._put(name, held.getvalue())

    def _put(self, name: str, content: bytes, *, packed: bool = False) -> None:
        if len(content) > MAX_MEMBER_BYTES:
            raise BadInput(
                name, f"is larger than {MAX_MEMBER_BYTES // 2**20} MiB and would not be read again"
            )
        entry = zipfile.ZipInfo(name, _DATE)
        entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        self._archive.writestr(entry, content, compresslevel=None if packed else 1)


@contextmanager
def written_archive(path: str | Path) -> Iterator[Writer]:
    """Write an archive, whole or not at all.

    Raises
    ------
    BadInput
        If the place cannot be written; an older file there stays as it was.
    """
    path = Path(path)
    try:
        with written_whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            yield Writer(archive)
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror or error})") from error


class Reader:
    """Reads members of an archive within the limits; see :func:`opened_archive`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, most: int = 0) -> None:
        self.path, self._archive = path, archive
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise BadInput(path, f"has {len(members)} parts, more than {MAX_MEMBERS}: refused")
        self._members: Mapping[str, zipfile.ZipInfo] = {member.filename: member for member in members}
        if len(self._members) != len(members):
            raise BadInput(path, "two of its parts share a name: refused")
        self._left = self._most = most or MAX_BYTES
        for member in members:
            size = member.file_size
            if member.compress_type not in _COMPRESSIONS or member.flag_bits & 1:
                raise BadInput(path, f"{member.filename[:80]!r} is packed in another way than is read")
            if size > MAX_MEMBER_BYTES or (
                size > RATIO_FROM_BYTES and size > MAX_RATIO * member.compress_size
            ):
                raise BadInput(path, f"{member.filename[:80]} unpacks to {size / 2**20:.0f} MiB: refused")
            self._take(size)

    def json(self, name: str) -> Any:
        """Return JSON values."""
        return revived(parse_json(self.text(name)))

    def text(self, name: str) -> str:
        """Return UTF-8 text."""
        if self._member(name).file_size > MAX_TEXT_BYTES:
            raise BadInput(self.path, f"{name} is larger than {MAX_TEXT_BYTES // 2**20} MiB: refused")
        return self.read(name).decode()

    def labels(self, name: str) -> NDArray[Any]:
        """Return a label image (H, W), uint8 or uint16."""
        from PIL import Image

        try:
            opened = Image.open(io.BytesIO(self.read(name)), formats=("PNG",))
        except Image.DecompressionBombError as error:
            raise BadInput(self.path, f"{name} has too many pixels") from error
        with opened as image:
            if said := too_many_pixels(*image.size):
                raise BadInput(self.path, f"{name}: {said}")
            if image.mode not in ("L", "I;16", "I"):
                raise BadInput(self.path, f"{name} is no grey image of 8 or 16 bit")
            deep = image.mode != "L"
            self._take(image.width * image.height * (2 if deep else 1))
            return np.array(image, dtype=np.uint16 if deep else np.uint8)

    def array(self, name: str) -> NDArray[Any]:
        """Return an array of numbers."""
        return array_of(self.path, name, self.read(name))

    def _member(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise BadInput(self.path, f"has no {name}: a part of it is missing")
        return self._members[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the members, in order."""
        return tuple(self._members)

    def read(self, name: str) -> bytes:
        """Return the bytes of a member.

        No more is unpacked than the directory says: its compressed data may go on for gigabytes.
        """
        member = self._member(name)
        with self._archive.open(member) as file:
            content = file.read(member.file_size)
        if len(content) != member.file_size:
            raise BadInput(self.path, f"{name[:80]} is cut short")
        return content

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise BadInput(self.path, f"unpacks to more than {self._most // 2**20} MiB: refused")


def array_of(source: Path, name: str, content: bytes, *, kinds: str = "biufc") -> NDArray[Any]:
    """Return the array in the bytes of an ``.npy`` file, which must be as long as its header says.

    Parameters
    ----------
    source : Path
        The file it is from, for messages.
    name : str
        What it is called there.
    content : bytes
    kinds : str, optional
        Kinds of numbers allowed, as ``numpy.dtype.kind`` names them.

    Raises
    ------
    BadInput
        If it is no such array. Checked before anything is allocated: a header can claim any shape.
    """
    held = io.BytesIO(content)
    try:
        if np.lib.format.read_magic(held) != (1, 0):
            raise ValueError("of another version")
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(held)
    except Exception as error:  # a damaged header ends in ValueError, TokenError and more
        raise BadInput(
            source, f"{name[:80]} is no array of numbers of this program ({first_line(error)})"
        ) from error
    if dtype.kind not in kinds or any(n < 0 for n in shape):
        raise BadInput(source, f"{name} is no array of numbers")
    if math.prod(shape) * dtype.itemsize != len(content) - held.tell():
        raise BadInput(source, f"{name} is not as long as its header says")
    flat = np.frombuffer(content, dtype, offset=held.tell())
    return flat.reshape(shape, order="F" if by_columns else "C").copy()


@contextmanager
def opened_archive(path: str | Path, what: str, *, most: int = 0) -> Iterator[Reader]:
    """Open an archive for reading.

    Parameters
    ----------
    path : str or Path
        The file.
    what : str
        What it should be, for the message, such as ``"case"``.
    most : int, optional
        Bytes that all members may unpack to; :data:`~napari_tbcad.limits.MAX_ARCHIVE_BYTES` by default.

    Raises
    ------
    BadInput
        If there is no such file, it is damaged, or beyond the limits; also for what is read inside the block.
    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(path, f"no such {what}")
    try:
        with zipfile.ZipFile(path) as archive:
            yield Reader(path, archive, most)
    except BadInput:
        raise
    except PermissionError as error:
        raise BadInput(path, "the file may not be read (no permission)") from error
    except UNREADABLE as error:
        raise BadInput(path, f"not a whole {what} of this program ({first_line(error)})") from error

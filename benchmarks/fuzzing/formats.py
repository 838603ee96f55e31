"""Mutations that know DICOM and PNG well enough to get past their first check."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from random import Random

from fuzzing.bytes_and_text import bits, edge, integers, odd_word, packed

_LONG = (b"OB", b"OW", b"OF", b"SQ", b"UT", b"UN", b"OD", b"OL", b"UC", b"UR", b"OV")
_VRS = (
    b"US",
    b"UL",
    b"SS",
    b"DS",
    b"IS",
    b"CS",
    b"LO",
    b"PN",
    b"SQ",
    b"OW",
    b"OB",
    b"UN",
    b"AT",
    b"FL",
    b"UI",
    b"??",
)
_SYNTAXES = (
    *("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"),
    *("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.70"),
    *(
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.91",
        "1.2.840.10008.1.2.4.201",
    ),
    *("1.2.840.10008.1.2.4.100", "1.2.3", ""),
)


def dicom(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change tag, kind, length or value of an element, or which elements there are."""
    places = _elements(data)
    if not places:
        return bits(data, rng, others)
    for _ in range(rng.choice((1, 1, 2, 3))):
        data = _one_element(data, rng, places, others)
        places = _elements(data) or places
    return data


def _elements(data: bytes) -> list[tuple[int, int, int, int]]:
    """Return start, length's place, value's place and end of every element (little endian, either kind)."""
    place, found = (132, []) if data[128:132] == b"DICM" else (0, [])
    explicit = True
    while place + 8 <= len(data):
        kind = data[place + 4 : place + 6]
        explicit = kind.isalpha() and kind.isupper()
        if explicit and kind in _LONG:
            at, value = place + 8, place + 12
            length = int.from_bytes(data[at:value], "little")
        elif explicit:
            at, value = place + 6, place + 8
            length = int.from_bytes(data[at:value], "little")
        else:
            at, value = place + 4, place + 8
            length = int.from_bytes(data[at:value], "little")
        end = len(data) if length == 0xFFFFFFFF else min(value + length, len(data))
        found.append((place, at, value, end))
        place = end
    return found


def _one_element(
    data: bytes, rng: Random, places: list[tuple[int, int, int, int]], others: Sequence[bytes]
) -> bytes:
    start, at, value, end = rng.choice(places)
    kind = rng.randrange(9)
    if kind == 0:
        return data[:at] + packed(edge(rng), "<I" if value - at == 4 else "<H") + data[value:]
    if kind == 1:
        return data[: start + 4] + rng.choice(_VRS) + data[start + 6 :]
    if kind == 2:
        return data[:start] + data[end:]
    if kind == 3:
        return data[:start] + data[start:end] * rng.choice((2, 2, 40)) + data[end:]
    if kind == 4:
        return data[:start] + integers(data[start : start + 4] + b"\0", rng, others)[:4] + data[start + 4 :]
    if kind == 5 and others:
        other = rng.choice(others)
        if theirs := _elements(other):
            a, _, _, b = rng.choice(theirs)
            return data[:start] + other[a:b] + data[start if rng.random() < 0.5 else end :]
    if kind == 6:
        return data[:value] + bits(data[value:end], rng, others)[: max(end - value, 0)] + data[end:]
    if kind == 7 and 0 < end - value <= 4:
        return data[:value] + packed(edge(rng), "<I")[: end - value] + data[end:]
    return _new_value(data, rng, (start, at, value, end))


def _new_value(data: bytes, rng: Random, place: tuple[int, int, int, int]) -> bytes:
    """Replace a value and say its length truly."""
    start, at, value, end = place
    tag = data[start : start + 4]
    if tag == b"\x02\x00\x10\x00":
        text = rng.choice(_SYNTAXES)
    elif tag == b"\x08\x00\x60\x00":
        text = rng.choice(("CR", "DX", "NM", "SEG", "SR", "OT", "ct", "", "A" * 40))
    elif tag == b"\x28\x00\x04\x00":
        text = rng.choice(
            ("MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "x")
        )
    else:
        text = rng.choice((odd_word(rng), "1\\2", "\\" * 5, "-1\\-1", "0\\0", "1e300\\1e300"))
    new = text.encode("utf-8", "replace")[:60_000]
    new += b" " * (len(new) % 2)
    return data[:at] + packed(len(new), "<I" if value - at == 4 else "<H") + new + data[end:]


def png(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change, move, double or add chunks, with right checksums; change pixels inside the compression."""
    parts = _png_chunks(data)
    if not parts:
        return bits(data, rng, others)
    place = rng.randrange(len(parts))
    name, content = parts[place]
    kind = rng.randrange(8)
    if kind == 0 or (kind < 3 and name == b"IHDR"):
        parts[0] = (b"IHDR", _header(parts[0][1], rng))
    elif kind == 1:
        parts[place] = (name, bits(content, rng, others))
    elif kind == 2 and name != b"IHDR":
        parts.pop(place)
    elif kind == 3:
        parts.insert(place, parts[rng.randrange(len(parts))])
    elif kind == 4:
        parts.insert(1, _extra_chunk(rng))
    elif kind == 5:
        parts = [(n, _inside(c, rng) if n == b"IDAT" else c) for n, c in parts]
    elif kind == 6:
        rng.shuffle(parts)
    else:
        parts[place] = (
            rng.choice((b"IDAT", b"PLTE", b"tRNS", b"fcTL", b"fdAT", b"eXIf", b"IEND", b"abcd")),
            content,
        )
    return data[:8] + b"".join(_chunk(n, c) for n, c in parts)


def _png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    parts, place = [], 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        if place + 12 + length > len(data):
            break
        parts.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return parts


def _chunk(name: bytes, content: bytes) -> bytes:
    return packed(len(content), ">I") + name + content + packed(zlib.crc32(name + content), ">I")


def _header(content: bytes, rng: Random) -> bytes:
    fields = list(struct.unpack(">IIBBBBB", content[:13].ljust(13, b"\0")))
    which = rng.randrange(7)
    fields[which] = edge(rng) if which < 2 else rng.randrange(256)
    if rng.random() < 0.3:
        fields[0], fields[1] = rng.choice(
            ((30_000, 30_000), (900, 900), (2**31 - 1, 1), (1, 2**31 - 1), (0, 0))
        )
    return struct.pack(">II", fields[0] % 2**32, fields[1] % 2**32) + bytes(fields[2:])


@lru_cache
def _bomb(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def _extra_chunk(rng: Random) -> tuple[bytes, bytes]:
    bomb = _bomb(rng.choice((1000, 2_000_000, 80_000_000))) if rng.random() < 0.3 else b"x\x9c"
    return rng.choice(
        (
            (b"iCCP", b"p\0\0" + bomb),
            (b"zTXt", b"c\0\0" + bomb),
            (b"iTXt", b"c\0\1\0\0\0" + bomb),
            (b"tEXt", b"c\0" + bytes(2000)),
            (b"pHYs", packed(edge(rng), ">I") * 2 + b"\1"),
            (b"acTL", packed(edge(rng), ">I") * 2),
            (b"eXIf", b"II*\0\x08\0\0\0" + rng.randbytes(30)),
            (b"eXIf", b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0" + bytes([rng.randrange(12)]) + b"\0\0"),
        )
    )


def _inside(content: bytes, rng: Random) -> bytes:
    try:
        pixels = bytearray(zlib.decompress(content))
    except zlib.error:
        return content
    kind = rng.randrange(3)
    if kind == 0 and pixels:
        pixels[rng.randrange(len(pixels))] = rng.randrange(256)
    elif kind == 1:
        del pixels[rng.randrange(len(pixels) + 1) :]
    else:
        pixels += bytes(rng.choice((1, 1000, 3_000_000 if rng.random() < 0.1 else 10)))
    return zlib.compress(bytes(pixels))

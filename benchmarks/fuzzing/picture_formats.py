"""Mutations that know JPEG, TIFF and NRRD well enough to get past their first check."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from random import Random

from fuzzing.bytes_and_text import bits, chunks, edge, packed


def jpeg(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change segments: sizes of the frame, tables, scans, what EXIF says."""
    marks, place = [], 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        marks.append(place)
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    if not marks:
        return bits(data, rng, others)
    at = rng.choice(marks)
    end = min(at + 2 + int.from_bytes(data[at + 2 : at + 4], "big"), len(data))
    kind = rng.randrange(7)
    if kind == 0:
        frames = [m for m in marks if data[m + 1] in (0xC0, 0xC1, 0xC2)] or [at]
        new = struct.pack(">HH", *rng.choice(((65500, 65500), (1, 65535), (0, 0), (900, 900), (3, 3))))
        return data[: frames[0] + 5] + new + data[frames[0] + 9 :]
    if kind == 1:
        return data[:at] + data[end:]
    if kind == 2:
        return data[: at + 2] + packed(edge(rng), ">H") + data[at + 4 :]
    if kind == 3:
        return (
            data[: at + 1]
            + bytes([rng.choice((0xC0, 0xC2, 0xC3, 0xC9, 0xC4, 0xDB, 0xDD, 0xE1, 0xEE, 0xFE))])
            + data[at + 2 :]
        )
    if kind == 4:
        exif = b"Exif\0\0" + rng.choice((b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08")) + rng.randbytes(24)
        return data[:2] + b"\xff\xe1" + packed(len(exif) + 2, ">H") + exif + data[2:]
    if kind == 5:
        return data[: at + 4] + bits(data[at + 4 : end], rng, others) + data[end:]
    return data[:at] + data[at:end] * rng.choice((2, 200)) + data[end:]


def tiff(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change entries of a directory: tag, kind, count, value; turn the chain of directories on itself."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
    except struct.error:
        return bits(data, rng, others)
    entries = [start + 2 + 12 * n for n in range(min(count, 60)) if start + 14 + 12 * n <= len(data)]
    if not entries:
        return bits(data, rng, others)
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.choice(entries)
        kind = rng.randrange(7)
        if kind == 0:
            tags = (
                256,
                257,
                258,
                259,
                262,
                273,
                274,
                277,
                278,
                279,
                284,
                317,
                320,
                322,
                323,
                324,
                338,
                339,
                32997,
            )
            struct.pack_into(f"{order}H", out, at, rng.choice(tags))
        elif kind == 1:
            struct.pack_into(f"{order}H", out, at + 2, rng.choice((0, 1, 2, 3, 4, 5, 11, 12, 13, 16, 99)))
        elif kind == 2:
            struct.pack_into(f"{order}I", out, at + 4, edge(rng) % 2**32)
        elif kind == 3:
            struct.pack_into(f"{order}I", out, at + 8, edge(rng) % 2**32)
        elif kind == 4:
            struct.pack_into(
                f"{order}H", out, at + 8, rng.choice((1, 2, 5, 6, 7, 8, 8, 32773, 32946, 34712, 34925, 50000))
            )
        elif kind == 5 and len(out) >= start + 6 + 12 * count:
            struct.pack_into(
                f"{order}I", out, start + 2 + 12 * count, rng.choice((start, 8, 4, len(out) - 4, 2**31))
            )
        else:
            struct.pack_into(f"{order}H", out, start, edge(rng) % 2**16)
    return bytes(out)


def nrrd(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change lines of the header: sizes, kinds, encodings; send the reader to another file."""
    head, gap, body = data.partition(b"\n\n")
    lines = head.split(b"\n")
    extra = rng.choice(
        (
            *(b"data file: /etc/passwd", b"datafile: ../secret.raw", b"data file: LIST", b"byte skip: -1"),
            *(
                b"line skip: 999999",
                b"byte skip: 99999999999",
                b"sizes: 20000 20000",
                b"sizes: 64 19999 19999",
            ),
            *(b"sizes: 2147483647 2147483647", b"sizes: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", b"sizes: 0 0"),
            *(b"dimension: 17", b"dimension: -1", b"encoding: bzip2", b"encoding: hex", b"encoding: ascii"),
            *(b"encoding: raw", b"type: block", b"block size: 99999999", b"type: double", b"endian: big"),
            *(
                b"space directions: (nan,0,0) (0,1,0) (0,0,1)",
                b"Segment0_Layer:=99",
                b"Segment0_LabelValue:=x",
            ),
            *(
                b"Segmentation_ReferenceImageExtentOffset:=9 9 9",
                b"kinds: list domain domain",
                b"Segment99999_ID:=a",
            ),
        )
    )
    key = extra.split(b":")[0]
    kind = rng.randrange(4)
    place = rng.randrange(1, len(lines)) if len(lines) > 1 else 0
    if kind == 0:
        lines = [extra if line.split(b":")[0] == key else line for line in lines]
    elif kind == 1:
        lines.insert(place, extra)
    elif kind == 2:
        lines[place] = bits(lines[place], rng, others)
    else:
        return head + gap + chunks(body, rng, others)
    return b"\n".join(lines) + gap + body

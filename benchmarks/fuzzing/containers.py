"""Mutations of files that hold others: zip archives, arrays in them, safetensors; hashes made right again."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np

from fuzzing.bytes_and_text import (
    Mutation,
    bits,
    changed_tree,
    chunks,
    edge,
    integers,
    json_tree,
    lines_in_text,
    numbers_in_text,
    packed,
    words_in_text,
)
from fuzzing.formats import png

Members = dict[str, bytes]
Mended = Callable[[Members], Members]

_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_SHAPES = ((0,), (), (1,), (-1,), (2**31,), (2**40, 2), (3, 5), (1,) * 40, (10**18,), (True,))
_DTYPES = ("<f4", ">f8", "|b1", "<U4", "|O", "<c16", "|u1", "<i8", "|V8", "<M8[s]", "<f2")


def zipped(mended: Mended = lambda members: members) -> Mutation:
    """Return a mutation of a zip archive's members.

    Parameters
    ----------
    mended : callable
        Makes hashes right again that the format keeps of its members, so that the change is met by what
        reads the content and not by a checksum.
    """

    def mutate(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
        except Exception:  # made from what was damaged before
            return bits(data, rng, others)
        if not members:
            return bits(data, rng, others)
        for _ in range(rng.choice((1, 1, 2))):
            members = _changed(members, rng)
        if rng.random() < 0.9:
            members = mended(members)
        kind = rng.choice(_KINDS) if rng.random() < 0.3 else zipfile.ZIP_DEFLATED
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", kind, compresslevel=1) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
                if rng.random() < 0.01:
                    archive.writestr(name + rng.choice(("", "/", "/../../planted")), content)
        return _lied(out.getvalue(), rng) if rng.random() < 0.1 else out.getvalue()

    return mutate


def _changed(members: Members, rng: Random) -> Members:
    members = dict(members)
    names = list(members)
    name = (
        rng.choice([n for n in names if n.endswith((".json", ".npy"))] or names)
        if rng.random() < 0.8
        else rng.choice(names)
    )
    kind = rng.random()
    if kind < 0.04:
        del members[name]
    elif kind < 0.07:
        members[
            rng.choice(("../planted", "/tmp/planted", "a" * 300, "C:\\planted", "x/" * 60, name + "\n"))
        ] = b"planted"
    elif kind < 0.1:
        members[name] = members[rng.choice(names)]
    elif kind < 0.105:
        members[name] = bytes(20_000_000)
    else:
        members[name] = by_suffix(name)(members[name], rng, list(members.values()))
    return members


def by_suffix(name: str) -> Mutation:
    """Return the mutation that suits a member's name."""
    if name.endswith(".json"):
        return json_tree
    return npy if name.endswith(".npy") else png if name.endswith(".png") else words_in_text


def _lied(data: bytes, rng: Random) -> bytes:
    """Say another size, kind or offset in the directory at the end than is true."""
    place, starts = data.find(b"PK\x01\x02"), []
    while place >= 0:
        starts.append(place)
        place = data.find(b"PK\x01\x02", place + 4)
    if not starts:
        return data
    at = rng.choice(starts) + rng.choice((8, 10, 16, 20, 24, 28, 30, 42))
    return data[:at] + packed(edge(rng), rng.choice(("<I", "<H"))) + data[at + 4 :]


def npy(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change the header of an array (shape, type, order), or its numbers."""
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception:  # made from what was damaged before
        return bits(data, rng, others)
    kind = rng.randrange(5)
    if kind == 0:
        return chunks(data, rng, others)
    if kind == 1:
        return integers(data, rng, others)
    if kind == 2:
        header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
        key = rng.choice(list(header))
        header[key] = {
            "descr": rng.choice((*_DTYPES, [("a", "<f8")])),
            "fortran_order": rng.choice((True, 1, None)),
            "shape": rng.choice((*_SHAPES, array.shape[::-1], (*array.shape, 1))),
        }[key]
        return _npy_header(header) + array.tobytes()
    out = io.BytesIO()
    np.lib.format.write_array(out, odd_array(array, rng), allow_pickle=False)
    return out.getvalue()


def _npy_header(header: Mapping[str, Any]) -> bytes:
    text = (repr(dict(header)) + "\n").encode()
    return b"\x93NUMPY\x01\x00" + packed(len(text), "<H") + text


def odd_array(array: np.ndarray, rng: Random) -> np.ndarray:
    """Return an array with another value, length, order of axes or type."""
    if array.dtype.kind not in "fiub" or not array.size:
        return array[: rng.randrange(len(array) + 1)] if array.ndim else array
    array = array.copy()
    kind = rng.randrange(6)
    if kind == 0 and array.dtype.kind == "f":
        array.flat[rng.randrange(array.size)] = rng.choice((np.nan, np.inf, -np.inf, 1e300, -1e300, 0))
    elif kind <= 1:
        limits = np.iinfo(array.dtype) if array.dtype.kind in "iu" else None
        values = (limits.min, limits.max, 0) if limits is not None else (0, 1)
        array.flat[rng.randrange(array.size)] = rng.choice(values)
    elif kind == 2 and array.ndim:
        return array[: rng.randrange(len(array) + 1)]
    elif kind == 3 and array.ndim:
        return np.concatenate([array] * rng.choice((2, 5)))
    elif kind == 4:
        return rng.choice((array.T, array.ravel(), array[None], array.reshape(-1)[:1]))
    else:
        with np.errstate(all="ignore"):
            return array.astype(rng.choice(("<f4", "<f8", "|u1", "<i8", "<c16", "|b1", "<i2")))
    return array


def skops_hashes(members: Members) -> Members:
    """Write the SHA-256 of every part into the manifest of a model file, as a forger would."""
    try:
        manifest = json.loads(members["manifest.json"])
        parts = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
        manifest["sha256"] = {name: digest for name, digest in parts.items() if name != "manifest.json"}
    except (KeyError, TypeError, ValueError, RecursionError):
        return members
    return members | {"manifest.json": json.dumps(manifest).encode()}


def atlas_hashes(members: Members) -> Members:
    """Write the digest of an atlas's arrays into its header, as a forger would."""
    total = hashlib.sha256()
    try:
        for key in ("films", "masks", "names", "card"):
            array = np.ascontiguousarray(np.load(io.BytesIO(members[f"{key}.npy"]), allow_pickle=False))
            total.update(f"{key} {array.dtype.str} {array.shape}".encode())
            total.update(array.tobytes())
        header = json.loads(np.load(io.BytesIO(members["header.npy"]), allow_pickle=False).tobytes())
        header["digest"] = total.hexdigest()
    except Exception:  # what cannot be read has no digest
        return members
    out = io.BytesIO()
    np.save(out, np.frombuffer(json.dumps(header).encode(), np.uint8))
    return members | {"header.npy": out.getvalue()}


def safetensors(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change the header, the card or the tensors of a safetensors file, and make its hashes right again."""
    length = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + length])
        metadata = dict(header.get("__metadata__") or {})
    except (ValueError, AttributeError, TypeError, RecursionError):
        return bits(data, rng, others)
    body = data[8 + length :]
    kind = rng.randrange(6)
    if kind == 0:
        body = rng.choice((bits, chunks, integers))(body or b"\0", rng, others)
    elif kind <= 2 and metadata:
        name = rng.choice([name for name, text in metadata.items() if text[:1] in "{["] or list(metadata))
        change = json_tree if kind == 1 else rng.choice((numbers_in_text, words_in_text, lines_in_text))
        metadata[name] = change(metadata[name].encode("utf-8", "replace"), rng, others).decode(
            "utf-8", "replace"
        )
    else:
        rest = changed_tree({k: v for k, v in header.items() if k != "__metadata__"}, rng)
        header = rest if isinstance(rest, dict) else {}
    if "card" in metadata and rng.random() < 0.9:
        metadata["card_sha256"] = hashlib.sha256(metadata["card"].encode("utf-8", "replace")).hexdigest()
    if rng.random() < 0.95:
        header["__metadata__"] = metadata
    _tensor_hash(header, metadata, body)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    size = edge(rng) if rng.random() < 0.03 else len(text)
    return packed(size, "<Q") + text + body


def _tensor_hash(header: Mapping[str, Any], metadata: dict[str, str], body: bytes) -> None:
    """Write the SHA-256 over all tensors, where they can be read as the header says."""
    if "tensors_sha256" not in metadata:
        return
    kinds = {"F16": "<f2", "F32": "<f4", "I64": "<i8", "F64": "<f8", "U8": "|u1"}
    hashed = hashlib.sha256()
    try:
        for name in sorted(set(header) - {"__metadata__"}):
            one = header[name]
            a, b = one["data_offsets"]
            array = np.frombuffer(body[a:b], kinds[one["dtype"]]).reshape(one["shape"])
            hashed.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
            hashed.update(array.tobytes())
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return
    metadata["tensors_sha256"] = hashed.hexdigest()


def journal(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change what a journal's lines say, with right checks, or the lines themselves."""
    import zlib

    lines = data.splitlines()
    if not lines or rng.random() < 0.3:
        return rng.choice((bits, chunks, lines_in_text))(data, rng, others)
    place = rng.randrange(len(lines))
    text = json_tree(lines[place].partition(b" ")[2], rng, others)
    lines[place] = b"%08x %s" % (zlib.crc32(text), text)
    return b"\n".join(lines) + b"\n"

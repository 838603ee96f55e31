"""Mutations that know nothing of a format, or only that it is text, JSON, XML or YAML."""

from __future__ import annotations

import copy
import json
import re
import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Mutation = Callable[[bytes, Random, Sequence[bytes]], bytes]
"""Takes the content of a file, a source of chance and other such contents; returns a changed content."""

_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1)
_NUMBERS = (
    *("0", "-1", "1", "2", "65535", "65536", "99999999", "2147483648", "18446744073709551616", "1e308"),
    *("1e999", "-1e999", "nan", "inf", "-0.0", "0.1", "1_000", "0x10", "9" * 5000, "", "1e-320"),
)
_WORDS = (
    *(
        "",
        " ",
        "\x00",
        "../../../tmp/planted",
        "/tmp/planted",
        "C:\\planted",
        "..\\planted",
        "con",
        "a" * 300,
    ),
    *(
        "\ud7ff",
        "\u202egnp.",
        "é" * 90,
        "<script>alert(1)</script>",
        "=1+1",
        "%s%n",
        "{0}",
        "\r\n",
        "\\u0000",
    ),
    *("x" * 70_000, "nan", "none", "true", "\ufeff", "1" * 5000, "-" * 40, "\x1b[2J"),
)


def bits(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Flip bits and set bytes."""
    out = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 2, 4, 16, 64))):
        place = rng.randrange(len(out))
        out[place] = out[place] ^ (1 << rng.randrange(8)) if rng.random() < 0.5 else rng.randrange(256)
    return bytes(out)


def head_bits(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Flip bits near the beginning, where most formats say how to read the rest."""
    head = rng.choice((64, 256, 1024))
    return bits(data[:head], rng, others) + data[head:]


def integers(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Overwrite a whole number of 1 to 8 bytes with one that begins or ends something."""
    size, order = rng.choice((1, 2, 4, 8)), rng.choice(("little", "big"))
    if len(data) <= size:
        return bits(data, rng, others)
    place = rng.randrange(len(data) - size)
    value = (rng.choice(_EDGES) + rng.choice((-1, 0, 0, 1))) % 2 ** (8 * size)
    return data[:place] + value.to_bytes(size, order) + data[place + size :]


def chunks(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Cut off, take out, double, move, or put in a piece of this file or of another."""
    a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    b = min(b, a + rng.choice((1, 4, 32, 512, len(data))))
    other = rng.choice(others) if others else data
    c = rng.randrange(len(other) + 1)
    kinds = (
        lambda: data[:a],
        lambda: data[:a] + data[b:],
        lambda: data[:b] + data[a:b] * rng.choice((1, 2, 50)) + data[b:],
        lambda: data[:a] + other[c : c + b - a] + data[b:],
        lambda: data[:a] + other[c:],
        lambda: data[:a] + rng.randbytes(min(b - a, 64) or 4) + data[a:],
        lambda: data + rng.randbytes(rng.choice((1, 100))),
    )
    return rng.choice(kinds)()[: 2 * len(data) + 4096]


def noise(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Keep a few bytes of the beginning and nothing else."""
    return data[: rng.choice((0, 2, 4, 8, 132, 140))] + rng.randbytes(rng.choice((0, 1, 16, 200)))


def numbers_in_text(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Replace numbers that stand in text."""
    text = data.decode("utf-8", "surrogateescape")
    places = list(re.finditer(r"-?\d+(?:\.\d+)?", text))
    for match in sorted(
        rng.sample(places, min(len(places), rng.choice((1, 1, 3)))), key=_start, reverse=True
    ):
        text = text[: match.start()] + rng.choice(_NUMBERS) + text[match.end() :]
    return text.encode("utf-8", "surrogateescape")


def words_in_text(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Replace words that stand in text, or put some between."""
    text = data.decode("utf-8", "surrogateescape")
    places = list(re.finditer(r"[\w./\\-]+", text))
    if not places or rng.random() < 0.2:
        place = rng.randrange(len(text) + 1)
        return (text[:place] + rng.choice(_WORDS) + text[place:]).encode("utf-8", "surrogateescape")
    match = rng.choice(places)
    word = rng.choice((*_WORDS, rng.choice(places)[0]))
    return (text[: match.start()] + word + text[match.end() :]).encode("utf-8", "surrogateescape")


def lines_in_text(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Take out, double, mix or join lines; write the text in another encoding."""
    lines = data.splitlines(keepends=True) or [b""]
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    kinds = (
        lambda: lines[:a] + lines[a + 1 :],
        lambda: lines[: a + 1] + [lines[a]] * rng.choice((1, 3, 2000)) + lines[a + 1 :],
        lambda: [*lines[:a], lines[b], *lines[a + 1 :]],
        lambda: [line.replace(b"\n", b"\r") for line in lines],
        lambda: [b"\xef\xbb\xbf", *lines],
        lambda: [b"".join(lines).decode("utf-8", "replace").encode("utf-16")],
        lambda: [line.replace(b'"', b"").replace(b",", b";") for line in lines],
        lambda: [*lines[:a], b'"', *lines[a:]],
    )
    return b"".join(rng.choice(kinds)())[:400_000]


def json_tree(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change values, names and shape of JSON; the result is JSON, nearly always."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return words_in_text(data, rng, others)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        tree = changed_tree(tree, rng)
    text = json.dumps(tree, allow_nan=True)
    if rng.random() < 0.03:
        deep = rng.choice((200, 2000, 100_000))
        text = text.replace("null", "[" * deep + "]" * deep, 1) if "null" in text else "[" * deep + "]" * deep
    return text.encode("utf-8", "surrogatepass")


def changed_tree(tree: Any, rng: Random) -> Any:
    """Return a copy of JSON values with one of them changed."""
    tree = copy.deepcopy(tree)
    places = list(_places(tree))
    if not places:
        return odd_value(tree, rng)
    holder, key = rng.choice(places)
    kind = rng.random()
    if kind < 0.6:
        holder[key] = odd_value(holder[key], rng)
    elif kind < 0.75:
        del holder[key]
    elif kind < 0.85 and isinstance(holder, list):
        holder.extend(copy.deepcopy(holder[key]) for _ in range(rng.choice((1, 2, 300))))
    elif isinstance(holder, dict):
        holder[rng.choice((*_WORDS[:12], "extra", *holder))] = holder.pop(key)
    else:
        other, name = rng.choice(places)
        holder[key] = copy.deepcopy(other[name]) if name in _keys(other) else None
    return tree


def odd_value(value: Any, rng: Random) -> Any:
    """Return a value of another kind, or one at the edge of its kind."""
    general = (None, True, False, 0, -1, 2**31, 2**63, 10**400, 0.5, "", [], {}, [[]], {"a": []}, "text")
    if rng.random() < 0.4:
        return rng.choice(general)
    if isinstance(value, bool) or value is None:
        return rng.choice(general)
    if isinstance(value, int):
        return rng.choice(
            (
                -value,
                value + 1,
                value * 1000 + 7,
                float(value % 2**60),
                str(value % 2**60),
                0,
                -1,
                65536,
                2**40,
            )
        )
    if isinstance(value, float):
        return rng.choice(
            (float("nan"), float("inf"), -value, value * 1e30, 0.0, int(value) if value == value else 0)
        )
    if isinstance(value, str):
        return rng.choice((*_WORDS, value + "\x00", value.upper(), value * 3, "\ud800"))
    if isinstance(value, list):
        return rng.choice((value[::-1], value[:-1], value + value, [value], dict(enumerate(map(str, value)))))
    return rng.choice(({**value, "extra": 1}, list(value), {"number": "nan"}, {"number": "inf"}))


TEXT: tuple[Mutation, ...] = (numbers_in_text, words_in_text, lines_in_text, chunks, bits)
BINARY: tuple[Mutation, ...] = (bits, head_bits, integers, chunks, chunks, noise)


def packed(value: int, form: str) -> bytes:
    """Pack a whole number that may be too large for its place."""
    return struct.pack(form, value % 2 ** (8 * struct.calcsize(form)))


def edge(rng: Random) -> int:
    """Return a number that begins or ends something, or one beside it."""
    return max(0, rng.choice(_EDGES) + rng.choice((-1, 0, 0, 1)))


def odd_word(rng: Random) -> str:
    """Return a text that something may stumble over."""
    return rng.choice((*_WORDS, *_NUMBERS))


def _places(tree: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        holder = waiting.pop()
        for key in _keys(holder):
            found.append((holder, key))
            waiting.append(holder[key])
    return found


def _keys(holder: Any) -> list[Any]:
    return (
        list(holder)
        if isinstance(holder, dict)
        else list(range(len(holder)))
        if isinstance(holder, list)
        else []
    )


def _start(match: re.Match[str]) -> int:
    return match.start()

"""Mutations of XML and YAML: entities and aliases that multiply, objects, depth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from fuzzing.bytes_and_text import bits


def xml(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Declare entities, nest deeply, open and close tags, change the encoding."""
    text = data.decode("utf-8", "replace")
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bombs = (
        f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">{lol}]><annotation>&l11;</annotation>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><name>&x;</name></annotation>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><annotation/>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><annotation/>',
        '<annotation xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/x"/></annotation>',
        "<annotation>" + "<object>" * 20_000 + "</object>" * 20_000 + "</annotation>",
        "<annotation>" + "<a " + " ".join(f'b{n}="1"' for n in range(5000)) + "/></annotation>",
        text.replace("UTF-8", rng.choice(("utf-16", "ascii", "zzz", "utf-7", "latin-1"))),
        text.replace("<annotation", "<annotation xmlns='u'"),
        "\ufeff" + text,
    )
    if rng.random() < 0.3:
        return rng.choice(bombs).encode("utf-8")
    tags = list(re.finditer(r"</?[\w]+>", text))
    if len(tags) < 2:
        return bits(data, rng, others)
    a, b = rng.choice(tags), rng.choice(tags)
    return (text[: a.start()] + b[0] * rng.choice((0, 1, 2)) + text[a.end() :]).encode("utf-8")


def yaml(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Put in aliases that multiply, objects, dates, keys that are no text, and odd indents."""
    text = data.decode("utf-8", "replace")
    lol = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{" + ", ".join(f"k{k}: *a{n - 1}" for k in range(9)) + "}\n" for n in range(1, 12)
    )
    extras = (
        lol,
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "a: !!python/object/apply:os.system ['touch /tmp/planted']\n",
        "a: !!binary 'ab'\n",
        "when: 2020-13-45\n",
        "when: 2020-01-01 25:99:99\n",
        "n: 1:99:99:99\n",
        f"n: {'1' * 5000}\n",
        "? [a, b]\n: 1\n",
        "1: 2\nnull: 3\n1.5: {2: 3}\n",
        "a: " + "[" * 3000 + "\n",
        "<<: {a: 1}\n",
        "<<: 1\n",
        "--- 1\n--- 2\n",
        "lungs: {network: {model: ../../../../etc/passwd}}\n",
    )
    extra = rng.choice(extras)
    if rng.random() < 0.4:
        return extra.encode()
    lines = text.splitlines(keepends=True) or [""]
    place = rng.randrange(len(lines) + 1)
    if rng.random() < 0.5:
        return "".join([*lines[:place], extra, *lines[place:]]).encode()
    indent = " " * rng.choice((0, 1, 2, 8))
    moved = [indent + line.lstrip() if n == place else line for n, line in enumerate(lines)]
    return "".join(moved).encode()

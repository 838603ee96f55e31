"""What the tests of several reports read a page with."""

from __future__ import annotations

import json
import re
import zipfile
from html.parser import HTMLParser

import pytest

HOSTILE = "<script>alert('x')</script><img src=x onerror=y>\"'&"
_MEANT = {
    *(
        "format",
        "workflow",
        "verdict",
        "labels",
        "decision",
        "segmenter",
        "combine",
        "region",
        "view",
        "label",
    ),
    *("origin", "levels"),
}
"""Keys of a case whose texts are words of the program: any other is refused, which other tests say."""

_NOT_FOR_READERS = (
    r"<style>.*?</style>",
    r"<ol class='record'>.*?</ol>",  # settings and outcomes, as the program keeps them
    r"<(p|div|ul)[^>]* lang='en'>.*?</\1>",  # sentences of the program, in English on every page
    r"<code>.*?</code>",
    r"napari-tbcad [^<,]*",
    r"data:image/[^']*",
)


@pytest.fixture(scope="session")
def decimal_points():
    """A function: what stands with a decimal point in a page's text and in the words of its drawings."""

    def found(page):
        for pattern in _NOT_FOR_READERS:
            page = re.sub(pattern, "", page, flags=re.S)
        said = [*re.sub(r"<[^>]*>", "\n", page).split("\n"), *re.findall(r"aria-label='([^']*)'", page)]
        return [line for line in said if re.search(r"\d\.\d", line)]

    return found


class _Page(HTMLParser):
    """What a browser would take a page for."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.handlers, self.sources, self.said = set(), set(), set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}
        self.sources |= {value[:11] for name, value in attrs if name in ("src", "href")}

    def handle_data(self, data):
        self.said += data


@pytest.fixture(scope="session")
def harmless():
    """A function: nothing on a page runs or is fetched, and the hostile text stands there as text."""

    def check(page, *, often):
        seen = _Page(page)
        assert not seen.tags & {"script", "iframe", "object", "embed", "link", "base", "form"}
        assert not seen.handlers
        assert {source for source in seen.sources if not source.startswith("#")} <= {"data:image/"}
        assert seen.said.count("<img src=x onerror=y>") >= often

    return check


def _planted(value, key=""):
    if key in _MEANT:
        return value, 0
    if isinstance(value, dict):
        made = {name: _planted(item, name) for name, item in value.items()}
        return {name: item for name, (item, _) in made.items()}, sum(n for _, n in made.values())
    if isinstance(value, list):
        made = [_planted(item, key) for item in value]
        return [item for item, _ in made], sum(n for _, n in made)
    return (value + HOSTILE, 1) if isinstance(value, str) else (value, 0)


@pytest.fixture(scope="session")
def plant():
    """A function: writes a case again with hostile text behind every text in it; returns how many."""

    def write(case, path):
        with zipfile.ZipFile(case) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        planted = 0
        for name in [name for name in members if name.endswith(".json")]:
            content, often = _planted(json.loads(members[name]))
            members[name], planted = json.dumps(content).encode(), planted + often
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return planted

    return write

"""What the tests of several reports read a page with."""

from __future__ import annotations

import re

import pytest

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

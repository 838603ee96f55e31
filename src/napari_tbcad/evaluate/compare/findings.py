"""Sentences made from the tests: what came out, and never more than the test says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from napari_tbcad.evaluate.compare.answers import AUC, INDEX, PRIMARY, Answer, Test, Verdict
from napari_tbcad.evaluate.compare.layout import (
    digits_of,
    interval,
    metric_title,
    number,
    p_text,
    signed,
    system_title,
)
from napari_tbcad.evaluate.compare.report_texts import Texts

_SENTENCES: dict[Verdict, str] = {
    "first": "is_better",
    "second": "is_worse",
    "unsteady": "is_unsteady",
    "not shown": "is_open",
    "too few": "is_few",
    "not defined": "is_undefined",
}


def findings(answer: Answer, text: Texts) -> list[str]:
    """Say what an answer found.

    Parameters
    ----------
    answer : Answer
    text : mapping of str to str
        The language's texts.

    Returns
    -------
    list of str
        A line for each view by the question's first measure, then one for the index. Every comparison that
        was tested by it is named, those without a difference, too.
    """
    lines = []
    for key in (PRIMARY, AUC, INDEX):
        tests = [test for test in answer.tests if test.key == key]
        for view in dict.fromkeys(test.view for test in tests):
            lines += list(_lines([test for test in tests if test.view == view], text))
    if not lines:
        return [text["nothing_tested"]]
    if answer.tests and all(len(test.contrast.pairs) == 1 for test in answer.tests):
        lines.append(text["once"])
    return lines


def _lines(tests: Sequence[Test], text: Texts) -> Iterator[str]:
    """Yield a line for everything that has been compared with one system."""
    head = metric_title(tests[0].key, text)
    if tests[0].question != "views" and tests[0].key != INDEX:
        head = f"{text[f'view_{tests[0].view}']}, {head}"
    for first in dict.fromkeys(system_title(test, 0, text) for test in tests):
        some = [test for test in tests if system_title(test, 0, text) == first]
        said = [_sentence(verdict, some, text) for verdict in _SENTENCES]
        yield text["by"].format(measure=head) + " ".join(line.strip() for line in said if line)


def _sentence(verdict: Verdict, tests: Sequence[Test], text: Texts) -> str:
    some = [test for test in tests if test.verdict == verdict]
    if not some:
        return ""
    others = [_with_value(test, text, told=verdict != "not defined") for test in some]
    name = _SENTENCES[verdict]
    line = text["is_open_many" if name == "is_open" and len(some) > 1 else name].format(
        first=system_title(some[0], 0, text),
        a=number(some[0].contrast.first, digits_of(some[0].key)),
        others=_listed(others, text),
        n=some[0].contrast.patients,
    )
    return f"{_capital(line)} {_effect(some[0], text)}" if len(some) == 1 else _capital(line)


def _effect(test: Test, text: Texts) -> str:
    """Return the difference with its interval, where it was tested."""
    if test.verdict in ("too few", "not defined"):
        return ""
    c, digits = test.contrast, digits_of(test.key)
    return text["effect"].format(
        difference=signed(c.difference, digits),
        interval=interval(c.low, c.high, digits),
        p=p_text(test.p_holm).replace("< ", "<\N{NO-BREAK SPACE}"),
    )


def _with_value(test: Test, text: Texts, *, told: bool) -> str:
    name = system_title(test, 1, text)
    if not told:
        return name
    return f"{name} ({number(test.contrast.second, digits_of(test.key))})"


def _listed(names: Sequence[str], text: Texts) -> str:
    return text["and"].join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _capital(line: str) -> str:
    return line[:1].upper() + line[1:]

"""Sentences made from the tests: what came out, and never more than the test says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Finding:
    """A line: what was measured where ("" for remarks), and what came out."""

    what: str
    said: str

    def __str__(self) -> str:
        return f"{self.what}: {self.said}" if self.what else self.said


def findings(answer: Answer, text: Texts, *, brief: bool = False) -> list[Finding]:
    """Say what an answer found.

    Parameters
    ----------
    answer : Answer
    text : mapping of str to str
        The language's texts.
    brief : bool, optional
        Without the size of differences.

    Returns
    -------
    list of Finding
        A line for each view by the question's first measure, then one for the index. Every comparison that
        was tested by it is named, those without a difference, too.
    """
    lines: list[Finding] = []
    for key in (PRIMARY, AUC, INDEX):
        tests = [test for test in answer.tests if test.key == key]
        for view in dict.fromkeys(test.view for test in tests):
            lines += _lines([test for test in tests if test.view == view], text, brief=brief)
    if not lines:
        return [Finding("", text["nothing_tested"])]
    if all(len(test.contrast.pairs) == 1 for test in answer.tests):
        lines.append(Finding("", text["once"]))
    return lines


def _lines(tests: Sequence[Test], text: Texts, *, brief: bool) -> Iterator[Finding]:
    """Yield a line for everything that has been compared with one system."""
    head = metric_title(tests[0].key, text)
    if tests[0].question != "views" and tests[0].key != INDEX:
        head = f"{text[f'view_{tests[0].view}']}, {head}"
    for first in dict.fromkeys(system_title(test, 0, text) for test in tests):
        some = [test for test in tests if system_title(test, 0, text) == first]
        said = [_sentence(verdict, some, text, brief=brief) for verdict in _SENTENCES]
        yield Finding(head, " ".join(line for line in said if line))


def _sentence(verdict: Verdict, tests: Sequence[Test], text: Texts, *, brief: bool) -> str:
    some = [test for test in tests if test.verdict == verdict]
    if not some:
        return ""
    name = _SENTENCES[verdict]
    several = name == "is_open" and len(some) > 1
    others = [_with_value(test, text, told=verdict != "not defined") for test in some]
    line = text["is_open_many" if several else name].format(
        first=system_title(some[0], 0, text),
        a=number(some[0].contrast.first, digits_of(some[0].key)),
        others=_listed(others, text["or" if several else "and"]),
        n=some[0].contrast.patients,
    )
    line = line[:1].upper() + line[1:]
    return line if brief or len(some) > 1 else f"{line} {_effect(some[0], text)}".strip()


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


def _listed(names: Sequence[str], last: str) -> str:
    return last.join(part for part in (", ".join(names[:-1]), names[-1]) if part)

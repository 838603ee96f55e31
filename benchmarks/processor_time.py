"""Which tests take the processor's time: a plugin of pytest that prints the largest by file and by test.

`make test-times` loads it. Seconds of processor, child processes that have ended included, so that other
programs on the machine hardly change the table.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

SHOWN = 30
_NAME = "processor seconds"


def seconds() -> float:
    """Return the processor's seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note when a test begins."""
    item.user_properties.append((_NAME, -seconds()))
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note when it has ended."""
    outcome = yield
    item.user_properties.append((_NAME, seconds()))
    return outcome


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the tables."""
    tests: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                tests[report.nodeid] = sum(value for name, value in report.user_properties if name == _NAME)
    files: Counter[str] = Counter()
    for name, taken in tests.items():
        files[name.partition("::")[0]] += taken
    terminalreporter.section(f"seconds of processor, {files.total():.0f} in {len(tests)} tests")
    for table in (files, tests):
        for name, taken in table.most_common(SHOWN):
            terminalreporter.write_line(f"{taken:8.2f}  {name}")
        terminalreporter.write_line("")

"""What no module may do with a file that a person opens: unpickle it, run it, fetch what it names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from napari_tbcad import limits as limits_module

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "napari_tbcad"

NEVER_IMPORTED = {"dill", "cloudpickle", "marshal", "shelve", "jsonpickle", "telnetlib", "ftplib", "xmlrpc"}
CLUSTER = {"batch/cluster.py"}
"""Packs work for a Dask cluster, which is Python run elsewhere (docs/security.md); it opens no file."""

PICKLE_NAMES = {"UnpicklingError", "PicklingError", "PickleError"}
"""Of pickle only the exceptions: torch raises them for a file that is none of tensors alone."""

NETWORK = {
    "urllib.request",
    "http.client",
    "requests",
    "pooch",
    "aiohttp",
    "httpx",
    "smtplib",
    "socketserver",
}
FETCHES = {"networks/download.py"}
"""The one module that fetches anything, and only when a person asks for it."""


_DOUBTFUL = re.compile(
    r"load\b|load_|read_array|read_pickle|eval\(|exec\(|compile\(|__import__|os\.system|popen|shell|extract|unpack_archive"
)


@cache
def texts() -> dict[str, str]:
    """Return every module of the program by its path."""
    return {p.relative_to(SOURCES).as_posix(): p.read_text("utf-8") for p in sorted(SOURCES.rglob("*.py"))}


def naming(names: Iterable[str]) -> dict[str, ast.Module]:
    """Return the modules whose text has an import of one of these packages, parsed."""
    told = re.compile(rf"^\s*(?:from|import)\s+(?:{'|'.join(map(re.escape, sorted(names)))})\b", re.M)
    return {path: ast.parse(text) for path, text in texts().items() if told.search(text)}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def given(call: ast.Call, name: str) -> object:
    """Return what a call gives for a keyword, None where it gives none."""
    return next(
        (ast.literal_eval(k.value) for k in call.keywords if k.arg == name and constant(k.value)), None
    )


def constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def unsafe_calls(tree: ast.Module) -> Iterator[str]:
    """Yield calls that can run what a file holds."""
    for name, call in calls(tree):
        last = name.rpartition(".")[2]
        if name in ("eval", "exec", "compile", "__import__", "os.system", "os.popen") or name in (
            "joblib.load",
            "pd.read_pickle",
            "pandas.read_pickle",
            "pickle.load",
            "pickle.loads",
        ):
            yield name
        elif name.endswith("torch.load") and given(call, "weights_only") is not True:
            yield f"{name} without weights_only=True"
        elif name in ("np.load", "numpy.load", "np.lib.format.read_array"):
            if given(call, "allow_pickle") is not False:
                yield f"{name} without allow_pickle=False"
        elif name.startswith("yaml.") and last in ("load", "unsafe_load", "full_load", "load_all"):
            yield f"{name} instead of safe_load"
        elif given(call, "shell") is True:
            yield f"{name} with shell=True"
        elif last in ("extractall", "extract", "unpack_archive"):
            yield f"{name} instead of reading members"
        elif "load_from_checkpoint" in name or last == "load_state_dict_from_url":
            yield name


def test_nothing_that_a_file_holds_is_run():
    doubtful = {path: ast.parse(text) for path, text in texts().items() if _DOUBTFUL.search(text)}
    assert len(doubtful) > 10
    assert [f"{path}: {what}" for path, tree in doubtful.items() for what in unsafe_calls(tree)] == []


@pytest.mark.parametrize(
    "code",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path)",
        "yaml.load(text, Loader=yaml.Loader)",
        "joblib.load(path)",
        "subprocess.run(line, shell=True)",
        "archive.extractall(folder)",
        "eval(text)",
    ],
)
def test_what_would_run_it_is_seen(code):
    assert _DOUBTFUL.search(code)
    assert len([*unsafe_calls(ast.parse(code))]) == 1


def test_no_module_that_unpickles_is_imported():
    assert set(naming(NEVER_IMPORTED)) <= CLUSTER


def test_of_pickle_only_its_exceptions_are_known():
    for path, tree in naming({"pickle", "_pickle"}).items():
        if path in CLUSTER:
            continue
        asked = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
        assert {node.attr for node in asked if ast.unparse(node.value) == "pickle"} <= PICKLE_NAMES, path


def test_one_module_alone_reaches_the_network():
    found = naming({name.partition(".")[0] for name in NETWORK})
    reaching = {
        path
        for path, tree in found.items()
        for name in imported(tree)
        if any(name == one or name.startswith(f"{one}.") for one in NETWORK)
    }
    assert reaching == FETCHES


def test_xml_is_parsed_in_one_place_behind_a_guard_against_entities():
    assert set(naming({"xml", "lxml"})) == {"io/voc.py"}


def limits() -> list[str]:
    """Return the rows of the table of limits: what each is, as its own words say."""
    body = ast.parse((SOURCES / "limits.py").read_text("utf-8")).body
    rows = []
    for node, words in pairwise(body):
        if not (isinstance(node, ast.Assign) and isinstance(words, ast.Expr)):
            continue
        for target in node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets:
            value, said = getattr(limits_module, target.id), " ".join(ast.literal_eval(words.value).split())
            amount = f"{value // 2**20:,} MiB" if "BYTES" in target.id else f"{value:,}"
            rows.append(f"| `{target.id}` | {amount.replace(',', ' ')} | {said} |")
    return rows


def test_the_table_of_limits_is_that_of_the_program():
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    table = re.search(r"<!-- limits -->\n(.*?)\n<!-- limits end -->", page, re.S)
    assert len(limits()) > 8
    assert table is not None
    head = ["| limit | at most | of what |", "|---|---|---|"]
    assert table[1] == "\n".join([*head, *limits()])

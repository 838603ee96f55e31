"""What the documentation names must be there: files, pictures, sections, menu entries, keys, commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
OURS = "https://raw.githubusercontent.com/napari-tbcad/napari-tbcad/main/"
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"napari-tbcad (?:chest|demo|verify)\b[^`\n]*")


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings as GitHub makes them."""
    code = re.compile(r"^```.*?^```", re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", code.sub("", text_of(page)), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def missing(page: Path) -> list[str]:
    """Return the links of a page into this repository that lead nowhere."""
    gone = []
    for link in LINK.findall(text_of(page)):
        base = ROOT if link.startswith(OURS) else page.parent
        target, _, anchor = unquote(link.removeprefix(OURS)).partition("#")
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        file = (base / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            gone.append(link)
    return gone


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    assert not missing(page)


def test_every_picture_is_shown_somewhere():
    shown = {Path(link).name for page in PAGES for link in LINK.findall(text_of(page))}
    assert {path.name for path in (ROOT / "docs/images").iterdir()} <= shown


def test_every_page_can_be_reached_from_the_readme():
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(text_of(page)) if "://" not in link)
        pages = {(page.parent / link).resolve() for link in links if link.endswith(".md")}
        ahead += pages - reached
    # The old address of the guide is there for those who come from outside.
    assert set(PAGES) - reached <= {ROOT / "docs/panel.md"}


def test_the_key_table_is_the_registry():
    from napari_tbcad.widgets.keys import KEYS

    rows = ["| key | does | |", "|---|---|---|"]
    for key in KEYS:
        keys = " or ".join(f"`{one}`" for one in (key.keys, key.also) if one)
        rows.append(f"| {keys} | {key.title} | {key.description} |")
    guide = text_of(ROOT / "docs/guide.md")
    table = re.search(r"<!-- keys:.*?-->\n(.*?)\n<!-- keys end -->", guide, re.S)
    assert table is not None
    assert table[1] == "\n".join(rows)


def test_menu_entries_are_those_of_the_manifest():
    manifest = yaml.safe_load(text_of(ROOT / "src/napari_tbcad/napari.yaml"))
    entries = {widget["display_name"] for widget in manifest["contributions"]["widgets"]}
    table = re.search(r"^## The panels\n(.*?)^## ", text_of(ROOT / "docs/guide.md"), re.M | re.S)
    assert table is not None
    assert set(re.findall(r"^\| \*\*(.+?)\*\* \|", table[1], re.M)) == entries
    for page in PAGES:
        for entry in re.findall(r"Plugins → napari-tbcad → ([^*,;(]+)\*", text_of(page)):
            assert entry.strip() in entries, f"{page.name}: {entry}"


def commands() -> list[tuple[str, str]]:
    """Return (page, command line) of every call in the documentation."""
    pages = [page for page in PAGES if page.name != "CHANGELOG.md"]
    return [(page.name, line) for page in pages for line in COMMAND.findall(text_of(page))]


def refused(line: str) -> str:
    """Return what is wrong with a command line, as far as names go; empty when nothing is."""
    from typer.main import get_command

    from napari_tbcad.cli.app import app

    words = shlex.split(line.partition(" # ")[0].replace("[", "").replace("]", ""))[1:]
    command = get_command(app)
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return f"no command {words[0]}"
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return ", ".join(word for word in words if word.startswith("--") and word not in known)


def test_there_are_commands_to_check():
    assert len(commands()) > 20
    assert refused("napari-tbcad chest runs FILMS") == "no command runs"
    assert refused("napari-tbcad chest run FILMS --ouch results") == "--ouch"


def test_every_command_is_one_of_the_command_line():
    assert [(*call, wrong) for call in commands() if (wrong := refused(call[1]))] == []


def test_every_benchmark_named_is_there():
    text = "".join(text_of(page) for page in PAGES)
    assert {name for name in re.findall(r"benchmarks/\w+\.py", text) if not (ROOT / name).is_file()} == set()


def test_both_languages_of_the_tutorial_show_the_same():
    english, indonesian = (text_of(ROOT / "docs" / name) for name in ("tutorial.md", "tutorial.id.md"))
    pictures = re.compile(r"\]\((images/[^)]+)\)")
    assert pictures.findall(english) == pictures.findall(indonesian) != []
    steps = re.compile(r"^## \d", re.M)
    assert len(steps.findall(english)) == len(steps.findall(indonesian)) > 4


@pytest.mark.parametrize("name", ["README", "docs/guide", "docs/tutorial", "docs/quickstart"])
def test_research_use_is_said(name):
    assert re.search(r"research use only", text_of(ROOT / f"{name}.md"), re.I)
    twin = ROOT / f"{name}.id.md"
    assert not twin.exists() or re.search(r"hanya untuk penelitian", text_of(twin), re.I)

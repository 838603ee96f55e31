"""What the documentation names must be there: files, pictures, sections, menu entries, keys, commands."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
OURS = "https://raw.githubusercontent.com/napari-tbcad/napari-tbcad/main/"
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"napari-tbcad (?:chest|bone|networks|report|export|deidentify|demo|verify)\b[^`\n]*")


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


@cache
def command_line() -> Any:
    from typer.main import get_command

    from napari_tbcad.cli.app import app

    return get_command(app)


def refused(line: str) -> str:
    """Return what is wrong with a command line, as far as names go; empty when nothing is."""
    words = shlex.split(line.partition(" # ")[0].replace("[", "").replace("]", ""))[1:]
    command = command_line()
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
    assert refused("napari-tbcad bone simulate --numbers 3") == "--numbers"
    assert any(line.startswith("napari-tbcad bone") for _, line in commands())


def test_every_command_is_one_of_the_command_line():
    assert [(*call, wrong) for call in commands() if (wrong := refused(call[1]))] == []


def test_every_benchmark_named_is_there():
    text = "".join(text_of(page) for page in PAGES)
    assert {name for name in re.findall(r"benchmarks/\w+\.py", text) if not (ROOT / name).is_file()} == set()


@pytest.mark.parametrize("name", ["tutorial", "tutorial_bone"])
def test_both_languages_of_a_tutorial_show_the_same(name):
    english, indonesian = (text_of(ROOT / "docs" / f"{name}{language}.md") for language in ("", ".id"))
    pictures = re.compile(r"\]\((images/[^)]+)\)")
    assert pictures.findall(english) == pictures.findall(indonesian) != []
    steps = re.compile(r"^## \d", re.M)
    assert len(steps.findall(english)) == len(steps.findall(indonesian)) > 4


@pytest.mark.parametrize(
    "name",
    [
        "README",
        "docs/bone",
        "docs/guide",
        "docs/guide_bone",
        "docs/tutorial",
        "docs/tutorial_bone",
        "docs/quickstart",
        "docs/evaluate",
    ],
)
def test_research_use_is_said(name):
    assert re.search(r"research use only", text_of(ROOT / f"{name}.md"), re.I)
    twin = ROOT / f"{name}.id.md"
    assert not twin.exists() or re.search(r"hanya untuk penelitian", text_of(twin), re.I)


def test_both_tutorials_of_bone_scans_give_the_same_numbers():
    pages = [text_of(ROOT / "docs" / name) for name in ("tutorial_bone.md", "tutorial_bone.id.md")]
    # An index, as the panel writes it or as Indonesian prose does.
    found = [[n.replace(",", ".") for n in re.findall(r"\d[.,]\d\d(?= ?%)", page)] for page in pages]
    assert found[0] == found[1] != []


BONE = text_of(ROOT / "docs/bone.md")
EVALUATE = text_of(ROOT / "docs/evaluate.md")
BONE_GUIDE = text_of(ROOT / "docs/guide_bone.md")
SIMULATOR = text_of(ROOT / "docs/bone_simulator.md")


def section(page: str, heading: str) -> str:
    """Return what stands below a heading of the second rank, up to the next."""
    found = re.search(rf"^## {re.escape(heading)}.*?\n(.*?)(?=^## |\Z)", page, re.M | re.S)
    assert found is not None, heading
    return found[1]


def table(text: str, head: str) -> list[list[str]]:
    """Return the cells of the table whose first heading is `head`, backticks taken off, row by row."""
    found = re.search(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\|\n((?:\|.*\n?)+)", text, re.M)
    assert found is not None, head
    rows = found[1].strip().splitlines()
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def test_weight_tables_are_those_of_the_program():
    from napari_tbcad.schemes import REGION_NAMES
    from napari_tbcad.skeletal_mass import WEIGHT_TABLES

    def cell(region: str, name: str) -> str:
        group = WEIGHT_TABLES[name].group_of(region)
        return f"{group.percent:g}" + (", pooled" if len(group.regions) > 1 else "")

    text = section(BONE, "The Bone Scan Index")
    head = re.search(r"^\| region \| (.+) \|$", text, re.M)
    assert head is not None
    names = re.findall(r"`([\w-]+)`", head[1])
    assert names == list(WEIGHT_TABLES)
    expected = [[region, *(cell(region, name) for name in names)] for region in REGION_NAMES]
    assert table(text, "region") == expected
    sums = re.search(r"cranium \+ mandible: (.+)\.$", text, re.M)
    assert sums is not None
    skulls = [sum(map(float, pair.split(" + "))) for pair in sums[1].split(", ")]
    assert skulls == pytest.approx([WEIGHT_TABLES[name].group_of("skull").percent for name in names])


def test_view_rules_have_the_confidences_of_the_program():
    from napari_tbcad.bone.views import RULE_CONFIDENCE

    rows = {row[0]: row[-1] for row in table(section(BONE, "Which view is which"), "rule")}
    assert {rule: rows[rule] for rule in RULE_CONFIDENCE} == {r: f"{c:g}" for r, c in RULE_CONFIDENCE.items()}
    assert rows.keys() - RULE_CONFIDENCE.keys() == {"content", "partner", "person"}


def test_settings_and_stages_of_the_bone_chain_are_all_there():
    from napari_tbcad.bone.workflow import CHAIN, BoneSettings
    from napari_tbcad.cli.options import listed

    assert [row[0] for row in table(BONE, "stage")] == [stage.name for stage in CHAIN.stages]
    said = [(row[0], row[1]) for row in table(section(BONE, "Settings"), "setting")]
    assert said == [(name, str(default)) for name, default, _ in listed(BoneSettings())]


def test_output_columns_are_those_of_the_program():
    from napari_tbcad.bone import exports

    said = {
        row[0]: re.findall(r"\w+", row[1]) for row in table(section(BONE, "What `bone run` writes"), "file")
    }
    assert said == {
        "results.csv": list(exports.RESULT_COLUMNS),
        "regions.csv": list(exports.REGION_COLUMNS),
        "hotspots.csv": list(exports.HOTSPOT_COLUMNS),
        "comparison.csv": list(exports.COMPARISON_COLUMNS),
    }


def test_columns_of_an_evaluation_are_those_of_the_program():
    from napari_tbcad.evaluate.columns import TABLES

    def bare(columns):
        # A figure is named once; its ends are said above the table.
        ends = {f"{name}{end}" for name in columns for end in ("_low", "_high")}
        return [name for name in columns if name not in ends]

    rows = table(section(EVALUATE, "Every file and column"), "file")
    said = {row[0]: re.findall(r"`(\w+)`", f"`{row[1]}`") for row in rows}
    assert said.keys() == TABLES.keys()
    for file, columns in TABLES.items():
        wanted = ["method", "fold"] if file == "summary_folds.csv" else bare(columns)
        assert said[file][: len(wanted)] == wanted, file


def test_options_and_marks_of_an_evaluation_are_those_of_the_program():
    from typer.main import get_command

    from napari_tbcad.cli.app import app
    from napari_tbcad.evaluate.elsewhere import MARGIN
    from napari_tbcad.evaluate.verdicts import AMBER_ABOVE, CONTROLS

    command = get_command(app).commands["chest"].commands["evaluate"]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    said = re.findall(
        r"--[\w-]+", " ".join(row[0] for row in table(section(EVALUATE, "Every option"), "option"))
    )
    assert set(said) == {name for name in options if name.startswith("--")} - {"--help"}
    text = section(EVALUATE, "Can the score be believed?")
    assert {row[0] for row in table(text, "control")} == set(CONTROLS)
    assert f"rim of {100 * MARGIN:g} %" in text
    assert f"above {AMBER_ABOVE:.2f}" in text


def test_label_schemes_and_classes_are_those_of_the_program():
    from napari_tbcad.schemes import BONE_SCHEMES, HOTSPOT_CLASSES

    rows = table(section(BONE, "Label schemes"), "id")
    for column, scheme in enumerate((BONE_SCHEMES["4"], BONE_SCHEMES["3"]), start=1):
        said = {name.strip(): int(row[0]) for row in rows for name in row[column].split(",") if name.strip()}
        assert said == dict(scheme.ids)
    assert [row[0] for row in table(section(BONE, "Hotspots"), "class")] == list(HOTSPOT_CLASSES)


def test_count_levels_are_those_of_the_program():
    from napari_tbcad.bone.quality import AMBER_COUNTS, RED_COUNTS

    numbers = [int(n.replace(" ", "")) for n in re.findall(r"\d[\d ]{5,}\d", section(BONE, "Quality"))]
    assert set(numbers) == {round(AMBER_COUNTS), round(RED_COUNTS)}


def test_tables_of_the_simulator_are_its_data():
    from napari_tbcad.simulate.bone_uptake import CONCENTRATION
    from napari_tbcad.simulate.hotspot_sites import BENIGN, REGION_SHARE

    uptake = table(section(SIMULATOR, "Uptake"), "region")
    assert uptake == [[name, *(f"{value:g}" for value in pair)] for name, pair in CONCENTRATION.items()]
    lesions = section(SIMULATOR, "Lesions and other uptake")
    assert table(lesions, "region") == [[name, f"{share:g}"] for name, share in REGION_SHARE.items()]
    benign = [[n, f"{p:g}", f"{low:g}–{high:g}"] for n, (p, _, (low, high), _) in BENIGN.items()]
    assert table(lesions, "joint") == benign


def test_both_languages_of_the_quick_start_give_the_same_commands():
    pages = [text_of(ROOT / "docs" / name) for name in ("quickstart.md", "quickstart.id.md")]
    # `report` has no commands of its own: what follows is a file, which has another name in each language.
    words = [[line.split()[1:3] for line in COMMAND.findall(page)] for page in pages]
    called = [[pair[:1] if pair[0] == "report" else pair for pair in page] for page in words]
    assert called[0] == called[1] != []


def test_numbers_of_the_simulator_in_the_text_are_its_own():
    from napari_tbcad.simulate import gamma_camera, hotspot_sites
    from napari_tbcad.simulate.bone_scan import COUNTS_MEDIAN, COUNTS_SIGMA, COUNTS_SPAN
    from napari_tbcad.simulate.bone_truth import FEWEST_PIXELS, PEAK_SHARE, VISIBLE_SHARE

    text = " ".join(SIMULATOR.split())
    low, high = hotspot_sites.RADIUS_MM
    one, other = hotspot_sites.RADIUS_SHAPE
    camera = gamma_camera.CameraParameters()
    median, least, most = (f"{number:,.0f}".replace(",", " ") for number in (COUNTS_MEDIAN, *COUNTS_SPAN))
    per_mm = (gamma_camera.SOFT_TISSUE_PER_MM, gamma_camera.LUNG_PER_MM, gamma_camera.BONE_PER_MM)
    for said in (
        f"none in {100 * hotspot_sites.NO_LESION:g} % of the patients",
        f"median {median}, σ {COUNTS_SIGMA:g}, kept within {least} and {most}",
        f"(mean {hotspot_sites.MORE_LESIONS:g}, dispersion {hotspot_sites.FEW_OR_MANY:g}",
        f"at most {hotspot_sites.MOST_LESIONS}.",
        f"between {low:g} and {high:g} mm",
        f"(a beta distribution {one:g}, {other:g},",
        "μ soft {:g}, lung {:g}, bone {:g} per mm".format(*per_mm),
        f"√({camera.intrinsic_mm:g}² + ({camera.near_mm:g} + {camera.per_mm:g} d)²)",
        f"P + {camera.scatter:g} · G_{camera.scatter_mm:g}mm * P",
        f"exceed {100 * PEAK_SHARE:g} % of their own peak",
        f"exceeds {100 * VISIBLE_SHARE:g} % of the mean",
        f"fewer than {FEWEST_PIXELS} pixels",
    ):
        assert said in text


def test_the_guide_names_the_entries_of_the_export_menu():
    from napari_tbcad.widgets.chest.exporting import Exporter

    entries = [text for text, *_ in Exporter.entries(Exporter.__new__(Exporter))]
    guide = text_of(ROOT / "docs/guide.md")
    assert [row[0] for row in table(section(guide, "Export"), "entry")] == entries


def test_the_bone_guide_names_what_the_panel_shows():
    from napari_tbcad.widgets.bone.exporting import BoneExporter
    from napari_tbcad.widgets.bone.hotspot_table.model import HEADS
    from napari_tbcad.widgets.bone.tools.tools import TOOLS
    from napari_tbcad.widgets.keys import key_of

    assert [row[0] for row in table(section(BONE_GUIDE, "Step 3, Hotspots"), "column")] == list(HEADS)
    entries = [text for text, *_ in BoneExporter.entries(BoneExporter.__new__(BoneExporter))]
    assert [row[0] for row in table(section(BONE_GUIDE, "Export"), "entry")] == entries
    keys = {row[0].strip("*"): row[1] for row in table(section(BONE_GUIDE, "Step 3, Hotspots"), "button")}
    named = {name.capitalize(): f"{name}_tool" for name in TOOLS} | {"Merge": "merge"}
    assert {button: keys[button] for button in named} == {b: key_of(name).keys for b, name in named.items()}
    classes = {row[0]: row[1] for row in table(section(BONE_GUIDE, "Step 3, Hotspots"), "class")}
    said = {"abnormal": "abnormal", "normal": "normal", "non-bone": "non_bone", "ignore": "ignore_hotspot"}
    assert classes == {word: key_of(name).keys for word, name in said.items()}

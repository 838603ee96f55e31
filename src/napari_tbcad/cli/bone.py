"""``napari-tbcad bone …``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_tbcad.bone.words import index_words
from napari_tbcad.cli import bone_annotations, bone_training, options, running

if TYPE_CHECKING:
    from napari_tbcad.batch.rows import Row
    from napari_tbcad.batch.runs.inputs import Study
    from napari_tbcad.io.scan_files import ScanFiles

app = typer.Typer(
    help="Bone Scan Index of whole-body bone scans.", no_args_is_help=True, rich_markup_mode=None
)


_MOST_NAMES = 5
_DECIMAL = re.compile(r"\d+\.\d+")


class Scheme(StrEnum):
    """Label scheme of the class images."""

    four = "4"
    three = "3"


class Teller:
    """Prints a line a scan and one a warning; a warning that was printed before is only counted.

    Of warnings that differ in a measured number alone (a decimal fraction), those behind the first are
    counted apart: their numbers are in results.csv.

    Parameters
    ----------
    scans : sequence of Study, optional
        Of which lines are printed: where two files have one name, they are called by their paths.
    """

    def __init__(self, scans: Sequence[Study] = ()) -> None:
        self._said: set[str] = set()
        self._kinds: set[str] = set()
        self._name_of = running.names_told(scan.path.as_posix() for scan in scans)

    def __call__(self, done: int, total: int, row: Row, left: str = "") -> None:
        """Print one scan's line."""
        result = row.result
        name = self._name_of(result["file"])
        head = f"[{done}/{total}] {name}: "
        if not row.ok:
            typer.echo(
                f"{head}ERROR {result['message'].removeprefix(f'{Path(name).name}: ')}{left}", err=True
            )
            return
        how = f"{result['weights']}, {result['combine']}"
        said = index_words(result["bsi"], result["n_abnormal"], how)
        typer.echo(f"{head}{said}; {_views(result)}; {result['seconds']:.1f} s{left}")
        for line in self._new([w for w in result["warnings"].split(" | ") if w]):
            typer.echo(f"    {line}")

    def _new(self, warnings: list[str]) -> list[str]:
        new: list[str] = []
        again = alike = 0
        for warning in dict.fromkeys(warnings):
            kind = _DECIMAL.sub("#", warning)
            if warning in self._said:
                again += 1
            elif kind in self._kinds:
                alike += 1
            else:
                new.append(warning)
            self._said.add(warning)
            self._kinds.add(kind)
        if again:
            new.append(f"{_counted(again)} as above.")
        if alike:
            new.append(f"{_counted(alike)} as above with other numbers: results.csv has them.")
        return new


def _counted(number: int) -> str:
    return f"{number} {'warning' if number == 1 else 'warnings'}"


def _views(result: Mapping[str, Any]) -> str:
    """Return how the views were told, and their counts where they are counts."""
    there = [view for view in ("anterior", "posterior") if result.get(f"{view}_rule")]
    rules = [result[f"{view}_rule"].replace("_", " ") for view in there]
    if len(there) == 2 and rules[0] == rules[1]:
        said = f"both views by {rules[0]}"
    else:
        said = ", ".join(f"{view} by {rule}" for view, rule in zip(there, rules, strict=True))
    if result.get("unit") == "counts":
        millions = " and ".join(f"{result[f'counts_{view}'] / 1e6:.2f}" for view in there)
        said += f"; {millions} million counts"
    return said


def tell_weights(given: Mapping[str, Any]) -> None:
    """Print the weights that will be used, and what an automatic index is worth."""
    from napari_tbcad.bone.workflow import settings_from
    from napari_tbcad.skeletal_mass import weight_table

    index = settings_from(given).index
    table = weight_table(index.weights)
    typer.echo(f"weights {table.name}: {'; '.join(table.lines())}. Views: {index.combine}.")
    typer.echo(
        "Automatic hotspots are candidates for a person to judge. Research use only, never a diagnosis."
    )


def tell_masks(scans: Sequence[Study | ScanFiles], folder: Path | None) -> None:
    """Print how many scans have a person's label files, and which of the files belong to no scan."""
    from napari_tbcad.batch.scans import match_masks

    if folder is None:
        return
    given = match_masks(scans, folder)
    typer.echo(f"{given.scans} of {len(scans)} scans have label files in {folder}")
    if given.strangers:
        names = ", ".join(path.name for path in given.strangers[:_MOST_NAMES])
        more = len(given.strangers) - _MOST_NAMES
        typer.echo(f"WARNING belonging to no scan: {names}" + (f" and {more} more" if more > 0 else ""))


def tell_passed_over(paths: Sequence[Path]) -> None:
    """Print what was not taken for a scan although it might be one."""
    if paths:
        more = ", …" if len(paths) > 5 else ""
        names = ", ".join(path.name for path in paths[:5])
        typer.echo(f"passed over as masks, labels or results: {names}{more}")


@app.command("run")
def run(
    paths: Annotated[
        list[Path], typer.Argument(help="Scans, folders of scans, or CSV lists with a column path or file.")
    ],
    out: options.Out,
    segmenter: Annotated[
        str | None, typer.Option("--segmenter", help="What finds hotspots: network or classical.")
    ] = None,
    atlas: Annotated[
        Path | None,
        typer.Option(
            "--atlas",
            exists=True,
            dir_okay=False,
            help="Skeleton atlas file of your own; it finds the regions instead of the network.",
        ),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option("--masks", exists=True, file_okay=False, help="Folder with a person's label files."),
    ] = None,
    scheme: Annotated[Scheme | None, typer.Option("--scheme", help="Classes of the label images.")] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", help="spiers1968, icrp110-male or icrp110-female.")
    ] = None,
    combine: Annotated[
        str | None, typer.Option("--combine", help="mean, pooled, max, anterior or posterior.")
    ] = None,
    device: options.Device = None,
    workers: options.Workers = 1,
    scheduler: options.Scheduler = None,
    again: running.AgainOption = running.Again.unfinished,
    params: options.ParameterFile = None,
    assign: options.Assignments = None,
) -> None:
    """Take scans through the chain: views, regions, hotspots, index, picture and record for each."""
    from napari_tbcad.batch.runs.inputs import bone_inputs
    from napari_tbcad.batch.scans import BoneJob

    options.require_device(device)
    given = options.assignments(
        params,
        assign,
        regions__segmenter="atlas" if atlas else None,
        regions__network__device=device,
        hotspots__segmenter=segmenter,
        hotspots__network__device=device,
        classes__scheme=scheme.value if scheme else None,
        index__weights=weights,
        index__combine=combine,
    )
    passed_over: list[Path] = []
    scans = bone_inputs(paths, passed_over=passed_over, say=typer.echo)
    job = BoneJob(out, given, str(atlas) if atlas else None, masks)
    job.absolute().require(scans)  # before anything is said or written
    tell_weights(given)
    tell_passed_over(passed_over)
    tell_masks(scans, masks)
    running.carry_out(
        scans, job, Teller(scans), things="scans", workers=workers, scheduler=scheduler, again=again
    )


@app.command("settings")
def settings() -> None:
    """List every setting of the chain: its name for --set and --params, its default and what it changes."""
    from napari_tbcad.bone.workflow import BoneSettings

    for name, default, about in options.listed(BoneSettings()):
        typer.echo(f"{name} = {default}")
        typer.echo(f"    {about}")


@app.command("simulate")
def simulate(
    number: Annotated[int, typer.Option("--number", min=1, help="How many scans.")],
    out: options.Out,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same scans.")] = 0,
) -> None:
    """Make whole-body scans of simulated persons with every hotspot, region and the true index known."""
    from napari_tbcad.simulate.bone_samples import write_simulated_scans

    write_simulated_scans(out, number, seed, progress=lambda share, what: typer.echo(f"{share:4.0%} {what}"))
    typer.echo(f"scans and truth in {out}")


@app.command("compare")
def compare(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Two scans of one patient, the earlier first (files or folders); or two cases (.tbcad), "
            "compared as they were saved."
        ),
    ],
    out: options.Out,
    segmenter: Annotated[
        str | None, typer.Option("--segmenter", help="What finds hotspots: network or classical.")
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option("--masks", exists=True, file_okay=False, help="Folder with a person's label files."),
    ] = None,
    weights: Annotated[str | None, typer.Option("--weights", help="As for run.")] = None,
    combine: Annotated[str | None, typer.Option("--combine", help="As for run.")] = None,
    params: options.ParameterFile = None,
    assign: options.Assignments = None,
) -> None:
    """Compare two scans of one patient: change of the index, hotspots that are new, gone or changed."""
    from napari_tbcad.batch.comparing import compare_batch, compare_cases
    from napari_tbcad.batch.scans import BoneJob
    from napari_tbcad.case import SUFFIX
    from napari_tbcad.errors import BadInput
    from napari_tbcad.io.scan_files import find_scans

    given = options.assignments(
        params, assign, hotspots__segmenter=segmenter, index__weights=weights, index__combine=combine
    )
    if any(path.suffix.lower() == SUFFIX for path in paths):
        if given or masks is not None:
            raise BadInput("comparison", "cases are compared as they were saved: no option changes them")
        result = compare_cases(paths, out)
    else:
        scans = find_scans(paths)
        tell_weights(given)
        tell_masks(scans, masks)
        result = compare_batch(scans, BoneJob(out, given, masks=masks), progress=Teller())
    typer.echo(result.summary())
    for pair in result.pairings:
        if pair.state != "unchanged" and "abnormal" in (pair.label_earlier, pair.label_later):
            ratio = "" if pair.area_ratio is None else f", area × {pair.area_ratio:.2f}"
            typer.echo(f"  {pair.state}: {pair.view} {pair.region or 'place unknown'}{ratio}")
    for warning in result.warnings:
        typer.echo(f"WARNING {warning}")
    typer.echo(f"tables: {out / 'comparison.csv'} and comparison.json")


bone_training.add_to(app)
bone_annotations.add_to(app)

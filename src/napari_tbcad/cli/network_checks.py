"""``napari-tbcad networks survey``, and the comparison of two networks in ``networks evaluate --against``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.evaluate import Evaluation
    from napari_tbcad.networks.survey import Survey

AGAINST = "against"


def tell_survey(config: TrainingConfig) -> int:
    """Look at what a training would learn from and print it; returns the exit status."""
    from napari_tbcad.networks.survey import survey

    found = survey(config)
    for line in survey_lines(found):
        typer.echo(line)
    for kind, lines in (("warning", found.warnings), ("error", found.refusals)):
        for line in lines:
            typer.echo(f"{kind}: {line}", err=True)
    for one in found.unreadable:
        typer.echo(f"error: {one.path}: {one.cause}", err=True)
    return 1 if found.refusals or found.unreadable else 0


def survey_lines(found: Survey) -> list[str]:
    """Return what was found as lines of text."""
    lines = [
        f"{one.name}: {one.images} images of {one.patients} patients"
        + (f", {len(one.unreadable)} cannot be used" if one.unreadable else "")
        for one in found.collections
    ]
    names = {"train": "trained on", "validation": "watched", "test": "held out", "": "all"}
    lines += [
        f"{names.get(role, role)}: {counted.images} images of {counted.patients} patients"
        for role, counted in found.roles.items()
        if counted.images
    ]
    for one in found.classes:
        said = ", ".join(
            f"{names.get(role, role)} {number} images, {one.share.get(role, 0):.2%} of the pixels"
            for role, number in one.images.items()
            if found.roles[role].images
        )
        lines.append(f"{one.value} {one.name}: {said}")
    return lines


def tell_against(
    new: Evaluation, name: str, judge: Callable[[Any], Evaluation], task: str, out: Path
) -> None:
    """Judge another network on the same images, and print and write how the first differs from it."""
    from napari_tbcad.batch.trainings.scores import COLUMNS
    from napari_tbcad.errors import ModelRefused
    from napari_tbcad.files import write_csv
    from napari_tbcad.networks.models import find_network

    network = find_network(name)
    if network.card.task != task:
        raise ModelRefused(name, f"made for the task {network.card.task}, not for {task}")
    other = judge(network)
    other.write(out / AGAINST)
    rows = paired_table(new, other)
    write_csv(out / f"{AGAINST}.csv", COLUMNS[:7] + COLUMNS[-2:], rows)
    for line in difference_lines(rows, name):
        typer.echo(line)


def paired_table(new: Evaluation, other: Evaluation) -> list[dict[str, Any]]:
    """Return the scores of both on the images that both could judge, with their differences.

    Raises
    ------
    BadInput
        If no image was judged by both.
    """
    import numpy as np

    from napari_tbcad.batch.trainings.scores import score_table
    from napari_tbcad.errors import BadInput

    known = {(one.source, one.name, one.patient): one for one in other.images}
    both = [(one, known[key]) for one in new.images if (key := (one.source, one.name, one.patient)) in known]
    if not both:
        raise BadInput("--against", "no image could be judged by both networks")
    counts = {
        name: np.array([pair[place].counts for pair in both])
        for place, name in enumerate(("new", "packaged"))
    }
    # An image that names no patient is its own.
    patients = [one.patient or f"{one.source}/{one.name}" for one, _ in both]
    return score_table(counts, patients, new.classes)


def difference_lines(rows: Sequence[dict[str, Any]], name: str) -> list[str]:
    """Return the differences as lines of text."""

    def said(value: float | None, sign: str = "") -> str:
        return "–" if value is None else f"{value:{sign}.4f}"

    return [
        f"{row['metric']} of {row['class']}: {said(row['new'])}, {name} {said(row['packaged'])}, difference "
        f"{said(row['difference'], '+')} ({said(row['low'], '+')} to {said(row['high'], '+')}), "
        f"{row['images']} images, {row['patients']} patients"
        for row in rows
    ]

"""What a path is a report of, and its pages: a case, an experiment, a comparison, a folder of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_tbcad.case import SUFFIX
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.overview_folder import kind_of_results
from napari_tbcad.evaluate.reports.words import Language
from napari_tbcad.files import written_whole

Subject = Literal["case", "experiment", "comparison", "results"]

EXPECTED = (
    f"expected a case (*{SUFFIX}), or a folder that `chest evaluate`, `chest run`, `bone run` or `networks "
    "compare` wrote"
)

_EXPERIMENT, _COMPARISON = "evaluation.json", "comparison.yaml"
_SUFFIXES = (".html", ".htm")
_OWN: Mapping[Language, str] = {"en": "report.html", "id": "report.id.html"}


@dataclass(frozen=True)
class CaseOptions:
    """What is reported of a case.

    Parameters
    ----------
    reading : int or None
        Counted from 1; the last finished one when not given.
    blind : bool
        Leave out every answer of the program.
    classifier : str or Path, optional
        Packaged name or file of the model that a film was read with, where it is not packaged.
    earlier : Path, optional
        Case of an earlier bone scan, to compare with.
    """

    reading: int | None = None
    blind: bool = False
    classifier: str | Path | None = None
    earlier: Path | None = None


def subject_of(path: str | Path) -> Subject:
    """Tell what a path is.

    Raises
    ------
    BadInput
        If there is nothing, or something of which there is no report; says what was expected.
    """
    path = Path(path)
    if path.is_file():
        if path.suffix.lower() == SUFFIX:
            return "case"
        raise BadInput(path, f"not a case; {EXPECTED}")
    if not path.is_dir():
        raise BadInput(path, f"there is no such file or folder; {EXPECTED}")
    if (path / _EXPERIMENT).is_file():
        return "experiment"
    if (path / _COMPARISON).is_file():
        return "comparison"
    if kind_of_results(path) is not None:
        return "results"
    raise BadInput(path, f"nothing in it to report; {EXPECTED}")


def pages_of(
    path: str | Path,
    *,
    languages: Sequence[Language] = ("en",),
    options: CaseOptions = CaseOptions(),
) -> dict[Language, str]:
    """Return the report of a path as pages of HTML.

    Parameters
    ----------
    path : str or Path
        See :func:`subject_of`.
    languages : sequence of {"en", "id"}
    options : CaseOptions, optional
        For a case only.

    Raises
    ------
    BadInput
        If there is no report of it, its content cannot be used, or an option does not fit it.
    """
    path = Path(path)
    subject = subject_of(path)
    if subject != "case" and options != CaseOptions():
        raise BadInput(path, "--reading, --blind, --classifier and --earlier are for a case")
    if subject == "case":
        return _case(path, languages, options)
    if subject == "comparison":
        return {one: _comparison(path, one) for one in languages}
    if subject == "experiment":
        from napari_tbcad.evaluate.reports.experiment import experiment_html

        return {one: experiment_html(path, one) for one in languages}
    from napari_tbcad.evaluate.reports.overview_folder import result_folder, thumbnails
    from napari_tbcad.evaluate.reports.overview_page import overview_html, shown_rows

    found = result_folder(path)
    pictures = thumbnails(shown_rows(found))
    return {one: overview_html(found, language=one, pictures=pictures) for one in languages}


def _case(path: Path, languages: Sequence[Language], options: CaseOptions) -> dict[Language, str]:
    from napari_tbcad.evaluate.reports.case_report import case_html

    model = None
    if options.classifier is not None:
        from napari_tbcad.chest.classify.packaged import find_model

        model = find_model(options.classifier)
    return case_html(
        path,
        languages=languages,
        reading=options.reading,
        blind=options.blind,
        model=model,
        earlier=options.earlier,
    )


def _comparison(folder: Path, language: Language) -> str:
    """Return a comparison's own report; it is made anew where it is missing."""
    own = folder / _OWN[language]
    if own.is_file():
        try:
            return own.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(own, f"cannot be read ({error})") from error
    from napari_tbcad.evaluate.compare.comparison import Comparison
    from napari_tbcad.evaluate.compare.config import load_compare_config
    from napari_tbcad.evaluate.compare.report import report_html
    from napari_tbcad.evaluate.compare.report_facts import facts_of
    from napari_tbcad.evaluate.compare.tables import results

    config = load_compare_config(folder / _COMPARISON)
    scores = Comparison(config, folder, "cpu", lambda said: None).scores()
    if not scores:
        raise BadInput(folder, "no run of this comparison is scored yet")
    found = results(scores, config)
    return report_html(found, config, facts_of(found, config, folder), language=language)


def places_of(out: str | Path, languages: Sequence[Language], source: str | Path) -> dict[Language, Path]:
    """Return where the page of each language goes: `out`, and beside it ``NAME.id.html`` where there are two.

    Parameters
    ----------
    out : str or Path
        The wanted file.
    languages : sequence of {"en", "id"}
    source : str or Path
        What is reported.

    Raises
    ------
    BadInput
        If it is no HTML file, is a folder, or is what the report is made from.
    """
    out, source = Path(out), Path(source)
    if out.suffix.lower() not in _SUFFIXES:
        raise BadInput(out, "a report is an HTML file: give it a name that ends in .html")
    second = out.with_name(f"{out.stem}.id{out.suffix}")
    places = dict(zip(languages, (out, second), strict=False))
    for language, place in places.items():
        if place.is_dir():
            raise BadInput(place, "this is a folder; name a file")
        inputs = [source, source / _OWN[language]] if (source / _COMPARISON).is_file() else [source]
        if any(_same(place, one) for one in inputs):
            raise BadInput(place, "the report is made from this file: give it another name")
    return places


def _same(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))
    except OSError:
        return False


def write_pages(pages: Mapping[Language, str], places: Mapping[Language, Path]) -> list[Path]:
    """Write pages, each whole or not at all; raises :class:`BadInput` where that is not possible."""
    for language, place in places.items():
        try:
            with written_whole(place) as temporary:
                temporary.write_text(pages[language], encoding="utf-8")
        except OSError as error:
            raise BadInput(place, f"cannot be written ({error.strerror or error})") from error
    return list(places.values())

"""The report of a case: a chest film or a bone scan, as one HTML file with everything in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.case import Case
from napari_tbcad.chain import Probe
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.words import Language

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.model import ChestModel


def case_html(
    case: Case | str | Path,
    *,
    path: str | Path | None = None,
    languages: Sequence[Language] = ("en",),
    reading: int | None = None,
    blind: bool = False,
    film: Any = None,
    model: ChestModel | None = None,
    library: Any = None,
    earlier: str | Path | None = None,
    compared: Any = None,
    cancelled: Probe | None = None,
) -> dict[Language, str]:
    """Return the report of a case in some languages.

    Parameters
    ----------
    case : Case, str or Path
        A case, or its file.
    path : str or Path, optional
        Where a case that is given as such was read from, or would be saved: its image is sought from there.
    languages : sequence of {"en", "id"}
    reading : int, optional
        Counted from 1; the last finished one, else the last, when not given.
    blind : bool, optional
        Leave out every answer of the program.
    film : Radiograph or Study, optional
        The image, where it is at hand already.
    model, library : optional
        Of a film: classifier and atlas, where they are not packaged.
    earlier : str or Path, optional
        Of a bone scan: the case of an earlier scan to compare with.
    compared : ComparisonResult, optional
        Of a bone scan: a comparison that was made already.
    cancelled : callable, optional
        Asked during long work.

    Returns
    -------
    dict of str to str
        HTML by language.

    Raises
    ------
    BadInput
        If the file is no case that can be read, or has no such reading.
    """
    where = (
        Path(path) if path is not None else Path(case if isinstance(case, str | Path) else case.image.name)
    )
    case = Case.load(case) if isinstance(case, str | Path) else case
    if case.workflow == "chest":
        from napari_tbcad.evaluate.reports.case_film import film_subject
        from napari_tbcad.evaluate.reports.case_film_drawn import FilmPictures
        from napari_tbcad.evaluate.reports.case_film_page import film_html

        if earlier is not None:
            raise BadInput(earlier, "an earlier scan is compared with a bone scan only, this is a chest film")
        subject = film_subject(
            case,
            where,
            reading=reading,
            film=film,
            model=model,
            library=library,
            blind=blind,
            cancelled=cancelled,
        )
        drawn = FilmPictures(subject)
        return {one: film_html(drawn, one, blind=blind) for one in languages}
    if case.workflow == "bone":
        from napari_tbcad.evaluate.reports.case_scan import scan_subject
        from napari_tbcad.evaluate.reports.case_scan_drawn import ScanPictures
        from napari_tbcad.evaluate.reports.case_scan_page import scan_html

        scan = scan_subject(
            case, where, reading=reading, study=film, earlier=earlier, compared=compared, blind=blind
        )
        views = ScanPictures(scan)
        return {one: scan_html(views, one, blind=blind) for one in languages}
    raise BadInput(where, f"a case of the workflow {case.workflow!r}: there is no report of it")

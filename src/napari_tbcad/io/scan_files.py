"""Which files below some folders are bone scans, and which of them belong together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.io.nuclear import NuclearHeader, read_header
from napari_tbcad.io.view_names import named_parts, names_another
from napari_tbcad.io.walk import MASK_FOLDERS, Entry, entries_below, is_image_file, unique_names

_MASK_FOLDER_WORDS = re.compile(
    r"(^|[^a-z])(mask|masks|label|labels|labelled|segmentation|segmentations|annotation|annotations|boxes|silver"
    r"|predicted|truth|overlay|overlays)([^a-z]|$)",
    re.IGNORECASE,
)
_MASK_FILE = re.compile(
    r"[_\-. ](classes|hotspots|regions|mask|masks|label|labels|overlay|seg|segmentation)$", re.IGNORECASE
)


@dataclass(frozen=True)
class ScanFiles:
    """The files of one bone scan and the name its outputs carry.

    Parameters
    ----------
    paths : tuple of Path
        One file, or the two files of the two views, the anterior first where names or headers tell.
    name : str
        What the files' paths, relative to the given folder, have in common, ``/`` written as ``__``,
        without extension; unique in its list.
    warnings : tuple of str
        Why a file that looks like the other view was not taken, one sentence each.
    views : tuple of str or None
        Which view each file is, where its header or its path says so.
    """

    paths: tuple[Path, ...]
    name: str
    warnings: tuple[str, ...] = ()
    views: tuple[ViewName | None, ...] = ()

    @property
    def path(self) -> Path:
        """The first file."""
        return self.paths[0]


@dataclass(frozen=True)
class _Image:
    """A file found, and what tells which other it belongs to."""

    entry: Entry
    header: NuclearHeader | None
    named: tuple[ViewName, Path] | None  # view in the path, and the path without the word for it

    @property
    def view(self) -> ViewName | None:
        """The view of a file with one, by its header, else by its path."""
        if self.header is not None and self.header.view is not None:
            return self.header.view
        return self.named[0] if self.named else None


def find_scans(
    paths: str | Path | Iterable[str | Path], *, passed_over: list[Path] | None = None
) -> list[ScanFiles]:
    """List the bone scans among files and folders, each with a unique name.

    Two files become one scan when they are the two views of one study (NM files with the same patient and
    study, other views) or their paths differ only in the word for the view: ``wholeBodyANT/2.jpg`` and
    ``wholeBodyPOST/2.jpg``, ``102_ant.png`` and ``102_post.png``, ``a_E.png`` and ``a_F.png``. NM files
    of different patients or studies are never put together, whatever they are called.

    Parameters
    ----------
    paths : path or iterable of paths
        Files are always listed. In folders, hidden files, masks, labels, overlays and outputs of earlier
        runs are passed over.
    passed_over : list of Path, optional
        The images and folders that were passed over are added here; other files need no mention.

    Returns
    -------
    list of ScanFiles
        Every image is in exactly one of them.

    Raises
    ------
    BadInput
        If there is no image at all.
    """
    given = [Path(p) for p in ([paths] if isinstance(paths, (str, Path)) else paths)]
    if not given:
        raise BadInput("input", "no bone scan was given")
    skipped: list[Path] = []
    entries = scan_entries(given, skipped=skipped)
    if passed_over is not None:
        seen = (path for path in skipped if not path.name.startswith("."))
        passed_over += [path for path in seen if path.is_dir() or is_image_file(path)]
    if all(entry.path.is_dir() for entry in entries):
        where = ", ".join(str(p) for p in given)
        raise BadInput(given[0], f"no bone scan found in {where} (wanted: DICOM NM, PNG, JPEG, TIFF, BMP)")
    return scans_among(entries)


def scan_entries(paths: Iterable[Path], *, skipped: list[Path]) -> list[Entry]:
    """List the images that may be of bone scans; see :func:`~napari_tbcad.io.walk.entries_below`."""
    return entries_below(paths, skipped=skipped, is_stray=_is_stray, is_image=_is_scan_image)


def scans_among(entries: Sequence[Entry]) -> list[ScanFiles]:
    """Put entries together to scans, as :func:`find_scans` does, and name them."""
    images = [_image(entry) for entry in entries]
    strangers: dict[Path, str] = {}
    groups = _grouped(images, strangers)
    names = unique_names([_named(group) for group in groups])
    scans = []
    for group, name in zip(groups, names, strict=True):
        paths = tuple(image.entry.path for image in group)
        said = (strangers[paths[0]],) if len(paths) == 1 and paths[0] in strangers else ()
        scans.append(ScanFiles(paths, name, said, tuple(image.view for image in group)))
    return scans


def _is_stray(folder: Path) -> bool:
    return folder.name.lower() in MASK_FOLDERS or bool(_MASK_FOLDER_WORDS.search(folder.name))


def _is_scan_image(path: Path) -> bool:
    return is_image_file(path) and not _MASK_FILE.search(path.stem)


def _image(entry: Entry) -> _Image:
    return _Image(entry, read_header(entry.path), _without_view(entry))


def _without_view(entry: Entry) -> tuple[ViewName, Path] | None:
    """Return the view that a path names and the path without it; the file's name counts before folders."""
    absolute = entry.path.absolute()
    stem = absolute.stem
    parts = list(named_parts(stem, suffixes=True))
    if len(parts) == 1 and not names_another(stem):
        part = parts[0]
        rest = (stem[: part.start].rstrip(" _-.") + stem[part.end :]).strip(" _-.")
        return part.view, absolute.with_name((rest or absolute.parent.name) + absolute.suffix)
    if parts:
        return None
    folder = absolute.parent
    parts = list(named_parts(folder.name))
    if len(parts) == 1:
        return parts[0].view, folder.parent / absolute.name
    return None


def _grouped(images: Sequence[_Image], strangers: dict[Path, str]) -> list[list[_Image]]:
    """Put the two views of one scan together; every image is in one group, in the order of the list.

    What is said of files that only their names put together is added to `strangers`.
    """
    partner: dict[int, int] = {}
    for pairs in (_pairs_by_study(images), _pairs_by_path(images, strangers)):
        for a, b in pairs:
            if a not in partner and b not in partner:
                partner[a], partner[b] = b, a
    groups: list[list[_Image]] = []
    for i, image in enumerate(images):
        if i not in partner:
            groups.append([image])
        elif i < partner[i]:
            pair = [image, images[partner[i]]]
            groups.append(sorted(pair, key=lambda one: one.view == "posterior"))
    return groups


def _pairs_by_study(images: Sequence[_Image]) -> list[tuple[int, int]]:
    """Return pairs of single-view NM files of one patient, study and size with different views."""
    found: list[tuple[int, int]] = []
    for same_series in (True, False):
        studies: dict[tuple[object, ...], dict[ViewName, list[int]]] = defaultdict(lambda: defaultdict(list))
        for i, image in enumerate(images):
            header, view = image.header, image.view
            if header is None or not header.study or header.frames != 1 or view is None:
                continue
            key = (header.patient, header.study, header.shape, header.series if same_series else "")
            studies[key][view].append(i)
        for views in studies.values():
            if len(views["anterior"]) == len(views["posterior"]) == 1:
                found.append((views["anterior"][0], views["posterior"][0]))
    return found


def _pairs_by_path(images: Sequence[_Image], strangers: dict[Path, str]) -> list[tuple[int, int]]:
    """Return pairs of single-view files whose paths differ in the word for the view alone."""
    found: list[tuple[int, int]] = []
    for with_suffix in (True, False):
        paths: dict[Path, dict[ViewName, list[int]]] = defaultdict(lambda: defaultdict(list))
        for i, image in enumerate(images):
            if image.named is not None and (image.header is None or image.header.frames == 1):
                view, rest = image.named
                paths[rest if with_suffix else rest.with_suffix("")][view].append(i)
        for views in paths.values():
            if len(views["anterior"]) == len(views["posterior"]) == 1:
                a, b = views["anterior"][0], views["posterior"][0]
                why = _why_apart(images[a], images[b])
                if not why:
                    found.append((a, b))
                for one, other in ((a, b), (b, a)) if why else ():
                    name = images[other].entry.path.name
                    strangers[images[one].entry.path] = f"{name} {why}; the two were not put together."
    return found


def _why_apart(a: _Image, b: _Image) -> str:
    """Say why two files that are named as one pair are none; empty when they may be one."""
    if a.header is None or b.header is None:
        return "" if a.header is b.header is None else "is of another kind of file"
    if {a.view, b.view} != {"anterior", "posterior"}:
        return "is of the same view by its header"
    if a.header.patient != b.header.patient:
        return "is of another patient"
    return "" if a.header.study == b.header.study else "is of another study"


def _named(group: Sequence[_Image]) -> Entry:
    """Return what a scan is named by: of two files, the part of their paths that is common."""
    first = group[0].entry
    if len(group) == 1:
        return first
    rests = [image.named[1] for image in group if image.named is not None]
    if len(rests) == 2 and rests[0].with_suffix("") == rests[1].with_suffix(""):
        rest = rests[0]
        inside = rest.is_relative_to(first.folder)
        return Entry(first.path, rest.relative_to(first.folder) if inside else Path(rest.name), first.folder)
    return first

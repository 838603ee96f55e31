"""The folders of the BS-80K data set: whole-body images, their labels and their boxes, found by content.

BS-80K (Huang et al., Computers in Biology and Medicine 151, 2022, 106221) keeps the whole-body views in
``wholeBodyANT/ID.jpg`` and ``wholeBodyPOST/ID.jpg``, an image label a line in ``wholeBodyANT.txt`` and
``wholeBodyPOST.txt``, and boxes of hotspots in Pascal VOC files, as published in ``wholeBodyANT/ant/ID.xml``
and ``wholeBodyPOST/post/ID.xml``. Copies keep the boxes elsewhere: any XML file counts whose path names its
view. Crops of body parts (``kneeLANT`` and so on) are passed over.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.io.voc import read_image_labels

NAME = "BS-80K"

DUPLICATES: Mapping[str, str] = {"2244": "828", "570": "312", "3216": "831", "3245": "832"}
"""Numbers under which a patient is there a second time, and the first one."""

PACKAGED_LEARNED_FROM = (
    11, 14, 15, 16, 17, 18, 20, 21, 22, 23, 25, 26, 102, 103, 105, 106, 107, 108, 109, 110, 111, 112, 114,
    115, 116, 118, 121, 122, 125, 126, 127, 128, 129, 131, 132, 133, 134, 135, 139, 140, 141, 142, 143, 144,
    145, 147, 148, 149,
)  # fmt: skip
"""Numbers of the patients that the packaged bone networks learned from: scores on them would be too good."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")

_WHOLE = re.compile(r"whole[\s_-]*body[\s_-]*(ant|post)(?:erior)?", re.IGNORECASE)
_VIEW = re.compile(
    r"(?:whole[\s_-]*body[\s_-]*|(?<![a-z]))(ant|post)(?:erior)?(?![a-z])[\s_-]*", re.IGNORECASE
)
_VIEWS: Mapping[str, ViewName] = {"ant": "anterior", "post": "posterior"}
_DEPTH, _MOST_FILES = 6, 400_000


@dataclass(frozen=True)
class Problem:
    """What is not as it should be with one file.

    Parameters
    ----------
    file : str
        The file, below the data set's folder where it lies there.
    kind : str
        A word to count by, such as ``"no partner"``.
    message : str
        What is wrong.
    used : bool
        Whether the image is used nevertheless.
    """

    file: str
    kind: str
    message: str
    used: bool = False


@dataclass(frozen=True)
class Bs80kImage:
    """One view of one patient.

    Parameters
    ----------
    number : str
        The patient's number: the name of the file.
    view : {"anterior", "posterior"}
    image : Path
    boxes : Path or None
        Its Pascal VOC file.
    abnormal : bool or None
        Its image label; None when it has none.
    """

    number: str
    view: ViewName
    image: Path
    boxes: Path | None = None
    abnormal: bool | None = None

    @property
    def patient(self) -> str:
        """The patient, one name for both numbers of those who are there twice."""
        return DUPLICATES.get(self.number, self.number)


@dataclass(frozen=True)
class Bs80k:
    """A data set in this layout.

    Parameters
    ----------
    folder : Path
    images : tuple of Bs80kImage
        Sorted by number, the anterior view first.
    found : tuple of str
        What was found where, a line a view.
    problems : tuple of Problem
        What does not fit together; files are not opened but for labels.
    """

    folder: Path
    images: tuple[Bs80kImage, ...]
    found: tuple[str, ...]
    problems: tuple[Problem, ...]


def is_bs80k(folder: str | Path) -> bool:
    """Tell whether a folder holds whole-body folders of this data set."""
    return any(_WHOLE.fullmatch(place.name) for place, _ in _tree(Path(folder)))


def find_bs80k(folder: str | Path) -> Bs80k:
    """Find images, labels and boxes below a folder.

    Parameters
    ----------
    folder : str or Path
        The folder that holds ``wholeBodyANT`` and ``wholeBodyPOST``, at any depth down to six.

    Raises
    ------
    BadInput
        If there is no image of this layout.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput(folder, "there is no such folder")
    files = [place / name for place, names in _tree(folder) for name in names]
    problems: list[Problem] = []
    images = _images(folder, files, problems)
    if not images:
        raise BadInput(
            folder,
            f"holds no whole-body images of {NAME}: wanted are wholeBodyANT/ID.jpg and wholeBodyPOST/ID.jpg",
        )
    labels, from_files = _labels(folder, files, problems)
    boxes = _boxes(folder, files, problems)
    _tell_strangers(folder, images, labels, boxes, problems)
    joined = [replace(image, boxes=boxes.get(key), abnormal=labels.get(key)) for key, image in images.items()]
    joined.sort(key=lambda one: (*natural(one.number), VIEWS.index(one.view)))
    for image in joined:
        other = VIEWS[1 - VIEWS.index(image.view)]
        if (other, image.number) not in images:
            said = f"there is no {other} view of this patient"
            problems.append(Problem(below(image.image, folder), "no partner", said, used=True))
    return Bs80k(folder, tuple(joined), tuple(_found(folder, joined, from_files)), tuple(problems))


def natural(number: str) -> tuple[int, str]:
    """Return what sorts numbers as numbers, before names."""
    return (int(number) if number.isdecimal() else 10**9, number)


def below(path: Path, folder: Path) -> str:
    """Return a path as it is told: relative to the folder where it lies there."""
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def view_and_number(path: Path, folder: Path) -> tuple[ViewName | None, str]:
    """Return the view that a path names (None when none, or two) and the patient's number.

    Parameters
    ----------
    path : Path
        Such as ``wholeBodyANT/ant/2.xml``, ``Annotations/2_post.xml`` or ``wholeBodyPOST_xml/2.xml``.
    folder : Path
        The data set's; the path above it has no say.
    """
    stem = path.stem
    inside = path.relative_to(folder) if path.is_relative_to(folder) else path
    number = _VIEW.sub("", stem).strip(" _-.") if _VIEW.search(stem) else stem
    parts = [stem, *inside.parts[:-1]]
    named = {_VIEWS[found.lower()] for part in parts for found in _VIEW.findall(part)}
    return (named.pop() if len(named) == 1 else None), number


def _tree(folder: Path) -> Iterable[tuple[Path, list[str]]]:
    """Yield folders with the names of their files, a few levels deep; hidden ones are passed over."""
    number, seen = 0, set()
    for root, folders, names in os.walk(folder, followlinks=True):
        place = Path(root)
        if (real := os.path.realpath(root)) in seen:  # a link back, or a second one to the same folder
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(place.relative_to(folder).parts) >= _DEPTH:
            folders.clear()
        yield place, sorted(name for name in names if not name.startswith("."))
        number += len(names)
        if number > _MOST_FILES:
            raise BadInput(folder, f"more than {_MOST_FILES} files; give the folder of the data set itself")


def _images(
    folder: Path, files: Iterable[Path], problems: list[Problem]
) -> dict[tuple[ViewName, str], Bs80kImage]:
    found: dict[tuple[ViewName, str], Bs80kImage] = {}
    for path in files:
        match = _WHOLE.fullmatch(path.parent.name)
        if match is None or path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        view, number = _VIEWS[match[1].lower()], _VIEW.sub("", path.stem).strip(" _-.") or path.stem
        one = Bs80kImage(number, view, path)
        if (first := found.setdefault((view, number), one)) is not one:
            said = f"a second {view} image of {number}; {below(first.image, folder)} is taken"
            problems.append(Problem(below(path, folder), "second image", said))
    return found


def _labels(
    folder: Path, files: Iterable[Path], problems: list[Problem]
) -> tuple[dict[tuple[ViewName, str], bool], dict[ViewName, list[Path]]]:
    labels: dict[tuple[ViewName, str], bool] = {}
    places: dict[ViewName, list[Path]] = defaultdict(list)
    for path in files:
        match = _WHOLE.fullmatch(path.stem)
        if match is None or path.suffix.lower() != ".txt":
            continue
        view = _VIEWS[match[1].lower()]
        try:
            told = read_image_labels(path)
        except BadInput as error:
            problems.append(Problem(below(path, folder), "unreadable", f"{error.cause}; none of it is used"))
            continue
        places[view].append(path)
        for name, abnormal in told.items():
            number = Path(name.replace("\\", "/")).stem
            if labels.setdefault((view, number), abnormal) != abnormal:
                said = f"{name} has another label in an earlier file, which is taken"
                problems.append(Problem(below(path, folder), "two labels", said, used=True))
    return labels, places


def _boxes(folder: Path, files: Iterable[Path], problems: list[Problem]) -> dict[tuple[ViewName, str], Path]:
    found: dict[tuple[ViewName, str], Path] = {}
    for path in files:
        if path.suffix.lower() != ".xml":
            continue
        view, number = view_and_number(path, folder)
        view = view or _view_inside(path)
        if view is None:
            said = "its path names neither view, or both, and the file says nothing of it"
            problems.append(Problem(below(path, folder), "boxes of no view", said))
        elif (first := found.setdefault((view, number), path)) != path:
            said = f"a second file of boxes for {number}, {view}; {below(first, folder)} is taken"
            problems.append(Problem(below(path, folder), "second boxes", said, used=True))
    return found


def _view_inside(path: Path) -> ViewName | None:
    """Return the view of the image's folder as a file of boxes states it."""
    try:
        with path.open("rb") as file:
            head = file.read(4096).decode("utf-8", "replace")
    except OSError:
        return None
    stated = " ".join(re.findall(r"<(?:folder|path|filename)>([^<]*)</", head))
    named = {_VIEWS[found.lower()] for found in _VIEW.findall(stated)}
    return named.pop() if len(named) == 1 else None


def _tell_strangers(
    folder: Path,
    images: Mapping[tuple[ViewName, str], Bs80kImage],
    labels: Mapping[tuple[ViewName, str], bool],
    boxes: Mapping[tuple[ViewName, str], Path],
    problems: list[Problem],
) -> None:
    """Tell labels and boxes whose image is missing."""
    for view, number in sorted(set(labels) - set(images)):
        said = f"the {view} image of {number} has a label but is not there"
        problems.append(Problem(f"{view} {number}", "label without image", said))
    for key in sorted(set(boxes) - set(images)):
        said = f"there is no {key[0]} image of {key[1]}"
        problems.append(Problem(below(boxes[key], folder), "boxes without image", said))


def _found(folder: Path, images: list[Bs80kImage], labels: Mapping[ViewName, list[Path]]) -> Iterable[str]:
    """Say what lies where, a line a view."""
    for view in VIEWS:
        own = [image for image in images if image.view == view]
        told = [image for image in own if image.abnormal is not None]
        boxed = [image.boxes for image in own if image.boxes is not None]
        texts = ", ".join(below(path, folder) for path in labels.get(view, ())) or "no text file"
        where = ", ".join(sorted({below(path.parent, folder) for path in boxed})) or "no folder"
        sources = ", ".join(sorted({below(image.image.parent, folder) for image in own})) or "no folder"
        yield (
            f"{view}: {len(own)} images in {sources}; {len(told)} labelled ({texts}), "
            f"{sum(bool(image.abnormal) for image in told)} of them abnormal; "
            f"{len(boxed)} with boxes ({where})"
        )

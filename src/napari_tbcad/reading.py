"""What one person made of one study, and the images it is about."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any, Literal, get_args

from numpy.typing import NDArray

from napari_tbcad import __version__
from napari_tbcad.record import Edit, Record

Verdict = Literal["in progress", "made", "accepted", "changed"]
Labels = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class ImageReference:
    """An image that a case is about: where it lies, and by what it is known again.

    Parameters
    ----------
    name : str
        File name, or name of the layer.
    path : str
        Absolute path; empty when the image has no file.
    relative : str
        Path relative to the case file, ``/`` between the parts; set when the case is saved.
    sha256 : str
        Hash of the file.
    content_key : str
        Key of the decoded pixels (:func:`napari_tbcad.chain.content_key`).
    embedded : str
        Name of the array in the case that holds the pixels; empty when there is none.
    facts : mapping
        JSON values about an embedded image, such as its spacing.
    """

    name: str
    path: str = ""
    relative: str = ""
    sha256: str = ""
    content_key: str = ""
    embedded: str = ""
    facts: Mapping[str, Any] = dataclass_field(default_factory=dict)

    def places(self, case_path: str | Path) -> tuple[Path, ...]:
        """Return where the file may lie: beside the case as when it was saved, then where it was."""
        then = [Path(self.path)] if self.path else []
        if not self.relative:
            return tuple(then)
        # Without "..", which would only be in the way of a reader's eye.
        near = Path(os.path.normpath(Path(case_path).absolute().parent / self.relative))
        # What was not moved is called as it was.
        return tuple(then) if then and Path(os.path.normpath(then[0])) == near else (near, *then)


@dataclass(frozen=True, eq=False)
class Reading:
    """What one person made of the study.

    Parameters
    ----------
    reader : str
        Who; empty when nobody said.
    when : str
        UTC time of the last change, ISO 8601.
    verdict : {"in progress", "made", "accepted", "changed"}
        The last two are of a reader who saw an earlier reading.
    labels : mapping of str to (H, W) array of uint8 or uint16
        Label images that the person changed.
    automatic : mapping of str to (H, W) array
        Automatic label images of this reading where they are other than the case's (which are those of
        the last reading).
    record : Record
        Every step and edit up to this reading.
    result : mapping or None
        The workflow's answer, JSON values.
    values : mapping
        What else must come back, JSON values by name.
    settings : mapping
        Parameters of all stages.
    models : mapping
        Models and atlases used, JSON values by role.
    warnings : tuple of str
        Complaints that stood.
    program : str
        Version of this package.
    """

    reader: str
    when: str
    verdict: Verdict
    labels: Labels = dataclass_field(default_factory=dict)
    automatic: Labels = dataclass_field(default_factory=dict)
    record: Record = Record()
    result: Mapping[str, Any] | None = None
    values: Mapping[str, Any] = dataclass_field(default_factory=dict)
    settings: Mapping[str, Any] = dataclass_field(default_factory=dict)
    models: Mapping[str, Any] = dataclass_field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    program: str = __version__

    def __post_init__(self) -> None:
        if self.verdict not in get_args(Verdict):
            raise ValueError(f"a verdict is one of {get_args(Verdict)}, not {self.verdict!r}")

    @property
    def finished(self) -> bool:
        """Whether the reader is through with the study."""
        return self.verdict != "in progress"

    def by(self, reader: str) -> bool:
        """Tell whether this is the given reader's; capitals and blanks do not matter."""
        return " ".join(self.reader.split()).casefold() == " ".join(reader.split()).casefold()

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The person's edits, in order."""
        return tuple(entry for entry in self.record if isinstance(entry, Edit))

"""What a structured report says, independent of DICOM: groups of measurements, answers, statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_tbcad.io.clinic.codes import SCHEME, Concept


@dataclass(frozen=True)
class Measured:
    """One number.

    Parameters
    ----------
    id : str
        The program's own name of it, such as ``"glcm_contrast_45"``; unique in its group.
    name : Concept
        Coded name; several may share it.
    value : float
        Finite.
    unit : Concept
        In UCUM.
    site, side : Concept, optional
        Where, and on which side.
    """

    id: str
    name: Concept
    value: float
    unit: Concept
    site: Concept | None = None
    side: Concept | None = None


@dataclass(frozen=True)
class Answer:
    """A coded question and its coded answer."""

    name: Concept
    value: Concept


@dataclass(frozen=True)
class Statement:
    """Something said in words, and what kind of thing it is."""

    name: Concept
    text: str


@dataclass(frozen=True)
class SegmentReference:
    """A frame of a segmentation, which holds one segment.

    Parameters
    ----------
    instance : str
        SOP instance UID of the segmentation.
    frame : int
        Its number, from 1.
    source : str
        SOP instance UID of the image that was segmented.
    """

    instance: str
    frame: int
    source: str


@dataclass(frozen=True)
class Group:
    """Measurements of one thing.

    Parameters
    ----------
    id : str
        Tracking identifier; unique in the report.
    uid : str
        Tracking UID: that of the segment where there is one.
    finding : Concept or None
        What it is.
    site : Concept or None
        Where it lies.
    measurements : tuple of Measured
    answers : tuple of Answer
    segment : SegmentReference or None
        Where its pixels are.
    images : tuple of str
        SOP instance UIDs of the images that were measured, where no segment is referred to.
    """

    id: str
    uid: str
    finding: Concept | None = None
    site: Concept | None = None
    measurements: tuple[Measured, ...] = ()
    answers: tuple[Answer, ...] = ()
    segment: SegmentReference | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """A measurement report (TID 1500).

    Parameters
    ----------
    procedure : Concept
        The examination.
    groups : tuple of Group
        At least one.
    answers : tuple of Answer
        About the whole image, such as the decision.
    statements : tuple of Statement
        In words: intended use, models, corrections, warnings.
    readers : tuple of str
        Names of persons that were given; none otherwise.
    program : str
        Version of this program.
    """

    procedure: Concept
    groups: tuple[Group, ...]
    answers: tuple[Answer, ...] = ()
    statements: tuple[Statement, ...] = ()
    readers: tuple[str, ...] = ()
    program: str = ""

    def said(self, name: Concept) -> tuple[str, ...]:
        """Return the statements of one kind."""
        return tuple(one.text for one in self.statements if one.name.same(name))

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values.

        Returns
        -------
        dict
            ``procedure``; ``answers`` (question → answer); ``statements`` (kind → texts); ``readers``;
            ``program``; ``groups`` (id → ``finding``, ``site``, ``values`` (id → number), ``units``,
            ``answers``, ``segment``).
        """
        statements: dict[str, list[str]] = {}
        for one in self.statements:
            statements.setdefault(_plain(one.name), []).append(one.text)
        return {
            "procedure": self.procedure.meaning,
            "answers": _answers(self.answers),
            "statements": statements,
            "readers": list(self.readers),
            "program": self.program,
            "groups": {group.id: _group(group) for group in self.groups},
        }


def _group(group: Group) -> Mapping[str, Any]:
    return {
        "finding": None if group.finding is None else _plain(group.finding),
        "site": None if group.site is None else _plain(group.site),
        "values": {one.id: one.value for one in group.measurements},
        "units": {one.id: one.unit.value for one in group.measurements},
        "answers": _answers(group.answers),
        "segment": None if group.segment is None else vars(group.segment),
    }


def _answers(answers: tuple[Answer, ...]) -> dict[str, str]:
    return {_plain(one.name): _plain(one.value) for one in answers}


def _plain(concept: Concept) -> str:
    """Return our own name of a concept, the standard's words for others."""
    return concept.value if concept.scheme == SCHEME else concept.meaning

"""A case without who it is of and who read it: the image within, names replaced, times made relative."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from napari_tbcad.case import Case, ImageReference, Labels, Reading
from napari_tbcad.case_readings import RECORD, plain
from napari_tbcad.io.clinic.makers import unnamed
from napari_tbcad.record import Edit, Record, Step

START = datetime(1970, 1, 1, tzinfo=UTC)
"""When the first thing in a de-identified case happened: intervals stay, dates go."""

SOMETHING = "(removed)"

_PATH = re.compile(
    r"(?<![\w.)])(?:[A-Za-z]:)?[\\/]\S+"  # from a root
    r"|(?<!\S)(?:[^\s\\/]+\\|[^\s\\/]+/[^\s\\/]+[\\/])\S*"  # of a folder, by \ or more than one /
)
_FILE = re.compile(
    r"(?<!\S)\S*?(_(?:anterior|posterior)_[a-z]+|_(?:in)?sensitive)?"
    r"\.(?:png|jpe?g|tiff?|bmp|gif|dcm|dicom|ima|img|nrrd|nii|xml|tbcad)\b",
    re.IGNORECASE,
)
"""The name of an image, mask or case; its first group, which view and mask it is of, may stay."""

SHORTEST = 3
"""Letters of the shortest word that is looked for; many a surname has no more."""
_LONGEST_NAME = 80


def deidentified(
    case: Case,
    image: ImageReference,
    arrays: Labels,
    role: str,
    words: Iterable[str],
    own: Iterable[str] = (),
) -> Case:
    """Return a case from which identity is removed.

    Parameters
    ----------
    case : Case
        The case.
    image : ImageReference
        Its image, embedded; no path, no name.
    arrays : mapping of str to array
        The pixels.
    role : str
        Role of the image.
    words : iterable of str
        What identifies: names of files and folders, of readers and patients. Wherever one occurs in a text
        it is replaced, whatever its capitals, also where ``_`` joins it to others.
    own : iterable of str, optional
        Names that the program gives, such as ``"area_left"``. One of which such a word is a part stays.

    Returns
    -------
    Case
        Masks, hotspots, measurements, results and settings as they were. Readers are called by number,
        times are counted from the first one, paths and names of image files are gone, and of several image
        files there is one role.
    """
    readers = _readers(case)
    scrub = _Scrubber(words, readers, (*own, *case.arrays))
    clock = _Clock(case)
    readings = tuple(_reading(one, scrub, clock, readers) for one in case.readings)
    return replace(
        case,
        images={role: replace(image, facts=scrub.value(image.facts))},
        readings=readings,
        arrays={**case.arrays, **arrays},
        tables=scrub.value(case.tables),
        values=scrub.value(case.values),
        saved=clock.relative(case.saved),
    )


def _readers(case: Case) -> dict[str, str]:
    """Return what each reader is called instead, by name."""
    names = [one.reader for one in case.readings]
    names += [edit.reader for one in case.readings for edit in one.edits]
    known = dict.fromkeys(name for name in names if name.strip())
    return {name: f"reader {number}" for number, name in enumerate(known, 1)}


class _Clock:
    """Turns times into times since the first one of a case."""

    def __init__(self, case: Case) -> None:
        said = [one.when for one in case.readings] + [e.when for one in case.readings for e in one.edits]
        times = [time for text in (*said, case.saved) if (time := _time(text)) is not None]
        self._first = min(times, default=START)

    def relative(self, text: str) -> str:
        time = _time(text)
        passed = timedelta(0) if time is None else time - self._first
        return (START + passed).isoformat(timespec="milliseconds")


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


class _Scrubber:
    """Replaces names and paths in texts."""

    def __init__(self, words: Iterable[str], readers: Mapping[str, str], own: Iterable[str] = ()) -> None:
        parts = {word for given in words for word in (given, Path(given).stem) if len(word) >= SHORTEST}
        self._readers = readers
        longest = sorted({*parts, *readers}, key=len, reverse=True)
        self._own = {name.casefold() for name in own} - {word.casefold() for word in longest}
        # An underscore parts words: DOE_JOHN_anterior_hotspots.png is named after DOE_JOHN.
        self._words = [
            re.compile(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", re.IGNORECASE) for word in longest
        ]

    def text(self, text: str) -> str:
        if text in self._readers:
            return self._readers[text]
        if text.casefold() in self._own:
            return text
        # Words first: a path with blanks is known as a whole, and its pattern ends at the first blank.
        for word in self._words:
            text = word.sub(self._replaced, text)
        return _FILE.sub(lambda name: SOMETHING + (name[1] or ""), _PATH.sub(SOMETHING, text))

    def _replaced(self, found: re.Match[str]) -> str:
        """Return what stands for a word: itself where it is a part of a name of the program's."""
        start, end = found.span()
        before = re.search(r"\w*$", found.string[max(start - _LONGEST_NAME, 0) : start])
        after = re.match(r"\w*", found.string[end : end + _LONGEST_NAME])
        whole = "".join((before[0] if before else "", found[0], after[0] if after else ""))
        return found[0] if whole.casefold() in self._own else SOMETHING

    def value(self, value: Any) -> Any:
        """Return JSON values with every text replaced; names of keys are the program's own."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {name: self.value(item) for name, item in value.items()}
        if isinstance(value, Sequence):
            return [self.value(item) for item in value]
        return value


def _reading(one: Reading, scrub: _Scrubber, clock: _Clock, readers: Mapping[str, str]) -> Reading:
    values = _recorded(one.values, scrub, clock, readers)
    return replace(
        one,
        reader=readers.get(one.reader, ""),
        when=clock.relative(one.when),
        record=_record(one.record, scrub, clock, readers),
        result=None if one.result is None else _recorded(one.result, scrub, clock, readers),
        values=values,
        settings=scrub.value(one.settings),
        models=scrub.value(one.models),
        warnings=tuple(scrub.text(text) for text in one.warnings),
    )


def _recorded(value: Any, scrub: _Scrubber, clock: _Clock, readers: Mapping[str, str]) -> Any:
    """Return JSON values with every text replaced, and the records in them as records are."""
    if isinstance(value, Mapping):
        if set(value) == {"entries"}:
            return plain(_record(RECORD.validate_python(value), scrub, clock, readers))
        return {name: _recorded(item, scrub, clock, readers) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_recorded(item, scrub, clock, readers) for item in value]
    return scrub.value(value)


def _record(record: Record, scrub: _Scrubber, clock: _Clock, readers: Mapping[str, str]) -> Record:
    entries: list[Step | Edit] = []
    for entry in record:
        if isinstance(entry, Edit):
            reader = readers.get(entry.reader, "reader" if entry.reader.strip() else "")
            facts = scrub.value(unnamed(entry.facts))
            target, tool = scrub.text(entry.target), scrub.text(entry.tool)
            when = clock.relative(entry.when)
            entries.append(replace(entry, target=target, tool=tool, when=when, reader=reader, facts=facts))
        else:
            model = None if entry.model is None else scrub.text(entry.model)
            name, version = scrub.text(entry.name), scrub.text(entry.version)
            parameters, facts = scrub.value(entry.parameters), scrub.value(entry.facts)
            entries.append(Step(name, parameters, model, facts, version))
    return Record(tuple(entries))

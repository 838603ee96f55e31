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

_PATH = re.compile(r"(?<![\w.)])(?:[A-Za-z]:)?[\\/]\S+")
SHORTEST = 3
"""Letters of the shortest word that is looked for; many a surname has no more."""


def deidentified(case: Case, image: ImageReference, arrays: Labels, role: str, words: Iterable[str]) -> Case:
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
        it is replaced, whatever its capitals.

    Returns
    -------
    Case
        Masks, hotspots, measurements, results and settings as they were. Readers are called by number,
        times are counted from the first one, paths are gone, and of several image files there is one role.
    """
    readers = _readers(case)
    scrub = _Scrubber(words, readers)
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

    def __init__(self, words: Iterable[str], readers: Mapping[str, str]) -> None:
        parts = {word for given in words for word in (given, Path(given).stem) if len(word) >= SHORTEST}
        self._readers = readers
        longest = sorted({*parts, *readers}, key=len, reverse=True)
        self._words = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE) for word in longest]

    def text(self, text: str) -> str:
        if text in self._readers:
            return self._readers[text]
        # Words first: a path with blanks is known as a whole, and its pattern ends at the first blank.
        for word in self._words:
            text = word.sub(SOMETHING, text)
        return _PATH.sub(SOMETHING, text)

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
            entries.append(replace(entry, when=clock.relative(entry.when), reader=reader, facts=facts))
        else:
            model = None if entry.model is None else scrub.text(entry.model)
            parameters, facts = scrub.value(entry.parameters), scrub.value(entry.facts)
            entries.append(replace(entry, parameters=parameters, facts=facts, model=model))
    return Record(tuple(entries))

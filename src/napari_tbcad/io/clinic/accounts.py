"""What a record says in words of a reading, the same of a film and of a bone scan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from napari_tbcad.io.clinic.makers import Made, makers_of
from napari_tbcad.io.clinic.provenance import models_in
from napari_tbcad.record import Edit, Record, Step


@dataclass(frozen=True)
class Account:
    """What a record says of a reading.

    Parameters
    ----------
    when : datetime
        When it was made.
    models : tuple of str
        Models used, with digests.
    corrections, warnings, readers : tuple of str
        A sentence for each edit; complaints; names that readers gave.
    finished : bool
        Whether the reading is complete.
    """

    when: datetime
    models: tuple[str, ...] = ()
    corrections: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    finished: bool = False

    def reader_of(self, made: Iterable[Made]) -> str:
        """Return who is named as the creator of what was made so: nobody where a program made all of it."""
        by_person = any(one != "AUTOMATIC" for one in made)
        return self.readers[-1] if self.readers and by_person else ""


def account_of(
    record: Record,
    warnings: Iterable[str],
    when: datetime,
    *,
    anonymous: bool,
    reader: str = "",
    finished: bool = False,
) -> Account:
    """Return what a record says in words.

    Parameters
    ----------
    record : Record
        The history of the study.
    warnings : iterable of str
        What the program warned of.
    when : datetime
        When it was made.
    anonymous : bool
        Call readers by number, leave out when they worked, and name no model that is not packaged.
    reader : str, optional
        Whose reading it is, beside those that the record names.
    finished : bool, optional
        Whether the reading is complete.
    """
    readers = _readers_in(record, reader)
    names = {name: f"reader {n}" if anonymous else name for n, name in enumerate(readers, 1)}
    edits = (entry for entry in record if isinstance(entry, Edit))
    return Account(
        when=datetime(1970, 1, 1) if anonymous else when,
        models=models_in(record, anonymous=anonymous),
        corrections=tuple(_correction(edit, names, anonymous) for edit in edits),
        warnings=_warnings(tuple(warnings), anonymous),
        readers=tuple(names.values()),
        finished=finished,
    )


def _correction(edit: Edit, names: dict[str, str], anonymous: bool) -> str:
    parts = [f"{edit.target}: {edit.tool}, {edit.pixels} pixels changed"]
    if edit.dice_before is not None and edit.dice_after is not None:
        parts.append(f"Dice with the automatic version {edit.dice_before:.4f} then {edit.dice_after:.4f}")
    if not anonymous:
        parts.append(edit.when)
    if not edit.by_program:
        who = names.get(edit.reader, edit.reader)
        return ", ".join([*parts, f"by {who}" if who else "by a person who gave no name"])
    algorithms = dict.fromkeys(maker.finder.name for maker in makers_of(edit).values())
    named = "" if anonymous else f" ({', '.join(algorithms)})"
    return ", ".join([*parts, f"by a program{named}, as the file that was given says"])


def _readers_in(record: Iterable[Step | Edit], *more: str) -> tuple[str, ...]:
    """Return the names that readers gave, each once, in order."""
    named = [entry.reader for entry in record if isinstance(entry, Edit)]
    return tuple(dict.fromkeys(name for name in (*named, *more) if name.strip()))


def _warnings(said: tuple[str, ...], anonymous: bool) -> tuple[str, ...]:
    """Return what the program warned of; how often, where that may not be said: warnings name files."""
    if not anonymous or not said:
        return said
    return (f"Warnings of the program, which name files, were left out with the identity: {len(said)}.",)

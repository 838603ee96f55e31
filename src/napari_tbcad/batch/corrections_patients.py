"""What the patients of a gathered data set are called, so that their images stay together and are not named.

Identifiers of hospitals are short: who has a bare digest can try them all. So the digest has a key of
256 random bits, made for each data set and kept in it, in a file of its own. Gathered again with that file
there, a patient has the same name. What is derived from the table (splits, scores, reports, cards) or a data
set passed on without the file names nobody, and does not tell that two data sets share a patient. It does not
protect from who has the file, nor from what film files are called or what is burned into the pixels.
"""

from __future__ import annotations

import hmac
import re
import secrets
from pathlib import Path

from napari_tbcad.batch.corrected import Corrected
from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole

KEY = "patients.key"


class PatientNames:
    """Names patients: by a person's table, else by a digest of the identifier in the file, else by the study.

    Parameters
    ----------
    out : Path
        Folder of the data set, with the key of an earlier gathering if there is one.
    table : Path, optional
        CSV with the columns file and patient.

    Raises
    ------
    BadInput
        If table or key cannot be used.
    """

    def __init__(self, out: Path, table: Path | None = None) -> None:
        self._path = out / KEY
        self._known = _patients_of(table) if table else {}
        self._kept = self._path.is_file()
        self._key = _key_in(self._path) if self._kept else secrets.token_bytes(32)
        self._used = False

    def of(self, one: Corrected) -> str:
        """Return what the patient of an image is called."""
        for file in one.files:
            if name := self._known.get(file.name) or self._known.get(file.stem):
                return name
        if one.identifier:
            self._used = True
            return hmac.new(self._key, one.identifier.encode(), "sha256").hexdigest()[:12]
        return one.study or one.key[:12]

    def save(self) -> None:
        """Keep a new key, where a digest was made with it, for this user alone."""
        if self._used and not self._kept:
            with written_whole(self._path) as temporary:
                temporary.chmod(0o600)
                temporary.write_text(self._key.hex(), encoding="ascii")


def _key_in(path: Path) -> bytes:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(path, f"cannot be read ({error})") from error
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise BadInput(path, "not a key of this program; without the file a new one is made")
    return bytes.fromhex(text)


def _patients_of(path: Path) -> dict[str, str]:
    """Return patients by file name and stem."""
    from napari_tbcad.io.tables import PATH_COLUMNS, records_of

    records = records_of(path)
    if "patient" not in records[0]:
        raise BadInput(path, f"the column patient is missing; there are {', '.join(records[0])}")
    found: dict[str, str] = {}
    for record in records:
        name = Path(next((record[c] for c in PATH_COLUMNS if record.get(c)), "").replace("\\", "/"))
        patient = record["patient"]
        if not name.name or not patient:
            continue
        for one in (name.name, name.stem):
            # By name alone the films of one patient could not be kept together.
            if (other := found.setdefault(one, patient)) != patient:
                raise BadInput(path, f"films called {one} are of two patients, {other} and {patient}")
    return found

"""Model files as far as they can be read without building what is in them: the card and the hashes.

Imports no scikit-learn, so that a program which only sends films to others is told of a model cheaply; what
is built of it is built by :mod:`~napari_tbcad.chest.classify.store`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from napari_tbcad.archive import Reader, array_of, opened_archive
from napari_tbcad.chest.classify.card import ModelCard
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import sha256
from napari_tbcad.limits import MAX_MODEL_BYTES
from napari_tbcad.plain_text import parse_json

FORMAT = 1
CARD, MANIFEST = "card.json", "manifest.json"


@dataclass(frozen=True)
class ModelFile:
    """What a model file says of itself, every part of it being what its manifest lists.

    Parameters
    ----------
    card : ModelCard
        What the model is.
    sha256 : str
        Hash of the file.
    warnings : tuple of str
        Complaints, such as another scikit-learn version.
    """

    card: ModelCard
    sha256: str
    warnings: tuple[str, ...] = ()


def read_model_file(path: str | Path) -> ModelFile:
    """Read what a model file says of itself, after checking the hashes; as :func:`read_card` raises."""
    path = Path(path)
    card = read_card(path)
    return ModelFile(card, sha256(path), complaints(card))


def complaints(card: ModelCard) -> tuple[str, ...]:
    """Return what is to be said of a model that is read with the libraries of this machine."""
    here = version("scikit-learn")
    if not card.sklearn_version or card.sklearn_version == here:
        return ()
    made = f"model made with scikit-learn {card.sklearn_version}, read with {here}"
    return (f"{made}: check a known film before trusting it",)


def read_card(path: str | Path) -> ModelCard:
    """Read only the card of a model file, after checking the hashes; raises :class:`ModelRefused`."""
    with opened(Path(path)) as archive:
        return checked(Path(path), archive)[0]


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """Open a model file within the limits; whatever is wrong with it is ModelRefused."""
    if not path.is_file():
        raise BadInput(path, "no such model file")
    try:
        with opened_archive(path, "model file", most=MAX_MODEL_BYTES) as archive:
            yield archive
    except ModelRefused:
        raise
    except BadInput as error:
        raise ModelRefused(path, error.cause) from error


def checked(path: Path, archive: Reader) -> tuple[ModelCard, dict[str, bytes]]:
    """Return the card and all members, each of which has the hash that the manifest lists."""
    if MANIFEST not in archive.names or CARD not in archive.names:
        raise ModelRefused(path, "not a model of this program: it has no card or no manifest")
    manifest = parse_json(archive.read(MANIFEST))
    if not isinstance(manifest, dict) or not isinstance(manifest.get("sha256"), dict):
        raise ModelRefused(path, "its manifest cannot be read")
    if manifest.get("format") != FORMAT:
        found = str(manifest.get("format"))[:40]
        raise ModelRefused(path, f"model format {found} is not {FORMAT}, the one this program reads")
    wanted = manifest["sha256"]
    if set(archive.names) != {*wanted, MANIFEST}:
        raise ModelRefused(path, "its parts are not those its manifest lists: the file was changed")
    members = {name: archive.read(name) for name in archive.names}
    for name, digest in wanted.items():
        if hashlib.sha256(members[name]).hexdigest() != digest:
            raise ModelRefused(
                path, f"{name[:80]} does not match its SHA-256: the file was changed or damaged"
            )
        if name.endswith(".npy"):  # its header can claim any length, which would be asked for
            array_of(path, name, members[name], kinds="biufcSU")
    try:
        return ModelCard.model_validate(parse_json(members[CARD])), members
    except ValidationError as error:
        raise ModelRefused(path, f"its card cannot be read ({error.error_count()} faults)") from error

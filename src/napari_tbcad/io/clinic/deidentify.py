"""Removing identity from DICOM images: an allow list beyond the standard's basic profile.

No library is used: those there are (dicognito, dicom-anonymizer, deid) work by a list of what to remove or to
replace, so that what is on no list stays; here what is on no list goes.

References
----------
DICOM PS3.15, annex E (attribute confidentiality profiles); PS3.3, C.12.1.1 (de-identification in the header).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_tbcad import __version__
from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic import deidentify_keep as keep
from napari_tbcad.io.clinic.deidentify_pixels import cut_tables, put_pixels
from napari_tbcad.io.clinic.segmentation_reading import concept_of
from napari_tbcad.io.clinic.source import CLASSES, SECONDARY_CAPTURE
from napari_tbcad.io.dicom_file import damage_told, modality_of
from napari_tbcad.io.nuclear_writing import fill_modules, view_code
from napari_tbcad.io.opening import opening_told
from napari_tbcad.io.view_names import coded_view, named_view

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Dates = Literal["remove", "shift"]

MOST_DAYS = 365 * 5
"""Dates are shifted back by 1 to this many days, by as many for all studies of one patient."""

_PROFILE = ("113100", "Basic Application Confidentiality Profile")
_SHIFTED = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
_CLASSES = (
    *CLASSES.values(),
    SECONDARY_CAPTURE,
    "1.2.840.10008.5.1.4.1.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.12.2",
)
_MOST_INSTANCES = 9999


@dataclass
class Deidentification:
    """Removes identity from images, consistently within its life.

    Parameters
    ----------
    dates : {"remove", "shift"}, optional
        Remove dates, or shift all of one patient by the same unknown number of days: intervals stay.
    secret : bytes, optional
        What pseudonyms, UIDs and shifts are made with; random, and forgotten with the object, by default.
    """

    dates: Dates = "remove"
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def uid(self, uid: str) -> str:
        """Return the UID that stands for another: the same for the same, and not to be traced back."""
        digest = hmac.new(self.secret, f"uid\0{uid}".encode(), hashlib.sha256).digest()[:16]
        return f"2.25.{int.from_bytes(digest, 'big')}"

    def person(self, *identity: str) -> str:
        """Return the pseudonym of a patient, such as ``"P-3F9A01C2B4"``."""
        text = "\0".join(part.strip() for part in identity)
        return f"P-{hmac.new(self.secret, f'person{text}'.encode(), hashlib.sha256).hexdigest()[:10].upper()}"

    def shifted(self, day: str, *identity: str) -> str:
        """Return a date, ``YYYYMMDD``, shifted as all of a patient; empty where it is none."""
        text = "\0".join(part.strip() for part in identity)
        digest = hmac.new(self.secret, f"days{text}".encode(), hashlib.sha256).digest()
        try:
            given = date(int(day[:4]), int(day[4:6]), int(day[6:8]))
            return (given - timedelta(1 + int.from_bytes(digest[:8], "big") % MOST_DAYS)).strftime("%Y%m%d")
        except (ValueError, OverflowError):
            return ""

    def dataset(self, dataset: Dataset) -> Dataset:
        """Return a copy of an image without identity, with the pixels uncompressed.

        Parameters
        ----------
        dataset : Dataset
            A parsed file: CR, DX, RF, secondary capture or NM.

        Returns
        -------
        Dataset
            To be written as it is. What is drawn into the pixels stays (see :func:`drawn_into`).

        Raises
        ------
        BadInput
            If it is no such image, or cannot be decoded.
        """
        # pydicom parses sequences late, and says of damaged ones that they cannot be read.
        with opening_told(Path("image")), damage_told(Path("image")):
            return self._dataset(dataset)

    def _dataset(self, dataset: Dataset) -> Dataset:
        modality = modality_of(dataset)
        if modality not in keep.WORDS["Modality"] or "PixelData" not in dataset:
            raise BadInput("image", f"modality {modality or 'unknown'}: only films and bone scans are known")
        clean = _kept(dataset)
        identity = _identity(dataset)
        for keyword in keep.EMPTY:
            if keyword not in clean:
                setattr(clean, keyword, "")
        if self.dates == "shift":
            for keyword in keep.DATES:
                if day := self.shifted(str(dataset.get(keyword) or ""), *identity):
                    setattr(clean, keyword, day)
        clean.PatientName = clean.PatientID = self.person(*identity)
        self._identified(clean, dataset, modality or "")
        clean.SpecificCharacterSet = "ISO_IR 192"
        clean.PatientIdentityRemoved = "YES"
        clean.DeidentificationMethod = f"napari-tbcad {__version__}: allow list of attributes"[:64]
        done = (_PROFILE, _SHIFTED) if self.dates == "shift" else (_PROFILE,)
        clean.DeidentificationMethodCodeSequence = [_code(value, "DCM", words) for value, words in done]
        clean.LongitudinalTemporalInformationModified = "MODIFIED" if self.dates == "shift" else "REMOVED"
        put_pixels(clean, dataset)
        return clean

    def _identified(self, clean: Dataset, dataset: Dataset, modality: str) -> None:
        from pydicom.dataset import FileMetaDataset
        from pydicom.uid import ExplicitVRLittleEndian

        meta = getattr(dataset, "file_meta", None) or {}
        for keyword in keep.UIDS:
            known = str(dataset.get(keyword) or "")
            if keyword == "SOPInstanceUID":
                known = known or str(meta.get("MediaStorageSOPInstanceUID", "") or "")
            if known or keyword != "FrameOfReferenceUID":
                setattr(clean, keyword, self.uid(known or _from_pixels(dataset, keyword)))
        said = str(dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID", "") or "")
        clean.SOPClassUID = said if said in _CLASSES else CLASSES.get(modality, SECONDARY_CAPTURE)
        if clean.SOPClassUID == CLASSES["NM"]:
            fill_modules(clean)
        elif "PatientOrientation" not in clean:
            clean.PatientOrientation = ""
        clean.SeriesNumber = 1
        try:
            number = int(dataset.get("InstanceNumber") or 1)
        except (TypeError, ValueError):
            number = 1
        clean.InstanceNumber = number if 0 < number <= _MOST_INSTANCES else 1
        clean.file_meta = FileMetaDataset()
        clean.file_meta.MediaStorageSOPClassUID = clean.SOPClassUID
        clean.file_meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
        clean.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian


def _identity(dataset: Dataset) -> tuple[str, ...]:
    """Return what tells a patient from others: the number where there is one, since names are written anew.

    Without one it is the name, whatever its capitals, with the birth date.
    """
    said = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate")
    number, issuer, name, born = (" ".join(str(dataset.get(one) or "").split()).strip(" ^") for one in said)
    if number:
        return "number", issuer, number
    if name:
        return "name", name.casefold(), born
    # Files that name nobody are not of one patient: each study is taken for somebody else.
    return "study", str(dataset.get("StudyInstanceUID") or _from_pixels(dataset, "patient"))


def _from_pixels(dataset: Dataset, what: str) -> str:
    """Return what stands for an identifier that a file lacks: the same each time, so that all can name it."""
    return f"{what}\0{hashlib.sha256(bytes(dataset.get('PixelData') or b'')).hexdigest()}"


def _kept(dataset: Dataset) -> Dataset:
    """Return what of a data set, or of an item of one, is on the allow list."""
    from pydicom.dataset import Dataset

    clean = Dataset()
    for element in dataset:
        name = element.keyword
        if element.tag.is_private or not name or element.value is None:
            continue
        value: Any = None
        if name in keep.SEQUENCES:
            value = [_kept(item) for item in element.value]
        elif name in keep.CODES:
            value = [code for item in element.value if (code := _standard_code(item)) is not None] or None
        elif name in keep.WORDS:
            value = _worded(element.value, keep.WORDS[name])
        elif name in keep.VIEW_TEXTS:
            value = _views(element.value)
        elif name in keep.NUMBERS:
            value = _numbers(element)
        elif name in keep.BYTES:
            value = element.value if not isinstance(element.value, str) else None
        if value is not None:
            setattr(clean, name, value)
    cut_tables(clean)
    return clean


def _worded(value: Any, words: frozenset[str]) -> Any:
    values = [str(part).strip().upper() for part in ([value] if isinstance(value, str) else value)]
    values = ["WHOLEBODY" if part == "WHOLE BODY" and "WHOLEBODY" in words else part for part in values]
    # An image type has values after those that are known; they are the maker's own.
    known = values[: next((n for n, part in enumerate(values) if part not in words), len(values))]
    if not known or not any(known):
        return None
    return known[0] if len(known) == 1 else known


def _views(value: Any) -> Any:
    values = [named_view(str(part)) for part in ([value] if isinstance(value, str) else value)]
    return [view.upper() for view in values if view] if all(values) and values else None


def _numbers(element: Any) -> Any:
    """Return the numbers of an element as numbers: what a text for one holds besides them is gone."""
    from pydicom.datadict import keyword_for_tag

    many = element.VM > 1
    values = list(element.value) if many else [element.value]
    if element.VR == "AT" or element.keyword == "FrameIncrementPointer":  # four bytes each, which can be any
        return [
            one for one in values if isinstance(one, int) and keyword_for_tag(one) in keep.POINTED
        ] or None
    converters: dict[str, Callable[[Any], Any]] = {"DS": _decimal, "IS": int}
    convert = converters.get(element.VR, lambda value: value)
    try:
        clean = [convert(value) for value in values if value not in (None, "")]
    except (TypeError, ValueError, OverflowError):
        return None
    most = keep.LARGER.get(element.keyword, keep.LARGEST)
    try:
        if not clean or any(abs(float(value)) > most for value in clean):
            return None
    except (TypeError, ValueError):  # text or bytes under an attribute of numbers
        return None
    return clean if many else clean[0]


def _decimal(value: Any) -> str:
    number = float(value)
    if not np.isfinite(number):
        raise ValueError("not a number")
    return f"{number:.10g}"


def _standard_code(item: Dataset) -> Dataset | None:
    """Return a code of a standard scheme with the standard's words; None for one that is not known."""
    from pydicom.sr.codedict import codes

    code = concept_of(item)
    if (view := coded_view(code.value, code.meaning)) is not None:
        return view_code(view)
    if code.scheme not in keep.CODE_SCHEMES or not code.value.replace("-", "").isalnum():
        return None
    scheme = getattr(codes, code.scheme, None)
    for keyword in scheme.dir() if scheme is not None else ():
        known = getattr(scheme, keyword, None)
        if getattr(known, "value", None) == code.value:
            return _code(code.value, code.scheme, known.meaning)  # type: ignore[union-attr]
    return None


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning[:64]
    return item

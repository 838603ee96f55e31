"""Small sound images of every kind that is read, where mutations begin; drawn here, none is real."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import tifffile
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

PLANTED = "Planted^Identifier"
"""Stands for the patient in every DICOM file; no message may repeat it."""

_CR, _PIXELS = "1.2.840.10008.5.1.4.1.1.1", (40, 36)


def film_array(shape: tuple[int, int] = _PIXELS) -> np.ndarray:
    """Return a grey film of smooth noise, uint16 of 12 bits."""
    rng = np.random.default_rng(7)
    rows, columns = np.indices(shape)
    return (900 + 60 * rows + 40 * np.abs(columns - shape[1] / 2) + rng.integers(0, 90, shape)).astype(
        np.uint16
    )


def mask_array(shape: tuple[int, int] = _PIXELS) -> np.ndarray:
    """Return a label image: 1 the right lung, 2 the left."""
    labels = np.zeros(shape, np.uint8)
    labels[4 : shape[0] - 4, 3 : shape[1] // 2 - 1] = 1
    labels[5 : shape[0] - 4, shape[1] // 2 + 1 : shape[1] - 3] = 2
    return labels


def body_array(shape: tuple[int, int] = (96, 32)) -> np.ndarray:
    """Return one view of a bone scan: a bright body on a dark ground, uint8."""
    rows, columns = np.indices(shape)
    inside = np.abs(columns - shape[1] / 2) < shape[1] * (0.14 + 0.1 * np.sin(np.pi * rows / shape[0]))
    counts = np.random.default_rng(3).poisson(np.where(inside, 90, 1))
    counts[30:34, 14:18] += 110
    return np.clip(counts, 0, 254).astype(np.uint8)


def _dataset(stored: np.ndarray, **attributes: Any) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = _CR
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    dataset.PatientName, dataset.PatientID, dataset.StudyDate = PLANTED, "PlantedId", "20260101"
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "CR", "CHEST", "PA"
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.Rows, dataset.Columns = stored.shape[:2]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelSpacing, dataset.WindowCenter, dataset.WindowWidth = [0.5, 0.5], "1500", "2000"
    dataset.RescaleSlope, dataset.RescaleIntercept = "1", "-10"
    dataset.PixelData = stored.tobytes()
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


def _saved(dataset: Dataset, syntax: str | None = None, **how: Any) -> bytes:
    if syntax is not None:
        dataset.file_meta.TransferSyntaxUID = uid.UID(syntax)
    out = io.BytesIO()
    dataset.save_as(out, **{"enforce_file_format": True, **how})
    return out.getvalue()


def _encapsulated(stream: bytes, syntax: str, bits: int = 8, **attributes: Any) -> bytes:
    """Return a film whose pixels are one compressed stream."""
    dataset = _dataset(np.zeros(_PIXELS, np.uint8), **attributes)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = (bits + 7) // 8 * 8, bits, bits - 1
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    return _saved(dataset, syntax)


def dicom_films() -> dict[str, bytes]:
    """Return films in every transfer syntax that is read, and with every way of saying what values mean."""
    film = film_array()
    rle, jpeg2000 = _dataset(film), _dataset(film)
    rle.compress(uid.RLELossless)
    jpeg2000.compress(uid.JPEG2000Lossless)
    table = Dataset()
    table.LUTDescriptor = [16, 0, 16]
    table.LUTData = np.arange(0, 1600, 100, dtype="<u2").tobytes()
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "399348003", "SCT", "postero-anterior"
    eight = (film // 16).astype(np.uint8)
    colour = np.stack([eight, eight, 255 - eight], axis=-1)
    bits8 = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    palette = _dataset(eight % 4, PhotometricInterpretation="PALETTE COLOR", **bits8)
    for name in ("Red", "Green", "Blue"):
        setattr(palette, f"{name}PaletteColorLookupTableDescriptor", [4, 0, 16])
        setattr(palette, f"{name}PaletteColorLookupTableData", np.arange(4, dtype="<u2").tobytes())
    big = _dataset(film.byteswap())
    return {
        "plain": _saved(_dataset(film)),
        "implicit": _saved(_dataset(film), uid.ImplicitVRLittleEndian),
        "big": _saved(big, uid.ExplicitVRBigEndian, implicit_vr=False, little_endian=False),
        "deflated": _saved(_dataset(film), uid.DeflatedExplicitVRLittleEndian),
        "bare": _saved(_dataset(film))[132:],
        "monochrome1": _saved(_dataset(film, PhotometricInterpretation="MONOCHROME1")),
        "rle": _saved(rle),
        "jpeg2000": _saved(jpeg2000),
        "jpeg": _encapsulated(_as(eight, "JPEG"), uid.JPEGBaseline8Bit),
        "lookup": _saved(_dataset(film, ModalityLUTSequence=Sequence([table]))),
        "codes": _saved(_dataset(film, ViewPosition="", ViewCodeSequence=Sequence([code]))),
        "colour": _saved(
            _dataset(
                colour, PhotometricInterpretation="RGB", SamplesPerPixel=3, PlanarConfiguration=0, **bits8
            )
        ),
        "palette": _saved(palette),
        "frames": _saved(_dataset(np.stack([film, film]), Rows=40, Columns=36, NumberOfFrames=2)),
    }


def dicom_scans(folder: Path) -> dict[str, bytes]:
    """Return two-frame bone scans, plain and compressed, with views named in several ways."""
    from napari_tbcad.io.nuclear_writing import write_nuclear

    frames = [body_array(), body_array()[:, ::-1]]
    path, seeds = folder / "scan.dcm", {}
    ways: dict[str, dict[str, Any]] = {
        "codes": {},
        "old codes": {"codes": "srt"},
        "angles": {"codes": "none", "start_angles": [180.0, 0.0]},
        "private": {"codes": "none", "private_names": ["WHOLE BODY_E", "WHOLE BODY_F"]},
        "windows": {
            "attributes": {"EnergyWindowVector": [1, 1], "RescaleSlope": "2", "RescaleIntercept": "1"}
        },
    }
    for name, how in ways.items():
        write_nuclear(path, frames, name="PlantedId", study="s", date="2026-01-31", **how)
        seeds[name] = path.read_bytes()
    dataset = pydicom.dcmread(path)
    dataset.PatientName = PLANTED
    dataset.compress(uid.RLELossless)
    seeds["rle"] = _saved(dataset)
    write_nuclear(path, frames[:1], views=["anterior"])
    seeds["one"] = path.read_bytes()
    one = pydicom.dcmread(path)
    one.compress(uid.JPEG2000Lossless)
    seeds["jpeg2000"] = _saved(one)
    return seeds


def _as(array: np.ndarray, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(array).save(out, format=kind, **how)
    return out.getvalue()


def pngs() -> dict[str, bytes]:
    """Return PNG files of every depth, colour kind and with ancillary chunks; films, masks and scans."""
    film, mask, body = film_array(), mask_array(), body_array()
    eight = (film // 16).astype(np.uint8)
    colour = np.stack([eight, eight, 255 - eight], axis=-1)
    exif = Image.Exif()
    exif[0x0112] = 6
    indexed = io.BytesIO()
    Image.fromarray(eight).convert("P").save(indexed, format="PNG", transparency=3)
    return {
        "grey": _as(eight, "PNG", dpi=(300, 300), exif=exif),
        "deep": _as(film, "PNG"),
        "colour": _as(colour, "PNG", icc_profile=b"x" * 200),
        "alpha": _as(np.dstack([colour, eight]), "PNG"),
        "bilevel": _as(eight > 90, "PNG"),
        "indexed": indexed.getvalue(),
        "mask": _as(mask, "PNG"),
        "binary": _as(((mask > 0) * 255).astype(np.uint8), "PNG"),
        "body": _as(body, "PNG"),
        "two": _as(np.hstack([body, body[:, ::-1]]), "PNG"),
    }


def jpegs() -> dict[str, bytes]:
    """Return JPEG, GIF and BMP files."""
    eight, body = (film_array() // 16).astype(np.uint8), body_array()
    colour = np.stack([eight, eight, 255 - eight], axis=-1)
    exif = Image.Exif()
    exif[0x0112] = 8
    return {
        "grey": _as(eight, "JPEG", dpi=(200, 200), exif=exif),
        "colour": _as(colour, "JPEG"),
        "progressive": _as(colour, "JPEG", progressive=True, icc_profile=b"x" * 300),
        "cmyk": _cmyk(colour),
        "body": _as(body, "JPEG", quality=95),
        "bmp": _as(eight, "BMP"),
        "bmp colour": _as(colour, "BMP"),
        "gif": _as(eight, "GIF"),
        "pages": _pages([eight, eight[::-1]], "GIF"),
    }


def _cmyk(colour: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(colour).convert("CMYK").save(out, format="JPEG")
    return out.getvalue()


def _pages(arrays: list[np.ndarray], kind: str) -> bytes:
    out = io.BytesIO()
    first, *rest = (Image.fromarray(array) for array in arrays)
    first.save(out, format=kind, save_all=True, append_images=rest)
    return out.getvalue()


def tiffs() -> dict[str, bytes]:
    """Return TIFF files: depths, byte orders, compressions, tiles, pages, white-is-zero."""
    film, mask, body = film_array(), mask_array(), body_array()
    eight = (film // 16).astype(np.uint8)

    def made(array: np.ndarray, **how: Any) -> bytes:
        out = io.BytesIO()
        tifffile.imwrite(out, array, **how)
        return out.getvalue()

    return {
        "plain": made(film),
        "motorola": made(film, byteorder=">", resolution=(300, 300), resolutionunit=2),
        "zlib": made(film, compression="zlib", predictor=False, rowsperstrip=8),
        "lzma": made(film, compression="lzma"),
        "float": made(film.astype(np.float32) / 7),
        "inverted": made(eight, photometric="miniswhite"),
        "tiles": made(np.pad(eight, ((0, 8), (0, 12))), tile=(16, 16)),
        "pages": made(np.stack([eight, eight]), photometric="minisblack"),
        "big": made(eight, bigtiff=True),
        "lzw": _as(eight, "TIFF", compression="tiff_lzw"),
        "jpeg": _as(eight, "TIFF", compression="jpeg"),
        "packbits": _as(eight, "TIFF", compression="packbits"),
        "bilevel": _as(eight > 90, "TIFF", compression="group4"),
        "mask": made(mask, compression="zlib"),
        "body": made(body),
        "planes": made(np.stack([eight] * 3), photometric="rgb", planarconfig="separate"),
    }

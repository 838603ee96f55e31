"""What fuzzing found in readers of images, and what it would: each refused in time, with little memory."""

from __future__ import annotations

import gzip
import io
import os
import struct
import sys
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pydicom
import pytest
import tifffile
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from napari_tbcad.errors import BadInput
from napari_tbcad.io import decoding, dicom_file, tiff
from napari_tbcad.io.labels import read_labels
from napari_tbcad.io.masks import read_mask
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.io.scans import read_study

FILM = (np.arange(40 * 36) % 251).astype(np.uint16).reshape(40, 36) * 7


@contextmanager
def little_memory(most: int = 64 * 2**20) -> Iterator[None]:
    """Fail when Python asks for more than so many bytes at a time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def refused(path, cause, read=read_film):
    with little_memory(), pytest.raises(BadInput, match=cause):
        read(path)


def dicom(path, syntax=uid.ExplicitVRLittleEndian, **attributes):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
    data.Modality, data.PhotometricInterpretation, data.SamplesPerPixel = "CR", "MONOCHROME2", 1
    data.Rows, data.Columns, data.PixelRepresentation = *FILM.shape, 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.PixelData = FILM.tobytes()
    for name, value in attributes.items():
        setattr(data, name, value)
    if syntax.is_encapsulated:
        data["PixelData"].is_undefined_length = True
    data.save_as(path, enforce_file_format=True)
    return path


def jpeg2000() -> bytes:
    data = pydicom.dcmread(io.BytesIO(dicom_bytes()))
    data.compress(uid.JPEG2000Lossless)
    return next(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=1))


def dicom_bytes() -> bytes:
    held = io.BytesIO()
    dicom(held)
    return held.getvalue()


# -- DICOM


def test_a_damaged_stream_on_which_gdcm_ends_the_process_is_refused(tmp_path):
    stream = jpeg2000()
    path = dicom(tmp_path / "a.dcm", uid.JPEG2000Lossless, PixelData=encapsulate([stream[:4] + stream[8:]]))
    refused(path, "cannot be decoded")


def test_a_decoder_that_ends_its_process_ends_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "_in_process", _end)
    path = dicom(
        tmp_path / "a.dcm", uid.JPEGLosslessSV1, PixelData=encapsulate([b"\xff\xd8\xff\xc3" + bytes(60)])
    )
    with pytest.raises(BadInput, match="its decoder broke down over it"):
        read_film(path)


def _end(*_: object) -> None:
    os._exit(9)


def test_a_file_that_waits_does_not_go_down_with_a_damaged_one(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "_in_process", _end_over_the_damaged)
    monkeypatch.setitem(sys.modules, "loky", None)  # no library of ours: joblib has its own
    paths = [dicom(tmp_path / f"{name}.dcm", uid.ExplicitVRLittleEndian) for name in ("damaged", "sound")]
    parsed = [pydicom.dcmread(path) for path in paths]
    for one in parsed:
        one.file_meta.TransferSyntaxUID = uid.JPEGLosslessSV1
    with ThreadPoolExecutor(2) as threads:
        damaged, sound = (threads.submit(decoding.decoded, *pair) for pair in zip(paths, parsed, strict=True))
        assert sound.result(60).tolist() == [1, 2]
        with pytest.raises(BadInput, match="its decoder broke down over it"):
            damaged.result(60)


def _end_over_the_damaged(path: str, *_: object) -> np.ndarray:
    if "damaged" in path:
        time.sleep(0.5)  # long enough for the other to be there
        os._exit(9)
    return np.array([1, 2])


def test_the_process_beside_says_what_is_wrong_and_goes_on(tmp_path):
    broken = dicom(tmp_path / "a.dcm", uid.JPEGLosslessSV1, PixelData=encapsulate([b"\xff\xd8" + bytes(60)]))
    for _ in range(2):
        with pytest.raises(BadInput, match=r"cannot be decoded|damaged"):
            read_film(broken)


@pytest.mark.parametrize("size", [(65535, 65535), (20000, 10000)])
def test_a_header_of_too_many_pixels_is_refused(tmp_path, size):
    refused(dicom(tmp_path / "a.dcm", Rows=size[0], Columns=size[1]), "more than the 100 million")


def test_pixels_that_are_larger_inside_than_the_header_says_are_refused(tmp_path):
    stream = bytearray(jpeg2000())
    struct.pack_into(">II", stream, 8, 60000, 60000)
    path = dicom(tmp_path / "a.dcm", uid.JPEG2000Lossless, PixelData=encapsulate([bytes(stream)]))
    refused(path, r"60000 × 60000 pixels.*in its compressed pixels")
    held = io.BytesIO()
    Image.fromarray(FILM.astype(np.uint8)).save(held, "JPEG")
    jpeg = bytearray(held.getvalue())
    place = jpeg.index(b"\xff\xc0")
    struct.pack_into(">HH", jpeg, place + 5, 65000, 65000)
    bits = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    path = dicom(tmp_path / "b.dcm", uid.JPEGBaseline8Bit, PixelData=encapsulate([bytes(jpeg)]), **bits)
    refused(path, r"65000 × 65000 pixels.*in its compressed pixels")


def test_an_element_that_claims_gigabytes_is_not_asked_for(tmp_path):
    path = dicom(tmp_path / "a.dcm")
    content = path.read_bytes()
    place = content.index(b"\xe0\x7f\x10\x00OW")
    path.write_bytes(content[: place + 8] + struct.pack("<I", 0xFFFFFFF0) + content[place + 12 :])
    with little_memory():
        assert read_film(path).shape == FILM.shape  # all of its pixels are there nevertheless


def test_a_data_set_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    path = dicom(tmp_path / "a.dcm", uid.DeflatedExplicitVRLittleEndian)
    assert read_film(path).shape == FILM.shape
    monkeypatch.setattr(dicom_file, "MAX_IMAGE_BYTES", 2**20)
    path = dicom(
        tmp_path / "b.dcm", uid.DeflatedExplicitVRLittleEndian, ImageComments="x", PixelData=bytes(2**23)
    )
    refused(path, "unpacks to more than 1 MiB")


def test_a_body_part_is_quoted_only_where_it_can_be_one(tmp_path):
    said = read_film(dicom(tmp_path / "a.dcm", BodyPartExamined="ABDOMEN")).warnings
    assert said == ("The header names the body part ABDOMEN, not the chest.",)
    for text in ("Doe^Jane", "X" * 5000):
        said = read_film(dicom(tmp_path / "b.dcm", BodyPartExamined=text)).warnings
        assert said == ("The header names another body part, not the chest.",)


def test_a_scan_of_too_many_pixels_is_refused(tmp_path):
    frames = [np.ones((96, 32))] * 2
    path = write_nuclear(tmp_path / "a.dcm", frames, attributes={"Rows": 60000, "Columns": 20000})
    refused(path, "more than a whole-body scan has", read_study)


# -- TIFF


def written_tiff(path, **how):
    tifffile.imwrite(path, FILM, **how)
    return path


def test_pages_that_turn_in_a_circle_are_refused(tmp_path):
    path = written_tiff(tmp_path / "a.tif")
    content = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, start)
    struct.pack_into("<I", content, start + 2 + 12 * entries, start)
    path.write_bytes(content)
    refused(path, "in a circle")


def entry(content, tag):
    """Return where a tag's entry lies in the first directory."""
    (start,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, start)
    places = (start + 2 + 12 * n for n in range(entries))
    return next(place for place in places if struct.unpack_from("<H", content, place)[0] == tag)


@pytest.mark.parametrize(("tag", "value"), [(256, 2**31 - 1), (257, 2**31 - 1), (277, 60000)])
def test_a_page_that_claims_too_much_is_refused(tmp_path, tag, value):
    path = written_tiff(tmp_path / "a.tif")
    content = bytearray(path.read_bytes())
    struct.pack_into("<HII", content, entry(content, tag) + 2, 4, 1, value)
    path.write_bytes(content)
    refused(path, "damaged|more than|values a pixel")


@pytest.mark.parametrize("packing", ["zlib", "lzma"])
def test_a_strip_that_unpacks_without_end_is_refused(tmp_path, packing):
    path = written_tiff(tmp_path / "a.tif", compression=packing)
    bomb = zlib.compress(bytes(2**26), 9)
    if packing == "lzma":
        import lzma

        bomb = lzma.compress(bytes(2**26))
    content = bytearray(path.read_bytes())
    for tag, value in ((273, len(content)), (279, len(bomb))):
        struct.pack_into("<HII", content, entry(content, tag) + 2, 4, 1, value)
    path.write_bytes(bytes(content) + bomb)
    refused(path, "unpacks to more than the image has")


@pytest.mark.parametrize("packing", [None, "zlib", "lzma"])
def test_a_page_that_holds_less_than_it_claims_is_refused(tmp_path, packing):
    path = written_tiff(tmp_path / "a.tif", compression=packing, rowsperstrip=40)
    content = bytearray(path.read_bytes())
    struct.pack_into("<HII", content, entry(content, 257) + 2, 4, 1, 1_000_000)
    path.write_bytes(content)
    refused(path, "less than the image that it claims")


def test_a_large_page_of_one_bit_is_read(tmp_path):
    large = np.zeros((3000, 3000), bool)
    large[1000:, 1000:] = True
    Image.fromarray(large).save(tmp_path / "a.tif")
    assert read_film(tmp_path / "a.tif").pixels.mean() == pytest.approx(4 / 9, rel=1e-3)


def test_many_pages_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tiff, "MAX_PAGES", 3)
    tifffile.imwrite(tmp_path / "a.tif", np.stack([FILM] * 5), photometric="minisblack")
    refused(tmp_path / "a.tif", "more than 3 pages")


# -- PNG and others


def test_a_chunk_that_claims_gigabytes_is_not_asked_for(tmp_path):
    held = io.BytesIO()
    Image.fromarray(FILM.astype(np.uint8)).save(held, "PNG")
    content = bytearray(held.getvalue())
    struct.pack_into(">I", content, content.index(b"IDAT") - 4, 0xFFFFFFF0)
    (tmp_path / "a.png").write_bytes(content)
    with little_memory():
        said = said_of(tmp_path / "a.png")
    assert "memory" not in said


def said_of(path) -> str:
    """Return why a film is refused; empty where it is read, with its pixels."""
    try:
        film = read_film(path)
    except BadInput as error:
        return error.cause
    assert film.shape == FILM.shape
    return ""


@pytest.mark.parametrize("size", [(30000, 30000), (12000, 9000), (2**31 - 1, 1)])
@pytest.mark.parametrize("read", [read_film, read_study, read_mask, read_labels])
def test_a_png_of_too_many_pixels_is_refused(tmp_path, size, read):
    head = struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    chunks = [struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in parts]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    refused(tmp_path / "a.png", "too large|more than the", read)


def test_text_in_a_png_that_unpacks_without_end_is_refused_or_passed_over(tmp_path):
    held = io.BytesIO()
    Image.fromarray(FILM.astype(np.uint8)).save(held, "PNG")
    content, packed = held.getvalue(), zlib.compress(bytes(2**27), 9)
    for name, start in ((b"zTXt", b"c\0\0"), (b"iCCP", b"p\0\0"), (b"iTXt", b"c\0\1\0\0\0")):
        chunk = name + start + packed
        extra = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        (tmp_path / "a.png").write_bytes(content[:33] + extra + content[33:])
        with little_memory():
            said = said_of(tmp_path / "a.png")
        assert "memory" not in said


# -- segmentations


def nrrd(path, extra, body=b""):
    head = f"NRRD0004\ntype: unsigned char\ndimension: 3\nsizes: 6 4 1\n{extra}\n\n"
    path.write_bytes(head.encode() + body)
    return path


@pytest.mark.parametrize("line", ["data file: other.raw", "DATAFILE: LIST", "  data file:../x"])
def test_a_segmentation_names_no_other_file(tmp_path, line):
    (tmp_path / "other.raw").write_bytes(bytes(24))
    refused(nrrd(tmp_path / "a.nrrd", f"encoding: raw\n{line}"), "in another file", read_mask)


@pytest.mark.parametrize("encoding", ["ascii", "hex", "bzip2", "text"])
def test_encodings_on_which_the_library_crashes_are_refused(tmp_path, encoding):
    path = nrrd(tmp_path / "a.nrrd", f"encoding: {encoding}", gzip.compress(bytes(24)))
    refused(path, "raw or gzip", read_mask)


def test_a_field_of_a_header_that_is_no_text_is_passed_over(tmp_path):
    head = b"NRRD0004\ntype: unsigned char\ndimension: 3\nsizes: 6 4 1\nencoding: raw\n"
    (tmp_path / "a.nrrd").write_bytes(head + b"odd\xff\xfekey:=\xfe\n\n" + bytes([1, 1, 0, 0, 2, 2] * 4))
    assert read_mask(tmp_path / "a.nrrd")[0].tolist() == [1, 1, 0, 0, 2, 2]

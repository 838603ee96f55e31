from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, generate_uid

from napari_tbcad.errors import BadInput
from napari_tbcad.io.dicom import is_chest_dicom, read_dicom
from napari_tbcad.io.read import find_films, read_film

CR_IMAGE = "1.2.840.10008.5.1.4.1.1.1"
STORED = np.arange(12 * 10, dtype=np.uint16).reshape(12, 10) + 100


def written(path: Path, stored: np.ndarray = STORED, **attributes: object) -> Path:
    """Write a small CR film; an attribute of None is left out."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = CR_IMAGE
    dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CR_IMAGE, generate_uid()
    dataset.PatientName, dataset.PatientID, dataset.StudyDate = "Doe^Jane", "ID-4711", "20260101"
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "CR", "CHEST", "PA"
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = stored.astype("<u2").tobytes()
    for name, value in attributes.items():
        if value is None:
            del dataset[name]
        else:
            setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_rescale_window_and_spacing_are_read(tmp_path):
    film = read_dicom(
        written(
            tmp_path / "a.dcm",
            RescaleSlope=2,
            RescaleIntercept=-10,
            WindowCenter=["300", "1"],
            WindowWidth=["101", "2"],
            PixelSpacing=[0.2, 0.3],
        )
    )
    assert np.array_equal(film.pixels, STORED * 2.0 - 10)
    assert film.window == (249.5, 349.5)
    assert film.spacing_mm == (0.2, 0.3)
    assert film.view == "PA"
    assert not film.inverted
    assert film.warnings == ()


def test_monochrome1_is_turned_round_with_its_window(tmp_path):
    straight = read_dicom(written(tmp_path / "a.dcm", WindowCenter=200, WindowWidth=101))
    turned = read_dicom(
        written(
            tmp_path / "b.dcm",
            4095 - STORED,
            PhotometricInterpretation="MONOCHROME1",
            WindowCenter=4095 - 200 + 1,
            WindowWidth=101,
        )
    )
    assert turned.inverted
    assert np.array_equal(turned.pixels, straight.pixels)
    assert turned.window == pytest.approx(straight.window, abs=1.0)


@pytest.mark.parametrize("spacing", [[0, 0], [-0.1, 0.1], [400, 400]])
def test_impossible_pixel_spacing_is_unknown_with_a_warning(tmp_path, spacing):
    film = read_dicom(written(tmp_path / "a.dcm", PixelSpacing=spacing))
    assert film.spacing_mm is None
    assert any("PixelSpacing" in sentence for sentence in film.warnings)


def test_imager_pixel_spacing_is_used_and_named_in_the_record(tmp_path):
    film = read_dicom(written(tmp_path / "a.dcm", ImagerPixelSpacing=[0.15, 0.15]))
    assert film.spacing_mm == (0.15, 0.15)
    assert next(iter(film.record)).facts["spacing_from"] == "ImagerPixelSpacing"


def test_no_identifier_leaves_the_file(tmp_path):
    film = read_dicom(written(tmp_path / "a.dcm"))
    text = repr(film) + film.record.to_json()
    assert not any(secret in text for secret in ("Doe", "4711", "20260101"))


def test_lateral_view_is_read_and_complained_of(tmp_path):
    film = read_dicom(written(tmp_path / "a.dcm", ViewPosition="LL"))
    assert film.view == "LATERAL"
    assert any("lateral" in sentence for sentence in film.warnings)


def test_another_body_part_is_complained_of(tmp_path):
    film = read_dicom(written(tmp_path / "a.dcm", BodyPartExamined="HAND"))
    assert any("HAND" in sentence for sentence in film.warnings)


@pytest.mark.parametrize(
    ("modality", "words"), [("NM", "bone scan workflow"), ("CT", "computed tomography"), ("XX", "XX")]
)
def test_other_modalities_are_refused_by_name(tmp_path, modality, words):
    path = written(tmp_path / "a.dcm", Modality=modality)
    with pytest.raises(BadInput, match=words) as caught:
        read_film(path)
    assert "a.dcm" in str(caught.value)
    assert not is_chest_dicom(path)


@pytest.mark.parametrize(
    ("modality", "part", "chest"),
    [
        ("CR", "CHEST", True),
        ("DX", None, True),
        ("RF", "CHEST", True),
        ("SC", None, True),
        ("RF", "FOOT", False),
    ],
)
def test_header_tells_chest_films(tmp_path, modality, part, chest):
    path = written(tmp_path / "a.dcm", Modality=modality, BodyPartExamined=part)
    assert is_chest_dicom(path) is chest


def test_header_sniff_survives_any_file(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    assert not is_chest_dicom(tmp_path / "a.txt")
    assert not is_chest_dicom(tmp_path / "absent.dcm")
    assert not is_chest_dicom(tmp_path)


def test_first_of_several_frames_is_read_with_a_warning(tmp_path):
    film = read_dicom(written(tmp_path / "a.dcm", np.stack([STORED, STORED + 7]), NumberOfFrames=2))
    assert np.array_equal(film.pixels, STORED)
    assert any("2 frames" in sentence for sentence in film.warnings)


def test_colour_secondary_capture_becomes_grey(tmp_path):
    grey = np.tile(np.arange(10, dtype=np.uint8), (12, 1))
    path = written(
        tmp_path / "a.dcm",
        grey,
        Modality="SC",
        PhotometricInterpretation="RGB",
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=np.repeat(grey[..., None], 3, axis=2).tobytes(),
    )
    assert np.array_equal(read_dicom(path).pixels, grey)


def test_run_length_encoding_gives_the_same_pixels(tmp_path):
    path = written(tmp_path / "a.dcm")
    dataset = pydicom.dcmread(path)
    dataset.compress(RLELossless)
    dataset.save_as(tmp_path / "rle.dcm")
    assert np.array_equal(read_film(tmp_path / "rle.dcm").pixels, STORED)


@pytest.mark.parametrize("kept", [40, 140, 300, 0.7, 0.99])
def test_truncated_file_is_refused_with_its_name(tmp_path, kept):
    content = written(tmp_path / "a.dcm").read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(content[: kept if kept > 1 else int(kept * len(content))])
    with pytest.raises(BadInput, match=r"cut\.dcm"):
        read_film(cut)


def test_file_without_an_image_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no image"):
        read_film(written(tmp_path / "a.dcm", PixelData=None))


def test_folder_of_files_without_extension(tmp_path):
    written(tmp_path / "IM-0001")
    written(tmp_path / "1.2.840.113")
    (tmp_path / "readme").write_text("not a film")
    assert [film.name for film in find_films(tmp_path)] == ["1.2.840.113", "IM-0001"]
    assert read_film(tmp_path / "IM-0001").shape == STORED.shape


def test_old_file_without_preamble_is_read(tmp_path):
    dataset = pydicom.dcmread(written(tmp_path / "a.dcm"))
    bare = Dataset({element.tag: element for element in dataset})
    bare.save_as(tmp_path / "bare", implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert np.array_equal(read_film(tmp_path / "bare").pixels, STORED)


def test_file_that_is_dicom_and_tiff_at_once_is_read_as_dicom(tmp_path):
    content = written(tmp_path / "a.dcm").read_bytes()
    (tmp_path / "both.dcm").write_bytes(b"II*\x00" + content[4:])
    assert np.array_equal(read_film(tmp_path / "both.dcm").pixels, STORED)


@pytest.fixture
def data_store() -> Path:
    """Folder of the sample files in the package pydicom-data; nothing is downloaded."""
    store = pytest.importorskip("data_store")
    return Path(store.__file__).parent / "data"


@pytest.mark.parametrize(("compressed", "plain"), [("RG1_J2KR", "RG1_UNCR"), ("RG1_J2KI", "RG1_UNCI")])
def test_jpeg_2000_gives_the_uncompressed_pixels(data_store, compressed, plain):
    one, two = (read_film(data_store / f"{name}.dcm") for name in (compressed, plain))
    assert one.shape == (1955, 1841)
    assert np.array_equal(one.pixels, two.pixels)
    assert one.inverted
    assert one.view == "PA"
    assert one.window == two.window == (2768.0, 32767.0)


def test_truncated_jpeg_2000_is_refused(data_store, tmp_path):
    content = (data_store / "RG1_J2KR.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match=r"cut\.dcm"):
        read_film(tmp_path / "cut.dcm")


@pytest.mark.parametrize(
    "name",
    ["SC_rgb_jpeg.dcm", "SC_rgb_jpeg_gdcm.dcm", "SC_rgb_rle.dcm", "SC_rgb_gdcm_KY.dcm", "image_dfl.dcm"],
)
def test_every_common_compression_is_decoded(name):
    path = Path(pydicom.__file__).parent / "data" / "test_files" / name
    if not path.is_file():
        pytest.skip("this pydicom does not bring its sample files")
    film = read_film(path)
    assert film.pixels.max() > film.pixels.min()


@pytest.mark.realdata
def test_real_cr_film(shared_data):
    film = read_film(shared_data / "chest/dicom_cr/RG1_J2KR.dcm")
    assert film.shape == (1955, 1841)
    assert film.spacing_mm is None
    assert film.inverted
    assert is_chest_dicom(shared_data / "chest/dicom_cr/RG1_J2KR.dcm")


@pytest.mark.realdata
def test_real_bone_scans_are_refused(shared_data):
    scans = sorted((shared_data / "bone/nm1").rglob("*"))
    scans = [path for path in scans if path.is_file()]
    assert scans
    for path in scans:
        with pytest.raises(BadInput, match="bone scan workflow"):
            read_film(path)

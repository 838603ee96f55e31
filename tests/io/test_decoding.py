"""Stored values are stored values, whatever the header says of what they mean."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from napari_tbcad.io.clinic.deidentify import Deidentification
from napari_tbcad.io.decoding import decoded
from napari_tbcad.io.dicom_file import parse_dicom
from napari_tbcad.io.read import read_film


@pytest.mark.realdata
def test_twelve_bit_jpeg_gives_the_stored_values_and_they_are_scaled_and_turned_once(shared_data, tmp_path):
    original = shared_data / "bone" / "nm1" / "JPGExtended.dcm"
    stored = decoded(original, parse_dicom(original), frame=0)
    assert (int(stored.min()), int(stored.max())) == (0, 264)
    data = pydicom.dcmread(original)
    data.Modality, data.RescaleSlope, data.RescaleIntercept = "CR", "2", "10"
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    for meaning, first in (("MONOCHROME2", lambda film: film), ("MONOCHROME1", lambda film: 8210 - film)):
        data.PhotometricInterpretation = meaning
        data.save_as(tmp_path / "a.dcm")
        np.testing.assert_array_equal(decoded(tmp_path / "a.dcm", parse_dicom(tmp_path / "a.dcm"))[0], stored)
        np.testing.assert_array_equal(first(read_film(tmp_path / "a.dcm").pixels), 2.0 * stored + 10)
    clean = Deidentification().dataset(parse_dicom(tmp_path / "a.dcm"))
    np.testing.assert_array_equal(clean.pixel_array.reshape(stored.shape), stored)

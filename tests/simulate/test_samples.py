from __future__ import annotations

import json

import imageio.v3 as iio
import numpy as np
import pydicom
import pytest

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.simulate.samples import make_samples, sample_names, sample_path, write_simulated_set


def test_every_sample_has_a_film_and_the_true_lungs():
    for name in sample_names():
        path = sample_path(name)
        assert path.is_file()
        lungs = iio.imread(path.parents[1] / "masks" / f"{name}.png")
        assert set(np.unique(lungs)) == {0, 1, 2}
    with pytest.raises(BadInput, match="no such sample"):
        sample_path("real_patient")


def test_samples_stay_small():
    root = sample_path("normal_man").parents[1]
    assert sum(p.stat().st_size for p in root.rglob("*") if p.is_file()) < 3_000_000


def test_the_dicom_sample_is_a_monochrome1_film_without_identifiers():
    data = pydicom.dcmread(sample_path("normal_cr"))
    assert (data.Modality, data.PhotometricInterpretation, data.ViewPosition) == ("CR", "MONOCHROME1", "PA")
    assert [float(s) for s in data.PixelSpacing] == pytest.approx([358 / 512] * 2, abs=1e-5)
    assert not data.PatientName
    assert not data.PatientID
    assert not data.StudyDate
    # MONOCHROME1: air has the highest stored value.
    assert data.pixel_array[:5, :5].mean() > data.pixel_array[300:320, 250:260].mean()


@pytest.mark.slow
def test_samples_are_made_again_byte_for_byte(tmp_path):
    root = sample_path("normal_man").parents[1]
    written = make_samples(tmp_path)
    assert len(written) == 2 * len(sample_names()) + 3
    for path in written:
        assert path.read_bytes() == (root / path.relative_to(tmp_path)).read_bytes(), path.name


def test_a_simulated_set_has_films_truth_and_labels(tmp_path):
    seen = []
    table = write_simulated_set(tmp_path, 4, 7, size=96, progress=lambda done, text: seen.append(done))
    lines = table.read_text(encoding="utf-8-sig").split()
    assert lines[0] == "path,label,source"
    assert [line.split(",")[1:] for line in lines[1:]] == [[str(i % 2), "simulated"] for i in range(4)]
    assert seen == [0.25, 0.5, 0.75, 1.0]
    for i, line in enumerate(lines[1:]):
        name = f"chest{i:05d}"
        assert iio.imread(tmp_path / line.split(",")[0]).shape == (96, 96)
        lungs, lesions = (iio.imread(tmp_path / "truth" / f"{name}_{k}.png") for k in ("lungs", "lesions"))
        assert bool(lesions.any()) == bool(i % 2)
        assert not lesions[lungs == 0].any()
        facts = json.loads((tmp_path / "truth" / f"{name}.json").read_text())
        assert (facts["lesions"] is None) == (i % 2 == 0)


def test_a_film_of_a_set_depends_on_seed_and_number_alone(tmp_path):
    write_simulated_set(tmp_path / "a", 1, 7, size=64)
    write_simulated_set(tmp_path / "b", 2, 7, size=64)
    write_simulated_set(tmp_path / "c", 1, 8, size=64)
    first = [(tmp_path / k / "films" / "chest00000.png").read_bytes() for k in "abc"]
    assert first[0] == first[1] != first[2]


def test_a_set_can_be_cancelled_and_needs_a_film(tmp_path):
    with pytest.raises(Cancelled):
        write_simulated_set(tmp_path, 3, 0, size=64, cancelled=lambda: True)
    with pytest.raises(BadInput, match="at least one"):
        write_simulated_set(tmp_path, 0)

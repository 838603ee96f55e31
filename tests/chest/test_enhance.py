from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from napari_tbcad.chest.enhance import EnhanceParameters, enhance
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph


def film(scale: float = 1.0, offset: float = 0.0) -> Radiograph:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128]
    picture = 100 + 60 * np.sin(x / 20) * np.cos(y / 30) + rng.normal(0, 4, (128, 128))
    return Radiograph((picture * scale + offset).astype(np.float32), spacing_mm=(0.3, 0.3), source="a.png")


@pytest.mark.parametrize("name", ["gaussian", "guided", "none"])
@pytest.mark.parametrize("clahe", [True, False])
def test_levels_are_whole_numbers_of_8_bit(name, clahe):
    out = enhance(film(), EnhanceParameters(filter=name, clahe=clahe))
    assert out.pixels.dtype == np.float32
    assert out.pixels.min() >= 0
    assert out.pixels.max() <= 255
    np.testing.assert_array_equal(out.pixels, np.rint(out.pixels))
    assert out.spacing_mm == (0.3, 0.3)
    assert out.record.entries[-1].name == "enhance"


def test_units_of_the_detector_do_not_matter():
    a, b = enhance(film()), enhance(film(scale=16, offset=-1024))
    assert np.abs(a.pixels - b.pixels).max() <= 1  # rounding of the input to float32


def test_the_grey_range_is_recorded():
    low, high = enhance(film()).record.entries[-1].facts["grey_range"]
    assert film().pixels.min() <= low < high <= film().pixels.max()


def test_denoising_removes_noise_and_clahe_adds_contrast():
    plain = enhance(film(), EnhanceParameters(filter="none", clahe=False)).pixels

    def roughness(pixels: np.ndarray) -> float:
        return float(np.abs(np.diff(pixels, axis=1)).mean())

    for name in ("gaussian", "guided"):
        assert roughness(
            enhance(film(), EnhanceParameters(filter=name, clahe=False)).pixels
        ) < 0.8 * roughness(plain)
    faint = Radiograph(film().pixels.copy())
    faint.pixels[:, 64:] = 100 + 0.1 * (faint.pixels[:, 64:] - 100)
    without = enhance(faint, EnhanceParameters(clahe=False)).pixels[:, 70:]
    assert enhance(faint, EnhanceParameters(clip_limit=10)).pixels[:, 70:].std() > 1.5 * without.std()


def test_the_gaussian_kernel_is_five_by_five():
    impulse = np.zeros((31, 31), np.float32)
    impulse[15, 15] = 1
    parameters = EnhanceParameters(clahe=False, low_percentile=0, high_percentile=100)
    touched = np.argwhere(enhance(Radiograph(impulse * 1000), parameters).pixels > 0)
    assert touched.min() == 13
    assert touched.max() == 17


def test_a_constant_film_is_refused():
    with pytest.raises(BadInput, match="same grey value"):
        enhance(Radiograph(np.full((64, 64), 5.0, np.float32)))


def test_a_tiny_film_is_refused_with_the_reason():
    with pytest.raises(BadInput, match="too small"):
        enhance(Radiograph(np.eye(9, dtype=np.float32)))


def test_bounds_are_checked():
    with pytest.raises(ValidationError):
        EnhanceParameters(clip_limit=0)

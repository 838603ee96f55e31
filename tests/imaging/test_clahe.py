"""Contrast-limited adaptive histogram equalisation is that of scikit-image, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import exposure

from napari_tbcad.imaging.clahe import BINS, clahe


def pictures() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    noise = random.random((100, 131), dtype=np.float32)
    smooth = ndimage.gaussian_filter(random.random((256, 200), dtype=np.float32), 4)
    return {
        "noise": noise,
        "smooth": (smooth - smooth.min()) / np.ptp(smooth),
        "two levels": (noise > 0.9) * np.float32(0.3) + np.float32(0.1),
        "few levels": (np.round(noise * 3) / 7).astype(np.float32),
        "tiny": noise[:16, :17],
    }


@pytest.mark.parametrize("name", pictures())
@pytest.mark.parametrize("tiles", [1, 3, 8])
@pytest.mark.parametrize("clip", [1.0, 2.0, 40.0])
def test_the_values_are_those_of_scikit_image(name, tiles, clip):
    unit = pictures()[name]
    kernel = tuple(-(-side // tiles) for side in unit.shape)
    wanted = exposure.equalize_adapthist(unit, kernel_size=kernel, clip_limit=clip / BINS, nbins=BINS)
    found = clahe(unit, kernel=kernel, clip_limit=clip / BINS)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.stability import MEDIAN, group_of, icc, stability

# Shrout and Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)


def test_published_value_and_interval():
    """Shrout and Fleiss give ICC(2,1) = 0.29 for their table; R's psych::ICC prints 0.019 to 0.761."""
    found = icc(SHROUT_FLEISS)
    assert found.value == pytest.approx(0.2898, abs=5e-5)
    assert found.low == pytest.approx(0.0188, abs=5e-4)
    assert found.high == pytest.approx(0.7611, abs=5e-4)


def test_a_constant_shift_counts_against_agreement():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    noisy = truth[:, None] + 0.1 * rng.normal(size=(200, 2))
    assert icc(noisy).value > 0.98
    assert icc(noisy + np.array([0, 2])).value < 0.5
    assert icc(noisy * 1e6 + 1e9).value == pytest.approx(icc(noisy).value, abs=1e-6)


def test_the_interval_covers_the_true_agreement():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(300):
        readers = rng.normal(size=30)[:, None] + 0.5 * rng.normal(size=(30, 2))
        found = icc(readers)
        inside += found.low <= 1 / 1.25 <= found.high
    assert 0.91 <= inside / 300 <= 0.985


def test_ends_without_error_or_variation():
    same = np.arange(8.0)
    assert icc(np.column_stack([same, same])) == (1, 1, 1)
    assert np.isnan(icc(np.ones((5, 2))).value)
    assert np.isnan(icc(np.ones((2, 2)) * [[1], [2]]).value)
    with pytest.raises(BadInput, match="two readers"):
        icc(np.ones((5, 1)))


def test_table_of_features_and_medians_of_their_families():
    rng = np.random.default_rng(2)
    names = ["height_left", "glcm_contrast_0", "glcm_energy_0", "opacity_logodds_left_upper", "mode_01"]
    one = pd.DataFrame(rng.normal(size=(40, 5)), columns=names, index=[f"{i}.png" for i in range(40)])
    two = one.iloc[::-1].copy()
    two["height_left"] += 1.0
    two["glcm_energy_0"] = rng.normal(size=40)
    table = stability(one, two).set_index("feature")
    assert table.loc["height_left", "bias"] == pytest.approx(-1)
    assert table.loc["glcm_contrast_0", "icc"] == pytest.approx(1)
    assert abs(table.loc["glcm_energy_0", "icc"]) < 0.5
    medians = table.loc[MEDIAN].set_index("group")
    assert set(medians.index) == {"shape", "modes", "glcm", "opacity"}
    expected = table.loc[["glcm_contrast_0", "glcm_energy_0"], "icc"].mean()
    assert medians.loc["glcm", "icc"] == pytest.approx(expected)
    assert group_of("firstorder_mean") == "firstorder"


def test_films_without_partner_are_left_out_and_none_is_refused():
    table = pd.DataFrame({"a": [1.0, 2, 3, 4]}, index=list("wxyz"))
    assert stability(table, table.iloc[1:])["n"].iloc[0] == 3
    with pytest.raises(BadInput, match="0 films"):
        stability(table, table.rename(index=str.upper))

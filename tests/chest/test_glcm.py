from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_tbcad.chest import glcm

LEVELS = 6
IMAGES = hnp.arrays(
    np.uint8, st.tuples(st.integers(3, 9), st.integers(3, 9)), elements=st.integers(0, LEVELS - 1)
)


def texture(levels, mask=None, n_levels=LEVELS, **options):
    levels = np.asarray(levels)
    mask = np.ones(levels.shape, bool) if mask is None else mask
    return glcm.glcm_features(glcm.cooccurrence(levels, mask, n_levels), **options)


def varied(image):
    """Whether every direction sees more than one level, so that all features exist."""
    return np.isfinite(texture(image)["correlation_1"]).all()


def textured(shape=(60, 50), n_levels=8, seed=0):
    from scipy import ndimage

    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.2)
    ranks = noise.ravel().argsort().argsort().reshape(shape)
    return (ranks * n_levels // ranks.size).astype(np.uint8)


def counted_by_hand(levels, mask, n_levels, step):
    counts = np.zeros((n_levels, n_levels), int)
    rows, columns = levels.shape
    for r in range(rows):
        for c in range(columns):
            s, t = r + step[0], c + step[1]
            if 0 <= s < rows and 0 <= t < columns and mask[r, c] and mask[s, t]:
                counts[levels[r, c], levels[s, t]] += 1
                counts[levels[s, t], levels[r, c]] += 1
    return counts


@given(IMAGES, st.randoms(use_true_random=False), st.integers(1, 2))
def test_a_pair_counts_only_if_both_pixels_lie_in_the_mask(levels, random, distance):
    mask = np.array([[random.random() < 0.7 for _ in row] for row in levels])
    found = glcm.cooccurrence(levels, mask, LEVELS, distance=distance)
    for matrix, step in zip(found, glcm.DIRECTIONS.values(), strict=True):
        assert (matrix == counted_by_hand(levels, mask, LEVELS, np.multiply(step, distance))).all()


@given(IMAGES, IMAGES)
def test_what_lies_outside_the_mask_does_not_matter(levels, other):
    mask = np.zeros(levels.shape, bool)
    mask[1:, :2] = True
    noise = np.resize(other, levels.shape) + 100
    before = glcm.cooccurrence(levels, mask, LEVELS)
    after = glcm.cooccurrence(np.where(mask, levels, noise), mask, LEVELS)
    assert (before == after).all()


def test_a_mask_without_pairs_counts_nothing():
    levels = np.zeros((3, 3), np.uint8)
    assert glcm.cooccurrence(levels, np.eye(3, dtype=bool), 2, angles=(0, 45, 90)).sum() == 0
    assert glcm.cooccurrence(levels, np.ones((3, 3), bool), 2, distance=5).sum() == 0
    assert np.isnan(texture(levels, np.zeros((3, 3), bool), 2)["contrast"]).all()


@pytest.mark.parametrize("n_levels", [2, 32, 255, 256])
def test_every_number_of_levels_is_counted_without_overflow(n_levels):
    levels = np.random.default_rng(0).integers(0, n_levels, (40, 40)).astype(np.uint8)
    levels[0, :2] = n_levels - 1
    mask = np.ones(levels.shape, bool)
    matrix = glcm.cooccurrence(levels, mask, n_levels, angles=(0,))[0]
    assert (matrix == counted_by_hand(levels, mask, n_levels, (0, 1))).all()


@given(IMAGES.filter(varied))
def test_formulas_written_as_double_sums_over_the_matrix(levels):
    counts = glcm.cooccurrence(levels, np.ones(levels.shape, bool), LEVELS)[:1]
    found = {name: float(value[0]) for name, value in glcm.glcm_features(counts).items()}
    p = counts[0] / counts[0].sum()
    i, j = np.indices(p.shape) + 1
    px, py = p.sum(1), p.sum(0)
    mu_x, mu_y = (i * p).sum(), (j * p).sum()
    s_x, s_y = np.sqrt(((i - mu_x) ** 2 * p).sum()), np.sqrt(((j - mu_y) ** 2 * p).sum())
    positive = p > 0
    hxy = -(p[positive] * np.log2(p[positive])).sum()
    product = np.outer(px, py)
    hxy1 = -(p[positive] * np.log2(product[positive])).sum()
    hxy2 = -(product[product > 0] * np.log2(product[product > 0])).sum()
    hx = -(px[px > 0] * np.log2(px[px > 0])).sum()
    wanted = {
        "autocorrelation": (i * j * p).sum(),
        "contrast": ((i - j) ** 2 * p).sum(),
        "correlation_1": ((i - mu_x) * (j - mu_y) * p).sum() / (s_x * s_y),
        "correlation_2": ((i * j * p).sum() - mu_x * mu_y) / (s_x * s_y),
        "cluster_prominence": ((i + j - mu_x - mu_y) ** 4 * p).sum(),
        "cluster_shade": ((i + j - mu_x - mu_y) ** 3 * p).sum(),
        "dissimilarity": (abs(i - j) * p).sum(),
        "energy": (p**2).sum(),
        "entropy": hxy,
        "homogeneity_1": (p / (1 + abs(i - j))).sum(),
        "homogeneity_2": (p / (1 + (i - j) ** 2)).sum(),
        "maximum_probability": p.max(),
        "sum_of_squares": ((i - mu_x) ** 2 * p).sum(),
        "sum_average": ((i + j) * p).sum(),
        "sum_variance": ((i + j - mu_x - mu_y) ** 2 * p).sum(),
        "difference_variance": ((abs(i - j) - (abs(i - j) * p).sum()) ** 2 * p).sum(),
        "information_correlation_1": (hxy - hxy1) / hx,
        "information_correlation_2": np.sqrt(max(1 - np.exp(-2 * (hxy2 - hxy)), 0)),
        "inverse_difference_normalised": (p / (1 + abs(i - j) / LEVELS)).sum(),
        "inverse_difference_moment_normalised": (p / (1 + (i - j) ** 2 / LEVELS**2)).sum(),
    }
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-6), name


SHIFT_INVARIANT = (
    "contrast",
    "correlation_1",
    "correlation_2",
    "cluster_prominence",
    "cluster_shade",
    "dissimilarity",
    "energy",
    "entropy",
    "homogeneity_1",
    "homogeneity_2",
    "maximum_probability",
    "sum_of_squares",
    "sum_variance",
    "sum_entropy",
    "difference_variance",
    "difference_entropy",
    "information_correlation_1",
)


@given(IMAGES.filter(varied), st.integers(1, 4))
def test_a_shift_of_all_levels_leaves_differences_and_spread(levels, shift):
    before, after = texture(levels, n_levels=10), texture(levels + shift, n_levels=10)
    for name in SHIFT_INVARIANT:
        np.testing.assert_allclose(before[name], after[name], rtol=1e-9, atol=1e-8, err_msg=name)
    np.testing.assert_allclose(after["sum_average"], before["sum_average"] + 2 * shift)


@given(IMAGES.filter(varied))
def test_mirroring_swaps_the_diagonals(levels):
    before, after = texture(levels), texture(levels[:, ::-1])
    for name in glcm.GLCM_NAMES:
        np.testing.assert_allclose(before[name][[0, 3, 2, 1]], after[name], atol=1e-9, err_msg=name)


@given(IMAGES.filter(varied))
def test_a_quarter_turn_swaps_rows_and_columns(levels):
    before, after = texture(levels), texture(np.rot90(levels))
    for name in glcm.GLCM_NAMES:
        np.testing.assert_allclose(before[name][[2, 3, 0, 1]], after[name], atol=1e-9, err_msg=name)


@given(IMAGES.filter(varied))
def test_bounds(levels):
    found = texture(levels)
    for name in (
        "energy",
        "homogeneity_1",
        "homogeneity_2",
        "maximum_probability",
        "information_correlation_2",
    ):
        assert ((found[name] >= 0) & (found[name] <= 1 + 1e-12)).all(), name
    assert (abs(found["correlation_1"]) <= 1 + 1e-12).all()
    assert (
        (found["information_correlation_1"] >= -1 - 1e-12) & (found["information_correlation_1"] <= 0)
    ).all()
    np.testing.assert_allclose(found["correlation_1"], found["correlation_2"], atol=1e-9)
    np.testing.assert_allclose(found["sum_variance"], found["cluster_tendency"])


def test_a_single_level_has_no_correlation_and_says_so():
    found = texture(np.zeros((4, 4), np.uint8))
    assert np.isnan(found["correlation_1"]).all()
    assert (found["contrast"] == 0).all()


def test_uppuluri_differs_where_the_matlab_function_does():
    levels = textured()
    ibsi, matlab = texture(levels, n_levels=8), texture(levels, n_levels=8, definition="uppuluri")
    changed = {
        "entropy",
        "sum_entropy",
        "difference_entropy",
        "information_correlation_2",
        "sum_of_squares",
        "sum_variance",
        "difference_variance",
    }
    same = {name for name in glcm.GLCM_NAMES if np.allclose(ibsi[name], matlab[name])}
    assert set(glcm.GLCM_NAMES) - same == changed
    for name in ("entropy", "sum_entropy", "difference_entropy"):
        np.testing.assert_allclose(matlab[name], ibsi[name] * np.log(2))
    np.testing.assert_allclose(matlab["difference_variance"], matlab["contrast"])
    p = glcm.cooccurrence(levels, np.ones(levels.shape, bool), 8)[0]
    p = p / p.sum()
    i, j = np.indices(p.shape) + 1
    assert matlab["sum_of_squares"][0] == pytest.approx(((i - p.mean()) ** 2 * p).sum())
    assert matlab["sum_variance"][0] == pytest.approx(((i + j - matlab["sum_entropy"][0]) ** 2 * p).sum())


@pytest.mark.parametrize("definition", ["ibsi", "uppuluri"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_torch_agrees_with_numpy(dtype, definition):
    torch = pytest.importorskip("torch")
    levels = textured((200, 150), 32)
    mask = np.hypot(*(np.indices(levels.shape) - [[[100]], [[75]]])) < 70
    reference = texture(levels, mask, 32, definition=definition)
    counts = glcm.cooccurrence(torch.as_tensor(levels), torch.as_tensor(mask), 32)
    assert (counts.numpy() == glcm.cooccurrence(levels, mask, 32)).all()
    found = glcm.glcm_features(counts, definition=definition, dtype=getattr(torch, dtype))
    for name, value in reference.items():
        assert str(found[name].dtype) == f"torch.{dtype}"
        # Shade is the sum of large cubes of both signs: its unit is the spread to the third power.
        unit = float(reference["cluster_tendency"].max()) ** 1.5 if name == "cluster_shade" else 1.0
        np.testing.assert_allclose(found[name].numpy(), value, rtol=1e-5, atol=1e-5 * unit, err_msg=name)


def test_bins_are_equal_and_include_both_ends():
    table = glcm.bin_edges_table(50, 113, 32)
    assert table[50] == 0
    assert table[113] == 31
    assert table[:50].max() == 0
    assert table[114:].min() == 31
    edges = 50 + np.arange(33) * 63 / 32
    expected = np.clip(np.searchsorted(edges, np.arange(50, 114), side="right") - 1, 0, 31)
    assert (table[50:114] == expected).all()
    assert (glcm.bin_edges_table(0, 255, 256) == np.arange(256)).all()
    assert (glcm.bin_edges_table(9, 9, 32)[[0, 9, 255]] == [0, 0, 31]).all()


# --- other libraries, where definitions coincide


def test_scikit_image_agrees():
    from skimage.feature import graycomatrix, graycoprops

    levels = textured()
    found = texture(levels, n_levels=8)
    # Its 45° runs down and right: our 135°.
    theirs = graycomatrix(
        levels, [1], [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4], 8, symmetric=True, normed=True
    )
    pairs = {
        "contrast": "contrast",
        "dissimilarity": "dissimilarity",
        "homogeneity": "homogeneity_2",
        "ASM": "energy",
        "correlation": "correlation_1",
        "variance": "sum_of_squares",
        "entropy": "entropy",
    }
    for property_, name in pairs.items():
        value = graycoprops(theirs, property_)[0][[0, 3, 2, 1]]
        factor = np.log2(np.e) if property_ == "entropy" else 1.0
        np.testing.assert_allclose(found[name], value * factor, rtol=1e-9, err_msg=name)


def test_mahotas_agrees_inside_a_mask():
    mahotas = pytest.importorskip("mahotas")
    levels = textured()
    mask = np.hypot(*(np.indices(levels.shape) - [[[30]], [[25]]])) < 22
    # mahotas ignores pairs with a zero, so level 0 stands for "outside"; its levels are ours plus one.
    theirs = mahotas.features.haralick(np.where(mask, levels + 1, 0).astype(np.uint8), ignore_zeros=True)
    found = texture(levels, mask, 8)
    columns = {
        0: "energy",
        1: "contrast",
        2: "correlation_1",
        3: "sum_of_squares",
        4: "homogeneity_2",
        6: "sum_variance",
        7: "sum_entropy",
        8: "entropy",
        10: "difference_entropy",
        11: "information_correlation_1",
    }
    for column, name in columns.items():
        for k, angle in enumerate((0, 135, 90, 45)):
            ours = found[name][list(glcm.DIRECTIONS).index(angle)]
            assert theirs[k, column] == pytest.approx(ours, rel=1e-6), (name, angle)


@pytest.mark.parametrize("masked", [False, True])
def test_nyxus_agrees(masked):
    nyxus = pytest.importorskip("nyxus")
    levels = textured()
    mask = np.ones(levels.shape, bool)
    if masked:
        mask = np.hypot(*(np.indices(levels.shape) - [[[30]], [[25]]])) < 22
    engine = nyxus.Nyxus(["*ALL_GLCM*"], ibsi=True, coarse_gray_depth=8, n_feature_calc_threads=1)
    engine.set_metaparam("glcm/offset=1")
    row = engine.featurize((levels + 1).astype(np.uint32), mask.astype(np.uint32)).iloc[0]
    found = texture(levels, mask, 8)
    names = {
        "ACOR": "autocorrelation",
        "ASM": "energy",
        "CLUPROM": "cluster_prominence",
        "CLUSHADE": "cluster_shade",
        "CONTRAST": "contrast",
        "CORRELATION": "correlation_1",
        "DIS": "dissimilarity",
        "ID": "homogeneity_1",
        "IDM": "homogeneity_2",
        "JAVE": "joint_average",
        "JE": "entropy",
        "JMAX": "maximum_probability",
        "SUMAVERAGE": "sum_average",
        "SUMENTROPY": "sum_entropy",
        "DIFENTRO": "difference_entropy",
        "DIFVAR": "difference_variance",
        "IV": "inverse_variance",
    }
    for theirs, name in names.items():
        # Its 45° and 135° are exchanged.
        value = np.array([row[f"GLCM_{theirs}_{angle}"] for angle in (0, 135, 90, 45)])
        # Its logarithm is an approximation.
        close = 5e-3 if "entropy" in name else 1e-5
        np.testing.assert_allclose(found[name], value, rtol=close, atol=1e-6, err_msg=name)


def test_the_documentation_holds_the_formulas_of_the_code():
    page = Path(__file__).resolve().parents[2] / "docs" / "features.md"
    assert glcm.formula_table() in page.read_text(encoding="utf-8")

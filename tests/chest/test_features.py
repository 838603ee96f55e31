from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_tbcad.chest.features import (
    ChestFeatures,
    FeatureParameters,
    chest_features,
    eight_bit,
    feature_groups,
    feature_names,
    redundant_names,
)
from napari_tbcad.chest.glcm import bin_edges_table, cooccurrence, glcm_features
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.shape import SHAPE_NAMES, shape_features
from napari_tbcad.chest.shape_model import ShapeModelParameters, fit_shape_model, outline_points
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.memory import Memory
from napari_tbcad.record import Step

SIDE = 128
GRID = FeatureParameters(grid=SIDE)


def lungs(side=SIDE, width=0.15):
    rows, columns = np.mgrid[:side, :side] / side
    labels = np.zeros((side, side), np.uint8)
    labels[((columns - 0.29) / width) ** 2 + ((rows - 0.48) / 0.34) ** 2 < 1] = 1
    labels[((columns - 0.71) / width) ** 2 + ((rows - 0.47) / 0.32) ** 2 < 1] = 2
    return labels


def film(side=SIDE, seed=0):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(side, side)), 2)
    return Radiograph(np.rint(20 + 200 * (noise - noise.min()) / np.ptp(noise)), source="film.png")


def both(labels):
    return LungMasks(labels, "sensitive"), LungMasks(labels, "insensitive")


def wider(labels):
    """The insensitive mask reaches further than the sensitive one."""
    return LungMasks(labels, "sensitive"), LungMasks(lungs(len(labels), 0.19), "insensitive")


@pytest.fixture(scope="module")
def model():
    outlines = np.stack([outline_points(lungs(width=w), n_points=30) for w in np.linspace(0.1, 0.18, 8)])
    rng = np.random.default_rng(0)
    outlines = outlines + rng.normal(scale=0.3, size=outlines.shape)
    return fit_shape_model(outlines, ShapeModelParameters(n_points=30, n_modes=4))


@pytest.mark.parametrize(
    ("feature_set", "length"), [("chandra113", 113), ("listed17", 93), ("project21", 21)]
)
def test_named_sets_have_their_length_and_finite_values(feature_set, length):
    found = chest_features(film(), *both(lungs()), GRID.model_copy(update={"feature_set": feature_set}))
    assert found.names == feature_names(feature_set)
    assert len(set(found.names)) == len(found.names) == length
    assert found.values.dtype == np.float64
    assert np.isfinite(found.values).all()
    assert dict(zip(found.names, found.groups, strict=True)) == feature_groups(feature_set)
    assert (found.feature_set, found.definition, found.grid) == (feature_set, "ibsi", SIDE)


def test_chandra113_is_17_8_and_22_in_four_directions():
    groups = list(feature_groups("chandra113").values())
    assert [groups.count(g) for g in ("shape", "firstorder", "glcm")] == [17, 8, 88]
    names = feature_names("chandra113")
    assert names[:17] == SHAPE_NAMES
    assert names[17] == "firstorder_mean"
    for angle in (0, 45, 90, 135):
        assert f"glcm_contrast_{angle}" in names


def test_listed17_leaves_out_the_five():
    dropped = set(feature_names("chandra113")) - set(feature_names("listed17"))
    assert {name.removeprefix("glcm_").rsplit("_", 1)[0] for name in dropped} == {
        "autocorrelation",
        "energy",
        "sum_average",
        "sum_variance",
        "difference_variance",
    }


def test_extended_has_all_and_the_modes(model):
    parameters = GRID.model_copy(update={"feature_set": "extended"})
    found = chest_features(film(), *both(lungs()), parameters, shape_model=model)
    assert set(feature_names("chandra113")) < set(found.names)
    assert found.of_group("modes") == ("mode_01", "mode_02", "mode_03", "mode_04")
    assert found.names == feature_names("extended", n_modes=4)
    assert found.select(["mode_01"])[0] == pytest.approx(model.features(lungs())[0])
    with pytest.raises(BadInput, match="shape model"):
        chest_features(film(), *both(lungs()), parameters)


def test_shape_reads_the_sensitive_mask_and_texture_the_insensitive_one():
    image, (sensitive, insensitive) = film(), wider(lungs())
    found = chest_features(image, sensitive, insensitive, GRID).as_dict()
    assert found["width_ratio_left_3"] == shape_features(sensitive.labels)["width_ratio_left_3"]
    grey, inside = image.pixels.astype(np.uint8), insensitive.labels > 0
    assert found["firstorder_mean"] == pytest.approx(grey[inside].mean())
    levels = bin_edges_table(grey[inside].min(), grey[inside].max(), 32)[grey]
    texture = glcm_features(cooccurrence(levels, inside, 32))
    for k, angle in enumerate((0, 45, 90, 135)):
        assert found[f"glcm_contrast_{angle}"] == pytest.approx(texture["contrast"][k])


def test_nothing_outside_the_insensitive_mask_is_read():
    image, masks = film(), both(lungs())
    other = np.where(masks[1].labels > 0, image.pixels, 255)
    assert (
        chest_features(image, *masks, GRID).values == chest_features(Radiograph(other), *masks, GRID).values
    ).all()


def test_only_shape_does_not_need_the_pixels():
    blank = Radiograph(np.zeros((SIDE, SIDE)))
    found = chest_features(blank, *both(lungs()), GRID, only="shape")
    assert found.names == SHAPE_NAMES == feature_names("chandra113", only="shape")
    assert (found.values == chest_features(film(), *both(lungs()), GRID).values[:17]).all()


def test_masks_on_the_films_own_grid_are_brought_to_the_image():
    large = lungs(4 * SIDE)
    found = chest_features(film(), *both(large), GRID).as_dict()
    same = chest_features(film(), *both(lungs()), GRID).as_dict()
    assert found["height_left"] == pytest.approx(same["height_left"], abs=1)
    assert found["firstorder_mean"] == pytest.approx(same["firstorder_mean"], rel=0.01)


@pytest.mark.parametrize(("value", "name"), [(1, "right"), (2, "left")])
@pytest.mark.parametrize("kind", ["sensitive", "insensitive"])
def test_a_missing_lung_is_an_error_that_names_lung_and_mask(value, name, kind):
    masks = {"sensitive": lungs(), "insensitive": lungs()}
    masks[kind] = np.where(masks[kind] == value, 0, masks[kind])
    given = [LungMasks(labels, k) for k, labels in masks.items()]
    with pytest.raises(BadInput, match=rf"film.png: the {name} lung is missing from the {kind} mask"):
        chest_features(film(), *given, GRID)


def test_an_empty_mask_is_an_error():
    empty = np.zeros((SIDE, SIDE), np.uint8)
    with pytest.raises(BadInput, match="both lungs are missing"):
        chest_features(film(), *both(empty), GRID)


def test_a_constant_film_is_an_error_and_never_a_row_of_numbers():
    with pytest.raises(BadInput, match="one single grey level"):
        chest_features(Radiograph(np.full((SIDE, SIDE), 90.0)), *both(lungs()), GRID)


def test_a_lung_without_pairs_is_an_error_that_names_the_feature():
    # One pixel a lung: no neighbours, so the co-occurrence matrix is empty.
    labels = np.zeros((SIDE, SIDE), np.uint8)
    labels[40, 30], labels[44, 90] = 1, 2
    with pytest.raises(BadInput, match="cannot be computed"):
        chest_features(film(), *both(labels), GRID)


def test_the_grid_is_checked():
    with pytest.raises(BadInput, match="to_grid"):
        chest_features(film(), *both(lungs()), FeatureParameters(grid=64))
    assert "smaller" in chest_features(film(), *both(lungs()), FeatureParameters(grid=256)).warnings[0]
    assert chest_features(film(), *both(lungs()), GRID).warnings == ()


def test_an_enhanced_film_has_eight_bits():
    with pytest.raises(BadInput, match="0…255"):
        chest_features(Radiograph(film().pixels * 100), *both(lungs()), GRID)


def test_a_raw_film_is_stretched():
    raw = Radiograph(film().pixels * 100 - 500)
    grey = eight_bit(raw, "raw")
    assert (grey.min(), grey.max()) == (0, 255)
    found = chest_features(raw, *both(lungs()), GRID.model_copy(update={"image": "raw"}))
    assert np.isfinite(found.values).all()


def test_bins_of_the_mask_do_not_change_with_brightness_but_fixed_ones_do():
    image, masks = film(), both(lungs())
    dim = Radiograph(image.pixels - 20)
    names = ["glcm_autocorrelation_0", "glcm_contrast_90"]
    by_mask = [chest_features(f, *masks, GRID).select(names) for f in (image, dim)]
    np.testing.assert_allclose(*by_mask)
    fixed = GRID.model_copy(update={"discretisation": "fixed"})
    values = [chest_features(f, *masks, fixed).select(names) for f in (image, dim)]
    assert abs(values[0][0] - values[1][0]) > 1


def test_every_parameter_reaches_the_numbers():
    image, masks = film(), both(lungs(width=0.13))
    standard = chest_features(image, *masks, GRID).values
    labels = lungs()
    labels[:60][labels[:60] == 1] = 0
    for change in ({"definition": "uppuluri"}, {"levels": 16}, {"distance": 2}, {"shape_unit": "relative"}):
        other = chest_features(image, *masks, GRID.model_copy(update=change)).values
        assert not np.allclose(other, standard), change
    own, shared = (
        chest_features(image, *both(labels), GRID.model_copy(update={"shared_rows": s})).values
        for s in (False, True)
    )
    assert not np.allclose(own, shared)


def test_project21_uses_scikit_images_definitions():
    found = chest_features(
        film(), *both(lungs()), GRID.model_copy(update={"feature_set": "project21"})
    ).as_dict()
    full = chest_features(film(), *both(lungs()), GRID).as_dict()
    angles = (0, 45, 90, 135)
    assert found["glcm_asm_mean"] == pytest.approx(np.mean([full[f"glcm_energy_{a}"] for a in angles]))
    assert found["glcm_energy_mean"] == pytest.approx(
        np.mean([full[f"glcm_energy_{a}"] ** 0.5 for a in angles])
    )
    assert found["glcm_homogeneity_mean"] == pytest.approx(
        np.mean([full[f"glcm_homogeneity_2_{a}"] for a in angles])
    )


@pytest.mark.parametrize("definition", ["ibsi", "uppuluri"])
def test_torch_gives_the_same_row(definition):
    pytest.importorskip("torch")
    parameters = GRID.model_copy(update={"definition": definition})
    ours = chest_features(film(), *wider(lungs()), parameters).values
    theirs = chest_features(film(), *wider(lungs()), parameters, device="cpu").values
    np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-5)


def test_the_record_says_what_was_measured():
    image = film().after(Step("enhance"))
    found = chest_features(image, *both(lungs()), GRID)
    assert [step.name for step in found.record] == ["enhance", "features"]
    last = found.record.entries[-1]
    assert last.parameters["levels"] == 32
    assert last.facts == {
        "shape": [SIDE, SIDE],
        "masks": {"sensitive": "automatic", "insensitive": "automatic"},
    }


def test_redundant_columns_repeat_others():
    found = chest_features(film(), *both(lungs()), GRID).as_dict()
    assert len(redundant_names("chandra113")) == 4
    for name in redundant_names("chandra113"):
        assert found[name] == pytest.approx(found[name.replace("correlation_2", "correlation_1")])


def test_select_keeps_the_order_and_refuses_what_is_not_there():
    found = chest_features(film(), *both(lungs()), GRID)
    names = ["glcm_contrast_0", "height_left"]
    assert found.select(names).tolist() == [found.as_dict()[name] for name in names]
    with pytest.raises(BadInput, match="mode_01"):
        found.select(["mode_01"])
    with pytest.raises(BadInput):
        ChestFeatures(("a",), np.zeros(2), ("shape",), "chandra113", "ibsi", 512)


@pytest.mark.parametrize(
    "change", [{"levels": 1}, {"levels": 257}, {"feature_set": "mine"}, {"grid": 8}, {"wrong": 1}]
)
def test_parameters_are_checked(change):
    with pytest.raises(ValueError):
        FeatureParameters(**change)


@pytest.mark.realdata
def test_real_films_give_a_full_row(shared_data):
    from imageio.v3 import imread

    folder = shared_data / "chest" / "pneumonia_lesions"
    masks = sorted((folder / "lungs").glob("*.png"))[:3]
    assert masks
    for path in masks:
        film_path = next(
            p for p in folder.rglob(f"{path.stem}.*") if p.parent.name not in ("lungs", "lesions")
        )
        pixels = imread(film_path)
        pixels = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
        drawn = imread(path)
        labels = np.choose(drawn.clip(0, 2), [0, 2, 1]).astype(np.uint8)  # drawn: 1 left, 2 right
        found = chest_features(Radiograph(np.rint(pixels)), *both(labels))
        assert np.isfinite(found.values).all()
        assert 100 < found.as_dict()["height_left"] < 512


@pytest.mark.parametrize("side", [SIDE, 2 * SIDE + 13])
def test_what_is_remembered_changes_no_value(side):
    """Strokes on either mask, in place or not, other images and parameters: as without a memory."""
    rng = np.random.default_rng(0)
    outline = np.stack([outline_points(lungs(width=w), n_points=20) for w in (0.12, 0.14, 0.16, 0.17)])
    model = fit_shape_model(outline, ShapeModelParameters(n_points=20, n_modes=3))
    memory = Memory()
    labels = {kind: lungs(side) for kind in ("sensitive", "insensitive")}
    image, parameters = film(), FeatureParameters(grid=SIDE, feature_set="extended")
    for turn in range(12):
        kind = ("sensitive", "insensitive")[turn % 2]
        if turn % 3:
            labels[kind] = labels[kind].copy()
        r, c = rng.integers(side // 5, 4 * side // 5, 2)
        labels[kind][r : r + side // 8, c : c + side // 9] = rng.integers(0, 3)
        if turn == 6:
            image = film(seed=1)
        if turn == 8:
            parameters = parameters.model_copy(update={"levels": 16})
        masks = [LungMasks(labels[k], k) for k in ("sensitive", "insensitive")]
        kept = chest_features(image, *masks, parameters, shape_model=model, memory=memory)
        anew = chest_features(image, *masks, parameters, shape_model=model)
        np.testing.assert_array_equal(kept.values, anew.values)


def test_only_what_a_mask_is_for_is_measured_again(monkeypatch):
    from napari_tbcad.chest import features

    made = []
    for name in ("_shape_values", "_grey_values"):
        own = getattr(features, name)
        monkeypatch.setattr(features, name, lambda *a, own=own, name=name: made.append(name) or own(*a))
    memory, image = Memory(), film()
    sensitive, insensitive = LungMasks(lungs(), "sensitive"), LungMasks(lungs(), "insensitive")
    chest_features(image, sensitive, insensitive, GRID, memory=memory)
    made.clear()
    chest_features(image, LungMasks(lungs(width=0.13), "sensitive"), insensitive, GRID, memory=memory)
    assert made == ["_shape_values"]
    made.clear()
    narrow = LungMasks(lungs(width=0.13), "insensitive")
    chest_features(image, LungMasks(lungs(width=0.13), "sensitive"), narrow, GRID, memory=memory)
    assert made == ["_grey_values"]

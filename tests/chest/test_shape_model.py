from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, LungMasks
from napari_tbcad.chest.shape_model import (
    ShapeModel,
    ShapeModelParameters,
    fit_shape_model,
    mode_names,
    outline_points,
    rasterise,
)
from napari_tbcad.errors import BadInput, ModelRefused

POINTS = 40
SMALL = ShapeModelParameters(n_points=POINTS, n_modes=5)


def lungs(width=0.15, height=0.34, lean=0.0, side=200, shift=(0.0, 0.0), size=1.0):
    """Two ellipses that can be fat, long, leaning, moved and magnified."""
    rows, columns = (np.mgrid[:side, :side] / side - 0.5) / size
    rows, columns = rows - shift[0], columns - shift[1]
    labels = np.zeros((side, side), np.uint8)
    for value, middle, wide in ((1, -0.21, width), (2, 0.21, 0.8 * width)):
        labels[((columns - middle - lean * rows) / wide) ** 2 + (rows / height) ** 2 < 1] = value
    return labels


def family(n=30, seed=0):
    rng = np.random.default_rng(seed)
    return [
        lungs(0.15 + w, 0.32 + h, lean) for w, h, lean in rng.normal(scale=(0.015, 0.03, 0.05), size=(n, 3))
    ]


def shapes(masks):
    return np.stack([outline_points(mask, n_points=POINTS) for mask in masks])


@pytest.fixture(scope="module")
def model():
    return fit_shape_model(shapes(family()), SMALL, sources="ellipses")


def test_outlines_start_at_the_apex_run_clockwise_and_are_evenly_spaced():
    labels = lungs()
    points = outline_points(labels, n_points=POINTS)
    assert points.shape == (2 * POINTS, 2)
    for half, value in ((points[:POINTS], RIGHT), (points[POINTS:], LEFT)):
        rows, columns = np.nonzero(labels == value)
        assert half[0, 1] == pytest.approx(rows.min(), abs=1)
        assert half[0, 0] == pytest.approx(columns.mean(), abs=2)
        assert half[POINTS // 4, 0] > half[3 * POINTS // 4, 0]  # first to the image's right
        steps = np.linalg.norm(np.diff(np.vstack([half, half[:1]]), axis=0), axis=1)
        assert np.ptp(steps) < 0.15 * steps.mean()


def test_filling_an_outline_gives_the_mask_back():
    labels = lungs()
    points = outline_points(labels, n_points=400)
    filled = rasterise({RIGHT: points[:400], LEFT: points[400:]}, labels.shape)
    assert (filled != labels).mean() < 0.002


def test_masks_and_bare_labels_give_the_same_outline():
    labels = lungs()
    assert (outline_points(LungMasks(labels, "sensitive")) == outline_points(labels)).all()


def test_the_longest_piece_counts():
    labels = lungs()
    speck = labels.copy()
    speck[2:5, 2:5] = 1
    np.testing.assert_allclose(outline_points(speck), outline_points(labels))


@pytest.mark.parametrize(("value", "name"), [(RIGHT, "right"), (LEFT, "left")])
def test_a_missing_lung_is_named(value, name):
    labels = lungs()
    labels[labels == value] = 0
    with pytest.raises(BadInput, match=name):
        outline_points(labels)
    labels[0, 0] = value
    with pytest.raises(BadInput, match=name):
        outline_points(labels)


def test_modes_describe_the_family(model):
    assert model.names == mode_names(5) == ("mode_01", "mode_02", "mode_03", "mode_04", "mode_05")
    assert (np.diff(model.variances) <= 0).all()
    assert model.variances[:3].sum() > 0.9 * model.total_variance  # three numbers made the family
    flat = model.modes.reshape(5, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(5), atol=1e-10)


def test_training_weights_have_mean_zero_and_unit_variance(model):
    weights = np.stack([model.features(mask) for mask in family()])
    np.testing.assert_allclose(weights.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(weights.std(0, ddof=1), 1, atol=1e-9)


def test_position_and_size_do_not_matter(model):
    here = model.features(lungs(0.16, 0.33, 0.05, side=400))
    there = model.features(lungs(0.16, 0.33, 0.05, side=400, shift=(0.04, -0.05), size=0.8))
    np.testing.assert_allclose(here[:3], there[:3], atol=0.25)
    far = model.features(lungs(0.12, 0.36, -0.05, side=400))
    assert abs(here - far)[:3].max() > 1


def test_size_matters_when_it_is_kept():
    masks = [lungs(size=size) for size in np.linspace(0.7, 1.1, 12)]
    kept = fit_shape_model(shapes(masks), SMALL.model_copy(update={"scale": False}))
    weights = np.stack([kept.features(mask) for mask in masks])[:, 0]
    assert abs(np.corrcoef(weights, np.linspace(0.7, 1.1, 12))[0, 1]) > 0.99


def test_rotation_is_removed_when_asked():
    points = shapes(family())
    parameters = SMALL.model_copy(update={"rotate": True})
    model = fit_shape_model(points, parameters)
    angle = np.radians(12)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(model.project(points[0] @ turn), model.project(points[0]), atol=1e-6)
    without = fit_shape_model(points, SMALL)
    assert abs(without.project(points[0] @ turn) - without.project(points[0])).max() > 1


def test_lungs_apart_forget_how_they_lie_to_each_other():
    points = shapes(family())
    moved = points[0].copy()
    moved[:POINTS] += (-20, 5)
    apart = fit_shape_model(points, SMALL.model_copy(update={"apart": True}))
    together = fit_shape_model(points, SMALL)
    np.testing.assert_allclose(apart.project(moved), apart.project(points[0]), atol=1e-9)
    assert abs(together.project(moved) - together.project(points[0])).max() > 0.5


def test_an_outline_comes_back_from_its_weights(model):
    mask = family()[3]
    aligned = model.align(outline_points(mask, n_points=POINTS))
    rebuilt = model.outline(model.features(mask))
    assert np.sqrt(((aligned - rebuilt) ** 2).sum(1).mean()) < 0.02  # of a root-mean-square radius of 1


def test_saved_and_loaded_gives_the_same_numbers(model, tmp_path):
    path = tmp_path / "shape.safetensors"
    model.save(path)
    again = ShapeModel.load(path)
    mask = family()[0]
    assert (again.features(mask) == model.features(mask)).all()
    assert again.parameters == model.parameters
    assert (again.n_shapes, again.sources) == (30, "ellipses")
    assert [p.name for p in tmp_path.iterdir()] == ["shape.safetensors"]


def test_what_is_no_shape_model_is_refused(model, tmp_path):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not a model")
    with pytest.raises(ModelRefused, match="broken"):
        ShapeModel.load(broken)
    with pytest.raises(ModelRefused, match="absent"):
        ShapeModel.load(tmp_path / "absent.safetensors")
    foreign = tmp_path / "foreign.safetensors"
    save_file({"mean": np.zeros(3)}, foreign)
    with pytest.raises(ModelRefused):
        ShapeModel.load(foreign)
    good, tampered = tmp_path / "good.safetensors", tmp_path / "tampered.safetensors"
    model.save(good)
    arrays = load_file(good)
    arrays["modes"] = arrays["modes"][:3]
    from safetensors import safe_open

    with safe_open(good, framework="numpy") as file:
        meta = file.metadata()
    save_file(arrays, tampered, metadata=meta)
    with pytest.raises(ModelRefused, match="fit together"):
        ShapeModel.load(tampered)
    save_file(load_file(good), tampered, metadata=meta | {"napari_tbcad_shape_model": "99"})
    with pytest.raises(ModelRefused, match="newer"):
        ShapeModel.load(tampered)


def test_shapes_that_do_not_fit_are_refused(model):
    with pytest.raises(BadInput):
        fit_shape_model(np.zeros((1, 2 * POINTS, 2)), SMALL)
    with pytest.raises(BadInput):
        fit_shape_model(np.zeros((5, 10, 2)), SMALL)
    with pytest.raises(BadInput, match="80 points"):
        model.project(np.zeros((10, 2)))


def test_few_shapes_give_few_modes():
    assert len(fit_shape_model(shapes(family(3)), SMALL).modes) == 2


@pytest.mark.realdata
def test_twenty_modes_hold_most_of_the_real_outlines(shared_data):
    with np.load(shared_data / "chest" / "lung_outlines" / "outlines_1024.npz", allow_pickle=False) as given:
        names = sorted({key.split("/")[0] for key in given})[:120]
        masks = [
            rasterise({RIGHT: given[f"{name}/RL"] / 4, LEFT: given[f"{name}/LL"] / 4}, (256, 256))
            for name in names
        ]
    model = fit_shape_model(shapes(masks[:100]), ShapeModelParameters(n_points=POINTS))
    assert model.variances.sum() > 0.97 * model.total_variance
    for mask in masks[100:]:
        aligned = model.align(outline_points(mask, n_points=POINTS))
        assert np.sqrt(((aligned - model.outline(model.features(mask))) ** 2).sum(1).mean()) < 0.1

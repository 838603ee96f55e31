import numpy as np
import pytest

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.stage import CalibratedStage
from napari_tbcad.chest.classify.tensors import predict_stages_on, stage_scores

torch = pytest.importorskip("torch")

CASES = [
    {"method": method, "calibration": calibration, "whiten": whiten}
    for method in ("svm", "nb")
    for calibration in ("sigmoid", "isotonic")
    for whiten in (False, True)
]


def films(n=150, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.normal(size=(n, 8)) * np.logspace(-3, 5, 8) + np.arange(8)
    X[:, 0] += 1e-3 * y
    X[:, 4] += X[:, 4].std() * y
    return X, y


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, c.values())))
def test_tensors_agree_with_scikit_learn(case):
    X, y = films()
    new = films(70, seed=1)[0]
    stage = CalibratedStage(**case, n_folds=3).fit(X, y)
    score, p = (a.numpy() for a in stage_scores(stage, torch.as_tensor(new)))
    np.testing.assert_allclose(score, stage.scores(new)[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(p, stage.scores(new)[1], atol=1e-9)


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, c.values())))
def test_single_precision_stays_within_its_tolerance(case):
    X, y = films()
    new = films(70, seed=1)[0]
    stage = CalibratedStage(**case, n_folds=3).fit(X, y)
    p = stage_scores(stage, torch.as_tensor(new), dtype=torch.float32)[1].numpy()
    np.testing.assert_allclose(p, stage.scores(new)[1], atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"single_stage": True}, {"stage1_threshold": 0.5}])
def test_whole_cascade_on_tensors(options):
    X, y = films()
    model = HierarchicalClassifier([0, 1, 2], n_folds=3, **options).fit(X, y)
    for t in (0.2, 0.5, 0.8):
        want = model.predict_stages(X, threshold=t)
        got = predict_stages_on(model, torch.as_tensor(X), device="cpu", threshold=t)
        for name in ("p1", "p2", "score1", "score2", "probability"):
            np.testing.assert_allclose(getattr(got, name), getattr(want, name), atol=1e-9)
        np.testing.assert_array_equal(got.decision, want.decision)
        np.testing.assert_array_equal(got.deciding_stage, want.deciding_stage)


def test_early_exit_on_tensors():
    X, y = films()
    model = HierarchicalClassifier([0, 1, 2], n_folds=3, stage1_threshold=0.5).fit(X, y)
    X[:, 3:] = np.nan
    want = model.predict_stages(X, early_exit=True)
    got = predict_stages_on(model, X, device="cpu", early_exit=True)
    np.testing.assert_allclose(got.probability, want.probability, atol=1e-9)
    np.testing.assert_array_equal(got.decision, want.decision)
    with pytest.raises(ValueError, match="NaN"):
        predict_stages_on(model, X, device="cpu")


def test_wrong_number_of_features_is_refused():
    X, y = films()
    with pytest.raises(ValueError, match="reads 8 features"):
        predict_stages_on(HierarchicalClassifier(n_folds=3).fit(X, y), X[:, :4], device="cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees():
    X, y = films()
    model = HierarchicalClassifier([0, 1, 2], n_folds=3).fit(X, y)
    got = predict_stages_on(model, X, device="cuda")
    np.testing.assert_allclose(got.probability, model.predict_stages(X).probability, atol=1e-5)

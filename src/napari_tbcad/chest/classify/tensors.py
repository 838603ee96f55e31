"""Prediction on torch tensors on any device, equal to scikit-learn's.

torch is imported only when a function runs. Everything that a fitted stage does is repeated from its
fitted numbers: column choice, scaling, whitening, the decision function

    f(x) = Σ_s a_s exp(−γ ‖x − x_s‖²) + b                      (support vector machine)
    f(x) = ln p(1) − ln p(0) + Σ_j ln N(x_j; μ_1j, σ²_1j) − ln N(x_j; μ_0j, σ²_0j)    (naive Bayes)

and the calibration, p = 1 / (1 + exp(a f + b)) or the isotonic steps. float64 where the device has it
(CPU, CUDA), else float32 (MPS).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from napari_tbcad.chest.classify.decision import StageResult, combine_stages
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.stage import CalibratedStage
from napari_tbcad.networks.devices import choose_device

if TYPE_CHECKING:
    import torch


def stage_scores(
    stage: Any, X: torch.Tensor, *, device: str | None = None, dtype: torch.dtype | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Raw score and calibrated probability of one stage.

    Parameters
    ----------
    stage : CalibratedStage
        Fitted, or a ``FrozenEstimator`` around one.
    X : (n, n_features) tensor of float64 or float32
        Features of this stage.
    device, dtype : optional
        Where and how precisely to compute after scaling; as `X` by default. Scaling is done as `X` is:
        it subtracts large numbers, and single precision would lose most digits there.

    Returns
    -------
    (score, probability) : (n,) tensors
    """
    import torch

    fitted: CalibratedStage = getattr(stage, "estimator", stage)
    steps = fitted.pipeline_.named_steps

    def like_input(values: Any) -> torch.Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.float64)).to(device=X.device, dtype=X.dtype)

    scaled = (X - like_input(steps["scale"].mean_)) / like_input(steps["scale"].scale_)
    x = scaled[:, steps["columns"].kept_.tolist()].to(device=device or X.device, dtype=dtype or X.dtype)

    def on_device(values: Any) -> torch.Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.float64), dtype=x.dtype).to(x.device)

    if "whiten" in steps:
        whiten = steps["whiten"]
        x = (x - on_device(whiten.mean_)) @ on_device(whiten.components_.T)
        x = x / on_device(np.sqrt(whiten.explained_variance_))
    score = _margin(steps["svm"], x, on_device) if "svm" in steps else _evidence(steps["nb"], x, on_device)
    return score, _calibrate(fitted.calibrator_, score, on_device)


def _margin(svm: Any, x: torch.Tensor, on_device: Any) -> torch.Tensor:
    # Differences first, then squares: the expanded ‖x‖² − 2x·s + ‖s‖² loses digits in float32.
    import torch

    vectors, weights = on_device(svm.support_vectors_), on_device(svm.dual_coef_[0])
    parts = [
        (((rows[:, None, :] - vectors[None]) ** 2).sum(-1) * -float(svm._gamma)).exp() @ weights
        for rows in x.split(64)
    ]
    return torch.cat(parts) + float(svm.intercept_[0])


def _evidence(bayes: Any, x: torch.Tensor, on_device: Any) -> torch.Tensor:
    joint = []
    for theta, variance, prior in zip(bayes.theta_, bayes.var_, bayes.class_prior_, strict=True):
        spread = on_device(variance)
        constant = float(np.log(prior) - 0.5 * np.log(2 * np.pi * variance).sum())
        joint.append(constant - 0.5 * ((x - on_device(theta)) ** 2 / spread).sum(-1))
    return joint[1] - joint[0]


def _calibrate(calibrator: Any, score: torch.Tensor, on_device: Any) -> torch.Tensor:
    import torch

    if hasattr(calibrator, "a_"):
        return torch.sigmoid(-(float(calibrator.a_) * score + float(calibrator.b_)))
    knots, heights = on_device(calibrator.X_thresholds_), on_device(calibrator.y_thresholds_)
    if len(knots) == 1:
        return torch.full_like(score, float(heights[0]))
    inside = score.clamp(knots[0], knots[-1])
    upper = torch.searchsorted(knots, inside).clamp(1, len(knots) - 1)
    left, right = knots[upper - 1], knots[upper]
    share = (inside - left) / (right - left)
    return (heights[upper - 1] + share * (heights[upper] - heights[upper - 1])).clamp(0, 1)


def predict_stages_on(
    model: HierarchicalClassifier,
    X: Any,
    *,
    device: str = "auto",
    threshold: float | None = None,
    early_exit: bool = False,
) -> StageResult:
    """:meth:`HierarchicalClassifier.predict_stages` on a torch device.

    Parameters
    ----------
    model : HierarchicalClassifier
        Fitted.
    X : (n, n_features) tensor or array
        A tensor is moved only when it lies on another device.
    device : str
        As :func:`napari_tbcad.networks.devices.choose_device` takes it.
    threshold, early_exit
        As there.

    Returns
    -------
    StageResult
        NumPy arrays; within 1e-5 of scikit-learn's in float64.
    """
    import torch

    check_is_fitted(model)
    where = choose_device(device)
    dtype = torch.float32 if where.startswith("mps") else torch.float64
    values = torch.as_tensor(X)
    if values.device.type == "cpu":
        values = values.to(torch.float64)  # scaled here, then moved
    if values.ndim != 2 or values.shape[1] != model.n_features_in_:
        raise ValueError(
            f"X has shape {tuple(values.shape)}, the model reads {model.n_features_in_} features"
        )
    if not early_exit and not bool(torch.isfinite(values).all()):
        raise ValueError("X contains NaN or infinity")
    n = len(values)
    empty = np.full(n, np.nan)
    score1, p1, score2, p2 = empty, empty.copy(), empty.copy(), empty.copy()
    place: dict[str, Any] = {"device": where, "dtype": dtype}
    if model.stage1_ is not None:
        first = values[:, model.columns1_.tolist()]
        score1, p1 = (_to_numpy(a) for a in stage_scores(model.stage1_, first, **place))
    t = model.threshold_ if threshold is None else float(threshold)
    gate = max(model.gate_, t)
    second = values[:, model.columns2_.tolist()]
    wanted = np.ones(n, dtype=bool)
    if early_exit:
        wanted = ~(p1 >= gate) & torch.isfinite(second).all(-1).cpu().numpy()
    if wanted.any():
        chosen = second[torch.as_tensor(wanted, device=second.device)]
        score2[wanted], p2[wanted] = (_to_numpy(a) for a in stage_scores(model.stage2_, chosen, **place))
    return combine_stages(score1, p1, score2, p2, threshold=t, gate=gate)


def _to_numpy(values: torch.Tensor) -> np.ndarray:
    return values.detach().cpu().numpy().astype(np.float64)

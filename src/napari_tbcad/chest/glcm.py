r"""Grey-level co-occurrence: how grey levels sit next to each other inside the lungs.

A pair of pixels counts only if BOTH lie in the mask, so that no background enters the matrix.
Matrices are symmetric (each pair is counted in both orders) and normalised to sum 1:
:math:`p(i,j)`, :math:`i,j = 1 \ldots N_g`. Marginals :math:`p_x, p_y` have means
:math:`\mu_x, \mu_y` and standard deviations :math:`\sigma_x, \sigma_y`;
:math:`p_{x+y}(k)`, :math:`k = 2 \ldots 2N_g`, and :math:`p_{x-y}(k)`, :math:`k = 0 \ldots N_g - 1`, are
the distributions of sum and absolute difference; :math:`H_x, H_y, H_{xy}` are entropies.
:data:`FORMULAS` holds every feature's formula and IBSI code.

References
----------
R. M. Haralick, K. Shanmugam, I. Dinstein, Textural features for image classification,
IEEE Trans. Syst. Man Cybern. 3 (1973) 610-621.
A. Zwanenburg et al., The Image Biomarker Standardization Initiative, Radiology 295 (2020) 328-338.
A. Uppuluri, GLCM texture features, MATLAB Central File Exchange 22187 (2008).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from napari_tbcad.chest.cooccurrence import DIRECTIONS as DIRECTIONS
from napari_tbcad.chest.cooccurrence import bin_edges_table as bin_edges_table
from napari_tbcad.chest.cooccurrence import cooccurrence as cooccurrence
from napari_tbcad.imaging.arrays import Array, cast, constant, namespace, sum_by_index, working_float

Definition = Literal["ibsi", "uppuluri"]

FORMULAS: dict[str, tuple[str, str]] = {
    "autocorrelation": (r"\sum_{i,j} i\,j\,p(i,j)", "QWB0"),
    "contrast": (r"\sum_k k^2 p_{x-y}(k)", "ACUI"),
    "correlation_1": (r"\sum_{i,j} (i-\mu_x)(j-\mu_y)\,p(i,j) / (\sigma_x\sigma_y)", "NI2N"),
    "correlation_2": (r"\left(\sum_{i,j} i\,j\,p(i,j) - \mu_x\mu_y\right) / (\sigma_x\sigma_y)", "NI2N"),
    "cluster_prominence": (r"\sum_{i,j} (i+j-\mu_x-\mu_y)^4 p(i,j)", "AE86"),
    "cluster_shade": (r"\sum_{i,j} (i+j-\mu_x-\mu_y)^3 p(i,j)", "7NFM"),
    "dissimilarity": (r"\sum_{i,j} |i-j|\,p(i,j)", "8S9J"),
    "energy": (r"\sum_{i,j} p(i,j)^2", "8ZQL"),
    "entropy": (r"-\sum_{i,j} p(i,j) \log_2 p(i,j)", "TU9B"),
    "homogeneity_1": (r"\sum_{i,j} p(i,j) / (1+|i-j|)", "IB1Z"),
    "homogeneity_2": (r"\sum_{i,j} p(i,j) / (1+(i-j)^2)", "WF0Z"),
    "maximum_probability": (r"\max_{i,j} p(i,j)", "GYBY"),
    "sum_of_squares": (r"\sum_{i,j} (i-\mu_x)^2 p(i,j)", "UR99"),
    "sum_average": (r"SA = \sum_k k\,p_{x+y}(k)", "ZGXS"),
    "sum_variance": (r"\sum_k (k-SA)^2 p_{x+y}(k)", "OEEB"),
    "sum_entropy": (r"-\sum_k p_{x+y}(k) \log_2 p_{x+y}(k)", "P6QZ"),
    "difference_variance": (r"\sum_k (k-DA)^2 p_{x-y}(k),\; DA = \sum_k k\,p_{x-y}(k)", "D3YU"),
    "difference_entropy": (r"-\sum_k p_{x-y}(k) \log_2 p_{x-y}(k)", "NTRS"),
    "information_correlation_1": (r"(H_{xy}-H_{xy1}) / \max(H_x, H_y)", "R8DG"),
    "information_correlation_2": (r"\sqrt{1-\exp(-2(H_{xy2}-H_{xy}))}", "JN9H"),
    "inverse_difference_normalised": (r"\sum_{i,j} p(i,j) / (1+|i-j|/N_g)", "NDRX"),
    "inverse_difference_moment_normalised": (r"\sum_{i,j} p(i,j) / (1+(i-j)^2/N_g^2)", "1QCO"),
}
"""The 22 features in the order of the study: LaTeX formula (IBSI definition) and IBSI code."""

GLCM_NAMES = tuple(FORMULAS)

IBSI_ONLY: dict[str, tuple[str, str]] = {
    "joint_average": (r"\mu_x", "60VM"),
    "difference_average": (r"DA", "TF7R"),
    "cluster_tendency": (r"\sum_{i,j} (i+j-\mu_x-\mu_y)^2 p(i,j)", "DG8W"),
    "inverse_variance": (r"\sum_{k>0} p_{x-y}(k) / k^2", "E8JP"),
}
"""Features of the standard that the study does not use; computed for the self-check."""


def formula_table() -> str:
    """Return :data:`FORMULAS` and :data:`IBSI_ONLY` as a Markdown table, for the documentation."""
    rows = ["| feature | formula | IBSI |", "|---|---|---|"]
    for name, (formula, code) in (FORMULAS | IBSI_ONLY).items():
        # A bare bar would end the cell.
        safe = formula.replace("|i-j|", r"\lvert i-j \rvert")
        rows.append(f"| `{name}` | ${safe}$ | {code} |")
    return "\n".join(rows)


def _plogp(p: Array, definition: Definition) -> Array:
    """Return −Σ p log p over the last axis: bits for IBSI, nats for the MATLAB function."""
    xp = namespace(p)
    log = xp.log2 if definition == "ibsi" else xp.log
    return -(p * log(xp.where(p > 0, p, xp.ones_like(p)))).sum(-1)


def glcm_features(counts: Array, *, definition: Definition = "ibsi", dtype: Any = None) -> dict[str, Array]:
    """Compute all features of co-occurrence matrices.

    Parameters
    ----------
    counts : (D, Ng, Ng) array of int or float
        Co-occurrence counts (or probabilities), one matrix per direction; numpy or torch.
    definition : {"ibsi", "uppuluri"}
        ``"uppuluri"`` reproduces the MATLAB function behind the study's list: natural logarithm,
        sum of squares about the mean of the matrix entries, sum variance about the sum entropy, and
        difference variance equal to contrast.
    dtype : optional
        Floating type to compute in; by default float64, or float32 where the device has no float64.

    Returns
    -------
    dict of str to (D,) array
        :data:`GLCM_NAMES`, then :data:`IBSI_ONLY`. A matrix with a single grey level has no
        correlation: NaN there; an empty matrix gives NaN throughout.
    """
    xp = namespace(counts)
    p = cast(counts, dtype or working_float(counts))
    n_directions, n = p.shape[0], p.shape[1]
    total = p.sum((1, 2))
    p = p / xp.where(total > 0, total, xp.nan)[:, None, None]
    flat = p.reshape(n_directions, n * n)
    row, column = np.indices((n, n)).reshape(2, -1)
    index_type = xp.int64
    p_sum = sum_by_index(flat, constant(row + column, like=p, dtype=index_type), 2 * n - 1)
    p_difference = sum_by_index(flat, constant(abs(row - column), like=p, dtype=index_type), n)
    entropies = _plogp(flat, definition), _plogp(p.sum(2), definition), _plogp(p.sum(1), definition)
    features = (
        _joint(p, flat, definition)
        | _of_sum(p_sum, n, definition)
        | _of_difference(p_difference, n, definition)
        | _information(*entropies)
    )
    return {name: features[name] for name in (*GLCM_NAMES, *IBSI_ONLY)}


def _joint(p: Array, flat: Array, definition: Definition) -> dict[str, Array]:
    """Features of p(i, j) itself and of its marginals."""
    xp = namespace(p)
    n = p.shape[1]
    i = constant(np.arange(1, n + 1), like=p)
    px, py = p.sum(2), p.sum(1)
    mean_x, mean_y = px @ i, py @ i
    dx, dy = i - mean_x[:, None], i - mean_y[:, None]
    variance_x, variance_y = (dx * dx * px).sum(1), (dy * dy * py).sum(1)
    spread = xp.sqrt(variance_x * variance_y)
    spread = xp.where(spread > 0, spread, xp.nan)
    autocorrelation = ((p @ i) * i).sum(1)
    covariance = ((p * dy[:, None, :]).sum(2) * dx).sum(1)
    about = mean_x if definition == "ibsi" else xp.full_like(mean_x, 1 / n**2)
    return {
        "autocorrelation": autocorrelation,
        "correlation_1": covariance / spread,
        "correlation_2": (autocorrelation - mean_x * mean_y) / spread,
        "energy": (flat * flat).sum(1),
        "maximum_probability": xp.amax(flat, 1),
        "sum_of_squares": ((i - about[:, None]) ** 2 * px).sum(1),
        "joint_average": mean_x,
    }


def _of_sum(p: Array, n: int, definition: Definition) -> dict[str, Array]:
    """Features of p_{x+y}; μx + μy is the sum average."""
    k = constant(np.arange(2, 2 * n + 1), like=p)
    average = p @ k
    d = k - average[:, None]
    square = d * d
    entropy = _plogp(p, definition)
    tendency = (square * p).sum(1)
    about_entropy = ((k - entropy[:, None]) ** 2 * p).sum(1)
    return {
        "sum_average": average,
        "sum_variance": tendency if definition == "ibsi" else about_entropy,
        "sum_entropy": entropy,
        "cluster_tendency": tendency,
        "cluster_shade": (square * d * p).sum(1),
        "cluster_prominence": (square * square * p).sum(1),
    }


def _of_difference(p: Array, n: int, definition: Definition) -> dict[str, Array]:
    """Features of p_{x−y}."""
    k = np.arange(n, dtype=float)
    weigh = {
        "contrast": k**2,
        "dissimilarity": k,
        "homogeneity_1": 1 / (1 + k),
        "homogeneity_2": 1 / (1 + k**2),
        "inverse_difference_normalised": 1 / (1 + k / n),
        "inverse_difference_moment_normalised": 1 / (1 + k**2 / n**2),
        "inverse_variance": np.divide(1, k**2, out=np.zeros(n), where=k > 0),
    }
    features = {name: p @ constant(weights, like=p) for name, weights in weigh.items()}
    average = features["dissimilarity"]
    d = constant(k, like=p) - average[:, None]
    variance = (d * d * p).sum(1) if definition == "ibsi" else features["contrast"]
    return features | {
        "difference_average": average,
        "difference_variance": variance,
        "difference_entropy": _plogp(p, definition),
    }


def _information(h_xy: Array, h_x: Array, h_y: Array) -> dict[str, Array]:
    """Entropy and the two information measures of correlation.

    HXY1 = −Σ p log(p_x p_y) and HXY2 = −Σ p_x p_y log(p_x p_y) both equal HX + HY, because p_x and
    p_y are the marginals of p; written so, nothing of size Ng² has to be made.
    """
    xp = namespace(h_xy)
    information = xp.clip(h_x + h_y - h_xy, 0, None)
    largest = xp.maximum(h_x, h_y)
    return {
        "entropy": h_xy,
        "information_correlation_1": -information / xp.where(largest > 0, largest, xp.nan),
        "information_correlation_2": xp.sqrt(-xp.expm1(-2 * information)),
    }

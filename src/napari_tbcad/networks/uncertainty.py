"""How sure a network is, pixel by pixel."""

from __future__ import annotations

import math

import torch

Tensor = torch.Tensor


def entropy(probabilities: Tensor, dim: int = 0) -> Tensor:
    """Return the entropy of a distribution over its largest value, log K.

    H(p) / log K = −Σ_k p_k log p_k / log K

    Parameters
    ----------
    probabilities : tensor of float
        Adding up to one along `dim`, which has K ≥ 2 entries.
    dim : int, optional
        Axis of the classes.

    Returns
    -------
    tensor
        In [0, 1], without `dim`.
    """
    classes = probabilities.shape[dim]
    return (torch.special.entr(probabilities).sum(dim) / math.log(classes)).clamp(0, 1)


def mutual_information(members: Tensor) -> Tensor:
    """Return the mutual information between class and variant over log K (0: all variants say the same).

    I = H(mean of p_v) − mean of H(p_v)

    Parameters
    ----------
    members : (V, K, ...) tensor of float
        Probabilities under V variants.

    Returns
    -------
    (...) tensor
        In [0, 1].

    References
    ----------
    A. Kendall, Y. Gal, "What uncertainties do we need in Bayesian deep learning for computer vision?", 2017;
    G. Wang et al., "Aleatoric uncertainty estimation with test-time augmentation for medical image
    segmentation with convolutional neural networks", Neurocomputing 338, 2019.
    """
    return (entropy(members.mean(0), 0) - entropy(members, 1).mean(0)).clamp(0, 1)

"""Variation of images of counts: shorter scans, other poses and cameras; and what makes them an input.

Batches hold counts. They are thinned before anything else is done to them, since only then is a thinned scan
what a shorter one would have been; then they are normalised, moved and bent as films are.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from napari_tbcad.networks.augment import Draw, blurred, deform
from napari_tbcad.networks.config import AugmentParameters
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.schemes import FOUR_CLASS

Tensor = torch.Tensor


def augment_counts(
    counts: Tensor, labels: Tensor, parameters: AugmentParameters, seed: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """Vary a batch of counts.

    Parameters
    ----------
    counts : (N, 1, H, W) tensor of float32
        Counts, at least 0.
    labels : (N, H, W) tensor of uint8
        Values of the scheme, or 255.
    parameters : AugmentParameters
        How much.
    seed : tuple of int
        Training seed, epoch and step: the same numbers give the same batch.

    Returns
    -------
    images : (N, 1, H, W) tensor of float32
        Normalised.
    labels : (N, H, W) tensor of uint8
        Moved in the same way; 255 where something moved in from beyond the border.
    """
    draw = Draw(seed, counts.device)
    counts, labels = add_lesions(counts, labels, parameters.lesions, draw)
    images = normalise_counts(thin(counts, parameters.thinning, draw))
    images = (images + 1) * torch.exp(draw.normal(len(images), 1, 1, 1) * parameters.gain) - 1
    images, labels = deform(images, labels, parameters, draw)
    images, labels = mirror(images, labels, parameters.mirror, draw)
    return blurred(images, draw.uniform(len(images), low=0, high=1) * parameters.blur), labels


def add_lesions(counts: Tensor, labels: Tensor, share: float, draw: Draw) -> tuple[Tensor, Tensor]:
    """Lay one abnormal hotspot into the bone of some images.

    An ellipse with a soft border, its half axes between 3 pixels and 1/6 of the width, centred on a pixel of
    bone; it adds Poisson counts of 1 to 7 times what was counted around. What gets more than 0.4 of the
    most that is added is labelled abnormal: bone takes up tracer, the air beside it does not.
    """
    counts, labels = counts.clone(), labels.clone()
    height, width = labels.shape[-2:]
    y = torch.arange(height, device=counts.device, dtype=torch.float32)[:, None]
    x = torch.arange(width, device=counts.device, dtype=torch.float32)
    numbers = draw.uniform(len(counts), 5, low=0, high=1).tolist()
    for index in draw.chance(len(counts), share).nonzero()[:, 0].tolist():
        place, long, short, angle, amount = numbers[index]
        bone = (labels[index] == FOUR_CLASS.ids["bone"]).nonzero()
        if not len(bone):
            continue
        row, column = bone[int(place * len(bone))].tolist()
        a, b = (3 * (width / 18) ** part for part in (long, short))
        cos, sin = math.cos(angle * math.pi), math.sin(angle * math.pi)
        down, across = y - row, x - column
        far = (((cos * across + sin * down) / a) ** 2 + ((cos * down - sin * across) / b) ** 2).sqrt()
        around = F.avg_pool2d(counts[index], 5, stride=1, padding=2)[0]
        added = around * torch.sigmoid((1 - far) * 6) * 7**amount
        labels[index][added > 0.4 * added.max()] = FOUR_CLASS.ids["abnormal"]
        counts[index, 0] += draw.poisson(added)
    return counts, labels


def thin(counts: Tensor, most: float, draw: Draw) -> Tensor:
    """Thin every other image: a shorter scan, exactly.

    Each count is kept with one probability an image, between 1 - `most` and 1.
    """
    chosen = draw.chance(len(counts), 0.5 if most else 0.0).nonzero()[:, 0]
    kept = 1 - draw.uniform(len(chosen), 1, 1, 1, low=0, high=most)
    out = counts.clone()
    out[chosen] = draw.binomial(counts[chosen].round(), kept)
    return out


def mirror(images: Tensor, labels: Tensor, share: float, draw: Draw) -> tuple[Tensor, Tensor]:
    """Mirror some images with their labels."""
    chosen = draw.chance(len(images), share)
    return (
        torch.where(chosen[:, None, None, None], images.flip(-1), images),
        torch.where(chosen[:, None, None], labels.flip(-1), labels),
    )


def normalise_counts(counts: Tensor) -> Tensor:
    """Do to a batch what :func:`~napari_tbcad.networks.input.normalised_counts` does to an image."""
    root = counts.clamp(min=0).sqrt()
    level = counts.sum((-2, -1), keepdim=True) / root.sum((-2, -1), keepdim=True).clamp(min=1e-6)
    return root / level.clamp(min=1e-6) - 1


def with_views(images: Tensor, posterior: Tensor, parameters: InputParameters) -> Tensor:
    """Append the plane that tells the view, -1 anterior and 1 posterior, where the network reads both.

    Parameters
    ----------
    images : (N, 1, H, W) tensor
    posterior : (N,) tensor of bool
    parameters : InputParameters
        Of the network.
    """
    if parameters.channels == 1:
        return images
    plane = (posterior.to(images) * 2 - 1)[:, None, None, None].expand(-1, 1, *images.shape[-2:])
    return torch.cat([images, plane], 1)

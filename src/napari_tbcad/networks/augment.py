"""Variation of training images: other poses, film curves, noise, detectors and things laid on the patient.

Everything works on a batch, on the device where the batch is, and draws from one generator, so that a step
can be repeated exactly. Shape changes are one displacement field with one interpolation: rotation, scale,
shift and elastic deformation one after the other would blur the image as often. No image is mirrored, since
the heart of a mirrored chest lies on the wrong side.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from napari_tbcad.networks.config import AugmentParameters
from napari_tbcad.schemes import IGNORE

Tensor = torch.Tensor


class Draw:
    """Random numbers for a batch from one CPU generator, put on the batch's device."""

    def __init__(self, seed: tuple[int, ...], device: torch.device) -> None:
        # SplitMix-like mixing: neighbouring epochs and steps must not share streams.
        state = 0x9E3779B97F4A7C15
        for part in seed:
            state = ((state ^ part) * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) % 2**63
        self._generator = torch.Generator().manual_seed(state)
        self._device = device

    def uniform(self, *shape: int, low: float = -1, high: float = 1) -> Tensor:
        """Return uniform numbers."""
        return (torch.rand(shape, generator=self._generator) * (high - low) + low).to(self._device)

    def normal(self, *shape: int) -> Tensor:
        """Return normal numbers."""
        return torch.randn(shape, generator=self._generator).to(self._device)

    def binomial(self, number: Tensor, share: Tensor) -> Tensor:
        """Return how many of each number remain when each is kept with a probability (broadcast)."""
        # numpy's is ten times as quick as torch's on a processor.
        seed = int(torch.randint(2**62, (), generator=self._generator))
        drawn = np.random.default_rng(seed).binomial(
            number.cpu().numpy().astype(np.int64), share.cpu().numpy()
        )
        return torch.from_numpy(drawn.astype(np.float32)).to(self._device)

    def poisson(self, mean: Tensor) -> Tensor:
        """Return Poisson numbers."""
        return torch.poisson(mean.cpu(), generator=self._generator).to(self._device)

    def chance(self, n: int, share: float) -> Tensor:
        """Return n booleans, True with this probability."""
        return (torch.rand(n, generator=self._generator) < share).to(self._device)


def augment(
    images: Tensor, labels: Tensor, parameters: AugmentParameters, seed: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """Vary a batch.

    Parameters
    ----------
    images : (N, 1, H, W) tensor of float32
        Normalised images, about -1 to 1.
    labels : (N, H, W) tensor of uint8
        Values of the scheme, or 255.
    parameters : AugmentParameters
        How much.
    seed : tuple of int
        Training seed, epoch and step: the same numbers give the same batch.

    Returns
    -------
    images, labels : tensors
        Of the same shapes. What moves in from beyond the border repeats the border and is labelled 255.
    """
    draw = Draw(seed, images.device)
    images, labels = deform(images, labels, parameters, draw)
    images = add_density(images, parameters.density, draw)
    images = expose(images, parameters, draw)
    images = lay_devices(images, parameters.devices, draw)
    images = cover(images, parameters.occlusion, draw)
    return add_noise(images, parameters.noise, draw), labels


def deform(
    images: Tensor, labels: Tensor, parameters: AugmentParameters, draw: Draw
) -> tuple[Tensor, Tensor]:
    """Rotate, scale, stretch, shift and bend images and labels by the same field."""
    n, _, height, width = images.shape
    angle = torch.deg2rad(draw.uniform(n) * parameters.rotation)
    size = torch.exp(draw.uniform(n) * parameters.scale)
    tall = torch.exp(draw.uniform(n) * parameters.stretch)
    cos, sin = torch.cos(angle), torch.sin(angle)
    shift = draw.uniform(n, 2) * 2 * parameters.shift
    rows = [
        torch.stack([cos / size, -sin / size, shift[:, 0]], 1),
        torch.stack([sin * tall / size, cos * tall / size, shift[:, 1]], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    coarse = draw.normal(n, 2, parameters.elastic_cells, parameters.elastic_cells) * 3 * parameters.elastic
    grid = grid + smooth_field(coarse, height, width).permute(0, 2, 3, 1)
    moved = F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    where = F.grid_sample(
        labels[:, None].float(), grid, mode="nearest", padding_mode="border", align_corners=False
    )[:, 0]
    outside = (grid.abs() > 1).any(-1)
    return moved, torch.where(outside, torch.full_like(where, IGNORE), where).to(torch.uint8)


def smooth_field(coarse: Tensor, height: int, width: int) -> Tensor:
    """Return the smooth field (…, height, width) through control values (…, a, b).

    Interpolation is by Gaussians as wide as the distance of the control points: two matrix products, many
    times quicker on a processor than bicubic interpolation.
    """
    return _bells(height, coarse.shape[-2], coarse) @ coarse @ _bells(width, coarse.shape[-1], coarse).T


def _bells(size: int, cells: int, like: Tensor) -> Tensor:
    at = torch.linspace(0, cells - 1, size, device=like.device)
    bells = torch.exp(-0.5 * ((at[:, None] - torch.arange(cells, device=like.device)) / 0.6) ** 2)
    return bells / bells.sum(1, keepdim=True)


def add_density(images: Tensor, share: float, draw: Draw) -> Tensor:
    """Add smooth patches of density to some images: what consolidation or fluid does to a lung."""
    chosen = draw.chance(len(images), share).nonzero()[:, 0]
    n, (_, _, height, width) = len(chosen), images.shape
    field = smooth_field(draw.normal(n, 1, 5, 5) * 1.5, height, width)
    patch = torch.sigmoid(6 * (field - draw.uniform(n, 1, 1, 1, low=0.0, high=1.0)))
    amount = draw.uniform(n, 1, 1, 1, low=0.2, high=1.0)
    out, old = images.clone(), images[chosen]
    # Attenuation fades towards white, as on film: what is light already hardly changes.
    out[chosen] = old + amount * patch * (1 - old).clamp(min=0) * 0.8
    return out


def expose(images: Tensor, parameters: AugmentParameters, draw: Draw) -> Tensor:
    """Change film curve, ends of the grey scale and sharpness."""
    n = len(images)
    low = -1 + 2 * draw.uniform(n, 1, 1, 1) * parameters.window
    high = 1 + 2 * draw.uniform(n, 1, 1, 1) * parameters.window
    share = ((images - low) / (high - low)).clamp(0, 1)
    exponent = torch.exp(draw.normal(n, 1, 1, 1) * parameters.gamma)
    out = share.clamp(min=1e-4) ** exponent * 2 - 1
    return blurred(out, draw.uniform(n, low=0, high=1) * parameters.blur)


def blurred(images: Tensor, sigma: Tensor) -> Tensor:
    """Blur every image by its own Gaussian, rows and columns by one matrix product each."""

    def matrix(size: int) -> Tensor:
        at = torch.arange(size, device=images.device)
        apart = (at[:, None] - at).float()[None] / sigma.clamp(min=0.1)[:, None, None]
        kernel = torch.exp(-0.5 * apart**2)
        return kernel / kernel.sum(2, keepdim=True)

    height, width = images.shape[-2:]
    return (matrix(height) @ images[:, 0] @ matrix(width).transpose(1, 2))[:, None]


def lay_devices(images: Tensor, share: float, draw: Draw) -> Tensor:
    """Lay wires, tubes and round electrodes over some images."""
    chosen = draw.chance(len(images), share).nonzero()[:, 0]
    n, (_, _, height, width) = len(chosen), images.shape
    y = torch.linspace(-1, 1, height, device=images.device)[None, :, None]
    x = torch.linspace(-1, 1, width, device=images.device)[None, None, :]
    laid = images[chosen, 0]
    for _ in range(2):
        angle, offset, bend = (draw.uniform(n, 1, 1) * s for s in (3.14159, 0.8, 0.6))
        along = x * torch.cos(angle) + y * torch.sin(angle)
        across = -x * torch.sin(angle) + y * torch.cos(angle) - offset - bend * along**2
        wire = torch.exp(-0.5 * (across / draw.uniform(n, 1, 1, low=0.006, high=0.02)) ** 2)
        laid = laid + wire * draw.uniform(n, 1, 1, low=0.2, high=1.0)
        centre = draw.uniform(n, 2, 1, 1)
        near = ((x - centre[:, 0]) ** 2 + (y - centre[:, 1]) ** 2).sqrt()
        disc = torch.sigmoid((draw.uniform(n, 1, 1, low=0.02, high=0.08) - near) * 100)
        laid = laid + disc * draw.uniform(n, 1, 1, low=0.0, high=0.8)
    out = images.clone()
    out[chosen, 0] = laid.clamp(-1.5, 1.5)
    return out


def cover(images: Tensor, share: float, draw: Draw) -> Tensor:
    """Cover a rectangle of some images with one grey level."""
    n, _, height, width = images.shape
    out = images.clone()
    numbers = draw.uniform(n, 5, low=0.0, high=1.0).tolist()
    for index in draw.chance(n, share).nonzero()[:, 0].tolist():
        top, left, tall, wide, grey = numbers[index]
        rows = slice(int(top * height), int((top + 0.05 + 0.25 * tall) * height))
        columns = slice(int(left * width), int((left + 0.05 + 0.25 * wide) * width))
        out[index, :, rows, columns] = 2 * grey - 1
    return out


def add_noise(images: Tensor, most: float, draw: Draw) -> Tensor:
    """Add noise, fine-grained for some images and coarse for others."""
    n, _, height, width = images.shape
    fine = draw.normal(n, 1, height, width)
    rough = F.avg_pool2d(fine, 3, stride=1, padding=1) * 2
    sigma = draw.uniform(n, 1, 1, 1, low=0, high=most)
    return images + sigma * torch.where(draw.chance(n, 0.5)[:, None, None, None], fine, rough)

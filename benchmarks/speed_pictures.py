"""Times of what is done to a film's pixels: local contrast, and finding the lungs, beside other libraries.

Contrast: CLAHE beside scikit-image's and OpenCV's, one core. Lungs: our segmenters beside five films of the
same atlas registered by SimpleITK's B-splines (mutual information, two levels, as the published method does
it) and beside a U-Net with a ResNet-34 of segmentation_models_pytorch, untrained, since speed does not depend
on weights. Dice, beside the times, is that of real films with drawn lungs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from skimage import exposure
from skimage.transform import resize

from lungs import Truth, jsrt
from napari_tbcad.chest.lungs.atlas import AtlasParameters, atlas, find_pose, most_similar, packaged_atlas
from napari_tbcad.chest.lungs.atlas_library import standardise
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, SoftLungs
from napari_tbcad.chest.lungs.masks import insensitive_mask
from napari_tbcad.chest.lungs.network import NetworkParameters, network
from napari_tbcad.chest.lungs.otsu import otsu
from napari_tbcad.imaging.clahe import BINS, clahe
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.imaging.registration import affine_map, chain_affine, invert_affine, warp
from napari_tbcad.networks.build import ArchitectureParameters
from napari_tbcad.networks.predict import PredictParameters, predict
from network_speed import fresh
from speed_rows import DATA, Job, Row, compared, cores, in_turn

_GRID = 256
_MESH = (8, 8)


def film_of(side: int, name: str = "JPCLN001.png") -> Radiograph:
    """Return a real film (JSRT), enlarged to side × side with noise of its own, or noise where there is none.

    No real film of 3000 × 3000 is at hand; what is timed does not depend on what the film shows.
    """
    random = np.random.default_rng(0)
    found = sorted((DATA / "chest" / "jsrt" / "images").glob("*.png"))
    if not found:
        return Radiograph(random.random((side, side), dtype=np.float32))
    import imageio.v3 as iio

    path = next((one for one in found if one.name == name), found[0])
    grey = np.asarray(iio.imread(path), np.float32)
    large = resize(grey if grey.ndim == 2 else grey[..., 0], (side, side), order=1, preserve_range=True)
    return Radiograph((16 * large + random.normal(0, 8, large.shape)).astype(np.float32), source=path.name)


def contrast(repeats: int) -> Iterator[Row]:
    """Yield the rows of CLAHE, one core."""
    try:
        import cv2
    except ImportError:
        print("OpenCV is not installed: pip install 'napari-tbcad[bench]'")
        return
    cv2.setNumThreads(1)
    for side in (256, 1024, 3000):
        film = film_of(side)
        low, high = np.percentile(film.pixels, (0.5, 99.5))
        bytes_ = np.clip((film.pixels - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
        unit, kernel = (bytes_ / np.float32(255)), (-(-side // 8), -(-side // 8))
        equaliser = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))
        jobs: dict[str, Job] = {
            "CLAHE": partial(clahe, unit, kernel=kernel, clip_limit=2 / BINS),
            "scikit-image CLAHE, the same values": partial(
                exposure.equalize_adapthist, unit, kernel_size=kernel, clip_limit=2 / BINS, nbins=BINS
            ),
            "OpenCV CLAHE, 8 bits": partial(equaliser.apply, bytes_),
        }
        yield from compared(in_turn(jobs, repeats), "CLAHE", size=f"{side}²", device=cores(1))


def by_splines(film: Radiograph, exclude: str | None = None) -> SoftLungs:
    """Find lungs with the atlas's five most similar films, registered by B-splines, and a plain vote.

    References
    ----------
    D. Rueckert et al., "Nonrigid registration using free-form deformations", IEEE TMI 18, 1999; S. Candemir
    et al., IEEE TMI 33, 2014, for the lungs by registered films.
    """
    library, number = packaged_atlas(), AtlasParameters().n_films
    target = standardise(film.pixels, _GRID)
    pose = find_pose(target, library)
    chosen, _ = most_similar(target, pose, library, number, exclude=exclude)
    lungs = np.zeros((2, _GRID, _GRID), np.float32)
    for index in chosen:
        moving, mask = library.film(index), library.masks[index]
        sampling = affine_map(
            chain_affine(library.poses[index], invert_affine(pose)), target.shape, moving.shape
        )
        posed = warp(moving, sampling)
        found = _splines(target, posed)
        for side, label in enumerate((RIGHT, LEFT)):
            lung = warp((mask == label).astype(np.float32), sampling, outside=0.0)
            lungs[side] += _moved(lung, found) / number
    return SoftLungs(lungs, film.shape, segmenter="splines")


def _splines(fixed: NDArray[np.float32], moving: NDArray[np.float32]) -> sitk.Transform:
    one, other = (sitk.GetImageFromArray(image) for image in (fixed, moving))
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.2, seed=1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsLBFGSB(numberOfIterations=30)
    method.SetShrinkFactorsPerLevel([4, 2])
    method.SetSmoothingSigmasPerLevel([2.0, 1.0])
    method.SetInitialTransform(sitk.BSplineTransformInitializer(one, list(_MESH)), inPlace=True)
    return method.Execute(one, other)


def _moved(lung: NDArray[np.float32], by: sitk.Transform) -> NDArray[np.float32]:
    image = sitk.GetImageFromArray(lung)
    return sitk.GetArrayFromImage(sitk.Resample(image, image, by, sitk.sitkLinear, 0.0))


def segmentation(repeats: int, threads: int) -> Iterator[Row]:
    """Yield the rows of lung segmentation."""
    torch.set_num_threads(threads)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
    peer = fresh(ArchitectureParameters(architecture="Unet", encoder="resnet34", decoder_channels=()))
    how = PredictParameters(device="cpu")
    dices = dice(6)
    for side in (512, 1024, 3000):
        film = film_of(side)
        jobs: dict[str, Job] = {
            "lungs: network": partial(network, film, NetworkParameters(device="cpu")),
            "lungs: otsu": partial(otsu, film),
            "lungs: atlas (demons, 5 films)": partial(atlas, film),
            "SimpleITK B-splines, 5 films": partial(by_splines, film),
            "ResNet-34 U-Net, same input": partial(predict, peer, film.pixels, how),
        }
        found = in_turn(jobs, repeats, seconds=3 * repeats)
        device, size = cores(threads), f"{side}²"
        pairs = (("lungs: network", "ResNet-34 U-Net, same input"),)
        pairs += (("lungs: atlas (demons, 5 films)", "SimpleITK B-splines, 5 films"),)
        yield Row("lungs: otsu", size, device, *found["lungs: otsu"], note=dices.get("lungs: otsu", ""))
        for own, other in pairs:
            mine, theirs = compared({own: found[own], other: found[other]}, own, size=size, device=device)
            for row in (mine, theirs):
                yield Row(**row.as_json() | {"note": dices.get(row.stage, "")})


def dice(number: int) -> dict[str, str]:
    """Return, per segmenter, its mean Dice on real films that no atlas or network is asked about itself."""
    films = list(jsrt(number)) if (DATA / "chest" / "jsrt").is_dir() else []
    makers = {
        "lungs: otsu": lambda truth: otsu(truth.film),
        "lungs: atlas (demons, 5 films)": lambda truth: atlas(truth.film, exclude=truth.name),
        "SimpleITK B-splines, 5 films": lambda truth: by_splines(truth.film, exclude=truth.name),
    }
    if not films:
        return {}
    return {
        name: f"Dice {np.mean([_dice(maker(truth), truth) for truth in films]):.3f}, {len(films)} JSRT films"
        for name, maker in makers.items()
    }


def _dice(soft: SoftLungs, truth: Truth) -> float:
    found, drawn = insensitive_mask(soft, truth.film).labels > 0, truth.labels > 0
    return 2 * float((found & drawn).sum()) / float(found.sum() + drawn.sum())


def on_card(repeats: int) -> Iterator[Row]:
    """Yield the lung network's rows on a graphics card, where there is one."""
    if not torch.cuda.is_available():
        print("no graphics card: nothing was timed on one")
        return
    name = torch.cuda.get_device_name()
    for side in (1024, 3000):
        film = film_of(side)
        found = in_turn({"lungs: network": partial(network, film, NetworkParameters(device="cuda"))}, repeats)
        yield Row("lungs: network", f"{side}²", name, *found["lungs: network"])

"""Building networks by the names of segmentation_models_pytorch (smp), without weights or with them.

References
----------
P. Iakubovskii, Segmentation Models Pytorch, https://github.com/qubvel-org/segmentation_models.pytorch.
Z. Zhou et al., UNet++: a nested U-Net architecture for medical image segmentation, DLMIA 2018.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import field_validator, model_validator

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.no_triton import without_triton
from napari_tbcad.record import Parameters, field

if TYPE_CHECKING:
    import torch
    from torch import nn

Say = Callable[[str], None]

DEPTH = 5
"""Stages of the U-Net families, each half the size of the one before."""

_STAGES = "decoder_channels"
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "Unet": (_STAGES,),
    "UnetPlusPlus": (_STAGES,),
    "MAnet": (_STAGES,),
    "Linknet": (),
    "FPN": ("decoder_pyramid_channels", "decoder_segmentation_channels"),
    "PSPNet": ("psp_out_channels",),
    "PAN": ("decoder_channels",),
    "DeepLabV3": ("decoder_channels",),
    "DeepLabV3Plus": ("decoder_channels",),
    "UPerNet": ("decoder_channels",),
    "Segformer": ("decoder_segmentation_channels",),
    "DPT": ("decoder_fusion_channels",),
}
"""Families of smp and the arguments that set the widths of their decoders, in order."""

STAGED = ("Unet", "UnetPlusPlus", "MAnet")
"""Families whose one argument takes a width for each of the :data:`DEPTH` stages."""

_HEAD = "segmentation_head."
_ALIASES = {"deeplabv3+": "DeepLabV3Plus", "unet++": "UnetPlusPlus", "maunet": "MAnet"}
_MOST_CHANNELS = 4096


def family_name(name: str) -> str:
    """Return smp's name of an architecture, however it is spelt; an unknown one comes back as it is.

    >>> family_name("U-Net++"), family_name("deeplab v3+"), family_name("fpn")
    ('UnetPlusPlus', 'DeepLabV3Plus', 'FPN')
    """
    bare = re.sub(r"[\s_-]", "", name).lower()
    known = {**{family.lower(): family for family in FAMILIES}, **_ALIASES}
    return known.get(bare, name)


class ArchitectureParameters(Parameters):
    """Which network, and what its encoder starts from."""

    architecture: str = field(
        "UnetPlusPlus",
        title="Architecture",
        description=f"Family of segmentation_models_pytorch: {', '.join(FAMILIES)}; U-Net++ and "
        "DeepLabV3+ are understood, too.",
    )
    encoder: str = field(
        "tu-mobilenetv3_small_100",
        title="Encoder",
        description="Encoder by its name in segmentation_models_pytorch (resnet34, mobilenet_v2, …) or, "
        "after tu-, in timm.",
    )
    encoder_weights: str = field(
        "none",
        title="Encoder weights",
        description="none: a random start. A path: a file of weights for this encoder (.safetensors, or a "
        "torch state dict). imagenet: weights trained on photographs, downloaded when they are not yet in "
        "the folder of models.",
    )
    decoder_channels: tuple[int, ...] = field(
        (96, 64, 32, 16, 8),
        title="Decoder channels",
        description=f"Widths of the decoder: {DEPTH} for U-Net, U-Net++ and MAnet, deepest first; 2 for "
        "FPN (pyramid, segmentation); 1 for most others; none for Linknet. Empty: the family's own.",
        more=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _own_widths(cls, data: Any) -> Any:
        """Leave the widths to a family that takes others than the default's, unless they were given."""
        if not isinstance(data, Mapping) or "decoder_channels" in data or "architecture" not in data:
            return data
        return data if family_name(str(data["architecture"])) in STAGED else {**data, "decoder_channels": ()}

    @field_validator("architecture")
    @classmethod
    def _spelt(cls, value: str) -> str:
        return family_name(value)

    @field_validator("decoder_channels")
    @classmethod
    def _bounded(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(value) > 2 * DEPTH or not all(1 <= width <= _MOST_CHANNELS for width in value):
            raise ValueError(f"decoder channels lie between 1 and {_MOST_CHANNELS}")
        return value

    @property
    def without_weights(self) -> ArchitectureParameters:
        """The same network, randomly started: nothing is read or downloaded when it is built."""
        return self.model_copy(update={"encoder_weights": "none"})


def build(
    parameters: ArchitectureParameters = ArchitectureParameters(),
    *,
    n_classes: int,
    in_channels: int = 1,
    say: Say = print,
) -> torch.nn.Module:
    """Build a segmentation network.

    Parameters
    ----------
    parameters : ArchitectureParameters
        Family, encoder, its weights and the decoder's widths.
    n_classes : int
        Number of classes K, background included.
    in_channels : int, optional
        Channels C of the input.
    say : callable, optional
        Told, in a sentence, of a download and of how many weights fitted.

    Returns
    -------
    torch.nn.Module
        Takes (N, C, H, W) float32 and returns logits (N, K, H, W); H and W are multiples of 32.

    Raises
    ------
    BadInput
        If the family or the encoder is unknown (near names are listed) or they do not go together, the
        widths do not suit the family, or the weights cannot be had or do not fit.
    """
    from napari_tbcad.networks.encoder_weights import encoder_state, load_encoder

    module = _bare(parameters, n_classes, in_channels)
    if parameters.encoder_weights != "none":
        state, source = encoder_state(parameters.encoder_weights, parameters.encoder, say=say)
        say(load_encoder(module, state, source))
    return module


def _bare(parameters: ArchitectureParameters, n_classes: int, in_channels: int) -> nn.Module:
    with without_triton():
        import segmentation_models_pytorch as smp

    require_encoder(parameters.encoder)
    widths = _widths(parameters)
    if parameters.architecture == "UnetPlusPlus" and parameters.encoder.startswith("mit_"):
        raise BadInput(
            parameters.encoder, "U-Net++ does not go with this encoder; U-Net, FPN and Segformer do"
        )
    family = getattr(smp, parameters.architecture)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # smp's own, of the older names of encoders
            return family(
                encoder_name=parameters.encoder,
                encoder_weights=None,
                in_channels=in_channels,
                classes=n_classes,
                **widths,
            )
    except Exception as error:  # smp and timm meet pairs that do not go together with errors of any kind
        pair = f"{parameters.architecture} with {parameters.encoder}"
        raise BadInput(pair, f"cannot be built for {in_channels} channel(s): {error}") from error


def _widths(parameters: ArchitectureParameters) -> dict[str, Any]:
    """Return smp's arguments for the decoder's widths."""
    family, given = parameters.architecture, parameters.decoder_channels
    if family not in FAMILIES:
        raise BadInput("architecture", f"there is no {family!r}{_near(family, list(FAMILIES))}")
    arguments = FAMILIES[family]
    if not given:
        return {}
    if family in STAGED:
        if len(given) != DEPTH:
            raise BadInput("decoder_channels", f"{family} takes {DEPTH} widths, not {len(given)}")
        return {arguments[0]: given}
    if len(given) != len(arguments):
        takes = f"takes {len(arguments)} ({', '.join(arguments)})" if arguments else "takes none"
        raise BadInput("decoder_channels", f"{family} {takes}, not {len(given)}; leave it empty for its own")
    return dict(zip(arguments, given, strict=True))


def require_encoder(name: str) -> None:
    """Raise BadInput unless smp or timm has an encoder of this name.

    A name is looked up rather than handed on, since timm takes some names for addresses to load from.
    """
    with without_triton():
        import timm
        from segmentation_models_pytorch.encoders import get_encoder_names

    if name.startswith("tu-"):
        bare = name.removeprefix("tu-")
        if timm.is_model(bare.split(".")[0]) and re.fullmatch(r"[\w.]+", bare):
            return
        known = [f"tu-{model}" for model in timm.list_models()]
    else:
        known = get_encoder_names()
        if name in known:
            return
        known = [*known, *(f"tu-{model}" for model in timm.list_models())]
    raise BadInput("encoder", f"there is no {name!r}{_near(name, known)}")


def _near(name: str, known: list[str]) -> str:
    lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), lower, n=4, cutoff=0.5)
    names = [lower[one] for one in near] or (known if len(known) < 20 else [])
    return f"; there are {', '.join(names)}" if names else ""


def start_from(
    module: nn.Module, start: str | Path, *, classes: tuple[str, ...] | None = None
) -> tuple[int, list[str]]:
    """Copy the weights of a network file into a network, as the start of a training.

    Parameters
    ----------
    module : torch.nn.Module
        The network to be trained; changed in place.
    start : str or Path
        Name of a packaged or installed network, or the path of a network file.
    classes : tuple of str, optional
        The classes to be trained. The head is copied from a network of the same classes; from one that
        shares some beside the background, the shared ones are. Where none are given, it is copied from a
        network of the same number of them.

    Returns
    -------
    int
        Number of tensors copied: those of equal name and shape, and those of the head of which some classes
        were copied.
    list of str
        Names of the module's tensors that keep the values they had.

    Raises
    ------
    BadInput
        If the network file is refused or none of its tensors fits.
    """
    import torch

    from napari_tbcad.networks.models import find_network

    network = find_network(start)
    have, own = network.module.state_dict(), module.state_dict()
    same_head = classes is None or tuple(classes) == network.card.classes
    fits = [
        name
        for name, tensor in own.items()
        if name in have and have[name].shape == tensor.shape and (same_head or not name.startswith(_HEAD))
    ]
    shared = {} if same_head else _shared(classes or (), network.card.classes)
    parts = [name for name in own if shared and name.startswith(_HEAD) and name in have]
    if not fits:
        made_of = f"{network.card.architecture.architecture} with {network.card.architecture.encoder}"
        raise BadInput(start, f"none of its weights fits; it is a {made_of}")
    with torch.no_grad():
        for name in fits:
            own[name].copy_(have[name])
        for name in parts:
            own[name][list(shared)] = have[name][list(shared.values())].to(own[name].dtype)
    taken = {*fits, *parts}
    return len(taken), [name for name in own if name not in taken]


def _shared(wanted: tuple[str, ...], there: tuple[str, ...]) -> dict[int, int]:
    """Return the channel in another head of each wanted one that it has; none when only the background."""
    found = {value: there.index(name) for value, name in enumerate(wanted) if name in there}
    return found if len(found) > 1 else {}

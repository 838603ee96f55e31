"""``napari-tbcad verify``: whether this installation computes what it should."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

import typer


def verify() -> None:
    """Check the IBSI phantom values, the packaged models and networks, the devices and the display."""
    misses = _ibsi() + _models() + _networks()
    _devices()
    _display()
    typer.echo("all checks passed" if not misses else f"{misses} check(s) failed")
    raise typer.Exit(1 if misses else 0)


def _ibsi() -> int:
    from napari_tbcad.chest.ibsi import check_ibsi

    rows = check_ibsi()
    wrong = [row for row in rows if not row.ok]
    for row in wrong:
        typer.echo(f"  MISS {row.aggregation} {row.feature}: {row.ours:.6g}, reference {row.reference:.6g}")
    typer.echo(f"IBSI phantom: {len(wrong)} misses in {len(rows)} comparisons")
    return len(wrong)


def _models() -> int:
    from napari_tbcad.bone.skeleton import packaged_skeleton_atlas
    from napari_tbcad.chest.classify.card import arrays_sha256
    from napari_tbcad.chest.classify.packaged import DEMONSTRATION, packaged_models
    from napari_tbcad.chest.lungs.atlas import packaged_atlas
    from napari_tbcad.chest.workflow import packaged_shape_model
    from napari_tbcad.errors import TbcadError

    misses = 0
    hashes: dict[str, Callable[[], str]] = {
        "atlas": lambda: packaged_atlas().digest,
        "skeleton atlas": lambda: packaged_skeleton_atlas().content_key,
        "shape model": lambda: arrays_sha256(packaged_shape_model().to_arrays()),
    }
    for name in sorted({DEMONSTRATION, *packaged_models()}):
        hashes[f"classifier {name}"] = partial(_hash_of, name)
    for name, check in hashes.items():
        try:
            typer.echo(f"{name}: sound, digest {check()[:12]}")
        except (TbcadError, OSError) as error:
            misses += 1
            typer.echo(f"{name}: MISS {error}")
    return misses


def _hash_of(name: str) -> str:
    from napari_tbcad.chest.classify.packaged import packaged_model

    return packaged_model(name).sha256


def _networks() -> int:
    """Hold every packaged network against the list of hashes, build it and fill it."""
    from napari_tbcad.errors import TbcadError
    from napari_tbcad.networks.models import find_network, packaged_networks

    misses = 0
    try:
        names = packaged_networks()
    except TbcadError as error:
        typer.echo(f"packaged networks: MISS {error}")
        return 1
    for name in names:
        try:
            network = find_network(name)
            typer.echo(f"network {name}: sound, digest {network.sha256[:12]}, task {network.card.task}")
        except (TbcadError, OSError) as error:
            misses += 1
            typer.echo(f"network {name}: MISS {error}")
    if not names:
        typer.echo("packaged networks: none")
    return misses


def _devices() -> None:
    import torch

    mps = getattr(torch.backends, "mps", None)
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * bool(mps and mps.is_available())
    typer.echo(
        f"devices: {', '.join(devices)} (torch {torch.__version__}, {torch.get_num_threads()} threads)"
    )


def _display() -> None:
    shown = sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    typer.echo("display: yes" if shown else "display: none (panels need one; the command line does not)")

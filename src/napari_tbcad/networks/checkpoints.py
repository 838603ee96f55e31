"""Checkpoints written whole or not at all; imports pytorch_lightning, which takes seconds."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from napari_tbcad.files import written_whole


class WholeCheckpoints(TorchCheckpointIO):
    """Puts a checkpoint in the place of the one before only when all of it is on the disk.

    PyTorch Lightning writes to the folder for temporary files and moves from there. Where that is another
    file system moving is copying, and a full disk or a killed process leaves half a file in the place of the
    last good checkpoint.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint; raises OSError when there is no room, and the earlier one stays."""
        held = io.BytesIO()
        torch.save(checkpoint, held)
        with written_whole(Path(path)) as temporary:
            temporary.write_bytes(held.getbuffer())

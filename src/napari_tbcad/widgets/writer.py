"""napari's door to saved lung masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput


def write_lung_mask(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write one Labels layer as an 8-bit PNG: 0 background, 1 right lung, 2 left lung.

    Parameters
    ----------
    path : str
        Wanted file; ``.png`` is added when it has no suffix.
    data : (H, W) array of int
        The labels.
    meta : dict
        napari's description of the layer; its name appears in messages.

    Returns
    -------
    list of str
        The file written.

    Raises
    ------
    BadInput
        If the layer is no lung mask.
    """
    import numpy as np

    from napari_tbcad.io.masks import write_mask

    labels = np.asarray(data)
    name = str(meta.get("name", "mask"))
    if labels.ndim != 2:
        raise BadInput(name, f"a lung mask is 2-D, this layer has shape {labels.shape}")
    if labels.size and (labels.min() < 0 or labels.max() > 2):
        raise BadInput(name, f"lung masks hold 0, 1 (right) and 2 (left), not {int(labels.max())}")
    target = Path(path) if Path(path).suffix else Path(path).with_suffix(".png")
    write_mask(target, labels.astype(np.uint8))
    return [str(target)]

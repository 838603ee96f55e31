"""Drawing without a display and without pyplot's state."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours, told apart by readers with colour-vision deficiencies."""


def axes(
    width: float, height: float, *, rows: int = 1, columns: int = 1, sharey: bool | Literal["row"] = False
) -> tuple[Figure, NDArray[np.object_]]:
    """Return a figure, its size in inches, and its axes (rows, columns)."""
    figure = Figure(figsize=(width, height), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, sharey=sharey)


def png(figure: Figure, *, sharp: bool = False) -> bytes:
    """Return a figure as PNG bytes, with twice the pixels a side when it is to be printed.

    See :func:`width` for the size it is then shown at.
    """
    if (engine := figure.get_layout_engine()) is not None:
        # Saving would lay the figure out twice, and that takes longer than drawing it.
        engine.execute(figure)
        figure.set_layout_engine("none")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=(2 if sharp else 1) * figure.dpi)
    return stream.getvalue()


def width(figure: Figure) -> int:
    """Return how wide a figure is on a page, in CSS pixels."""
    return round(figure.get_figwidth() * figure.dpi)

"""What a person does to hotspots and regions: painted in the layers, or asked for by a key or the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QObject

from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.chain import Run
from napari_tbcad.content import content_key
from napari_tbcad.widgets.bone.layers import HOTSPOTS, KINDS, BoneLayers, view_of
from napari_tbcad.widgets.workflow.edits import LayerEdits, Piece, Strokes

Change = Callable[[Hotspots], Hotspots]


@dataclass(frozen=True)
class Order:
    """A change that a person asked for, in the order of asking.

    Parameters
    ----------
    change : callable or None
        Gives the new hotspots; None goes back to the automatic value.
    name : str
        The value of the chain.
    tool : str
        With what, for the journal.
    number : int
        As of :class:`~napari_tbcad.widgets.workflow.edits.Piece`.
    """

    change: Change | None
    name: str
    tool: str
    number: int


class BoneEdits(LayerEdits):
    """Follows the label layers of one scan, and keeps what is asked for in order.

    Parameters
    ----------
    layers : BoneLayers
        The layers followed.
    parent : QObject, optional
        Qt parent.
    """

    _layers: BoneLayers

    def __init__(self, layers: BoneLayers, parent: QObject | None = None) -> None:
        super().__init__(layers, parent)
        self._orders: list[Order] = []
        self._strokes = Strokes()
        self._known: dict[int, Mark] = {}

    @property
    def dirty(self) -> bool:
        """Whether something was painted or asked for that the run has not been told yet."""
        return super().dirty or bool(self._orders)

    def value_of(self, kind: str) -> str:
        """Return ``"hotspots"`` or ``"regions"``."""
        return kind.split(" ")[1] if kind in KINDS else kind

    def order(self, change: Change | None, tool: str, *, name: str = "hotspots") -> None:
        """Ask for a change of what stands when its turn comes; answered at once."""
        self._number += 1
        self._orders.append(Order(change, name, tool, self._number))
        self.touched.emit(True)

    def pieces(self, run: Run) -> dict[str, Any]:
        """Return what was painted and, after it, what was asked for."""
        found = super().pieces(run)
        orders, self._orders = self._orders, []
        return found | {f"order {order.number}": order for order in orders if run.get(order.name) is not None}

    def begin(self) -> None:
        """Know of nothing: another run begins."""
        super().begin()
        self._orders.clear()
        self._strokes.end()
        self._known.clear()

    def take(self, run: Run, kind: str, piece: Any) -> None:
        """Put what was painted, or asked for, into the run."""
        if isinstance(piece, Order):
            self._obey(run, piece)
        elif kind in HOTSPOTS.values():
            self._take_hotspots(run, kind, piece)
        else:
            self._take_regions(run, kind, piece)

    def _obey(self, run: Run, order: Order) -> None:
        from napari_tbcad.bone.workflow import give_hotspots, take_back

        self._strokes.end(order.name)
        if order.change is None:
            take_back(run, order.name, tool=order.tool, reader=self.reader)  # type: ignore[arg-type]
            return
        standing: Hotspots = run.get("hotspots")
        self._remember(standing)
        give_hotspots(run, order.change(standing), tool=order.tool, reader=self.reader)

    def _take_hotspots(self, run: Run, kind: str, piece: Piece) -> None:
        from napari_tbcad.bone.painted import from_labels
        from napari_tbcad.bone.workflow import give_hotspots, take_back

        standing: Hotspots = run.get("hotspots")
        automatic: Hotspots | None = run.get("hotspots", automatic=True)
        view = view_of(kind)
        before = standing.labels(view)
        if before is not None and np.array_equal(piece.pixels, before):
            if piece.ended:
                self._strokes.end("hotspots")
            return
        self._remember(standing)
        labels = {name: standing.labels(view_of(name)) for name in HOTSPOTS.values()} | {kind: piece.pixels}
        now = from_labels(
            labels[HOTSPOTS["anterior"]],
            labels[HOTSPOTS["posterior"]],
            # What an undo brings back has the class that it had.
            marks=self._marks(standing),
            label=self._layers.brush_class,
            judged=True,
            warnings=standing.warnings,
            record=standing.record,
        )
        if automatic is not None and content_key(now) == content_key(automatic):
            self._strokes.end("hotspots")
            take_back(run, "hotspots", tool=piece.tool, reader=self.reader)
            return
        stroke = self._strokes.stroke(run, "hotspots", standing)
        stroke.entry = give_hotspots(
            run, now, tool=piece.tool, reader=self.reader, base=stroke.base, replaces=stroke.entry
        )
        self._strokes.keep("hotspots", stroke, ended=piece.ended)

    def _take_regions(self, run: Run, kind: str, piece: Piece) -> None:
        from dataclasses import replace

        from napari_tbcad.bone.workflow import give_regions, take_back

        standing, automatic = run.get("regions"), run.get("regions", automatic=True)
        view = view_of(kind)
        if np.array_equal(piece.pixels, standing.labels(view)):
            if piece.ended:
                self._strokes.end("regions")
            return
        now = replace(standing, **{view: piece.pixels})
        if automatic is not None and all(
            np.array_equal(now.labels(view_of(k)), automatic.labels(view_of(k))) for k in HOTSPOTS.values()
        ):
            self._strokes.end("regions")
            take_back(run, "regions", tool=piece.tool, reader=self.reader)
            return
        stroke = self._strokes.stroke(run, "regions", standing)
        stroke.entry = give_regions(
            run, now, tool=piece.tool, reader=self.reader, base=stroke.base, replaces=stroke.entry
        )
        self._strokes.keep("regions", stroke, ended=piece.ended)

    def _remember(self, standing: Hotspots) -> None:
        self._known |= standing.by_id()

    def _marks(self, standing: Hotspots) -> list[Mark]:
        return list((self._known | dict(standing.by_id())).values())

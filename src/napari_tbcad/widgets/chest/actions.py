"""What keys and buttons do, by name, so that both do the same."""

from __future__ import annotations

from collections.abc import Callable

from napari_tbcad.schemes import LEFT, RIGHT
from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.layers import KINDS


def brush(bench: ChestBench, label: int) -> None:
    """Take the brush for a lung (1 right, 2 left) or the eraser (0) over the mask worked on."""
    session = bench.session
    if session is None or session.value(session.look.kind) is None:
        return
    kind = session.look.kind
    if session.layers.layer(kind) is None:
        session.show_masks()
    session.layers.brush(kind, label)


def to_automatic(bench: ChestBench) -> None:
    """Bring the automatic mask back as one undoable step."""
    session = bench.session
    if session is not None:
        automatic = session.value(session.look.kind, automatic=True)
        if automatic is not None:
            session.edits.apply(session.look.kind, automatic.labels, "back to automatic")


def switch_mask(bench: ChestBench) -> None:
    """Work on the other mask; the layer in hand changes with it."""
    session = bench.session
    if session is None:
        return
    held = session.layers.layer(session.look.kind)
    session.look.set_kind(next(kind for kind in KINDS if kind != session.look.kind))
    layer, viewer = session.layers.layer(session.look.kind), bench.viewer
    if viewer is not None and layer is not None and viewer.layers.selection.active is held:
        viewer.layers.selection.active = layer


def toggle_difference(bench: ChestBench) -> None:
    """Outline what was added and taken away, or no longer."""
    if (session := bench.session) is not None:
        session.look.set_outline("" if session.look.outline == "difference" else "difference")


def toggle_preview(bench: ChestBench) -> None:
    """Show the enhanced film over the original, or the original."""
    if (session := bench.session) is not None:
        session.look.set_preview(not session.look.preview)


def run_all(bench: ChestBench) -> None:
    """Bring every step up to date."""
    if (session := bench.session) is not None:
        session.run_all()


def actions(bench: ChestBench) -> dict[str, Callable[[], None]]:
    """Return what the keys of the chest panels do, by their names in the registry of keys."""
    return {
        "right_lung": lambda: brush(bench, RIGHT),
        "left_lung": lambda: brush(bench, LEFT),
        "switch_mask": lambda: switch_mask(bench),
        "to_automatic": lambda: to_automatic(bench),
        "difference": lambda: toggle_difference(bench),
        "preview": lambda: toggle_preview(bench),
        "run_all": lambda: run_all(bench),
        "save_case": lambda: bench.save_wanted.emit(),
    }

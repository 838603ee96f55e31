"""Every key of the plugin, in one place, and how they are bound to a viewer."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app_model.types import KeyBinding
from napari.layers import Image, Labels
from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QMenu,
    QMenuBar,
    QPlainTextEdit,
    QTextEdit,
)

from napari_tbcad.widgets.proxies import bare

Scope = Literal["chest", "bone", "panel", "worklist", "view"]


@dataclass(frozen=True)
class Key:
    """One key.

    Parameters
    ----------
    name : str
        What it does, for the program: the name of an action given to :func:`bind`.
    keys : str
        The key in napari's notation.
    scope : str
        Where it holds: ``"chest"``, ``"bone"``, ``"panel"`` (both), ``"worklist"`` or ``"view"``.
    title, description : str
        What it does, for the person: two words and one sentence.
    replaces : tuple of str
        napari actions that it knowingly replaces on our layers.
    also : str
        A second key in Qt's notation, for one that napari's table has no name for.
    """

    name: str
    keys: str
    scope: Scope
    title: str
    description: str
    replaces: tuple[str, ...] = ()
    also: str = ""


# Not used here: Space, which napari holds for pan and zoom. E stays napari's eraser on chest masks, where it
# does what a person expects.
KEYS: tuple[Key, ...] = (
    Key("right_lung", "R", "chest", "Right lung", "Brush for the right lung (on the image's left)."),
    Key(
        "left_lung",
        "L",
        "chest",
        "Left lung",
        "Brush for the left lung. On the masks it replaces napari's label picker, which 5 still chooses.",
        replaces=("activate_labels_picker_mode",),
    ),
    Key("switch_mask", "S", "chest", "Other mask", "Switch between the sensitive and the insensitive mask."),
    Key(
        "to_automatic",
        "B",
        "chest",
        "Back to automatic",
        "Bring the automatic mask back; Ctrl+Z brings yours back. On the masks it replaces napari's "
        "“preserve labels”, a box in the layer controls.",
        replaces=("toggle_preserve_labels",),
    ),
    Key("difference", "D", "chest", "Difference", "Outline what you added and took away, on or off."),
    Key("preview", "T", "chest", "Original or enhanced", "Show the original film or the enhanced one."),
    Key("run_all", "Ctrl+Shift+R", "panel", "Run all", "Bring every step up to date."),
    Key("save_case", "Ctrl+Shift+S", "panel", "Save", "Save what was made of the film or scan."),
    Key("abnormal", "A", "bone", "Abnormal", "Class of the chosen hotspots, and of what is made next."),
    Key("normal", "N", "bone", "Normal", "The same: benign or degenerative uptake."),
    Key("non_bone", "U", "bone", "Non-bone", "The same: uptake outside bone (bladder, kidney, injection)."),
    Key("ignore_hotspot", "I", "bone", "Ignore", "The same: no statement about it."),
    Key(
        "confirm",
        "Y",
        "bone",
        "Confirm",
        "The class of the chosen hotspots is right: judged.",
        replaces=("orient_plane_normal_along_y",),
    ),
    Key(
        "next_hotspot",
        "Tab",
        "bone",
        "Next hotspot",
        "On the canvas: point at the next hotspot; Shift+Tab at the one before.",
    ),
    Key(
        "accept_partner",
        "Enter",
        "bone",
        "Accept partner",
        "The dashed outline in the other view is the same lesion as the chosen one "
        "(end napari's polygon with a double click).",
        replaces=("complete_polygon",),
    ),
    Key("grow_tool", "G", "bone", "Grow", "Click a hotspot to outline it; Shift+click does so at any time."),
    Key(
        "box_tool",
        "O",
        "bone",
        "Box",
        "Drag a box around a hotspot to outline what is hot in it.",
        replaces=("orient_plane_normal_along_view_direction",),
    ),
    Key(
        "brush_tool",
        "F",
        "bone",
        "Brush",
        "Paint freehand: a new hotspot, or on one that is there (napari's fill tool is on 4).",
        replaces=("activate_labels_fill_mode",),
    ),
    Key(
        "erase_tool",
        "E",
        "bone",
        "Eraser",
        "Erase pixels of hotspots.",
        replaces=("activate_labels_erase_mode",),
    ),
    Key("split_tool", "K", "bone", "Split", "Drag a line across a hotspot to part it."),
    Key("merge", "J", "bone", "Join", "Make one hotspot of those chosen (of one view)."),
    Key("delete_hotspots", "Delete", "bone", "Delete", "Take the chosen hotspots away."),
    Key(
        "undo",
        "Ctrl+Z",
        "bone",
        "Undo",
        "Take back the last thing done to hotspots, regions or views, whatever it was.",
        replaces=("undo",),
    ),
    Key("redo", "Ctrl+Shift+Z", "bone", "Redo", "Do it once more.", replaces=("redo",)),
    Key("crosshair", "H", "bone", "Cross-hair", "Show the same place in both views, on or off."),
    Key("previous", ",", "worklist", "Previous", "Go to the film or scan before in the worklist."),
    Key("next", ".", "worklist", "Next", "Go to the next film or scan in the worklist."),
    Key("done", "Ctrl+Enter", "worklist", "Done", "Mark the film or scan as done and go to the next one."),
    Key("window", "W", "view", "Window as stored", "Go back to the window of the file."),
    Key("next_window", "Shift+W", "view", "Next window", "Go through the window presets."),
    Key("invert", "Shift+I", "view", "Invert", "Show the film with its grey scale turned round."),
    Key("ruler", "Shift+R", "view", "Ruler", "Show or hide the ruler."),
    Key("help", "F1", "view", "Keys", "Show this sheet.", also="?"),
)
"""Every key of the plugin."""

_BY_NAME = {key.name: key for key in KEYS}
_TEXT_FIELDS = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)


class Bindings:
    """Keys bound to a viewer and to layers of ours, until released. Made by :func:`bind`.

    Attributes
    ----------
    keys : tuple of Key
        The keys bound.
    """

    def __init__(self, viewer: Any, actions: Mapping[str, Callable[[], None]]) -> None:
        self.keys = tuple(key for key in KEYS if key.name in actions)
        self._actions = dict(actions)
        self._bound: list[tuple[weakref.ref[Any], KeyBinding, _Press]] = []
        self._add(bare(viewer))

    def add(self, layer: Any) -> None:
        """Bind the keys to one more layer, where they come before napari's keys for its kind."""
        if all(known() is not layer for known, _, _ in self._bound):
            self._add(layer)

    def release(self) -> None:
        """Unbind every key and bring back what was there before; may be called more than once."""
        bound, self._bound = self._bound, []
        self._actions = {}
        for reference, binding, press in bound:
            press.owner = None
            holder = reference()
            # Whoever bound the key after us keeps it.
            if holder is None or holder.keymap.get(binding) is not press:
                continue
            before = press.before
            while isinstance(before, _Press) and before.alive() is None:
                before = before.before
            holder.bind_key(binding, None)
            if before is not None:
                holder.bind_key(binding, before)

    def act(self, name: str) -> None:
        """Do what a key does, unless a text field has the focus."""
        action = self._actions.get(name)
        if action is not None and not typing():
            action()

    def _add(self, holder: Any) -> None:
        for key in self.keys:
            binding = coerce_keybinding(key.keys)
            press = _Press(self, key.name, holder.keymap.get(binding))
            holder.bind_key(binding, press, overwrite=True)
            self._bound.append((weakref.ref(holder), binding, press))


class _Press:
    """What napari calls; it keeps the panel behind the action from staying alive."""

    def __init__(self, owner: Bindings, name: str, before: Any) -> None:
        self.owner: weakref.ref[Bindings] | None = weakref.ref(owner)
        self.name, self.before = name, before
        # napari asks every bound function for its name.
        self.__name__ = f"napari_tbcad_{name}"
        self.__doc__ = f"napari-tbcad: {_BY_NAME[name].title}"

    def alive(self) -> Bindings | None:
        return self.owner() if self.owner is not None else None

    def __call__(self, holder: Any) -> None:
        if (owner := self.alive()) is not None:
            owner.act(self.name)


def bind(viewer: Any, layers: Iterable[Any], actions: Mapping[str, Callable[[], None]]) -> Bindings:
    """Bind keys to a viewer and to layer objects, never to their classes.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly. Its keys hold unless the active layer's kind has the key.
    layers : iterable of napari.layers.Layer
        Layers of ours, held weakly: on them our keys come before napari's.
    actions : mapping of str to callable
        What to do, by the name of a key. Only keys named here are bound.

    Returns
    -------
    Bindings
        To be kept: without it the keys do nothing.

    Raises
    ------
    ValueError
        If no key has the name of an action.
    """
    unknown = sorted(set(actions) - set(_BY_NAME))
    if unknown:
        raise ValueError(f"no key is named {', '.join(unknown)}")
    bindings = Bindings(viewer, actions)
    for layer in layers:
        bindings.add(layer)
    return bindings


def key_of(name: str) -> Key:
    """Return the key of an action."""
    return _BY_NAME[name]


def hint(name: str) -> str:
    """Return a key for the end of a tooltip, " (R)"."""
    return f" ({_BY_NAME[name].keys})"


def typing() -> bool:
    """Tell whether a text field has the focus, so that keys are text."""
    focus = QApplication.focusWidget()
    return isinstance(focus, _TEXT_FIELDS) or (isinstance(focus, QComboBox) and focus.isEditable())


def conflicts(viewer: Any, keys: Iterable[Key] = KEYS) -> tuple[str, ...]:
    """Say which of our keys mean something else as well, as shortcuts are set now.

    Looked at are the keys bound to the kinds of layer we use and to viewers (what napari's preferences
    and other plugins set), to this viewer itself, and those of the menus.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    keys : iterable of Key
        The keys to check.

    Returns
    -------
    tuple of str
        A sentence for each clash; a key that is known to replace one of napari's on our masks is none.
    """
    viewer = bare(viewer)
    menus = dict(_menu_shortcuts())
    said = []
    for key in keys:
        binding = coerce_keybinding(key.keys)
        for where, action in _others(viewer, binding):
            if action not in key.replaces:
                said.append(
                    f"{key.keys} ({key.title}) is taken by “{action.replace('_', ' ')}” {where}; "
                    "change that in Preferences → Shortcuts."
                )
        for sequence in filter(None, (key.keys, key.also)):
            if entry := menus.get(QKeySequence(sequence).toString()):
                said.append(
                    f"{sequence} ({key.title}) is taken by the menu entry “{entry}”, which comes first."
                )
    return tuple(said)


def _others(viewer: Any, binding: KeyBinding) -> Iterator[tuple[str, str]]:
    """Find what else a key does: where, and the name of the function behind it."""
    for kind, where in (
        (Labels, "on labels layers"),
        (Image, "on image layers"),
        (type(viewer), "in the viewer"),
    ):
        maps = (vars(cls).get("class_keymap", {}) for cls in kind.__mro__)
        action = next((keymap[binding] for keymap in maps if binding in keymap), None)
        if action is not None:
            yield where, _name(action)
    own = viewer.keymap.get(binding)
    if own is not None and not isinstance(own, _Press):
        yield "in this viewer", _name(own)


def _name(action: Any) -> str:
    return str(getattr(action, "__name__", type(action).__name__))


def _menu_shortcuts() -> Iterator[tuple[str, str]]:
    """List the shortcuts of every window's menus; napari gives all its windows the same."""
    for window in QApplication.topLevelWidgets() if QApplication.instance() else ():
        if isinstance(window, QMainWindow) and (bar := window.menuBar()) is not None:
            yield from _shortcuts_in(bar)


def _shortcuts_in(menu: QMenu | QMenuBar) -> Iterator[tuple[str, str]]:
    for action in menu.actions():
        if (below := action.menu()) is not None:
            yield from _shortcuts_in(below)
        elif not action.shortcut().isEmpty():
            yield action.shortcut().toString(), action.text().replace("&", "").strip("\u200e")

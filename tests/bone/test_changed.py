from __future__ import annotations

import numpy as np

from napari_tbcad.bone.changed import changed_hotspots
from napari_tbcad.bone.editing import add, delete, erase, link, set_label
from napari_tbcad.bone.hotspots import Hotspots


def box(*bounds):
    mask = np.zeros((20, 10), bool)
    top, left, bottom, right = bounds
    mask[top:bottom, left:right] = True
    return mask


def test_what_differs_is_named_and_what_is_gone_is_not():
    none = Hotspots(np.zeros((20, 10), np.uint16), np.zeros((20, 10), np.uint16))
    one = add(none, "anterior", box(2, 2, 5, 5))
    two = add(one, "posterior", box(2, 2, 5, 5))
    three = add(two, "anterior", box(10, 2, 15, 5))
    assert changed_hotspots(None, two) == (1, 2)
    assert changed_hotspots(two, None) == ()
    assert changed_hotspots(two, two) == ()
    assert changed_hotspots(two, three) == (3,)
    assert changed_hotspots(three, delete(three, 2)) == ()
    assert changed_hotspots(delete(three, 2), three) == (2,)
    assert changed_hotspots(three, set_label(three, 3, "normal")) == (3,)
    assert changed_hotspots(three, link(three, 1, 2)) == (1, 2)
    assert changed_hotspots(three, erase(three, "anterior", box(10, 2, 12, 5))) == (3,)
    # Pixels that went from one to another change both.
    taken = add(three, "anterior", box(4, 2, 6, 5), over="take")
    assert changed_hotspots(three, taken) == (1, 4)
    one_view = Hotspots(one.anterior, None, one.marks)
    assert changed_hotspots(none, one_view) == (1,)

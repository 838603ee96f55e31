"""The hotspots of a scan as a table: sorted, filtered, selected, their classes chosen in it."""

from napari_tbcad.widgets.bone.hotspot_table.chips import chip
from napari_tbcad.widgets.bone.hotspot_table.order import Filter, RowOrder
from napari_tbcad.widgets.bone.hotspot_table.view import HotspotView
from napari_tbcad.widgets.bone.hotspot_table.words import WORDS, judged_class, place_of, sentence, together

__all__ = [
    "WORDS",
    "Filter",
    "HotspotView",
    "RowOrder",
    "chip",
    "judged_class",
    "place_of",
    "sentence",
    "together",
]

"""Colours of the bone panel that a colour-blind reader tells apart on a scan in inverse grey."""

from __future__ import annotations

from napari_tbcad.schemes import HOTSPOT_COLOURS

CLASS_COLOURS = {**HOTSPOT_COLOURS, "ignore": "#CC79A7"}
"""By class; white, the scheme's colour of an ignored hotspot, would not be seen on a scan."""

OUTLINE = "#009E73"
"""Okabe-Ito bluish green, of the skeleton regions."""

RING = "#56B4E9"
"""Okabe-Ito sky blue, around the hotspot chosen."""

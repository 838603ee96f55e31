"""Tools in the person's hand over a bone scan: box, grow, split, brush, erase; and the row that offers them."""

from napari_tbcad.widgets.bone.tools.tool_row import ToolRow
from napari_tbcad.widgets.bone.tools.tools import TOOLS, Tools

__all__ = ["TOOLS", "ToolRow", "Tools"]

"""Tools in the person's hand over a bone scan, and the row in the panel that offers them."""

from napari_tbcad.widgets.bone.tools.tool_row import ToolRow
from napari_tbcad.widgets.bone.tools.tools import TOOLS, Tools

__all__ = ["TOOLS", "ToolRow", "Tools"]

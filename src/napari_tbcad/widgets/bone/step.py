"""What every step of the bone chain shows."""

from __future__ import annotations

from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.session import BoneSession
from napari_tbcad.widgets.workflow.step import SessionStep


class BoneStep(SessionStep):
    """A step that shows a scan's session."""

    bench: BoneBench

    @property
    def session(self) -> BoneSession | None:
        """The session shown."""
        return self.bench.session

"""The pictures of one film's report, drawn once for all languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from napari_tbcad.evaluate.reports import case_film_pictures as pictures
from napari_tbcad.evaluate.reports.case_film import FilmSubject


@dataclass(frozen=True, eq=False)
class FilmPictures:
    """PNG files of a film; drawn when they are first asked for.

    Parameters
    ----------
    subject : FilmSubject
        With a shape: a film or masks.
    """

    subject: FilmSubject

    @cached_property
    def _grey(self) -> pictures.Grey:
        assert self.subject.shape is not None, "there is a film or a mask"
        return pictures.grey_picture(self.subject.film, self.subject.shape)

    @cached_property
    def plain(self) -> bytes:
        """The film alone."""
        return pictures.plain(self._grey)

    @cached_property
    def used(self) -> bytes:
        """Both masks as they stand."""
        return pictures.outlined(self._grey, self.subject.used)

    @cached_property
    def corrections(self) -> dict[str, tuple[bytes, bytes]]:
        """By corrected kind of mask, the automatic one and the person's."""
        found = {}
        for kind in self.subject.corrected:
            if (before := self.subject.automatic.get(kind)) is not None:
                after = pictures.changed(
                    self._grey, before, self.subject.used[kind], broken=kind == "sensitive"
                )
                found[kind] = (pictures.outlined(self._grey, {kind: before}), after)
        return found

    @cached_property
    def evidence(self) -> bytes:
        """The local evidence of the decision; only where there is some."""
        told = self.subject.explanation
        return pictures.evidence_picture(self._grey, told.map, told.lungs)

    @cached_property
    def opacities(self) -> bytes:
        """The opacities inside the lungs; only where there are some."""
        found = self.subject.opacities
        assert found is not None, "there are opacities"
        return pictures.opacity_picture(self._grey, found.map, found.lungs, found.found.threshold)

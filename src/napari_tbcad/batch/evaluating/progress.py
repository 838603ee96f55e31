"""How far an evaluation is, as one share and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Progress = Callable[[float, str], None]
Say = Callable[[str], None]


def time_left(seconds: float) -> str:
    """Return a time that is left in words: ``about 3 min left``."""
    if seconds < 60:
        return f"about {max(1, round(seconds / 10) * 10)} s left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"


class Steps:
    """Turns the progress of single steps into that of the whole.

    Parameters
    ----------
    weights : mapping of str to float
        Steps in order, and what share of the work each may take (any unit).
    progress : callable, optional
        Called with the share done and a text.
    say : callable, optional
        Told about every twentieth of a step.
    """

    def __init__(self, weights: Mapping[str, float], progress: Progress | None, say: Say | None) -> None:
        total = sum(weights.values()) or 1.0
        self._begins: dict[str, tuple[float, float]] = {}
        done = 0.0
        for name, weight in weights.items():
            self._begins[name] = (done / total, weight / total)
            done += weight
        self._progress, self._say = progress, say
        self._told: dict[str, int] = {}
        self._highest = 0.0

    def tell(self, step: str, share: float, what: str) -> None:
        """Report the share of one step; the whole never goes back."""
        begin, width = self._begins[step]
        self._highest = max(self._highest, min(1.0, begin + width * share))
        if self._progress is not None:
            self._progress(self._highest, what)
        if self._say is not None and (int(share * 20) > self._told.get(step, -1) or "left out" in what):
            self._told[step] = int(share * 20)
            self._say(f"  {what}")

    def of(self, step: str) -> Progress:
        """Return a progress callable of one step."""
        return lambda share, what: self.tell(step, share, what)

    def fits(self, step: str, batches: int = 1) -> Callable[[int, int, float, str], None]:
        """Return what :class:`~napari_tbcad.batch.evaluating.fits.KeptFits` tells of its fits.

        Parameters
        ----------
        step : str
        batches : int
            How often fits are asked for in this step.
        """
        begun = 0

        def tell(done: int, wanted: int, left: float, what: str) -> None:
            nonlocal begun
            begun += done == 1
            share = min(1.0, (begun - 1 + done / wanted) / batches)
            self.tell(step, share, f"fit {done} of {wanted}, {time_left(left)}: {what}")

        return tell

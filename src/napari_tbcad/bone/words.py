"""The Bone Scan Index and its hotspots in words, the same wherever a scan's result is told in a line."""

from __future__ import annotations


def index_words(value: float, abnormal: int, how: str = "", *, short: bool = False) -> str:
    """Return what came of a scan, such as ``"BSI 0.45 %, 2 abnormal hotspots"``.

    Parameters
    ----------
    value : float
        Bone Scan Index in %.
    abnormal : int
        Abnormal hotspots.
    how : str, optional
        Said of the index in brackets, such as its weights.
    short : bool, optional
        Leave out what is abnormal: for a column headed so.
    """
    spots = f"{abnormal} abnormal" if short else abnormal_words(abnormal)
    return f"BSI {value:.2f} %{f' ({how})' if how else ''}, {spots}"


def abnormal_words(number: int) -> str:
    """Return a number of abnormal hotspots."""
    return f"{number} abnormal hotspot{'' if number == 1 else 's'}"

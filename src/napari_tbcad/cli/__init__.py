"""The command line: thin, it parses, calls a workflow and prints."""

from __future__ import annotations

import os
import signal
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run ``napari-tbcad``.

    Returns
    -------
    int
        0 when every input was processed, 1 when some failed (all others written), 2 for wrong usage, 130
        when it was broken off.
    """
    from napari_tbcad.cli.app import run

    code = run(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        _let_go_on_request(code)
        sys.exit(code)
    return code


def _let_go_on_request(code: int) -> None:
    """Let Ctrl+C end the wait for other processes behind the last word, which would be a traceback else."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(code))

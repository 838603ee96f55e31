"""The command line: thin, it parses, calls a workflow and prints."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run ``napari-tbcad``.

    Returns
    -------
    int
        0 when every input was processed, 1 when some failed (all others written), 2 for wrong usage.
    """
    from napari_tbcad.cli.app import run

    code = run(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        sys.exit(code)
    return code

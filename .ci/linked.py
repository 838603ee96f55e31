"""Bring torch and what it brings from this environment into another one, without unpacking 5 GB once more.

`python .ci/linked.py SITE_PACKAGES`: files are linked where both are on one disk, else copied; pip then finds
the libraries installed as if it had done so itself.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

FROM = ("torch", "torchvision")
_WITH = re.compile(r"torch|triton|nvidia|cuda")


def bring(name: str, target: Path, done: set[str]) -> None:
    """Bring one library, then those of its libraries that are large."""
    if name in done:
        return
    done.add(name)
    with suppress(PackageNotFoundError):
        found = distribution(name)
        for file in found.files or ():
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            place = target / file
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file.locate(), place)
            except FileExistsError:
                continue
            except OSError:
                shutil.copy2(file.locate(), place)
        for line in found.requires or ():
            if _WITH.match(asked := re.match(r"[\w.-]+", line)[0].lower()):
                bring(asked, target, done)


if __name__ == "__main__":
    brought: set[str] = set()
    for wanted in FROM:
        bring(wanted, Path(sys.argv[1]), brought)

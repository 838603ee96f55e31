"""Why a file that a run is given cannot be opened, as it is found before anything starts."""

from __future__ import annotations

from pathlib import Path

MISSING = "no such file or folder"


def fault_of(path: Path, thing: str) -> str:
    """Return why a file cannot be opened, "" when it can; its content is not looked at."""
    try:
        if path.is_dir():
            return f"a folder in which no {thing} was found"
        if path.exists() and not path.is_file():  # opening a pipe would wait for ever
            return "not a file"
        with open(path, "rb"):
            return ""
    except FileNotFoundError:
        return MISSING
    except PermissionError:
        return "the file may not be read (no permission)"
    except OSError as error:
        return f"the file cannot be read ({error.strerror or error})"

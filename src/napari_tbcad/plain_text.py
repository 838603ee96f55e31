"""JSON, YAML and other text from files that anybody may have written: plain values, or one kind of error."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput
from napari_tbcad.limits import MAX_DEPTH, MAX_TEXT_BYTES, MAX_YAML_VALUES

_MOST_DIGITS = 300
_DIGITS = re.compile(rf"\d{{{_MOST_DIGITS}}}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NON_FINITE = "number"


def read_text(path: str | Path, *, encoding: str = "utf-8") -> str:
    """Return the text of a file.

    Raises
    ------
    BadInput
        If it cannot be opened, is too large or is not so encoded.
    """
    path = Path(path)
    try:
        if (size := path.stat().st_size) > MAX_TEXT_BYTES:
            raise BadInput(
                path, f"{size // 2**20} MiB of text; at most {MAX_TEXT_BYTES // 2**20} MiB are read"
            )
        return path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(path, f"not a text in {encoding.upper()}") from error
    except OSError as error:
        raise BadInput(path, f"cannot be read ({error.strerror or error})") from error


def parse_json(text: str | bytes) -> Any:
    """Return JSON values.

    Parameters
    ----------
    text : str or bytes
        Bytes are UTF-8, with or without BOM.

    Raises
    ------
    ValueError
        If the text is not JSON, not so encoded, is nested too deeply, has a number beyond any that could be
        counted with, or holds half of a character, which could not be written again.
    """
    # As text first: json would read bytes in other encodings, too, in which nothing is found below.
    text = text if isinstance(text, str) else text.decode("utf-8-sig")
    try:
        # Asked of each number only where so many digits stand at all: it takes five times as long.
        content = json.loads(text, parse_int=_whole_number if _DIGITS.search(text) else None)
    except RecursionError as error:
        raise ValueError(f"values are nested more than {MAX_DEPTH} deep") from error
    level = [content]
    for _ in range(MAX_DEPTH + 1):
        level = [child for one in level for child in _children(one) if isinstance(child, dict | list)]
        if not level:
            break
    else:
        raise ValueError(f"values are nested more than {MAX_DEPTH} deep")
    if _SURROGATE.search(text):
        json.dumps(content, ensure_ascii=False).encode()
    return content


def _whole_number(digits: str) -> int:
    if len(digits) >= _MOST_DIGITS:
        raise ValueError("a number has more digits than any that is meant")
    return int(digits)


def finite(content: Any) -> Any:
    """Return values as standard JSON has them; what is no finite number is named, see :func:`revived`."""
    if isinstance(content, Mapping):
        return {str(name): finite(item) for name, item in content.items()}
    if isinstance(content, list | tuple):
        return [finite(item) for item in content]
    if isinstance(content, float) and not math.isfinite(content):
        return {_NON_FINITE: str(float(content))}
    return content


def revived(content: Any) -> Any:
    """Return what was given to :func:`finite`."""
    if isinstance(content, dict):
        if len(content) == 1 and content.get(_NON_FINITE) in ("nan", "inf", "-inf"):
            return float(content[_NON_FINITE])
        return {name: revived(item) for name, item in content.items()}
    if isinstance(content, list):
        return [revived(item) for item in content]
    return content


def read_json(path: str | Path) -> Any:
    """Return the JSON values in a file; raises BadInput where it holds none, in words that fit any file."""
    text = read_text(path)
    try:
        return parse_json(text)
    except ValueError as error:
        raise BadInput(path, f"not a readable JSON file ({first_line(error)})") from error


def parse_yaml(text: str) -> Any:
    """Return YAML values: plain ones only, never an object.

    Raises
    ------
    ValueError
        If the text is not YAML, is nested too deeply, or grows by aliases beyond what any settings need.
    """
    import yaml

    try:
        _refuse_growth(text)
        return yaml.safe_load(text)
    except ValueError:
        raise
    except (yaml.YAMLError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        # What a tag promises and its text does not hold ends in errors of many kinds.
        raise ValueError(first_line(error)) from error


def _refuse_growth(text: str) -> None:
    """Raise ValueError for aliases that multiply and for deep nesting; nothing is built here."""
    import yaml

    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            name = str(event.anchor)
            if any(anchor == name for anchor, _ in opened):
                raise ValueError(f"the alias *{name[:40]} lies in what it stands for")
            total += sizes.get(name, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = total - before
        if total > MAX_YAML_VALUES or len(opened) > MAX_DEPTH:
            raise ValueError(f"more than {MAX_YAML_VALUES} values, or nested more than {MAX_DEPTH} deep")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, short enough for a message; its kind where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


def _children(one: Any) -> Any:
    return one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()

"""Keys and sizes of values by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
from pydantic import BaseModel


def content_key(value: Any) -> str:
    """Return a digest of what a value says; history (`record`, `warnings`) is not part of it.

    Arrays are hashed by shape, dtype and bytes; dataclasses and mappings field by field; parameter models
    by their JSON. An object with a `content_key` string gives that. Others raise TypeError, since a key
    made from an address would call two different things equal after one is freed.
    """
    if isinstance(own := getattr(value, "content_key", None), str):
        return own
    if isinstance(value, np.ndarray):
        hashed = hashlib.blake2b(repr((value.shape, value.dtype.str)).encode(), digest_size=16)
        hashed.update(np.ascontiguousarray(value).data)
        return hashed.hexdigest()
    if isinstance(value, BaseModel):
        return digest(type(value).__name__, value.model_dump_json())
    if is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in fields(value) if f.name not in ("record", "warnings")]
        return digest(type(value).__name__, *[content_key(getattr(value, name)) for name in names])
    if isinstance(value, Mapping):
        return digest("mapping", *[f"{name}={content_key(item)}" for name, item in sorted(value.items())])
    if isinstance(value, tuple | list):
        return digest("sequence", *[content_key(item) for item in value])
    if value is None or isinstance(value, str | int | float | bool | Enum):
        return digest(type(value).__name__, repr(value))
    raise TypeError(f"cannot make a content key of a {type(value).__name__}: give it a `content_key`")


def digest(*parts: str) -> str:
    """Return a digest of some texts."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def size_of(value: Any) -> int:
    """Return the memory that the arrays in a value take, in bytes."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if is_dataclass(value) and not isinstance(value, type):
        return sum(size_of(getattr(value, f.name)) for f in fields(value))
    if isinstance(value, tuple | list):
        return sum(size_of(item) for item in value)
    return 64

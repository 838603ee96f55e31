"""Connecting with a Dask scheduler, by its address, within seconds or not at all."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from typing import Any, NoReturn

from napari_tbcad.errors import BadInput

CONNECT_SECONDS = 10.0
"""So long a scheduler may take to answer."""

SOURCE = "--scheduler"

_PAUSE_SECONDS = 0.2
_LONGEST_GREETING = 2**20
_LENGTH = struct.Struct("Q")


def connected(address: str) -> Any:
    """Return a client of the scheduler at an address.

    Raises
    ------
    BadInput
        If Dask is not installed, the address is none, or no scheduler answers there in time.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise BadInput(SOURCE, "Dask is not installed: pip install 'napari-tbcad[dask]'") from error
    _require_spoken(address)
    _require_greeting(address, CONNECT_SECONDS)
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        _no_answer(address, error)


def _no_answer(address: str, error: Exception) -> NoReturn:
    """Say that nobody answers; of what Dask says of its own connections a person learns nothing."""
    from distributed.comm.core import CommClosedError

    known = isinstance(error, CommClosedError) or "Timed out" in str(error) or not str(error)
    said = "" if known else f" ({getattr(error, 'strerror', None) or error})"
    raise BadInput(SOURCE, f"no Dask scheduler answers at {address}{said}") from error


def _require_spoken(address: str) -> None:
    """Raise BadInput where an address and Dask's settings do not go together.

    A client made in vain would hold the program up for 20 s at its end and print what went wrong there.
    """
    from distributed import Security
    from distributed.comm.addressing import parse_address, parse_host_port

    scheme, place = parse_address(address)
    try:
        if scheme in ("tcp", "tls"):
            parse_host_port(place)
    except ValueError as error:
        raise BadInput(SOURCE, f"{address} is no address of a scheduler, such as tcp://HOST:8786") from error
    try:
        settings = Security().get_connection_args("client")
    except OSError as error:
        raise BadInput(SOURCE, f"a certificate that Dask's settings name cannot be read ({error})") from error
    encrypted = address.startswith(("tls://", "wss://"))
    if encrypted and settings["ssl_context"] is None:
        raise BadInput(
            SOURCE, f"{address} wants certificates, and Dask's settings here name none (distributed.comm.tls)"
        )
    if settings["require_encryption"] and not encrypted:
        raise BadInput(SOURCE, f"{address} is not encrypted, which Dask's settings here ask for: use tls://")


def _require_greeting(address: str, seconds: float) -> None:
    """Raise BadInput unless a scheduler's first message comes in time.

    Dask puts no limit on the wait for that message, nor on the memory that it takes for one that another
    kind of server sent: a client would hang for ever, deaf to Ctrl+C. A scheduler speaks first.
    """
    from distributed import Security
    from distributed.comm.addressing import parse_address, parse_host_port

    scheme, place = parse_address(address)
    if scheme not in ("tcp", "tls"):
        return
    host, port = parse_host_port(place)
    end = time.monotonic() + seconds
    with contextlib.ExitStack() as opened:
        line = opened.enter_context(_reached(address, (host, port), end))
        try:
            if scheme == "tls":
                line.settimeout(max(end - time.monotonic(), 0.1))
                context = Security().get_connection_args("client")["ssl_context"]
                line = opened.enter_context(context.wrap_socket(line, server_hostname=host))
            (length,) = _LENGTH.unpack(_received(line, _LENGTH.size, end))
            if not 0 < length <= _LONGEST_GREETING:
                raise ConnectionError("no message of Dask")
            _received(line, length, end)
        except OSError as error:
            other = (
                "without certificates is at tcp://" if scheme == "tls" else "with certificates is at tls://"
            )
            raise BadInput(
                SOURCE,
                f"{host}:{port} answers, but not as a Dask scheduler "
                f"(8787 is usually its dashboard, 8786 the scheduler; one {other})",
            ) from error


def _reached(address: str, place: tuple[str, int], end: float) -> socket.socket:
    """Return a connection to a place; a scheduler that is being started has until `end`."""
    while True:
        try:
            return socket.create_connection(place, timeout=max(end - time.monotonic(), 0.1))
        except OSError as error:
            if time.monotonic() + _PAUSE_SECONDS > end:
                _no_answer(address, error)
        time.sleep(_PAUSE_SECONDS)


def _received(line: socket.socket, number: int, end: float) -> bytes:
    """Return so many bytes of a connection; raises OSError where they do not come in time."""
    found = b""
    while len(found) < number:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        line.settimeout(left)
        part = line.recv(number - len(found))
        if not part:
            raise ConnectionError("closed")
        found += part
    return found

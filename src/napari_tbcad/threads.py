"""How threads of numerical libraries wait for each other."""

from __future__ import annotations

import os

PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
"""What OpenMP's libraries read when they are loaded: the standard's name, and that of Intel's and LLVM's."""


def wait_asleep() -> None:
    """Let threads that wait for others sleep rather than spin; call it before torch is imported.

    A network makes hundreds of short parallel steps. On a machine that does something else as well, a thread
    that spins at the end of a step keeps the one it waits for from its processor: with two threads on two
    processors (load 8 to 10, 2026-11-23) the lung network took 55 to 67 ms asleep and 261 to 2246 ms
    spinning, more than with one thread (51 to 70 ms). What a person has set in the environment stays; a
    library that was loaded before does as it did.

    References
    ----------
    OpenMP API 5.2, section 21.1.7, OMP_WAIT_POLICY.
    """
    for name, value in PASSIVE.items():
        os.environ.setdefault(name, value)

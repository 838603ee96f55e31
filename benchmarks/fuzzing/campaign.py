"""A campaign: mutated files in order, given to their readers in forked processes; it can be gone on with."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import resource
import select
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from fuzzing.judge import MAX_MEMORY, Judged, Watch, judge
from fuzzing.targets import Target

MAX_WALL_SECONDS = 120
"""A process that says nothing for so long hangs, whatever it does."""
_BATCH = 1000
_MOST_KEPT = 600
_FROM_REFUSED, _REFUSED = 0.2, " refused"
_LAST_WORDS = "last_words.txt"


@dataclass
class Tally:
    """What came of the files of one kind so far."""

    inputs: int = 0
    read: int = 0
    refused: int = 0
    slowest: float = 0.0
    largest: float = 0.0
    cpu: float = 0.0
    findings: dict[str, int] = field(default_factory=dict)
    met: list[str] = field(default_factory=list)


class Campaign:
    """Files of one kind: seeds, mutations of them, what came of each.

    A file whose outcome is new (another refusal, or the first that is read) becomes a seed itself, so that
    mutations go on from what got furthest.

    Parameters
    ----------
    target : Target
    out : Path
        Folder of the campaign; seeds, findings and the tally of the target are kept in it.
    seed : int
        Of chance; the same files for the same seed and findings.
    """

    def __init__(self, target: Target, out: Path, seed: int = 0) -> None:
        self.target, self.seed = target, seed
        self.folder = out / re.sub(r"\W+", "_", target.name).strip("_")
        self._findings = self.folder / "findings"
        self._findings.mkdir(parents=True, exist_ok=True)
        self._state = self.folder / "tally.json"
        self.tally = Tally(**json.loads(self._state.read_text())) if self._state.is_file() else Tally()
        self._sound, self._others = self._seeds()

    def _seeds(self) -> tuple[list[bytes], list[bytes]]:
        """Return what is read, seeds first, and what is refused."""
        place = self.folder / "seeds"
        if not place.is_dir():
            fresh, scratch = self.folder / "fresh", self.folder / "scratch"
            for folder in (fresh, scratch):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
            for name, content in self.target.seeds(scratch).items():
                (fresh / f"0 {name}").write_bytes(content)
            shutil.rmtree(scratch)
            fresh.rename(place)
        paths = sorted(place.iterdir())
        sound = [path.read_bytes() for path in paths if not path.name.endswith(_REFUSED)]
        return sound, [path.read_bytes() for path in paths if path.name.endswith(_REFUSED)]

    def content(self, number: int, sound: Sequence[bytes], others: Sequence[bytes]) -> bytes:
        """Return the file of a number, made from what was read and refused so far; first the seeds."""
        if number < len(sound) and not others:
            return sound[number]
        rng = Random(f"{self.seed} {self.target.name} {number}")
        # Most begin at what is read: from what was refused few get further.
        data = rng.choice(others if others and rng.random() < _FROM_REFUSED else sound)
        share = len(self.target.mutations) / (len(self.target.mutations) + 1)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            mutation = rng.choice(self.target.mutations if rng.random() < share else self.target.general)
            with contextlib.suppress(Exception):  # what was mutated before may be no place for this one
                data = mutation(data, rng, sound)
        return data

    def run(self, number: int, until: Callable[[], bool] = lambda: False) -> None:
        """Try so many files more."""
        end = self.tally.inputs + number
        while self.tally.inputs < end and not until():
            first = self.tally.inputs
            for judged, made in self._batch(first, min(end, first + _BATCH)):
                self._note(judged, made)
            self.save()

    def save(self) -> None:
        """Keep the tally."""
        place = self._state.with_suffix(".new")
        place.write_text(json.dumps(asdict(self.tally)))
        place.replace(self._state)

    def _note(self, judged: Judged, made: Callable[[], bytes]) -> None:
        tally = self.tally
        number, tally.inputs = tally.inputs, tally.inputs + 1
        tally.cpu += judged.seconds
        tally.slowest, tally.largest = (
            max(tally.slowest, judged.seconds),
            max(tally.largest, judged.mebibytes),
        )
        key = f"{judged.kind}: {judged.what}"
        if judged.kind in ("read", "refused"):
            setattr(tally, judged.kind, getattr(tally, judged.kind) + 1)
            if key not in tally.met and len(tally.met) < _MOST_KEPT and judged.seconds < 0.3:
                tally.met.append(key)
                end = "" if judged.kind == "read" else _REFUSED
                (self.folder / "seeds" / f"{number:08d}{end}").write_bytes(made())
                (self._sound if judged.kind == "read" else self._others).append(made())
            return
        if key not in tally.findings:
            short = re.sub(r"\W+", "_", key)[:80]
            stem = f"{number:08d}_{short}"
            (self._findings / f"{stem}{self.target.suffix}").write_bytes(made())
            (self._findings / f"{stem}.txt").write_text(
                f"{key}\n{judged.seconds:.1f} s, {judged.mebibytes:.0f} MiB\n{judged.detail}\n"
            )
        tally.findings[key] = tally.findings.get(key, 0) + 1

    def _batch(self, first: int, end: int) -> Iterator[tuple[Judged, Callable[[], bytes]]]:
        """Judge files in one process; when it dies, the file it was at is judged so, and the batch ends."""
        place = self.folder / "sandbox"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        sound, others = [*self._sound], [*self._others]
        makers = [partial(self.content, number, sound, others) for number in range(first, end)]
        come, go = os.pipe()
        child = os.fork()
        if not child:
            os.close(come)
            _child(self.target, makers, place, go)
        os.close(go)
        done = 0
        try:
            with open(come, "rb") as lines:
                for line in _lines(lines):
                    if line is None:
                        os.kill(child, signal.SIGKILL)
                        break
                    yield Judged(**json.loads(line)), makers[done]
                    done += 1
        finally:
            with contextlib.suppress(ProcessLookupError):
                if done < len(makers):
                    time.sleep(0.01)
            _, status = os.waitpid(child, 0)
        if done < len(makers):
            yield self._death(status), makers[done]
        strange = [path.name for path in place.rglob("*") if path.name != f"input{self.target.suffix}"]
        if strange:
            raise RuntimeError(f"files appeared beside the input: {strange[:5]}, near number {first + done}")
        shutil.rmtree(place, ignore_errors=True)

    def _death(self, status: int) -> Judged:
        """Say how a process ended that did not come to its end, and where it was."""
        try:
            words = (self.folder / _LAST_WORDS).read_text()
        except OSError:
            words = ""
        places = re.findall(r'File "[^"]*?([\w.]+)", line \d+ in (\S+)', words)
        ours = re.findall(r'napari_tbcad/[^"]*?([\w.]+)", line \d+ in (\S+)', words)
        where = " < ".join(":".join(place) for place in [*places[:1], *ours[:1]])
        if not os.WIFSIGNALED(status):
            return Judged("crash", f"ended with status {os.WEXITSTATUS(status)} {where}", detail=words)
        name = signal.Signals(os.WTERMSIG(status)).name
        return Judged("hang" if name in ("SIGXCPU", "SIGKILL") else "crash", f"{name} {where}", detail=words)


def _lines(pipe: Any) -> Iterator[bytes | None]:
    """Yield lines of a pipe as they come; None when none comes for too long."""
    held = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], MAX_WALL_SECONDS)
        if not ready:
            yield None
            return
        piece = os.read(pipe.fileno(), 65536)
        if not piece:
            return
        held += piece
        *whole, held = held.split(b"\n")
        yield from whole


def _child(target: Target, makers: Sequence[Callable[[], bytes]], place: Path, go: int) -> None:
    """Judge files one after the other; never returns."""
    code = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.chdir(place)
        with open("/proc/self/statm") as file:
            own = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (own + MAX_MEMORY + 2**29, resource.RLIM_INFINITY))
        last_words = open(place.parent / _LAST_WORDS, "w")  # noqa: SIM115
        faulthandler.enable(last_words, all_threads=False)
        faulthandler.register(signal.SIGXCPU, last_words, all_threads=False, chain=True)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**28, resource.RLIM_INFINITY))
        watch, path = Watch(place, strict=not target.names_files), place / f"input{target.suffix}"
        for made in makers:
            path.write_bytes(made())
            judged = judge(target, path, watch)
            os.write(go, json.dumps(asdict(judged)).encode() + b"\n")
        code = 0
    finally:
        os._exit(code)

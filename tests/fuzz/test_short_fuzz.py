"""A short campaign of benchmarks/fuzz.py: other files each day, the same ones within a day."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="fuzzing forks processes with limits, which needs Linux")
def test_no_mutated_file_harms_a_reader(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", str(ROOT / "benchmarks" / "fuzz.py"), "--quick"),
            *("--inputs", "3000", "--seconds", "15", "--out", str(tmp_path)),
            *("--seed", str(datetime.now(UTC).date().toordinal())),
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-2000:]}"
    tried = {
        line.split("|")[1].strip(): int(line.split("|")[2])
        for line in done.stdout.splitlines()[4:]
        if "|" in line
    }
    assert tried["all"] >= 300

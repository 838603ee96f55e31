"""Time of ``import napari_tbcad``, beside that of numpy in the same run.

python benchmarks/import_time.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys

CODE = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def median(module: str, repeats: int = 15) -> float:
    """Return the median seconds of importing a module in a fresh interpreter."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", CODE.format(module)], capture_output=True, text=True, check=True
        )
        for _ in range(repeats)
    ]
    return statistics.median(float(run.stdout) for run in runs)


if __name__ == "__main__":
    ours, peer = median("napari_tbcad"), median("numpy")
    print(f"napari_tbcad {1000 * ours:.1f} ms, numpy {1000 * peer:.1f} ms (medians); ratio {ours / peer:.2f}")

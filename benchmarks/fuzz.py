"""Mutated files given to every reader that a person's file reaches: none may crash, hang or reach outside.

    .venv/bin/python benchmarks/fuzz.py [--inputs 100000] [--out FOLDER] [--only NAME] [--seed 0]

Each file is a mutation of a sound one that is drawn here: of its structure, lengths, text or plain bytes,
with hashes and checksums made right again, as a forger would. It is given to all readers of its kind in a
forked process with a limit on memory and on processor time, in which opening of files, connections and
commands are watched. What may come of it is a result that holds what its documentation promises, or BadInput
with a short message; anything else is a finding and is kept with the file. Given the same --out, a campaign
is gone on with; a table by reader is printed at the end. Linux only, since it forks.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from fuzzing.campaign import Campaign
from fuzzing.targets import TARGETS


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; returns 1 when there are findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="files in all, those of before included")
    parser.add_argument("--out", type=Path, default=None, help="folder to keep it in [a new one]")
    parser.add_argument("--only", default="", help="only kinds of files whose name holds this")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no batch after so long")
    parser.add_argument("--quick", action="store_true", help="leave out what takes long to make or to read")
    options = parser.parse_args(arguments)
    out = options.out or Path(tempfile.mkdtemp(prefix="fuzz-"))
    _prepare()
    targets = [one for one in TARGETS if options.only.lower() in one.name.lower()]
    targets = [one for one in targets if not (options.quick and one.slow)]
    campaigns = [Campaign(target, out.absolute(), options.seed) for target in targets]
    share = options.inputs / sum(target.share for target in targets)
    end = time.monotonic() + options.seconds
    late = lambda: time.monotonic() > end  # noqa: E731
    while not late():
        left = [(c, round(c.target.share * share) - c.tally.inputs) for c in campaigns]
        left = [(campaign, number) for campaign, number in left if number > 0]
        if not left:
            break
        for campaign, number in left:  # in turns, so that a table in between says something of all
            campaign.run(min(number, max(1000, number // 5)), late)
            print(
                f"{time.strftime('%H:%M:%S')} {campaign.target.name}: {campaign.tally.inputs}",
                file=sys.stderr,
            )
    print(f"seed {options.seed}, kept in {out}\n")
    return report(campaigns)


def _prepare() -> None:
    """Import what readers import, once, before processes are forked; one thread each."""
    import gdcm  # noqa: F401
    import pydicom  # noqa: F401
    import SimpleITK
    import skops.io
    import torch

    import napari_tbcad.bone.cases
    import napari_tbcad.chest.cases
    import napari_tbcad.evaluate.compare.config  # noqa: F401

    torch.set_num_threads(1)
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    assert skops.io


def report(campaigns: list[Campaign]) -> int:
    """Print what came of each kind of file; returns 1 when there are findings."""
    print("| files | tried | read | refused | findings (files) | slowest, CPU s | most memory, MiB |")
    print("|---|---|---|---|---|---|---|")
    for campaign in campaigns:
        tally = campaign.tally
        many = f"{len(tally.findings)} ({sum(tally.findings.values())})"
        print(
            f"| {campaign.target.name} | {tally.inputs} | {tally.read} | {tally.refused} | {many} | "
            f"{tally.slowest:.2f} | {tally.largest:.0f} |"
        )
    tallies = [campaign.tally for campaign in campaigns]
    found = sum(len(tally.findings) for tally in tallies)
    files = sum(sum(tally.findings.values()) for tally in tallies)
    print(
        f"| all | {sum(t.inputs for t in tallies)} | {sum(t.read for t in tallies)} | "
        f"{sum(t.refused for t in tallies)} | {found} ({files}) | {max(t.slowest for t in tallies):.2f} | "
        f"{max(t.largest for t in tallies):.0f} |"
    )
    for campaign in campaigns:
        for what, number in sorted(campaign.tally.findings.items(), key=lambda item: -item[1]):
            print(f"{campaign.target.name}: {number} × {what}")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())

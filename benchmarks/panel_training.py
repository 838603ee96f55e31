"""What a person gets who trains a lung network on a hundred films and touches nothing.

    python benchmarks/panel_training.py ../shared/data/chest/jsrt --out DIR [--films 100]
        [--start none packaged] [--minutes 30] [--epochs N] [--also ../shared/data/chest/shenzhen_sample]

Runs the job of the training panel (find, plan, survey, estimate, train, judge) in its own process, as the
panel does, once for each start, and prints the minutes and the scores on the patients held out (a fifth; of
the rest a fifth chooses the epoch). The same command goes on where it was stopped. panel_training.json and
panel_training.md are written to DIR.

JSRT is one of the sets that the packaged network learned from: of its films, **only the training from nothing
is judged honestly**. The packaged network's own score on them, and that of a training which starts from it,
are too good by what it remembers. --also judges both on all films of another set, which no training saw.
Minutes are wall clock: on a machine that does something else meanwhile they say little.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from napari_tbcad.batch.trainings.state import job_command, read_json, state_of, write_job
from napari_tbcad.files import write_csv, written_whole

HONEST = {"none": "honest: none of the held-out patients was learned", "packaged": "too good: learned before"}


def some_films(data: Path, out: Path, number: int) -> Path:
    """Return a folder that holds so many films of a set, by links; the same ones every time."""
    with (data / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = sorted(random.Random(0).sample(rows, min(number, len(rows))), key=lambda row: row["file"])
    shutil.rmtree(out, ignore_errors=True)
    for part in (path for path in sorted(data.iterdir()) if path.is_dir()):
        (out / part.name).mkdir(parents=True)
        for row in chosen:
            if (part / row["file"]).is_file():
                (out / part.name / row["file"]).symlink_to((part / row["file"]).resolve())
    write_csv(out / "labels.csv", tuple(chosen[0]), chosen)
    return out


def trained(films: Path, folder: Path, start: str, chosen: argparse.Namespace) -> dict[str, float]:
    """Run the job, or go on with it; returns the minutes of every stage of this run."""
    if not (folder / "job.json").is_file():
        plan: dict[str, Any] = {"start": start, "device": chosen.device, "name": f"lungs-from-{start}"}
        if chosen.epochs:
            plan["epochs"] = chosen.epochs
        find = {"task": "lungs", "kind": "folder", "paths": [str(films)]}
        steps = ("find", "plan", "survey", "estimate", "train", "judge")
        write_job(folder, None, steps, find=find, plan=plan, minutes=chosen.minutes)
    elif state_of(folder).phase != "planned":
        write_job(folder, None, ("train", "judge"))
    spent: dict[str, float] = {}
    stage, began = "begin", time.perf_counter()
    with subprocess.Popen([*job_command(folder), "--alone"], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            event = json.loads(line)
            if event["event"] in ("stage", "done", "failed", "stopped"):
                now = time.perf_counter()
                spent[stage], began = spent.get(stage, 0.0) + (now - began) / 60, now
                stage = str(event.get("what", ""))
            if event["event"] in ("say", "estimate", "failed"):
                print(f"  {json.dumps({k: v for k, v in event.items() if k != 'event'})}", flush=True)
    if child.returncode:
        raise SystemExit(f"{folder}: ended with {child.returncode}")
    return spent


def also(folder: Path, data: Path, device: str) -> list[dict[str, Any]]:
    """Return Dice and IoU of the packaged and the new network on all films of another set."""
    from napari_tbcad.networks.evaluate import evaluate
    from napari_tbcad.networks.models import find_network
    from napari_tbcad.networks.predict import PredictParameters
    from napari_tbcad.networks.sample_sets import find_samples

    samples, settings = find_samples(data, "lungs"), PredictParameters.model_validate({"device": device})
    rows = []
    for name, network in (("new", folder / "model.safetensors"), ("packaged", "lungs")):
        found = evaluate(find_network(network), samples, parameters=settings, distances=False, n_pictures=0)
        rows += [
            {"network": name, "class": one.group, "metric": one.metric, "value": one.value, "low": one.low}
            | {"high": one.high, "images": one.images}
            for one in found.summary()
            if one.metric in ("dice", "iou") and one.source == "all"
        ]
    return rows


def lines_of(start: str, result: dict[str, Any]) -> list[str]:
    """Return a result as lines of Markdown."""
    judged = result["judged"]
    minutes = sum(result["minutes"].values())
    out = [
        f"### Start: {start} ({HONEST.get(start, '')})",
        "",
        f"{result['epochs']} epochs, {result['seconds'] / 60:.1f} min of training, {minutes:.1f} min in all "
        f"({', '.join(f'{name} {value:.1f}' for name, value in result['minutes'].items())}). "
        f"{judged['images']} films of {judged['patients']} patients held out.",
        "",
        "| class | metric | new | packaged | difference (95 %) |",
        "|---|---|---|---|---|",
    ]
    for row in judged["table"]:
        interval = f"{row['difference']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})"
        values = f"{row['new']:.4f} | {row['packaged']:.4f}"
        out.append(f"| {row['class']} | {row['metric']} | {values} | {interval} |")
    out += ["", *(f"- {warning}" for warning in judged["warnings"])]
    for row in result.get("also", ()):
        said = f"{row['network']}: {row['metric']} of {row['class']} {row['value']:.4f}"
        out.append(f"- other set, {said} ({row['low']:.4f} to {row['high']:.4f}), {row['images']} films")
    return [*out, ""]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--start", nargs="+", default=["none", "packaged"])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--epochs", type=int, default=0, help="For a try; else what the plan takes.")
    parser.add_argument("--also", type=Path)
    parser.add_argument("--device", default="cpu")
    chosen = parser.parse_args()
    out = chosen.out.absolute()
    films = out / "films"
    if not films.is_dir():
        some_films(chosen.data, films, chosen.films)
    results: dict[str, Any] = {}
    for start in chosen.start:
        print(f"start {start}", flush=True)
        folder = out / f"from-{start}"
        kept = read_json(out / f"from-{start}.json") or {}
        if not kept:
            spent = trained(films, folder, start, chosen)
            state = state_of(folder)
            with (folder / "log.csv").open(encoding="utf-8-sig", newline="") as file:
                seconds = sum(float(row["seconds"]) for row in csv.DictReader(file))
            kept = {"epochs": state.epochs_done, "seconds": seconds, "minutes": spent}
            kept["judged"] = read_json(folder / "judged.json")
            if chosen.also:
                kept["also"] = also(folder, chosen.also, chosen.device)
            with written_whole(out / f"from-{start}.json") as temporary:
                temporary.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        results[start] = kept
    head = f"{chosen.films} films of {chosen.data.name}, {os.cpu_count()} processors, {datetime.date.today()}"
    text = "\n".join(
        [f"## {head}", "", *(line for name, one in results.items() for line in lines_of(name, one))]
    )
    for name, content in (
        ("panel_training.md", text),
        ("panel_training.json", json.dumps(results, indent=1)),
    ):
        with written_whole(out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

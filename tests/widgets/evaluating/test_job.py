"""The real child, once, on a few films of this project's own making."""

from __future__ import annotations

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.jobs import job_command, state_of, write_job
from napari_tbcad.simulate.samples import write_simulated_set
from napari_tbcad.widgets.evaluating.process import EvaluationProcess
from napari_tbcad.widgets.evaluating.results import read_results

LONG_MS = 240_000


def test_the_real_child_looks_estimates_and_evaluates(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    data, folder = tmp_path / "films", tmp_path / "out"
    write_simulated_set(data, 8, seed=1, size=64)
    config = EvaluationConfig(
        segmenters=("otsu",),
        feature_sets=("project21",),
        methods=("single_nb",),
        folds=2,
        repeats=1,
        learning_curve=False,
        explain=0,
        also_holdout=False,
        bootstrap=100,
        shuffles=0,
    )
    settings = {"features.grid": 64, "opacities.enabled": False}
    write_job(folder, ("survey", "estimate", "evaluate"), path=data, config=config, assignments=settings)
    process, events, codes = EvaluationProcess(), [], []
    assert process.command(folder) == job_command(folder)
    process.said.connect(events.append)
    process.ended.connect(codes.append)
    process.start(folder)
    qtbot.waitUntil(lambda: codes != [], timeout=LONG_MS)
    kinds = [event["event"] for event in events]
    assert codes == [0], events[-1]
    assert kinds[-1] == "done"
    assert next(e for e in events if e["event"] == "found")["films"] == 8
    assert next(e for e in events if e["event"] == "estimate")["seconds"] > 0
    shares = [event["share"] for event in events if event["event"] == "progress"]
    assert shares == sorted(shares)
    assert state_of(folder).phase == "finished"
    results = read_results(folder)
    assert len(results.films["single_nb"]) == 8
    assert all(path.is_file() for path in results.paths.values())
    assert results.model_of("single_nb", str(results.films["single_nb"].fold[0])) is not None

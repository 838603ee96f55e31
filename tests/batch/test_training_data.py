"""What a person names becomes collections; what cannot be used is passed over with its cause."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.batch.trainings.data import find_data, together
from napari_tbcad.batch.trainings.plan import fit_epochs, plan_notes, time_note, training_plan
from napari_tbcad.batch.trainings.roles import learned_by, roles_of, save_roles
from napari_tbcad.batch.trainings.scores import score_table
from napari_tbcad.batch.trainings.tasks import TASKS, FoundData
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.files import write_csv
from napari_tbcad.networks.config import TrainingConfig, save_config
from napari_tbcad.networks.samples import Sample, load_samples
from napari_tbcad.schemes import NETWORK_SCHEMES


def picture(path: Path, value: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((8, 8), np.uint8)
    image[2:6, 2:6] = value
    iio.imwrite(path, image)


@pytest.fixture
def films(tmp_path) -> Path:
    """A folder with ten films and their labels, each of its own patient, and one without labels."""
    for number in range(10):
        picture(tmp_path / "own" / "images" / f"film{number}.png", 200)
        picture(tmp_path / "own" / "labels" / f"film{number}.png", 1 + number % 2)
    picture(tmp_path / "own" / "images" / "unlabelled.png", 200)
    return tmp_path / "own"


def found_in(folder: Path, task: str = "lungs", kind: str = "folder", **more: str) -> FoundData:
    return find_data(task, kind, [folder], out=folder.parent / "t" / "data", say=lambda _: None, **more)


def samples_of(data: FoundData) -> list[Sample]:
    return [one for source in data.sources for one in load_samples(source, NETWORK_SCHEMES[data.scheme])]


def test_a_folder_stays_as_it_was_found(films):
    data = found_in(films)
    assert data.passed_over == (("unlabelled.png", "has no label image (unlabelled in labels)"),)
    assert "each counts as a patient" in data.notes[0]
    picture(films / "images" / "later.png")
    picture(films / "labels" / "later.png")
    assert len(samples_of(data)) == 10
    assert FoundData.from_json(data.to_json()) == data


def test_a_table_says_whose_images_these_are_and_every_bad_row_its_cause(films):
    rows = [
        {"Image": "film0.png", "label": "film0.png", "patient": "a"},
        {"Image": "images/film1.png", "label": "labels/film1.png", "patient": "a"},
        {"Image": "film1.png", "label": "film2.png", "patient": "b"},
        {"Image": "gone.png", "label": "film2.png", "patient": "b"},
        {"Image": "film3.png", "label": "gone.png", "patient": "b"},
        {"Image": "film4.png", "label": "images/film4.png", "patient": "b"},
        {"Image": "", "label": "film5.png", "patient": "b"},
    ]
    write_csv(films / "own.csv", ("Image", "label", "patient"), rows)
    data = found_in(films / "own.csv", kind="table")
    assert [(one.name, one.patient) for one in samples_of(data)] == [("film0.png", "a"), ("film1.png", "a")]
    assert data.notes == ()
    assert dict(data.passed_over) == {
        "film1.png": "its image is also that of images/film1.png",
        "gone.png": "is not there",
        "film3.png": "has no label image (gone.png)",
        "film4.png": "is named as its own label image",
        "a row without a name": "is not there",
    }
    write_csv(films / "own.csv", ("image",), [{"image": "film0.png"}])
    with pytest.raises(BadInput, match="the column label"):
        found_in(films / "own.csv", kind="table")


def test_views_are_kept_apart_and_three_classes_have_no_normal_hotspots(films):
    rows = [{"image": f"film{n}.png", "view": view} for n, view in enumerate(("anterior", "Posterior", ""))]
    write_csv(films / "samples.csv", ("image", "view"), rows)
    data = found_in(films, "hotspots", view="posterior", scheme="3")
    assert [one.name for one in samples_of(data)] == ["film1.png"]
    assert data.sources[0].values == {3: 1}
    assert data.passed_over == (("film2.png", "the table does not say which view it is"),)
    with pytest.raises(BadInput, match="view"):
        found_in(films, "hotspots")


def test_masks_of_lungs_beside_films_have_their_sides_told_by_place(tmp_path):
    for number in range(2):
        picture(tmp_path / "own" / "images" / f"f{number}.png", 200)
        mask = np.zeros((8, 8), np.uint8)
        mask[2:6, 0:3] = mask[2:6, 5:8] = 255
        (tmp_path / "own" / "masks").mkdir(exist_ok=True)
        iio.imwrite(tmp_path / "own" / "masks" / f"f{number}.png", mask)
    (one, _) = samples_of(found_in(tmp_path / "own"))
    truth = one.truth((8, 8))
    assert (truth[3, 1], truth[3, 6], truth[0, 0]) == (1, 2, 0)


@pytest.mark.parametrize(
    ("task", "kind", "cause"),
    [
        ("lungs", "cases", "no case"),
        ("lungs", "folder", "no data set of a known layout"),
        ("opacities", "folder", "expected images/ and labels/"),
        ("regions", "folder", "BS-80K folder"),
        ("opacities", "corrections", "is not one of folder, table"),
        ("ribs", "folder", "there is no task 'ribs'"),
    ],
)
def test_what_holds_nothing_to_learn_from_is_refused_with_what_is_wanted(tmp_path, task, kind, cause):
    with pytest.raises(BadInput, match=cause):
        find_data(task, kind, [tmp_path], out=tmp_path / "t")


def test_a_search_stops_when_asked_to(films):
    with pytest.raises(Cancelled):
        find_data("lungs", "folder", [films], out=films.parent / "t", cancelled=lambda: True)


def test_collections_of_two_places_keep_their_names_apart(films):
    data = found_in(films)
    both = together([data, data])
    assert [one.name for one in both.sources] == ["own-1", "own-2"]


def test_patients_stay_held_out_when_others_come_and_those_known_come_last():
    def samples(number: int) -> list[Sample]:
        scheme = NETWORK_SCHEMES["lungs"]
        return [Sample(Path(f"{n}.png"), {}, scheme, patient=f"p{n}", source="s") for n in range(number)]

    before, after = (roles_of(samples(n), held_out=0.2, watched=0.2) for n in (40, 42))
    assert sorted(before.values()).count("test") == 8
    assert sorted(before.values()).count("validation") == 6
    held = {one for one, role in before.items() if role == "test"}
    assert sum(after[one] == "test" for one in held) >= 7
    known = roles_of(samples(40), held_out=0.2, watched=0.2, known=held)
    assert not held & {one for one, role in known.items() if role == "test"}
    assert set(roles_of(samples(4), held_out=0.2, watched=0.2).values()) == {"train"}


def test_a_plan_holds_patients_out_and_tells_what_the_start_knows(films):
    for number in range(6):
        picture(films / "images" / f"JPCLN00{number}.png", 200)
        picture(films / "labels" / f"JPCLN00{number}.png", 1)
    data, out = found_in(films), films.parent / "t"
    assert len(data.learned) == 6
    config = training_plan("lungs", data, start="packaged", out=out)
    assert (config.fit.start_from, config.fit.keep, config.input.height) == ("lungs", "best", 256)
    notes = plan_notes(config, data)
    assert any("not known" in note for note in notes)  # unknown films are held out first
    everyone = FoundData(**{**vars(data), "learned": frozenset(s.patient for s in samples_of(data))})
    notes = plan_notes(training_plan("lungs", everyone, start="none", out=out), everyone)
    assert any("learned by the packaged network" in note and "Yours is honest" in note for note in notes)
    with pytest.raises(ModelRefused, match="made for the task"):
        training_plan("lungs", data, start="skeleton", out=out)


def test_a_network_trained_here_is_not_judged_unsaid_on_whom_it_learned_from(films):
    data, out = found_in(films), films.parent / "t"
    config = training_plan("lungs", data, start="none", out=out)
    earlier = films.parent / "earlier"
    earlier.mkdir()
    (earlier / "model.safetensors").write_bytes(b"a network")
    save_config(config, earlier / "config.yaml")
    samples = samples_of(data)
    save_roles(samples, {one.patient: "train" for one in samples}, earlier / "split.csv")
    copy = films.parent / "copy.safetensors"
    copy.write_bytes(b"a network")
    config = config.model_copy(update={"fit": config.fit.model_copy(update={"start_from": str(copy)})})
    assert any("2 of 2 held-out" in note for note in plan_notes(config, data, home=films.parent))
    copy.write_bytes(b"a stranger")
    assert not any("2 of 2" in note for note in plan_notes(config, data, home=films.parent))


def test_what_a_start_was_started_from_counts_as_learned_from(tmp_path):
    def configure(folder: Path, start: str) -> None:
        data = {"sources": [{"name": "s", "folder": str(tmp_path)}]}
        content = {"task": "lungs", "data": data, "fit": {"start_from": start}}
        save_config(TrainingConfig.model_validate(content), folder / "config.yaml")

    scheme = NETWORK_SCHEMES["lungs"]
    for name, start in (("first", "lungs"), ("second", "first"), ("third", "second")):
        folder = tmp_path / name
        samples = [Sample(Path(f"{name}.png"), {}, scheme, patient=name, source="s")]
        save_roles(samples, {name: "train"}, folder / "split.csv")
        (folder / "model.safetensors").write_bytes(name.encode())
        said = start if start == "lungs" else (tmp_path / start / "model.safetensors").as_posix()
        configure(folder, said)
    last = tmp_path / "third" / "model.safetensors"
    assert learned_by(last, tmp_path)[1] == {"first", "second", "third"}
    # Another network has taken the place of the one that it was started from: nobody knows any more.
    (tmp_path / "first" / "model.safetensors").write_bytes(b"other")
    (tmp_path / "first" / "split.csv").unlink()
    assert learned_by(last, tmp_path) is None
    configure(last.parent, last.as_posix())
    assert learned_by(last, tmp_path) is None


def test_epochs_fit_into_the_time():
    config = TrainingConfig()
    assert fit_epochs(config, seconds=1800, minutes=30) == config
    assert fit_epochs(config, seconds=7200, minutes=30).fit.epochs == 9
    assert fit_epochs(config, seconds=1e9, minutes=1).fit.epochs == 1
    assert not time_note(40, 20)
    assert "9 of 40" in time_note(40, 9)


def test_differences_are_of_the_same_patients_and_absent_classes_have_none():
    def counts(hits: int) -> list[list[int]]:
        return [[100, 0, 0], [100 - hits, hits, 0], [0, 0, 0]]

    new, old = (np.array([counts(n - less) for n in (90, 80, 70)]) for less in (0, 10))
    rows = score_table({"new": new, "packaged": old}, ["a", "b", "c"], ("background", "one", "two"))
    by = {(row["class"], row["metric"]): row for row in rows}
    one = by["one", "iou"]
    assert (one["new"], one["packaged"], one["difference"]) == (0.8, 0.7, 0.1)
    # Every patient differs by as much, so that drawing them again changes nothing.
    assert (one["low"], one["high"], one["images"]) == (0.1, 0.1, 3)
    assert by["two", "dice"]["new"] is None
    assert by["mean", "iou"]["new"] == 0.8
    assert by["two", "dice"]["images"] == 0


def test_the_window_need_not_import_torch():
    code = (
        "import sys; from napari_tbcad.batch.trainings import plan, state, job;"
        "sys.exit('torch' in sys.modules or 'qtpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_tasks_name_networks_that_are_packaged():
    from napari_tbcad.networks.listing import packaged_networks

    names = {task.packaged(view) for task in TASKS.values() for view in task.views or ("",)}
    assert names == set(packaged_networks())

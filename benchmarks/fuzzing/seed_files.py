"""Small sound files that are no images: cases, models, tables, settings, records; where mutations begin."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from fuzzing.seed_images import body_array, film_array, mask_array

VOC = b"""<?xml version="1.0" encoding="UTF-8"?>
<annotation>
  <folder>wholeBodyANT</folder><filename>2.jpg</filename>
  <size><width>256</width><height>1024</height><depth>1</depth></size>
  <object><name>Abnormal</name><bndbox><xmin>103</xmin><ymin>301</ymin><xmax>125</xmax><ymax>322</ymax></bndbox></object>
  <object><name>Normal</name><bndbox><xmin>10.5</xmin><ymin>20</ymin><xmax>40</xmax><ymax>44</ymax></bndbox></object>
</annotation>
"""

TABLES = {
    "films": b"path,label,patient,source,age,sex\nfilms/a.png,1,p1,s,54,F\nfilms/b.png,0,p2,s,31Y,M\n",
    "semicolons": b"\xef\xbb\xbffile;label;note\r\nfilms\\a.png;tb;x\r\nfilms\\b.png;normal;y\r\n",
    "quoted": b'image,label,view\n"films/a.png",1,"anterior"\n"films/b.png",0,"a ""b"" c"\n',
    "folds": b"file,fold,role\na,1,train\nb,1,test\na,2,test\nb,2,train\n",
    "splits": b"image,role\nfilms/a.png,train\nfilms/b.png,test\n",
    "labels": b"1.jpg\t0\n2.jpg\t1\n3.jpg 1\n4.jpg,abnormal\n",
    "results": b"\xef\xbb\xbffile,status,message,bsi\na,ok,,0.5\nb,error,broken,\n",
    "log": b"epoch,train_loss,val_dice\n0,1.5,0.2\n1,1.1,0.4\n",
    "person": b"Patient's Sex: F\nPatient's Age: 026Y\nnormal\n",
    "person2": b"male 45yrs\nPTB in the right upper field\n",
}


def settings() -> dict[str, bytes]:
    """Return YAML and JSON settings: those of the package, and small ones."""
    from importlib import resources

    templates = resources.files("napari_tbcad") / "networks" / "templates"
    seeds = {item.name: item.read_bytes() for item in templates.iterdir() if item.name.endswith(".yaml")}
    compare = resources.files("napari_tbcad") / "evaluate" / "compare" / "example.yaml"
    return seeds | {
        "compare": compare.read_bytes(),
        "params": b"enhance:\n  clip: 2.0\nlungs:\n  segmenter: otsu\n  network: {model: lungs}\n",
        "json": b'{"quality": {"a": 1}, "lungs": {"segmenter": "atlas"}}',
    }


def records() -> dict[str, bytes]:
    """Return records, scores, facts and other JSON that is read."""
    from napari_tbcad.record import Edit, Record, Step

    record = Record() + Step("clahe", {"clip": 2.0, "tiles": [8, 8]}, "m 0123", {"score": 0.9})
    record += Edit("sensitive", 120, 0.9, 0.95, "2026-01-01T00:00:00.000+00:00", "brush", "A")
    return {
        "record": record.to_json().encode(),
        "networks": json.dumps({"networks": {"lungs2": {"sha256": "0" * 64, "task": "lungs"}}}).encode(),
        "facts": json.dumps({"set_version": 1, "what": "hotspots", "parameters": {"box": {"k": 1}}}).encode(),
        "job": json.dumps({"version": 1, "data": [{"kind": "folder", "path": "a"}], "config": {}}).encode(),
        "sessions": json.dumps(
            {"evaluation": "k", "sessions": [{"started": "2026-01-01T00:00:00+00:00", "seconds": 3.5}]}
        ).encode(),
    }


def journals() -> dict[str, bytes]:
    """Return journals of long work."""
    import zlib

    rows = [{"number": n, "row": {"file": f"{n}.png", "status": "ok", "p": 0.1 * n}} for n in range(4)]
    texts = [json.dumps(row).encode() for row in rows]
    labelled = json.dumps({"key": "k", "row": {"label": "labels/1_anterior.png"}, "problems": []})
    return {
        "checked": b"".join(b"%08x %s\n" % (zlib.crc32(text), text) for text in texts),
        "set": f"a.jpg\t{labelled}\nb.jpg\t{labelled}\n".encode(),
    }


def segmentations(folder: Path) -> dict[str, bytes]:
    """Return segmentations as 3D Slicer has them, packed and plain."""
    import SimpleITK as sitk

    from napari_tbcad.io.slicer import write_segmentation

    path = folder / "mask.seg.nrrd"
    write_segmentation(path, mask_array(), spacing_mm=(0.5, 0.4), source="film.png")
    seeds = {"ours": path.read_bytes()}
    image = sitk.GetImageFromArray(mask_array()[None])
    for name, packed in (("raw", False), ("gzip", True)):
        sitk.WriteImage(image, str(path), packed)
        seeds[name] = path.read_bytes()
    return seeds


def chest_cases(folder: Path) -> dict[str, bytes]:
    """Return a chest case that holds its film, with masks by hand."""
    from napari_tbcad.chest.cases import case_of
    from napari_tbcad.chest.workflow import settings_from, start

    run = start(_small_film(), settings_from({"lungs.segmenter": "otsu"}))
    _give_masks(run)
    case_of(run, reader="A").save(folder / "one.tbcad")
    return {"by hand": (folder / "one.tbcad").read_bytes()}


def finished_cases(folder: Path) -> dict[str, bytes]:
    """Return a chest case with two readings, features, opacities and a result."""
    from napari_tbcad.chest.cases import case_of
    from napari_tbcad.chest.classify.packaged import packaged_model
    from napari_tbcad.chest.workflow import finish, settings_for, start

    model = packaged_model()
    run = start(_small_film(), settings_for(model, {"lungs.segmenter": "otsu"}), model=model)
    _give_masks(run)
    finish(run)
    first = case_of(run, reader="A")
    case_of(run, reader="B", verdict="accepted", earlier=first).save(folder / "two.tbcad")
    return {"finished": (folder / "two.tbcad").read_bytes()}


def _small_film() -> Any:
    from napari_tbcad.imaging.radiograph import Radiograph
    from napari_tbcad.record import Step

    film = Radiograph(film_array((64, 56)).astype(np.float32))
    return film.after(Step("layer", facts={"name": "Film"}))


def _give_masks(run: Any) -> None:
    from napari_tbcad.chest.workflow import give_mask

    for kind in ("sensitive", "insensitive"):
        give_mask(run, mask_array((64, 56)), kind, reader="A")


def bone_cases(folder: Path) -> dict[str, bytes]:
    """Return a bone case that holds its scan, with hotspots and regions by hand."""
    from napari_tbcad.bone.cases import case_of
    from napari_tbcad.bone.hotspots import Hotspots, Mark
    from napari_tbcad.bone.regions import SkeletonRegions
    from napari_tbcad.bone.workflow import give_hotspots, give_regions, start
    from napari_tbcad.io.scans import Frame, FrameFacts, Study
    from napari_tbcad.record import Record, Step

    body = body_array().astype(np.float32)
    views = ("anterior", "posterior")
    codes = [FrameFacts(code_view=view, view_code=f"1 {view}") for view in views]
    frames = (Frame(body, codes[0]), Frame(body[:, ::-1].copy(), codes[1]))
    study = Study(frames, (2.0, 2.0), source="", record=Record() + Step("layers"))
    run = start(study)
    run.compute("scan")
    spots = np.zeros(body.shape, np.uint16)
    spots[30:34, 14:18] = 1
    hotspots = Hotspots(
        spots, np.zeros_like(spots), (Mark(1, "anterior", "abnormal", origin="grow", judged=True),)
    )
    give_hotspots(run, hotspots, tool="grow", reader="A")
    regions = np.zeros(body.shape, np.uint8)
    regions[20:40, 8:24] = 3
    give_regions(run, SkeletonRegions(regions, np.zeros_like(regions)), reader="A")
    path = folder / "scan.tbcad"
    case_of(run, reader="A").save(path)
    return {"by hand": path.read_bytes()}


def models(folder: Path) -> dict[str, bytes]:
    """Return small chest models of every kind."""
    import pandas as pd

    from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
    from napari_tbcad.chest.classify.store import save_model
    from napari_tbcad.chest.classify.train import fit_model

    rng = np.random.default_rng(0)
    truth = np.arange(40) % 2
    values = rng.normal(size=(40, 4))
    values[:, 0] += truth
    table = pd.DataFrame(values, columns=list("abcd"))
    path, seeds = folder / "m.skops", {}
    ways: dict[str, dict[str, Any]] = {
        "svm": {},
        "whitened": {"whiten": True, "calibration": "isotonic"},
        "bayes": {"method": "nb", "single_stage": True},
    }
    for name, how in ways.items():
        estimator = HierarchicalClassifier(["a", "b"], n_folds=3, **how)
        shape = {"mean": np.arange(6.0).reshape(3, 2)}
        model = fit_model(
            table, truth, estimator=estimator, card_info={"name": "toy", "grid": 256}, shape_model=shape
        )
        save_model(model, path)
        seeds[name] = path.read_bytes()
    return seeds


def networks(folder: Path) -> dict[str, bytes]:
    """Return a tiny network, never trained, and other files of tensors."""
    import torch
    from safetensors.numpy import save

    from napari_tbcad.networks.build import ArchitectureParameters, build
    from napari_tbcad.networks.card import NetworkCard, task_classes
    from napari_tbcad.networks.input import InputParameters
    from napari_tbcad.networks.store import Network, save_network

    torch.manual_seed(0)
    tiny = ArchitectureParameters(
        architecture="Unet", encoder="tu-mobilenetv3_small_050", decoder_channels=(8, 8, 4, 4, 4)
    )
    reads = InputParameters(height=64, width=64)
    classes = task_classes("lungs")
    card = NetworkCard(name="tiny", task="lungs", classes=classes, architecture=tiny, input=reads)
    module = build(tiny, n_classes=len(classes), in_channels=1).eval()
    save_network(Network(module, card), folder / "n.safetensors")
    return {
        "network": (folder / "n.safetensors").read_bytes(),
        "plain": save({"a": np.zeros((2, 3), np.float32)}),
    }


def shape_models(folder: Path) -> dict[str, bytes]:
    """Return a model of lung outlines with few points."""
    from napari_tbcad.chest.shape_model import ShapeModel, ShapeModelParameters

    parameters = ShapeModelParameters()
    points = 2 * parameters.n_points
    rng = np.random.default_rng(0)
    model = ShapeModel(
        rng.normal(size=(points, 2)), rng.normal(size=(2, points, 2)), np.ones(2), 3.0, parameters, 9
    )
    model.save(folder / "s.safetensors")
    return {"outlines": (folder / "s.safetensors").read_bytes()}


def skeleton_atlases(folder: Path) -> dict[str, bytes]:
    """Return the packaged skeleton atlas, the smallest there is."""
    from importlib import resources

    return {
        "packaged": (resources.files("napari_tbcad") / "weights" / "skeleton_atlas.safetensors").read_bytes()
    }


def atlases(folder: Path) -> dict[str, bytes]:
    """Return a lung atlas of two small films."""
    from napari_tbcad.chest.lungs.atlas_library import build_atlas, save_atlas
    from napari_tbcad.imaging.radiograph import Radiograph

    films = [Radiograph(film_array((40, 40)).astype(np.float32) + n) for n in range(2)]
    save_atlas(folder / "a.npz", build_atlas(films, [mask_array((40, 40))] * 2, size=32))
    return {"atlas": (folder / "a.npz").read_bytes()}


def weights(folder: Path) -> dict[str, bytes]:
    """Return a torch state dict: a zip archive with a pickle that only its safe reader meets."""
    import torch

    out = io.BytesIO()
    torch.save({"encoder.conv.weight": torch.zeros(4, 1, 3, 3), "encoder.conv.bias": torch.zeros(4)}, out)
    return {"state": out.getvalue()}

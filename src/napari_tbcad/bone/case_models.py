"""With which networks, atlas and version a reading of a bone scan was made, and whether they are at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_tbcad import __version__
from napari_tbcad.bone.candidates_peaks import model as peaks_model
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.networks.listing import hash_if_any
from napari_tbcad.record import Step

if TYPE_CHECKING:
    from napari_tbcad.bone.skeleton_atlas import SkeletonAtlas
    from napari_tbcad.chain import Run
    from napari_tbcad.reading import Reading

_WORDS = {"regions": "skeleton regions", "hotspots": "hotspots"}
_COMPUTED = ("quality", "regions", "hotspots", "table", "classes", "index")
"""What another version of the program may compute otherwise; the views were seen by a person."""


def models_of(run: Run) -> dict[str, Any]:
    """Return what found the automatic regions and hotspots, as JSON values.

    Returns
    -------
    dict
        For each of the two None, or `segmenter` (which found them), `wanted` (which was chosen; another where
        it could not be used) and `used`: SHA-256 of networks by view, digest of the atlas, name of the model.
        Where another stood in for a network, `refused` has the SHA-256 of the files there were.
    """
    return {name: _made_by(run, name) for name in _WORDS}


def _made_by(run: Run, name: str) -> dict[str, Any] | None:
    value: Any = run.get(name, automatic=True)
    if value is None:
        return None
    steps = [entry for entry in value.record if isinstance(entry, Step) and entry.name == name]
    if not steps:
        return None
    facts, model = steps[-1].facts, steps[-1].model or ""
    segmenter = facts.get("segmenter") or getattr(value, "segmenter", "")
    if name == "hotspots" and segmenter == "network":
        used: Any = {view: said.split()[-1] for view, said in facts["models"].items() if said}
    else:
        used = model.split()[-1] if model else ""
    said = {"segmenter": segmenter, "wanted": facts.get("instead_of", segmenter), "used": used}
    if said["wanted"] == "network" != segmenter:
        said["refused"] = _networks(name, run.made_with(name).network.model_dump())
    return said


def differences(one: Reading, atlas: SkeletonAtlas | None) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is at hand now that is not what a reading was made with.

    Parameters
    ----------
    one : Reading
        Of a bone case.
    atlas : SkeletonAtlas or None
        What is at hand; the packaged one when None.

    Returns
    -------
    list of (str, tuple of str)
        A sentence for a person, and the outputs that are out of date for it.
    """
    found: list[tuple[str, tuple[str, ...]]] = []
    made = _COMPUTED if {*_COMPUTED} & set(one.values["made"]) else ()
    if one.program != __version__ and made:
        said = f"This case was made with version {one.program} of the program, this is {__version__}"
        found.append((f"{said}: run it again to bring it up to date.", made))
    for name, word in _WORDS.items():
        was = one.models.get(name)
        if was is None or name not in one.values["up_to_date"]:
            continue
        if how := _otherwise(name, was, one.settings[name], atlas):
            said = f"The {word} of this case were found {how}: run it again to bring them up to date."
            found.append((said, (name,)))
    return found


def _otherwise(name: str, was: dict[str, Any], settings: Any, atlas: SkeletonAtlas | None) -> str:
    """Say how regions or hotspots were found, where they would be found otherwise now."""
    used = was["used"]
    if was["wanted"] == "network" and was["segmenter"] != "network":
        now = _networks(name, settings["network"])
        there = all(now.values()) and now != was["refused"]
        return f"by the {was['segmenter']} for want of a network" if there else ""
    if was["segmenter"] == "network":
        now = _networks(name, settings["network"])
        before = used if isinstance(used, dict) else {"": used}
        if all(now.get(view) == digest for view, digest in before.items() if digest):
            return ""
        gone = any(not now.get(view) for view in before)
        return "with a network that is not at hand" if gone else "with another network"
    if was["segmenter"] == "atlas":
        return "" if used == _atlas_digest(atlas) else "with another atlas"
    return "" if used == peaks_model()["name"] else "with another model"


def _networks(name: str, settings: Any) -> dict[str, str | None]:
    """Return the SHA-256 of the networks that would be asked now, by view; None for one that is not there."""
    if name == "regions":
        return {"": hash_if_any(settings["model"])}
    return {view: hash_if_any(settings[view]) for view in VIEWS}


def _atlas_digest(atlas: SkeletonAtlas | None) -> str:
    if atlas is None:
        from napari_tbcad.bone.skeleton_atlas import packaged_skeleton_atlas

        atlas = packaged_skeleton_atlas()
    return atlas.content_key[:12]

"""A simulated whole-body bone scan with everything that is true of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView, ViewName
from napari_tbcad.record import Parameters, Step, field
from napari_tbcad.simulate import bone_truth as truth
from napari_tbcad.simulate import gamma_camera as gamma
from napari_tbcad.simulate import hotspot_sites as sites
from napari_tbcad.simulate import organ_sites
from napari_tbcad.simulate.bone_uptake import Uptake, bone_voxels, draw_uptake, mix
from napari_tbcad.simulate.gamma_camera import CameraParameters
from napari_tbcad.simulate.hotspots import Deposit, Point, Site, deposit
from napari_tbcad.simulate.skeleton import Body, BodyParameters, region_map, simulate_body

COUNTS_MEDIAN, COUNTS_SIGMA, COUNTS_SPAN = 0.65e6, 0.33, (0.25e6, 1.5e6)
"""Counts of a view: log-normal within a span, so that most scans have 0.4 to 0.8 million."""

_PER_MM = {"bone": gamma.BONE_PER_MM, "lung": gamma.LUNG_PER_MM}


class ScanParameters(Parameters):
    """Parameters of :func:`simulate_scan`."""

    counts: float = field(
        0.0, title="Counts", ge=0, le=2e7, description="Expected counts of the mean view; 0 draws them."
    )
    abnormal: int = field(
        -1, title="Metastases", ge=-1, le=40, description="How many; -1 draws it (none in 40 % of scans)."
    )
    benign: bool = field(
        True,
        title="Benign uptake",
        description="Degenerative joints and fractures, drawn by their frequency.",
    )
    non_bone: bool = field(
        True, title="Non-bone uptake", description="Bladder, hot kidneys, injection site, spots of urine."
    )
    spread: float = field(
        1.0,
        title="Spread of uptake",
        ge=0,
        le=3,
        description="Factor of the differences between persons, bones and places within a bone.",
        more=True,
    )
    noise: bool = field(True, title="Counting noise", description="Poisson noise.", more=True)


@dataclass(frozen=True)
class Lesion:
    """One place of added uptake and where it is seen.

    Parameters
    ----------
    id : int
        From 1, in the order of the list.
    label : {"abnormal", "normal", "non_bone"}
        Its class.
    cause : str
        What made it, such as ``"metastasis"``, ``"degeneration"``, ``"urine"``.
    region : str or None
        Region of the bone at its centre; None outside the 12 regions.
    site : str
        Name of the bone, joint or organ.
    centre_mm : (float, float, float)
        Depth from the front of the volume, row, column.
    radius_mm : (float, float, float)
        Half axes before the cut with the bone.
    amplitude : float
        Added concentration over that of the bone around it; 0 outside the bones.
    activity : float
        Added concentration, soft tissue = 1.
    shares : mapping of str to float
        By region, the share of the region's bone that it takes.
    ids : mapping of view to int or None
        Its hotspot in each view; None where it is not seen.
    """

    id: int
    label: str
    cause: str
    region: str | None
    site: str
    centre_mm: Point
    radius_mm: Point
    amplitude: float
    activity: float
    shares: Mapping[str, float]
    ids: Mapping[ViewName, int | None]

    @property
    def mass_share(self) -> float:
        """Share of its own region's bone."""
        return self.shares.get(self.region or "", 0.0)

    @property
    def linked(self) -> bool:
        """Whether it is seen in both views."""
        return all(self.ids[view] is not None for view in VIEWS)


@dataclass(frozen=True, eq=False)
class SimulatedScan:
    """A scan and its truth; all images (H, W), the posterior as the camera saw it.

    Parameters
    ----------
    scan : BoneScan
        Counts of both views.
    expected : dict of view to array of float32
        Noise-free counts.
    hotspots : dict of view to array of uint16
        Instance labels; ids are unique over both views.
    classes : dict of view to array of uint8
        4-class image: background, bone, abnormal, normal (with non-bone uptake).
    regions : dict of view to array of uint8
        Skeleton regions 1 to 12.
    lesions : tuple of Lesion
        All places of added uptake, seen or not.
    true_bsi : dict of str to float
        Bone Scan Index of the body in %, by weight table: volume share of abnormal lesions.
    counts : dict of view to float
        Sum of the counts.
    seed : int
    body : Body
        What was scanned.
    """

    scan: BoneScan
    expected: dict[ViewName, NDArray[np.float32]]
    hotspots: dict[ViewName, NDArray[np.uint16]]
    classes: dict[ViewName, NDArray[np.uint8]]
    regions: dict[ViewName, NDArray[np.uint8]]
    lesions: tuple[Lesion, ...]
    true_bsi: dict[str, float]
    counts: dict[ViewName, float]
    seed: int
    body: Body

    def label_of(self, number: int) -> str:
        """Return the class of a hotspot id; raises KeyError when there is none."""
        for lesion in self.lesions:
            if number in lesion.ids.values():
                return lesion.label
        raise KeyError(number)


def simulate_scan(
    parameters: ScanParameters = ScanParameters(),
    *,
    seed: int = 0,
    person: BodyParameters = BodyParameters(),
    camera: CameraParameters = CameraParameters(),
    body: Body | None = None,
) -> SimulatedScan:
    """Simulate a whole-body bone scan of one person.

    Parameters
    ----------
    parameters : ScanParameters
        Counts, lesions, noise.
    seed : int
        Person, uptake, lesions and noise follow from it; each draws from a stream of its own, so that giving
        one leaves the others as they were.
    person : BodyParameters
        What is fixed of the person, and the grid.
    camera : CameraParameters
        Resolution and scatter.
    body : Body, optional
        A body made before, to be scanned again; the person is then not looked at.

    Returns
    -------
    SimulatedScan
        Both views and their truth.
    """

    def stream(number: int) -> np.random.Generator:
        return np.random.default_rng([seed, 10 + number])

    body = simulate_body(person, seed=seed) if body is None else body
    bone = bone_voxels(body)
    uptake = draw_uptake(body, bone, body.person.sex, stream(1), spread=parameters.spread)
    places = _draw_sites(body, bone, uptake, parameters, [stream(k) for k in (2, 3, 4)])
    deposits = [(site, deposit(body, site)) for site in places]
    kept = [(site, item) for site, item in deposits if item is not None]
    attenuation = _attenuation(body)
    clean = {v: gamma.project(uptake.activity, attenuation, body.spacing_mm, v, camera) for v in VIEWS}
    added = {v: [_contribution(body, attenuation, s, d, v, camera) for s, d in kept] for v in VIEWS}
    pixel = body.spacing_mm[1:]
    background, expected = {}, {}
    for view in VIEWS:
        background[view] = gamma.add_scatter(clean[view], pixel, camera)
        total = clean[view].copy()
        for item in added[view]:
            total[item.place] += item.counts
        expected[view] = gamma.add_scatter(total, pixel, camera)
    labels, ids = truth.find_hotspots(added, background)
    factor = _exposure(parameters, stream(5), expected)
    expected = {view: image * np.float32(factor) for view, image in expected.items()}
    noisy = {
        view: gamma.count(image, stream(6 + k), camera) if parameters.noise else image
        for k, (view, image) in enumerate(expected.items())
    }
    lesions, bsi = _lesions(body, bone, kept, ids)
    classes_of = {number: le.label for le in lesions for number in le.ids.values() if number is not None}
    area = truth.bone_area(body, bone)
    facts = {"lesions": len(lesions), "true_bsi": {k: round(v, 6) for k, v in bsi.items()}}
    step = Step("simulate bone scan", {**parameters.model_dump(mode="json"), "seed": seed}, facts=facts)
    name = f"simulated bone scan {seed}"
    scan = BoneScan(
        ScanView(noisy["anterior"], rule="view_code", source=name),
        ScanView(noisy["posterior"], rule="view_code", source=name, frame=1),
        spacing_mm=(pixel[0], pixel[1]),
        source=name,
    ).after(step)
    return SimulatedScan(
        scan=scan,
        expected=expected,
        hotspots=labels,
        classes={v: truth.class_image(area[v], labels[v], classes_of) for v in VIEWS},
        regions={v: region_map(body, v) for v in VIEWS},
        lesions=lesions,
        true_bsi=bsi,
        counts={view: float(image.sum(dtype=np.float64)) for view, image in noisy.items()},
        seed=seed,
        body=body,
    )


def _draw_sites(
    body: Body,
    bone: NDArray[np.intp],
    uptake: Uptake,
    parameters: ScanParameters,
    streams: Sequence[np.random.Generator],
) -> list[Site]:
    """Draw all places of added uptake, metastases first."""
    number = None if parameters.abnormal < 0 else parameters.abnormal
    found = sites.draw_abnormal(body, bone, uptake.of_part, streams[0], number=number)
    if parameters.benign:
        found += sites.draw_benign(body, uptake.of_part, streams[1])
    if parameters.non_bone:
        found += organ_sites.draw_non_bone(body, streams[2])
    return found


def _attenuation(body: Body) -> NDArray[np.float32]:
    """Return the attenuation coefficient of every voxel in 1/mm."""
    table = np.zeros(256, np.float32)
    for part in body.parts:
        table[part.id] = _PER_MM.get(part.kind, gamma.SOFT_TISSUE_PER_MM)
    return mix(body, table, np.float32(gamma.SOFT_TISSUE_PER_MM))


def _contribution(
    body: Body,
    attenuation: NDArray[np.float32],
    site: Site,
    item: Deposit,
    view: ViewName,
    camera: CameraParameters,
) -> truth.Contribution:
    """Project one lesion, in the part of the view that it can reach."""
    depth, *plane = body.part.shape
    reach = 4 * np.sqrt(gamma.spread(camera.gap_mm + depth * body.spacing_mm[0], camera))
    cut = []
    for part, size, step in zip(item.block[1:], plane, body.spacing_mm[1:], strict=True):
        margin = int(np.ceil(reach / step))
        cut.append(slice(max(part.start - margin, 0), min(part.stop + margin, size)))
    rows, columns = cut
    activity = np.zeros((depth, rows.stop - rows.start, columns.stop - columns.start), np.float32)
    inner = tuple(
        slice(part.start - start, part.stop - start)
        for part, start in zip(item.block, (0, rows.start, columns.start), strict=True)
    )
    activity[inner] = item.cover * np.float32(site.activity)
    counts = gamma.project(activity, attenuation[:, rows, columns], body.spacing_mm, view, camera)
    if view == "posterior":
        columns = slice(plane[1] - columns.stop, plane[1] - columns.start)
    return truth.Contribution((rows, columns), counts)


def _exposure(
    parameters: ScanParameters,
    generator: np.random.Generator,
    expected: Mapping[ViewName, NDArray[np.float32]],
) -> float:
    """Return counts per unit of projected activity; one for both views, which are taken at one time."""
    drawn = COUNTS_MEDIAN * np.exp(COUNTS_SIGMA * generator.standard_normal())
    wanted = parameters.counts or float(np.clip(drawn, *COUNTS_SPAN))
    mean = float(np.mean([image.sum(dtype=np.float64) for image in expected.values()]))
    return wanted / mean


def _lesions(
    body: Body,
    bone: NDArray[np.intp],
    kept: Sequence[tuple[Site, Deposit]],
    ids: Mapping[ViewName, Sequence[int | None]],
) -> tuple[tuple[Lesion, ...], dict[str, float]]:
    """Return the table of lesions and the true index by weight table."""
    volumes = truth.region_volumes(body, bone)
    rows = []
    for k, (site, item) in enumerate(kept):
        taken = truth.covered_volumes(body, [item])
        shares = {region: volume / volumes[region] for region, volume in taken.items()}
        rows.append(
            Lesion(
                id=k + 1,
                label=site.label,
                cause=site.cause,
                region=site.region,
                site=site.name,
                centre_mm=site.centre_mm,
                radius_mm=site.radius_mm,
                amplitude=site.amplitude,
                activity=site.activity,
                shares=shares if site.label != "non_bone" else {},
                ids={view: ids[view][k] for view in VIEWS},
            )
        )
    sick = [item for site, item in kept if site.label == "abnormal"]
    return tuple(rows), truth.true_indices(truth.covered_volumes(body, sick), volumes)

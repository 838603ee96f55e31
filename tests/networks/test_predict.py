"""Prediction: any size, tiles, variants, uncertainty, memory, cancelling."""

from __future__ import annotations

import contextlib
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.networks.build import ArchitectureParameters
from napari_tbcad.networks.card import NetworkCard, task_classes
from napari_tbcad.networks.devices import NotEnoughMemory
from napari_tbcad.networks.input import InputParameters, to_input
from napari_tbcad.networks.prediction import PredictParameters

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from napari_tbcad.networks import predict as predicting  # noqa: E402
from napari_tbcad.networks.predict import predict, predict_many  # noqa: E402
from napari_tbcad.networks.store import Network  # noqa: E402
from napari_tbcad.networks.uncertainty import entropy, mutual_information  # noqa: E402
from napari_tbcad.networks.variants import variants  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network(module, *, task="lungs", fit="native", size=64, saved=True) -> Network:
    card = NetworkCard(
        name="small",
        task=task,
        classes=task_classes(task),
        architecture=ArchitectureParameters(),
        input=InputParameters(height=size, width=size, fit=fit),
    )
    return Network(module.eval(), card, "0" * 64 if saved else "")


def narrow(classes=3) -> nn.Module:
    """A network that halves the image and sees no further than nine pixels."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(8, classes, 3, padding=1),
    )


class Wide(nn.Module):
    """A network whose answer depends on the mean of all it is given."""

    def forward(self, x):
        return torch.cat([x, x.mean((-2, -1), keepdim=True).expand_as(x), -x], 1)


def image(height=150, width=170, seed=0):
    smooth = np.random.default_rng(seed).normal(size=(height, width)).cumsum(0).cumsum(1)
    return smooth.astype(np.float32)


TILED = PredictParameters(device="cpu", tile=64, overlap=0.5)
WHOLE = PredictParameters(device="cpu")


@pytest.mark.parametrize("shape", [(150, 170), (64, 64), (33, 300), (1, 40), (97, 31)])
@pytest.mark.parametrize("fit", ["native", "stretch", "pad"])
def test_images_of_any_size_are_answered_over_their_whole_field(shape, fit):
    found = predict(network(narrow(), fit=fit), image(*shape), WHOLE)
    assert found.probabilities.dtype == found.uncertainty.dtype == np.float32
    assert found.probabilities.shape[1:] == found.uncertainty.shape
    np.testing.assert_allclose(found.probabilities.sum(0), 1, atol=1e-5)
    assert found.on_image().shape == (3, *shape)
    assert found.labels().shape == found.shape == shape
    if fit == "native":
        assert found.probabilities.shape[1:] == shape


def test_the_answer_lies_where_its_cause_is():
    class Bright(nn.Module):
        def forward(self, x):
            return torch.cat([torch.zeros_like(x), 20 * x, torch.full_like(x, -20)], 1)

    pixels = np.zeros((120, 60), np.float32)
    pixels[80:100, 10:30] = 1
    for fit in ("native", "stretch", "pad"):
        labels = predict(network(Bright(), fit=fit), pixels, WHOLE).labels()
        overlap = 2 * (labels * pixels).sum() / (labels.sum() + pixels.sum())
        assert overlap > 0.9, fit


def test_tiles_and_the_whole_agree_where_the_network_does_not_look_far():
    pixels, small = image(), network(narrow())
    whole, tiled = predict(small, pixels, WHOLE), predict(small, pixels, TILED)
    np.testing.assert_allclose(tiled.probabilities, whole.probabilities, atol=1e-5)
    far = network(Wide())
    differ = np.abs(predict(far, pixels, WHOLE).probabilities - predict(far, pixels, TILED).probabilities)
    assert differ.max() > 0.01, "the comparison can fail"
    seams = predict(small, pixels, PredictParameters(device="cpu", tile=64, overlap=0))
    assert np.abs(seams.probabilities - whole.probabilities).max() > 1e-3, (
        "the overlap is what makes it agree"
    )


def test_many_images_are_answered_as_one_by_one_and_read_as_needed():
    small, asked = network(narrow()), []

    def images():
        for number, shape in enumerate([(64, 64), (64, 64), (80, 64), (64, 64), (64, 64)]):
            asked.append(number)
            yield image(*shape, seed=number)

    answers = predict_many(small, images(), WHOLE, batch=2)
    first = next(answers)
    assert asked == [0, 1]
    for one, pixels in zip([first, *answers], images(), strict=True):
        np.testing.assert_allclose(one.probabilities, predict(small, pixels, WHOLE).probabilities, atol=1e-6)


def test_the_number_of_threads_does_not_matter():
    torch.manual_seed(1)
    depthwise = nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.Conv2d(32, 32, 5, padding=2, groups=32))
    squeeze = nn.Sequential(nn.BatchNorm2d(32), nn.Hardswish(), nn.MaxPool2d(4), nn.Conv2d(32, 96, 1))
    small = nn.Sequential(depthwise, squeeze, nn.Upsample(scale_factor=4), nn.Conv2d(96, 3, 3, padding=1))
    answers = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        answers.append(predict(network(small, fit="stretch"), image(), WHOLE).probabilities)
    for other in answers[1:]:
        np.testing.assert_allclose(other, answers[0], atol=1e-5)


def test_threads_share_a_network_and_leave_it_as_it_is():
    small = network(nn.Sequential(nn.BatchNorm2d(1), narrow()))
    before = {name: value.clone() for name, value in small.module.state_dict().items()}
    films = [image(seed=number) for number in range(4)]
    alone = [predict(small, film, TILED).probabilities for film in films]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda film: predict(small, film, TILED).probabilities, films))
    np.testing.assert_array_equal(np.stack(together), np.stack(alone))
    assert all(torch.equal(value, before[name]) for name, value in small.module.state_dict().items())
    assert all(value.requires_grad for value in small.module.parameters())


def test_a_network_in_training_is_asked_as_it_is_now_and_trained_on():
    small = network(nn.Sequential(nn.BatchNorm2d(1), narrow()), saved=False)
    small.module.train()
    small.module[0].eval()  # a frozen part stays frozen
    pixels = image()
    first = predict(small, pixels, WHOLE).probabilities
    assert small.module.training
    assert not small.module[0].training
    assert small.module[0].num_batches_tracked == 0
    with torch.no_grad():
        small.module[1][0].weight.add_(1)
    assert np.abs(predict(small, pixels, WHOLE).probabilities - first).max() > 1e-3


# -- variants and uncertainty ---------------------------------------------------------------------------


def test_every_variant_comes_back_to_the_pixels_it_started_from():
    film = torch.from_numpy(to_input(image(64, 64), InputParameters(height=64, width=64)).pixels)[None, None]
    inner = (..., slice(8, -8), slice(8, -8))
    for one in variants("4", augment=True, mirror=True):
        back = one.back(one.change(film).expand(-1, 4, -1, -1))[:, :1]
        if "exponent" not in one.name:
            assert torch.equal(back[inner], film[inner]), one.name
        else:  # another film curve: the order of grey levels stays, so do the ends
            assert not torch.equal(back, film)
            order = film.flatten().argsort()
            assert back.flatten()[order].diff().min() >= -1e-6
            np.testing.assert_allclose([back.min(), back.max()], [film.min(), film.max()], atol=1e-6)


class Sides(nn.Module):
    """Right lung on the image's left half, left lung on its right half."""

    def forward(self, x):
        half = x.shape[-1] // 2
        right = torch.zeros_like(x)
        right[..., :half] = 10
        return torch.cat([torch.zeros_like(x), right, 10 - right], 1)


def test_a_mirrored_film_has_its_sides_exchanged():
    pixels = image(64, 64)
    plain = predict(network(Sides()), pixels, WHOLE)
    mirrored = predict(network(Sides()), pixels, PredictParameters(device="cpu", mirror=True))
    np.testing.assert_allclose(mirrored.probabilities, plain.probabilities, atol=1e-6)
    assert mirrored.disagreement.max() < 1e-6


def test_what_mirroring_would_make_false_is_not_mirrored():
    with pytest.raises(BadInput, match="opacities cannot be mirrored"):
        predict(network(narrow(4), task="opacities"), image(), PredictParameters(device="cpu", mirror=True))
    names = [one.name for one in variants("opacities", augment=True)]
    assert len(names) == 5
    assert "mirrored" not in names + [one.name for one in variants("lungs", augment=True)]


def test_averaging_says_where_variants_contradict_each_other():
    pixels = image()
    found = predict(network(narrow()), pixels, PredictParameters(device="cpu", augment=True))
    plain = predict(network(narrow()), pixels, WHOLE)
    np.testing.assert_allclose(found.probabilities.sum(0), 1, atol=1e-5)
    assert plain.disagreement is None
    assert 0 < found.disagreement.max() <= 1
    assert (found.disagreement <= found.uncertainty + 1e-6).all()
    assert np.abs(found.probabilities - plain.probabilities).max() < 0.5


def test_entropy_and_mutual_information_by_hand():
    even, sure = torch.full((3,), 1 / 3), torch.tensor([1.0, 0.0, 0.0])
    two = torch.tensor([0.5, 0.5, 0.0])
    assert float(entropy(even)) == pytest.approx(1)
    assert float(entropy(sure)) == 0
    assert float(entropy(two)) == pytest.approx(math.log(2) / math.log(3))
    against = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert float(mutual_information(against)) == pytest.approx(math.log(2) / math.log(3))
    assert float(mutual_information(torch.stack([two, two]))) == 0, "unsure, but of one mind"


# -- what goes wrong ------------------------------------------------------------------------------------


class Hungry(nn.Module):
    """Runs out of memory for more than so many pixels at once."""

    def __init__(self, inner, most, error):
        super().__init__()
        self.inner, self.most, self.error, self.seen = inner, most, error, []

    def forward(self, x):
        self.seen.append(tuple(x.shape))
        if x.numel() > self.most:
            raise self.error
        return self.inner(x)


NO_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory."),
    MemoryError(),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes."),
]


@pytest.mark.parametrize("error", NO_MEMORY, ids=lambda e: type(e).__name__)
def test_without_memory_batches_then_tiles_get_smaller_and_the_answer_says_so(error):
    films = [image(96, 128, seed=number) for number in range(4)]
    want = [predict(network(narrow()), film, WHOLE).probabilities for film in films]
    hungry = network(Hungry(narrow(), 2 * 96 * 128, error), saved=False)
    answers = list(predict_many(hungry, films, WHOLE))
    assert answers[0].messages == ("small: out of memory on cpu; now 2 images at a time.",)
    np.testing.assert_allclose([one.probabilities for one in answers], want, atol=1e-6)

    hungry = network(Hungry(narrow(), 64 * 64, error), saved=False)
    answers = list(predict_many(hungry, films[:2], PredictParameters(device="cpu", overlap=0.5), batch=2))
    assert answers[-1].messages == (
        "small: out of memory on cpu; now 1 image at a time.",
        "small: out of memory on cpu; now in tiles of 64 pixels.",
    )
    np.testing.assert_allclose([one.probabilities for one in answers], want[:2], atol=1e-5)


def test_large_images_and_many_are_taken_in_parts_before_memory_runs_out(monkeypatch):
    monkeypatch.setattr(predicting, "MOST_PIXELS", 2 * 128 * 128)
    monkeypatch.setattr(predicting, "LARGE_TILE", 96)
    watched = network(Hungry(narrow(), 1e9, MemoryError()), saved=False)
    films = [image(128, 128), image(128, 128, seed=1), image(128, 128, seed=2), image(256, 160)]
    answers = list(predict_many(watched, films, PredictParameters(device="cpu", overlap=0.5)))
    sizes = {shape[0] * shape[2] * shape[3] for shape in watched.module.seen}
    assert max(sizes) == 2 * 128 * 128
    assert {shape[-1] for shape in watched.module.seen} == {128, 96}
    monkeypatch.undo()
    want = predict(network(narrow()), films[3], WHOLE)
    np.testing.assert_allclose(answers[3].probabilities, want.probabilities, atol=1e-5)


def test_when_nothing_fits_the_error_says_what_to_do():
    hungry = network(Hungry(narrow(), 10, MemoryError()), saved=False)
    with pytest.raises(
        NotEnoughMemory, match=r"small: .* for 64 × 64 pixels at a time; close other programs"
    ):
        predict(hungry, image(), WHOLE)
    assert hungry.module.seen == [(1, 1, side, 192 if side == 160 else side) for side in (160, 96, 64)]


NO_CARD_MEMORY = torch.OutOfMemoryError("CUDA out of memory.")


@pytest.fixture
def card(monkeypatch, request):
    """A graphics card that fails, by default since its memory is full; played by torch's device "meta"."""
    seen = []

    def choose(name, **_):
        return "meta"

    @contextlib.contextmanager
    def place(asked, device):
        if device != "meta":
            yield asked.module
            return

        def forward(x):
            seen.append(tuple(x.shape))
            raise getattr(request, "param", NO_CARD_MEMORY)

        yield forward

    monkeypatch.setattr(predicting, "choose_device", choose)
    monkeypatch.setattr(predicting, "placed", place)
    return seen


def test_a_full_graphics_card_leaves_the_work_to_the_processor(card):
    films = [image(128, 128, seed=number) for number in range(2)]
    answers = list(predict_many(network(narrow()), films, PredictParameters()))
    assert [shape[0] for shape in card] == [2, 1, 1]
    assert card[-1][-2:] == (64, 64)
    said = "now 1 image at a time", "now in tiles of 64 pixels", "now on the processor"
    for one in answers:
        assert one.device == "cpu"
        assert all(part in message for part, message in zip(said, one.messages, strict=True))
    np.testing.assert_allclose(
        answers[1].probabilities, network(narrow()).module(_given(films[1])).softmax(1)[0].detach(), atol=1e-5
    )


def test_a_network_that_knows_whole_images_only_is_not_given_tiles(card):
    (said,) = predict(network(narrow(), fit="stretch"), image(), PredictParameters()).messages
    assert said == "small: out of memory on meta; now on the processor, which is slower."
    assert len(card) == 1
    hungry = network(Hungry(narrow(), 10, MemoryError()), fit="stretch", saved=False)
    with pytest.raises(NotEnoughMemory, match="even for 64 × 64 pixels"):
        predict(hungry, image(), PredictParameters())
    assert len(hungry.module.seen) == 1


@pytest.mark.parametrize(
    "card",
    [torch.AcceleratorError("no kernel image is available\nfor this card"), NotImplementedError("aten::x")]
    if hasattr(torch, "AcceleratorError")
    else [NotImplementedError("aten::x")],
    indirect=True,
)
def test_a_card_that_cannot_do_it_leaves_the_work_to_the_processor(card):
    found = predict(network(narrow()), image(), PredictParameters())
    assert found.device == "cpu"
    assert len(card) == 1, "not tried in smaller parts"
    assert found.messages[0].endswith(") on meta; now on the processor, which is slower.")
    assert "no kernel image is available)" in found.messages[0] or "aten::x" in found.messages[0]


def test_an_error_of_the_network_is_not_taken_for_want_of_memory():
    with pytest.raises(RuntimeError, match="channels"):
        predict(network(nn.Conv2d(2, 3, 1)), image(), WHOLE)


def test_work_stops_between_tiles_and_tells_how_far_it_is():
    hungry, told = network(Hungry(narrow(), 1e9, MemoryError()), saved=False), []
    tiles_before = 3
    with pytest.raises(Cancelled):
        predict(
            hungry,
            image(),
            TILED,
            cancelled=lambda: len(hungry.module.seen) >= tiles_before,
            progress=lambda share, what: told.append(share),
        )
    assert len(hungry.module.seen) == len(told) == tiles_before
    predict(hungry, image(), TILED, progress=lambda share, what: told.append(share))
    assert told[-1] == 1.0


def _given(pixels):
    grid = InputParameters(height=64, width=64, fit="native")
    return torch.from_numpy(to_input(pixels, grid).pixels)[None, None]


def test_images_that_cannot_be_answered_are_refused():
    broken = image()
    broken[3, 4] = np.nan
    flat = np.ones((50, 50), np.float32)
    for pixels, cause in (
        (broken, "not finite"),
        (flat, "one single grey level"),
        (np.zeros((3, 40, 40), np.float32), "one plane"),
        (np.zeros((0, 40), np.float32), "one plane"),
    ):
        with pytest.raises(BadInput, match=cause):
            predict(network(narrow()), pixels, WHOLE)


def test_answers_that_cannot_be_true_are_refused():
    class NotFinite(nn.Module):
        def forward(self, x):
            return torch.cat([x, x, x / 0 * 0], 1)

    with pytest.raises(ModelRefused, match="not finite"):
        predict(network(NotFinite()), image(), WHOLE)
    with pytest.raises(ModelRefused, match="as its card says"):
        predict(network(narrow(classes=5)), image(), WHOLE)

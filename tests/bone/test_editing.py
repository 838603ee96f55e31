from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_tbcad.bone import editing
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.painted import from_labels
from napari_tbcad.errors import BadInput


def square(top: int, left: int, bottom: int, right: int, shape=(8, 10)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.fixture
def three() -> Hotspots:
    """1 and 2 in the anterior view side by side, 3 in the posterior one, linked to 1."""
    anterior = np.zeros((8, 10), np.uint16)
    anterior[2:4, 1:4] = 1
    anterior[2:5, 4:7] = 2
    posterior = np.zeros((8, 10), np.uint16)
    posterior[2:4, 6:9] = 3
    marks = (
        Mark(1, "anterior", probability=0.4, linked=3, uncertainty=0.9),
        Mark(2, "anterior", "normal", judged=True, probability=0.7, uncertainty=0.2),
        Mark(3, "posterior", linked=1),
    )
    return Hotspots(anterior, posterior, marks)


def area(hotspots: Hotspots, number: int) -> int:
    return int((hotspots.labels(hotspots.mark(number).view) == number).sum())


def test_add_takes_or_keeps_pixels_of_others(three):
    mask = square(3, 0, 5, 5)
    taken = editing.add(three, "anterior", mask, label="normal", origin="box")
    assert taken.mark(4) == Mark(4, "anterior", "normal", "box")
    assert area(taken, 4) == mask.sum()
    assert area(taken, 1) == 3
    kept = editing.add(three, "anterior", mask, over="keep")
    assert area(kept, 1) == 6
    assert area(kept, 4) == mask.sum() - 3 - 2


def test_add_over_all_of_another_ends_it_and_its_link(three):
    new = editing.add(three, "anterior", square(0, 0, 8, 4))
    assert [m.id for m in new.marks] == [2, 3, 4]
    assert new.mark(3).linked is None
    assert three.mark(3).linked == 1


def test_add_with_a_link(three):
    new = editing.add(three, "posterior", square(0, 0, 1, 3), linked=2)
    assert new.mark(4).linked == 2
    assert new.mark(2).linked == 4
    assert new.mark(1).linked == 3


@pytest.mark.parametrize(
    ("view", "mask", "cause"),
    [
        ("anterior", np.zeros((8, 10)), "no pixel"),
        ("anterior", np.ones((3, 3)), "shape"),
        ("posterior", np.ones((8, 10)), "no posterior"),
    ],
)
def test_add_refuses(three, view, mask, cause):
    lone = Hotspots(three.anterior, None, (Mark(1, "anterior"), Mark(2, "anterior")))
    with pytest.raises(BadInput, match=cause):
        editing.add(lone, view, mask)


def test_add_keeping_others_refuses_when_nothing_is_left(three):
    with pytest.raises(BadInput, match="no pixel is left"):
        editing.add(three, "anterior", square(2, 1, 4, 3), over="keep")


def test_give_pixels_moves_a_hotspot(three):
    moved = editing.give_pixels(three, 1, square(5, 0, 7, 2))
    assert area(moved, 1) == 4
    assert moved.mark(1).linked == 3
    assert moved.anterior[2, 1] == 0
    assert area(editing.give_pixels(three, 1, square(2, 3, 4, 6), over="keep"), 1) == 2


def test_erase_one_or_all(three):
    mask = square(2, 2, 4, 6)
    assert area(editing.erase(three, "anterior", mask, number=1), 2) == 9
    both = editing.erase(three, "anterior", mask)
    assert (area(both, 1), area(both, 2)) == (2, 5)
    gone = editing.erase(three, "anterior", square(0, 0, 8, 4))
    assert [m.id for m in gone.marks] == [2, 3]


def test_delete(three):
    left = editing.delete(three, [1, 2])
    assert not left.anterior.any()
    assert [m.id for m in left.marks] == [3]
    assert left.mark(3).linked is None
    with pytest.raises(BadInput, match="no hotspot"):
        editing.delete(three, 9)


def test_merge_keeps_the_first_id_and_the_class_of_the_largest(three):
    merged = editing.merge(three, [2, 1])
    assert merged.mark(1) == Mark(1, "anterior", "normal", "merge", False, 0.7, 3, 0.9)
    assert area(merged, 1) == 15
    assert merged.mark(3).linked == 1
    with pytest.raises(BadInput, match="link them"):
        editing.merge(three, [1, 3])
    with pytest.raises(BadInput, match="two hotspots"):
        editing.merge(three, [1, 1])


def test_merge_of_the_linked_one_into_a_smaller_id(three):
    linked_to_second = editing.link(three, 2, 3)
    merged = editing.merge(linked_to_second, [1, 2])
    assert merged.mark(1).linked == 3
    assert merged.mark(3).linked == 1


def test_split_by_seeds_follows_the_valley():
    mask = square(2, 1, 5, 9)
    counts = np.tile([0, 5, 9, 5, 4, 1, 4, 6, 9, 5.0], (8, 1)).astype(float)
    one = editing.add(Hotspots(np.zeros((8, 10), np.uint16), None), "anterior", mask, label="normal")
    two = editing.split_by_seeds(one, 1, [(3, 2), (3, 8)], counts)
    assert [(m.id, m.label, m.origin) for m in two.marks] == [(1, "normal", "split"), (2, "normal", "split")]
    assert ((two.anterior > 0) == mask).all()
    assert (two.anterior[2:5, 1:5] == 1).all()
    assert (two.anterior[2:5, 6:9] == 2).all()
    with pytest.raises(BadInput, match="farther apart"):
        editing.split_by_seeds(one, 1, [(3, 2), (3, 2)], counts)
    with pytest.raises(BadInput, match="two seeds or more"):
        editing.split_by_seeds(one, 1, [(3, 2)], counts)


def test_split_gives_pieces_without_a_seed_to_the_nearest_part():
    mask = square(0, 0, 2, 2) | square(0, 4, 2, 6) | square(6, 4, 8, 6)
    one = editing.add(Hotspots(np.zeros((8, 10), np.uint16), None), "anterior", mask)
    two = editing.split_by_seeds(one, 1, [(0, 0), (0, 4)], np.ones((8, 10)))
    assert ((two.anterior > 0) == mask).all()
    assert (two.anterior[6:8, 4:6] == 2).all()


def test_split_by_line(three):
    split = editing.split_by_line(three, 2, (0, 4.5), (7, 4.5))
    assert area(split, 2) == 6
    assert area(split, 4) == 3
    assert split.mark(4).judged
    linked = editing.split_by_line(three, 1, (0, 1.5), (7, 1.5))
    assert linked.mark(1).linked == 3
    assert linked.mark(4).linked is None
    with pytest.raises(BadInput, match="does not cross"):
        editing.split_by_line(three, 2, (0, 0), (7, 0))


def test_label_judged_and_links(three):
    changed = editing.set_label(three, [1, 3], "non_bone")
    assert changed.mark(1).label == changed.mark(3).label == "non_bone"
    assert changed.mark(1).judged
    assert not three.mark(1).judged
    assert not editing.set_judged(changed, 1, False).mark(1).judged
    with pytest.raises(BadInput, match="one of abnormal"):
        editing.set_label(three, 1, "cold")
    relinked = editing.link(three, 3, 2)
    assert relinked.mark(1).linked is None
    assert relinked.mark(2).linked == 3
    assert editing.unlink(three, 3).mark(1).linked is None
    with pytest.raises(BadInput, match="merge"):
        editing.link(three, 1, 2)


def test_renumber_is_contiguous_and_keeps_links(three):
    gap = editing.delete(three, 1)
    gap = editing.link(gap, 2, 3)
    small = editing.renumber(gap)
    assert [(m.id, m.view, m.linked) for m in small.marks] == [(1, "anterior", 2), (2, "posterior", 1)]
    assert (small.anterior > 0).sum() == 9
    assert editing.renumber(small).marks == small.marks


# Painted labels


def test_painted_labels_get_marks_and_lose_them(three):
    anterior = three.anterior.copy()
    anterior[anterior == 1] = 0
    anterior[6, :3] = 9
    painted = from_labels(anterior, three.posterior, three.marks, label="normal", judged=True)
    assert painted.mark(9) == Mark(9, "anterior", "normal", "brush", True)
    assert painted.mark(2) == three.mark(2)
    assert painted.mark(3).linked is None
    assert [m.id for m in painted.marks] == [2, 3, 9]


def test_an_id_painted_in_both_views_is_parted(three):
    posterior = three.posterior.copy()
    posterior[7] = 2
    painted = from_labels(three.anterior, posterior, three.marks)
    assert painted.mark(2) == three.mark(2)
    assert painted.mark(4) == Mark(4, "posterior", "normal", "brush", True, 0.7, None, 0.2)
    assert (painted.posterior[7] == 4).all()


def test_an_id_that_moved_to_the_other_view(three):
    moved = from_labels(np.zeros((8, 10), int), three.posterior + three.anterior, three.marks)
    assert moved.mark(1).view == "posterior"
    assert moved.mark(1).linked is None
    assert moved.mark(3).linked is None


def test_painted_refuses_ids_that_do_not_fit():
    with pytest.raises(BadInput, match="65535"):
        from_labels(np.full((2, 2), 70000), None)
    with pytest.raises(BadInput, match="65535"):
        from_labels(np.full((2, 2), -1), None)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_any_painting_gives_hotspots_and_again_the_same(seed, single):
    rng = np.random.default_rng(seed)
    anterior, posterior = rng.integers(0, 6, (2, 5, 6))
    before = from_labels(anterior, None if single else posterior)
    painted = from_labels(rng.integers(0, 9, (5, 6)), None if single else posterior, before.marks)
    again = from_labels(painted.anterior, painted.posterior, painted.marks)
    assert painted.marks == again.marks
    assert (painted.anterior == again.anterior).all()
    assert all(painted.mark(m.linked).linked == m.id for m in painted.marks if m.linked)


@given(st.lists(st.tuples(st.sampled_from("admsle"), st.integers(0, 10**6)), max_size=8))
def test_any_order_of_changes_leaves_whole_hotspots(steps):
    """Hotspots refuses labels and marks that differ, so getting through is the test; links have two ends."""
    spots = Hotspots(np.zeros((6, 6), np.uint16), np.zeros((6, 6), np.uint16))
    for kind, seed in steps:
        rng = np.random.default_rng(seed)
        ids = [m.id for m in spots.marks]
        mask = rng.random((6, 6)) < 0.4
        view = ("anterior", "posterior")[seed % 2]
        try:
            if kind == "a":
                spots = editing.add(spots, view, mask, over=("take", "keep")[seed % 3 == 0])
            elif kind == "e":
                spots = editing.erase(spots, view, mask)
            elif kind == "d" and ids:
                spots = editing.delete(spots, int(rng.choice(ids)))
            elif kind == "m" and ids:
                spots = editing.merge(spots, rng.choice(ids, 2))
            elif kind == "l" and ids:
                spots = editing.link(spots, *rng.choice(ids, 2))
            elif kind == "s" and ids:
                spots = editing.split_by_line(spots, int(rng.choice(ids)), (0, 2.5), (6, 2.5))
        except BadInput:
            continue
    assert all(spots.mark(m.linked).linked == m.id for m in spots.marks if m.linked)
    assert len(editing.renumber(spots).marks) == len(spots.marks)

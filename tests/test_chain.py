from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_tbcad.chain import Chain, Run, Stage, State, Superseded, content_key
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.record import Edit, Parameters, field


class Factor(Parameters):
    factor: float = field(2.0, title="Factor", description="Multiplies.")


class Offset(Parameters):
    offset: float = field(1.0, title="Offset", description="Is added.")


@pytest.fixture
def calls():
    return []


@pytest.fixture
def run(calls):
    def scale(x, p):
        calls.append("scale")
        return x * p.factor

    def shift(x, p):
        calls.append("shift")
        return x + p.offset

    def total(x, y):
        calls.append("total")
        return float(x.sum() + y.sum())

    chain = Chain(
        Stage("scale", scale, "film", "scaled", Factor),
        Stage("shift", shift, "scaled", "shifted", Offset),
        Stage("total", total, ("film", "shifted"), "answer"),
        inputs=("film",),
    )
    run = Run(chain, chain.settings_model("Settings", "Test settings.")())
    run.put("film", np.ones(3))
    return run


def change(run, **sections):
    run.configure(run.settings.model_copy(update=sections))


def test_computes_what_is_asked_for_and_nothing_twice(run, calls):
    assert run.compute("answer") == (3 + 9.0,)
    run.compute("answer", "scaled")
    assert calls == ["scale", "shift", "total"]


def test_a_changed_parameter_makes_only_what_follows_stale(run, calls):
    run.compute("answer")
    change(run, shift=Offset(offset=5))
    assert [run.state(s) for s in ("scale", "shift", "total")] == [State.DONE, State.STALE, State.STALE]
    calls.clear()
    assert run.compute("answer") == (3 + 21.0,)
    assert calls == ["shift", "total"]


def test_going_back_is_answered_from_the_cache(run, calls):
    run.compute("answer")
    change(run, scale=Factor(factor=3))
    run.compute("answer")
    calls.clear()
    change(run, scale=Factor(factor=2))
    assert run.compute("answer") == (12.0,)
    assert calls == []


def test_a_persons_version_goes_first_and_the_automatic_one_stays(run):
    run.compute("answer")
    run.put("scaled", np.zeros(3))
    assert run.edited("scaled")
    assert not run.fresh("answer")
    assert run.compute("answer") == (6.0,)
    np.testing.assert_array_equal(run.get("scaled", automatic=True), np.full(3, 2.0))
    run.withdraw("scaled")
    assert run.compute("answer") == (12.0,)


def test_a_stage_may_read_one_value_of_another_section(calls):
    def crop(x, factor):
        calls.append("crop")
        return x[: int(factor)]

    chain = Chain(
        Stage("crop", crop, "film", "cropped", settings="scale.factor"),
        Stage("scale", lambda x, p: x * p.factor, "cropped", "scaled", Factor),
        inputs=("film",),
    )
    run = Run(chain, chain.settings_model("Settings", "Test settings.")())
    run.put("film", np.ones(3))
    assert run.compute("scaled")[0].tolist() == [2, 2]
    change(run, scale=Factor(factor=3))
    assert run.state("crop") is State.STALE
    assert run.compute("scaled")[0].tolist() == [3, 3, 3]


def test_what_only_a_replaced_output_needs_is_not_computed(run, calls):
    run.put("shifted", np.zeros(3))
    assert run.compute("answer") == (3.0,)
    assert calls == ["total"]
    assert run.compute("shifted", automatic=True)[0].tolist() == [3, 3, 3]


def test_the_same_pixels_under_a_new_object_are_not_recomputed(run, calls):
    run.compute("answer")
    calls.clear()
    run.put("film", np.ones(3))
    assert run.fresh("answer")
    run.compute("answer")
    assert calls == []


def test_an_error_is_kept_until_the_input_changes(calls):
    def fails(x):
        if x.sum() > 2:
            raise ValueError("too much")
        return x

    chain = Chain(Stage("fails", fails, "film", "out"), inputs=("film",))
    run = Run(chain, chain.settings_model("S", "S")())
    run.put("film", np.ones(3))
    with pytest.raises(ValueError, match="too much"):
        run.compute("out")
    assert run.state("fails") is State.FAILED
    assert str(run.error("fails")) == "too much"
    run.put("film", np.zeros(3))
    assert run.state("fails") is State.NOT_RUN
    assert run.error("fails") is None
    run.compute("out")
    assert run.state("fails") is State.DONE


def test_an_edit_during_the_work_supersedes_it():
    started, go_on = threading.Event(), threading.Event()

    def slow(x):
        started.set()
        go_on.wait(5)
        return x + 1

    chain = Chain(Stage("slow", slow, "film", "out"), inputs=("film",))
    run = Run(chain, chain.settings_model("S", "S")())
    run.put("film", np.zeros(1))
    seen = []

    def work():
        try:
            run.compute("out")
        except Superseded as error:
            seen.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    started.wait(5)
    assert run.state("slow") is State.RUNNING
    run.put("film", np.ones(1))
    go_on.set()
    thread.join(5)
    assert len(seen) == 1
    assert run.get("out") is None
    assert run.compute("out")[0][0] == 2


def test_what_is_fresh_needs_nothing_upstream(run, calls):
    """A kept answer stands although what it came from is not at hand."""
    run.restore("shifted", np.full(3, 3.0))
    assert run.state("shift") is State.DONE
    assert run.compute("shifted")[0].tolist() == [3, 3, 3]
    assert run.compute("answer") == (12.0,)
    assert calls == ["total"]
    run.put("film", np.zeros(3))
    run.compute("answer")
    assert calls == ["total", "scale", "shift", "total"]


def test_a_restored_value_is_fresh_for_what_the_run_has_now(run, calls):
    run.put("scaled", np.zeros(3))
    run.restore("answer", 6.0)
    assert run.fresh("answer")
    change(run, shift=Offset(offset=2))
    assert run.state("total") is State.STALE
    change(run, shift=Offset(offset=1))
    assert run.compute("answer") == (6.0,)
    run.withdraw("scaled")
    assert not run.fresh("answer")
    assert run.compute("answer") == (12.0,)


def test_a_value_restored_as_out_of_date_is_shown_and_computed_again(run, calls):
    run.restore("answer", -1.0, fresh=False)
    assert run.get("answer") == -1.0
    assert run.state("total") is State.STALE
    assert run.compute("answer") == (12.0,)


def test_a_kept_automatic_version_comes_back_behind_a_persons(run, calls):
    run.put("scaled", np.zeros(3))
    run.restore("scaled", np.full(3, 2.0))
    assert run.get("scaled").tolist() == [0, 0, 0]
    assert run.compute("scaled", automatic=True)[0].tolist() == [2, 2, 2]
    assert calls == []


def test_only_outputs_whose_inputs_are_there_are_restored_as_fresh(run):
    with pytest.raises(KeyError, match="no output 'film'"):
        run.restore("film", np.ones(3))
    empty = Run(run.chain, run.settings)
    with pytest.raises(KeyError, match="was not given"):
        empty.restore("answer", 1.0)
    empty.restore("answer", 1.0, fresh=False)
    assert empty.state("total") is State.STALE


def test_a_fresh_value_that_an_edit_overtakes_during_the_work_supersedes_it():
    changes = [Factor(factor=10)]
    chain = two_branches(lambda: changes and change(run, first=changes.pop()))
    run = Run(chain, chain.settings_model("S", "S")())
    run.put("film", np.ones(1))
    run.restore("left", np.full(1, 2.0))
    with pytest.raises(Superseded):
        run.compute("both")
    assert run.compute("both")[0][0] == 11


def test_a_value_restored_during_the_work_does_not_stand_over_what_was_computed():
    chain = two_branches(lambda: run.restore("right", np.full(1, 7.0), fresh=False))
    run = Run(chain, chain.settings_model("S", "S")())
    run.put("film", np.ones(1))
    assert run.compute("both")[0][0] == 3
    assert run.get("right")[0] == 1


def test_a_snapshot_stands_still_while_its_run_goes_on(run, calls):
    run.compute("answer")
    run.put("scaled", np.zeros(3), edit=Edit("scaled", 3))
    still = run.snapshot()
    run.withdraw("scaled", edit=Edit("scaled", 3, tool="back"))
    run.put("film", np.zeros(3))
    assert still.edited("scaled")
    assert [edit.tool for edit in still.journal] == ["brush"]
    assert still.compute("answer") == (6.0,)
    assert [edit.tool for edit in run.journal] == ["brush", "back"]


def test_the_journal_keeps_order_and_an_entry_that_goes_on_keeps_its_place(run):
    first, second, third = (Edit("scaled", n) for n in (1, 2, 3))
    run.note(first)
    run.note(second)
    run.note(third, replaces=first)
    assert run.journal == (third, second)
    run.note(None, replaces=third)
    assert run.journal == (second,)
    run.note(first, replaces=third)
    assert run.journal == (second, first)


def test_edits_of_many_threads_are_all_noted(run):
    def edit(number):
        for turn in range(50):
            run.put("scaled", np.full(3, turn), edit=Edit("scaled", turn, reader=str(number)))

    threads = [threading.Thread(target=edit, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    for number in range(4):
        assert [e.pixels for e in run.journal if e.reader == str(number)] == list(range(50))


def two_branches(during):
    """Return a chain in which `during` is called while the second of two independent branches works."""

    def second(x):
        during()
        return x

    return Chain(
        Stage("first", lambda x, p: x * p.factor, "film", "left", Factor),
        Stage("second", second, "film", "right"),
        Stage("join", lambda x, y: x + y, ("left", "right"), "both"),
        inputs=("film",),
    )


@pytest.mark.parametrize("wanted", [("both",), ("left", "right")])
def test_a_change_behind_the_work_supersedes_it_and_is_not_answered_with_old_values(wanted):
    changes = [Factor(factor=10)]
    chain = two_branches(lambda: changes and change(run, first=changes.pop()))
    run = Run(chain, chain.settings_model("S", "S")())
    run.put("film", np.ones(1))
    with pytest.raises(Superseded):
        run.compute(*wanted)
    assert run.compute("both")[0][0] == 11
    assert run.compute("left")[0][0] == 10


def test_an_edit_taken_back_during_the_work_supersedes_it():
    takes_back = []
    chain = two_branches(lambda: takes_back and run.withdraw(takes_back.pop()))
    run = Run(chain, chain.settings_model("S", "S")())
    run.put("film", np.ones(1))
    run.put("left", np.full(1, 5.0))
    takes_back.append("left")
    with pytest.raises(Superseded):
        run.compute("both")
    assert run.compute("both")[0][0] == 3


def test_cancel_stops_before_the_next_stage(run, calls):
    with pytest.raises(Cancelled):
        run.compute("answer", cancelled=lambda: len(calls) == 1)
    assert calls == ["scale"]
    assert run.state("shift") is State.NOT_RUN


def test_progress_rises_to_one(run):
    seen = []
    run.compute("answer", progress=lambda share, what: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_missing_input_is_named(run):
    fresh = Run(run.chain, run.settings)
    with pytest.raises(KeyError, match="scale needs film"):
        fresh.compute("answer")


def test_the_cache_forgets_when_full(calls):
    def copy(x, p):
        calls.append(p.factor)
        return x * p.factor

    chain = Chain(Stage("copy", copy, "film", "out", Factor), inputs=("film",))
    run = Run(chain, chain.settings_model("S", "S")(), cache_bytes=1000)
    run.put("film", np.ones(100))
    for factor in (1, 2, 3, 1):
        change(run, copy=Factor(factor=factor))
        run.compute("out")
    assert calls == [1, 2, 3, 1]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([Stage("a", len, "nothing", "x")], "nothing before it writes"),
        ([Stage("a", len, "film", "film")], "already taken"),
        ([Stage("a", len, "film", "x"), Stage("a", len, "film", "y")], "share a name"),
    ],
)
def test_a_wrong_graph_is_refused(stages, message):
    with pytest.raises(ValueError, match=message):
        Chain(*stages, inputs=("film",))


def test_content_keys_follow_content():
    a = np.arange(6).reshape(2, 3)
    assert content_key(a) == content_key(a.copy())
    assert content_key(a) != content_key(a.reshape(3, 2))
    assert content_key(a) != content_key(a.astype(float))
    assert content_key({"a": a, "b": 1}) == content_key({"b": 1, "a": a})
    with pytest.raises(TypeError, match="content_key"):
        content_key(object())


def test_a_stage_that_went_well_after_all_is_no_longer_failed():
    broken = [True]

    def half(number, parameters):
        if broken:
            raise BadInput("film", "not today")
        return number / 2

    chain = Chain(Stage("half", half, ("number",), "halved", Factor), inputs=("number",))
    run = Run(chain, chain.settings_model("S", "s")())
    run.put("number", 6)
    with pytest.raises(BadInput):
        run.compute("halved")
    assert run.state("half") is State.FAILED
    broken.clear()
    assert run.compute("halved") == (3.0,)
    assert run.state("half") is State.DONE
    assert run.error("half") is None


def test_a_read_that_the_settings_do_not_ask_for_is_neither_computed_nor_waited_for():
    made = []

    def extra(x, p):
        made.append(p.offset)
        return x + p.offset

    def total(x, more, p):
        return float(x.sum()) if more is None else float(more.sum())

    chain = Chain(
        Stage("extra", extra, "film", "more", Offset),
        Stage("total", total, ("film", "more"), "answer", Factor, only_when={"more": _factor_above_two}),
        inputs=("film",),
    )
    run = Run(chain, chain.settings_model("Settings", "Test settings.")())
    run.put("film", np.ones(3))
    assert run.compute("answer") == (3.0,)
    assert made == []
    change(run, extra=Offset(offset=5.0))
    assert run.fresh("answer"), "what is not read cannot make it out of date"
    change(run, total=Factor(factor=3.0))
    assert run.state("total") is State.STALE
    assert run.compute("answer") == (18.0,)
    assert made == [5.0]
    change(run, extra=Offset(offset=6.0))
    assert not run.fresh("answer")


def _factor_above_two(settings):
    return settings.total.factor > 2

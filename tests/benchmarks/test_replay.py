from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.curves import Curve
from benchmarks.replay import METHODS, Replay
from benchmarks.searches import OurSearch, RaySearch, Rows
from search_spaces.contract import Budget
from tune.workloads import Space

BUDGET = Budget(trials=20, epochs=9, grace_epochs=1, reduction=3, patience=9)
Table = Callable[..., list[Curve]]


def replayed(name: str, curves: list[Curve], space: Space, workers: int = 1) -> Replay:
    return Replay(METHODS[name], curves, space, BUDGET, seed=0)


def test_random_search_trains_everything_to_the_end(table: Table, costless: Space) -> None:
    seen = list(replayed("random", table(), costless).run(1))
    assert len(seen) == BUDGET.trials * BUDGET.epochs
    assert seen[-1][0] == BUDGET.trials * BUDGET.epochs * 1.0


def test_more_workers_take_less_time_for_as_many_epochs(table: Table, costless: Space) -> None:
    one = list(replayed("random", table(), costless).run(1))
    ten = list(replayed("random", table(), costless).run(10))
    assert len(ten) == len(one)
    assert ten[-1][0] == one[-1][0] / 10


def test_asha_spends_fewer_epochs(table: Table, costless: Space) -> None:
    epochs = {name: len(list(replayed(name, table(), costless).run(4))) for name in METHODS}
    assert all(epochs[name] < epochs["random"] for name in METHODS if name != "random")


@pytest.mark.parametrize("name", METHODS)
def test_replay_is_the_same_every_time(name: str, table: Table, costless: Space) -> None:
    curves = table(failing=5)
    first = list(replayed(name, curves, costless).run(3))
    assert first == list(replayed(name, curves, costless).run(3))


@pytest.mark.parametrize("name", METHODS)
def test_every_trial_is_another_configuration(name: str, table: Table, costless: Space) -> None:
    replay = replayed(name, table(BUDGET.trials, failing=5), costless)
    rows = [replay.search.propose()[1] for _ in range(BUDGET.trials)]
    assert sorted(rows) == list(range(BUDGET.trials))


def test_failed_trial_makes_room_for_the_next(table: Table, costless: Space) -> None:
    replay = replayed("random", table(BUDGET.trials, failing=BUDGET.trials), costless)
    seen = list(replay.run(2))
    assert len(seen) == replay.ended == BUDGET.trials


def test_trial_that_stops_improving_ends(table: Table, costless: Space) -> None:
    flat = [replace(curve, values=[1.0] * 9) for curve in table()]
    budget = replace(BUDGET, patience=2)
    seen = list(Replay(METHODS["random"], flat, costless, budget, seed=0).run(1))
    assert len(seen) == 3 * budget.trials


def test_proposal_is_rounded_to_the_nearest_row(table: Table, costless: Space) -> None:
    curves = table()
    rows = Rows(curves, costless)
    assert rows.take(curves[7].params) == (7, curves[7].params)
    assert rows.take(curves[7].params)[0] != 7


def test_ray_tells_a_stopped_trial_as_complete_and_hides_a_failed_one(
    table: Table, costless: Space
) -> None:
    search = RaySearch(table(), costless, 0)
    numbers = [search.propose()[0] for _ in range(2)]
    for number, outcome in zip(numbers, ("pruned", "failed"), strict=True):
        search.report(number, 1, 0.5)
        search.end(number, outcome, 0.5)
    states = [search.study.trials[number].state.name for number in numbers]
    assert states == ["COMPLETE", "FAIL"]


@pytest.mark.parametrize(
    ("told", "states"),
    [
        ({}, ["PRUNED", "PRUNED"]),
        ({"pruned_as_complete": True}, ["COMPLETE", "PRUNED"]),
        ({"failures_unseen": True}, ["PRUNED", "FAIL"]),
    ],
)
def test_our_decisions_can_be_taken_back_one_by_one(
    told: dict[str, bool], states: list[str], table: Table, costless: Space
) -> None:
    search = OurSearch(table(), costless, 0, **told)
    numbers = [search.propose()[0] for _ in range(2)]
    for number, outcome in zip(numbers, ("pruned", "failed"), strict=True):
        search.report(number, 1, 0.5)
        search.end(number, outcome, 0.5)
    assert [search.study.optuna.trials[number].state.name for number in numbers] == states


def test_rungs_are_empty_after_half_the_trials_where_they_are_lost(
    table: Table, costless: Space
) -> None:
    kept, lost = (replayed(name, table(), costless) for name in ("soundsweep", LOST))
    for replay in (kept, lost):
        list(replay.run(1))
    assert len(lost.asha.rungs()[1]) == BUDGET.trials // 2
    assert len(kept.asha.rungs()[1]) == BUDGET.trials


LOST = "ours, rungs lost halfway"

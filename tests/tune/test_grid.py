from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from tune import grid
from tune.study import Study
from tune.workloads import Space


@pytest.mark.parametrize(
    ("distribution", "points"),
    [
        (CategoricalDistribution((8, 16, 32, 64)), [8, 16, 32, 64]),
        (FloatDistribution(0.0, 0.5), [0.0, 0.25, 0.5]),
        (FloatDistribution(1e-4, 1e-2, log=True), pytest.approx([1e-4, 1e-3, 1e-2])),
        (FloatDistribution(0.0, 1.0, step=0.25), [0.0, 0.5, 1.0]),
        (IntDistribution(1, 6, log=True), [1, 2, 6]),
        (IntDistribution(32, 256, step=32), [32, 160, 256]),
        (IntDistribution(1, 2), [1, 2]),
        (IntDistribution(4, 4), [4]),
    ],
)
def test_points_are_all_choices_or_the_ends_and_the_middle(
    distribution: BaseDistribution, points: list[Any]
) -> None:
    found = grid.points(distribution)
    assert found == points
    assert all(distribution._contains(distribution.to_internal_repr(each)) for each in found)


def branching(trial: optuna.Trial) -> None:
    """Span a grid of 1 + 3 * 2 points."""
    if trial.suggest_categorical("schedule/kind", ["none", "plateau"]) == "plateau":
        trial.suggest_float("schedule/factor", 0.1, 0.9)
        trial.suggest_int("schedule/patience", 3, 4)


def tree(space: Space, **baseline: object) -> Space:
    return Space("toy", branching, baseline, (), (), "mse", "min", space.budget)


def searched(path: Path, space: Space, fixed: dict[str, Any], seed: int = 7) -> list[Any]:
    """Propose until the grid is exhausted, each time from a reopened study."""
    found = []
    while not (study := Study(path / "study.journal", space, seed, fixed, "grid")).exhausted():
        found.append(study.propose().params)
    return found


PLATEAU = {"schedule/kind": "plateau"}
FULL = [
    {"schedule/kind": "none"},
    *(
        PLATEAU | {"schedule/factor": factor, "schedule/patience": patience}
        for factor in (0.1, 0.5, 0.9)
        for patience in (3, 4)
    ),
]


def in_order(found: list[Any]) -> list[Any]:
    return sorted(found, key=str)


def test_every_point_of_a_conditional_space_is_proposed_once(tmp_path: Path, space: Space) -> None:
    found = searched(tmp_path, tree(space, **{"schedule/kind": "none"}), {})
    assert in_order(found) == in_order(FULL)


def test_order_of_the_points_is_drawn_from_the_seed(tmp_path: Path, space: Space) -> None:
    orders = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        (tmp_path / name).mkdir()
        orders.append(searched(tmp_path / name, tree(space, **FULL[0]), {}, seed))
    assert orders[0] == orders[1] != orders[2]


def test_starting_point_off_the_grid_takes_nothing_from_it(tmp_path: Path, space: Space) -> None:
    baseline = PLATEAU | {"schedule/factor": 0.3, "schedule/patience": 3}
    found = searched(tmp_path, tree(space, **baseline), {})
    assert found[0] == baseline
    assert in_order(found[1:]) == in_order(FULL)


def test_fixed_parameter_has_no_points(tmp_path: Path, space: Space) -> None:
    fixed = PLATEAU | {"schedule/factor": 0.3}
    found = searched(tmp_path, tree(space, **fixed, **{"schedule/patience": 4}), fixed)
    assert [each["schedule/patience"] for each in found] == [4, 3]
    assert all(each.items() >= fixed.items() for each in found)


def hidden(trial: optuna.Trial) -> None:
    """Span a grid of 2, 5 and 8."""
    trial.suggest_int("model/hidden", 2, 8)


def test_grid_is_not_exhausted_before_all_starting_points_are_tried(
    tmp_path: Path, space: Space
) -> None:
    baseline, *presets = ({"model/hidden": size} for size in (2, 5, 8, 4))
    known = Space("toy", hidden, baseline, presets, (), "mse", "min", space.budget)
    found = searched(tmp_path, known, {})
    assert [each["model/hidden"] for each in found] == [2, 5, 8, 4]


def test_incomplete_starting_point_is_completed_though_all_points_behind_it_are_tried(
    tmp_path: Path, space: Space
) -> None:
    whole = [each for each in FULL if each.items() > PLATEAU.items()]
    known = Space(
        "toy", branching, whole[0], (*whole[1:], PLATEAU), (), "mse", "min", space.budget
    )
    found = searched(tmp_path, known, {})
    assert found[6] in whole
    assert found[7] == FULL[0]

import math

import pytest

from search_spaces.contract import Budget, Target
from tune.errors import TrialFailure
from tune.objective import objective, ratio, ratios
from tune.workloads import Space

TARGETS = (
    Target("t20_mae_s", at_most=0.02, dropped="t20_dropped", cap=1.0),
    Target("r2", at_least=0.98),
)


def space(metric: str | None = None, mode: str = "min") -> Space:
    targets = () if metric else TARGETS
    return Space("toy", lambda _: None, {}, (), targets, metric, mode, Budget(1, 1))


def test_objective_is_the_worst_ratio_to_its_target() -> None:
    metrics = {"t20_mae_s": 0.01, "t20_dropped": 0.0, "r2": 0.95}
    assert ratios(TARGETS, metrics) == pytest.approx({"t20_mae_s": 0.5, "r2": 2.5})
    assert objective(space(), metrics) == pytest.approx(2.5)


def test_objective_of_exactly_met_targets_is_one() -> None:
    metrics = {"t20_mae_s": 0.02, "t20_dropped": 0.0, "r2": 0.98}
    assert objective(space(), metrics) == pytest.approx(1.0)


def test_left_out_rows_count_with_the_cap() -> None:
    metrics = {"t20_mae_s": 0.01, "t20_dropped": 0.1}
    assert ratio(TARGETS[0], metrics) == pytest.approx((0.9 * 0.01 + 0.1) / 0.02)


def test_metric_of_which_every_row_is_left_out_counts_with_the_cap_alone() -> None:
    metrics = {"t20_mae_s": math.nan, "t20_dropped": 1.0}
    assert ratio(TARGETS[0], metrics) == pytest.approx(50.0)


@pytest.mark.parametrize("order", [1, -1])
def test_nan_is_never_lost_in_the_maximum(order: int) -> None:
    names = ["r2", "t20_mae_s"][::order]
    metrics = {"t20_mae_s": 0.5, "t20_dropped": 0.0, "r2": math.nan}
    with pytest.raises(TrialFailure, match="r2 is nan"):
        objective(space(), {name: metrics[name] for name in names} | {"t20_dropped": 0.0})


def test_score_to_maximise_is_negated() -> None:
    assert objective(space("r2", "max"), {"r2": 0.7}) == -0.7
    assert objective(space("mse"), {"mse": 0.7}) == 0.7


def test_target_needs_exactly_one_bound() -> None:
    for bounds in ({}, {"at_most": 1.0, "at_least": 0.5}):
        with pytest.raises(ValueError, match="must have one of at_most and at_least"):
            Target("r2", **bounds)

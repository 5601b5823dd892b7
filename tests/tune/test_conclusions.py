import dataclasses
import io
import math
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from search_spaces.contract import Target
from tune.conclusions import conclude, rows, show
from tune.workloads import Space


def runs(*values: float | None) -> list[dict[str, Any]]:
    return [
        {"objective": value, "best_epoch": 1, "metrics": {"mse": value, "other": 1.0}}
        for value in values
    ]


FAILED = {"failed": "mse is nan"}


@pytest.fixture
def targeted(space: Space) -> Space:
    return dataclasses.replace(space, metric=None, targets=(Target("mse", at_most=0.35),))


def test_conclusion_compares_seed_by_seed(targeted: Space) -> None:
    told = conclude(targeted, runs(0.2, 0.4, 0.3), runs(0.8, 1.1, 0.9))
    assert told["metrics"]["mse"]["mean"] == pytest.approx(0.3)
    assert told["metrics"]["mse"]["difference"] == pytest.approx(-0.6333, abs=1e-4)
    assert told["targets"] == {"mse": True}
    assert told["seeds_on_target"] == {"mse": 2}
    assert told["objective_of_means"] == pytest.approx(0.3 / 0.35)


def test_failed_training_is_counted_and_its_pair_left_out(space: Space) -> None:
    told = conclude(space, [*runs(0.2), FAILED], runs(0.8, 1.1))
    assert told["failed"] == 1
    assert told["metrics"]["mse"]["difference"] == pytest.approx(-0.6)


def test_scores_do_not_need_a_baseline_that_trains(space: Space) -> None:
    told = conclude(space, runs(0.2, 0.4), [FAILED, FAILED])
    assert told["metrics"]["mse"]["mean"] == pytest.approx(0.3)
    assert math.isnan(told["metrics"]["mse"]["difference"])


def test_metric_undefined_in_one_seed_holds_no_target(targeted: Space) -> None:
    told = conclude(targeted, runs(0.2, None, 0.3), runs(0.8, 1.1, 0.9))
    assert told["metrics"]["mse"]["undefined"] == 1
    assert told["targets"] == {"mse": False}
    assert told["seeds_on_target"] == {"mse": 2}
    assert math.isnan(told["objective_of_means"])


def test_nothing_is_concluded_from_failures_alone(space: Space) -> None:
    assert conclude(space, [FAILED], runs(1.0)) == {"failed": 1, "metrics": {}}


def test_every_run_is_a_row() -> None:
    told = list(rows({"baseline": runs(0.5), "trial-1": [FAILED]}))
    assert [(row["configuration"], row["seed"]) for row in told] == [
        ("baseline", 0),
        ("trial-1", 0),
    ]
    assert told[0]["mse"] == 0.5
    assert told[1]["failed"] == "mse is nan"


@pytest.mark.parametrize("values", [(0.2, 0.3), (0.2,), (None,)])
def test_table_shows_mean_spread_and_whether_targets_hold(
    targeted: Space, values: Sequence[float | None]
) -> None:
    baseline = runs(*[0.9, 1.2][: len(values)])
    scores = {"baseline": baseline, "trial-1": runs(*values), "trial-2": [FAILED] * len(values)}
    result = {label: conclude(targeted, each, baseline) for label, each in scores.items()}
    drawn = io.StringIO()
    show(targeted, "as-swept", result, Console(file=drawn, width=200))
    text = drawn.getvalue()
    if len(values) == 2:
        assert "0.2500 ± 0.0707 ✓" in text
        assert "-0.8000" in text
    assert ("✓" in text) == (None not in values)
    assert "0/1 hold" in text  # of the baseline

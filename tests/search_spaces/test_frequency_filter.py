"""What is searched, and what must not be."""

from typing import Any

import optuna
import pytest

from search_spaces.frequency_filter import BASELINE, BUDGET, METRIC, MODE, PRESETS, space


@pytest.mark.parametrize("point", [BASELINE, *PRESETS])
def test_baseline_and_presets_lie_inside_the_space(point: dict[str, Any]) -> None:
    trial = optuna.trial.FixedTrial(point)
    space(trial)
    assert trial.params == point


def test_space_contains_no_parameter_that_moves_the_floor() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    searched: set[str] = set()
    for _ in range(30):
        trial = study.ask()
        space(trial)
        searched |= set(trial.params)
        plateau = trial.params["schedule/kind"] == "plateau"
        assert ("schedule/factor" in trial.params) is plateau
        assert ("schedule/patience" in trial.params) is plateau
    assert not any(name.startswith(("data/", "augment/")) for name in searched)
    assert "model/bidirectional" not in searched


def test_trials_are_ranked_by_the_squared_error() -> None:
    assert (METRIC, MODE) == ("mse", "min")


def test_budget_is_that_of_a_quarter_of_an_hour() -> None:
    assert 20 <= BUDGET.trials <= 24
    assert BUDGET.epochs == 50
    assert BUDGET.patience == 15

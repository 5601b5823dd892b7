"""What is searched for melody, and when."""

from typing import Any

import optuna
import pytest

from search_spaces.melody import BASELINE, BUDGET, METRIC, MODE, PRESETS, space

TRANSFORMER = {"model/num_heads", "model/feedforward_dim", "model/norm_first"}


def drawn(count: int) -> list[dict[str, Any]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trials = [study.ask() for _ in range(count)]
    for trial in trials:
        space(trial)
    return [trial.params for trial in trials]


@pytest.mark.parametrize("point", [BASELINE, *PRESETS])
def test_baseline_and_presets_lie_inside_the_space(point: dict[str, Any]) -> None:
    trial = optuna.trial.FixedTrial(point)
    space(trial)
    assert trial.params == point


def test_parameters_are_searched_only_where_they_act() -> None:
    for params in drawn(40):
        transformer = params["model/kind"] == "transformer"
        assert (params.keys() >= TRANSFORMER) is transformer
        assert ("model/hidden_size" in params) is not transformer
        if transformer:
            assert params["model/embedding_dim"] % params["model/num_heads"] == 0


def test_all_kinds_are_drawn() -> None:
    kinds = {params["model/kind"] for params in drawn(40)}
    assert kinds == {"lstm", "gru", "rnn", "transformer"}


def test_initialisation_is_not_searched() -> None:
    assert not any("model/init" in params for params in drawn(20))


def test_baseline_is_the_published_lstm() -> None:
    published = ["lstm", 64, 128, 2]
    names = ("kind", "embedding_dim", "hidden_size", "num_layers")
    assert [BASELINE[f"model/{name}"] for name in names] == published
    assert (BASELINE["data/context"], BASELINE["augment/transpose"]) == (16, False)


def test_trials_are_ranked_by_the_likelihood_of_a_note() -> None:
    assert (METRIC, MODE) == ("nll", "min")


def test_budget_is_that_of_a_quarter_of_an_hour() -> None:
    assert 16 <= BUDGET.trials <= 20
    assert (BUDGET.epochs, BUDGET.patience) == (30, 15)

"""What the five companion workloads search."""

import importlib
import inspect
from types import ModuleType
from typing import Any

import optuna
import pytest
import torch

from search_spaces.companion_space import BASELINE, space
from tune.optim import SCHEDULES, optimiser
from tune.routing import route
from tune.settings import Settings

OBJECTIVES = {
    "emotion": "mse",
    "melody": "bce",
    "harmony": "kl",
    "dynamics": "mse",
    "groove": "mse",
}
everyone = pytest.mark.parametrize("name", OBJECTIVES)


def declared(name: str) -> ModuleType:
    return importlib.import_module(f"search_spaces.companion_{name}")


def sampled(count: int) -> list[dict[str, Any]]:
    """Draw configurations from the space."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trials = [study.ask() for _ in range(count)]
    for trial in trials:
        space(trial)
    return [trial.params for trial in trials]


def test_baseline_is_the_published_configuration() -> None:
    """Adam at 1e-3 with batches of 64, 50 epochs, nothing else."""
    assert BASELINE["optim/lr"] == 1e-3
    assert BASELINE["train/batch_size"] == 64
    assert (BASELINE["model/width"], BASELINE["model/activation"]) == (1.0, "keep")
    assert (BASELINE["forward/dropout"], BASELINE["schedule/kind"]) == (0.0, "none")
    assert BASELINE["optim/weight_decay"] == 1e-7


@everyone
def test_baseline_and_presets_lie_inside_the_space(name: str) -> None:
    module = declared(name)
    assert module.BASELINE is BASELINE
    for config in (BASELINE, *module.PRESETS):
        trial = optuna.trial.FixedTrial(config)
        module.space(trial)
        assert trial.params == config


@everyone
def test_every_sampled_configuration_fits_the_functions_it_reaches(name: str) -> None:
    model = importlib.import_module(f"models.companion_{name}")
    for config in sampled(20):
        groups = route(config)
        network = model.build(**groups["model"])
        inspect.signature(network.forward).bind(torch.zeros(1, 1), **groups["forward"])
        optimiser(network.parameters(), **groups["optim"])
        Settings(**groups["train"])
        assert groups["schedule"]["kind"] in SCHEDULES


@everyone
def test_trials_are_ranked_by_the_loss_and_rising_words_are_metrics(name: str) -> None:
    module, model = declared(name), importlib.import_module(f"models.companion_{name}")
    network = model.build()
    output = network(torch.randn(20, network.fc1.in_features)).detach()
    scores = model.metrics(output, {"target": torch.rand_like(output).round()})
    assert (OBJECTIVES[name], "min") == (module.METRIC, module.MODE)
    assert module.METRIC in scores
    words = {word for metric in scores for word in metric.split("_")}
    assert set(module.RISING) <= words


@everyone
def test_budget_is_20_trials_of_50_epochs(name: str) -> None:
    budget = declared(name).BUDGET
    assert (budget.trials, budget.epochs, budget.patience) == (20, 50, 10)
    assert budget.trials > 2 * (1 + len(declared(name).PRESETS))

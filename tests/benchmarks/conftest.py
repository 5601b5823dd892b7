"""The costless workload, known for the length of a test; and made-up learning curves of it."""

import random
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

import datasets
import models
import search_spaces
from benchmarks.curves import Curve
from tune import workloads
from tune.workloads import Space

COSTLESS = Path(__file__).parents[2] / "benchmarks/costless"


@pytest.fixture
def costless(monkeypatch: pytest.MonkeyPatch) -> Space:
    for package in (datasets, models, search_spaces):
        paths = [*package.__path__, str(COSTLESS / package.__name__)]
        monkeypatch.setattr(package, "__path__", paths)
    monkeypatch.setattr(workloads, "NAMES", (*workloads.NAMES, "costless"))
    return workloads.space("costless")


@pytest.fixture
def table(costless: Space) -> Callable[..., list[Curve]]:
    """Make curves that fall towards x squared; the last ``failing`` ones fail in epoch 2."""

    def make(count: int = 30, epochs: int = 9, failing: int = 0) -> list[Curve]:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        noise, curves = random.Random(0), []
        for number in range(count):
            trial = study.ask()
            costless.declare(trial)
            final = trial.params["model/x"] ** 2
            values = [final + (1 + 0.1 * noise.random()) / epoch for epoch in range(1, epochs + 1)]
            if number >= count - failing:
                curves.append(Curve(trial.params, values[:1], [1.0, 1.0], "diverged"))
            else:
                curves.append(Curve(trial.params, values, [1.0] * epochs, None))
        return curves

    return make

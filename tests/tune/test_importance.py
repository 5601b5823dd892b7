import numpy as np
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial

from tune.importance import as_study, importances
from tune.quiet import libraries_muted

DEPTH, DROPOUT = IntDistribution(1, 9), FloatDistribution(0.0, 0.5)


def trial(number: int, depth: int, dropout: float = 0.1) -> FrozenTrial:
    """Return a trial whose objective is its depth."""
    made = create_trial(
        value=float(depth),
        params={"model/depth": depth, "forward/dropout": dropout},
        distributions={"model/depth": DEPTH, "forward/dropout": DROPOUT},
    )
    made.number = number
    return made


def some(count: int) -> list[FrozenTrial]:
    generator = np.random.default_rng(0)
    return [
        trial(number, int(generator.integers(1, 10)), float(generator.uniform(0.0, 0.5)))
        for number in range(count)
    ]


def test_parameter_that_decides_the_objective_is_the_most_important() -> None:
    with libraries_muted():
        found = importances(as_study(some(60)))
    assert next(iter(found)) == "model/depth"
    assert sum(found.values()) == pytest.approx(1.0)


def test_parameter_of_a_few_trials_is_not_judged() -> None:
    trials = some(20)
    trials[3].params["loss/weight"] = 0.5
    trials[3].distributions["loss/weight"] = FloatDistribution(0.0, 1.0)
    with libraries_muted():
        assert "loss/weight" not in importances(as_study(trials))


def test_study_keeps_the_numbers_of_the_trials() -> None:
    study = as_study([trial(5, 3), trial(2, 7)])
    values = {each.number: each.value for each in study.trials}
    assert values == {0: None, 1: None, 2: 7.0, 3: None, 4: None, 5: 3.0}

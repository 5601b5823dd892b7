"""Syne Tune with a local backend: one Python process a trial, as its documentation shows.

Plain: ASHA and Syne Tune's defaults. Best: BOHB (TPE-like, on the rungs of ASHA), a loop that
looks for results every 0.1 s instead of every 5 s, no copies of the tuner on disk. Informed:
soundsweep's starting points first, too. Syne Tune has no conditional parameters: all of them are
sampled, and a trial is given those that act.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from benchmarks.peers.task import Task, parse
from tune import workloads
from tune.workloads import Space

DRAWS = 500  # random configurations in which every conditional parameter turns up
BEST = {"sleep_time": 0.1, "results_update_interval": 60.0, "save_tuner": False}


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return the distribution of every parameter that a space can ask for, by name."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found: dict[str, BaseDistribution] = {}
    for _ in range(DRAWS):
        trial = study.ask()
        space.declare(trial)
        found |= trial.distributions
    return found


def domain(distribution: Any) -> Any:
    """Return Syne Tune's equivalent of a distribution."""
    from syne_tune import config_space

    if isinstance(distribution, CategoricalDistribution):
        return config_space.choice(list(distribution.choices))
    whole = isinstance(distribution, IntDistribution)
    kinds = {
        (False, False): config_space.uniform,
        (False, True): config_space.loguniform,
        (True, False): config_space.randint,
        (True, True): config_space.lograndint,
    }
    return kinds[whole, distribution.log](distribution.low, distribution.high)


def acting(space: Space, flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a flat configuration that act: those that the space asks for."""
    trial = optuna.trial.FixedTrial(dict(flat))
    space.declare(trial)  # type: ignore[arg-type]  # a trial whose values are given
    return trial.params


def scheduler(task: Task, flat: Mapping[str, Any]) -> Any:
    """Return ASHA, or BOHB with best settings."""
    from syne_tune.optimizer.baselines import ASHA, BOHB

    budget = workloads.space(task.workload).budget
    anything = {name: each.sample() for name, each in flat.items()}
    settings = {
        "metric": "objective",
        "time_attr": "epoch",
        "max_t": task.epochs,
        "do_minimize": True,
        "random_seed": task.seed,
        "grace_period": min(budget.grace_epochs, task.epochs),
        "reduction_factor": budget.reduction,
        "points_to_evaluate": [anything | point for point in task.points()] or None,
    }
    return (BOHB if task.best else ASHA)(dict(flat), **settings)


def main() -> None:
    """Run the sweep of the command line."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    task = parse(__doc__)
    os.environ["SYNETUNE_FOLDER"] = str(task.directory)
    os.environ["PYTHONSAFEPATH"] = "1"  # this file's name would hide Syne Tune from the trials
    from syne_tune import StoppingCriterion, Tuner
    from syne_tune.backend import LocalBackend

    space = workloads.space(task.workload)
    flat = {name: domain(each) for name, each in distributions(space).items()}
    script = Path(__file__).with_name("syne_tune_trial.py")
    constants = {"task": task.plain()}
    chosen = scheduler(task, flat)
    chosen.config_space |= constants
    Tuner(
        trial_backend=LocalBackend(str(script), pass_args_as_json=True),
        scheduler=chosen,
        stop_criterion=StoppingCriterion(max_num_trials_finished=task.trials - 1),
        n_workers=task.slots,
        max_failures=task.trials,
        **BEST if task.best else {},
    ).run()


if __name__ == "__main__":
    main()

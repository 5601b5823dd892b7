"""Ray Tune with OptunaSearch and ASHA, as Ray's documentation combines them.

Plain: a function that reports, and Ray's defaults. Best: processes are reused, Ray's loggers and
frequent snapshots are off, TPE is multivariate and knows what runs. Informed: soundsweep's
starting points are evaluated first, too. The define-by-run space is the very function that
soundsweep searches.
"""

import os
from typing import Any

from benchmarks.peers.task import Task, parse, train
from tune import workloads

BEST = {"TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1", "TUNE_GLOBAL_CHECKPOINT_S": "3600"}


def trainable(config: dict[str, Any], task: Task) -> None:
    """Train one configuration, an epoch at a time."""
    from ray import tune as ray_tune
    from ray.tune.utils import flatten_dict

    for objective in train(task, flatten_dict(config)):
        ray_tune.report({"objective": objective})


def searcher(task: Task) -> Any:
    """Return OptunaSearch over the workload's own space."""
    import optuna
    from ray.tune.search.optuna import OptunaSearch

    space = workloads.space(task.workload)
    best = optuna.samplers.TPESampler(
        seed=task.seed, multivariate=True, group=True, constant_liar=True
    )
    plain = optuna.samplers.TPESampler(seed=task.seed)  # what OptunaSearch makes by itself

    return OptunaSearch(
        space.declare,
        metric="objective",
        mode="min",
        points_to_evaluate=task.points() or None,
        sampler=best if task.best else plain,
    )


def main() -> None:
    """Run the sweep of the command line."""
    task = parse(__doc__)
    os.environ.update(BEST if task.best else {})
    import ray
    from ray import tune as ray_tune
    from ray.tune.schedulers import ASHAScheduler

    budget = workloads.space(task.workload).budget
    asha = ASHAScheduler(
        max_t=task.epochs,
        grace_period=min(budget.grace_epochs, task.epochs),
        reduction_factor=budget.reduction,
    )
    ray.init(address="local", num_cpus=task.slots, include_dashboard=False)
    tuner = ray_tune.Tuner(
        ray_tune.with_resources(ray_tune.with_parameters(trainable, task=task), {"cpu": 1}),
        tune_config=ray_tune.TuneConfig(
            metric="objective",
            mode="min",
            search_alg=searcher(task),
            scheduler=asha,
            num_samples=task.trials,
            max_concurrent_trials=task.slots,
            reuse_actors=task.best,
        ),
        run_config=ray_tune.RunConfig(storage_path=str(task.directory), name="ray", verbose=0),
    )
    tuner.fit()


if __name__ == "__main__":
    main()

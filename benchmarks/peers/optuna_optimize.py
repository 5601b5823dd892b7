"""``study.optimize`` of Optuna alone, side by side as its documentation shows.

Plain: threads (``n_jobs``), Optuna's default sampler and its median pruner. Best: one process a
slot on a journal, successive halving, a multivariate TPE that knows what runs. Informed:
soundsweep's starting points first, too.
"""

import multiprocessing
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from benchmarks.peers.task import Task, parse, train
from tune import workloads
from tune.errors import TrialFailure

NAME = "benchmark"
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def optimise(study: optuna.Study, task: Task, **settings: Any) -> None:
    """Run trials until the study holds as many as asked."""
    space = workloads.space(task.workload)

    def objective(trial: optuna.Trial) -> float:
        space.declare(trial)
        best = float("inf")
        for epoch, best in enumerate(train(task, trial.params), 1):
            trial.report(best, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return best

    enough = optuna.study.MaxTrialsCallback(task.trials, states=ENDED)
    study.optimize(objective, callbacks=[enough], catch=(TrialFailure, RuntimeError), **settings)


def work(task: Task, process: int) -> None:
    """Optimise in one of several processes on the same journal."""
    storage = JournalStorage(JournalFileBackend(str(task.directory / "optuna.journal")))
    budget = workloads.space(task.workload).budget
    study = optuna.load_study(
        study_name=NAME,
        storage=storage,
        sampler=optuna.samplers.TPESampler(
            seed=task.seed * 1000 + process, multivariate=True, group=True, constant_liar=True
        ),
        pruner=optuna.pruners.SuccessiveHalvingPruner(
            min_resource=budget.grace_epochs, reduction_factor=budget.reduction
        ),
    )
    optimise(study, task)


def main() -> None:
    """Run the sweep of the command line."""
    task = parse(__doc__)
    if not task.best:
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=task.seed))
        optimise(study, task, n_jobs=task.slots)
        return
    storage = JournalStorage(JournalFileBackend(str(task.directory / "optuna.journal")))
    study = optuna.create_study(study_name=NAME, storage=storage)
    for point in task.points():
        study.enqueue_trial(point)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=(task, each)) for each in range(task.slots)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()

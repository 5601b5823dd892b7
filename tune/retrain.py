"""The trainings of an evaluation, side by side through Ray, and the tables that come of them."""

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any

from tune import (
    candidates,
    comparison,
    conclusions,
    ensembles,
    live,
    records,
    resources,
    workloads,
)
from tune.candidates import Evaluation
from tune.cluster import connected, prepare
from tune.conclusions import BASELINE, Run, Scores
from tune.evaluation import Retraining, finished, score
from tune.fixing import as_fixed, check_fixed
from tune.interrupts import Interrupts
from tune.layout import Layout
from tune.quiet import libraries_muted
from tune.workloads import Space


def retrain(space: Space, place: Layout, options: argparse.Namespace) -> None:
    """Train and score the top configurations and the baseline; write and show the result.

    Args:
        space: The workload's space.
        place: The sweep.
        options: The parsed command line of ``tune.evaluate``.

    Raises:
        UserError: If no trial has ended, the split has no test part, or ``--set`` has no place to
            go.
    """
    prepare()
    Interrupts()  # without it, SIGTERM would leave Ray's processes to themselves
    with libraries_muted():
        have = resources.machine()
        slots = resources.choose(
            options.cpus_per_trial, options.gpus_per_trial, options.concurrent, have
        )
        changes = as_fixed(space, options.set)
        check_fixed(workloads.get(space.name), changes)
        variants = candidates.variants(space, changes)
        planned = [candidates.plan(space, place, each, options) for each in variants]
        with connected(None, have, dashboard=False):
            for evaluation in planned:
                finish(space, evaluation, side_by_side(evaluation, slots))


def side_by_side(evaluation: Evaluation, slots: resources.Resources) -> Scores:
    """Run the trainings that are not finished yet, as many at a time as there are slots.

    Args:
        evaluation: What to train.
        slots: What one training gets, and how many run at a time.

    Returns:
        The metadata of every run, by label.
    """
    jobs = evaluation.jobs
    known = [finished(job) for _, job in jobs]
    done: dict[int, Run] = {index: run for index, run in enumerate(known) if run}
    waiting = [index for index, run in enumerate(known) if not run]
    told = f"{len(jobs)} trainings, {len(done)} finished before, {slots.slots} at a time"
    print(f"{evaluation.directory.name}: {told}", flush=True)
    start = time.monotonic()
    for count, (index, run) in enumerate(_ended(jobs, waiting, slots), 1):
        done[index] = run
        label, job = jobs[index]
        pace = live.pace(time.monotonic() - start, count, len(waiting) - count)
        told = f"{len(done)}/{len(jobs)} {label} {job.directory.name}: {_line(run)}; {pace}"
        print(told, flush=True)
    scores: Scores = {label: [] for label, _ in jobs}
    for index, (label, _) in enumerate(jobs):
        scores[label].append(done[index])
    return scores


def _ended(
    jobs: Sequence[tuple[str, Retraining]], waiting: Sequence[int], slots: resources.Resources
) -> Iterator[tuple[int, Run]]:
    """Yield the index of each training as it ends, with its run."""
    import ray

    remote = ray.remote(num_cpus=slots.cpus, num_gpus=slots.gpus, max_retries=1)(_score)
    left = list(waiting)
    running: dict[Any, int] = {}
    while left or running:
        while left and len(running) < slots.slots:
            index = left.pop(0)
            running[remote.remote(jobs[index][1], slots.cpus)] = index
        (ready,), _ = ray.wait(list(running), num_returns=1)
        yield running.pop(ready), ray.get(ready)


def _score(job: Retraining, cpus: float) -> dict[str, Any]:
    import torch

    torch.set_num_threads(max(int(cpus), 1))
    return score(job)


def _line(run: Run) -> str:
    if "failed" in run:
        return f"failed: {run['failed']}"
    return f"validation objective {run['objective']:.4f} at epoch {run['best_epoch']:.0f}"


def finish(space: Space, evaluation: Evaluation, scores: Scores) -> None:
    """Write and show what the trainings say, and their ensembles.

    Args:
        space: The workload's space.
        evaluation: The trainings.
        scores: Their runs.
    """
    directory = evaluation.directory
    best = {label: runs for label, runs in scores.items() if label != BASELINE}
    together = ensembles.of_configurations(directory, best)
    everyone = scores | ({"ensemble": together} if together else {})
    result = {
        label: conclusions.conclude(space, runs, scores[BASELINE])
        for label, runs in everyone.items()
    }
    for label, job in evaluation.jobs:
        result[label]["config"] = dict(job.config)
    for label, runs in scores.items():
        result[label]["ensemble_of_seeds"] = ensembles.of_seeds(directory, label, runs)
    records.write_json(directory / "evaluation.json", result)
    records.write_csv(directory / "evaluation.csv", list(conclusions.rows(everyone)))
    conclusions.show(space, directory.name, result, comparison.console())
    print(f"everything: {directory}", flush=True)

"""The trainings of an evaluation, side by side through Ray, and the table that comes of them."""

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from search_spaces.contract import Budget
from tune import records, resources, statistics, table, workloads
from tune.cluster import connected, prepare
from tune.errors import UserError
from tune.evaluation import Retraining, score
from tune.fixing import as_fixed, check_fixed
from tune.layout import Layout
from tune.objective import objective, ratios
from tune.quiet import libraries_muted
from tune.seeding import derive
from tune.study import read_trials
from tune.workloads import Space

BASELINE_TRIAL = 0
EVALUATION = 10**6  # keeps these seeds apart from those of any trial
Scores = dict[str, list[dict[str, Any]]]


def retrain(space: Space, place: Layout, options: argparse.Namespace) -> None:
    """Train and score the top configurations and the baseline; write and show the result.

    Args:
        space: The workload's space.
        place: The sweep.
        options: The parsed command line of ``tune.evaluate``.

    Raises:
        UserError: If the split has no test part, or ``--set`` has no place to go.
    """
    prepare()
    with libraries_muted():
        _retrain(space, place, options)


def _retrain(space: Space, place: Layout, options: argparse.Namespace) -> None:
    have = resources.machine()
    slots = resources.choose(
        options.cpus_per_trial, options.gpus_per_trial, options.concurrent, have
    )
    changes = as_fixed(space, options.set)
    check_fixed(workloads.get(space.name), changes)
    if place.describe()["data"].get("no_test_split") and "data/split" not in changes:
        raise UserError(
            f"sweep {place.directory.name} was made on a split without a test part; "
            f"choose another with --set data/split=..."
        )
    directory = evaluation_directory(place, changes)
    jobs = list(_jobs(space, place, directory, options))
    with connected(None, have, dashboard=False):
        scores = _side_by_side(jobs, slots)
    result = {label: conclude(space, runs, scores["baseline"]) for label, runs in scores.items()}
    records.write_json(directory / "evaluation.json", result)
    records.write_csv(directory / "evaluation.csv", list(_rows(scores)))
    show(space, result, Console())
    print(f"everything: {directory}")


def seeds(description: Mapping[str, Any], count: int) -> list[int]:
    """Return the seeds of the trainings, alike for every configuration of a sweep."""
    return [derive(description["seed"], EVALUATION, number) for number in range(count)]


def evaluation_directory(place: Layout, changes: Mapping[str, Any]) -> Path:
    """Return where an evaluation lies: one for each choice of data."""
    words = [f"{key}-{value}" for key, value in changes.items()] or ["as-swept"]
    return place.directory / "evaluation" / re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(words))


def _jobs(
    space: Space, place: Layout, directory: Path, options: argparse.Namespace
) -> Iterator[tuple[str, Retraining]]:
    """Yield label and training: the baseline first, then the best trials, each over the seeds."""
    description, trials = place.describe(), read_trials(place.journal)
    best = [each for each in table.best(trials, options.top) if each.number != BASELINE_TRIAL]
    chosen = {"baseline": trials[BASELINE_TRIAL]} | {f"trial-{t.number}": t for t in best}
    root = None if description["root"] is None else Path(description["root"])
    budget = Budget(**description["budget"])
    for label, trial in chosen.items():
        config = {**description["fixed"], **trial.params, **as_fixed(space, options.set)}
        for number, seed in enumerate(seeds(description, options.seeds)):
            where = (directory / label / f"seed-{number}").resolve()
            yield label, Retraining(space.name, root, config, budget, seed, where)


def _side_by_side(jobs: Sequence[tuple[str, Retraining]], slots: resources.Resources) -> Scores:
    """Run the trainings that are not finished yet, as many at a time as there are slots."""
    import ray

    remote = ray.remote(num_cpus=slots.cpus, num_gpus=slots.gpus, max_retries=1)(_score)
    done = {index: _finished(job) for index, (_, job) in enumerate(jobs)}
    waiting = [index for index, result in done.items() if result is None]
    running: dict[Any, int] = {}
    while waiting or running:
        while waiting and len(running) < slots.slots:
            index = waiting.pop(0)
            running[remote.remote(jobs[index][1], slots.cpus)] = index
        (ready,), _ = ray.wait(list(running), num_returns=1)
        index = running.pop(ready)
        done[index] = ray.get(ready)
        label, job = jobs[index]
        print(f"{label} {job.directory.name}: {_line(done[index])}", flush=True)
    scores: Scores = {label: [] for label, _ in jobs}
    for index, (label, _) in enumerate(jobs):
        result = done[index]
        assert result is not None
        scores[label].append(result)
    return scores


def _score(job: Retraining, cpus: float) -> dict[str, Any]:
    import torch

    torch.set_num_threads(max(int(cpus), 1))
    return score(job)


def _finished(job: Retraining) -> dict[str, Any] | None:
    path = job.directory / "score.json"
    result: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return result


def _line(result: Mapping[str, Any] | None) -> str:
    assert result is not None
    if "failed" in result:
        return f"failed: {result['failed']}"
    return f"validation objective {result['objective']:.4f} at epoch {result['best_epoch']:.0f}"


def conclude(
    space: Space, runs: Sequence[Mapping[str, Any]], baseline: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Sum up a configuration's test scores beside the baseline's, seed by seed.

    Args:
        space: The workload's space.
        runs: One score a seed.
        baseline: The baseline's, on the same seeds.

    Returns:
        ``failed`` (how many), and by metric ``mean``, ``std`` and the paired comparison over the
        seeds on which both succeeded; by target, whether it holds in the mean.
    """
    pairs = [
        (ours["test"], theirs["test"])
        for ours, theirs in zip(runs, baseline, strict=True)
        if "test" in ours and "test" in theirs
    ]
    result: dict[str, Any] = {"failed": sum("failed" in run for run in runs), "metrics": {}}
    names = sorted({name for ours, _ in pairs for name in ours})
    for name in names:
        both = [(o[name], t[name]) for o, t in pairs if o[name] is not None and name in t]
        both = [(ours, theirs) for ours, theirs in both if theirs is not None]
        if both:
            ours, theirs = zip(*both, strict=True)
            compared = statistics.compare(ours, theirs, seed=0)
            result["metrics"][name] = statistics.summarise(ours) | compared
    means = {name: metric["mean"] for name, metric in result["metrics"].items()}
    if means and all(target.metric in means for target in space.targets):
        result["objective_of_means"] = objective(space, means)
        result["targets"] = {k: v <= 1 for k, v in ratios(space.targets, means).items()}
    return result


def _rows(scores: Scores) -> Iterator[records.Row]:
    for label, runs in scores.items():
        for number, run in enumerate(runs):
            known = {key: run.get(key) for key in ("failed", "objective", "best_epoch")}
            yield {"configuration": label, "seed": number, **known, **run.get("test", {})}


def show(space: Space, result: Mapping[str, Any], console: Console) -> None:
    """Print the metrics that rank trials: mean, spread, and the difference to the baseline."""
    names = [target.metric for target in space.targets] or [str(space.metric)]
    shown = Table("test", *result)
    for name in names:
        shown.add_row(name, *(_cell(each["metrics"].get(name)) for each in result.values()))
    console.print(shown)


def _cell(metric: Mapping[str, Any] | None) -> str:
    if metric is None:
        return "-"
    text = f"{metric['mean']:.4f} ± {metric['std']:.4f}"
    if metric["difference"] == 0:
        return text
    low, high = metric["interval"]
    return (
        f"{text}\n{metric['difference']:+.4f} [{low:+.4f}, {high:+.4f}] p={metric['p_value']:.2g}"
    )

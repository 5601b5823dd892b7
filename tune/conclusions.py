"""What the test scores of an evaluation say: by configuration, beside the baseline."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tune import records, statistics
from tune.errors import TrialFailure
from tune.objective import objective, ratio
from tune.workloads import Space

Run = Mapping[str, Any]  # the metadata of a run folder
Scores = dict[str, list[Run]]  # by configuration, one run a seed

BASELINE = "baseline"


def conclude(space: Space, runs: Sequence[Run], baseline: Sequence[Run]) -> dict[str, Any]:
    """Sum up a configuration's test scores beside the baseline's, seed by seed.

    Args:
        space: The workload's space.
        runs: One run a seed.
        baseline: The baseline's, on the same seeds.

    Returns:
        ``failed`` (how many); ``metrics``, by name ``mean`` and ``std`` over the seeds,
        ``undefined`` (in how many it is no number), and the paired comparison over the seeds on
        which both have it; ``targets``, whether each holds in the mean, and ``seeds_on_target``,
        in how many seeds; ``objective_of_means``.
    """
    names = sorted({name for run in runs for name in run.get("metrics", {})})
    metrics = {name: _metric(name, runs, baseline) for name in names}
    means = {
        name: math.nan if metric["undefined"] else metric["mean"]
        for name, metric in metrics.items()
    }
    result: dict[str, Any] = {"failed": sum("failed" in run for run in runs), "metrics": metrics}
    if not means:
        return result
    result["objective_of_means"] = on_test(space, means)
    result["targets"] = {each.metric: ratio(each, means) <= 1 for each in space.targets}
    result["seeds_on_target"] = {
        each.metric: sum(ratio(each, values(run)) <= 1 for run in runs if "metrics" in run)
        for each in space.targets
    }
    return result


def on_test(space: Space, metrics: Mapping[str, float]) -> float:
    """Return the objective of metrics on test; NaN where one that enters is not finite."""
    try:
        return objective(space, metrics)
    except TrialFailure:
        return math.nan


def values(run: Run) -> dict[str, float]:
    """Return the metrics of a run; NaN where its file has null."""
    return {
        name: math.nan if value is None else value
        for name, value in run.get("metrics", {}).items()
    }


def _metric(name: str, runs: Sequence[Run], baseline: Sequence[Run]) -> dict[str, Any]:
    ours, theirs = ([values(run).get(name, math.nan) for run in each] for each in (runs, baseline))
    defined = [value for value in ours if math.isfinite(value)]
    pairs = [pair for pair in zip(ours, theirs, strict=True) if all(map(math.isfinite, pair))]
    told: dict[str, Any] = dict(statistics.summarise(defined))
    told["undefined"] = sum("metrics" in run for run in runs) - len(defined)
    return told | statistics.compare([a for a, _ in pairs], [b for _, b in pairs], seed=0)


def rows(scores: Scores) -> Iterator[records.Row]:
    """Yield a row of ``evaluation.csv`` for every run."""
    for label, runs in scores.items():
        for number, run in enumerate(runs):
            known = {key: run.get(key) for key in ("failed", "objective", "best_epoch", "gap")}
            yield {"configuration": label, "seed": number, **known, **run.get("metrics", {})}


def show(space: Space, title: str, result: Mapping[str, Any], console: Console) -> None:
    """Print the metrics that are judged: mean, spread, and the difference to the baseline."""
    names = [target.metric for target in space.targets] or [str(space.metric)]
    shown = Table("test", *result, title=title)
    for name in names:
        shown.add_row(name, *(_cell(each, name) for each in result.values()))
    if space.targets:
        shown.add_row("all targets", *(_held(each) for each in result.values()))
    console.print(shown)


def _cell(told: Mapping[str, Any], name: str) -> str:
    metric = told["metrics"].get(name)
    if metric is None:
        return "-"
    tick = " ✓" if told.get("targets", {}).get(name) else ""
    spread = "" if math.isnan(metric["std"]) else f" ± {metric['std']:.4f}"
    text = f"{metric['mean']:.4f}{spread}{tick}"
    if math.isnan(metric["p_value"]):
        return text
    low, high = metric["interval"]
    return (
        f"{text}\n{metric['difference']:+.4f} [{low:+.4f}, {high:+.4f}] p={metric['p_value']:.2g}"
    )


def _held(told: Mapping[str, Any]) -> str:
    targets = told.get("targets", {})
    return f"{sum(targets.values())}/{len(targets)} hold" if targets else "-"

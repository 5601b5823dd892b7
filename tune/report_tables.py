"""What a report says in words and numbers, as plain texts; the page's template escapes them."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from search_spaces.contract import Target
from tune import live, records, table
from tune.ends import outcome
from tune.figures import BASELINE_TRIAL
from tune.following import Snapshot
from tune.objective import ratio
from tune.sweep import Standing

LISTED = 6  # items of a list; sweep.json holds them all
Cell = tuple[str, bool | None]  # a text, and whether it meets its target


def baseline(standings: Sequence[Standing]) -> Standing | None:
    """Return where the baseline stands, or None before its first epoch."""
    return next((each for each in standings if each.number == BASELINE_TRIAL), None)


def tiles(sweep: Snapshot, pair: Sequence[Standing | None]) -> list[tuple[str, str, str]]:
    """Return what matters most: label, value and a note beneath."""
    before, best = pair
    ended = [outcome(trial) for trial in sweep.ended]
    told = ", ".join(f"{ended.count(state)} {state}" for state in ("complete", "pruned", "failed"))
    found = [("best objective", objective(best), f"published baseline: {objective(before)}")]
    targets = sweep.space.targets
    if targets:
        count = f"of {len(targets)}"
        met = [
            f"{sum(is_met(each, t) for t in targets)} {count}" if each else "-" for each in pair
        ]
        found.append(("targets met", met[1], f"published baseline: {met[0]}"))
    found.append(("trials", f"{len(ended)} of {sweep.trials}", told))
    trained_s = sum(table.summary(each, sweep.layout).get("seconds", 0.0) for each in sweep.found)
    found.append(("training time", live.clock(trained_s), "sum over all trials"))
    return found


def objective(standing: Standing | None) -> str:
    """Return a trial's objective as people read it."""
    return "-" if standing is None else f"{standing.objective:.4g}"


def is_met(standing: Standing, target: Target) -> bool:
    """Tell whether a trial meets a target at its best epoch."""
    return ratio(target, standing.metrics) <= 1


def comparison(sweep: Snapshot, pair: Sequence[Standing | None]) -> list[list[Cell]]:
    """Compare baseline and winner, target by target.

    Args:
        sweep: The sweep.
        pair: Baseline and winner.

    Returns:
        A row a target: its metric, its bound, the baseline's value, the winner's.
    """
    space = sweep.space
    if space.metric:
        cells = [(f"{each.metrics[space.metric]:.4g}" if each else "-", None) for each in pair]
        bound = "more is better" if space.mode == "max" else "less is better"
        return [[(space.metric, None), (bound, None), *cells]]
    rows = []
    for target in space.targets:
        bound = f"≤ {target.at_most:g}" if target.at_most is not None else f"≥ {target.at_least:g}"
        rows.append(
            [(target.metric, None), (bound, None), *(_value(each, target) for each in pair)]
        )
    return rows


def _value(standing: Standing | None, target: Target) -> Cell:
    if standing is None:
        return "-", None
    return f"{standing.metrics[target.metric]:.4g}", is_met(standing, target)


def configuration(pair: Sequence[Standing | None]) -> list[tuple[str, str, str]]:
    """Return every parameter with the baseline's value and the winner's, "-" where it has none."""
    before, after = (each.params if each else {} for each in pair)
    return [(name, text(before, name), text(after, name)) for name in sorted({**before, **after})]


def text(params: Mapping[str, Any], name: str) -> str:
    """Return a parameter as people read it."""
    value = params.get(name, "-")
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def commands(sweep: Snapshot) -> list[tuple[str, str]]:
    """Return the next commands to type, each with what it is for."""
    workload, directory = sweep.space.name, sweep.layout.directory
    results = directory.parents[1]
    where = "" if results == Path("results") else f" --results {shlex.quote(str(results))}"
    sweep_option = f"--sweep {directory.name}{where}"
    resume = f"python -m tune.run {workload} --resume {directory.name}{where}"
    evaluate = f"python -m tune.evaluate {workload} {sweep_option} --top 3 --seeds 5"
    export = f"python -m tune.export {workload} {sweep_option}"
    if len(sweep.ended) < sweep.trials:
        first = (resume, "finish the sweep")
    else:
        first = (f"{resume} --trials {2 * sweep.trials}", "go on with twice as many trials")
    return [
        (evaluate, "retrain the best over seeds and score the test part, which no trial has seen"),
        (f"{export} --model {workload}.pt", "the winner's weights"),
        (f"{export} --top 10 --output best.csv", "the best configurations"),
        first,
    ]


def trials(sweep: Snapshot) -> tuple[list[str], list[list[str]]]:
    """Return the columns of the table of trials, and a row of texts for each trial."""
    metrics = [target.metric for target in sweep.space.targets] or [str(sweep.space.metric)]
    columns = ["trial", "state", "epochs", "objective", *metrics, "seconds"]
    rows = [_trial(sweep, trial, metrics) for trial in sweep.found]
    return [*columns, "how it ended", "configuration"], rows


def _trial(sweep: Snapshot, trial: FrozenTrial, metrics: Sequence[str]) -> list[str]:
    row = table.row(trial, sweep.layout, sweep.description)
    numbers = [row.get("objective"), *(row.get(f"best/{name}") for name in metrics)]
    cells = ["" if number is None else f"{number:.4g}" for number in numbers]
    seconds = f"{row['seconds'] or 0.0:.1f}"
    head = [str(row["number"]), row["state"], str(row["epochs"] or 0)]
    return [*head, *cells, seconds, row["reason"], live.short(trial.params)]


def failures(ended: Sequence[FrozenTrial]) -> list[tuple[str, list[int]]]:
    """Return every reason of a failure with the trials that it ended, the most frequent first."""
    found: dict[str, list[int]] = {}
    for trial in ended:
        if outcome(trial) == "failed":
            reason = trial.user_attrs["end"]["reason"]
            found.setdefault(reason, []).append(trial.number)
    return sorted(found.items(), key=lambda item: -len(item[1]))


def provenance(sweep: Snapshot) -> list[tuple[str, str]]:
    """Return where the sweep comes from: ``sweep.json``, a line a value."""
    return list(_flat(records.finite(sweep.description), ""))


def _flat(values: Mapping[str, Any], before: str) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        full = f"{before}{name}"
        if isinstance(value, Mapping):
            lines += _flat(value, f"{full} / ")
        elif isinstance(value, list):
            more = f"; ... ({len(value)} in all)" if len(value) > LISTED else ""
            lines.append((full, ("; ".join(map(str, value[:LISTED])) or "none") + more))
        else:
            lines.append((full, "none" if value is None else str(value)))
    return lines

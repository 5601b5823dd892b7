"""Trials as rows of a table, and their order."""

import heapq
from collections.abc import Iterable, Mapping
from typing import Any

from optuna.trial import FrozenTrial

from tune import records
from tune.ends import END, outcome
from tune.layout import Layout
from tune.seeding import derive

COURSE = ("epochs", "objective", "best_epoch", "seconds", "device")


def best(trials: Iterable[FrozenTrial], count: int) -> list[FrozenTrial]:
    """Return the best of the ended trials by objective, best first, without the failed ones."""
    ended = (trial for trial in trials if trial.state.is_finished())
    ranked = [trial for trial in ended if trial.value is not None and outcome(trial) != "failed"]
    return heapq.nsmallest(count, ranked, key=lambda trial: (trial.value, trial.number))


def summary(trial: FrozenTrial, layout: Layout) -> Mapping[str, Any]:
    """Sum up a trial's epochs: from the study if it has ended, else from its ``metrics.csv``."""
    if END in trial.user_attrs:
        ended: Mapping[str, Any] = trial.user_attrs[END]["summary"]
        return ended
    return records.summarise(records.read_rows(layout.trial(trial.number) / "metrics.csv"))


def row(trial: FrozenTrial, layout: Layout, description: Mapping[str, Any]) -> records.Row:
    """Return a trial's row: how it ended, its parameters, metrics at the best and last epoch.

    Args:
        trial: The trial.
        layout: Where its sweep lies.
        description: The sweep's ``sweep.json``.

    Returns:
        Plain values by column; metrics are named ``best/<metric>`` and ``last/<metric>``.
    """
    told = summary(trial, layout)
    row: records.Row = {"number": trial.number, "state": outcome(trial)}
    row["reason"] = trial.user_attrs.get(END, {}).get("reason", "")
    row |= {
        key: told.get(key) for key in ("epochs", "objective", "best_epoch", "seconds", "device")
    }
    row |= {key: told[key] for key in records.SIZE if key in told}
    row["seed"] = derive(description["seed"], trial.number)
    row |= {**description["fixed"], **trial.params}
    for moment in ("best", "last"):
        row |= {f"{moment}/{key}": value for key, value in told.get(moment, {}).items()}
    return row

"""One sweep on disk, driven one event at a time; knows no Ray.

``next_trial`` hands out what is to be trained, ``record_epoch`` and ``end_trial`` take in what
came of it. Starting, resuming and extending differ only in what the study already holds.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from optuna.trial import FrozenTrial, TrialState

from tune import records, table
from tune.ends import END, End, outcome
from tune.layout import Layout
from tune.study import Study

KEPT_CHECKPOINTS = 5
FAILURES_ALIKE = 5
TABLE_SHARE = 0.02  # of the driver's time, at most, goes into rewriting trials.csv


@dataclass
class Progress:
    """What is known of a trial while it runs."""

    number: int
    params: dict[str, Any]
    rows: list[dict[str, float]] = field(default_factory=list)
    device: str | None = None


@dataclass(frozen=True)
class Standing:
    """Where a trial stands, ended or not: its best objective and the metrics of that epoch."""

    number: int
    objective: float
    params: dict[str, Any]
    metrics: dict[str, float]


def standings(
    ended: Iterable[FrozenTrial], running: Iterable[Progress], fixed: Mapping[str, Any]
) -> list[Standing]:
    """Rank the trials that have an epoch and did not fail.

    Args:
        ended: Those that have ended.
        running: The others.
        fixed: Parameters that are not searched.

    Returns:
        Where each of them stands, best first.
    """
    told = [
        (trial.number, {**fixed, **trial.params}, trial.user_attrs[END]["summary"])
        for trial in ended
        if outcome(trial) != "failed"
    ]
    told += [(each.number, each.params, records.summarise(each.rows)) for each in running]
    found = [
        Standing(number, summary["objective"], params, summary["best"])
        for number, params, summary in told
        if summary["epochs"]
    ]
    return sorted(found, key=lambda standing: (standing.objective, standing.number))


class Listener(Protocol):
    """Is told when a trial begins and ends."""

    def began(self, number: int, params: dict[str, Any]) -> None:
        """Hear that a trial begins or goes on."""

    def ended(self, trial: FrozenTrial) -> None:
        """Hear that a trial ended."""


class Sweep:
    """The driver's side of a sweep: the only one that writes to its study."""

    def __init__(self, layout: Layout, study: Study, description: Mapping[str, Any]) -> None:
        """Take up a sweep where its study stands.

        Args:
            layout: Where its files lie.
            study: Its study.
            description: Its ``sweep.json``; the budget says how many trials it is to hold in all.
        """
        self.layout, self.study, self.description = layout, study, description
        self.trials: int = description["budget"]["trials"]
        self.running: dict[int, Progress] = {}
        study.finish_ends()
        self.ended = [trial for trial in study.trials() if trial.state.is_finished()]
        self._waiting = study.unfinished()
        #: Ended trials whose checkpoints were not looked at; of an earlier process's, all.
        self._untidy = list(self.ended)
        self._kept: list[FrozenTrial] = []
        self._held = False
        self._failed = [trial for trial in self.ended if outcome(trial) == "failed"]
        self._next_table = 0.0
        self.listener: Listener | None = None

    def history(self) -> Iterator[tuple[int, int, float]]:
        """Yield trial number, epoch and objective of every recorded epoch.

        The last epoch of an unfinished trial is left out: it will be reported again, and judged.
        """
        for trial in self.study.trials():
            epochs = sorted(trial.intermediate_values)
            if trial.state == TrialState.RUNNING:
                epochs = epochs[:-1]
            for epoch in epochs:
                yield trial.number, epoch, trial.intermediate_values[epoch]

    def next_trial(self) -> dict[str, Any] | None:
        """Return the configuration of the next trial for ``TrialTrainable``, or None."""
        waiting = self._waiting.pop(0) if self._waiting else None
        trial = self.study.take_up(waiting) if waiting else self._proposed()
        self.settle()
        if trial is None:
            return None
        directory = self.layout.trial(trial.number)
        directory.mkdir(parents=True, exist_ok=True)
        records.keep_rows(directory / "metrics.csv", len(trial.intermediate_values))
        rows = records.read_rows(directory / "metrics.csv")
        params = self.study.config(trial)
        self.running[trial.number] = Progress(trial.number, params, rows)
        if self.listener:
            self.listener.began(trial.number, params)
        return {
            "number": trial.number,
            "seed": self.study.trial_seed(trial.number),
            "recorded": len(rows),
            "directory": str(directory.resolve()),
            "params": params,
        }

    def wants_more(self) -> bool:
        """Tell whether fewer trials were begun than asked for."""
        return len(self.ended) + len(self.running) < self.trials

    def _proposed(self) -> FrozenTrial | None:
        """Propose a configuration; one that has failed before fails again at once, untrained."""
        while self.wants_more():
            if self.study.exhausted():
                self._ask_no_more()
                break
            trial = self.study.propose()
            twin = next((each for each in self._failed if each.params == trial.params), None)
            if twin is None:
                return trial
            self.running[trial.number] = Progress(trial.number, self.study.config(trial))
            self.end_trial(trial.number, "failed", twin.user_attrs[END]["reason"])
        return None

    def _ask_no_more(self) -> None:
        """Ask for no more trials than there are, so that the sweep ends and counts as finished."""
        self.trials = len(self.ended) + len(self.running)
        budget = {**self.description["budget"], "trials": self.trials}
        self.description = {**self.description, "budget": budget}
        records.write_json(self.layout.description, self.description)

    def hold(self) -> None:
        """Let what happens from now on wait for ``settle``, which the next proposal calls."""
        self._held = True
        self.study.hold()

    def settle(self) -> None:
        """Write what waits in one append, and tidy up after the trials that ended."""
        if self._held:
            self._held = False
            self.study.write()
            self._tidy()

    def record_epoch(self, number: int, row: dict[str, float], device: str | None = None) -> None:
        """Take in an epoch and what it was trained on; one that is recorded already is left."""
        progress = self.running[number]
        progress.device = device
        epoch = int(row["epoch"])
        if epoch == len(progress.rows) + 1:
            records.append_row(self.layout.trial(number) / "metrics.csv", row)
            progress.rows.append(row)
        self.study.report(number, epoch, row["objective"])
        if not self._held:
            self._tidy()

    def end_trial(self, number: int, outcome: str, reason: str) -> None:
        """Take in how a trial ended."""
        progress = self.running.pop(number)
        summary = {**records.summarise(progress.rows), "device": progress.device}
        self.study.end(number, End(outcome, reason, summary))
        ended = self.study.trial(number)
        self.ended.append(ended)
        if outcome == "failed":
            self._failed.append(ended)
        if self.listener:
            self.listener.ended(ended)
        self._untidy.append(ended)
        if not self._held:
            self._tidy()

    def best(self, count: int = 1) -> list[FrozenTrial]:
        """Return the best ended trials, best first; failed ones are never among them."""
        return table.best(self.ended, count)

    def standings(self) -> list[Standing]:
        """Return where every trial stands, best first."""
        return standings(self.ended, list(self.running.values()), self.study.fixed)

    def hopeless(self) -> str | None:
        """Return the reason why every trial so far failed, if all failed the same way."""
        if any(outcome(trial) != "failed" for trial in self.ended):
            return None
        reasons = [str(trial.user_attrs["end"]["reason"]) for trial in self.ended]
        alike = len(reasons) >= FAILURES_ALIKE and len(set(reasons)) == 1
        return reasons[0] if alike else None

    def write_tables(self) -> None:
        """Write ``trials.csv``, ``best.csv`` and ``best.json`` from the study."""
        rows = [table.row(trial, self.layout, self.description) for trial in self.study.trials()]
        records.write_csv(self.layout.trials_csv, rows)
        chosen = [rows[trial.number] for trial in self.best(KEPT_CHECKPOINTS)]
        records.write_csv(self.layout.best_csv, chosen)
        records.write_json(self.layout.best_json, chosen)

    def _write_table_in_time(self) -> None:
        start = time.monotonic()
        if start >= self._next_table:
            self.write_tables()
            spent = time.monotonic() - start
            self._next_table = time.monotonic() + max(spent / TABLE_SHARE, 1.0)

    def _tidy(self) -> None:
        """Follow up what is written; a checkpoint is removed no sooner."""
        if self._untidy:
            self._remove_checkpoints()
        self._write_table_in_time()

    def _remove_checkpoints(self) -> None:
        """Leave ended trials nothing but ``best.pt``, and that to the best of them."""
        ended = [*self._kept, *self._untidy]
        for trial in self._untidy:
            directory = self.layout.trial(trial.number)
            continued = [directory / "last.pt", directory / "previous.pt"]
            for left in (*continued, *directory.glob("*.part")):
                left.unlink(missing_ok=True)
        self._kept, self._untidy = table.best(ended, KEPT_CHECKPOINTS), []
        for trial in ended:
            if trial not in self._kept:
                (self.layout.trial(trial.number) / "best.pt").unlink(missing_ok=True)

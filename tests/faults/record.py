"""What a sweep's record must hold, whatever was killed while it was written."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from optuna.trial import FrozenTrial

from search_spaces.contract import Budget
from tune import checkpoints, data, table, workloads
from tune.asha import RecordedASHA
from tune.ends import outcome
from tune.layout import Layout
from tune.study import Study, read_trials
from tune.sweep import Sweep
from tune.training import Plan, Training


@dataclass(frozen=True)
class Record:
    """The trials of a sweep as its journal tells them, and the epochs of its tables.

    Attributes:
        trials: By number.
        epochs: Rows of each trial's ``metrics.csv``, as text.
    """

    trials: dict[int, FrozenTrial]
    epochs: dict[int, list[dict[str, str]]]

    @classmethod
    def read(cls, directory: Path) -> "Record":
        """Read a sweep's directory; empty where it holds no journal yet."""
        journal = directory / "study.journal"
        trials = read_trials(journal) if journal.exists() and journal.stat().st_size else []
        rows = {}
        for trial in trials:
            path = directory / "trials" / f"{trial.number:05d}" / "metrics.csv"
            text = path.read_text() if path.exists() else ""
            rows[trial.number] = list(csv.DictReader(text.splitlines()))
        return cls({trial.number: trial for trial in trials}, rows)


def check_nothing_changed(before: Record, after: Record) -> None:
    """Check that every proposal, value and end of ``before`` is in ``after`` as it was."""
    for number, then in before.trials.items():
        now = after.trials[number]
        assert now.params == then.params
        assert then.intermediate_values.items() <= now.intermediate_values.items()
        if then.state.is_finished():
            assert (now.state, now.user_attrs) == (then.state, then.user_attrs)
            assert after.epochs[number] == before.epochs[number]


def check_finished(directory: Path, trials: int) -> None:
    """Check a sweep that came to its end as a whole.

    Args:
        directory: The sweep.
        trials: How many it must hold.
    """
    layout = Layout(directory)
    description = layout.describe()
    space = workloads.space(description["workload"])
    study = Study(layout.journal, space, description["seed"], description["fixed"])
    found = study.trials()
    assert [trial.number for trial in found] == list(range(trials))
    assert all(trial.state.is_finished() for trial in found)
    assert len({json.dumps(trial.params, sort_keys=True) for trial in found}) == trials
    assert _ends(layout.journal) == trials
    _check_rungs(layout, study, description)
    for path in directory.glob("trials/*/best.pt"):
        assert checkpoints.load(path)["objective"] > 0
    _check_best_is_reproduced(layout, study, description)


def _ends(journal: Path) -> int:
    """Count how often a trial was told its end."""
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return sum("values" in line and line.get("state") in (1, 2, 3) for line in lines)


def _check_rungs(layout: Layout, study: Study, description: dict[str, object]) -> None:
    sweep = Sweep(layout, study, description)
    rungs = RecordedASHA(Budget(**description["budget"]), sweep.history()).rungs()  # type: ignore[arg-type]
    recorded = [trial.intermediate_values for trial in study.trials()]
    assert rungs == {
        epoch: sorted(values[epoch] for values in recorded if epoch in values) for epoch in rungs
    }


def _check_best_is_reproduced(
    layout: Layout, study: Study, description: dict[str, object]
) -> None:
    """Train the best configuration once more, undisturbed, and compare every recorded epoch."""
    best = table.best([t for t in study.trials() if outcome(t) != "failed"], 1)[0]
    config = study.config(best)
    name = str(description["workload"])
    budget = Budget(**description["budget"])  # type: ignore[arg-type]
    torch.set_num_threads(1)  # as in the trial's process
    torch.set_flush_denormal(True)
    plan = Plan(budget.epochs, study.trial_seed(best.number), budget.patience)
    training = Training(workloads.get(name), config, data.load(name, None, config), plan)
    again = {epoch: training.epoch()["objective"] for epoch in best.intermediate_values}
    assert again == best.intermediate_values, f"trial {best.number}: {config}"

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from tune.layout import Layout
from tune.study import Study
from tune.sweep import FAILURES_ALIKE, KEPT_CHECKPOINTS, Sweep
from tune.workloads import Space


def opened(path: Path, space: Space, trials: int = 6) -> Sweep:
    budget = dataclasses.asdict(dataclasses.replace(space.budget, trials=trials))
    study = Study(path / "study.journal", space, 7, {})
    return Sweep(Layout(path), study, {"seed": 7, "fixed": {}, "budget": budget})


def epoch(number: int, epoch: int, value: float) -> dict[str, float]:
    row = {"epoch": epoch, "value": value, "objective": value, "best_epoch": epoch}
    return row | {"seconds": 1.0, "mse": value, "train_loss": value, "lr": 0.1, "skipped_steps": 0}


def train(sweep: Sweep, epochs: int = 2, outcome: str = "complete") -> int:
    """Run one trial whose checkpoints are one byte."""
    trial = sweep.next_trial()
    assert trial is not None
    number: int = trial["number"]
    for count in range(1, epochs + 1):
        sweep.record_epoch(number, epoch(number, count, trial["params"]["optim/lr"] / count))
    for name in ("last.pt", "best.pt"):
        (sweep.layout.trial(number) / name).touch()
    sweep.end_trial(number, outcome, f"{outcome} by the test")
    return number


def table(sweep: Sweep) -> list[dict[str, str]]:
    sweep.write_tables()
    with sweep.layout.trials_csv.open() as file:
        return list(csv.DictReader(file))


def test_table_tells_what_a_trial_was_trained_on(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path, space)
    trial = sweep.next_trial()
    assert trial is not None
    sweep.record_epoch(trial["number"], epoch(trial["number"], 1, 0.5), "cuda NVIDIA H200")
    sweep.end_trial(trial["number"], "complete", "reached its last epoch")
    train(sweep)
    assert [row["device"] for row in table(sweep)] == ["cuda NVIDIA H200", ""]


def test_exactly_as_many_trials_as_asked_are_handed_out(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path, space, trials=3)
    assert [train(sweep) for _ in range(3)] == [0, 1, 2]
    assert sweep.next_trial() is None


def test_extending_runs_only_the_difference(tmp_path: Path, space: Space) -> None:
    first = opened(tmp_path, space, trials=3)
    for _ in range(3):
        train(first)
    longer = opened(tmp_path, space, trials=5)
    assert [train(longer) for _ in range(2)] == [3, 4]
    assert longer.next_trial() is None


def test_unfinished_trial_is_taken_up_before_new_ones(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path, space)
    train(sweep)
    trial = sweep.next_trial()
    assert trial is not None
    sweep.record_epoch(1, epoch(1, 1, 0.5))
    again = opened(tmp_path, space).next_trial()
    assert again is not None
    assert again == {**trial, "recorded": 1}


def test_epoch_told_again_after_a_resume_changes_nothing(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path, space)
    sweep.next_trial()
    sweep.record_epoch(0, epoch(0, 1, 0.5))
    resumed = opened(tmp_path, space)
    resumed.next_trial()
    resumed.record_epoch(0, epoch(0, 1, 99.0))
    resumed.record_epoch(0, epoch(0, 2, 0.4))
    resumed.end_trial(0, "complete", "reached its last epoch")
    assert resumed.ended[0].intermediate_values == {1: 0.5, 2: 0.4}
    assert table(resumed)[0]["epochs"] == "2"


def test_row_written_before_the_study_knew_it_comes_again_only_once(
    tmp_path: Path, space: Space
) -> None:
    sweep = opened(tmp_path, space)
    sweep.next_trial()
    sweep.record_epoch(0, epoch(0, 1, 0.5))
    journal = tmp_path / "study.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]))  # killed between metrics.csv and the journal
    resumed = opened(tmp_path, space)
    resumed.next_trial()
    resumed.record_epoch(0, epoch(0, 1, 0.5))
    assert len(resumed.running[0].rows) == 1


def test_table_has_a_row_a_trial_with_both_moments(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path, space)
    train(sweep)
    train(sweep, outcome="pruned")
    sweep.next_trial()
    sweep.record_epoch(2, epoch(2, 1, 0.5))
    rows = table(sweep)
    assert [row["state"] for row in rows] == ["complete", "pruned", "running"]
    assert [row["epochs"] for row in rows] == ["2", "2", "1"]
    assert float(rows[0]["best/mse"]) == float(rows[0]["objective"])
    assert rows[0]["model/hidden"] == str(space.baseline["model/hidden"])


def test_deleted_table_is_made_again_from_the_study(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path, space)
    for _ in range(3):
        train(sweep)
    before = table(sweep)
    for path in (sweep.layout.trials_csv, sweep.layout.best_csv, sweep.layout.best_json):
        path.unlink()
    assert table(opened(tmp_path, space)) == before


def test_only_the_best_checkpoints_are_kept(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path, space, trials=9)
    for _ in range(9):
        train(sweep)
    kept = {int(path.parent.name) for path in tmp_path.glob("trials/*/best.pt")}
    assert kept == {trial.number for trial in sweep.best(KEPT_CHECKPOINTS)}
    assert not list(tmp_path.glob("trials/*/last.pt"))


def test_held_end_is_written_with_the_next_proposal_and_no_checkpoint_goes_before(
    tmp_path: Path, space: Space
) -> None:
    sweep = opened(tmp_path, space)
    trial = sweep.next_trial()
    assert trial is not None
    sweep.record_epoch(0, epoch(0, 1, 0.5))
    last = sweep.layout.trial(0) / "last.pt"
    last.touch()
    before = sweep.layout.journal.read_bytes()
    sweep.hold()
    sweep.record_epoch(0, epoch(0, 2, 0.4))
    sweep.end_trial(0, "complete", "reached its last epoch")
    assert sweep.layout.journal.read_bytes() == before
    assert last.exists()
    assert opened(tmp_path, space).study.unfinished()[0].intermediate_values == {1: 0.5}
    assert sweep.next_trial() is not None
    assert not last.exists()
    again = Study(sweep.layout.journal, space, 7, {})
    assert [each.state.name for each in again.trials()] == ["COMPLETE", "RUNNING"]


def test_failed_trial_is_never_the_best(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path, space)
    train(sweep, outcome="failed")
    number = train(sweep)
    assert [trial.number for trial in sweep.best(5)] == [number]
    best: list[dict[str, Any]] = json.loads(_written(sweep).best_json.read_text())
    assert [row["number"] for row in best] == [number]


def _written(sweep: Sweep) -> Layout:
    sweep.write_tables()
    return sweep.layout


def test_sweep_whose_trials_all_fail_alike_is_hopeless(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path, space, trials=20)
    for _ in range(FAILURES_ALIKE - 1):
        train(sweep, outcome="failed")
    assert sweep.hopeless() is None
    train(sweep, outcome="failed")
    assert sweep.hopeless() == "failed by the test"
    train(sweep)
    assert sweep.hopeless() is None


@pytest.mark.parametrize("ended", [0, 1])
def test_history_leaves_out_the_epoch_that_will_be_told_again(
    tmp_path: Path, space: Space, ended: int
) -> None:
    sweep = opened(tmp_path, space)
    sweep.next_trial()
    for count in (1, 2):
        sweep.record_epoch(0, epoch(0, count, 1.0 / count))
    if ended:
        sweep.end_trial(0, "complete", "reached its last epoch")
    expected = [(0, 1, 1.0), (0, 2, 0.5)][: 1 + ended]
    assert list(opened(tmp_path, space).history()) == expected

import dataclasses
import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from search_spaces.contract import Target
from tune import live
from tune.layout import Layout
from tune.study import Study
from tune.sweep import Sweep
from tune.workloads import Space


@pytest.fixture
def targeted(space: Space) -> Space:
    return dataclasses.replace(space, metric=None, targets=(Target("mse", at_most=0.5),))


@pytest.fixture
def sweep(tmp_path: Path, targeted: Space) -> Sweep:
    study = Study(tmp_path / "study.journal", targeted, 0, {})
    budget = dataclasses.asdict(targeted.budget)
    return Sweep(Layout(tmp_path), study, {"seed": 0, "fixed": {}, "budget": budget})


def epoch(sweep: Sweep, number: int, value: float) -> None:
    row = {"epoch": 1, "value": value, "objective": value, "best_epoch": 1, "seconds": 2.0}
    sweep.record_epoch(number, row | {"mse": value / 2})


def drawn(renderable: object) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_view_before_anything_has_happened(sweep: Sweep, targeted: Space) -> None:
    assert "0/6 trials ended" in drawn(live.View(sweep, targeted))


def test_view_shows_running_trials_and_targets(sweep: Sweep, targeted: Space) -> None:
    for _ in range(2):
        sweep.next_trial()
    epoch(sweep, 0, 3.0)
    epoch(sweep, 1, 0.8)
    sweep.end_trial(0, "complete", "reached its last epoch")
    text = drawn(live.View(sweep, targeted))
    assert "1/6 trials ended: 1 complete, 0 pruned, 0 failed" in text
    assert "0.8000" in text
    assert "1.5000 missed" in text  # the baseline's mse
    assert "0.4000 met" in text  # the running trial's, the best so far
    assert re.search(r"0.8000 +│ +2.0", text)


def test_lines_tell_of_every_begin_and_end(sweep: Sweep) -> None:
    console = Console(file=io.StringIO(), width=40)
    sweep.listener = live.Lines(console)
    sweep.next_trial()
    epoch(sweep, 0, 3.0)
    sweep.end_trial(0, "pruned", "stopped by ASHA at epoch 1")
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert lines[0].startswith("trial 0 runs: hidden=4 dropout=0.1")
    assert lines[1] == "trial 0 pruned: objective 3.0000, stopped by ASHA at epoch 1"


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5 s"), (65, "1 min 05 s"), (3660, "1 h 01 min")]
)
def test_durations_are_written_as_people_do(seconds: float, text: str) -> None:
    assert live.clock(seconds) == text

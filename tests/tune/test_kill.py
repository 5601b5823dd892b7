"""Real sweeps in processes of their own, killed at the worst moments, and taken up again."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import optuna
import psutil
import pytest
from optuna.trial import FrozenTrial, TrialState

from search_spaces.contract import Budget
from tune import checkpoints, workloads
from tune.asha import RecordedASHA
from tune.ends import outcome
from tune.layout import Layout
from tune.study import Study, read_trials
from tune.sweep import Sweep

ROOT = Path(__file__).parents[2]
TRIALS, EPOCHS = 5, 6
SETTINGS = ["--set", "data/size=tiny", "--epochs", EPOCHS, "--concurrent", 1, "--quiet"]
pytestmark = [pytest.mark.ray, pytest.mark.slow]


def start(results: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tune.run", "edc", "--results", str(results)]
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(results: Path, *arguments: object) -> str:
    process = start(results, *arguments)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return output


def kill_when(process: subprocess.Popen[str], moment: Callable[[], bool]) -> None:
    """Send SIGKILL as soon as ``moment`` has come."""
    strike_when(process, moment, signal.SIGKILL)
    process.communicate()


def strike_when(process: subprocess.Popen[str], moment: Callable[[], bool], number: int) -> None:
    """Send a signal as soon as ``moment`` has come."""
    while not moment():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.0005)  # the moments to strike at are short
    process.send_signal(number)


def ray_starts(driver: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any(child.name() == "gcs_server" for child in driver.children())
    return False


def trials(results: Path, name: str) -> list[FrozenTrial]:
    return read_trials(results / "edc" / name / "study.journal")


def told(trial: FrozenTrial) -> tuple[object, ...]:
    """Return everything of a trial that must be the same, however often the sweep was killed."""
    return trial.number, trial.params, trial.intermediate_values, trial.value, outcome(trial)


def epochs(results: Path, name: str, number: int) -> list[dict[str, str]]:
    path = results / "edc" / name / "trials" / f"{number:05d}" / "metrics.csv"
    with path.open() as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a sweep that nobody disturbs."""
    results = tmp_path_factory.mktemp("whole")
    finish(results, "--name", "whole", "--trials", TRIALS, *SETTINGS)
    yield results


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Kill the same sweep at four moments, resume it each time, and let it end at last."""
    results = tmp_path_factory.mktemp("killed")
    directory = results / "edc" / "killed"
    journal, rows = directory / "study.journal", directory / "trials" / "00000" / "metrics.csv"
    moments: list[Callable[[], bool]] = [
        lambda: journal.exists() and journal.stat().st_size > 0,
        lambda: rows.exists() and rows.read_text().count("\n") >= 3,
        lambda: bool(list(directory.glob("trials/*/*.part"))),
        lambda: any(t.number >= 1 for t in seen()) and lock_held(),
    ]

    def seen() -> list[FrozenTrial]:
        return [trial for trial in read_trials(journal) if trial.intermediate_values]

    def lock_held() -> bool:
        return os.path.lexists(f"{journal}.lock")

    begin: tuple[object, ...] = ("--name", "killed", "--trials", TRIALS, *SETTINGS)
    for moment in moments:
        before = [told(each) for each in read_trials(journal)] if journal.exists() else []
        kill_when(start(results, *begin), moment)
        _check_nothing_lost(directory, before)
        begin = ("--resume", "killed", "--quiet", "--concurrent", 1)
    finish(results, *begin)
    yield results


def _check_nothing_lost(directory: Path, before: list[tuple[object, ...]]) -> None:
    """Check that what had ended is as it was, and that checkpoints keep up with the study."""
    found = read_trials(directory / "study.journal")
    for then, trial in zip(before, found, strict=False):
        if then[-1] != "running":
            assert told(trial) == then
    for trial in found:
        recorded = len(trial.intermediate_values)
        if trial.state == TrialState.RUNNING and 0 < recorded < EPOCHS:
            last = directory / "trials" / f"{trial.number:05d}" / "last.pt"
            assert len(checkpoints.load(last)["history"]) >= recorded


def test_killed_sweep_holds_exactly_the_trials_asked_for(killed: Path) -> None:
    found = trials(killed, "killed")
    assert [trial.number for trial in found] == list(range(TRIALS))
    assert all(trial.state.is_finished() for trial in found)
    assert len({str(trial.params) for trial in found}) == TRIALS


def test_killed_sweep_equals_an_undisturbed_one_bit_for_bit(killed: Path, whole: Path) -> None:
    assert [told(trial) for trial in trials(killed, "killed")] == [
        told(trial) for trial in trials(whole, "whole")
    ]
    for number in range(TRIALS):
        assert epochs(killed, "killed", number) == epochs(whole, "whole", number)


def test_rungs_equal_those_of_all_recorded_values(killed: Path) -> None:
    space = workloads.space("edc")
    layout = Layout(killed / "edc" / "killed")
    description = layout.describe()
    study = Study(layout.journal, space, description["seed"], description["fixed"])
    sweep = Sweep(layout, study, description)
    rungs = RecordedASHA(Budget(**description["budget"]), sweep.history()).rungs()
    recorded = [trial.intermediate_values for trial in study.trials()]
    assert rungs == {
        epoch: sorted(values[epoch] for values in recorded if epoch in values) for epoch in rungs
    }


def test_best_checkpoints_load_and_nothing_half_written_is_left(killed: Path) -> None:
    directory = killed / "edc" / "killed"
    best = list(directory.glob("trials/*/best.pt"))
    assert best
    for path in best:
        assert checkpoints.load(path)["objective"] > 0
    assert not list(directory.glob("trials/*/*.part"))
    assert not list(directory.glob("trials/*/last.pt"))


def test_extending_runs_exactly_the_difference(whole: Path) -> None:
    before = [told(trial) for trial in trials(whole, "whole")]
    finish(whole, "--resume", "whole", "--trials", TRIALS + 2, "--quiet")
    after = [told(trial) for trial in trials(whole, "whole")]
    assert after[:TRIALS] == before
    assert len(after) == TRIALS + 2
    output = finish(whole, "--resume", "whole")
    assert f"it holds all its {TRIALS + 2} trials" in output


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_sweep_says_how_to_go_on(tmp_path: Path, number: int, code: int) -> None:
    process = start(tmp_path, "--name", "stopped", "--trials", 3, "--set", "data/size=tiny")
    rows = tmp_path / "edc" / "stopped" / "trials" / "00000" / "metrics.csv"
    strike_when(process, rows.exists, number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert f"python -m tune.run edc --resume stopped --results {tmp_path}\n" in output
    assert (rows.parent / "last.pt").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_while_ray_starts_ends_the_run(tmp_path: Path, number: int, code: int) -> None:
    process = start(tmp_path, "--name", "early", "--trials", 3, "--set", "data/size=tiny")
    strike_when(process, lambda: ray_starts(psutil.Process(process.pid)), number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in output


def test_sweep_in_which_every_trial_raises_stops_and_says_why(tmp_path: Path) -> None:
    process = start(tmp_path, "--name", "bad", *SETTINGS, "--set", "forward/dropuot=0.1")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "every trial fails the same way" in output
    found = trials(tmp_path, "bad")
    assert [outcome(trial) for trial in found] == ["failed"] * 5
    assert (tmp_path / "edc/bad/trials/00000/error.txt").read_text().startswith("Traceback")


def test_time_budget_ends_a_sweep_that_can_be_resumed(tmp_path: Path) -> None:
    output = finish(tmp_path, "--name", "short", "--set", "data/size=tiny", "--time-budget", "8s")
    assert "--resume short" in output
    running = [trial for trial in trials(tmp_path, "short") if trial.state == TrialState.RUNNING]
    assert running
    assert optuna.trial.TrialState.WAITING not in {trial.state for trial in running}

"""Each part at its smallest."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import overhead, scale
from benchmarks.__main__ import PARTS
from benchmarks.contestants import OURS, Sweep
from benchmarks.observe import COSTLESS, ROOT, Run, environment
from benchmarks.report import read


def run(part: str, output: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", f"benchmarks.{part}", "--output", str(output), *arguments]
    env = environment("costless")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_overhead_is_wall_time_over_training_time_per_slot() -> None:
    length = overhead.Length(seconds=2.0, epochs=2, trials=2)
    seen = Run([(3.0, 1.0), (3.0, 1.0), (4.2, 1.0), (4.2, 1.0)], wall_s=6.0)
    command, between = overhead.ratios(seen, length, slots=2)
    assert command == pytest.approx(3.0)
    assert between == pytest.approx(1.2)
    assert overhead.ratios(Run(wall_s=6.0), length, slots=2) == (None, None)


def test_time_a_trial_leaves_out_the_start_of_the_slots() -> None:
    results = [(10.0, 0.0), (10.0, 0.0), (10.5, 0.0), (10.7, 0.0), (10.9, 0.0)]
    sweep = Sweep("costless", trials=5, epochs=1, slots=2)
    assert scale.seconds_a_trial(Run(results), sweep) == pytest.approx(0.2)
    assert scale.seconds_a_trial(Run(results[:-1]), sweep) is None


def test_every_part_has_a_module() -> None:
    assert all((ROOT / "benchmarks" / f"{part}.py").exists() for part in PARTS)
    assert (COSTLESS / "sitecustomize.py").exists()


@pytest.mark.slow
def test_epoch_speed_compares_three_loops(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    run("epoch_speed", output, "costless", "--rounds", "2")
    contestants = {OURS, "bare loop", "DataLoader loop"}
    assert {figure.contestant for figure in read(output)} == contestants
    assert {figure.unit for figure in read(output)} == {"s", "MB"}


@pytest.mark.slow
def test_curves_are_recorded_and_replayed(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    tables = ["--workloads", "costless", "--data", str(tmp_path), "--processes", "1"]
    scratch = ["--scratch", str(tmp_path), "--configurations", "6", "--epochs", "4"]
    run("decisions", output, *tables, *scratch, "--record")
    run("decisions", output, *tables, "--workers", "2", "--seeds", "1", "--trials", "4")
    assert {figure.unit for figure in read(output)} == {"regret"}


@pytest.mark.slow
@pytest.mark.ray
def test_sweep_that_costs_nothing_is_timed_resumed_and_opened(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    run("scale", output, "--trials", "6", "--ray-trials", "0", "--slots", "2", "--limit", "120")
    cases = {figure.case.partition(", ")[2]: figure.values for figure in read(output)}
    assert cases.keys() >= {"time a trial", "journal", "resume to the next result", "export"}
    assert all(value is not None for values in cases.values() for value in values)

"""Sweeps on a cluster of two machines that lose one of them, or the one that leads."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.faults.cluster import ROOT, Cluster, Node, clean_environment, cluster, until
from tests.faults.record import Record, check_finished, check_nothing_changed
from tune import checkpoints
from tune.ends import outcome

Driver = subprocess.Popen[str]
pytestmark = [pytest.mark.fault, pytest.mark.ray]
#: Two trials that nothing stops early, of epochs that take a tenth of a second or two.
LONG = ["--epochs", 60, "--set", "model/width=1", "--set", "train/batch_size=64"]
SHORT = ["--epochs", 20, "--set", "data/quick=true"]
TRIALS = 2
MET = 5  # epochs, before a machine dies
DEATH_S = 60.0  # a driver that outlives the head for longer hangs


def begin(folder: Path, joined: Cluster, *arguments: object, address: str = "") -> Driver:
    """Start ``tune.run`` in a directory that has nothing of this project."""
    command = [sys.executable, "-m", "tune.run", "companion_groove", "--trials", TRIALS]
    command += ["--results", folder / "results", "--address", address or joined.address]
    command += arguments
    return subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env=clean_environment() | {"PYTHONPATH": str(ROOT), "RAY_AUTH_TOKEN": joined.token},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(driver: Driver, timeout_s: float = 240.0) -> str:
    """Wait for the driver; return what it printed."""
    try:
        printed, _ = driver.communicate(timeout=timeout_s)
    finally:
        driver.kill()
    assert "Traceback" not in printed
    return printed


def directory(folder: Path, name: str) -> Path:
    return folder / "results" / "companion_groove" / name


def history(sweep: Path, number: int) -> list[dict[str, Any]]:
    """Return the epochs that a trial's last checkpoint tells of, with the seconds they took."""
    state, _ = checkpoints.load_last(sweep / "trials" / f"{number:05d}", "cpu")
    return state["history"] if state else []


def well_on(sweep: Path, node: Node) -> list[int]:
    """Return the trials that a node trains and that have a few epochs in the record."""
    recorded = Record.read(sweep).epochs
    return [number for number in node.trials() if len(recorded.get(number, ())) >= MET]


def check_goes_on(sweep: Path, number: int, kept: list[dict[str, Any]]) -> None:
    """Check that no kept epoch is trained again: it would not take the same time once more."""

    def more() -> list[dict[str, Any]]:
        epochs = history(sweep, number)
        return epochs if len(epochs) > len(kept) else []

    assert until(more)[: len(kept)] == kept


def trained(machines: Cluster, driver: Driver) -> dict[Node, set[int]]:
    """Watch a sweep to its end; return which node trained which trials."""
    seen: dict[Node, set[int]] = {machines.head: set(), machines.second: set()}
    while driver.poll() is None:
        for node, numbers in seen.items():
            for number, path in node.trials().items():
                numbers.add(number)
                assert "py_modules_files" in path and str(ROOT) not in path
        time.sleep(0.1)
    return seen


def check_complete(sweep: Path) -> None:
    trials = Record.read(sweep).trials.values()
    assert [outcome(each) for each in trials] == ["complete"] * TRIALS


def check_nothing_lost(before: Record, sweep: Path) -> None:
    check_nothing_changed(before, Record.read(sweep))
    check_finished(sweep, TRIALS)
    check_complete(sweep)


def test_both_machines_train_with_code_that_came_to_them(tmp_path: Path) -> None:
    with cluster(tmp_path) as machines:
        driver = begin(tmp_path, machines, "--name", "both", *SHORT)
        seen = trained(machines, driver)
        printed = end(driver)
    assert driver.returncode == 0, printed
    assert sorted(map(len, seen.values())) == [1, 1]
    check_complete(directory(tmp_path, "both"))


@pytest.mark.slow
def test_data_travel_to_a_machine_that_does_not_have_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    random = np.random.default_rng(0)
    samples = {"X": random.normal(size=(2_000, 64)), "y": random.uniform(-1, 1, (2_000, 32))}
    np.savez(data / "groove.npz", allow_pickle=False, **samples)
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("may not hide a directory here")
    with cluster(tmp_path, hidden=data) as machines:
        driver = begin(tmp_path, machines, "--name", "far", "--data", data, "--epochs", 20)
        seen = trained(machines, driver)
        printed = end(driver)
        assert driver.returncode == 0, printed
        assert seen[machines.second]
        assert [each.name for each in machines.second.cache.glob("data-*/data/*")] == [
            "groove.npz"
        ]
        assert not list(machines.head.cache.glob("data-*"))
    check_complete(directory(tmp_path, "far"))


@pytest.mark.slow
def test_machine_that_dies_costs_its_trial_the_epoch_in_progress_at_most(tmp_path: Path) -> None:
    sweep = directory(tmp_path, "lost")
    with cluster(tmp_path) as machines:
        driver = begin(tmp_path, machines, "--name", "lost", *LONG)
        number = until(lambda: well_on(sweep, machines.second))[0]
        machines.second.kill()
        before, kept = Record.read(sweep), history(sweep, number)
        assert len(kept) >= len(before.epochs[number])
        check_goes_on(sweep, number, kept)
        assert number in machines.head.trials()
        printed = end(driver)
        assert driver.returncode == 0, printed
    check_nothing_lost(before, sweep)


@pytest.mark.slow
def test_sweep_that_loses_the_head_ends_with_one_line_and_goes_on_elsewhere(
    tmp_path: Path,
) -> None:
    sweep = directory(tmp_path, "headless")
    with cluster(tmp_path / "first") as machines:
        driver = begin(tmp_path, machines, "--name", "headless", *LONG)
        until(lambda: well_on(sweep, machines.second) and well_on(sweep, machines.head))
        machines.head.kill()
        printed = end(driver, DEATH_S)
        assert driver.returncode == 2, printed
        told = [line for line in printed.splitlines() if line.startswith("error: ")]
        again = f"--resume headless --results {sweep.parents[1]} --address {machines.address}"
        assert len(told) == 1 and told[0].endswith(again)
    before = Record.read(sweep)
    kept = [history(sweep, number) for number in range(TRIALS)]
    with cluster(tmp_path / "other") as machines:
        driver = begin(tmp_path, machines, "--resume", "headless")
        for number, epochs in enumerate(kept):
            check_goes_on(sweep, number, epochs)
        printed = end(driver)
        assert driver.returncode == 0, printed
    check_nothing_lost(before, sweep)


@pytest.mark.slow
def test_driver_outside_the_cluster_comes_in_through_rays_client(tmp_path: Path) -> None:
    with cluster(tmp_path) as machines:
        address = f"ray://{machines.outside}"
        driver = begin(tmp_path, machines, "--name", "outside", *SHORT, address=address)
        seen = trained(machines, driver)
        printed = end(driver)
    assert driver.returncode == 0, printed
    assert all(seen.values())
    check_complete(directory(tmp_path, "outside"))

"""Joining a Ray cluster that somebody else started."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.observe import environment as environment_of
from tests.sweeps import run
from tune.ends import outcome
from tune.study import read_trials

RAY = Path(sys.executable).with_name("ray")
pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture
def address() -> Iterator[str]:
    """Start a cluster of one node on loopback; end it, and all its processes, after the test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [RAY, "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}"]
    command += ["--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as node:
        assert node.stdout is not None
        assert any("Ray runtime started" in line for line in node.stdout)
        yield f"127.0.0.1:{port}"
        os.killpg(node.pid, signal.SIGTERM)


def test_same_sweep_runs_on_a_cluster_that_is_there(tmp_path: Path, address: str) -> None:
    small = ["--set", "data/size=tiny", "--trials", "2", "--epochs", "2", "--name", "joined"]
    done = run(tmp_path, *small, "--address", address)
    assert done.returncode == 0, done.stderr
    trials = read_trials(tmp_path / "edc" / "joined" / "study.journal")
    assert [outcome(trial) for trial in trials] == ["complete"] * 2


def told_by_ray(results: Path, *arguments: str) -> dict[str, str]:
    """Run a sweep whose trials cost nothing; return what Ray logged, by the file's name."""
    with tempfile.TemporaryDirectory(prefix="ray-") as short:  # the path of a socket is limited
        environment = environment_of("costless") | {"RAY_TMPDIR": short}
        done = run(results, *arguments, workload="costless", environment=environment)
        logs = next(Path(short).glob("ray/session_2*/logs"))
        told = {path.name: path.read_text() for path in logs.glob("*.*")}
    assert done.returncode == 0, done.stderr
    return told


def test_trials_take_the_processes_that_ray_has_ready_and_ray_starts_no_others(
    tmp_path: Path,
) -> None:
    told = told_by_ray(tmp_path, "--trials", "2")
    cores = len(os.sched_getaffinity(0))
    assert 0 < told["raylet.out"].count("Started worker process") <= cores
    assert not {name for name in told if name.startswith(("monitor", "log_monitor", "dashboard."))}


def test_process_that_starts_is_waited_for_however_short_the_trials(tmp_path: Path) -> None:
    cores = len(os.sched_getaffinity(0))
    shares = ["--concurrent", str(4 * cores), "--cpus-per-trial", "0.25"]
    told = told_by_ray(tmp_path, "--trials", str(200 * cores), *shares)
    assert 4 * cores <= told["raylet.out"].count("Started worker process") <= 5 * cores


@pytest.mark.usefixtures("address")
def test_sweep_of_its_own_leaves_a_cluster_on_the_same_machine_alone(tmp_path: Path) -> None:
    small = ["--set", "data/size=tiny", "--trials", "1", "--epochs", "1"]
    done = run(tmp_path, *small, "--cpus-per-trial", "1")
    assert done.returncode == 0, done.stderr

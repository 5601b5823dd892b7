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


def test_trials_take_the_processes_that_ray_has_ready(tmp_path: Path) -> None:
    small = ["--set", "data/size=tiny", "--trials", "2", "--epochs", "1"]
    with tempfile.TemporaryDirectory(prefix="ray-") as short:  # the path of a socket is limited
        done = run(tmp_path, *small, environment={"RAY_TMPDIR": short})
        log = next(Path(short).glob("ray/session_2*/logs/raylet.out")).read_text()
    assert done.returncode == 0, done.stderr
    assert 0 < log.count("Started worker process") <= len(os.sched_getaffinity(0))


@pytest.mark.usefixtures("address")
def test_sweep_of_its_own_leaves_a_cluster_on_the_same_machine_alone(tmp_path: Path) -> None:
    small = ["--set", "data/size=tiny", "--trials", "1", "--epochs", "1"]
    done = run(tmp_path, *small, "--cpus-per-trial", "1")
    assert done.returncode == 0, done.stderr

"""What dashboards show of a running sweep: Optuna's its study, Prometheus its state."""

import dataclasses
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tune import workloads
from tune.cluster import connected, prepare
from tune.layout import Layout
from tune.study import Study
from tune.sweep import Sweep
from tune.workloads import Space

prepare()  # must come before Ray is imported
from tune import dashboards  # noqa: E402

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("optuna-dashboard")
PATIENCE_S = 200.0


def begun(directory: Path, space: Space) -> Sweep:
    """Begin a sweep in which one trial has ended and another runs."""
    place = Layout(directory / "toy" / "monday")
    place.directory.mkdir(parents=True)
    description = {"seed": 0, "fixed": {}, "budget": dataclasses.asdict(space.budget)}
    sweep = Sweep(place, Study(place.journal, space, 0, {}), description)
    for number, value in enumerate((0.5, 0.25)):
        sweep.next_trial()
        row = {"epoch": 1, "value": value, "objective": value, "best_epoch": 1, "seconds": 0.1}
        sweep.record_epoch(number, row)
    sweep.end_trial(0, "complete", "reached its last epoch")
    return sweep


@pytest.fixture
def sweep(tmp_path: Path, space: Space) -> Sweep:
    """Begin the sweep on the toy workload."""
    return begun(tmp_path, space)


def eventually(look: Callable[[], Any]) -> Any:
    """Return what ``look`` finds, as soon as it finds something."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if found := look():
                return found
        except URLError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"nothing after {PATIENCE_S:g} s")


def read(url: str) -> str:
    with urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


@pytest.fixture
def serve() -> Iterator[Callable[[str], str]]:
    """Return what runs a printed command on a free port and returns its address."""
    servers = []

    def begin(command: str) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        _, *arguments = shlex.split(command)
        servers.append(subprocess.Popen([PROGRAM, *arguments, "--port", str(port), "--quiet"]))
        return f"http://127.0.0.1:{port}"

    yield begin
    for server in servers:
        server.terminate()
        server.wait(timeout=10)


def studies(address: str) -> list[dict[str, Any]]:
    return list(json.loads(read(f"{address}/api/studies"))["study_summaries"])


def shown_trials(address: str) -> list[dict[str, Any]]:
    (study,) = studies(address)
    return list(json.loads(read(f"{address}/api/studies/{study['study_id']}"))["trials"])


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM.exists(), reason="needs the extra `dashboard`")
def test_optuna_dashboard_follows_a_study_and_leaves_it_alone(
    sweep: Sweep, serve: Callable[[str], str]
) -> None:
    address = serve(dashboards.optuna_command(sweep.layout))
    before = sweep.layout.journal.read_bytes()
    trials = eventually(lambda: shown_trials(address))
    assert [each["state"] for each in trials[:2]] == ["Complete", "Running"]
    assert [each["value"] for each in trials[1]["intermediate_values"]] == [0.25]
    assert sweep.layout.journal.read_bytes() == before
    sweep.end_trial(1, "pruned", "stopped by ASHA at epoch 1")
    assert eventually(lambda: shown_trials(address)[1]["state"] == "Pruned")


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM.exists(), reason="needs the extra `dashboard`")
def test_printed_command_serves_a_running_sweep(
    tmp_path: Path, serve: Callable[[str], str]
) -> None:
    small = ["--set", "data/size=tiny", "--trials", "30", "--name", "shown", "--concurrent", "1"]
    command = [sys.executable, "-m", "tune.run", "edc", *small, "--dashboard"]
    command += ["--results", str(tmp_path / "my results")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sweep:
        assert sweep.stdout is not None
        line = next(each for each in sweep.stdout if each.startswith("Optuna dashboard: "))
        address = serve(line.removeprefix("Optuna dashboard: "))
        running = eventually(lambda: [each for each in shown_trials(address) if told(each)])
        assert studies(address)[0]["study_name"] == "edc"
        assert running[0]["state"] == "Running"
        assert sweep.poll() is None
        sweep.send_signal(signal.SIGTERM)
        sweep.communicate(timeout=60)
        assert sweep.returncode == 143


def told(trial: dict[str, Any]) -> bool:
    return trial["state"] == "Running" and bool(trial["intermediate_values"])


def test_study_in_a_database_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://me@host:5432/studies"
    line = json.dumps({"url": url, "study": "edc/monday"})
    (tmp_path / "study.journal").write_text(line + "\n")
    command = dashboards.optuna_command(Layout(tmp_path))
    assert command.startswith("optuna-dashboard postgresql+psycopg://me@host:5432/studies")


def test_missing_dashboard_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dashboards, "find_spec", lambda _name: None)
    assert "pip install 'soundsweep[dashboard]'" in dashboards.optuna_command(Layout(tmp_path))


@pytest.mark.ray
@pytest.mark.slow
def test_prometheus_reads_the_state_of_a_sweep(tmp_path: Path) -> None:
    # In a process of its own: Ray reads its settings once, and this one may have imported it.
    with ProcessPoolExecutor(1, get_context("spawn")) as own:
        found = own.submit(exported, tmp_path).result()
    assert found["best_objective"] == 0.25
    assert found["epochs"] == 2
    counts = {"running": 1, "complete": 1, "pruned": 0, "failed": 0}
    assert {state: found[state] for state in counts} == counts


def exported(directory: Path) -> dict[str, float]:
    """Run Ray with the metrics of a sweep, and read them from its endpoint."""
    import ray

    os.environ |= {"RAY_metrics_report_interval_ms": "500"}
    sweep = begun(directory, workloads.space("edc"))
    with connected(None, {"CPU": 1, "GPU": 0}, dashboard=True):
        port = ray.nodes()[0]["MetricsExportPort"]
        gauges = dashboards.Gauges(sweep)

        def shown() -> dict[str, float]:
            gauges.on_trial_result()
            return values(read(f"http://127.0.0.1:{port}/metrics"))

        found: dict[str, float] = eventually(lambda: "best_objective" in (it := shown()) and it)
    return found


def values(text: str) -> dict[str, float]:
    """Return the metrics of the sweep; those of the trials by state."""
    found = {}
    for name, labels, value in re.findall(r"^ray_soundsweep_(\w+)\{(.*)\} (\S+)$", text, re.M):
        assert 'sweep="toy/monday"' in labels
        state = re.search(r'\bstate="(\w+)"', labels.lower())
        found[state[1] if state else name] = float(value)
    return found

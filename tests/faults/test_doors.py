"""Doors that stay shut: no code out of files, no sockets to the outside, no formulas in tables."""

import ast
import csv
import io
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from tests.test_architecture import SOURCES
from tests.tune.test_run import refused
from tune import cluster, layout, records
from tune.errors import UserError

ROOT = Path(__file__).parents[2]
SERIALISERS = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
#: Calls that may run what a file or a user gave, and what makes them harmless, if anything does.
CALLS: dict[str, tuple[str, object] | None] = {
    "torch.load": ("weights_only", True),
    "np.load": ("allow_pickle", False),
    "numpy.load": ("allow_pickle", False),
    "np.save": ("allow_pickle", False),
    "np.savez": ("allow_pickle", False),
    "eval": None,
    "exec": None,
    "compile": None,
    "__import__": None,
    "yaml.load": None,
    "yaml.unsafe_load": None,
    "yaml.full_load": None,
    "os.system": None,
    "os.popen": None,
    "pd.read_pickle": None,
}
pytestmark = pytest.mark.fault


def unsafe(tree: ast.AST) -> list[str]:
    """Name what could run code out of a file."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names if each.name in SERIALISERS]
        elif isinstance(node, ast.ImportFrom) and node.module in SERIALISERS:
            found += [f"{node.module}.{each.name}" for each in node.names]
        elif isinstance(node, ast.Call):
            name, given = ast.unparse(node.func), {each.arg: each.value for each in node.keywords}
            if name in CALLS and not _is_given(CALLS[name], given):
                found.append(name)
            if ast.unparse(given.get("shell", ast.Constant(False))) != "False":
                found.append("shell")
    return found


def _is_given(needed: tuple[str, object] | None, given: dict[str | None, ast.expr]) -> bool:
    value = given.get(needed[0]) if needed else None
    return isinstance(value, ast.Constant) and needed is not None and value.value is needed[1]


def test_no_file_is_read_by_what_could_run_code_out_of_it() -> None:
    found = {path.name: unsafe(ast.parse(path.read_text())) for path in SOURCES}
    what = {each for names in found.values() for each in names}
    assert what == {"pickle.UnpicklingError"}  # the error alone


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from dill import loads",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "yaml.load(text)",
        "eval(text)",
        "run(text, shell=True)",
    ],
)
def test_what_could_run_code_is_found(text: str) -> None:
    assert unsafe(ast.parse(text))


def test_tables_are_written_in_one_place_only() -> None:
    writers = {"csv.writer", "csv.DictWriter"}
    found = set()
    for path in SOURCES:
        calls = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
        ]
        names = {ast.unparse(node.func) for node in calls}
        if names & writers or any(name.endswith(".to_csv") for name in names):
            found.add(path.name)
    assert found == {"records.py"}


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=x", "\r=x", "\n=x"])
def test_column_or_cell_that_a_spreadsheet_would_run_is_text(text: str) -> None:
    rows = list(csv.reader(io.StringIO(records.csv_text([{text: text, "lr": -0.5, "n": -3}]))))
    harmless = f"'{text}".replace("\r", "\n")
    assert rows == [[harmless, "lr", "n"], [harmless, "-0.5", "-3"]]


@pytest.mark.parametrize("name", ["../monday", "..", "a/../b", "edc/..", "~", "$HOME", "a\0b"])
@pytest.mark.parametrize("option", ["--name", "--resume"])
def test_name_that_leads_elsewhere_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str, name: str
) -> None:
    line = refused(capsys, "edc", option, name, "--results", tmp_path / "results")
    assert "a sweep's name may hold" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", range(0, 10**6, 99_991))
def test_trial_lies_in_its_sweep(tmp_path: Path, number: int) -> None:
    place = layout.Layout(tmp_path)
    assert place.trial(number).resolve().parent == tmp_path.resolve() / "trials"


def test_trial_that_is_a_link_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "results" / "edc" / "monday"
    (directory / "trials").mkdir(parents=True)
    (directory / "study.journal").touch()
    (directory / "trials" / "00000").symlink_to(tmp_path)
    with pytest.raises(UserError, match="trials/00000 must lie in .* but is a link"):
        layout.find(tmp_path / "results", "edc", "monday")


def test_only_a_ray_of_our_own_is_told_to_stay_on_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    private: dict[str, str] = {}
    monkeypatch.setattr(os, "environ", private)
    cluster.prepare()
    assert private["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
    assert private["RAY_AUTH_MODE"] == "token"
    joining: dict[str, str] = {}
    monkeypatch.setattr(os, "environ", joining)
    cluster.prepare("127.0.0.1:6379")
    assert "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" not in joining


class Running(NamedTuple):
    """A sweep in a process of its own, with its dashboard."""

    process: psutil.Process
    dashboard: str

    def listening(self) -> list[tuple[str, str, int]]:
        """Return name, address and port of every socket on which somebody may call."""
        found = []
        for each in [self.process, *self.process.children(recursive=True)]:
            for socket in each.net_connections("inet"):
                if socket.status == psutil.CONN_LISTEN:
                    found.append((each.name(), *socket.laddr))
        return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    results = tmp_path_factory.mktemp("results")
    command = [
        sys.executable,
        "-m",
        "tune.run",
        "edc",
        "--results",
        str(results),
        "--name",
        "open",
    ]
    command += ["--set", "data/size=tiny", "--concurrent", "1", "--dashboard"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = (re.search(r"Ray dashboard: (http://\S+)", line) for line in process.stdout)
        dashboard = next(found[1] for found in said if found)
        rows = results / "edc" / "open" / "trials" / "00000" / "metrics.csv"
        while not rows.exists():
            assert process.poll() is None
            time.sleep(0.1)
        yield Running(psutil.Process(process.pid), dashboard)
        process.send_signal(signal.SIGINT)
        process.stdout.read()


@pytest.mark.ray
@pytest.mark.slow
def test_nothing_of_a_running_sweep_can_be_called_from_outside(running: Running) -> None:
    sockets = running.listening()
    assert any("gcs_server" in name for name, _, _ in sockets)
    assert [each for each in sockets if each[1].removeprefix("::ffff:") != "127.0.0.1"] == []


def status(address: str, **headers: str) -> int:
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            code: Any = answer.status
    except urllib.error.HTTPError as error:
        code = error.code
        error.close()
    return int(code)


@pytest.mark.ray
@pytest.mark.slow
def test_dashboard_refuses_a_call_without_the_token(running: Running) -> None:
    address = f"{running.dashboard}/api/jobs/"
    assert status(address) == 401
    assert status(address, Authorization="Bearer wrong") in (401, 403)


CALL = "import ray; ray.init(address={address!r}, _node_ip_address='127.0.0.1'); print('inside')"


@pytest.mark.ray
@pytest.mark.slow
def test_cluster_refuses_a_call_without_the_token(running: Running) -> None:
    gcs = next(port for name, _, port in running.listening() if "gcs_server" in name)
    program = CALL.format(address=f"127.0.0.1:{gcs}")
    environment = {key: value for key, value in os.environ.items() if key != "RAY_AUTH_TOKEN"}
    environment |= {"RAY_AUTH_MODE": "disabled", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode != 0
    assert "inside" not in done.stdout
    assert "auth" in done.stderr.lower()

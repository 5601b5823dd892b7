import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.observe import environment
from benchmarks.peers.syne_tune import acting, distributions
from benchmarks.peers.task import Task, train
from tune import workloads
from tune.workloads import Space


def task(path: Path, style: str = "ours", settings: str = "best") -> Task:
    return Task("costless", style, settings, 3, 2, 2, 0, {"model/x": 2.0}, path)


@pytest.mark.parametrize("style", ["ours", "original"])
def test_every_epoch_is_told_with_the_best_so_far(
    style: str, tmp_path: Path, costless: Space
) -> None:
    told = list(train(task(tmp_path, style), costless.baseline))
    assert told == [5.0, 5.0]  # x is fixed at 2
    lines = task(tmp_path).events.read_text().splitlines()
    assert [float(line.split()[1]) for line in lines] == told
    assert len(list(tmp_path.glob("*.pt"))) == (style == "original")


def test_peer_starts_from_our_points_only_if_told_of_them(tmp_path: Path) -> None:
    space = workloads.space("edc")
    told = Task("edc", "ours", "informed", 3, 2, 2, 0, {}, tmp_path)
    assert told.best
    assert told.points() == [space.baseline, *space.presets]
    for settings in ("plain", "best"):
        assert Task("edc", "ours", settings, 3, 2, 2, 0, {}, tmp_path).points() == []


def test_task_survives_as_plain_values(tmp_path: Path) -> None:
    assert Task.read(task(tmp_path).plain()) == task(tmp_path)


@pytest.mark.parametrize("name", ["edc", "emotion", "frequency_filter"])
def test_flat_space_holds_every_starting_point_and_only_what_acts_is_trained(name: str) -> None:
    space = workloads.space(name)
    flat = distributions(space)
    for point in (space.baseline, *space.presets):
        assert point.keys() <= flat.keys()
        anything = {key: _some(each) for key, each in flat.items()}
        assert acting(space, anything | point) == point


def _some(distribution: object) -> object:
    values = vars(distribution)
    return values["choices"][0] if "choices" in values else values["low"]


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["plain", "informed"])
@pytest.mark.parametrize(
    "peer",
    [
        "optuna_optimize",
        "syne_tune",
        pytest.param("ray_tune", marks=pytest.mark.ray),
    ],
)
def test_peer_runs_a_sweep(peer: str, settings: str, tmp_path: Path) -> None:
    if peer == "syne_tune":
        pytest.importorskip("syne_tune")
    command = [sys.executable, "-m", f"benchmarks.peers.{peer}", "costless", "--trials", "3"]
    command += ["--epochs", "2", "--settings", settings, "--directory", str(tmp_path)]
    done = subprocess.run(
        command,
        env=environment("costless"),
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len((tmp_path / "events.txt").read_text().splitlines()) >= 4

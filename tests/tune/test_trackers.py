"""Trials in TensorBoard and MLflow: under their names, with their parameters, each epoch once."""

import argparse
import dataclasses
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tune import run
from tune.cluster import prepare
from tune.errors import UserError
from tune.layout import Layout, check_contained
from tune.quiet import libraries_muted
from tune.study import Study
from tune.sweep import Sweep
from tune.workloads import Space

prepare()  # must come before Ray is imported
from ray.tune.logger import LoggerCallback  # noqa: E402

from tune import trackers, tracking  # noqa: E402

ROOT = Path(__file__).parents[2]
Open = Callable[[], Sweep]


@pytest.fixture(autouse=True)
def muted() -> Iterator[None]:
    with libraries_muted():  # as `tune.run` does
        yield


@pytest.fixture
def opened(tmp_path: Path, space: Space) -> Open:
    """Return what opens the same sweep, as a first or a later driver."""
    place = Layout(tmp_path / "toy" / "monday")
    place.directory.mkdir(parents=True)
    description = {"seed": 0, "fixed": {}, "budget": dataclasses.asdict(space.budget)}
    return lambda: Sweep(place, Study(place.journal, space, 0, {}), description)


def options(*arguments: str) -> argparse.Namespace:
    return run.parser().parse_args(["edc", *arguments])


def row(epoch: int) -> dict[str, float]:
    value = 1 / epoch
    told = {"epoch": epoch, "value": value, "objective": value, "best_epoch": epoch}
    return told | {"mse": value, "seconds": 0.1, "lr": 0.01}


class Driver:
    """What Ray would tell the trackers of one sweep."""

    def __init__(self, sweep: Sweep, *arguments: str) -> None:
        """Begin as ``tune.run`` does."""
        chosen = options(*arguments)
        trackers.check(chosen)
        self.sweep, self.trackers = sweep, list(trackers.chosen(chosen, sweep))
        for each in self.trackers:
            each.setup()

    def begin(self) -> Any:
        trial = SimpleNamespace(config=self.sweep.next_trial(), last_result={})
        self.again(trial)
        return trial

    def again(self, trial: Any) -> None:
        for each in self.trackers:
            each.on_trial_start(0, [], trial)

    def epochs(self, trial: Any, *epochs: int) -> None:
        for epoch in epochs:
            self.sweep.record_epoch(trial.config["number"], row(epoch))
            for each in self.trackers:
                each.on_trial_result(0, [], trial, {"row": row(epoch)})

    def end(self, trial: Any, outcome: str = "complete") -> None:
        trial.last_result = {"failed": "diverged"} if outcome == "failed" else {}
        self.sweep.end_trial(trial.config["number"], outcome, "for a test")
        for each in self.trackers:
            each.on_trial_complete(0, [], trial)

    def leave(self) -> None:
        for each in self.trackers:
            each.on_experiment_end([])


def disturbed(opened: Open, *arguments: str) -> Sweep:
    """Track two trials; the process of the first dies once, and the sweep is resumed in it."""
    first = Driver(opened(), *arguments)
    trial = first.begin()
    first.epochs(trial, 1, 2)
    first.again(trial)
    first.epochs(trial, 2)
    first.leave()
    second = Driver(opened(), *arguments)
    trial = second.begin()
    second.epochs(trial, 2, 3)
    second.end(trial)
    second.end(second.begin(), "failed")
    second.leave()
    return second.sweep


def test_tensorboard_shows_each_epoch_of_a_resumed_trial_once(opened: Open) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_multiplexer")
    sweep = disturbed(opened, "--tensorboard")
    shown = reader.EventMultiplexer().AddRunsFromDirectory(str(sweep.layout.directory)).Reload()
    assert sorted(shown.Runs()) == ["trials/00000", "trials/00001"]
    points = shown.Scalars("trials/00000", "objective")
    assert [(each.step, each.value) for each in points] == [
        (epoch, pytest.approx(1 / epoch)) for epoch in (1, 2, 3)
    ]
    assert len(shown.Scalars("trials/00000", "mse")) == 3


def test_tensorboard_knows_the_parameters(opened: Open) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata

    sweep = disturbed(opened, "--tensorboard")
    events = EventAccumulator(str(sweep.layout.trial(0))).Reload()
    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    told = metadata.parse_session_start_info_plugin_data(content).hparams
    assert told["optim/lr"].number_value == sweep.ended[0].params["optim/lr"]
    assert set(told) == set(sweep.ended[0].params)


def test_mlflow_continues_the_run_of_a_resumed_trial(opened: Open) -> None:
    mlflow = pytest.importorskip("mlflow")
    sweep = disturbed(opened, "--mlflow")
    runs = mlflow_runs(sweep.layout)
    assert [each.info.run_name for each in runs] == ["trial 0", "trial 1"]
    assert [each.info.status for each in runs] == ["FINISHED", "FAILED"]
    assert runs[0].data.params == {k: str(v) for k, v in sweep.ended[0].params.items()}
    from tune.mlflow_runs import store

    client = mlflow.MlflowClient(store(sweep.layout))
    history = client.get_metric_history(runs[0].info.run_id, "objective")
    assert [each.step for each in history] == [1, 2, 3]
    assert [each.value for each in history] == [1, 1 / 2, 1 / 3]


def test_mlflow_store_of_your_own_is_used(opened: Open, tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    uri = f"sqlite:///{tmp_path / 'mine.db'}"
    sweep = disturbed(opened, "--mlflow", uri)
    assert mlflow.MlflowClient(uri).get_experiment_by_name("toy/monday") is not None
    assert not (sweep.layout.directory / "mlflow.db").exists()


def test_mlflow_server_that_is_not_there_is_told_at_once() -> None:
    pytest.importorskip("mlflow")
    with pytest.raises(UserError, match=r"the MLflow store http://me@127.0.0.1:9 must answer"):
        trackers.check(options("--mlflow", "http://me:secret@127.0.0.1:9"))


def test_wandb_without_a_key_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    for variable in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NETRC", "/nowhere")
    with pytest.raises(UserError, match="run `wandb login`"):
        trackers.check(options("--wandb", "rooms"))


@pytest.mark.parametrize("asked", [["--tensorboard"], ["--mlflow"], ["--wandb", "rooms"]])
def test_missing_package_is_one_line_and_writes_nothing(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    asked: list[str],
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda _name: None)
    assert run.main(["edc", *asked, "--results", str(tmp_path / "results")]) == 2
    extra = asked[0].removeprefix("--")
    line = f"error: {asked[0]} needs a package: pip install 'soundsweep[{extra}]'\n"
    assert capsys.readouterr() == ("", line)
    assert not (tmp_path / "results").exists()


def test_folder_of_that_name_is_no_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(trackers.PACKAGES, "wandb", "soundsweep_folder")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    (tmp_path / "soundsweep_folder").mkdir()  # as the folder wandb/ that wandb leaves
    with pytest.raises(UserError, match="needs a package"):
        trackers.check_installed("wandb")


@pytest.mark.ray
@pytest.mark.slow
def test_whole_sweep_appears_in_every_tracker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_multiplexer")
    monkeypatch.setenv("WANDB_MODE", "offline")
    asked = ["--tensorboard", *(["--mlflow"] if find_spec("mlflow") else [])]
    asked += ["--wandb", "rooms"] if find_spec("wandb") else []
    small = ["--set", "data/size=tiny", "--trials", "2", "--epochs", "2", "--name", "shown"]
    command = [sys.executable, "-m", "tune.run", "edc", *small, *asked, "--results", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, timeout=240)
    place = Layout(tmp_path / "edc" / "shown")
    check_contained(place.directory, tmp_path)  # a resume does
    shown = reader.EventMultiplexer().AddRunsFromDirectory(str(place.directory)).Reload()
    for number in range(2):
        epochs = shown.Scalars(f"trials/{number:05d}", "objective")
        assert [each.step for each in epochs] == [1, 2]
    if "--mlflow" in asked:
        assert sorted(each.info.run_name for each in mlflow_runs(place)) == ["trial 0", "trial 1"]
    if "--wandb" in asked:
        contents = [path.read_bytes() for path in tmp_path.glob("wandb/offline-run-*/*.wandb")]
        assert len(contents) == 2
        for number in range(2):
            (content,) = (each for each in contents if b"trial %d" % number in each)
            assert b"optim/lr" in content
            assert b"edc_mae" in content


def mlflow_runs(place: Layout) -> list[Any]:
    from mlflow import MlflowClient

    from tune.mlflow_runs import store

    client = MlflowClient(store(place))
    experiment = client.get_experiment_by_name(tracking.name(place))
    return list(client.search_runs([experiment.experiment_id], order_by=["attributes.run_name"]))


class Broken(LoggerCallback):  # type: ignore[misc]  # Ray ships no types
    """A logger on a full disk."""

    def setup(self, *_: Any) -> None:
        self.calls = 0

    def log_trial_start(self, trial: tracking.Run) -> None:
        self.calls += 1
        raise OSError("No space left on http://me:secret@host")


def test_tracker_that_fails_is_given_up_and_the_sweep_goes_on(
    opened: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = Driver(opened())
    driver.trackers = [tracking.Tracker("--mlflow", Broken(), driver.sweep, (OSError,))]
    driver.trackers[0].setup()
    trial = driver.begin()
    driver.epochs(trial, 1, 2)
    driver.end(trial)
    driver.begin()
    driver.leave()
    assert driver.trackers[0].logger.calls == 1
    line = (
        "warning: --mlflow fails (No space left on http://me@host); the sweep goes on without it\n"
    )
    assert capsys.readouterr().err == line

"""Bad input: one clear line, exit code 2, nothing written."""

import json
import os
from pathlib import Path

import pytest

from search_spaces.edc import BUDGET
from tune import run
from tune.lock import driver_lock

TINY = ["--set", "data/size=tiny"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run the command; return its one line of error."""
    try:
        code: object = run.main([str(argument) for argument in arguments])
    except SystemExit as error:
        code = error.code
    assert code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")
    return captured.err


def sweep(results: Path, name: str = "monday", **changes: object) -> Path:
    """Write the directory of a sweep that has begun."""
    directory = results / "edc" / name
    directory.mkdir(parents=True)
    (directory / "study.journal").touch()
    budget = {"trials": BUDGET.trials, "epochs": BUDGET.epochs, "patience": 40}
    data = {"fingerprint": "of other data"}
    description = {"budget": budget, "seed": 0, "root": None, "data": data}
    description |= {"fixed": {"data/size": "tiny"}} | changes
    (directory / "sweep.json").write_text(json.dumps(description))
    return directory


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["edk"], "workload must be one of edc"),
        (["edc", "--trials", "0"], "argument --trials: must be a whole number of at least 1"),
        (["edc", "--patience", "0"], "argument --patience: must be a whole number of at least 1"),
        (["edc", "--epochs", "x"], "argument --epochs: must be a whole number"),
        (["edc", "--gpus-per-trial", "0.3"], "--gpus-per-trial 0.3 needs a GPU"),
        (["edc", "--cpus-per-trial", "9999"], "--cpus-per-trial 9999 must be at most"),
        (["edc", "--name", "a/b"], "a sweep's name may hold"),
        (["edc", "--name", ".."], "a sweep's name may hold"),
        (["edc", "--data", "nowhere"], "nowhere"),
        (["edc", "--address", "127.0.0.1:1"], "there must be a Ray cluster at 127.0.0.1:1"),
        (["edc", "--address", "head"], "--address must be auto, host:port or ray://host:port"),
        (["edc", "--resume", "nothing"], "there is no sweep nothing of edc"),
        (["edc", "--resume"], "there is no unfinished sweep of edc"),
        (["edc", "--trails", "3"], "unrecognized arguments: --trails 3"),
        (["edc", "--set", "modle/head=linear"], "must begin with one of model, forward"),
        (["edc", "--set", "data/sise=tiny"], "--set data/sise must name one of size"),
        (["edc", "--set", "model/fc_hidden=-1"], "must stay inside the search space"),
        (["edc", "--set", "optim/lr=7"], "must stay inside the search space"),
        (["edc", "--folds", "1"], "argument --folds: must be a whole number of at least 2"),
        (["edc", *TINY, "--folds", "9"], "9 folds need at least 9 groups"),
        (["edc", "--sampler", "bayes"], "invalid choice: 'bayes' (choose from"),
        (["edc", "--time-budget", "3"], "must be a number followed by s, m or h"),
    ],
)
def test_bad_request_is_one_line_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    results = tmp_path / "results"
    assert message in refused(capsys, *arguments, "--results", results)
    assert not results.exists()


def test_empty_data_directory_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "rooms").mkdir()
    line = refused(capsys, "edc", "--data", tmp_path / "rooms", "--results", tmp_path / "results")
    assert "rooms" in line
    assert not (tmp_path / "results").exists()


def test_existing_name_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sweep(tmp_path)
    line = refused(capsys, "edc", "--name", "monday", "--results", tmp_path)
    assert "exists already" in line
    assert "--resume monday" in line


def test_resuming_on_other_data_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sweep(tmp_path)
    line = refused(capsys, "edc", "--resume", "monday", "--results", tmp_path)
    assert "the data of sweep monday must not change" in line


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--seed", "5"),
        ("--epochs", "3"),
        ("--patience", "3"),
        ("--set data/size", "data/size=fast"),
        ("--set data/split", "data/split=random"),
        ("--data", "."),
        ("--folds", "3"),
        ("--sampler", "grid"),
    ],
)
def test_resuming_with_other_settings_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str, value: str
) -> None:
    sweep(tmp_path)
    asked = ("--resume", "monday", option.split()[0], value)
    line = refused(capsys, "edc", *asked, "--results", tmp_path)
    assert f"{option} of a sweep cannot change" in line


def test_sweep_of_another_workload_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "melody" / "monday").mkdir(parents=True)
    (tmp_path / "melody" / "monday" / "study.journal").touch()
    line = refused(capsys, "edc", "--resume", "monday", "--results", tmp_path)
    assert "it was made for melody" in line


def test_broken_description_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (sweep(tmp_path) / "sweep.json").write_text('{"half')
    line = refused(capsys, "edc", "--resume", "monday", "--results", tmp_path)
    assert "sweep.json must be JSON" in line


def test_second_driver_is_told_of_the_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from datasets import edc

    fingerprint = edc.load(None, size="tiny").record["fingerprint"]
    directory = sweep(tmp_path, data={"fingerprint": fingerprint})
    with driver_lock(directory):
        line = refused(capsys, "edc", "--resume", "monday", "--results", tmp_path)
    assert f"process {os.getpid()}" in line


def test_results_that_cannot_be_written_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "edc", *TINY, "--results", "/sys/soundsweep")  # not even by root
    assert "must be writable" in line


def test_results_that_cannot_be_made_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "results").touch()
    line = refused(capsys, "edc", *TINY, "--results", tmp_path / "results")
    assert "is a file" in line

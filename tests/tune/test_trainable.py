"""The trial process, driven as Ray drives it, without Ray."""

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from datasets.contract import Data
from tune import checkpoints, workloads
from tune.data import folded
from tune.trainable import TrialTrainable, device_name
from tune.workloads import Workload

JOB = {"workload": "toy", "root": None, "epochs": 5, "patience": 15, "threads": 1}


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, workload: Workload, data: Data) -> Iterator[Workload]:
    """Let the trial find the toy workload by name."""
    monkeypatch.setattr(workloads, "get", lambda _name: workload)
    monkeypatch.setattr("tune.trainable.data.load_folds", lambda *_: [data])
    threads = torch.get_num_threads()
    yield workload
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)


def trial(directory: Path, recorded: int = 0, **params: object) -> dict[str, Any]:
    known = {"optim/lr": 0.01, "train/batch_size": 8} | params
    trial = {"number": 3, "seed": 11, "recorded": recorded, "directory": str(directory)}
    return trial | {"params": known, "job": JOB}


def process(config: dict[str, Any]) -> TrialTrainable:
    trainable = TrialTrainable.__new__(TrialTrainable)
    trainable.setup(config)
    return trainable


def until_done(trainable: TrialTrainable) -> list[dict[str, Any]]:
    results = []
    while not results or not results[-1]["done"]:
        results.append(trainable.step())
    return results


def values(results: list[dict[str, Any]]) -> list[tuple[int, float]]:
    return [(result["epoch"], result["row"]["value"]) for result in results]


def test_trial_reports_every_epoch_and_why_it_ended(tmp_path: Path) -> None:
    results = until_done(process(trial(tmp_path)))
    assert [result["epoch"] for result in results] == [1, 2, 3, 4, 5]
    assert results[-1]["ended"] == "reached its last epoch"
    assert {result["device"] for result in results} == {device_name()}


@pytest.mark.parametrize("recorded", [0, 1, 2, 3])
def test_new_process_continues_and_tells_again_what_the_study_missed(
    tmp_path: Path, recorded: int
) -> None:
    whole = values(until_done(process(trial(tmp_path / "whole"))))
    killed = process(trial(tmp_path / "killed"))
    for _ in range(3):
        killed.step()
    results = until_done(process(trial(tmp_path / "killed", recorded)))
    assert values(results) == whole[max(recorded - 1, 0) :]


def test_checkpoint_behind_the_study_trains_the_missing_epoch_again(tmp_path: Path) -> None:
    whole = values(until_done(process(trial(tmp_path / "whole"))))
    killed = process(trial(tmp_path / "killed"))
    for _ in range(2):
        killed.step()
    assert values(until_done(process(trial(tmp_path / "killed", 3)))) == whole[2:]


def test_best_checkpoint_holds_the_weights_of_the_best_epoch(
    tmp_path: Path, toy: Workload, data: Data
) -> None:
    results = until_done(process(trial(tmp_path, **{"optim/lr": 0.3})))
    best = checkpoints.load(tmp_path / "best.pt")
    model = toy.build(**best["build"])
    model.load_state_dict(best["model"])
    batch = data.validation.batch(torch.arange(len(data.validation)))
    with torch.inference_mode():
        value = toy.metrics(model.eval()(batch["inputs"]), batch, 0.0)["mse"]
    assert value == pytest.approx(results[-1]["objective"])
    assert best["objective"] == min(result["row"]["value"] for result in results)


def test_process_takes_the_next_trial_as_if_it_were_new(tmp_path: Path) -> None:
    fresh = values(until_done(process(trial(tmp_path / "fresh"))))
    reused = process(trial(tmp_path / "other", **{"optim/lr": 0.1}))
    reused.step()
    assert reused.reset_config(trial(tmp_path / "reused"))
    assert values(until_done(reused)) == fresh


def test_diverging_trial_is_a_result_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Workload
) -> None:
    broken = dataclasses.replace(toy, metrics=lambda _output, _batch: {"mse": math.nan})
    monkeypatch.setattr(workloads, "get", lambda _name: broken)
    assert process(trial(tmp_path)).step() == {"failed": "mse is nan", "done": True}


def test_raising_trial_is_a_result_and_leaves_its_traceback(tmp_path: Path) -> None:
    result = process(trial(tmp_path, **{"model/hiden": 3})).step()
    assert result["done"]
    assert "unexpected keyword argument 'hiden'" in result["failed"]
    assert "Traceback" in (tmp_path / "error.txt").read_text()


def test_killed_while_writing_leaves_the_previous_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = process(trial(tmp_path))
    running.step()
    before = (tmp_path / "last.pt").read_bytes()

    def cut(state: object, file: Any) -> None:
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", cut)
    with pytest.raises(KeyboardInterrupt):
        running.step()
    assert (tmp_path / "last.pt").read_bytes() == before


def test_trial_over_folds_continues_and_keeps_every_folds_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Data
) -> None:
    monkeypatch.setattr("tune.trainable.data.load_folds", lambda *_: folded(data, 3))
    whole = values(until_done(process(trial(tmp_path / "whole"))))
    killed = process(trial(tmp_path / "killed"))
    for _ in range(3):
        killed.step()
    assert values(until_done(process(trial(tmp_path / "killed", 3)))) == whole[2:]
    best = checkpoints.load(tmp_path / "killed" / "best.pt")
    assert len(best["folds"]) == 3
    assert all(torch.equal(best["model"][name], best["folds"][0][name]) for name in best["model"])


def test_machine_that_does_not_see_the_results_ends_the_sweep(tmp_path: Path) -> None:
    result = process(trial(tmp_path / "trials" / "00003")).step()
    assert "trials/00003 must be there on every machine" in result["unwritable"]
    assert not (tmp_path / "trials").exists()

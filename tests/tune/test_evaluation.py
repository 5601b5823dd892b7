import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from datasets.contract import Data, Part
from search_spaces.contract import Budget
from tune import evaluation, workloads
from tune.evaluation import Retraining, score, train
from tune.training import Plan, Training
from tune.workloads import Workload

CONFIG = {"optim/lr": 0.3, "train/batch_size": 8}


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, workload: Workload, data: Data) -> Iterator[Workload]:
    test = Part(data.train.columns, torch.arange(5))
    known = dataclasses.replace(workload, load_test=lambda _root: test)
    monkeypatch.setattr(workloads, "get", lambda _name: known)
    monkeypatch.setattr(evaluation.data, "load", lambda *_: data)
    yield known
    torch.set_flush_denormal(False)


def job(directory: Path, seed: int = 1) -> Retraining:
    return Retraining("toy", None, CONFIG, Budget(trials=1, epochs=6), seed, directory)


def test_score_is_that_of_the_best_epoch_by_validation(
    tmp_path: Path, toy: Workload, data: Data
) -> None:
    result = score(job(tmp_path))
    training = Training(toy, CONFIG, data, Plan(epochs=6, seed=1))
    weights = train(training)
    assert result["objective"] == min(row["value"] for row in training.history)
    training.model.load_state_dict(weights)
    expected = training.evaluate(Part(data.train.columns, torch.arange(5)))
    assert result["test"] == expected
    assert json.loads((tmp_path / "score.json").read_text()) == result


def test_same_seed_scores_alike_and_another_does_not(tmp_path: Path) -> None:
    first, again, other = (score(job(tmp_path / str(n), seed)) for n, seed in enumerate((1, 1, 2)))
    assert first == again
    assert first != other


def test_training_that_fails_is_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Workload
) -> None:
    broken = dataclasses.replace(toy, metrics=lambda _output, _batch: {"mse": math.nan})
    monkeypatch.setattr(workloads, "get", lambda _name: broken)
    assert score(job(tmp_path)) == {"failed": "mse is nan"}

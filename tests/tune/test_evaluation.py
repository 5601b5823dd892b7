import csv
import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.contract import Data, Part
from search_spaces.contract import Budget
from tune import checkpoints, evaluation, workloads
from tune.data import folded
from tune.evaluation import Retraining, finished, on_training_rows, score, train
from tune.training import Plan, Training
from tune.workloads import Workload

CONFIG = {"optim/lr": 0.3, "train/batch_size": 8}


@pytest.fixture
def test_part(data: Data) -> Part:
    ids = [f"clip-{number}" for number in range(50)]
    return Part(data.train.columns, torch.arange(3, 8), ids)


@pytest.fixture(autouse=True)
def toy(
    monkeypatch: pytest.MonkeyPatch, workload: Workload, data: Data, test_part: Part
) -> Iterator[Workload]:
    known = dataclasses.replace(workload, load_test=lambda _root: test_part)
    monkeypatch.setattr(workloads, "get", lambda _name: known)
    monkeypatch.setattr(
        evaluation.data,
        "load_folds",
        lambda _name, _root, config: folded(data, config.get("train/folds", 1)),
    )
    yield known
    torch.set_flush_denormal(False)


def job(directory: Path, seed: int = 1) -> Retraining:
    return Retraining("toy", None, CONFIG, Budget(trials=1, epochs=6), seed, "toy", directory)


def test_score_is_that_of_the_best_epoch_by_validation(
    tmp_path: Path, toy: Workload, data: Data, test_part: Part
) -> None:
    result = score(job(tmp_path))
    training = Training(toy, CONFIG, data, Plan(epochs=6, seed=1))
    weights = train(training)["model"]
    assert result["objective"] == min(row["value"] for row in training.history)
    training.model.load_state_dict(weights)
    assert result["metrics"] == pytest.approx(training.evaluate(test_part), rel=1e-12)
    assert json.loads((tmp_path / "metadata.json").read_text()) == result
    kept = checkpoints.load(tmp_path / result["best_model_path"])
    assert all(torch.equal(value, kept["model"][name]) for name, value in weights.items())


def test_run_folder_holds_everything_about_the_run(tmp_path: Path, test_part: Part) -> None:
    result = score(job(tmp_path))
    targets = np.load(tmp_path / "targets.npy")
    assert np.array_equal(targets, test_part.columns["target"][test_part.rows].numpy())
    assert np.load(tmp_path / "predictions.npy").dtype == np.float32
    names = (tmp_path / "test_ids.txt").read_text().splitlines()
    assert names == [f"clip-{number}" for number in range(3, 8)]
    with (tmp_path / "history.csv").open() as file:
        epochs = len(list(csv.DictReader(file)))
    assert result["training_config"]["actual_epochs"] == epochs == 6
    assert result["training_config"]["batch_size"] == 8
    sizes = result["data_config"]
    assert [sizes[f"{part}_size"] for part in ("train", "val", "test")] == [40, 10, 5]
    assert sizes["num_samples"] == 55
    assert result["early_stopping_config"]["stopped_at_epoch"] is None
    assert result["model_parameters"] == {"total": 21, "trainable": 21}
    assert result["facts"] == {"offset": 0.0}


def trained(toy: Workload, data: Data) -> tuple[Training, float]:
    """Train one epoch; return the objective on validation as well."""
    training = Training(toy, CONFIG, data, Plan(epochs=6, seed=1))
    return training, training.epoch()["value"]


def test_training_rows_score_as_validation_that_shows_the_same(toy: Workload, data: Data) -> None:
    training, reached = trained(toy, dataclasses.replace(data, validation=data.train))
    assert on_training_rows([training])["mse"] == pytest.approx(reached)


def test_training_rows_are_not_those_of_validation(toy: Workload, data: Data) -> None:
    columns = data.train.columns
    harder = {**columns, "target": columns["target"] + 100.0}
    validation = Part(harder, data.train.rows)
    training, reached = trained(toy, dataclasses.replace(data, validation=validation))
    assert reached > 1e3
    assert on_training_rows([training])["mse"] == pytest.approx(
        training.evaluate(data.train)["mse"]
    )


def test_gap_is_the_objective_on_training_rows_less_that_on_validation(tmp_path: Path) -> None:
    result = score(job(tmp_path))
    assert result["gap"] == pytest.approx(result["metrics_train"]["mse"] - result["objective"])


def test_gap_of_folds_is_that_of_their_means(tmp_path: Path, toy: Workload, data: Data) -> None:
    config = CONFIG | {"train/folds": 2}
    result = score(dataclasses.replace(job(tmp_path), config=config))
    kept = checkpoints.load(tmp_path / "checkpoints" / "best.pt")["folds"]
    shown = []
    for weights, part in zip(kept, folded(data, 2), strict=True):
        training = Training(toy, CONFIG, part, Plan(epochs=6, seed=1))
        training.model.load_state_dict(weights)
        shown.append(training.evaluate(part.train)["mse"])
    assert result["gap"] == pytest.approx(sum(shown) / 2 - result["objective"])


def test_same_seed_scores_alike_and_another_does_not(tmp_path: Path) -> None:
    runs = [score(job(tmp_path / str(n), seed)) for n, seed in enumerate((1, 1, 2))]
    first, again, other = (run["metrics"] for run in runs)
    assert first == again
    assert first != other


def test_finished_training_is_not_taken_for_another(tmp_path: Path) -> None:
    done = job(tmp_path)
    assert finished(done) is None
    result = score(done)
    assert finished(done) == result
    for name, value in (("fingerprint", "other"), ("seed", 2), ("config", {"optim/lr": 0.1})):
        assert finished(dataclasses.replace(done, **{name: value})) is None
    (tmp_path / "metadata.json").write_text("{")
    assert finished(done) is None


def test_training_that_fails_is_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Workload
) -> None:
    broken = dataclasses.replace(toy, metrics=lambda _output, _batch: {"mse": math.nan})
    monkeypatch.setattr(workloads, "get", lambda _name: broken)
    result = score(job(tmp_path))
    assert result["failed"] == "mse is nan"
    assert finished(job(tmp_path)) == result


def test_folds_are_scored_as_their_ensemble(tmp_path: Path, toy: Workload, data: Data) -> None:
    config = CONFIG | {"train/folds": 2}
    result = score(dataclasses.replace(job(tmp_path), config=config))
    kept = checkpoints.load(tmp_path / "checkpoints" / "best.pt")
    assert len(kept["folds"]) == 2
    test = toy.load_test(None).batch(torch.arange(5))
    outputs = []
    for weights in kept["folds"]:
        model = toy.build()
        model.load_state_dict(weights)
        outputs.append(model.eval()(test["inputs"]).detach())
    expected = float((sum(outputs) / 2 - test["target"]).square().mean())
    assert result["metrics"]["mse"] == pytest.approx(expected, rel=1e-5)

"""k-fold cross-validation: how the rows are dealt, and a training over all folds."""

import dataclasses
import io
import math
from statistics import fmean, stdev

import pytest
import torch
from torch import Tensor

from datasets.contract import Batch, Data, DataFormatError
from tune.data import folded
from tune.errors import TrialFailure
from tune.folds import FoldedTraining, begin
from tune.training import Plan, Training
from tune.workloads import Workload

CONFIG = {"model/hidden": 4, "forward/dropout": 0.2, "train/batch_size": 8, "optim/lr": 0.01}
FOLDS = 5


def training(workload: Workload, data: Data, epochs: int = 6) -> FoldedTraining:
    made = begin(workload, CONFIG, folded(data, FOLDS), Plan(epochs, seed=3))
    assert isinstance(made, FoldedTraining)
    return made


def without_time(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_every_known_row_is_validation_once_and_training_otherwise(data: Data) -> None:
    narrow = dataclasses.replace(data.validation, rows=data.validation.rows[:5])  # 5 rows of test
    parts = folded(dataclasses.replace(data, validation=narrow), FOLDS)
    assert [len(part.validation) for part in parts] == [9] * FOLDS
    validated = torch.cat([part.validation.rows for part in parts])
    assert sorted(validated.tolist()) == list(range(45))
    for part in parts:
        assert sorted([*part.train.rows.tolist(), *part.validation.rows.tolist()]) == [*range(45)]
        assert part.record["folds"] == [9] * FOLDS
        assert part.train.columns is data.train.columns


def test_folds_are_equal_in_all_trials(data: Data) -> None:
    for part, again in zip(folded(data, FOLDS), folded(data, FOLDS), strict=True):
        assert torch.equal(part.train.rows, again.train.rows)
        assert torch.equal(part.validation.rows, again.validation.rows)


def test_no_group_lies_on_two_sides_and_rows_without_one_on_neither(data: Data) -> None:
    groups = torch.arange(50) // 4 - 1
    for part in folded(dataclasses.replace(data, groups=groups), FOLDS):
        sides = [set(groups[each.rows].tolist()) for each in (part.train, part.validation)]
        assert not sides[0] & sides[1]
        assert set.union(*sides) == set(range(12))


def test_facts_are_fitted_on_the_training_rows_of_each_fold(data: Data) -> None:
    def fit(rows: Tensor) -> dict[str, Tensor]:
        return {"mean": data.train.columns["inputs"][rows].mean(0)}

    parts = folded(dataclasses.replace(data, facts={"mean": None, "offset": 0.0}, fit=fit), FOLDS)
    for part in parts:
        assert torch.equal(part.facts["mean"], fit(part.train.rows)["mean"])
        assert part.facts["offset"] == 0.0
    assert not torch.equal(parts[0].facts["mean"], parts[1].facts["mean"])


def test_one_fold_leaves_the_data_as_they_are(workload: Workload, data: Data) -> None:
    assert folded(data, 1) == [data]
    assert isinstance(begin(workload, CONFIG, [data], Plan(1, 0)), Training)


def test_split_whose_test_rows_rank_the_trials_has_no_folds(data: Data) -> None:
    published = dataclasses.replace(data, record={"no_test_split": True})
    with pytest.raises(DataFormatError, match="5 folds need a split with a test part"):
        folded(published, FOLDS)


@pytest.mark.parametrize("folds", [1, FOLDS])
def test_epochs_that_gain_less_than_min_delta_do_not_count(
    workload: Workload, data: Data, folds: int
) -> None:
    config = CONFIG | {"train/min_delta": 0.9}
    trained = begin(workload, config, folded(data, folds), Plan(20, seed=3, patience=3))
    while trained.ended is None:
        trained.epoch()
    assert trained.history[-1]["objective"] > 0.1 * trained.history[0]["objective"]
    assert trained.ended == "stopped improving 3 epochs ago"
    assert len(trained.history) == 4


def test_metrics_are_means_over_folds_trained_as_if_each_were_alone(
    workload: Workload, data: Data
) -> None:
    row = training(workload, data).epoch()
    alone = [Training(workload, CONFIG, part, Plan(6, seed=3)) for part in folded(data, FOLDS)]
    values = [each.epoch()["mse"] for each in alone]
    assert row["mse"] == row["value"] == row["objective"] == fmean(values)
    assert row["value_sd"] == stdev(values)
    assert [row[f"value_fold_{number}"] for number in range(FOLDS)] == values


def test_metric_undefined_in_one_fold_is_the_mean_of_the_others(
    workload: Workload, data: Data
) -> None:
    calls = iter([0.1, math.nan, 0.3, 0.2, 0.2])

    def metrics(_output: Tensor, _batch: Batch) -> dict[str, float]:
        return {"mse": 1.0, "r": next(calls)}

    row = training(dataclasses.replace(workload, metrics=metrics), data).epoch()
    assert row["r"] == pytest.approx(0.2)


def test_interrupted_training_over_folds_equals_an_uninterrupted_one_bit_for_bit(
    workload: Workload, data: Data
) -> None:
    whole, first, second = (training(workload, data) for _ in range(3))
    while whole.ended is None:
        whole.epoch()
    for _ in range(2):
        first.epoch()
    buffer = io.BytesIO()
    torch.save(first.state_dict(), buffer)
    buffer.seek(0)
    torch.manual_seed(999)  # whatever else the process drew
    second.load_state_dict(torch.load(buffer, weights_only=True))
    while second.ended is None:
        second.epoch()
    assert without_time(second.history) == without_time(whole.history)
    for ours, theirs in zip(second.weights()["folds"], whole.weights()["folds"], strict=True):
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_patience_is_that_of_the_mean(workload: Workload, data: Data) -> None:
    flat = dataclasses.replace(workload, metrics=lambda _output, _batch: {"mse": 1.0})
    made = begin(flat, CONFIG, folded(data, FOLDS), Plan(epochs=9, seed=0, patience=3))
    while made.ended is None:
        made.epoch()
    assert made.ended == "stopped improving 3 epochs ago"
    assert len(made.history) == 4


def test_failing_fold_is_named(workload: Workload, data: Data) -> None:
    calls = iter([1.0, 1.0, math.nan])
    broken = dataclasses.replace(workload, metrics=lambda _output, _batch: {"mse": next(calls)})
    with pytest.raises(TrialFailure, match=r"mse is nan \(fold 2\)"):
        training(broken, data).epoch()

import dataclasses
import functools
import io
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.contract import Batch, Data
from tune.errors import TrialFailure
from tune.training import DIVERGED, Plan, Training
from tune.workloads import Workload

CONFIG = {"model/hidden": 4, "forward/dropout": 0.2, "train/batch_size": 8, "optim/lr": 0.01}
SCHEDULES = [
    {"schedule/kind": "none"},
    {"schedule/kind": "cosine"},
    {"schedule/kind": "onecycle", "schedule/peak": 2.0},
    {"schedule/kind": "plateau", "schedule/patience": 1},
    {"schedule/kind": "step", "schedule/every": 2},
]


def without_time(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    loaded: dict[str, Any] = torch.load(buffer, weights_only=True)
    return loaded


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule["schedule/kind"])
def test_interrupted_training_equals_an_uninterrupted_one_bit_for_bit(
    workload: Workload, data: Data, schedule: dict[str, Any]
) -> None:
    config, plan = CONFIG | schedule, Plan(epochs=6, seed=3)
    whole = Training(workload, config, data, plan)
    for _ in range(6):
        whole.epoch()
    first = Training(workload, config, data, plan)
    for _ in range(2):
        first.epoch()
    torch.manual_seed(999)  # whatever else the process drew
    second = Training(workload, config, data, plan)
    second.load_state_dict(through_a_file(first.state_dict()))
    for _ in range(4):
        second.epoch()
    assert without_time(second.history) == without_time(whole.history)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name])


def test_training_leaves_the_global_generator_alone(workload: Workload, data: Data) -> None:
    before = torch.get_rng_state()
    Training(workload, CONFIG, data, Plan(epochs=1, seed=0)).epoch()
    assert torch.equal(before, torch.get_rng_state())


def test_other_seeds_give_other_values(workload: Workload, data: Data) -> None:
    values = [Training(workload, CONFIG, data, Plan(1, seed)).epoch()["value"] for seed in (1, 2)]
    assert values[0] != values[1]


def test_objective_is_the_best_so_far_and_names_its_epoch(workload: Workload, data: Data) -> None:
    training = Training(workload, CONFIG | {"optim/lr": 0.1}, data, Plan(epochs=9, seed=0))
    while training.ended is None:
        row = training.epoch()
        best = min(training.history, key=lambda row: row["value"])
        assert row["objective"] == best["value"]
        assert row["best_epoch"] == best["epoch"]
        assert training.improved == (best["epoch"] == row["epoch"])
    assert training.ended == "reached its last epoch"


def test_objective_ignores_the_weights_of_the_loss(workload: Workload, data: Data) -> None:
    def evaluate(weight: float) -> dict[str, float]:
        config = CONFIG | {"loss/weight": weight}
        return Training(workload, config, data, Plan(1, 0)).evaluate(data.validation)

    assert evaluate(1.0) == evaluate(100.0)


def failing_from_batch(count: int, value: float) -> Callable[..., Tensor]:
    """Return a loss that gives ``value`` from its call number ``count`` on."""
    calls = 0

    def loss(output: Tensor, batch: Batch) -> Tensor:
        nonlocal calls
        calls += 1
        good = (output - batch["target"]).square().mean(1)
        return good if calls <= count else good * value

    return loss


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_loss_that_stays_non_finite_ends_the_trial_in_that_epoch(
    workload: Workload, data: Data, value: float
) -> None:
    broken = dataclasses.replace(workload, loss=failing_from_batch(5, value))
    training = Training(broken, CONFIG, data, Plan(epochs=9, seed=0))
    training.epoch()
    with pytest.raises(TrialFailure, match="not finite in epoch 2"):
        training.epoch()


def test_single_non_finite_step_is_skipped_and_counted(workload: Workload, data: Data) -> None:
    calls = 0

    def loss(output: Tensor, batch: Batch) -> Tensor:
        nonlocal calls
        calls += 1
        return (output - batch["target"]).square().mean(1) * (math.nan if calls == 2 else 1.0)

    training = Training(dataclasses.replace(workload, loss=loss), CONFIG, data, Plan(2, 0))
    row = training.epoch()
    assert row["skipped_steps"] == 1
    assert math.isfinite(row["train_loss"])


def test_row_tells_the_size_of_the_model_and_what_of_it_is_trained(
    workload: Workload, data: Data
) -> None:
    @functools.wraps(workload.build)
    def frozen(**arguments: Any) -> torch.nn.Module:
        model = workload.build(**arguments)
        next(model.parameters()).requires_grad_(False)
        return model

    training = Training(dataclasses.replace(workload, build=frozen), CONFIG, data, Plan(1, 0))
    row, sizes = training.epoch(), [value.numel() for value in training.model.parameters()]
    assert row["parameters"] == sum(sizes)
    assert row["trainable_parameters"] == sum(sizes[1:])


def test_diverging_loss_ends_the_trial(workload: Workload, data: Data) -> None:
    broken = dataclasses.replace(workload, loss=failing_from_batch(5, 10 * DIVERGED))
    training = Training(broken, CONFIG | {"optim/lr": 1e-4}, data, Plan(epochs=9, seed=0))
    training.epoch()
    with pytest.raises(TrialFailure, match="loss diverged from .* in epoch 2"):
        training.epoch()


def test_non_finite_metric_ends_the_trial(workload: Workload, data: Data) -> None:
    broken = dataclasses.replace(workload, metrics=lambda _output, _batch: {"mse": math.nan})
    with pytest.raises(TrialFailure, match="mse is nan"):
        Training(broken, CONFIG, data, Plan(2, 0)).epoch()


def test_patience_ends_a_training_that_stopped_improving(workload: Workload, data: Data) -> None:
    flat = dataclasses.replace(workload, metrics=lambda _output, _batch: {"mse": 1.0})
    training = Training(flat, CONFIG, data, Plan(epochs=9, seed=0, patience=3))
    while training.ended is None:
        training.epoch()
    assert len(training.history) == 4
    assert training.ended == "stopped improving 3 epochs ago"


def test_bf16_trains_close_to_float32(workload: Workload, data: Data) -> None:
    def value(precision: str) -> float:
        training = Training(workload, CONFIG | {"train/precision": precision}, data, Plan(5, 0))
        return [training.epoch()["value"] for _ in range(5)][-1]

    assert value("bf16") == pytest.approx(value("32"), rel=0.05)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("train/precision", "8", "train/precision must be 32 or bf16, got 8"),
        ("train/batch_size", 0, "train/batch_size must be at least 1, got 0"),
        ("train/min_delta", -0.1, "train/min_delta must be at least 0, got -0.1"),
        ("optim/kind", "sgdd", "optim/kind must be one of adam, adamw, got sgdd"),
        ("schedule/kind", "cos", "schedule/kind must be one of"),
        ("hidden", 3, "a parameter must be <group>/<name>"),
    ],
)
def test_unknown_setting_is_named(
    workload: Workload, data: Data, key: str, value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Training(workload, CONFIG | {key: value}, data, Plan(1, 0))


def test_misspelt_key_is_told_by_the_signature(workload: Workload, data: Data) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'hiden'"):
        Training(workload, {"model/hiden": 3}, data, Plan(1, 0))

import dataclasses

import pytest
import torch
from torch import Tensor

from tune.scoring import BARE, Columns, score
from tune.workloads import Workload


def metrics(output: dict[str, Tensor], batch: dict[str, Tensor]) -> dict[str, float]:
    error = (output["level"] - batch["level"]).abs().mean() + batch["doubled"].sum()
    return {"error": float(error)}


def derive(batch: dict[str, Tensor], *, factor: float) -> dict[str, Tensor]:
    return {"doubled": factor * batch["source"]}


@pytest.fixture
def derived(workload: Workload) -> Workload:
    return dataclasses.replace(workload, metrics=metrics, derive=derive)


def test_only_what_the_metrics_read_is_kept_the_main_one_first(derived: Workload) -> None:
    names = ("inputs", "source", "level", "other")
    batch = {name: torch.ones(4) for name in names}
    output = {"z": torch.ones(4), "level": torch.zeros(4)}
    told = score(derived, output, batch, {"factor": 2.0, "unused": 1})
    assert told.metrics == {"error": 9.0}
    assert list(told.predictions) == ["level"]
    assert list(told.targets) == ["level", "source"]


def test_one_output_needs_no_name(workload: Workload) -> None:
    batch = {"inputs": torch.zeros(4, 3), "target": torch.ones(4, 1)}
    told = score(workload, torch.zeros(4, 1), batch, {"offset": 0.5})
    assert told.metrics == {"mse": 1.5}
    assert score(workload, told.predictions, told.targets, {"offset": 0.5}).metrics == told.metrics
    assert list(told.predictions) == [BARE]


def test_asking_for_a_column_that_is_not_there_reads_nothing() -> None:
    columns = Columns({"mask": torch.ones(1)})
    assert columns.get("weight") is None
    assert columns.read == {}
    assert columns.get("mask") is columns["mask"]
    assert list(columns.read) == ["mask"]

import math

import pytest
import torch

from benchmarks.loops import Batches, Loop, indexed, loaded
from datasets.contract import Part
from tune import data, workloads

TINY = {
    "model/hidden_size": 4,
    "model/num_layers": 1,
    "forward/dropout": 0.0,
    "optim/lr": 1e-2,
    "train/batch_size": 256,
}


def part() -> Part:
    columns = {"inputs": torch.randn(20, 3), "target": torch.arange(20)}
    return Part(columns, torch.tensor([3, 1, 4, 15, 9, 2, 6]))


def test_both_loops_serve_the_same_batches() -> None:
    rows = part()
    pairs = list(zip(indexed(rows, 3, False), loaded(rows, 3, False), strict=True))
    assert [len(ours["target"]) for ours, _ in pairs] == [3, 3, 1]
    for ours, theirs in pairs:
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("batches", [indexed, loaded])
def test_shuffled_batches_hold_every_row_once(batches: Batches) -> None:
    rows = part()
    seen = torch.cat([batch["target"] for batch in batches(rows, 3, True)])
    assert sorted(seen.tolist()) == sorted(rows.rows.tolist())


@pytest.mark.parametrize("batches", [indexed, loaded])
def test_loop_learns(batches: Batches) -> None:
    torch.manual_seed(0)
    workload = workloads.get("frequency_filter")
    parts = data.load("frequency_filter", None, TINY)
    loop = Loop(workload, TINY, parts, 3, batches)
    values = [loop.epoch() for _ in range(3)]
    assert values[-1] < values[0]
    assert all(math.isfinite(value) for value in values)

"""Melody in the training loop: the workload's own networks, and a network of the user's."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import datasets.melody as data
import search_spaces.melody as space
from models import melody
from tune.training import Plan, Training
from tune.workloads import Space, Workload

SMOKE = {"model/embedding_dim": 16, "model/hidden_size": 16, "model/num_layers": 1}


class Mine(nn.Module):
    """Guess the note after the last from the last two."""

    def __init__(self) -> None:
        """Create both layers."""
        super().__init__()
        self.table = nn.Embedding(88, 32)
        self.out = nn.Linear(64, 88)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits ``[B, 88]``."""
        scores: Tensor = self.out(self.table(inputs[:, -2:]).flatten(1))
        return scores


def training(
    config: dict[str, Any], epochs: int, build: Any = melody.build, **arguments: Any
) -> Training:
    declared = Space(
        "melody",
        space.space,
        space.BASELINE,
        space.PRESETS,
        (),
        space.METRIC,
        space.MODE,
        space.BUDGET,
    )
    workload = Workload(
        declared,
        build,
        melody.loss,
        melody.metrics,
        None,
        melody.augment,
        None,
        data.load,
        data.load_test,
    )
    return Training(workload, config, data.load(**arguments), Plan(epochs, seed=0))


def test_objective_is_best_epoch() -> None:
    config = SMOKE | {"optim/lr": 0.3}  # so fast that later epochs are worse than earlier ones
    trained = training(config, 6, num_tunes=60)
    rows = [trained.epoch() for _ in range(6)]
    values = [row["nll"] for row in rows]
    assert values != sorted(values, reverse=True)
    for number, row in enumerate(rows, 1):
        assert row["objective"] == min(values[:number])
        assert values[int(row["best_epoch"]) - 1] == row["objective"]


def test_a_network_of_the_users_trains_in_the_same_loop() -> None:
    trained = training({"optim/lr": 1e-2}, 3, build=Mine, num_tunes=60, stride=1)
    rows = [trained.epoch() for _ in range(3)]
    assert rows[-1]["nll"] < rows[0]["nll"] < 4.5


def test_transposition_is_drawn_anew_in_every_epoch() -> None:
    trained = training(SMOKE | {"augment/transpose": True}, 2, num_tunes=60)
    assert trained.epoch()["train_loss"] > trained.epoch()["train_loss"]


@pytest.mark.slow
def test_smoke_network_reaches_what_it_must() -> None:
    torch.manual_seed(0)
    config = SMOKE | {"train/batch_size": 16, "train/clip_norm": 1.0}
    trained = training(config, 10)
    values = [trained.epoch()["nll"] for _ in range(10)]
    assert min(values) <= 2.20

"""A toy workload that trains in milliseconds, over several batches; and a database."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
import torch
from torch import Tensor, nn

from datasets.contract import Batch, Data, Part
from search_spaces.contract import Budget
from tests.tune import studies
from tests.tune.servers import BINARIES, PASSWORD, Server
from tune.workloads import Space, Workload


class Line(nn.Sequential):
    def forward(self, inputs: Tensor, dropout: float = 0.0) -> Tensor:
        keep = torch.rand_like(inputs) >= dropout if self.training else 1.0
        out: Tensor = super().forward(inputs * keep)
        return out


def build(hidden: int = 4) -> Line:
    return Line(nn.Linear(3, hidden), nn.Tanh(), nn.Linear(hidden, 1))


def loss(output: Tensor, batch: Batch, weight: float = 1.0) -> Tensor:
    return weight * (output - batch["target"]).square().mean(1)


def metrics(output: Tensor, batch: Batch, offset: float) -> dict[str, float]:
    return {"mse": float((output - batch["target"]).square().mean()) + offset}


def load(_root: Path | None = None, noise: float = 0.1) -> Data:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(50, 3, generator=generator)
    target = inputs.sum(1, keepdim=True) + noise * torch.randn(50, 1, generator=generator)
    columns = {"inputs": inputs, "target": target}
    rows = torch.arange(50)
    record = {"fingerprint": "toy"}
    return Data(Part(columns, rows[:40]), Part(columns, rows[40:]), {"offset": 0.0}, record)


def declare(trial: optuna.Trial) -> None:
    trial.suggest_int("model/hidden", 2, 8)
    trial.suggest_float("forward/dropout", 0.0, 0.5)
    trial.suggest_categorical("train/batch_size", [8, 16])
    trial.suggest_float("optim/lr", 1e-3, 1e-1, log=True)
    if trial.suggest_categorical("schedule/kind", ["none", "plateau"]) == "plateau":
        trial.suggest_float("schedule/factor", 0.1, 0.9)


BASELINE = {
    "model/hidden": 4,
    "forward/dropout": 0.1,
    "train/batch_size": 8,
    "optim/lr": 0.01,
    "schedule/kind": "none",
}


@pytest.fixture
def space() -> Space:
    budget = Budget(trials=6, epochs=9, grace_epochs=1, reduction=3)
    return Space("toy", declare, BASELINE, (), (), "mse", "min", budget)


@pytest.fixture
def workload(space: Space) -> Workload:
    return Workload(space, build, loss, metrics, None, None, None, load, load)


@pytest.fixture
def data() -> Data:
    return load()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a PostgreSQL server that runs."""
    if not (BINARIES / "initdb").exists():
        # its binaries come with the system; pip cannot bring them
        pytest.skip("no PostgreSQL server is installed")
    with tempfile.TemporaryDirectory() as directory:
        server = Server(Path(directory))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Know the server's password; let go of all studies in the end."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    yield
    studies.release()

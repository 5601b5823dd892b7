"""The companion networks learn, and what is exported was trained."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.rtneural import export
from models.rtneural_interpreter import run

NAMES = ("emotion", "melody", "harmony", "dynamics", "groove")
everyone = pytest.mark.parametrize("name", NAMES)
ENOUGH_EPOCHS = {"emotion": 10, "melody": 5, "harmony": 40, "dynamics": 25, "groove": 25}


def quick(name: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return inputs and targets of the quick training part, then of its validation part."""
    data = importlib.import_module(f"datasets.companion_{name}").load(quick=True)
    inputs, target = data.train.columns["inputs"], data.train.columns["target"]
    rows = (data.train.rows, data.validation.rows)
    return tuple(column[part] for part in rows for column in (inputs, target))


def trained(name: str, inputs: Tensor, target: Tensor, epochs: int) -> nn.Module:
    """Train the published network with Adam at 1e-3 in batches of 64."""
    torch.manual_seed(0)
    model = importlib.import_module(f"models.companion_{name}")
    network: nn.Module = model.build()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    for _ in range(epochs):
        for index in torch.randperm(len(inputs)).split(64):
            optimiser.zero_grad()
            model.loss(network(inputs[index]), {"target": target[index]}).mean().backward()
            optimiser.step()
    return network.eval()


def ridge(inputs: Tensor, target: Tensor, asked: Tensor) -> Tensor:
    """Predict by least squares with a bias."""
    x, x_asked = (torch.cat([v, torch.ones(len(v), 1)], dim=1).double() for v in (inputs, asked))
    penalty = 1e-3 * torch.eye(x.shape[1], dtype=torch.double)
    return (x_asked @ torch.linalg.solve(x.T @ x + penalty, x.T @ target.double())).float()


@pytest.mark.slow
@everyone
def test_baseline_beats_constant_and_linear(name: str) -> None:
    """Inputs and targets were independent noise once, and no network could beat their mean."""
    inputs, target, asked, expected = quick(name)
    network = trained(name, inputs, target, ENOUGH_EPOCHS[name])
    loss = importlib.import_module(f"models.companion_{name}").loss
    with torch.no_grad():
        found = float(loss(network(asked), {"target": expected}).mean())
    constant = target.mean(dim=0).expand_as(expected)
    rivals = [float(loss(constant, {"target": expected}).mean())]
    if name not in {"melody", "harmony"}:  # a line gives no probabilities
        line = ridge(inputs, target, asked)
        rivals.append(float(loss(line, {"target": expected}).mean()))
    assert found < min(rivals)


@everyone
def test_all_five_train_and_export(name: str, tmp_path: Path) -> None:
    """Three of the five were once exported with the weights they were born with."""
    inputs, target, asked, expected = quick(name)
    loss = importlib.import_module(f"models.companion_{name}").loss
    born, learnt = (trained(name, inputs, target, epochs) for epochs in (0, 2))
    with torch.no_grad():
        before, after = (
            float(loss(network(asked), {"target": expected}).mean()) for network in (born, learnt)
        )
    assert after < 0.9 * before
    path = tmp_path / "network.json"
    export(learnt, path, workload=f"companion_{name}", inputs=asked, metadata={})
    answers = run(json.loads(path.read_text()), asked[:50, None].double().numpy())[:, 0]
    np.testing.assert_allclose(answers, learnt(asked[:50]).detach().numpy(), atol=1e-5)

"""The export: the written file answers as the network, and wrong ones never take their name."""

import copy
import json
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch
from torch import Tensor, nn

from models import frequency_filter
from models.rtneural import export
from search_spaces.frequency_filter import BASELINE, space
from tests.models.rtneural_chains import CHAINS, Chain, answers, made, rows, sequences, written


class Disobedient(Chain):
    """Lists another activation than it applies."""

    def layers(self) -> list[tuple[nn.Module, str]]:
        return [(module, "relu") for module in self.chain]

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.tanh(self.chain[0](inputs))


@pytest.mark.parametrize("inputs", [rows(), sequences()], ids=["rows", "sequences"])
@pytest.mark.parametrize("name", CHAINS)
def test_export_matches_torch(name: str, inputs: Tensor, tmp_path: Path) -> None:
    model = made(name).eval()
    network = written(model, tmp_path / "toy.json", inputs)
    assert (answers(network, inputs) - model(inputs)).abs().max() < 1e-5
    assert network["metadata"]["max_abs_error"] < 1e-5


def filter_configurations() -> list[dict[str, Any]]:
    """Return the baseline and five configurations drawn from the space."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trials = [study.ask() for _ in range(5)]
    for trial in trials:
        space(trial)
    return [BASELINE, *(trial.params for trial in trials)]


@pytest.mark.parametrize("index", range(6))
def test_export_of_the_filter_matches_torch_and_streams(index: int, tmp_path: Path) -> None:
    names = ("cell", "hidden_size", "num_layers")
    chosen = filter_configurations()[index]
    torch.manual_seed(index)
    model = frequency_filter.build(**{name: chosen[f"model/{name}"] for name in names}).eval()
    network = written(model, tmp_path / "filter.json", sequences())
    stream = sequences(num_steps=500)  # ten windows of the default data
    assert (answers(network, stream) - model(stream)).abs().max() < 1e-5
    assert network["metadata"]["stateful"]
    assert not network["metadata"]["reset_before_each_input"]


def test_file_that_answers_otherwise_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "toy.json"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"layers\(\) to follow forward\(\), outputs within"):
        written(Disobedient((nn.Linear(5, 3), "")), path, rows())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_export_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    model = made("lstm").double().train()
    model(sequences().double()).sum().backward()
    before = copy.deepcopy(model.state_dict())
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    generator = torch.get_rng_state()
    written(model, tmp_path / "toy.json", sequences())
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert parameter.dtype == torch.float64
        assert parameter.device.type == "cpu"
        assert torch.equal(parameter.grad, gradient)
    assert torch.equal(torch.get_rng_state(), generator)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not strict JSON")


def test_written_file_is_strict_json(tmp_path: Path) -> None:
    path = tmp_path / "toy.json"
    written(made("convolution"), path, sequences())
    json.loads(path.read_text(), parse_constant=refuse)
    objective = {"objective": {"name": "mse", "value": float("nan")}}
    with pytest.raises(ValueError, match="not JSON compliant"):
        export(made("lstm"), path, workload="toy", inputs=sequences(), metadata=objective)
    assert list(tmp_path.iterdir()) == [path]


def test_file_takes_fourteen_bytes_a_parameter(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "toy.json"
    network = written(Chain((nn.Linear(128, 64), ""), (nn.Linear(64, 64), "")), path, rows(128))
    assert 13 < path.stat().st_size / network["metadata"]["parameter_count"] < 14


def test_metadata_describe_network_and_origin(tmp_path: Path) -> None:
    path, origin = tmp_path / "toy.json", {"trial": 7, "objective": {"name": "mse", "value": 0.2}}
    described = export(made("lstm"), path, workload="toy", inputs=sequences(), metadata=origin)
    num_parameters = 4 * 6 * (5 + 6 + 2) + 4 * 6 * (6 + 6 + 2) + 7
    expected = origin | {
        "model_name": "Chain",
        "workload": "toy",
        "input_size": 5,
        "output_size": 1,
        "parameter_count": num_parameters,
        "memory_bytes": 4 * num_parameters,
        "framework": "PyTorch",
        "torch_version": str(torch.__version__),
        "export_version": 1,
        "stateful": True,
        "reset_before_each_input": False,
    }
    assert expected.items() <= described.items()
    assert set(described) - set(expected) == {"max_abs_error", "created"}
    assert described["created"].endswith("+00:00")
    assert json.loads(path.read_text())["metadata"] == described


@pytest.mark.parametrize("name", ["dense", "activations"])
def test_largest_logit_of_a_softmax_is_recorded(name: str, tmp_path: Path) -> None:
    model, inputs = made(name).eval(), rows()
    described = export(model, tmp_path / "toy.json", workload="toy", inputs=inputs, metadata={})
    logits = model(inputs).log()
    spread = (logits.amax(dim=-1) - logits.amin(dim=-1)).max().item()
    assert spread / 2 <= described["max_abs_logit"] <= 10


def test_logits_near_the_limit_are_warned_of(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, inputs = Chain((nn.Linear(5, 4), "softmax")), 100 * rows()
    with pytest.warns(UserWarning, match="logits should stay within 60"):
        network = written(model, tmp_path / "toy.json", inputs)
    largest = model.chain[0](inputs).abs().max().item()
    assert network["metadata"]["max_abs_logit"] == pytest.approx(largest, rel=1e-6)


def test_logits_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Chain((nn.Linear(5, 4), "softmax"))
    with torch.no_grad():
        model.chain[0].weight.mul_(1000)
    with pytest.raises(ValueError, match="softmax needs logits below 88"):
        written(model, tmp_path / "toy.json", rows())
    assert list(tmp_path.iterdir()) == []

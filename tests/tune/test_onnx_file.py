import json
import logging
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models import edc
from tune import data, onnx_file, workloads
from tune.errors import UserError
from tune.onnx_file import check_installed, export
from tune.training import Plan, Training

onnxruntime = pytest.importorskip("onnxruntime")


class Scaled(nn.Module):
    """A layer whose strength is read at call time."""

    def __init__(self) -> None:
        """Build the layer."""
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, inputs: Tensor, strength: float = 1.0) -> Tensor:
        answer: Tensor = strength * self.layer(inputs)
        return answer


class Twofold(Scaled):
    def forward(self, inputs: Tensor, strength: float = 1.0) -> dict[str, Tensor]:
        answer = super().forward(inputs, strength)
        return {"level_db": answer, "total": answer.sum(1)}


class Noisy(Scaled):
    def forward(self, inputs: Tensor, strength: float = 1.0) -> Tensor:
        return super().forward(inputs, strength) + torch.rand(2)


class Branching(Scaled):
    def forward(self, inputs: Tensor, strength: float = 1.0) -> Tensor:
        return super().forward(inputs, strength) if inputs.sum() > 0 else inputs


def rows(num_rows: int = 5) -> Tensor:
    return torch.randn(num_rows, 3, generator=torch.Generator().manual_seed(0))


def opened(path: Path) -> Any:
    return onnxruntime.InferenceSession(str(path))


def answers(path: Path, inputs: Tensor) -> list[Tensor]:
    return [torch.from_numpy(each) for each in opened(path).run(None, {"inputs": inputs.numpy()})]


TOLD = {"config": json.dumps({"optim/lr": 0.1})}


@pytest.fixture(scope="module")
def network() -> Twofold:
    return Twofold()


@pytest.fixture(scope="module")
def written(network: Twofold, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the network once, from data in half precision."""
    path = tmp_path_factory.mktemp("onnx") / "toy.onnx"
    assert 0 <= export(network, {"strength": 3.0}, rows().half(), path, TOLD) < 1e-4
    return path


@pytest.mark.parametrize("num_rows", [1, 2, 9])
def test_file_answers_as_the_network_on_any_number_of_rows(
    network: Twofold, written: Path, num_rows: int
) -> None:
    inputs = rows(num_rows)
    expected = network(inputs, strength=3.0).values()
    for answer, each in zip(answers(written, inputs), expected, strict=True):
        assert torch.allclose(answer, each, atol=1e-6)


def test_keywords_are_constants_and_outputs_of_a_dict_keep_their_names(written: Path) -> None:
    session = opened(written)
    assert {each.name: each.shape for each in session.get_inputs()} == {"inputs": ["batch", 3]}
    found = {each.name: each.shape for each in session.get_outputs()}
    assert found == {"level_db": ["batch", 2], "total": ["batch"]}


def test_half_precision_of_the_data_is_not_that_of_the_file(written: Path) -> None:
    assert opened(written).get_inputs()[0].type == "tensor(float)"


def test_metadata_travel_in_the_file(written: Path) -> None:
    assert opened(written).get_modelmeta().custom_metadata_map == TOLD


def test_file_lies_alone_and_says_nothing_of_this_machine(written: Path) -> None:
    content = written.read_bytes()
    assert os.fsencode(Path(__file__).parents[2]) not in content
    assert b".py" not in content
    assert list(written.parent.iterdir()) == [written]


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    tokens = torch.tensor([[0, 3, 1], [2, 2, 4]])
    network = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5))
    export(network, {}, tokens, tmp_path / "toy.onnx", {})
    assert opened(tmp_path / "toy.onnx").get_inputs()[0].type == "tensor(int64)"
    assert torch.allclose(answers(tmp_path / "toy.onnx", tokens)[0], network(tokens), atol=1e-6)


def test_a_single_row_of_data_is_enough(tmp_path: Path) -> None:
    export(Scaled(), {}, rows(1), tmp_path / "toy.onnx", {})
    assert answers(tmp_path / "toy.onnx", rows(7))[0].shape == (7, 2)


def broken() -> Scaled:
    network = Scaled()
    nn.init.constant_(network.layer.bias, float("nan"))
    return network


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Noisy, "outputs within 0.0001 of the network's, got output off by"),
        (broken, "outputs within 0.0001 of the network's, got output off by nan"),
        (Branching, r"needs a network of ONNX's, got Branching \(.*data-dependent"),
    ],
)
def test_network_that_the_file_cannot_hold_leaves_the_old_file(
    make: Callable[[], nn.Module], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "toy.onnx"
    path.write_text("old")
    with pytest.raises(UserError, match=message) as caught:
        export(make(), {}, rows(), path, {})
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_export_leaves_weights_random_numbers_and_log_levels_alone(tmp_path: Path) -> None:
    network, generator = Scaled(), torch.get_rng_state()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    level = logging.getLogger("torch.onnx._internal.exporter._registration").level
    filters = list(warnings.filters)
    export(network, {}, rows(), tmp_path / "toy.onnx", {})
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), generator)
    assert logging.getLogger("torch.onnx._internal.exporter._registration").level == level
    assert warnings.filters == filters


def test_missing_extra_is_named_with_the_command_that_gets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check_installed()
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if name == "onnx" else name)
    with pytest.raises(UserError, match=r"there is no onnx; pip install 'soundsweep\[onnx\]'"):
        check_installed()


@pytest.mark.slow
@pytest.mark.parametrize(
    "network", ["hybrid_v1", "hybrid_v2", "hybrid_v3", "multihead", "transformer"]
)
def test_published_networks_of_edc_are_written(network: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = edc.build(network, fc_hidden=32, num_samples=50, sample_rate_hz=1000.0)
    inputs = torch.randn(4, 16, generator=torch.Generator().manual_seed(0))
    assert export(model, {"dropout": 0.3}, inputs, tmp_path / "edc.onnx", {}) < 1e-4


WORKLOADS: dict[str, dict[str, Any]] = {
    "edc": {"data/size": "tiny", "model/fc_hidden": 64},
    "frequency_filter": {"data/stride": 200, "model/hidden_size": 8, "forward/dropout": 0.4},
    "emotion": {"data/size": "tiny", "model/kind": "lrm", "forward/strength": 0.5},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKLOADS)
def test_network_of_a_workload_is_written_with_its_keywords(name: str, tmp_path: Path) -> None:
    config = dict(workloads.space(name).baseline) | WORKLOADS[name]
    loaded = data.load(name, None, config)
    training = Training(workloads.get(name), config, loaded, Plan(epochs=1, seed=0))
    inputs = loaded.validation.batch(torch.arange(3))["inputs"]
    path = tmp_path / "network.onnx"
    assert export(training.model, training.forward_arguments, inputs, path, {}) < 1e-4

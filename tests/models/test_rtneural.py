"""The export: the written file answers as the network, and wrong ones never take their name."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import elu, pad

from models import frequency_filter
from models.rtneural import export
from models.rtneural_interpreter import run
from search_spaces.frequency_filter import BASELINE, space

GOLDEN = Path(__file__).parents[2].parent / "shared/data/rtneural_golden"
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "": lambda x: x,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: x.softmax(dim=-1),
    "elu": elu,
}
REFUSAL = (
    "RTNeural export needs layers of type dense, conv1d, lstm, gru, batchnorm, prelu or an "
    "activation, got {} in toy"
)


class Chain(nn.Module):
    """Applies the layers that it lists, to ``[B, N]`` or ``[B, L, N]``."""

    def __init__(self, *listed: tuple[nn.Module, str]) -> None:
        """Take each module with the name of the activation after it."""
        super().__init__()
        self.chain = nn.ModuleList(module for module, _ in listed)
        self.names = [name for _, name in listed]

    def layers(self) -> list[tuple[nn.Module, str]]:
        return list(zip(self.chain, self.names, strict=True))

    def forward(self, inputs: Tensor) -> Tensor:
        x = inputs if inputs.ndim == 3 else inputs[:, None]
        for module, name in self.layers():
            x = ACTIVATIONS[name](self.apply_layer(module, x))
        return x if inputs.ndim == 3 else x[:, 0]

    def apply_layer(self, module: nn.Module, x: Tensor) -> Tensor:
        if isinstance(module, nn.LSTM | nn.GRU):
            return module(x)[0]
        if isinstance(module, nn.Conv1d):
            taps = (module.kernel_size[0] - 1) * module.dilation[0]
            return module(pad(x.transpose(1, 2), (taps, 0))).transpose(1, 2)
        if isinstance(module, nn.BatchNorm1d | nn.PReLU):  # channels second
            return module(x.transpose(1, 2)).transpose(1, 2)
        return module(x)


class Disobedient(Chain):
    """Lists another activation than it applies."""

    def layers(self) -> list[tuple[nn.Module, str]]:
        return [(module, "relu") for module in self.chain]

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.tanh(self.chain[0](inputs))


def normalised(num_channels: int, **settings: Any) -> nn.BatchNorm1d:
    """Build a batch normalisation with values that differ from their defaults."""
    module = nn.BatchNorm1d(num_channels, **settings)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.5, 2.0)
    return module


def recurrent(cell: type[nn.LSTM | nn.GRU], *sizes: int, **settings: Any) -> nn.Module:
    return cell(*sizes, batch_first=True, **settings)


CHAINS: dict[str, Callable[[], Chain]] = {
    "dense": lambda: Chain(
        (nn.Linear(5, 7), "tanh"),
        (nn.Linear(7, 7, bias=False), "relu"),
        (nn.Linear(7, 6), "sigmoid"),
        (nn.Linear(6, 6), "elu"),
        (nn.Linear(6, 4), "softmax"),
    ),
    "lstm": lambda: Chain((recurrent(nn.LSTM, 5, 6, 2), ""), (nn.Linear(6, 1), "")),
    "gru": lambda: Chain((recurrent(nn.GRU, 5, 6, 2), "relu"), (nn.Linear(6, 2), "tanh")),
    "no_bias": lambda: Chain(
        (recurrent(nn.LSTM, 5, 6, bias=False), ""),
        (recurrent(nn.GRU, 6, 4, bias=False), ""),
        (nn.Conv1d(4, 4, 2, bias=False), ""),
    ),
    "convolution": lambda: Chain(
        (nn.Conv1d(5, 10, 3, dilation=2, groups=5), "tanh"),
        (normalised(10), "relu"),
        (normalised(10, affine=False), ""),
        (nn.PReLU(10), ""),
        (nn.Linear(10, 3), ""),
        (nn.PReLU(), ""),
    ),
    "activations": lambda: Chain(
        (nn.Linear(5, 4), ""),
        (nn.ELU(), ""),
        (nn.Tanh(), ""),
        (nn.ReLU(), ""),
        (nn.Sigmoid(), ""),
        (nn.Softmax(dim=-1), ""),
    ),
}


def made(name: str) -> Chain:
    """Build one of ``CHAINS`` with reproducible weights."""
    torch.manual_seed(0)
    return CHAINS[name]()


def rows(num_inputs: int = 5) -> Tensor:
    """Draw inputs of a network whose host resets before each row."""
    return torch.randn(8, num_inputs, generator=torch.Generator().manual_seed(1))


def sequences(num_inputs: int = 5, num_steps: int = 20) -> Tensor:
    """Draw inputs of a network that runs over time."""
    shape = (2, num_steps, num_inputs)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def written(model: nn.Module, path: Path, inputs: Tensor) -> dict[str, Any]:
    """Export a network and read the file."""
    export(model, path, workload="toy", inputs=inputs, metadata={})
    parsed: dict[str, Any] = json.loads(path.read_text())
    return parsed


def answers(network: dict[str, Any], inputs: Tensor) -> Tensor:
    stacked = inputs if inputs.ndim == 3 else inputs[:, None]
    outputs = torch.from_numpy(run(network, stacked.double().numpy()))
    return outputs if inputs.ndim == 3 else outputs[:, 0]


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


def swap_gates(entry: dict[str, Any]) -> None:
    for index, values in enumerate(entry["weights"]):
        update, reset, new = np.split(np.array(values), 3, axis=-1)
        entry["weights"][index] = np.concatenate([reset, update, new], axis=-1).tolist()


def sum_biases(entry: dict[str, Any]) -> None:
    bias = np.array(entry["weights"][2])
    entry["weights"][2] = [bias.sum(axis=0).tolist(), (0 * bias[0]).tolist()]


def halve_bias(entry: dict[str, Any]) -> None:
    entry["weights"][2] = [value / 2 for value in entry["weights"][2]]


def reverse(entry: dict[str, Any]) -> None:
    entry["weights"][0].reverse()


def reorder(entry: dict[str, Any]) -> None:
    entry["weights"].reverse()


MISTAKES: dict[str, tuple[str, str, str, Callable[[dict[str, Any]], None]]] = {
    "gates_not_swapped": ("gru_seq", "gru", "gru", swap_gates),
    "gru_biases_summed": ("gru_seq", "gru", "gru", sum_biases),
    "lstm_bias_halved": ("lstm2_seq", "lstm", "lstm", halve_bias),
    "convolution_reversed": ("conv_bn_prelu_elu", "convolution", "conv1d", reverse),
    "normalisation_reordered": ("conv_bn_prelu_elu", "convolution", "batchnorm", reorder),
}
mistakes = pytest.mark.parametrize(
    ("pair", "name", "kind", "mistake"), MISTAKES.values(), ids=MISTAKES
)


def mistaken(network: dict[str, Any], kind: str, mistake: Callable[..., None]) -> dict[str, Any]:
    """Apply a mistake to the first layer of a kind."""
    changed = copy.deepcopy(network)
    mistake(next(entry for entry in changed["layers"] if entry["type"] == kind))
    return changed


def agrees(network: dict[str, Any], inputs: Tensor, expected: Tensor) -> bool:
    """Say whether no answer is off by more than 1e-3; one that is no number is off."""
    with np.errstate(invalid="ignore"):
        return bool(((answers(network, inputs) - expected).abs() <= 1e-3).all())


@pytest.mark.skipif(not GOLDEN.exists(), reason="needs the library's golden files")
@mistakes
def test_golden_notices_mistake(
    pair: str, name: str, kind: str, mistake: Callable[..., None]
) -> None:
    network = json.loads((GOLDEN / f"{pair}.model.json").read_text())
    golden = json.loads((GOLDEN / f"{pair}.io.json").read_text())
    inputs = torch.tensor(golden["x"])[None]
    expected = torch.tensor(golden["y_rtneural_float32"])
    assert agrees(network, inputs, expected)
    assert not agrees(mistaken(network, kind, mistake), inputs, expected)


@pytest.mark.skipif(not GOLDEN.exists(), reason="needs the library's golden files")
def test_golden_notices_ignored_reset() -> None:
    network = json.loads((GOLDEN / "lstm_reset.model.json").read_text())
    golden = json.loads((GOLDEN / "lstm_reset.io.json").read_text())
    inputs, expected = torch.tensor(golden["x"]), torch.tensor(golden["y_rtneural_float32"])
    assert agrees(network, inputs, expected)
    assert not agrees(network, inputs[None], expected)


@mistakes
def test_comparison_with_torch_notices_mistake(
    pair: str, name: str, kind: str, mistake: Callable[..., None], tmp_path: Path
) -> None:
    model, inputs = made(name).eval(), sequences()
    network, expected = written(model, tmp_path / "toy.json", inputs), model(inputs)
    assert agrees(network, inputs, expected)
    assert not agrees(mistaken(network, kind, mistake), inputs, expected)


def test_comparison_with_torch_notices_ignored_reset(tmp_path: Path) -> None:
    model, inputs = made("lstm").eval(), rows()
    network, expected = written(model, tmp_path / "toy.json", inputs), model(inputs)
    assert network["metadata"]["reset_before_each_input"]
    assert agrees(network, inputs, expected)
    assert not agrees(network, inputs[None], expected)


def test_file_has_the_keys_the_parser_reads(tmp_path: Path) -> None:
    network = written(made("convolution"), tmp_path / "toy.json", sequences())
    assert network["in_shape"] == [None, None, 5]
    for entry in network["layers"]:
        assert {"type", "activation", "shape", "weights"} <= set(entry)
    convolution = {"kernel_size": [3], "dilation": [2], "groups": 5}
    assert convolution.items() <= network["layers"][0].items()
    assert network["layers"][1]["epsilon"] == 1e-5


def test_square_layer_is_transposed(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, inputs = Chain((nn.Linear(256, 256), "")), rows(256)
    network, expected = written(model, tmp_path / "toy.json", inputs), model(inputs)
    kernel = torch.tensor(network["layers"][0]["weights"][0])
    assert torch.equal(kernel, model.chain[0].weight.T)
    network["layers"][0]["weights"][0] = kernel.T.tolist()
    assert not agrees(network, inputs, expected)


def test_activation_of_every_layer_matches_forward(tmp_path: Path) -> None:
    network = written(made("dense"), tmp_path / "toy.json", rows())
    found = [entry["activation"] for entry in network["layers"]]
    assert found == ["tanh", "relu", "sigmoid", "elu", "softmax"]


def test_activation_after_a_layer_that_ignores_its_own_is_a_layer(tmp_path: Path) -> None:
    network = written(made("gru"), tmp_path / "toy.json", sequences())
    found = [(entry["type"], entry["activation"]) for entry in network["layers"]]
    assert found == [("gru", ""), ("gru", ""), ("activation", "relu"), ("dense", "tanh")]


def test_one_lstm_becomes_one_entry_with_three_arrays(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Chain((recurrent(nn.LSTM, 5, 3), ""))
    (entry,) = written(model, tmp_path / "toy.json", sequences())["layers"]
    assert [np.shape(values) for values in entry["weights"]] == [(5, 12), (3, 12), (12,)]


def test_linear_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "toy.json"
    with pytest.raises(ValueError, match=REFUSAL.format("activation 'linear'")):
        written(Chain((nn.Linear(5, 3), "linear")), path, rows())
    assert list(tmp_path.iterdir()) == []


UNEXPORTABLE = {
    "TransformerEncoderLayer": nn.TransformerEncoderLayer(4, 2),  # lists no layers
    "LayerNorm": Chain((nn.Linear(5, 3), ""), (nn.LayerNorm(3), "")),
    "Embedding": Chain((nn.Embedding(5, 3), "")),
    "GELU": Chain((nn.Linear(5, 3), ""), (nn.GELU(), "")),
    "LeakyReLU": Chain((nn.Linear(5, 3), ""), (nn.LeakyReLU(), "")),
    "LSTM with bidirectional=True": Chain((recurrent(nn.LSTM, 5, 3, bidirectional=True), "")),
    "GRU with bidirectional=True": Chain((recurrent(nn.GRU, 5, 3, bidirectional=True), "")),
    "LSTM with proj_size=2": Chain((recurrent(nn.LSTM, 5, 3, proj_size=2), "")),
    "Conv1d with stride": Chain((nn.Conv1d(5, 3, 2, stride=2), "")),
    "BatchNorm1d with track_running_stats=False": Chain(
        (nn.BatchNorm1d(5, track_running_stats=False), "")
    ),
    "ELU with alpha=2.0": Chain((nn.ELU(alpha=2.0), "")),
}


@pytest.mark.parametrize(("found", "model"), UNEXPORTABLE.items(), ids=UNEXPORTABLE)
def test_unexportable_model_is_refused_by_name(
    found: str, model: nn.Module, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=rf"{REFUSAL.split('{}')[0]}{found}.* in toy"):
        written(model, tmp_path / "toy.json", sequences())
    assert list(tmp_path.iterdir()) == []


def test_bidirectional_filter_is_refused(tmp_path: Path) -> None:
    model = frequency_filter.build(hidden_size=4, bidirectional=True)
    with pytest.raises(ValueError, match="must not be bidirectional"):
        written(model, tmp_path / "toy.json", sequences())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weight_that_is_not_finite_is_named(value: float, tmp_path: Path) -> None:
    model = made("gru")
    model.chain[0].weight_hh_l1.data[2, 3] = value
    with pytest.raises(ValueError, match=rf"layer 0 \(GRU\): weight_hh_l1 .* got {value}"):
        written(model, tmp_path / "toy.json", sequences())
    assert list(tmp_path.iterdir()) == []


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


def test_nine_digits_restore_float32_exactly(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, path = Chain((nn.Linear(128, 128), "")), tmp_path / "toy.json"
    with torch.no_grad():
        model.chain[0].weight.mul_(10 ** torch.empty(128, 128).uniform_(-30, 0))
    network = written(model, path, rows(128))
    kernel = np.array(network["layers"][0]["weights"][0]).astype(np.float32)
    assert (kernel == model.chain[0].weight.detach().numpy().T).all()


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

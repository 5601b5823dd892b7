"""The conversion: every layer as the library reads it, and what it cannot read refused by name."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models import frequency_filter
from tests.models.rtneural_chains import Chain, answers, made, recurrent, rows, sequences, written

REFUSAL = (
    "RTNeural export needs layers of type dense, conv1d, lstm, gru, batchnorm, prelu or an "
    "activation, got {} in toy"
)


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
    assert (answers(network, inputs) - expected).abs().max() > 1e-3


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


def test_nine_digits_restore_float32_exactly(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, path = Chain((nn.Linear(128, 128), "")), tmp_path / "toy.json"
    with torch.no_grad():
        model.chain[0].weight.mul_(10 ** torch.empty(128, 128).uniform_(-30, 0))
    network = written(model, path, rows(128))
    kernel = np.array(network["layers"][0]["weights"][0]).astype(np.float32)
    assert (kernel == model.chain[0].weight.detach().numpy().T).all()

"""The interpreter against the real library, against torch, and against wrong files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.rtneural_interpreter import run

GOLDEN = Path(__file__).parents[2].parent / "shared/data/rtneural_golden"
PAIRS = (
    "dense_tanh_softmax",
    "lstm_reset",
    "lstm_seq",
    "lstm2_seq",
    "gru_seq",
    "conv_bn_prelu_elu",
)


def layer(kind: str, width: int, *weights: Any, **further: Any) -> dict[str, Any]:
    """Write an entry as the format has it; ``further`` may replace any key."""
    values = [weight.tolist() if isinstance(weight, Tensor) else weight for weight in weights]
    entry = {"type": kind, "activation": "", "shape": [None, None, width], "weights": values}
    return entry | further


def network(num_inputs: int, *layers: dict[str, Any]) -> dict[str, Any]:
    return {"in_shape": [None, None, num_inputs], "layers": list(layers)}


def dense(**further: Any) -> dict[str, Any]:
    return layer("dense", 2, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0.5, -0.5], **further)


def conv1d(**further: Any) -> dict[str, Any]:
    kernel = np.ones((2, 1, 3)).tolist()
    keys = {"kernel_size": [2], "dilation": [1], "groups": 3} | further
    return layer("conv1d", 3, kernel, [0.0, 0.0, 0.0], **keys)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.skipif(not GOLDEN.exists(), reason="needs the library's golden files")
def test_interpreter_matches_rtneural(pair: str) -> None:
    written = json.loads((GOLDEN / f"{pair}.model.json").read_text())
    golden = json.loads((GOLDEN / f"{pair}.io.json").read_text())
    rows, expected = np.array(golden["x"]), np.array(golden["y_rtneural_float32"])
    sequences = rows[:, None] if golden["reset_each_row"] else rows[None]
    answers = run(written, sequences).reshape(expected.shape)
    assert np.abs(answers - expected).max() < 1e-6


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU])
def test_recurrent_layers_match_torch(cell: type[nn.LSTM | nn.GRU]) -> None:
    torch.manual_seed(0)
    module, inputs = cell(3, 4).double(), torch.randn(2, 9, 3, dtype=torch.float64)
    kernel, recurrent, *biases = module.all_weights[0]
    if isinstance(module, nn.LSTM):
        entry = layer("lstm", 4, kernel.T, recurrent.T, biases[0] + biases[1])
    else:
        order = torch.tensor([4, 5, 6, 7, 0, 1, 2, 3, 8, 9, 10, 11])  # z, r, n
        both = torch.stack([bias[order] for bias in biases])
        entry = layer("gru", 4, kernel[order].T, recurrent[order].T, both)
    expected = module(inputs.transpose(0, 1))[0].transpose(0, 1)
    answers = run(network(3, entry), inputs.numpy())
    assert np.abs(answers - expected.detach().numpy()).max() < 1e-12


def test_convolution_is_causal_dilated_and_grouped() -> None:
    kernel = torch.arange(1.0, 9.0).reshape(2, 2, 2)  # [taps][inputs of a group][outputs]
    entry = layer("conv1d", 2, kernel, [10.0, 20.0], kernel_size=[2], dilation=[2], groups=2)
    inputs = np.zeros((1, 4, 4))
    inputs[0, 0] = [1, 1, 1, 0]  # inputs 0 and 1 reach output 0, inputs 2 and 3 reach output 1
    answers = run(network(4, entry), inputs)[0] - [10, 20]
    assert answers.tolist() == [[5 + 7, 6], [0, 0], [1 + 3, 2], [0, 0]]


def test_normalisation_with_and_without_affine_values() -> None:
    inputs = np.array([[[3.0, 5.0]]])
    bare = layer("batchnorm", 2, [1.0, 1.0], [4.0, 16.0], epsilon=1e-12)
    affine = layer("batchnorm", 2, [2.0, 3.0], [0.5, 0.0], *bare["weights"], epsilon=1e-12)
    assert np.allclose(run(network(2, bare), inputs), [1, 1])
    assert np.allclose(run(network(2, affine), inputs), [2.5, 3])


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("", [-2.0, 3.0]),
        ("tanh", np.tanh([-2.0, 3.0])),
        ("relu", [0.0, 3.0]),
        ("sigmoid", 1 / (1 + np.exp([2.0, -3.0]))),
        ("softmax", np.exp([-2.0, 3.0]) / np.exp([-2.0, 3.0]).sum()),
        ("elu", [np.exp(-2.0) - 1, 3.0]),
    ],
)
def test_activations_follow_their_formulas(activation: str, expected: Any) -> None:
    entry = layer("activation", 2, activation=activation)
    assert np.allclose(run(network(2, entry), np.array([[[-2.0, 3.0]]])), expected, atol=1e-12)


def test_prelu_scales_negative_inputs_channel_by_channel() -> None:
    entry = layer("prelu", 3, [[0.1, 0.2, 0.3]])
    assert run(network(3, entry), np.array([[[-10.0, -10.0, 2.0]]])).tolist() == [[[-1, -2, 2]]]


def test_activation_may_be_absent_and_metadata_are_ignored() -> None:
    entry = dense()
    del entry["activation"]
    written = network(3, entry) | {"metadata": {"trial": 7}}
    assert run(written, np.ones((1, 1, 3))).tolist() == [[[9.5, 11.5]]]


NAN_KERNEL = [[1.0, 2.0], [3.0, float("nan")], [5.0, 6.0]]
WRONG = {
    "layernorm": (layer("layernorm", 3), r"layers\[0\]: type must be one of .*, got 'layernorm'"),
    "case_of_type": (dense(type="Dense"), r"layers\[0\]: type must be .*, got 'Dense'"),
    "linear": (dense(activation="linear"), r"\(dense\): activation must be .*, got 'linear'"),
    "case_of_activation": (dense(activation="ReLU"), "activation must be .*, got 'ReLU'"),
    "gelu": (dense(activation="gelu"), "activation must be .*, got 'gelu'"),
    "null": (dense(activation=None), "activation must be .*, got None"),
    "nan": (dense(weights=[NAN_KERNEL, [0.5, 0.5]]), r"weights\[0\] must be finite, got nan"),
    "too_few_rows": (
        dense(weights=[[[1.0, 2.0]] * 2, [0.5, 0.5]]),
        r"layers\[0\] \(dense\): weights\[0\] must have shape \(3, 2\), got \(2, 2\)",
    ),
    "too_many_rows": (dense(weights=[[[1.0, 2.0]] * 4, [0.5, 0.5]]), r"got \(4, 2\)"),
    "too_many_columns": (dense(weights=[[[1.0] * 3] * 3, [0.5, 0.5]]), r"got \(3, 3\)"),
    "untransposed": (dense(weights=[[[1.0] * 3] * 2, [0.5, 0.5]]), r"got \(2, 3\)"),
    "ragged": (dense(weights=[[[1.0], [1.0, 2.0]], [0.5, 0.5]]), "rows of numbers"),
    "no_bias": (dense(weights=[[[1.0, 2.0]] * 3]), "weights must hold 2 arrays, got 1"),
    "no_weights": (dense(weights=None), "weights must be a list of arrays, got None"),
    "flat_shape": (dense(shape=[2]), r"shape must be \[null, null, size\], got \[2\]"),
    "wider": (layer("prelu", 4, [[0.1] * 4]), "width must be that of its input, 3, got 4"),
    "kernel_size": (conv1d(kernel_size=[2, 2]), "kernel_size must hold one number"),
    "dilation": (conv1d(dilation=[0]), r"dilation must hold one number .*, got \[0\]"),
    "groups": (conv1d(groups=2), "groups must divide 3 and 3, got 2"),
    "epsilon": (
        layer("batchnorm", 3, [0.0] * 3, [1.0] * 3, epsilon=0.0),
        "epsilon must be above 0, got 0.0",
    ),
}


@pytest.mark.parametrize(("entry", "message"), WRONG.values(), ids=WRONG)
def test_wrong_layer_is_rejected_by_number_rule_and_value(
    entry: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        run(network(3, entry), np.zeros((1, 1, 3)))


def test_error_in_a_later_layer_names_its_number() -> None:
    with pytest.raises(ValueError, match=r"layers\[1\] \(dense\)"):
        run(network(3, dense(), dense()), np.zeros((1, 1, 3)))


@pytest.mark.parametrize("key", ["type", "shape", "weights"])
def test_missing_key_of_a_layer_is_named(key: str) -> None:
    entry = dense()
    del entry[key]
    with pytest.raises(ValueError, match=f"must have the key '{key}'"):
        run(network(3, entry), np.zeros((1, 1, 3)))


@pytest.mark.parametrize("key", ["in_shape", "layers"])
def test_missing_key_of_the_file_is_named(key: str) -> None:
    written = network(3, dense())
    del written[key]
    with pytest.raises(ValueError, match=f"the file must have the key '{key}'"):
        run(written, np.zeros((1, 1, 3)))


@pytest.mark.parametrize("shape", [(1, 3), (1, 1, 4)])
def test_inputs_of_another_shape_are_rejected(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"inputs must have shape \(B, T, 3\)"):
        run(network(3, dense()), np.zeros(shape))


@pytest.mark.parametrize("logits", [[89.0, 0.0], [1000.0, 0.0], [-150.0, -140.0]])
def test_softmax_is_refused_where_float32_gives_nan(logits: list[float]) -> None:
    entry = layer("activation", 2, activation="softmax")
    with pytest.raises(ValueError, match="softmax needs logits below 88"):
        run(network(2, entry), np.array([[logits]]))

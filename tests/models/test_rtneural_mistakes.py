"""The comparisons notice every known mistake of an exporter."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.models.rtneural_chains import answers, made, rows, sequences, written

GOLDEN = Path(__file__).parents[2].parent / "shared/data/rtneural_golden"


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

"""The five companion networks, and the layers that they are made of."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from models import functional
from models.companion_layers import first_step
from models.functional import Number
from models.rtneural import export
from models.rtneural_interpreter import run
from search_spaces.companion_space import BASELINE, space

#: Inputs and outputs, range of the outputs, and parameters at width .5, 1 and 2.
NETWORKS = {
    "emotion": ((128, 64), (-1, 1), (119_744, 403_264, 1_461_824)),
    "melody": ((64, 128), (0, 1), (173_440, 641_664, 2_462_848)),
    "harmony": ((128, 64), (0, 1), (28_928, 74_176, 213_824)),
    "dynamics": ((32, 16), (0, 1), (4_720, 13_520, 43_408)),
    "groove": ((64, 32), (-1, 1), (7_296, 18_656, 53_664)),
}
CLASSES = {
    "emotion": "EmotionRecognizer",
    "melody": "MelodyTransformer",
    "harmony": "HarmonyPredictor",
    "dynamics": "DynamicsEngine",
    "groove": "GroovePredictor",
}
LAYERS = {
    "emotion": [("fc1", "tanh"), ("fc2", "tanh"), ("lstm", ""), ("fc3", "tanh")],
    "melody": [("fc1", "relu"), ("lstm", ""), ("fc2", "relu"), ("fc3", "sigmoid")],
    "harmony": [("fc1", "tanh"), ("fc2", "tanh"), ("fc3", "softmax")],
    "dynamics": [("fc1", "relu"), ("fc2", "relu"), ("fc3", "sigmoid")],
    "groove": [("fc1", "tanh"), ("fc2", "tanh"), ("fc3", "tanh")],
}
WIDTHS = (0.5, 1.0, 2.0)
everyone = pytest.mark.parametrize("name", NETWORKS)


def workload(name: str) -> ModuleType:
    return importlib.import_module(f"models.companion_{name}")


def built(name: str, **model: Any) -> nn.Module:
    """Build a network with reproducible weights."""
    torch.manual_seed(0)
    network: nn.Module = workload(name).build(**model)
    return network


def rows(name: str, count: int = 16) -> Tensor:
    return torch.randn(count, NETWORKS[name][0][0], generator=torch.Generator().manual_seed(1))


def count(name: str, width: float) -> int:
    return sum(values.numel() for values in built(name, width=width).parameters())


@everyone
def test_parameter_counts(name: str) -> None:
    assert tuple(count(name, width) for width in WIDTHS) == NETWORKS[name][2]


def test_all_five_have_1151280_parameters() -> None:
    """The original documents say 1,152,280, by a slip of addition."""
    assert sum(count(name, 1.0) for name in NETWORKS) == 1_151_280


def test_parameters_of_every_layer_are_the_published_ones() -> None:
    found = {
        name: [sum(p.numel() for p in module.parameters()) for module in built(name).children()]
        for name in ("emotion", "melody")
    }
    assert found["emotion"] == [66_048, 131_328, 197_632, 8_256]
    assert found["melody"] == [16_640, 526_336, 65_792, 32_896]


@everyone
def test_layers_have_the_published_names_and_activations(name: str) -> None:
    network = built(name)
    listed = [(getattr(network, attribute), act) for attribute, act in LAYERS[name]]
    assert list(network.layers()) == listed
    assert type(network).__name__ == CLASSES[name]


@everyone
def test_output_has_its_width_and_range(name: str) -> None:
    (_, num_outputs), (lowest, highest), _ = NETWORKS[name]
    output = built(name)(3 * rows(name))
    assert output.shape == (16, num_outputs)
    assert lowest <= float(output.detach().min()) <= float(output.detach().max()) <= highest
    if name == "harmony":
        torch.testing.assert_close(output.sum(dim=1), torch.ones(16))


@pytest.mark.parametrize("inputs", [128, 256])
def test_first_step_is_that_of_torch_with_equal_gradients(inputs: int) -> None:
    torch.manual_seed(0)
    lstm, x = nn.LSTM(inputs, 128, batch_first=True), torch.randn(16, inputs)
    found = []
    for step in (lambda: lstm(x[:, None])[0][:, 0], lambda: first_step(lstm, x)):
        lstm.zero_grad()
        output = step()
        output.square().sum().backward()
        found.append((output, {key: value.grad for key, value in lstm.named_parameters()}))
    (expected, gradients), (output, ours) = found
    torch.testing.assert_close(output, expected, atol=1e-6, rtol=1e-5)
    kernel = gradients.pop("weight_hh_l0")
    assert kernel is not None
    assert not kernel.any()  # from zero state it never acts
    assert ours.pop("weight_hh_l0") is None
    for key, gradient in gradients.items():
        torch.testing.assert_close(ours[key], gradient, atol=1e-5, rtol=1e-4)
        assert not ours[key][128:256].any(), key  # nor does the forget gate


@everyone
def test_dropout_acts_after_every_hidden_activation_only(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def dropout(x: Tensor, p: Number, training: bool) -> Tensor:
        seen.append((x.shape[1], p, training))
        return x

    monkeypatch.setattr(functional, "dropout", dropout)
    network = built(name)
    network(rows(name), dropout=0.3)
    dense = [module for module, activation in network.layers()[:-1] if activation]
    assert seen == [(module.out_features, 0.3, True) for module in dense]


@everyone
def test_dropout_is_a_number_or_one_a_row_and_rests_in_evaluation(name: str) -> None:
    network, outputs = built(name), []
    for rate in (0.3, torch.tensor(0.3), torch.full((16, 1), 0.3)):
        torch.manual_seed(2)
        outputs.append(network(rows(name), dropout=rate))
    torch.testing.assert_close(outputs[0], outputs[1])
    torch.testing.assert_close(outputs[0], outputs[2])
    network.eval()
    assert torch.equal(network(rows(name), dropout=0.9), network(rows(name)))


@everyone
@pytest.mark.parametrize("activation", ["tanh", "relu", "elu"])
def test_activation_replaces_the_hidden_ones_only(name: str, activation: str) -> None:
    listed = [act for _, act in built(name, activation=activation).layers()]
    originals = [act for _, act in LAYERS[name]]
    assert listed[:-1] == [activation if act else "" for act in originals[:-1]]
    assert listed[-1] == originals[-1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"activation": "gelu"}, "activation must be one of keep, tanh, relu, elu, got gelu"),
        ({"width": 0.001}, r"width must leave a unit in every layer, got 0\.001"),
    ],
)
def test_wrong_shape_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        built("groove", **wrong)


def configurations() -> list[dict[str, Any]]:
    """Return the baseline and five configurations drawn from the space."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trials = [study.ask() for _ in range(5)]
    for trial in trials:
        space(trial)
    drawn = [BASELINE, *(trial.params for trial in trials)]
    return [{key: point[f"model/{key}"] for key in ("width", "activation")} for point in drawn]


@everyone
@pytest.mark.parametrize("index", range(6))
def test_export_matches_torch(name: str, index: int, tmp_path: Path) -> None:
    model = {**configurations()[index]}
    if index:  # a smaller file; the baseline is written whole
        model["width"] = min(model["width"], 0.5)
    network, path = built(name, **model).eval(), tmp_path / "network.json"
    told = export(network, path, workload=f"companion_{name}", inputs=rows(name), metadata={})
    parsed = json.loads(path.read_text())
    answers = run(parsed, rows(name)[:, None].double().numpy())[:, 0]
    np.testing.assert_allclose(answers, network(rows(name)).detach().numpy(), atol=1e-5)
    assert told["parameter_count"] == sum(values.numel() for values in network.parameters())
    assert told["reset_before_each_input"]
    assert told["stateful"] == (name in {"emotion", "melody"})
    assert told["model_name"] == CLASSES[name]


@pytest.mark.parametrize("name", ["emotion", "melody"])
def test_one_lstm_becomes_one_entry_with_three_arrays(name: str, tmp_path: Path) -> None:
    """Its recurrent kernel never acts here, and is exported all the same."""
    network, path = built(name, width=0.5), tmp_path / "network.json"
    export(network, path, workload=f"companion_{name}", inputs=rows(name), metadata={})
    (entry,) = [e for e in json.loads(path.read_text())["layers"] if e["type"] == "lstm"]
    size = network.lstm.hidden_size
    shapes = [np.shape(weights) for weights in entry["weights"]]
    assert shapes == [(network.lstm.input_size, 4 * size), (size, 4 * size), (4 * size,)]
    recurrent = np.float32(entry["weights"][1])
    np.testing.assert_array_equal(recurrent, network.lstm.weight_hh_l0.detach().numpy().T)


def test_reset_before_each_input_matters(tmp_path: Path) -> None:
    network, path = built("emotion", width=0.5).eval(), tmp_path / "network.json"
    export(network, path, workload="companion_emotion", inputs=rows("emotion"), metadata={})
    running = run(json.loads(path.read_text()), rows("emotion")[None].double().numpy())[0]
    expected = network(rows("emotion")).detach().numpy()
    np.testing.assert_allclose(running[0], expected[0], atol=1e-5)
    assert np.abs(running[1:] - expected[1:]).max() > 1e-3


@everyone
def test_picture_shows_predicted_over_true_outputs(name: str) -> None:
    output = built(name).eval()(rows(name)).detach()
    figure = Figure()
    workload(name).draw(figure, output, {"target": output.clone()})
    assert len(figure.axes) == (8 if name == "groove" else 4)
    for axes in figure.axes:
        heights = [bar.get_height() for bar in axes.patches]
        np.testing.assert_allclose(axes.lines[0].get_ydata(), heights)


@everyone
def test_half_precision_stays_close(name: str) -> None:
    network = built(name).eval()
    exact = network(rows(name))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = network(rows(name))
    torch.testing.assert_close(rough.float(), exact, atol=0.03, rtol=0.1)

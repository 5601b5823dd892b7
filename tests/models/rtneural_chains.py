"""Networks that list their layers, and what their exported files answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, pad

from models.rtneural import export
from models.rtneural_interpreter import run

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "": lambda x: x,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: x.softmax(dim=-1),
    "elu": elu,
}


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

"""Convert torch's layers to entries of RTNeural's JSON; ``models.rtneural`` writes the file.

The library's conventions (github.com/jatinchowdhury18/RTNeural, commit 1fb1f075): kernels are
``[in][out]``, an LSTM has one bias, a GRU's update gate comes first and its biases stay apart.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Entry = dict[str, Any]
Layers = Sequence[tuple[nn.Module, str]]

ACTIVATIONS = ("", "tanh", "relu", "sigmoid", "softmax", "elu")


def listed(model: nn.Module, workload: str) -> Layers:
    """Return the layers of a model, each of a type and with an activation of the format.

    Args:
        model: It offers ``layers()``.
        workload: Its name, for the message.

    Returns:
        Each module with the name of the activation after it, "" for none.

    Raises:
        ValueError: If the model lists no layers, or one that the format lacks.
    """
    if not callable(getattr(type(model), "layers", None)):
        raise _refusal(type(model).__name__, workload)
    layers: Layers = model.layers()  # type: ignore[operator]
    for module, activation in layers:
        if type(module) not in CONVERTERS:
            raise _refusal(type(module).__name__, workload)
        for attribute, value in NEEDED.get(type(module), {}).items():
            if getattr(module, attribute) != value:
                found = f"{type(module).__name__} with {attribute}={getattr(module, attribute)}"
                raise _refusal(found, workload)
        if activation not in ACTIVATIONS:
            raise _refusal(f"activation '{activation}'", workload)
    return layers


def _refusal(found: str, workload: str) -> ValueError:
    return ValueError(
        "RTNeural export needs layers of type dense, conv1d, lstm, gru, batchnorm, prelu or an "
        f"activation, got {found} in {workload}"
    )


def convert(layers: Layers, width: int) -> list[Entry]:
    """Convert layers to entries of the file.

    Args:
        layers: Each module with the name of the activation after it.
        width: Inputs of the first.

    Returns:
        One entry a layer, several for a recurrent module of several layers.

    Raises:
        ValueError: If a weight is not finite.
    """
    entries: list[Entry] = []
    for number, (module, activation) in enumerate(layers):
        _check_finite(module, f"layer {number} ({type(module).__name__})")
        entries += CONVERTERS[type(module)](module, width)
        width = entries[-1]["shape"][-1]
        if activation and entries[-1]["type"] in {"dense", "conv1d"}:
            entries[-1]["activation"] = activation
        elif activation:  # the library ignores the activation of any other type
            entries.append(_entry("activation", width, [], activation=activation))
    return entries


def _check_finite(module: nn.Module, label: str) -> None:
    for name, tensor in module.state_dict().items():
        if not tensor.isfinite().all():
            value = tensor[~tensor.isfinite()][0].item()
            raise ValueError(f"{label}: {name} must be finite, got {value}")


def _entry(kind: str, width: int, weights: Sequence[Tensor], **further: Any) -> Entry:
    values = [_nine_digits(tensor.tolist()) for tensor in weights]
    shape = [None, None, width]
    return {"type": kind, "activation": "", "shape": shape, "weights": values} | further


def _nine_digits(values: Any) -> Any:
    """Round nested numbers to nine significant digits, which restore every float32 exactly."""
    if isinstance(values, list):
        return [_nine_digits(value) for value in values]
    return float(f"{values:.9g}")


def _dense(module: nn.Linear, width: int) -> list[Entry]:
    bias = _bias(module, module.out_features)
    return [_entry("dense", module.out_features, [module.weight.T, bias])]


def _conv1d(module: nn.Conv1d, width: int) -> list[Entry]:
    kernel, bias = module.weight.permute(2, 1, 0), _bias(module, module.out_channels)
    further = {
        "kernel_size": list(module.kernel_size),
        "dilation": list(module.dilation),
        "groups": module.groups,
    }
    return [_entry("conv1d", module.out_channels, [kernel, bias], **further)]


def _bias(module: nn.Linear | nn.Conv1d, num_outputs: int) -> Tensor:
    return torch.zeros(num_outputs) if module.bias is None else module.bias


def _lstm(module: nn.LSTM, width: int) -> list[Entry]:
    entries = []
    for kernel, recurrent, *biases in _recurrent(module):
        weights = [kernel.T, recurrent.T, torch.stack(biases).sum(dim=0)]
        entries.append(_entry("lstm", module.hidden_size, weights))
    return entries


def _gru(module: nn.GRU, width: int) -> list[Entry]:
    entries = []
    for tensors in _recurrent(module):
        kernel, recurrent, *biases = map(_update_gate_first, tensors)
        weights = [kernel.T, recurrent.T, torch.stack(biases)]
        entries.append(_entry("gru", module.hidden_size, weights))
    return entries


def _recurrent(module: nn.LSTM | nn.GRU) -> Iterator[list[Tensor]]:
    """Yield kernel, recurrent kernel and the bias of each, zeros if left out, layer by layer."""
    for tensors in module.all_weights:
        kernels: list[Tensor] = [*tensors[:2]]
        zeros = [torch.zeros(len(kernel)) for kernel in kernels]
        yield kernels + ([*tensors[2:]] if module.bias else zeros)


def _update_gate_first(tensor: Tensor) -> Tensor:
    """Reorder torch's gates r, z, n to the library's z, r, n."""
    reset, update, new = tensor.chunk(3)
    return torch.cat([update, reset, new])


def _batchnorm(module: nn.BatchNorm1d, width: int) -> list[Entry]:
    tensors = (module.weight, module.bias, module.running_mean, module.running_var)
    weights = [tensor for tensor in tensors if tensor is not None]
    return [_entry("batchnorm", width, weights, epsilon=module.eps)]


def _prelu(module: nn.PReLU, width: int) -> list[Entry]:
    return [_entry("prelu", width, [module.weight.expand(1, width)])]


def _activation(module: nn.Module, width: int) -> list[Entry]:
    name = type(module).__name__.lower()  # torch's and the library's names differ by case alone
    return [_entry("activation", width, [], activation=name)]


CONVERTERS: dict[type[nn.Module], Callable[[Any, int], list[Entry]]] = {
    nn.Linear: _dense,
    nn.Conv1d: _conv1d,
    nn.LSTM: _lstm,
    nn.GRU: _gru,
    nn.BatchNorm1d: _batchnorm,
    nn.PReLU: _prelu,
    nn.Tanh: _activation,
    nn.ReLU: _activation,
    nn.Sigmoid: _activation,
    nn.Softmax: _activation,
    nn.ELU: _activation,
}

#: Settings without which a module of a known type is another layer than the library's.
NEEDED: dict[type[nn.Module], dict[str, Any]] = {
    nn.Conv1d: {"stride": (1,)},
    nn.LSTM: {"bidirectional": False, "proj_size": 0},
    nn.GRU: {"bidirectional": False},
    nn.BatchNorm1d: {"track_running_stats": True},
    nn.ELU: {"alpha": 1.0},
}

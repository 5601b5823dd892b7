"""What the RTNeural library computes from its JSON, in NumPy; the judge of ``models.rtneural``.

It shares nothing with the exporter, and it is stricter than the library, which skips a layer of
unknown type, crashes on an unknown activation and fills up short matrices with zeros. Format and
formulas: github.com/jatinchowdhury18/RTNeural, commit 1fb1f075; outputs agree within 5e-7.

B sequences, T rows of a sequence, N inputs and M outputs of a layer, K taps of a convolution.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Entry = Mapping[str, Any]

FLOAT32 = np.finfo(np.float32)  # what the library computes in


def run(network: Mapping[str, Any], sequences: Array) -> Array:
    """Answer as the library does, ``reset()`` before each sequence and not within.

    Rows before each of which the host resets are thus sequences of one row.

    Args:
        network: The parsed file.
        sequences: Inputs. Shape ``[B, T, N]``.

    Returns:
        Outputs of the last layer. Shape ``[B, T, M]``.

    Raises:
        ValueError: If the network breaks a rule of the format, named with the layer's number, or
            if a softmax leaves the range of float32.
    """
    size = _size("in_shape", _required("the file", network, "in_shape"))
    if sequences.ndim != 3 or sequences.shape[-1] != size:
        raise ValueError(f"inputs must have shape (B, T, {size}), got {sequences.shape}")
    for number, entry in enumerate(_required("the file", network, "layers")):
        kind, weights, size = _read(f"layers[{number}]", entry, size)
        sequences = kind.apply(sequences, entry, *weights)
        if kind.activates:
            sequences = ACTIVATIONS[entry.get("activation", "")](sequences)
    return sequences


def _dense(x: Array, entry: Entry, kernel: Array, bias: Array) -> Array:
    y: Array = x @ kernel + bias
    return y


def _lstm(x: Array, entry: Entry, kernel: Array, recurrent: Array, bias: Array) -> Array:
    hidden = cell = np.zeros((len(x), len(recurrent)))
    states = np.empty((*x.shape[:2], len(recurrent)))
    for step in range(x.shape[1]):
        gates = x[:, step] @ kernel + hidden @ recurrent + bias
        into, forget, candidate, out = np.split(gates, 4, axis=-1)
        cell = _sigmoid(forget) * cell + _sigmoid(into) * np.tanh(candidate)
        states[:, step] = hidden = _sigmoid(out) * np.tanh(cell)
    return states


def _gru(x: Array, entry: Entry, kernel: Array, recurrent: Array, bias: Array) -> Array:
    hidden = np.zeros((len(x), len(recurrent)))
    states = np.empty((*x.shape[:2], len(recurrent)))
    for step in range(x.shape[1]):
        a_z, a_r, a_n = np.split(x[:, step] @ kernel + bias[0], 3, axis=-1)
        q_z, q_r, q_n = np.split(hidden @ recurrent + bias[1], 3, axis=-1)
        keep, reset = _sigmoid(a_z + q_z), _sigmoid(a_r + q_r)
        states[:, step] = hidden = (1 - keep) * np.tanh(a_n + reset * q_n) + keep * hidden
    return states


def _conv1d(x: Array, entry: Entry, kernel: Array, bias: Array) -> Array:
    num_taps, group_inputs, num_outputs = kernel.shape
    groups, dilation = entry["groups"], entry["dilation"][0]
    padded = np.pad(x, ((0, 0), ((num_taps - 1) * dilation, 0), (0, 0)))
    grouped = padded.reshape(*padded.shape[:2], groups, group_inputs)
    y = np.zeros((*x.shape[:2], groups, num_outputs // groups))
    for tap in range(num_taps):
        delayed = grouped[:, tap * dilation : tap * dilation + x.shape[1]]
        by_group = kernel[tap].reshape(group_inputs, groups, num_outputs // groups)
        y += np.einsum("btgi,igo->btgo", delayed, by_group)
    biased: Array = y.reshape(*x.shape[:2], num_outputs) + bias
    return biased


def _batchnorm(x: Array, entry: Entry, *weights: Array) -> Array:
    *affine, mean, variance = weights
    gamma, beta = affine or (1.0, 0.0)
    y: Array = (x - mean) / np.sqrt(variance + entry["epsilon"]) * gamma + beta
    return y


def _prelu(x: Array, entry: Entry, alpha: Array) -> Array:
    return np.where(x > 0, x, alpha[0] * x)


def _same(x: Array, entry: Entry | None = None) -> Array:
    return x


def _tanh(x: Array) -> Array:
    return np.tanh(x)


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


def _sigmoid(x: Array) -> Array:
    return (1 + np.tanh(x / 2)) / 2  # the logistic function, without its overflow


def _softmax(x: Array) -> Array:
    """Divide exponentials by their sum; no maximum is subtracted, as in the library."""
    with np.errstate(over="ignore", under="ignore"):
        powers: Array = np.exp(x)
        total: Array = powers.sum(axis=-1, keepdims=True)
    if not np.all((total >= FLOAT32.tiny) & (total <= FLOAT32.max)):
        largest = np.abs(x).max()
        raise ValueError(f"softmax needs logits below 88 in size in float32, got {largest:.3g}")
    return powers / total


def _elu(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "": _same,
    "tanh": _tanh,
    "relu": _relu,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "elu": _elu,
}


def _conv1d_shapes(entry: Entry, n: int, m: int) -> list[tuple[int, ...]]:
    return [(entry["kernel_size"][0], n // entry["groups"], m), (m,)]


def _batchnorm_shapes(entry: Entry, n: int, m: int) -> list[tuple[int, ...]]:
    return [(m,)] * (2 if len(entry["weights"]) == 2 else 4)


@dataclass(frozen=True)
class Kind:
    """One type of layer.

    Attributes:
        apply: Computes ``[B, T, M]`` from ``[B, T, N]``, the layer's entry and its weights.
        shapes: Returns the shape of each weight from the layer's entry, N and M.
        activates: Whether the library applies the entry's activation.
        keeps_width: Whether M must be N.
    """

    apply: Callable[..., Array]
    shapes: Callable[[Entry, int, int], list[tuple[int, ...]]]
    activates: bool = False
    keeps_width: bool = False


DENSE = Kind(_dense, lambda _, n, m: [(n, m), (m,)], activates=True)
KINDS: dict[str, Kind] = {
    "dense": DENSE,
    "time-distributed-dense": DENSE,
    "lstm": Kind(_lstm, lambda _, n, m: [(n, 4 * m), (m, 4 * m), (4 * m,)]),
    "gru": Kind(_gru, lambda _, n, m: [(n, 3 * m), (m, 3 * m), (2, 3 * m)]),
    "conv1d": Kind(_conv1d, _conv1d_shapes, activates=True),
    "batchnorm": Kind(_batchnorm, _batchnorm_shapes, keeps_width=True),
    "prelu": Kind(_prelu, lambda _, n, m: [(1, m)], keeps_width=True),
    "activation": Kind(_same, lambda _, n, m: [], activates=True, keeps_width=True),
}


def _read(place: str, entry: Entry, inputs: int) -> tuple[Kind, list[Array], int]:
    """Check a layer against the format; return its kind, its weights and its width."""
    name = _required(place, entry, "type")
    if name not in KINDS:
        raise ValueError(f"{place}: type must be one of {', '.join(KINDS)}, got {name!r}")
    place, kind = f"{place} ({name})", KINDS[name]
    width = _size(f"{place}: shape", _required(place, entry, "shape"))
    if kind.keeps_width and width != inputs:
        raise ValueError(f"{place}: width must be that of its input, {inputs}, got {width}")
    _check_activation(place, entry, kind)
    if name == "conv1d":
        _check_convolution(place, entry, inputs, width)
    if name == "batchnorm" and not _required(place, entry, "epsilon") > 0:
        raise ValueError(f"{place}: epsilon must be above 0, got {entry['epsilon']}")
    if not isinstance(_required(place, entry, "weights"), list):
        raise ValueError(f"{place}: weights must be a list of arrays, got {entry['weights']}")
    return kind, _weights(place, entry, kind.shapes(entry, inputs, width)), width


def _check_activation(place: str, entry: Entry, kind: Kind) -> None:
    activation = entry.get("activation", "")
    allowed = list(ACTIVATIONS) if kind.activates else [""]
    if activation not in allowed:
        raise ValueError(f"{place}: activation must be one of {allowed}, got {activation!r}")


def _check_convolution(place: str, entry: Entry, inputs: int, width: int) -> None:
    for key in ("kernel_size", "dilation"):
        value = _required(place, entry, key)
        if not (_is_list(value, 1) and _is_count(value[0])):
            raise ValueError(f"{place}: {key} must hold one number of at least 1, got {value}")
    groups = _required(place, entry, "groups")
    if not _is_count(groups) or inputs % groups or width % groups:
        raise ValueError(f"{place}: groups must divide {inputs} and {width}, got {groups}")


def _weights(place: str, entry: Entry, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Return the layer's weights as arrays of exactly these shapes."""
    weights = entry["weights"]
    if len(weights) != len(shapes):
        raise ValueError(f"{place}: weights must hold {len(shapes)} arrays, got {len(weights)}")
    arrays = []
    for index, (values, shape) in enumerate(zip(weights, shapes, strict=True)):
        label = f"{place}: weights[{index}]"
        try:
            array = np.array(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{label} must be rows of numbers, all as long: {error}") from error
        if array.shape != shape:
            raise ValueError(f"{label} must have shape {shape}, got {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{label} must be finite, got {array[~np.isfinite(array)][0]}")
        arrays.append(array)
    return arrays


def _required(place: str, holder: Mapping[str, Any], key: str) -> Any:
    if key not in holder:
        raise ValueError(f"{place} must have the key {key!r}, got {', '.join(holder) or 'none'}")
    return holder[key]


def _size(label: str, shape: Any) -> int:
    """Return the last entry of ``[null, null, size]``."""
    if not (_is_list(shape, 3) and shape[:2] == [None, None] and _is_count(shape[2])):
        raise ValueError(f"{label} must be [null, null, size], got {shape}")
    return int(shape[2])


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value >= 1

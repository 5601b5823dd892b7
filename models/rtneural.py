"""Write a trained network as JSON for the RTNeural library, which runs it in real time.

The format is that of github.com/jatinchowdhury18/RTNeural, commit 1fb1f075. The library loads many
wrong files without a word, so every file is read again and has to answer as the network does
before it takes its name.

B rows, N inputs, M outputs, L steps of a sequence.
"""

import copy
import json
import os
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models import rtneural_interpreter, rtneural_layers

Network = dict[str, Any]

EXPORT_VERSION = 1  # of the metadata; the format itself has none
TOLERANCE = 1e-5  # the library computes in float32
LARGEST_LOGIT = 60.0  # from about 88 on the library's softmax is NaN
NUM_ROWS, NUM_STEPS = 64, 60  # of the comparison, of independent rows or of one sequence


def export(
    model: nn.Module,
    path: Path,
    *,
    workload: str,
    inputs: Tensor,
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    """Write a network and check that the written file answers as the network does.

    A network of ``[B, N]`` sees every row from zero state, so the host has to reset before each.
    One of ``[B, L, N]`` runs over time, and its state runs on.

    Args:
        model: The network, with the weights of its best epoch. It must offer ``layers()``: each
            module with the name of the activation after it, in the order of ``forward``.
        path: Where to write. An existing file is replaced once the new one has proved right.
        workload: Its name, for messages and metadata.
        inputs: Inputs of the validation data, whose logits a final softmax has to bear. Shape
            ``[B, N]`` or ``[B, L, N]``.
        metadata: Further plain values for the file, such as ``trial`` and ``objective``.

    Returns:
        The metadata of the file, ``max_abs_error`` among them.

    Raises:
        ValueError: If the network has a layer that the format lacks, a weight is not finite, or
            the file answers otherwise than the network. No file is left then.
    """
    model = copy.deepcopy(model).cpu().float().eval()
    num_inputs, runs_over_time = inputs.shape[-1], inputs.ndim == 3
    layers = rtneural_layers.listed(model, workload)
    network = {
        "in_shape": [None, None, num_inputs],
        "layers": rtneural_layers.convert(layers, num_inputs),
    }
    questions = _questions(num_inputs, runs_over_time)
    with torch.no_grad():
        answers = model(questions)
    description = {
        "workload": workload,
        **metadata,
        **_describe(model, network),
        "reset_before_each_input": not runs_over_time,
        "max_abs_error": _check(network, questions, answers),
        **_logits(network, inputs),
    }
    _write(path, network | {"metadata": description}, questions, answers)
    return description


def _questions(num_inputs: int, runs_over_time: bool) -> Tensor:
    """Draw standard normal inputs: one sequence, or independent rows."""
    shape = (1, NUM_STEPS, num_inputs) if runs_over_time else (NUM_ROWS, num_inputs)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def _answers(network: Network, inputs: Tensor) -> Tensor:
    """Interpret a network on ``[B, N]``, reset before each row, or on ``[B, L, N]``."""
    sequences = inputs if inputs.ndim == 3 else inputs[:, None]
    outputs = torch.from_numpy(rtneural_interpreter.run(network, sequences.double().numpy()))
    return outputs if inputs.ndim == 3 else outputs[:, 0]


def _check(network: Network, questions: Tensor, expected: Tensor) -> float:
    """Return the largest difference of an exported network's answers, if within tolerance."""
    answers = _answers(network, questions)
    rule = "RTNeural export needs layers() to follow forward()"
    if answers.shape != expected.shape:
        shapes = f"{tuple(answers.shape)} and {tuple(expected.shape)}"
        raise ValueError(f"{rule}, got outputs of shape {shapes}")
    error = float((answers - expected).abs().max())
    if not error <= TOLERANCE:  # holds for NaN too
        raise ValueError(f"{rule}, outputs within {TOLERANCE}, got a difference of {error:.3g}")
    return error


def _logits(network: Network, inputs: Tensor) -> dict[str, float]:
    """Measure the logits before a final softmax, and warn of those near the library's limit."""
    *before, last = network["layers"]
    if last["activation"] != "softmax":
        return {}
    logits = _answers(network | {"layers": [*before, last | {"activation": ""}]}, inputs)
    largest = float(logits.abs().max())
    if largest > LARGEST_LOGIT:
        warnings.warn(
            f"logits should stay within {LARGEST_LOGIT:g}, got {largest:.3g} on the validation "
            "data; above about 88 the library's softmax gives NaN",
            stacklevel=3,
        )
    return {"max_abs_logit": largest}


def _describe(model: nn.Module, network: Network) -> dict[str, Any]:
    """Return what the network itself says of the metadata."""
    entries = network["layers"]
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    return {
        "model_name": type(model).__name__,
        "input_size": network["in_shape"][-1],
        "output_size": entries[-1]["shape"][-1],
        "parameter_count": num_parameters,
        "memory_bytes": 4 * num_parameters,
        "framework": "PyTorch",
        "torch_version": str(torch.__version__),
        "export_version": EXPORT_VERSION,
        "stateful": any(entry["type"] in {"lstm", "gru"} for entry in entries),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _write(path: Path, network: Network, questions: Tensor, expected: Tensor) -> None:
    """Write the file under another name, and let it take its own once it answers as it must."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(json.dumps(network, allow_nan=False, separators=(",", ":")))
            file.flush()
            os.fsync(file.fileno())
        _check(json.loads(partial.read_text(encoding="utf-8")), questions, expected)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
